// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `missing-license-text`: the base's license asks for a copy of its text, and the tree has none.

use crate::licenses::{LicenseData, ObligationKind, copyright_key, copyright_lines, find_text, text};

use super::declared::DeclaredRelation;
use super::facts::Facts;
use super::finding::{Finding, Level, Rule};
use super::obligations::{Debtor, Owed, cited, obligation_finding, owed, subjects};
use super::pages::Page;

pub(super) const PAGE: Page = Page {
    what: "For every base that is declared for a published model, or that its weights show: if the base's license asks for a copy \
           of the license, its text must be in the distribution, that is in the model's folder or a folder above it (`LICENSE*`, \
           `COPYING*`, `LICENSES/`, `NOTICE*`). The text registered with the base, the built-in text, or for SPDX licenses \
           the SPDX text counts; wrapping, numbering and typography do not matter. A license with an added clause is not \
           taken for the plain one. MIT, BSD and their like also ask for the base's own copyright line. Licenses whose full \
           text was not read when the data was made warn at most.",
    why: "Nearly every model license grants redistribution on the condition that recipients get its text.",
    example: "error[missing-license-text]: w/orca.safetensors: the license of meta-llama/Llama-3.1-8B (llama3.1) asks for a copy of \
              its text (§1.b.i(A)), and no license file beside the weights or above them holds it",
    fix: "Copy the license text into the tree, for example as `LICENSES/llama3.1.txt`; `forebear explain llama3.1 --text` prints it where the text \
          is known.",
    clauses: "Apache-2.0 §4(a); MIT, second paragraph; BSD, clauses 1 and 2; Llama 3.1 §1.b.i(A); Gemma Terms of Use §3.1(2); \
              Qwen §3(a); OpenRAIL-M §4(b); CC-BY-4.0 §3(a)(1)(C), which accepts a link.",
};

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    owed(facts).iter().flat_map(|owed| of_base(facts, owed)).collect()
}

fn of_base(facts: &Facts, owed: &Owed) -> Vec<Finding> {
    let mut findings = Vec::new();
    for license in owed.licenses.iter().filter(|license| license.asks(ObligationKind::LicenseCopy)) {
        findings.extend(missing_copy(facts, owed, Some(license)));
        findings.extend(missing_copyright(facts, owed, license));
    }
    if owed.unknown {
        let registered = owed.base.is_some_and(|base| base.license_text.is_some());
        findings.extend(if registered { missing_copy(facts, owed, None) } else { Some(unknown_license(owed)) });
    }
    findings
}

fn missing_copy(facts: &Facts, owed: &Owed, license: Option<&LicenseData>) -> Option<Finding> {
    let registered = owed.base.and_then(|base| base.license_text.as_deref());
    let missing = select(owed, license, |path| {
        find_text(texts(facts, path), license, registered).is_none() && !linked(facts, path, license)
    });
    let first = missing.first()?;
    let clause = license.and_then(|license| license.clause(ObligationKind::LicenseCopy));
    let name = owed.license_name();
    let message = format!(
        "{}: the license of {} ({name}) asks for a copy of its text{}, and no license file beside the weights or above them \
         holds it",
        subjects(&missing),
        owed.id,
        cited(clause)
    );
    let file = format!("LICENSES/{}.txt", license.map_or(name, |license| &license.id).replace(['/', ' '], "-"));
    let known = license.filter(|license| text(&license.id).is_some());
    let remedy = match (known, license.and_then(LicenseData::address)) {
        (Some(known), _) => format!("run: mkdir -p LICENSES && forebear explain {} --text > {file}", known.id),
        (None, _) if registered.is_some() => {
            format!("run: mkdir -p LICENSES && forebear registry show {} --license-text > {file}", owed.id)
        }
        (None, Some(address)) => format!("copy the text from {address} to {file}"),
        (None, None) => format!("copy the license text that came with {} to {file}", owed.id),
    };
    let kind = (ObligationKind::LicenseCopy.name(), clause);
    let finding = obligation_finding(Rule::MissingLicenseText, owed, &missing, kind, message, remedy);
    Some(limit(finding, owed.cap(license), first))
}

