// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `license-conflict`: the release's own license contradicts that of a base, or the license file of the release.

use std::collections::BTreeMap;

use crate::licenses::{Reading, find_text, lookup_expression, readings, spdx_id};

use super::facts::{Facts, ModelFacts};
use super::finding::{Finding, Rule};
use super::licenses_said::{Speaker, Statement, statements};
use super::lineage::listed;
use super::owed::{Ledger, Own};
use super::pages::Page;

pub(super) const PAGE: Page = Page {
    what: "Compares the release's license (policy.toml, else the model's card) with those of all bases that are declared for its \
           models, or that their weights show. A base that allows derivatives under the same terms only: the release must be \
           under that license, or under one that it accepts in its place. A base without commercial use: the release must not \
           be under a license that is known to grant it. Of an expression with `OR` every alternative must fit. A release whose \
           license is not given, and one whose license is not known, warn or ask for an attestation. Compared as well, and \
           warned of: license files at the top of the repository that hold other licenses, and not that of the release; and what \
           is said of one model's license by its card (`license`, `license_name`, `license_link`), by policy.toml, by the \
           metadata in its file (`general.license` of GGUF, `license` of safetensors and ONNX), by `REUSE.toml` or a `.license` \
           file, and by the license file beside its card. Two of them disagree if both are understood and have no license in \
           common. A plain license with an added or changed clause is not that license: the clause is quoted. What the card \
           and policy.toml say is compared by `card-mismatch`.",
    why: "Nobody can pass on rights that they were not given.",
    example: "error[license-conflict]: w/orca.safetensors: the license of acme/sand (cc-by-nc-4.0) does not allow commercial use (§2(a)(1)), \
              and the release is under Apache-2.0, which grants commercial use",
    fix: "Release under terms that fit, in policy.toml, in the card and in `LICENSE`, or get other terms for the base.",
    clauses: "CC-BY-SA-4.0 §3(b); CC-BY-NC-4.0 §2(a)(1); Llama 1 §1(a); Chameleon Research License §2.1 and §2.2.1; FLUX.1 [dev] §2(b).",
};

pub(super) fn check(facts: &Facts, ledger: &Ledger) -> Vec<Finding> {
    let mut findings = ledger.findings(Rule::LicenseConflict);
    let told = disagreements(facts);
    // A license text that contradicts the card beside it is told with the card.
    let twice = |shown: &Finding| told.iter().any(|told| shown.path.as_deref() == Some(told.other.path.as_str()));
    findings.extend(shown(facts).into_iter().filter(|shown| !twice(shown)));
    findings.extend(told.iter().map(Disagreement::finding));
    findings
}

/// Two statements on the license of some models.
struct Disagreement<'a> {
    first: Statement,
    other: Statement,
    models: Vec<&'a ModelFacts>,
}

/// What is said of each model's license, against what is said of it first.
fn disagreements<'a>(facts: &Facts<'a>) -> Vec<Disagreement<'a>> {
    let mut told: Vec<Disagreement> = Vec::new();
    let mut texts = BTreeMap::new();
    for model in facts.models {
        let mut statements = statements(facts, model, &mut texts).into_iter();
        let Some(first) = statements.next() else { continue };
        // Two rules of their own compare these.
        let elsewhere = |other: &Statement| {
            matches!(
                (first.speaker, other.speaker),
                (Speaker::Card, Speaker::Policy) | (Speaker::Policy, Speaker::File | Speaker::Link)
            )
        };
        for other in statements.filter(|other| !elsewhere(other) && first.disagrees(other)) {
            let same = |known: &&mut Disagreement| {
                let own = other.speaker == Speaker::Metadata || known.other.path == other.path;
                known.first.told() == first.told() && known.other.says == other.says && own
            };
            match told.iter_mut().find(same) {
                Some(known) => known.models.push(model),
                None => told.push(Disagreement { first: first.clone(), other, models: vec![model] }),
            }
        }
    }
    told
}

