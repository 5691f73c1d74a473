// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `missing-notice`: the base's license asks for a notice, and no notice file holds it.

use crate::licenses::{LicenseData, NoticeScope, ObligationKind, containment, normalize, notice_holds};

use super::declared::DeclaredRelation;
use super::facts::Facts;
use super::finding::{Finding, Level, Rule};
use super::obligations::{Debtor, Owed, cited, obligation_finding, owed, subjects};
use super::pages::Page;

pub(super) const PAGE: Page = Page {
    what: "For every base that is declared for a published model, or that its weights show: if its license asks for a sentence \
           in a Notice text file, a file named `NOTICE` or `Notice` (`.txt`, `.md`), in any case, in the model's folder or \
           above it, must hold that sentence; quotes, ©, case and wrapping do not matter. If the base came with a NOTICE \
           file and its license is Apache-2.0 or built on it, that file's text must be reproduced. The sentence in a \
           license file or a README does not count: the licenses ask for a notice file. Adapters and distilled models warn \
           where the clause speaks of copies of the materials.",
    why: "The notice tells whoever receives the weights where they come from; it is a condition of the license.",
    example: "error[missing-notice]: w/orca.safetensors: the license of meta-llama/Llama-3.1-8B (llama3.1) asks for a notice \
              (§1.b.iii), and no notice file beside the weights or above them holds it",
    fix: "Put the sentence that the finding quotes into `NOTICE`.",
    clauses: "Llama 2 to 4 §1.b.iii; Gemma Terms of Use §3.1(4); Qwen §3(c); Tencent Hunyuan §3(d); Stability AI §IV(a)(ii); \
              Apache-2.0 §4(d) for the base's own NOTICE file.",
};

/// Share of the base's NOTICE that must be reproduced: it may be wrapped anew and stand among others.
const REPRODUCED: f64 = 0.95;

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for owed in owed(facts) {
        for license in &owed.licenses {
            findings.extend(sentence(facts, &owed, license));
            findings.extend(upstream(facts, &owed, license));
        }
    }
    findings
}

/// The sentence that the license prescribes.
fn sentence(facts: &Facts, owed: &Owed, license: &LicenseData) -> Option<Finding> {
    if license.notice_text.is_empty() {
        return None;
    }
    let kind = [ObligationKind::NoticeFile, ObligationKind::PropagateNoticeFile]
        .into_iter()
        .find(|kind| license.asks(*kind))?;
    let missing =
        select(owed, license, |path| !facts.documents.notices_for(path).any(|file| notice_holds(&file.text, license)));
    let mut finding = report(facts, owed, license, kind, &missing, &license.notice_text)?;
    if let Some(first) = missing.first()
        && let Some(card) = facts.documents.card_for(&first.model.path)
        && notice_holds(&card.text, license)
    {
        finding.message = format!("{}; it stands in {}, which is not a notice file", finding.message, card.path);
    }
    Some(finding)
}

/// The NOTICE file that the base came with.
fn upstream(facts: &Facts, owed: &Owed, license: &LicenseData) -> Option<Finding> {
    let kind = ObligationKind::PropagateNoticeFile;
    let notice = owed.base?.notice_text.as_deref().map(str::trim).filter(|notice| !notice.is_empty())?;
    // A sentence of the license's own stands for the whole file (Yi).
    if !license.asks(kind) || !license.notice_text.is_empty() {
        return None;
    }
    let wanted = normalize(notice);
    let missing = select(owed, license, |path| {
        !facts
            .documents
            .notices_for(path)
            .any(|file| normalize(&file.text).contains(&wanted) || containment(notice, &file.text) >= REPRODUCED)
    });
    report(facts, owed, license, kind, &missing, notice)
}

fn report(
    facts: &Facts,
    owed: &Owed,
    license: &LicenseData,
    kind: ObligationKind,
    missing: &[Debtor],
    text: &str,
) -> Option<Finding> {
    let first = missing.first()?;
    let clause = license.clause(kind);
    let what = if kind == ObligationKind::NoticeFile { "a notice" } else { "its NOTICE to be reproduced" };
    let message = format!(
        "{}: the license of {} ({}) asks for {what}{}, and no notice file beside the weights or above them holds it",
        subjects(missing),
        owed.id,
        owed.license_name(),
        cited(clause)
    );
    let file = facts.documents.notices_for(&first.model.path).next().map_or("NOTICE", |file| &file.path);
    let remedy = format!("add to {file}:\n{text}");
    let finding = obligation_finding(Rule::MissingNotice, owed, missing, (kind.name(), clause), message, remedy);
    let caps = owed.cap(Some(license)).into_iter().chain(scope_cap(license, first));
    Some(caps.fold(finding, Finding::capped))
}