/// MIT and its like: the notice to keep is the base's own copyright line, not only the text.
fn missing_copyright(facts: &Facts, owed: &Owed, license: &LicenseData) -> Option<Finding> {
    let clause = license.clause(ObligationKind::RetainNotices)?;
    if !license.clause(ObligationKind::LicenseCopy).is_some_and(|copy| clause.starts_with(copy)) {
        return None;
    }
    let registered = owed.base.and_then(|base| base.license_text.as_deref())?;
    let wanted = copyright_lines(registered);
    let lost = |path: &str| -> Vec<&str> {
        let held: Vec<String> =
            texts(facts, path).flat_map(|(_, text)| copyright_lines(text)).map(copyright_key).collect();
        wanted.iter().copied().filter(|line| !held.iter().any(|key| key.contains(&copyright_key(line)))).collect()
    };
    // Where the text itself is missing, one finding says so.
    let missing = select(owed, Some(license), |path| {
        !lost(path).is_empty() && find_text(texts(facts, path), Some(license), None).is_some()
    });
    let first = missing.first()?;
    let lines = lost(&first.model.path).join("; ");
    let message = format!(
        "{}: the license of {} ({}) asks to keep its copyright line{}, and the license files do not hold it: {lines}",
        subjects(&missing),
        owed.id,
        owed.license_name(),
        cited(Some(clause))
    );
    let remedy = format!("add above the license text: {lines}");
    let kind = (ObligationKind::RetainNotices.name(), Some(clause));
    let finding = obligation_finding(Rule::MissingLicenseText, owed, &missing, kind, message, remedy);
    Some(limit(finding, owed.cap(Some(license)), first))
}

fn unknown_license(owed: &Owed) -> Finding {
    let license = owed.base.map(|base| base.license.as_str()).filter(|license| !license.is_empty());
    let message = match license {
        Some(license) => {
            format!("the license of {} ({license}) is not known here, so its obligations were not checked", owed.id)
        }
        None => format!("the license of {} is not registered, so its obligations were not checked", owed.id),
    };
    let remedy = format!("read the license of {}, and register the base with its license and text", owed.id);
    let kind = (ObligationKind::LicenseCopy.name(), None);
    obligation_finding(Rule::MissingLicenseText, owed, &owed.debtors, kind, message, remedy).capped(Level::Note)
}

/// Debtors to whom the obligation applies and whose distribution fails it.
fn select<'a>(owed: &Owed<'a>, license: Option<&LicenseData>, fails: impl Fn(&str) -> bool) -> Vec<Debtor<'a>> {
    let distillation = license.is_some_and(|license| license.covers_distillation);
    let applies = |debtor: &Debtor| debtor.relation != Some(DeclaredRelation::Distilled) || distillation;
    let mut missing: Vec<Debtor> =
        owed.debtors.iter().filter(|debtor| applies(debtor) && fails(&debtor.model.path)).copied().collect();
    // The strictest case first: it decides the level.
    missing.sort_by_key(|debtor| debtor.relation == Some(DeclaredRelation::Distilled));
    missing
}

fn limit(finding: Finding, cap: Option<Level>, first: &Debtor) -> Finding {
    let finding = cap.into_iter().fold(finding, Finding::capped);
    if first.relation == Some(DeclaredRelation::Distilled) { finding.capped(Level::Warn) } else { finding }
}

fn texts<'a>(facts: &Facts<'a>, path: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let licenses = facts.documents.licenses_for(path).map(|file| (file.path.as_str(), file.text.as_str()));
    licenses.chain(facts.documents.notices_for(path).map(|file| (file.path.as_str(), file.text.as_str())))
}

