// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `unmarked-modification`: the license asks to say that the model, or a source file, was changed, and nothing says so.

use crate::licenses::{self, LicenseData, ObligationKind};

use super::facts::{Facts, SourceFacts};
use super::finding::{Finding, Level, Rule};
use super::owed::Ledger;
use super::own::is_own;
use super::pages::Page;

pub(super) const PAGE: Page = Page {
    what: "For every base that is declared for a published model, or that its weights show, unless the weights \
           are its own, unchanged: if its license asks for a statement that files or the model were changed, \
           some paragraph of a notice, card or README beside the weights or above them must name the base and \
           speak of a change (fine-tuned, quantized, merged, based on, and the like), or the card's front \
           matter must name it and the card speak of a change. Where the license asks to keep the base's \
           documentation, there must be a card. Fires as well for a source file that the push changes, whose header keeps somebody \
           else's copyright line under such a license, and in which neither a comment nor a copyright line of the releaser's \
           own says that it was changed; `copyright` under `[release]` in policy.toml says which lines are the releaser's. \
           What is said in other words is not seen, so the finding warns.",
    why: "Users must be able to tell the licensor's model from what others made of it.",
    example: "warning[unmarked-modification]: w/orca.safetensors: the license of Qwen/Qwen2.5-7B (apache-2.0) asks \
           that changed files are marked as changed (§4(b)), and no notice, card or README beside the weights \
           or above them says that Qwen/Qwen2.5-7B was changed",
    fix: "Add the sentence that the finding proposes, with what was done.",
    clauses: "Apache-2.0 §4(b); Gemma Terms of Use §3.1(3); Qwen §3(b); OpenRAIL-M §4(c); Stability AI §IV(a); \
           FLUX.1 [dev] §3(c)(i); CC-BY-4.0 §3(a)(1)(B).",
};

/// Words of a comment that speak of a change.
const CHANGED: [&str; 8] = ["adapted", "altered", "based on", "changed", "derived", "forked", "modified", "ported"];

pub(super) fn check(facts: &Facts, ledger: &Ledger) -> Vec<Finding> {
    let mut findings = ledger.findings(Rule::UnmarkedModification);
    findings.extend(facts.sources.iter().filter_map(|source| of_source(facts, source)));
    findings
}

/// A file that was there before, is somebody else's, and says nothing of what was done to it.
fn of_source(facts: &Facts, source: &SourceFacts) -> Option<Finding> {
    let holder = facts.declared.release.copyright.first()?;
    source.previous.as_ref()?;
    let lines = &source.headers.copyright;
    let (line, theirs) = lines.iter().find(|(_, line)| !is_own(facts, line))?;
    let says_so = |credit: &String| {
        let credit = credit.to_lowercase();
        CHANGED.iter().any(|word| credit.contains(word))
    };
    if lines.iter().any(|(_, line)| is_own(facts, line)) || source.credits.iter().any(says_so) {
        return None;
    }
    let license = license_of(facts, source)?;
    let clause = license.clause(ObligationKind::ModifiedFilesNotice).unwrap_or_default();
    let message = format!(
        "{} was changed here, and nothing in it says so; it carries \u{201c}{theirs}\u{201d} under {}, which asks that changed \
         files say that they were changed ({clause})",
        source.path, license.spdx
    );
    let remedy = format!("add as a comment, with what was changed:\nModified by {holder}, {}.", facts.today.year());
    let mut finding = Finding::new(Rule::UnmarkedModification, message, remedy, &[&source.path, "source"])
        .at(&source.path, Some(*line))
        .capped(Level::Warn);
    finding.obligation = Some(ObligationKind::ModifiedFilesNotice.name().into());
    finding.clause = license.clause(ObligationKind::ModifiedFilesNotice).map(str::to_owned);
    Some(finding)
}

/// The license of a file that asks for a notice in changed files, if one is stated for it.
fn license_of(facts: &Facts, source: &SourceFacts) -> Option<&'static LicenseData> {
    let stated = facts.documents.licensing_of(&source.path, Some(&source.headers));
    let expressions = stated.licenses.iter().map(|said| said.value).chain(source.headers.named);
    expressions
        .flat_map(|expression| licenses::lookup_expression(expression, "", None).0)
        .find(|license| license.asks(ObligationKind::ModifiedFilesNotice))
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::code::{credits, headers};
    use crate::findings::samples::Sample;

    const APACHE: &str =
        "# Copyright 2024 The Qwen team\n# Licensed under the Apache License, Version 2.0 (the \"License\");\n";

    fn run(text: &str, own: &[&str], existed: bool) -> Vec<Finding> {
        let mut sample = Sample::default();
        sample.release.copyright = own.iter().map(|&holder| holder.into()).collect();
        sample.sources.push(SourceFacts {
            path: "modeling.py".into(),
            headers: headers(text),
            previous: existed.then(|| headers(text)),
            credits: credits(text),
            ..SourceFacts::default()
        });
        let facts = sample.facts();
        check(&facts, &Ledger::of(&facts))
    }

    #[test]
    fn a_changed_file_of_somebody_else_says_that_it_was_changed() {
        let found = run(APACHE, &["Acme Inc."], true);
        assert_snapshot!(found[0].message, @"modeling.py was changed here, and nothing in it says so; it carries “Copyright 2024 The Qwen team” under Apache-2.0, which asks that changed files say that they were changed (§4(b))");
        assert_snapshot!(found[0].remedy, @"
        add as a comment, with what was changed:
        Modified by Acme Inc., 2026.
        ");
        assert_eq!((found.len(), found[0].level), (1, Level::Warn));
    }

    #[test]
    fn a_file_that_says_so_or_is_not_changed_is_in_order() {
        for more in ["# Modified by Acme Inc., 2026.\n", "# Copyright 2026 Acme Inc.\n"] {
            assert_eq!(run(&format!("{APACHE}{more}"), &["Acme Inc."], true), [], "{more}");
        }
        assert_eq!(run(APACHE, &["Acme Inc."], false), []);
        // Nobody has said which lines are the releaser's own, or they all are.
        assert_eq!(run(APACHE, &[], true), []);
        assert_eq!(run(APACHE, &["The Qwen team"], true), []);
        assert_eq!(run("# Copyright 2024 The Qwen team\n# SPDX-License-Identifier: MIT\n", &["Acme Inc."], true), []);
    }

    #[test]
    fn a_tag_counts_as_well_as_words() {
        let text = "# SPDX-FileCopyrightText: 2024 The Qwen team\n# SPDX-License-Identifier: Apache-2.0\n";
        assert_eq!(run(text, &["Acme Inc."], true).len(), 1);
    }
}
