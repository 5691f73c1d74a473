// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What the page and the picture say first: the verdict with its counts, and a sentence a model.
//!
//! In: a [`Report`]. Out: words.

use super::report::{Report, ReportedModel, Verdict};
use super::text::{log10_p, plural};
use crate::findings::Level;

/// The verdict in one sentence.
pub(super) struct Headline {
    /// A mark that tells the verdict without color.
    pub(super) mark: &'static str,
    pub(super) word: &'static str,
    /// Name for style sheets.
    pub(super) class: &'static str,
    pub(super) sentence: String,
}

impl Headline {
    /// Of a report.
    pub(super) fn of(report: &Report) -> Self {
        let (mark, word, class) = match report.verdict {
            Verdict::Pass => ("✓", "Passed", "pass"),
            Verdict::Block => ("✕", "Blocked", "block"),
            Verdict::Error => ("?", "Could not check, so this counts as blocked", "error"),
        };
        Self { mark, word, class, sentence: format!("{}; {}.", counts(report), models(report)) }
    }
}

fn counts(report: &Report) -> String {
    let denied = report.count(Level::Deny) as u64;
    let said = plural(denied, "finding is denied", "findings are denied");
    let mut parts = vec![match (denied, report.verdict) {
        (0, _) => "Nothing is denied".to_owned(),
        (_, Verdict::Pass) => format!("{said}, which an audit does not block"),
        _ => said,
    }];
    for (level, one, many) in [(Level::Warn, "warns", "warn"), (Level::Note, "is a note", "are notes")] {
        match report.count(level) as u64 {
            0 => {}
            count => parts.push(plural(count, one, many)),
        }
    }
    match report.waived.len() as u64 {
        0 => {}
        count => parts.push(plural(count, "is waived", "are waived")),
    }
    if !report.baselined.is_empty() {
        parts.push(known(report));
    }
    parts.join(", ")
}

/// How many findings the baseline lets pass.
pub(super) fn known(report: &Report) -> String {
    format!("{} known by baseline", report.baselined.len())
}

fn models(report: &Report) -> String {
    let count = report.models.len() as u64;
    if count == 0 {
        return "no model file was found, so nothing was learned of any weights (scanned 0 artifacts)".to_owned();
    }
    let models = plural(count, "model", "models");
    let searched = report.models.iter().map(|model| model.searched).max().unwrap_or_default() as u64;
    if searched == 0 {
        return format!("{models} found and compared with nothing, since no base is registered");
    }
    let of_descent = |model: &&ReportedModel| model.matches.iter().any(|found| found.relation.is_descent());
    let descend = report.models.iter().filter(of_descent).count() as u64;
    let compared = format!("{models} compared with {}", plural(searched, "base", "bases"));
    match (descend, count) {
        (0, _) => format!("{compared}, no evidence of descent found"),
        (1, 1) => format!("{compared} and consistent with derivation from at least one"),
        (some, _) => format!("{compared}, of which {some} consistent with derivation from at least one"),
    }
}

/// What is known of a model's descent.
pub(super) fn descent(model: &ReportedModel) -> String {
    let bases = plural(model.searched as u64, "base", "bases");
    let Some(best) = model.matches.first() else {
        return match (model.searched, model.declared.as_slice()) {
            (0, _) => "Not compared: no base is registered.".to_owned(),
            (_, []) => format!("No evidence found of descent from any of {bases}."),
            _ => format!("No evidence found of descent from any of {bases}, though descent is declared."),
        };
    };
    let declared = if model.declared.contains(&best.base) { "declared" } else { "not declared" };
    let numbers = format!("{}, log10 p {}, effect {:.2}", best.relation.name(), log10_p(best.log10_p), best.effect);
    let found =
        if best.relation.is_descent() { "Consistent with derivation from" } else { "No descent found; nearest is" };
    let more = match model.matches.len() as u64 {
        0 | 1 => String::new(),
        all => format!(" {} in the table.", plural(all - 1, "more base is", "more bases are")),
    };
    format!("{found} {} ({numbers}), which is {declared}.{more}", best.base)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::samples::{blocked, known_and_new};

    fn said(report: &Report) -> String {
        let headline = Headline::of(report);
        format!("{}: {}", headline.word, headline.sentence)
    }

    #[test]
    fn the_verdict_comes_with_its_counts() {
        assert_eq!(
            said(&blocked()),
            "Blocked: 2 findings are denied, 1 warns; 1 model compared with 12 bases and consistent with derivation \
             from at least one."
        );
        let audited = Report { verdict: Verdict::Pass, ..blocked() };
        assert!(said(&audited).starts_with("Passed: 2 findings are denied, which an audit does not block, 1 warns;"));
        let all_known = known_and_new(3);
        assert!(said(&all_known).starts_with("Passed: Nothing is denied, 3 known by baseline; 1 model"));
    }

    #[test]
    fn what_was_not_looked_at_is_said() {
        let none = Report { verdict: Verdict::Pass, models: Vec::new(), findings: Vec::new(), ..blocked() };
        assert_eq!(
            said(&none),
            "Passed: Nothing is denied; no model file was found, so nothing was learned of any weights (scanned 0 \
             artifacts)."
        );
        let mut alone = blocked();
        alone.verdict = Verdict::Error;
        alone.models[0].searched = 0;
        alone.models[0].matches.clear();
        assert!(said(&alone).starts_with("Could not check, so this counts as blocked: "));
        assert!(said(&alone).ends_with("1 model found and compared with nothing, since no base is registered."));
        assert_eq!(descent(&alone.models[0]), "Not compared: no base is registered.");
    }

    #[test]
    fn a_model_is_told_with_its_nearest_base() {
        assert_eq!(
            descent(&blocked().models[0]),
            "Consistent with derivation from Qwen/Qwen2.5-0.5B (derived, log10 p −41.2, effect 0.87), which is not \
             declared."
        );
    }
}
