// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What the numbers amount to.
//!
//! In: matches both ways and the corrected p-value. Out: a [`Relation`], the effect, and the parts concerned. Descent
//! (`identical`, `converted`, `derived`, `partial`) needs a corrected p below 10⁻⁹ and an effect floor: a small
//! p-value with a faint effect is what a common initialisation gives.

use std::collections::{BTreeMap, BTreeSet};

use super::comparison::Relation;
use super::matches::{Match, Matches};
use super::needle::NeedleTest;
use crate::fingerprint::{MatrixPrint, Role};

/// log10 p that descent needs, corrected for everything.
pub(super) const DESCENT_LOG10_P: f64 = -9.0;
/// log10 p above which nothing is said.
const SILENT_LOG10_P: f64 = -4.0;
/// Correlation at which a matrix counts towards its layer being found.
const FOUND: f64 = 0.30;
/// Correlation at which a single matrix counts as descent: matrices of small models that only share their
/// initialisation reach 0.47.
const PART: f64 = 0.60;
/// Effect that `derived` needs: above what a common initialisation gives a small model (0.31 in training runs here, 0.47
/// where half of all variance is initialisation). Between it and the faint there is `shared-origin`.
const STRONG: f64 = 0.50;
/// Effect below which even a small p is not called a common origin.
const FAINT: f64 = 0.03;
/// Share of the layers that must be found for `derived`.
const ENOUGH_LAYERS: f64 = 0.25;
/// Share of the elements that counts as all of them: heads, poolers and buffers come and go in conversions.
const NEARLY_ALL: f64 = 0.98;

/// The relation and what led to it.
pub(super) struct Outcome {
    pub(super) relation: Relation,
    pub(super) parts: Vec<String>,
}

/// Names the relation.
pub(super) fn relation(
    base: &[&MatrixPrint],
    matches: &Matches,
    needle: Option<&NeedleTest>,
    effect: f64,
    log10_p: Option<f64>,
) -> Outcome {
    let Some(log10_p) = log10_p else {
        return Outcome { relation: Relation::NoEvidence, parts: Vec::new() };
    };
    if log10_p > SILENT_LOG10_P {
        return Outcome { relation: Relation::NoEvidence, parts: Vec::new() };
    }
    let plain = |relation| Outcome { relation, parts: Vec::new() };
    let partial = || Outcome { relation: Relation::Partial, parts: parts(base, &matches.of_base) };
    if log10_p > DESCENT_LOG10_P {
        return plain(Relation::Inconclusive);
    }

    let all = matches.base_unchanged >= NEARLY_ALL && matches.suspect_unchanged >= NEARLY_ALL;
    if all {
        let identical = matches.base_exact >= 1.0 && matches.suspect_exact >= 1.0 && matches.vectors_equal;
        return plain(if identical { Relation::Identical } else { Relation::Converted });
    }
    let part = matches.of_base.iter().flatten().any(|m| m.correlation >= PART);
    let untouched = matches.base_unchanged >= 0.95 * matches.base_found && matches.base_found > 0.0;
    if part && untouched {
        return partial(); // copied parts beside others that are not the base's
    }
    if effect >= STRONG && layers_found(base, matches) >= ENOUGH_LAYERS {
        return plain(Relation::Derived);
    }
    if needle.is_some_and(|needle| needle.effect >= STRONG) {
        return plain(Relation::Derived);
    }
    if part {
        return partial();
    }
    plain(if effect >= FAINT { Relation::SharedOrigin } else { Relation::Inconclusive })
}

/// Share of the base's layers that are found: at least half of the elements that had anything of their shape to be
/// compared with. Where names tell no layers, share of the elements that are not an embedding or a head.
fn layers_found(base: &[&MatrixPrint], matches: &Matches) -> f64 {
    let mut layers: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
    let mut all = (0u64, 0u64);
    for ((matrix, matched), comparable) in base.iter().zip(&matches.of_base).zip(&matches.comparable) {
        let hit = matched.as_ref().is_some_and(|m| m.correlation >= FOUND);
        let count = |cell: &mut (u64, u64)| {
            cell.0 += if hit { matrix.elements() } else { 0 };
            cell.1 += matrix.elements();
        };
        if let Some(layer) = matrix.layer {
            let cell = layers.entry(layer).or_default();
            if *comparable || hit {
                count(cell);
            }
        }
        if !matches!(matrix.role, Role::Embedding | Role::Head) {
            count(&mut all);
        }
    }
    if layers.len() >= 2 {
        let found = layers.values().filter(|(hit, total)| *hit > 0 && 2 * hit >= *total).count();
        found as f64 / layers.len() as f64
    } else {
        all.0 as f64 / all.1.max(1) as f64
    }
}

/// Names the parts that were found, by role and layers where names tell them.
fn parts(base: &[&MatrixPrint], matches: &[Option<Match>]) -> Vec<String> {
    let mut by_role: BTreeMap<&'static str, BTreeSet<u32>> = BTreeMap::new();
    let mut names = Vec::new();
    for (matrix, _) in base.iter().zip(matches).filter(|(_, matched)| matched.is_some()) {
        match (matrix.role, matrix.layer) {
            (Role::Other, _) => names.push(matrix.name.clone()),
            (role, Some(layer)) => {
                by_role.entry(role.name()).or_default().insert(layer);
            }
            (role, None) => names.push(format!("{} ({})", role.name(), matrix.name)),
        }
    }
    let mut list: Vec<String> =
        by_role.into_iter().map(|(role, layers)| format!("{role} of layers {}", ranges(&layers))).collect();
    let shown = 8;
    let more = names.len().saturating_sub(shown);
    list.extend(names.into_iter().take(shown));
    if more > 0 {
        list.push(format!("and {more} more"));
    }
    list
}

/// {0, 1, 2, 5} → "0–2, 5".
pub(super) fn ranges(numbers: &BTreeSet<u32>) -> String {
    let mut spans: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match spans.last_mut() {
            Some((_, end)) if *end + 1 == *number => *end = *number,
            _ => spans.push((*number, *number)),
        }
    }
    let text: Vec<String> = spans
        .iter()
        .map(|(start, end)| if start == end { start.to_string() } else { format!("{start}–{end}") })
        .collect();
    text.join(", ")
}

#[cfg(test)]
mod tests {
    use super::ranges;

    #[test]
    fn layers_are_written_as_ranges() {
        assert_eq!(ranges(&[0, 1, 2, 5, 7, 8].into_iter().collect()), "0–2, 5, 7–8");
    }
}
