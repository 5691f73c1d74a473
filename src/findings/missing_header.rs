// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `missing-header`: pushed source has neither a copyright line nor an SPDX tag, where the policy names the holder.

use crate::licenses;

use super::facts::{Facts, SourceFacts};
use super::finding::{Finding, Rule};
use super::lineage::listed;
use super::pages::Page;

pub(super) const PAGE: Page = Page {
    what: "Where `copyright` under `[release]` in policy.toml names the releaser, every source file that the push brings is \
           expected to say whose it is: a copyright line or an SPDX tag in its leading comment, or an entry for it in \
           `REUSE.toml` or a `.license` file. Configuration (TOML, YAML) and `__init__.py` are left out. All files without \
           are one finding. A header that was there and is gone is `stripped-header`.",
    why: "A file that says nothing of its origin is where somebody else's code hides.",
    example: "warning[missing-header]: 2 source files have neither a copyright line nor an SPDX tag: modeling_orca.py and train.py",
    fix: "Add the lines that the finding proposes to the top of each file, or cover them in `REUSE.toml`.",
    clauses: "",
};

/// Files named in the message.
const NAMED: usize = 5;

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let Some(holder) = facts.declared.release.copyright.first() else { return Vec::new() };
    let paths = silent(facts);
    let Some(first) = paths.first() else { return Vec::new() };
    let named = match paths.get(..NAMED) {
        Some(some) if paths.len() > NAMED => format!("{}, and {} more", some.join(", "), paths.len() - NAMED),
        _ => listed(&paths),
    };
    let (count, have) = if paths.len() == 1 {
        ("a source file".to_owned(), "has")
    } else {
        (format!("{} source files", paths.len()), "have")
    };
    let message = format!("{count} {have} neither a copyright line nor an SPDX tag: {named}");
    let year = facts.today.year();
    let license = facts.declared.release.license.as_deref().and_then(licenses::of_code);
    let tag = license.map(|license| format!("\nSPDX-License-Identifier: {license}")).unwrap_or_default();
    let remedy = format!(
        "add to the top of each, as a comment, or cover them in REUSE.toml:\nSPDX-FileCopyrightText: {year} {holder}{tag}"
    );
    vec![Finding::new(Rule::MissingHeader, message, remedy, &paths).at(first, Some(1))]
}

/// Source files that say nothing of whose they are, and of which nothing beside them says it.
pub(crate) fn silent<'a>(facts: &Facts<'a>) -> Vec<&'a str> {
    let covered = |source: &&SourceFacts| facts.documents.rights.iter().any(|rights| rights.covers(&source.path));
    let silent = facts.sources.iter().filter(|source| source.headers.is_empty() && is_code(&source.path));
    silent.filter(|source| !covered(source)).map(|source| source.path.as_str()).collect()
}

fn is_code(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let configuration =
        [".toml", ".yaml", ".yml"].iter().any(|extension| name.to_ascii_lowercase().ends_with(extension));
    !configuration && name != "__init__.py"
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::findings::samples::Sample;

    fn sample() -> Sample {
        let mut sample = Sample::default();
        for path in ["a.py", "b.py", "c.toml", "d/__init__.py"] {
            sample.sources.push(SourceFacts { path: path.into(), ..SourceFacts::default() });
        }
        sample
    }

    #[test]
    fn files_without_a_header_are_one_finding() {
        let mut sample = sample();
        assert_eq!(check(&sample.facts()), []);
        sample.release.copyright = vec!["2026 Acme Inc.".into()];
        let found = check(&sample.facts());
        assert_eq!(found.len(), 1);
        assert_snapshot!(found[0].message, @"2 source files have neither a copyright line nor an SPDX tag: a.py and b.py");
    }

    #[test]
    fn a_header_or_a_file_beside_is_enough() {
        let mut sample = sample();
        sample.release.copyright = vec!["Acme Inc.".into()];
        sample.sources[0].headers = crate::code::headers("# SPDX-License-Identifier: MIT\n");
        sample.documents.rights.extend(crate::documents::Rights::sidecar("b.py.license", "Copyright 2026 Acme\n"));
        assert_eq!(check(&sample.facts()), []);
    }
}
