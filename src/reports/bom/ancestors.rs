// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Where a model comes from: what is declared, what the weights say, and what the registry knows of each base.
//!
//! In: a report. Out: the ancestors of each model, ordered by id, and whether anything could not be looked at.

use crate::evidence::{Comparison, Evidence};
use crate::findings::Rule;
use crate::reports::{Report, ReportedBase, ReportedModel, Verdict};

/// One base that a model is declared to have, or is consistent with derivation from.
pub(super) struct Ancestor<'a> {
    pub(super) id: &'a str,
    pub(super) declared: bool,
    /// The comparison with it, whatever it came to; absent where the registry has no such base or no evidence was found.
    pub(super) comparison: Option<&'a Comparison>,
    pub(super) known: Option<&'a ReportedBase>,
}

impl Ancestor<'_> {
    /// One sentence: on what it rests.
    pub(super) fn standing(&self) -> String {
        let Some(comparison) = self.comparison else {
            return "declared; no evidence found in the weights".to_owned();
        };
        let relation = comparison.relation.name();
        match (self.declared, comparison.relation.is_descent()) {
            (true, true) => format!("declared, and the weights are consistent with derivation from it ({relation})"),
            (false, _) => format!("not declared; the weights are consistent with derivation from it ({relation})"),
            (true, false) => format!("declared; the evidence does not show descent ({relation})"),
        }
    }
}

/// The ancestors of a model, ordered by id.
pub(super) fn ancestors<'a>(report: &'a Report, model: &'a ReportedModel) -> Vec<Ancestor<'a>> {
    let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
    let mut ids: Vec<&str> = model.declared.iter().map(String::as_str).collect();
    ids.extend(model.matches.iter().filter(|one| one.relation.is_descent()).map(|one| one.base.as_str()));
    ids.sort_by_key(|id| id.to_ascii_lowercase());
    ids.dedup_by(|a, b| same(a, b));
    let of = |id: &'a str| Ancestor {
        id,
        declared: model.declared.iter().any(|declared| same(declared, id)),
        comparison: model.matches.iter().find(|one| same(&one.base, id)),
        known: report.bases.iter().find(|base| same(&base.id, id)),
    };
    ids.into_iter().map(of).collect()
}

/// The models, ordered by path and content.
pub(super) fn models(report: &Report) -> Vec<&ReportedModel> {
    let mut models: Vec<&ReportedModel> = report.models.iter().collect();
    models.sort_by(|a, b| (&a.path, &a.id).cmp(&(&b.path, &b.id)));
    models
}

/// The numbers of a comparison, as names and values: each statistic beside its null.
pub(super) fn numbers(comparison: &Comparison) -> Vec<(String, String)> {
    let p = |value: Option<f64>| value.map_or("not computed".to_owned(), |value| format!("{value:.2}"));
    let mut numbers = vec![
        ("relation".to_owned(), comparison.relation.name().to_owned()),
        ("log10-p".to_owned(), p(comparison.log10_p)),
        ("effect".to_owned(), format!("{:.4}", comparison.effect)),
    ];
    for Evidence { mechanism, log10_p, effect, null, n, detail } in &comparison.mechanisms {
        let text = format!("log10 p {}; effect {effect:.4}; n {n}; null: {null}; {detail}", p(*log10_p));
        numbers.push((format!("mechanism:{mechanism}"), text));
    }
    numbers
}

/// Whether something could not be looked at, so that what is written is not all there is.
pub(super) fn is_incomplete(report: &Report) -> bool {
    let unseen = |rule| matches!(rule, Rule::UnverifiableArtifact | Rule::MissingLfsObject);
    let all = report.findings.iter().chain(&report.waived).chain(&report.baselined);
    report.verdict == Verdict::Error || all.into_iter().any(|finding| unseen(finding.rule))
}

/// Whether a finding says that the declared license does not stand.
pub(super) fn is_license_in_doubt(report: &Report) -> bool {
    let doubts = |rule| matches!(rule, Rule::LicenseConflict | Rule::UnsatisfiableObligations);
    report.findings.iter().chain(&report.waived).chain(&report.baselined).any(|finding| doubts(finding.rule))
}
