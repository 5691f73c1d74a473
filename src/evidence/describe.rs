// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Gathers from all mechanisms what the structure of a derivation is told by.
//!
//! In: matches and block tests. Out: the pairs of layers found beyond chance, and the [`Structure`] they make.

use std::collections::{BTreeMap, BTreeSet};

use super::blocks::Blocks;
use super::comparison::LayerEffect;
use super::gram::{GramCell, GramTest, found_alone};
use super::matches::{Match, Matches};
use super::mechanisms::{GRAM, NEEDLE_SEARCH};
use super::relation::{DESCENT_LOG10_P, parts_of};
use super::structure::{HeatMap, Seen, Structure, UnitMatch, structure};
use super::tails::log10;
use crate::fingerprint::{Fingerprint, MatrixPrint, Role, Unit};

/// Mean cosine of needles at which a pair of layers is called found. In a derived pair the needles of other layers
/// reach 0.38, so only the best of a row counts.
const NEEDLE_FOUND: f64 = 0.2;

/// Pairs of layers found beyond chance, each with its largest effect.
pub(super) fn cells(
    ours: &[&MatrixPrint],
    theirs: &[&MatrixPrint],
    matches: &Matches,
    blocks: Option<&Blocks>,
) -> Vec<LayerEffect> {
    let mut cells = aligned_cells(ours, theirs, matches);
    let mut add = |base: u32, suspect: u32, effect: f64| {
        let cell = cells.entry((base, suspect)).or_insert(0.0);
        *cell = cell.max(effect);
    };
    if let Some(blocks) = blocks {
        for cell in blocks.gram.iter().flat_map(gram_cells) {
            add(cell.base_layer, cell.suspect_layer, cell.r);
        }
        for layer in blocks.circuit.iter().flat_map(super::circuit::CircuitTest::layers) {
            add(layer.base_layer, layer.suspect_layer, layer.r);
        }
        let searched = blocks.needles.as_ref().and_then(|needles| needles.feed_forward.as_ref());
        if let Some(found) = searched.filter(|found| log10(found.ln_p) <= DESCENT_LOG10_P) {
            for (at, base) in found.heat.base_layers.iter().enumerate() {
                let row =
                    found.heat.suspect_layers.iter().enumerate().map(|(of, layer)| (found.heat.at(at, of), *layer));
                if let Some((effect, suspect)) =
                    row.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|best| best.0 >= NEEDLE_FOUND)
                {
                    add(*base, suspect, effect);
                }
            }
        }
    }
    cells
        .into_iter()
        .map(|((base_layer, suspect_layer), effect)| LayerEffect {
            suspect_layer,
            base_layer,
            effect: effect.clamp(0.0, 1.0),
        })
        .collect()
}

/// Describes how the suspect goes back to the base.
pub(super) fn describe(
    suspect: &Fingerprint,
    base: &Fingerprint,
    theirs: &[&MatrixPrint],
    matches: &Matches,
    blocks: Option<&Blocks>,
    cells: &[LayerEffect],
) -> Structure {
    let unchanged: Vec<Option<Match>> =
        matches.of_suspect.iter().map(|found| found.clone().filter(|found| found.unchanged)).collect();
    let any_unchanged = unchanged.iter().any(Option::is_some) && matches.suspect_unchanged < 1.0;
    let gram = blocks.and_then(|blocks| blocks.gram.as_ref());
    let units: Vec<UnitMatch> =
        gram.map(|gram| gram_cells(gram).map(|cell| unit_match(cell, suspect, base)).collect()).unwrap_or_default();
    let quantized = |print: &Fingerprint| print.matrices.iter().any(|matrix| matrix.tolerance > 0.01);
    structure(Seen {
        base_layers: layer_numbers(base, blocks.map(|blocks| &blocks.base_layers)),
        suspect_layers: layer_numbers(suspect, blocks.map(|blocks| &blocks.suspect_layers)),
        cells,
        units: &units,
        experts: gram.map(|gram| gram.experts.as_slice()).unwrap_or_default(),
        unchanged: if any_unchanged { parts_of(theirs, &unchanged) } else { Vec::new() },
        new: new_parts(theirs, matches),
        quantized: quantized(suspect) && !quantized(base),
        heat_maps: blocks.map(heat_maps).unwrap_or_default(),
    })
}

/// Mean correlation by pair of layers, where names tell layers on both sides.
fn aligned_cells(ours: &[&MatrixPrint], theirs: &[&MatrixPrint], matches: &Matches) -> BTreeMap<(u32, u32), f64> {
    let mut cells: BTreeMap<(u32, u32), (f64, usize)> = BTreeMap::new();
    let mut add = |base: Option<u32>, suspect: Option<u32>, found: &Match| {
        if let (Some(base), Some(suspect)) = (base, suspect) {
            let cell = cells.entry((base, suspect)).or_default();
            cell.0 += found.correlation;
            cell.1 += 1;
        }
    };
    let layer_of = |side: &[&MatrixPrint], at: usize| side.get(at).and_then(|matrix| matrix.layer);
    for (matrix, found) in ours.iter().zip(&matches.of_base) {
        if let Some(found) = found {
            add(matrix.layer, layer_of(theirs, found.other), found);
        }
    }
    for (matrix, found) in theirs.iter().zip(&matches.of_suspect) {
        if let Some(found) = found {
            add(layer_of(ours, found.other), matrix.layer, found);
        }
    }
    cells.into_iter().map(|(at, (sum, count))| (at, sum / count as f64)).collect()
}

