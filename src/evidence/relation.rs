// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What the numbers amount to.
//!
//! In: matches both ways and the corrected p-value. Out: a [`Relation`], the effect, and the parts concerned. Descent
//! (`identical`, `converted`, `derived`, `partial`) needs a corrected p below 10⁻⁹ and an effect floor: a small
//! p-value with a faint effect is what a common initialisation gives.

use std::collections::{BTreeMap, BTreeSet};

use super::blocks::Blocks;
use super::comparison::{Evidence, Relation};
use super::describe::gram_cells;
use super::matches::{Match, Matches};
use super::mechanisms::{ALIGNED, CIRCUIT, EXACT, GRAM, NEEDLE_ATTENTION, NEEDLE_IDENTITY, NEEDLE_SEARCH};
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

/// log10 p at which a second mechanism speaks for what the first shows.
const SECOND_LOG10_P: f64 = -4.0;
/// Gram test: share of the neurons recognised, and correlation, that `derived` needs (median over the layers found).
const GRAM_AGREE: f64 = 0.25;
const GRAM_R: f64 = 0.10;
/// Layers in which a mechanism must find the base: one may be planted.
const LAYERS: usize = 2;
/// Circuit test: weighted correlation that descent of the attention needs. Unrelated pairs reach 0.07.
const CIRCUIT_R: f64 = 0.12;
/// Needle search: mean cosine that descent needs. A model's own untrained start reaches 0.24.
const NEEDLES: f64 = 0.30;
/// Mean cosine at which a layer of the base counts as found by the needle search.
const NEEDLES_LAYER: f64 = 0.20;

/// What the relation is drawn from.
pub(super) struct Findings<'a> {
    pub(super) base: &'a [&'a MatrixPrint],
    /// Whether the parts of both stand in the same layers and as many.
    pub(super) same_layout: bool,
    pub(super) matches: &'a Matches,
    pub(super) needle: Option<&'a NeedleTest>,
    pub(super) blocks: Option<&'a Blocks>,
    /// What each mechanism says, corrected.
    pub(super) mechanisms: &'a [Evidence],
}

/// The relation and what led to it.
pub(super) struct Outcome {
    pub(super) relation: Relation,
    pub(super) parts: Vec<String>,
    /// The mechanism that decides.
    pub(super) by: Option<&'static str>,
}

/// Names the relation.
pub(super) fn relation(found: &Findings) -> Outcome {
    let plain = |relation, by| Outcome { relation, parts: Vec::new(), by };
    let smallest = found.mechanisms.iter().filter_map(|evidence| evidence.log10_p).fold(0.0, f64::min);
    if smallest > SILENT_LOG10_P {
        return plain(Relation::NoEvidence, None);
    }
    if smallest > DESCENT_LOG10_P {
        return plain(Relation::Inconclusive, None);
    }

    let matches = found.matches;
    let all = matches.base_unchanged >= NEARLY_ALL && matches.suspect_unchanged >= NEARLY_ALL;
    if all && !found.same_layout {
        // The values are the base's and the network is another: layers repeated, reordered, or copied to experts.
        return plain(Relation::Derived, found.in_place().map(|best| best.0));
    }
    if all {
        let identical = matches.base_exact >= 1.0 && matches.suspect_exact >= 1.0 && matches.vectors_equal;
        return plain(
            if identical { Relation::Identical } else { Relation::Converted },
            found.in_place().map(|best| best.0),
        );
    }
    let partial = |by| Outcome { relation: Relation::Partial, parts: parts_of(found.base, &matches.of_base), by };
    let part = matches.of_base.iter().flatten().any(|m| m.correlation >= PART);
    let untouched = matches.base_unchanged >= 0.95 * matches.base_found && matches.base_found > 0.0;
    let whole_block = found.gram_shows() || found.circuit_shows();
    // Copied parts beside others that are not the base's; not beside others that are the base's in other coordinates.
    if part && untouched && !(whole_block && layers_in_place(found.base, matches) < 0.5) {
        return partial(found.in_place().map(|best| best.0));
    }
    if let Some((by, effect)) = found.in_place()
        && effect >= STRONG
        && layers_found(found.base, matches) >= ENOUGH_LAYERS
    {
        return plain(Relation::Derived, Some(by));
    }
    if found.needle.is_some_and(|needle| needle.effect >= STRONG) && found.p(NEEDLE_IDENTITY) <= DESCENT_LOG10_P {
        return plain(Relation::Derived, Some(NEEDLE_IDENTITY));
    }
    if found.gram_shows() {
        return plain(Relation::Derived, Some(GRAM));
    }
    if found.needles_show() {
        return plain(Relation::Derived, Some(NEEDLE_SEARCH));
    }
    if found.circuit_shows() {
        // Attention alone is a part, unless something else speaks for the rest or there is nothing else.
        let seconded = [GRAM, NEEDLE_SEARCH, NEEDLE_IDENTITY].iter().any(|name| found.p(name) <= SECOND_LOG10_P);
        let comparable = found.blocks.is_some_and(|blocks| blocks.gram.is_some());
        return if seconded || !comparable {
            plain(Relation::Derived, Some(CIRCUIT))
        } else {
            Outcome { relation: Relation::Partial, parts: found.attention_parts(), by: Some(CIRCUIT) }
        };
    }
    if found.attention_needles_show() {
        let parts = vec!["rows of the attention projections".to_owned()];
        return Outcome { relation: Relation::Partial, parts, by: Some(NEEDLE_ATTENTION) };
    }
    if part {
        return partial(found.in_place().map(|best| best.0));
    }
    match found.origin() {
        Some(by) => plain(Relation::SharedOrigin, Some(by)),
        None => plain(Relation::Inconclusive, None),
    }
}

