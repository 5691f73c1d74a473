// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Rows and summaries as markdown.

use forebear::evidence::Evidence;

use crate::bench::{Row, Summary};
use crate::measure::mechanism;

/// Mechanisms with a column of log10 p and effect, and what the column is called.
pub const MECHANISMS: [(&str, &str); 7] = [
    ("exact-hash", "exact"),
    ("aligned-samples", "aligned"),
    ("needle-identity", "needle, in place"),
    ("needle-search", "needle"),
    ("needle-attention", "needle, attention"),
    ("gram", "gram"),
    ("circuit", "circuit"),
];

/// Header of the table of rows.
pub fn header() -> String {
    let mut names = vec!["base", "suspect", "truth", "relation", "log10 p", "by", "effect"];
    names.extend(MECHANISMS.map(|(_, name)| name));
    names.extend(["σ r", "modelDNA", "s"]);
    format!("| {} |\n|{}", names.join(" | "), "---|".repeat(names.len()))
}

/// One row.
pub fn row(row: &Row) -> String {
    let comparison = &row.comparison;
    let mut cells = vec![
        row.base.clone(),
        row.suspect.clone(),
        row.truth.name().to_owned(),
        comparison.relation.name().to_owned(),
        comparison.log10_p.map_or("–".into(), |p| format!("{p:.1}")),
        comparison.mechanisms.first().map_or("–".into(), |evidence| evidence.mechanism.clone()),
        format!("{:.3}", comparison.effect),
    ];
    cells.extend(MECHANISMS.map(|(name, _)| cell(mechanism(comparison, name))));
    cells.push(comparison.context.sigma_profile.as_ref().map_or("–".into(), |sigma| format!("{:.3}", sigma.r)));
    cells.push(row.modeldna.as_ref().map_or("–".into(), |said| match said.probability {
        Some(probability) => format!("{probability:.3} {}", said.verdict),
        None => said.verdict.clone(),
    }));
    cells.push(format!("{:.2}", row.seconds));
    format!("| {} |", cells.join(" | "))
}

/// log10 p and effect of a mechanism.
pub(crate) fn cell(evidence: Option<&Evidence>) -> String {
    evidence.map_or("–".to_owned(), |e| format!("{:.1}, {:.3}", e.log10_p.unwrap_or(0.0), e.effect))
}

/// The table of methods.
pub fn summary(summaries: &[Summary]) -> String {
    let mut lines = vec!["| method | AUC | missed | falsely accused |".to_owned(), "|---|---|---|---|".to_owned()];
    lines.extend(summaries.iter().map(|s| {
        let area = s.auc.map_or("–".into(), |area| format!("{area:.3}"));
        let ((positives, missed), (negatives, accused)) = (s.descends, s.unrelated);
        format!("| {} | {area} | {missed} of {positives} | {accused} of {negatives} |", s.method)
    }));
    lines.join("\n")
}