/// Pairs of blocks that are found on their own.
pub(super) fn gram_cells(gram: &GramTest) -> impl Iterator<Item = &GramCell> {
    let tests = gram.tests;
    gram.cells.iter().filter(move |cell| found_alone(cell, tests))
}

/// The units that a pair of blocks leads from and to, with its neurons.
fn unit_match(cell: &GramCell, suspect: &Fingerprint, base: &Fingerprint) -> UnitMatch {
    fn units(print: &Fingerprint, layer: u32) -> impl Iterator<Item = &Unit> {
        let layers = print.sketches.iter().flat_map(|sketch| &sketch.layers).filter(move |found| found.layer == layer);
        layers.flat_map(|layer| &layer.units)
    }
    let neurons = |print: &Fingerprint, layer: u32, expert: Option<u32>| {
        units(print, layer).find(|unit| unit.expert == expert).map_or(0, |unit| unit.neurons)
    };
    let sampled = if cell.pairs.is_empty() { 0 } else { (cell.pairs.len() as f64 / cell.agree).round() as usize };
    UnitMatch {
        base_layer: cell.base_layer,
        suspect_layer: cell.suspect_layer,
        base_expert: cell.base_expert,
        suspect_expert: cell.suspect_expert,
        // Beside routed experts, a unit that is none of them is what they have in common, or shared by all tokens.
        common: cell.suspect_expert.is_none() && units(suspect, cell.suspect_layer).any(|unit| unit.expert.is_some()),
        base_neurons: neurons(base, cell.base_layer, cell.base_expert),
        suspect_neurons: neurons(suspect, cell.suspect_layer, cell.suspect_expert),
        sampled,
        pairs: cell.pairs.clone(),
    }
}

fn layer_numbers(print: &Fingerprint, sketched: Option<&BTreeSet<u32>>) -> BTreeSet<u32> {
    match sketched {
        // A sketch of a base may leave layers out; names tell of all.
        Some(numbers) if !numbers.is_empty() => {
            let named = print.matrices.iter().filter_map(|matrix| matrix.layer);
            numbers.iter().copied().chain(named).collect()
        }
        _ => print.matrices.iter().filter_map(|matrix| matrix.layer).collect(),
    }
}

/// Parts of the suspect outside its layers that are not found in the base.
fn new_parts(theirs: &[&MatrixPrint], matches: &Matches) -> Vec<String> {
    // Where nothing stands in its place, an embedding that was rotated with the rest is no new part.
    if matches.base_found == 0.0 {
        return Vec::new();
    }
    let mut parts = BTreeSet::new();
    for (matrix, found) in theirs.iter().zip(&matches.of_suspect) {
        if found.is_none() && matrix.layer.is_none() {
            parts.insert(match matrix.role {
                Role::Other => matrix.name.clone(),
                role => format!("{} ({})", role.name(), matrix.name),
            });
        }
    }
    let shown = 8;
    let more = parts.len().saturating_sub(shown);
    let mut list: Vec<String> = parts.into_iter().take(shown).collect();
    if more > 0 {
        list.push(format!("and {more} more"));
    }
    list
}

fn heat_maps(blocks: &Blocks) -> Vec<HeatMap> {
    let gram = blocks.gram.as_ref().map(|gram| {
        let base_layers: BTreeSet<u32> = gram.cells.iter().map(|cell| cell.base_layer).collect();
        let suspect_layers: BTreeSet<u32> = gram.cells.iter().map(|cell| cell.suspect_layer).collect();
        let values: BTreeMap<(u32, u32), f64> =
            gram.cells.iter().map(|cell| ((cell.base_layer, cell.suspect_layer), cell.r)).collect();
        HeatMap::new(GRAM, &base_layers, &suspect_layers, |base, suspect| {
            values.get(&(base, suspect)).copied().unwrap_or_default()
        })
    });
    let needles = blocks.needles.as_ref().and_then(|needles| needles.feed_forward.as_ref()).map(|found| {
        let heat = &found.heat;
        let place =
            |layers: &[u32], layer: u32| layers.iter().position(|other| *other == layer).unwrap_or(usize::MAX / 2);
        let base_layers: BTreeSet<u32> = heat.base_layers.iter().copied().collect();
        let suspect_layers: BTreeSet<u32> = heat.suspect_layers.iter().copied().collect();
        HeatMap::new(NEEDLE_SEARCH, &base_layers, &suspect_layers, |base, suspect| {
            heat.at(place(&heat.base_layers, base), place(&heat.suspect_layers, suspect))
        })
    });
    gram.into_iter().chain(needles).collect()
}