impl Disagreement<'_> {
    fn finding(&self) -> Finding {
        let (first, other) = (&self.first, &self.other);
        let more = match self.models.len() {
            0 | 1 => String::new(),
            2 => ", and so does one other model".to_owned(),
            many => format!(", and so do {} other models", many - 1),
        };
        // Of a license text it is said once, however many models lie beside it.
        let more = if other.speaker == Speaker::Metadata { more } else { String::new() };
        let message = format!("{}, and {}{more}", first.told(), other.told());
        let remedy = match other.speaker {
            Speaker::File | Speaker::Link => format!(
                "recipients are granted what the text says: correct {}, or put the text of the license that it names in the \
                 place of {}",
                first.path, other.path
            ),
            _ => format!("make {} and {} name the license under which the model is released", first.path, other.path),
        };
        let identity = [first.says.as_str(), &other.path, &other.says];
        let mut finding = Finding::new(Rule::LicenseConflict, message, remedy, &identity).at(&first.path, first.line);
        if let Some(model) = self.models.first() {
            finding = finding.of_model(&model.path, &model.id);
        }
        finding.capped(super::Level::Warn)
    }
}

/// The license that the repository shows at its top, and the one it says it has.
fn shown(facts: &Facts) -> Option<Finding> {
    let own = Own::of(facts, &facts.models.first()?.path)?;
    let (licenses, complete) = lookup_expression(own.expression, "", None);
    let texts = || facts.documents.licenses.iter().map(|file| (file.path.as_str(), file.text.as_str()));
    let at_top = || facts.documents.licenses.iter().filter(|file| !file.path.contains('/'));
    // A license that is not in the data cannot be missed.
    if !complete {
        return None;
    }
    let whole = licenses.iter().any(|license| find_text(texts(), Some(license), None).is_some());
    let (file, found) = at_top().find_map(|file| {
        let found = readings(&file.text);
        let own =
            |reading: &&Reading| reading.license.is_some_and(|own| licenses.iter().any(|license| license.id == own.id));
        // The text of the release's own license, with a clause that makes it another.
        let changed = |reading: &Reading| own(&reading) && !reading.is_plain() && spdx_id(&reading.spdx).is_some();
        let tells =
            found.iter().any(changed) || !whole && !found.is_empty() && !found.iter().any(|reading| reading.differs);
        tells.then_some((file, found))
    })?;
    let names: Vec<String> = found.iter().map(Reading::said).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let none = if whole { "" } else { ", of which no license file holds the text" };
    let message = format!(
        "{} holds the text of {}, and {} says {}{none}",
        file.path,
        listed(&names),
        own.place.path,
        own.expression
    );
    let remedy = format!(
        "put the text of {} into {}, and the license of a base under LICENSES/; or correct {}",
        own.expression, file.path, own.place.path
    );
    let finding = Finding::new(Rule::LicenseConflict, message, remedy, &[own.expression, &file.path]);
    Some(finding.at(&file.path, None).capped(super::Level::Warn))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use insta::assert_snapshot;

    use super::*;
    use crate::documents::Rights;
    use crate::findings::samples::{Sample, model};
    use crate::licenses::text;

    const CLAUSE: &str = "\n\nYou shall display \"Orca\" in every commercial product.\n";

    fn sample(card: &str, metadata: &[(&str, &str)]) -> Sample {
        let mut sample = Sample::default();
        let mut own = model("w/m.gguf", vec![]);
        own.licenses = metadata.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        sample.models.push(own);
        if !card.is_empty() {
            sample.document("w/README.md", &format!("---\n{card}\n---\n"));
        }
        sample
    }

    fn told(sample: &Sample) -> Vec<String> {
        let facts = sample.facts();
        let found = check(&facts, &Ledger::of(&facts));
        assert!(found.iter().all(|finding| finding.cap.is_some()), "{found:?}");
        found.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn metadata_and_card_are_compared_and_both_are_quoted() {
        let own = sample("license: mit", &[("general.license", "apache-2.0")]);
        assert_snapshot!(told(&own).join("\n"), @"w/README.md:2 says license mit, and w/m.gguf says general.license apache-2.0");
        assert_eq!(told(&sample("license: apache-2.0", &[("general.license", "Apache-2.0")])), [] as [&str; 0]);
        assert_eq!(told(&sample("license: llama3.1", &[("license", "other")])), [] as [&str; 0]);
    }

    #[test]
    fn many_models_with_one_disagreement_are_told_once() {
        let mut own = sample("license: mit", &[("general.license", "apache-2.0")]);
        let mut second = own.models[0].clone();
        second.path = "w/n.gguf".into();
        own.models.push(second);
        assert_snapshot!(told(&own).join("\n"), @"w/README.md:2 says license mit, and w/m.gguf says general.license apache-2.0, and so does one other model");
    }

    #[test]
    fn a_clause_in_the_license_beside_the_card_is_quoted() {
        let mut own = sample("license: mit", &[]);
        own.license("w/LICENSE", &format!("{}{CLAUSE}", text("mit").unwrap()));
        assert_snapshot!(told(&own).join("\n"), @r#"w/README.md:2 says license mit, and w/LICENSE reads as mit with changes: adds “You shall display "Orca" in every commercial product.”"#);
        let mut modified = sample("license: other\nlicense_name: modified-mit", &[]);
        modified.license("w/LICENSE", &format!("{}{CLAUSE}", text("mit").unwrap()));
        assert_eq!(told(&modified), [] as [&str; 0]);
        let mut kimi = sample("license: mit", &[]);
        kimi.license("w/LICENSE", text("kimi-k2-modified-mit").unwrap());
        assert_snapshot!(told(&kimi).join("\n"), @"w/README.md:2 says license mit, and w/LICENSE reads as kimi-k2-modified-mit");
    }

    #[test]
    fn the_link_of_the_card_leads_to_what_it_says() {
        let link = |address: &str| told(&sample(&format!("license: mit\nlicense_link: {address}"), &[]));
        assert_snapshot!(link("https://www.apache.org/licenses/LICENSE-2.0").join("\n"), @"w/README.md:2 says license mit, and w/README.md:3 says license_link https://www.apache.org/licenses/LICENSE-2.0");
        assert_eq!(link("https://example.org/LICENSE"), [] as [&str; 0]);
        let mut own = sample("license: mit\nlicense_link: TERMS/LICENSE", &[]);
        own.license("w/TERMS/LICENSE", text("apache-2.0").unwrap());
        assert_snapshot!(told(&own).join("\n"), @"w/README.md:2 says license mit, and w/README.md:3 says license_link TERMS/LICENSE, which reads as apache-2.0");
    }

    #[test]
    fn reuse_is_compared_and_several_texts_beside_each_other_agree() {
        let mut own = sample("license: mit", &[]);
        let reuse = "[[annotations]]\npath = \"w/**\"\nSPDX-License-Identifier = \"Apache-2.0\"\n";
        own.documents.rights = Rights::parse("REUSE.toml", reuse).unwrap();
        assert_snapshot!(told(&own).join("\n"), @"w/README.md:2 says license mit, and REUSE.toml says of w/m.gguf SPDX-License-Identifier Apache-2.0");
        let mut own = sample("license: deepseek", &[]);
        own.license("w/LICENSE", text("mit").unwrap());
        own.license("w/LICENSE-MODEL", text("deepseek").unwrap());
        assert_eq!(told(&own), [] as [&str; 0]);
    }

    #[test]
    fn a_clause_in_the_license_of_the_release_is_quoted() {
        let mut own = sample("", &[]);
        own.release.license = Some("MIT".into());
        own.license("LICENSE", text("mit").unwrap());
        assert_eq!(told(&own), [] as [&str; 0]);
        own.documents.licenses[0].text += CLAUSE;
        assert_snapshot!(told(&own).join("\n"), @r#"LICENSE holds the text of mit with changes: adds “You shall display "Orca" in every commercial product.”, and policy.toml says MIT"#);
    }
}