/// Creative Commons licenses accept a link in place of the text.
fn linked(facts: &Facts, path: &str, license: Option<&LicenseData>) -> bool {
    let Some(license) = license else { return false };
    if !license.clause(ObligationKind::LicenseCopy).is_some_and(|_| license.spdx.starts_with("CC-")) {
        return false;
    }
    let Some(link) =
        license.address().map(|address| address.trim_start_matches("https://").trim_end_matches("legalcode"))
    else {
        return false;
    };
    let card = facts.documents.card_for(path).map(|card| card.text.as_str());
    texts(facts, path).map(|(_, text)| text).chain(card).any(|text| text.contains(link.trim_end_matches('/')))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use insta::assert_snapshot;

    use super::*;
    use crate::findings::samples::{Sample, base, comparison, declared, model};

    fn sample(license: &str) -> Sample {
        let mut sample = Sample::default();
        sample.base(base("x/base", license));
        sample.models.push(model("w/m.safetensors", vec![]));
        sample.declared.push(declared("w/**", &[("x/base", "finetune")]));
        sample
    }

    #[test]
    fn a_missing_text_is_named_with_its_clause() {
        let found = check(&sample("llama3.1").facts());
        assert_snapshot!(found[0].message, @"w/m.safetensors: the license of x/base (llama3.1) asks for a copy of its text (§1.b.i(A)), and no license file beside the weights or above them holds it");
        assert_snapshot!(found[0].remedy, @"run: mkdir -p LICENSES && forebear explain llama3.1 --text > LICENSES/llama3.1.txt");
        assert_eq!(found[0].obligation.as_deref(), Some("license-copy"));
        assert_eq!(found[0].clause.as_deref(), Some("§1.b.i(A)"));
        assert_eq!(found[0].cap, None);
    }

    #[test]
    fn the_text_above_the_weights_is_enough_and_elsewhere_is_not() {
        let mut sample = sample("llama3.1");
        sample.license("other/LICENSE", text("llama3.1").unwrap());
        assert_eq!(check(&sample.facts()).len(), 1);
        sample.license("LICENSES/llama.txt", text("llama3.1").unwrap());
        assert_eq!(check(&sample.facts()), []);
    }

    #[test]
    fn a_proven_base_that_is_not_declared_is_owed_to_as_well() {
        let mut sample = sample("llama3.1");
        sample.declared.clear();
        assert_eq!(check(&sample.facts()), []);
        sample.models[0].comparisons.push(comparison("x/base", crate::evidence::Relation::Derived, -50.0));
        assert_eq!(check(&sample.facts()).len(), 1);
    }

    #[test]
    fn a_declared_descendant_does_not_shed_the_license_of_a_proven_base() {
        let mut sample = sample("llama3.1");
        let mut own = base("me/own", "unheard-of");
        own.ancestors = vec!["x/base".into()];
        sample.base(own);
        sample.declared[0] = declared("w/**", &[("me/own", "finetune")]);
        let owed = |sample: &Sample| -> Vec<Option<String>> {
            check(&sample.facts()).into_iter().filter(|finding| finding.cap.is_none()).map(|f| f.base).collect()
        };
        assert_eq!(owed(&sample), []);
        sample.models[0].comparisons.push(comparison("x/base", crate::evidence::Relation::Derived, -50.0));
        assert_eq!(owed(&sample), [Some("x/base".into())]);
    }

    #[test]
    fn mit_asks_for_the_base_s_own_copyright_line() {
        let mut sample = sample("mit");
        let mit = text("mit").unwrap();
        let registered = format!("MIT License\n\nCopyright (c) 2023 DeepSeek\n\n{mit}");
        sample.bases.get_mut("x/base").unwrap().license_text = Some(registered);
        sample.license("LICENSE", &format!("Copyright (c) 2026 Acme\n\n{mit}"));
        let found = check(&sample.facts());
        assert_eq!(found.len(), 1);
        assert_snapshot!(found[0].remedy, @"add above the license text: Copyright (c) 2023 DeepSeek");
        sample.notice("NOTICE", "Copyright (c) 2023 DeepSeek");
        assert_eq!(check(&sample.facts()), []);
    }

    #[test]
    fn a_license_not_read_in_full_warns_at_most() {
        assert_eq!(check(&sample("grok2-community").facts())[0].cap, Some(Level::Warn));
    }

    #[test]
    fn distillation_counts_only_where_the_license_says_so() {
        let with = |license| {
            let mut sample = sample(license);
            sample.declared = vec![declared("**", &[("x/base", "distilled")])];
            check(&sample.facts()).len()
        };
        assert_eq!((with("gemma"), with("llama2")), (1, 0));
    }

    #[test]
    fn an_unknown_license_is_said_aloud_and_its_registered_text_is_asked_for() {
        let mut sample = sample("Acme-Terms-1");
        assert_snapshot!(check(&sample.facts())[0].message, @"the license of x/base (Acme-Terms-1) is not known here, so its obligations were not checked");
        let terms = "Anyone may use these weights if they pass on these terms together with every copy they make.";
        sample.bases.get_mut("x/base").unwrap().license_text = Some(terms.into());
        assert_eq!(check(&sample.facts())[0].cap, Some(Level::Warn));
        sample.license("LICENSE", terms);
        assert_eq!(check(&sample.facts()), []);
    }

    #[test]
    fn creative_commons_accepts_a_link() {
        let mut sample = sample("cc-by-4.0");
        assert_eq!(check(&sample.facts()).len(), 1);
        sample.document("README.md", "---\nlicense: cc-by-4.0\n---\nhttps://creativecommons.org/licenses/by/4.0/\n");
        assert_eq!(check(&sample.facts()), []);
    }

    #[test]
    fn many_models_of_one_base_give_one_finding() {
        let mut sample = sample("llama3.1");
        for name in ["w/a.gguf", "w/b.gguf", "w/c.gguf"] {
            sample.models.push(model(name, vec![]));
        }
        let found = check(&sample.facts());
        assert_eq!(found.len(), 1);
        assert!(found[0].message.starts_with("w/m.safetensors and 3 other models:"));
    }
}
