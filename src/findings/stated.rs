// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Licenses stated for files, in headers, `.license` files and `REUSE.toml`: are they known, and are their texts there?
//! For `missing-license-text`.

use std::collections::BTreeMap;

use crate::licenses::{Expression, Term, identify};

use super::facts::Facts;
use super::finding::{Finding, Level, Rule};

/// An expression, and where it is stated.
struct Place<'a> {
    path: &'a str,
    line: Option<u32>,
}

/// Findings on what is stated for models, for pushed source, and in every `REUSE.toml` and `.license` file.
pub(super) fn stated_licenses(facts: &Facts) -> Vec<Finding> {
    let documents = facts.documents;
    let mut stated: BTreeMap<&str, Place> = BTreeMap::new();
    for rights in &documents.rights {
        for expression in &rights.licenses {
            stated.entry(expression).or_insert(Place { path: &rights.path, line: None });
        }
    }
    for source in facts.sources {
        for said in documents.licensing_of(&source.path, Some(&source.headers)).licenses {
            stated.entry(said.value).or_insert(Place { path: said.path, line: said.line });
        }
    }
    let reuse =
        !documents.rights.is_empty() || documents.licenses.iter().any(|file| file.path.starts_with("LICENSES/"));
    let mut findings = Vec::new();
    let mut missing: BTreeMap<String, &Place> = BTreeMap::new();
    for (value, place) in &stated {
        match Expression::parse(value) {
            Err(error) => {
                findings.push(unread(value, place, &format!("it cannot be read as an SPDX expression: {error}")));
            }
            Ok(expression) => {
                let unknown = expression.unknown();
                if let Some(first) = unknown.first() {
                    findings.push(unread(
                        value,
                        place,
                        &format!("{first} is neither an SPDX id nor a known model license"),
                    ));
                }
                let terms = expression.terms().into_iter().filter(|term| reuse && !unknown.contains(&term.id.as_str()));
                for term in terms.filter(|term| !is_there(facts, term)) {
                    missing.entry(file_name(term)).or_insert(place);
                }
            }
        }
    }
    findings.extend(missing.iter().map(|(id, place)| not_there(id, place)));
    findings
}

fn unread(value: &str, place: &Place, what: &str) -> Finding {
    let message = format!("{} says SPDX-License-Identifier: {value}, and {what}", place.path);
    let remedy = "write an expression of SPDX ids; a license that is not on the list is LicenseRef-NAME, with its text as \
                  LICENSES/LicenseRef-NAME.txt";
    finding(message, remedy, &[value, "unknown"], place)
}

fn not_there(id: &str, place: &Place) -> Finding {
    let message = format!(
        "{} states the license {id}, and no license file of the tree is LICENSES/{id}.txt or holds its text",
        place.path
    );
    let remedy = format!("add the text as LICENSES/{id}.txt (`reuse download {id}` fetches those of the SPDX list)");
    finding(message, remedy, &[id, "stated"], place)
}

fn finding(message: String, remedy: impl Into<String>, identity: &[&str], place: &Place) -> Finding {
    Finding::new(Rule::MissingLicenseText, message, remedy, identity).at(place.path, place.line).capped(Level::Warn)
}

/// REUSE names the text of `GPL-2.0+` `GPL-2.0-or-later.txt`; what is written is asked for.
fn file_name(term: &Term) -> String {
    crate::licenses::spdx_id(&term.id).map_or_else(|| term.id.clone(), str::to_owned)
}

/// Whether a license file is named for the license, or holds its text.
fn is_there(facts: &Facts, term: &Term) -> bool {
    let id = file_name(term);
    let named = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        name.eq_ignore_ascii_case(&id) || name.rsplit_once('.').is_some_and(|(stem, _)| stem.eq_ignore_ascii_case(&id))
    };
    let data = term.data();
    let holds =
        |text: &str| !data.is_empty() && identify(text).iter().any(|found| data.iter().any(|own| own.id == found.id));
    let files = &facts.documents.licenses;
    files.iter().any(|file| named(&file.path)) || files.iter().any(|file| holds(&file.text))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use insta::assert_snapshot;

    use super::*;
    use crate::code::headers;
    use crate::documents::Rights;
    use crate::findings::facts::SourceFacts;
    use crate::findings::samples::Sample;
    use crate::licenses::text;

    fn sample(header: &str, reuse: &str) -> Sample {
        let mut sample = Sample::default();
        let headers = headers(header);
        sample.sources.push(SourceFacts { path: "x.py".into(), headers, ..SourceFacts::default() });
        let reuse = format!("[[annotations]]\npath = \"w/**\"\nSPDX-License-Identifier = \"{reuse}\"\n");
        sample.documents.rights = Rights::parse("REUSE.toml", &reuse).unwrap();
        sample
    }

    fn told(sample: &Sample) -> String {
        let found = stated_licenses(&sample.facts());
        found.into_iter().map(|finding| finding.message).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_stated_license_without_its_text_is_told() {
        let mut own = sample("# SPDX-License-Identifier: MIT\n", "Apache-2.0 OR MPL-2.0");
        assert_snapshot!(told(&own), @"
        REUSE.toml states the license Apache-2.0, and no license file of the tree is LICENSES/Apache-2.0.txt or holds its text
        x.py states the license MIT, and no license file of the tree is LICENSES/MIT.txt or holds its text
        REUSE.toml states the license MPL-2.0, and no license file of the tree is LICENSES/MPL-2.0.txt or holds its text
        ");
        own.license("LICENSES/MPL-2.0.txt", "the text");
        own.license("LICENSE", text("apache-2.0").unwrap());
        own.license("COPYING", text("mit").unwrap());
        assert_eq!(told(&own), "");
    }

    #[test]
    fn headers_alone_ask_for_no_folder() {
        let mut own = sample("# SPDX-License-Identifier: MIT\n", "MIT");
        own.documents.rights.clear();
        assert_eq!(told(&own), "");
    }

    #[test]
    fn ids_that_nobody_knows_are_said_aloud() {
        let mut own = sample("# SPDX-License-Identifier: MIT, see LICENSE\n", "Apache 2");
        own.license("LICENSES/Foo-1.0.txt", "the text");
        assert_snapshot!(told(&own), @"
        REUSE.toml says SPDX-License-Identifier: Apache 2, and it cannot be read as an SPDX expression: at column 8: 2 is not expected here
        x.py says SPDX-License-Identifier: MIT, see LICENSE, and it cannot be read as an SPDX expression: at column 1: a license is expected
        ");
        let own = sample("# SPDX-License-Identifier: Foo-1.0\n", "LicenseRef-Acme");
        assert_snapshot!(told(&own), @"
        x.py says SPDX-License-Identifier: Foo-1.0, and Foo-1.0 is neither an SPDX id nor a known model license
        REUSE.toml states the license LicenseRef-Acme, and no license file of the tree is LICENSES/LicenseRef-Acme.txt or holds its text
        ");
    }
}
