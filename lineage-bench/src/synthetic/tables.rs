// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Outcomes as markdown, and what is wrong with them.
//!
//! In: the outcomes. Out: tables by kind, by kind and mechanism, and by mechanism with a histogram; and a sentence for
//! every pair said to descend and every p-value that is smaller than it should be.

use std::collections::BTreeMap;

use forebear::evidence::Relation;

use super::run::Outcome;
use crate::histogram;
use crate::report::MECHANISMS;
use crate::statistics::upper_limit;
use crate::uniform::{Uniformity, uniformity};

/// Probability, corrected for the sets of values looked at, below which p-values are called too small.
const TOO_SMALL: f64 = 0.01;
/// What is wrong, a sentence each; nothing if nothing is.
pub fn complaints(outcomes: &[Outcome]) -> Vec<String> {
    let accused = outcomes.iter().filter(|outcome| outcome.accused() > 0).map(|outcome| {
        format!("{}: {} of {} pairs are said to descend", outcome.kind, outcome.accused(), outcome.pairs)
    });
    let sets: Vec<(&Outcome, &String, Uniformity)> = outcomes
        .iter()
        .flat_map(|outcome| outcome.mechanisms.iter().map(move |(name, p)| (outcome, name, uniformity(p))))
        .collect();
    let looked_at = sets.len() as f64;
    let small = sets.iter().filter(|(.., found)| found.p * looked_at < TOO_SMALL).map(|(outcome, name, found)| {
        let [tenth, hundredth, thousandth] = found.below;
        format!(
            "{}: p-values of {name} are smaller than they should be: of {}, {tenth} are at most 0.1, {hundredth} at most \
             0.01, {thousandth} at most 0.001, the smallest 1e{:.1} (probability {:.1e})",
            outcome.kind,
            found.count,
            found.smallest_log10,
            found.p * looked_at
        )
    });
    accused.chain(small).collect()
}

/// The tables.
pub fn markdown(outcomes: &[Outcome]) -> String {
    let mut lines = vec![
        "| kind | pairs | said to descend | no evidence | inconclusive | shared origin | smallest log10 p, corrected |"
            .to_owned(),
        "|---|---|---|---|---|---|---|".to_owned(),
    ];
    lines.extend(outcomes.iter().map(by_kind));
    let pairs: usize = outcomes.iter().map(|outcome| outcome.pairs).sum();
    let accused: usize = outcomes.iter().map(Outcome::accused).sum();
    lines.push(format!(
        "\nsaid to descend: {accused} of {pairs} pairs (95 % limit {:.1e})\n",
        upper_limit(accused, pairs.max(1))
    ));
    lines.push("Values at most 0.1 / 0.01 / 0.001, in percent of the pairs the mechanism was run on:\n".into());
    lines.push(format!("| kind | {} |", MECHANISMS.map(|(name, _)| name).join(" | ")));
    lines.push(format!("|---|{}", "---|".repeat(MECHANISMS.len())));
    lines.extend(outcomes.iter().map(|outcome| {
        let cells = MECHANISMS.map(|(name, _)| outcome.mechanisms.get(name).map_or("–".into(), |p| shares(p)));
        format!("| {} | {} |", outcome.kind, cells.join(" | "))
    }));
    let pooled = pooled(outcomes);
    lines.push("\nAll kinds together, with the 95 % limits of the shares:\n".into());
    lines.push("| mechanism | values | ≤ 0.1 | ≤ 0.01 | ≤ 0.001 | smallest log10 p | largest effect |".into());
    lines.push("|---|---|---|---|---|---|---|".into());
    lines.extend(pooled.iter().map(|(name, values)| limits(name, values, outcomes)));
    lines.push("\nHistogram of p, in percent of the values:\n".into());
    lines.extend(histogram::header());
    lines.extend(pooled.iter().map(|(name, values)| histogram::row(name, values)));
    lines.join("\n")
}

fn by_kind(outcome: &Outcome) -> String {
    let count = |relation| outcome.relations.get(&relation).copied().unwrap_or_default();
    format!(
        "| {} | {} | {} | {} | {} | {} | {:.2} |",
        outcome.kind,
        outcome.pairs,
        outcome.accused(),
        count(Relation::NoEvidence),
        count(Relation::Inconclusive),
        count(Relation::SharedOrigin),
        outcome.smallest
    )
}

fn shares(log10_p: &[f64]) -> String {
    let found = uniformity(log10_p);
    let share = |below: usize| format!("{:.1}", 100.0 * below as f64 / found.count.max(1) as f64);
    found.below.map(share).join(" / ")
}

/// The values of each mechanism over all kinds, in the order of the mechanisms.
fn pooled(outcomes: &[Outcome]) -> Vec<(&'static str, Vec<f64>)> {
    let values = |name| outcomes.iter().filter_map(|outcome| outcome.mechanisms.get(name)).flatten().copied().collect();
    let all = MECHANISMS.map(|(name, _)| (name, values(name)));
    all.into_iter().filter(|(_, values): &(_, Vec<f64>)| !values.is_empty()).collect()
}

fn limits(name: &str, values: &[f64], outcomes: &[Outcome]) -> String {
    let found = uniformity(values);
    let effects: Vec<&BTreeMap<String, f64>> = outcomes.iter().map(|outcome| &outcome.effects).collect();
    let effect = effects.iter().filter_map(|effects| effects.get(name)).fold(0.0f64, |most, effect| most.max(*effect));
    let share = |below: usize| {
        let rate = below as f64 / found.count.max(1) as f64;
        format!("{:.2} % (< {:.2} %)", 100.0 * rate, 100.0 * upper_limit(below, found.count))
    };
    let shares = found.below.map(share).join(" | ");
    format!("| {name} | {} | {shares} | {:.2} | {effect:.3} |", found.count, found.smallest_log10)
}