/// Where the clause's wording does not clearly reach this kind of derivative, the finding warns.
fn scope_cap(license: &LicenseData, debtor: &Debtor) -> Option<Level> {
    let beside = matches!(debtor.relation, Some(DeclaredRelation::Adapter | DeclaredRelation::Distilled));
    let doubtful = match license.notice_scope {
        NoticeScope::Derivatives | NoticeScope::None => debtor.relation == Some(DeclaredRelation::Distilled),
        NoticeScope::CopiesOfMaterials => beside,
        NoticeScope::ModelOnly => !debtor.copy,
        NoticeScope::Unknown => true,
    };
    doubtful.then_some(Level::Warn)
}

fn select<'a>(owed: &Owed<'a>, license: &LicenseData, fails: impl Fn(&str) -> bool) -> Vec<Debtor<'a>> {
    let applies = |debtor: &Debtor| debtor.relation != Some(DeclaredRelation::Distilled) || license.covers_distillation;
    let mut missing: Vec<Debtor> =
        owed.debtors.iter().filter(|debtor| applies(debtor) && fails(&debtor.model.path)).copied().collect();
    // The strictest case first: it decides the level.
    missing.sort_by_key(|debtor| scope_cap(license, debtor).is_some());
    missing
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use insta::assert_snapshot;

    use super::*;
    use crate::findings::samples::{Sample, base, comparison, declared, model};

    const LLAMA: &str = "Llama 3.1 is licensed under the Llama 3.1 Community License, Copyright (c) Meta Platforms, Inc. All \
                         Rights Reserved";

    fn sample(license: &str, relation: &str) -> Sample {
        let mut sample = Sample::default();
        sample.base(base("x/base", license));
        sample.models.push(model("w/m.safetensors", vec![]));
        sample.declared.push(declared("w/**", &[("x/base", relation)]));
        sample
    }

    #[test]
    fn a_missing_notice_is_quoted_with_its_clause() {
        let found = check(&sample("llama3.1", "finetune").facts());
        assert_snapshot!(found[0].message, @"w/m.safetensors: the license of x/base (llama3.1) asks for a notice (§1.b.iii), and no notice file beside the weights or above them holds it");
        assert_snapshot!(found[0].remedy, @"
        add to NOTICE:
        Llama 3.1 is licensed under the Llama 3.1 Community License, Copyright © Meta Platforms, Inc. All Rights Reserved.
        ");
        assert_eq!((found[0].obligation.as_deref(), found[0].cap), (Some("notice-file"), None));
    }

    #[test]
    fn a_notice_file_above_the_weights_is_enough_and_a_readme_is_not() {
        let mut sample = sample("llama3.1", "finetune");
        sample.document("README.md", &format!("---\nlicense: llama3.1\n---\n{LLAMA}\n"));
        assert!(check(&sample.facts())[0].message.ends_with("; it stands in README.md, which is not a notice file"));
        sample.notice("Notice.txt", LLAMA);
        assert_eq!(check(&sample.facts()), []);
    }

    #[test]
    fn the_wording_of_the_clause_sets_the_level() {
        let cap = |license, relation| check(&sample(license, relation).facts())[0].cap;
        assert_eq!(cap("llama3.1", "quantized"), None);
        assert_eq!(cap("llama3.1", "adapter"), Some(Level::Warn));
        assert_eq!(cap("gemma", "adapter"), None);
        assert_eq!(cap("nvidia-open-model", "finetune"), Some(Level::Warn));
        assert_eq!(cap("opt-175b", "finetune"), Some(Level::Warn));
    }

    #[test]
    fn a_copy_of_a_model_only_license_is_not_doubtful() {
        let mut sample = sample("nvidia-open-model", "quantized");
        sample.models[0].comparisons.push(comparison("x/base", crate::evidence::Relation::Identical, -300.0));
        assert_eq!(check(&sample.facts())[0].cap, None);
    }

    #[test]
    fn apache_asks_for_the_base_s_own_notice() {
        let mut sample = sample("apache-2.0", "finetune");
        assert_eq!(check(&sample.facts()), []);
        sample.bases.get_mut("x/base").unwrap().notice_text = Some("Acme Weights\nCopyright 2024 Acme Inc.\n".into());
        let found = check(&sample.facts());
        assert_snapshot!(found[0].message, @"w/m.safetensors: the license of x/base (apache-2.0) asks for its NOTICE to be reproduced (§4(d)), and no notice file beside the weights or above them holds it");
        sample.notice("NOTICE", "Orca\n\nAcme Weights Copyright 2024 Acme Inc.\n");
        assert_eq!(check(&sample.facts()), []);
    }

    #[test]
    fn a_license_without_a_notice_asks_for_none() {
        assert_eq!(check(&sample("mit", "finetune").facts()), []);
    }
}