impl Findings<'_> {
    fn evidence(&self, name: &str) -> Option<&Evidence> {
        self.mechanisms.iter().find(|evidence| evidence.mechanism == name)
    }

    fn p(&self, name: &str) -> f64 {
        self.evidence(name).and_then(|evidence| evidence.log10_p).unwrap_or(0.0)
    }

    /// The strongest of the mechanisms that look at places, and its effect.
    fn in_place(&self) -> Option<(&'static str, f64)> {
        [EXACT, ALIGNED, NEEDLE_IDENTITY]
            .into_iter()
            .filter(|name| self.p(name) <= DESCENT_LOG10_P)
            .min_by(|a, b| self.p(a).total_cmp(&self.p(b)))
            .map(|name| (name, self.evidence(name).map_or(0.0, |evidence| evidence.effect)))
    }

    fn gram_shows(&self) -> bool {
        let Some(gram) = self.blocks.and_then(|blocks| blocks.gram.as_ref()) else { return false };
        if self.p(GRAM) > DESCENT_LOG10_P {
            return false;
        }
        let mut layers: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
        for cell in gram_cells(gram) {
            let best = layers.entry(cell.base_layer).or_default();
            *best = (best.0.max(cell.r), best.1.max(cell.agree));
        }
        let all: BTreeSet<u32> = gram.cells.iter().map(|cell| cell.base_layer).collect();
        let enough = layers.len() >= LAYERS.min(all.len()) && layers.len() as f64 >= ENOUGH_LAYERS * all.len() as f64;
        enough
            && median(layers.values().map(|best| best.0)) >= GRAM_R
            && median(layers.values().map(|best| best.1)) >= GRAM_AGREE
    }

    fn circuit_shows(&self) -> bool {
        let Some(circuit) = self.blocks.and_then(|blocks| blocks.circuit.as_ref()) else { return false };
        self.p(CIRCUIT) <= DESCENT_LOG10_P && circuit.effect >= CIRCUIT_R && circuit.hit_layers >= LAYERS
    }

    fn needles_show(&self) -> bool {
        let search = self.blocks.and_then(|blocks| blocks.needles.as_ref());
        let Some(found) = search.and_then(|needles| needles.feed_forward.as_ref()) else { return false };
        let heat = &found.heat;
        let hit = |at: usize| (0..heat.suspect_layers.len()).any(|of| heat.at(at, of) >= NEEDLES_LAYER);
        let hits = (0..heat.base_layers.len()).filter(|at| hit(*at)).count();
        let enough = hits as f64 >= ENOUGH_LAYERS * heat.base_layers.len() as f64;
        self.p(NEEDLE_SEARCH) <= DESCENT_LOG10_P && found.effect >= NEEDLES && enough
    }

    fn attention_needles_show(&self) -> bool {
        let search = self.blocks.and_then(|blocks| blocks.needles.as_ref());
        let found = search.and_then(|needles| needles.attention.as_ref());
        self.p(NEEDLE_ATTENTION) <= DESCENT_LOG10_P && found.is_some_and(|found| found.effect >= NEEDLES)
    }

    /// The mechanism that shows dependence without descent: small p, small effect, in the raw coordinates.
    fn origin(&self) -> Option<&'static str> {
        [ALIGNED, EXACT, NEEDLE_IDENTITY, NEEDLE_SEARCH, NEEDLE_ATTENTION]
            .into_iter()
            .filter(|name| self.p(name) <= DESCENT_LOG10_P)
            .find(|name| self.evidence(name).is_some_and(|evidence| evidence.effect >= FAINT))
    }

    fn attention_parts(&self) -> Vec<String> {
        let circuit = self.blocks.and_then(|blocks| blocks.circuit.as_ref());
        let layers: BTreeSet<u32> =
            circuit.iter().flat_map(|circuit| circuit.layers()).map(|found| found.base_layer).collect();
        vec![format!("attention of layers {}", ranges(&layers))]
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Share of the elements of the base's layers that are found in their place; of all elements where names tell no layers.
fn layers_in_place(base: &[&MatrixPrint], matches: &Matches) -> f64 {
    let layered = base.iter().any(|matrix| matrix.layer.is_some());
    let (mut found, mut all) = (0u64, 0u64);
    for (matrix, matched) in base.iter().zip(&matches.of_base).filter(|(matrix, _)| !layered || matrix.layer.is_some())
    {
        all += matrix.elements();
        found += matched.as_ref().map_or(0, |_| matrix.elements());
    }
    found as f64 / all.max(1) as f64
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
pub(super) fn parts_of(base: &[&MatrixPrint], matches: &[Option<Match>]) -> Vec<String> {
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
