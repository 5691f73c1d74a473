// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Runs the test over all pairs of layers and joins what it says.
//!
//! In: two sketches. Out: a [`GramTest`].
//!
//! The p-value of a layer of the base is that of its largest z/κ times the number of units it was tested against.
//! Over the K layers, in rising order, both the smallest times K and the ⌊K/4⌋-th smallest times K/⌊K/4⌋ (Rüger 1978)
//! are valid under any dependence; the smaller of the two, times two, is the result.

use rayon::prelude::*;

use super::matching::matched;
use super::neurons::Neurons;
use super::statistic::statistic;
use crate::evidence::gaussian::ln_upper_tail;
use crate::evidence::tails::{corrected, log10};
use crate::fingerprint::{LayerSketch, Sketch, Unit};

/// Factor by which the null's standard deviation is taken to be larger than over all orders of the neurons.
const KAPPA: f64 = 1.5;
/// The same for blocks without a gate. There the sign of a neuron is fixed, so what clusters of neurons the pairing has
/// put on one another keeps its sign in both networks, where free signs would have mixed it.
const KAPPA_WITHOUT_GATE: f64 = 3.0;
/// Neurons of the base that are looked for.
const NEEDLES: usize = 64;
/// Neurons of the suspect among which they are looked for.
const HAYSTACK: usize = 256;
/// Units of the base that are looked for, a layer: the one of a dense block, or the first of a mixture.
const UNITS: usize = 4;
/// Layers of the base that are looked for.
const LAYERS: usize = 24;
/// Pairs of units above which fewer units of a mixture are looked for. A pair takes a few milliseconds.
const TESTS: usize = 16_384;

/// Outcome of the Gram test.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GramTest {
    /// ln p, corrected for the units and layers tested, not for bases or other mechanisms.
    pub ln_p: f64,
    /// Median over the layers of the base of the correlation in its best layer.
    pub effect: f64,
    /// Median over the layers of the base of the share of neurons recognised in its best layer.
    pub agree: f64,
    /// The best pair of units of each pair of layers, by layer of the base, then of the suspect.
    pub cells: Vec<GramCell>,
    /// Routed experts of the suspect that are found on their own, whether or not they are the best of their layer:
    /// layer of the base, its expert, layer of the suspect, its expert.
    pub experts: Vec<(u32, Option<u32>, u32, u32)>,
    /// Pairs of units tested.
    pub tests: usize,
    /// Root mean square of z over all tests: near one where nothing is shared.
    pub rms_z: f64,
}

/// The test for one pair of layers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GramCell {
    /// Layer of the base.
    pub base_layer: u32,
    /// Layer of the suspect.
    pub suspect_layer: u32,
    /// Routed expert of the base; none in a dense block.
    pub base_expert: Option<u32>,
    /// Routed expert of the suspect; none in a dense block.
    pub suspect_expert: Option<u32>,
    /// Correlation over its standard deviation under random orders of the neurons.
    pub z: f64,
    /// Factor by which that standard deviation is taken to be larger under the null.
    pub kappa: f64,
    /// Correlation.
    pub r: f64,
    /// Share of the neurons recognised.
    pub agree: f64,
    /// Neurons recognised: index in the base, index in the suspect. Kept for the best cell of each layer of the base.
    pub pairs: Vec<(u32, u32)>,
}

/// Runs the test; `None` if no unit of one can be compared with one of the other.
pub fn gram(suspect: &Sketch, base: &Sketch) -> Option<GramTest> {
    let theirs = parts(suspect, usize::MAX, usize::MAX);
    let mut units = UNITS;
    let mut ours = parts(base, LAYERS, units);
    while units > 1 && ours.len() * theirs.len() > TESTS {
        units /= 2;
        ours = parts(base, LAYERS, units);
    }
    let ours: Vec<(Part, Neurons)> = ours.into_iter().filter_map(|part| Some((part, part.neurons(NEEDLES)?))).collect();
    let tested: Vec<Vec<Option<GramCell>>> = theirs
        .par_iter()
        .map(|part| {
            let neurons = part.neurons(HAYSTACK);
            ours.iter().map(|(base, needles)| cell(base, needles, part, neurons.as_ref()?)).collect()
        })
        .collect();
    join(tested)
}

/// A unit of a sketch and where it stands.
#[derive(Clone, Copy)]
struct Part<'a> {
    layer: u32,
    unit: &'a Unit,
}

/// The first units of at most so many layers, evenly spaced, that keep Gram matrices.
fn parts(sketch: &Sketch, layers: usize, units: usize) -> Vec<Part<'_>> {
    let described: Vec<&LayerSketch> =
        sketch.layers.iter().filter(|layer| layer.units.iter().any(|unit| !unit.down_gram.is_empty())).collect();
    let chosen = layers.min(described.len());
    let gaps = chosen.saturating_sub(1).max(1);
    (0..chosen)
        .filter_map(|at| described.get((at * (described.len() - 1) + gaps / 2) / gaps))
        .flat_map(|layer| {
            let described = layer.units.iter().filter(|unit| !unit.down_gram.is_empty());
            described.take(units).map(|unit| Part { layer: layer.layer, unit })
        })
        .collect()
}

impl<'a> Part<'a> {
    fn neurons(&self, most: usize) -> Option<Neurons<'a>> {
        Neurons::of(self.unit, most)
    }
}

/// Tests one pair of units; `None` if they are of different kinds or the base's is larger.
fn cell(base: &Part, needles: &Neurons, suspect: &Part, neurons: &Neurons) -> Option<GramCell> {
    if needles.gated != neurons.gated {
        return None;
    }
    let partner = matched(needles, neurons);
    let outcome = statistic(needles, neurons, &partner)?;
    let recognised: Vec<(u32, u32)> = outcome
        .recognised
        .iter()
        .zip(needles.indices)
        .zip(&partner)
        .filter(|((recognised, _), _)| **recognised)
        .filter_map(|((_, index), partner)| Some((*index, *neurons.indices.get(*partner)?)))
        .collect();
    Some(GramCell {
        base_layer: base.layer,
        suspect_layer: suspect.layer,
        base_expert: base.unit.expert,
        suspect_expert: suspect.unit.expert,
        z: outcome.z,
        kappa: if needles.gated { KAPPA } else { KAPPA_WITHOUT_GATE },
        r: outcome.r,
        agree: recognised.len() as f64 / partner.len().max(1) as f64,
        pairs: recognised,
    })
}

/// Joins the cells, which come by units of the suspect.
fn join(tested: Vec<Vec<Option<GramCell>>>) -> Option<GramTest> {
    let mut all: Vec<GramCell> = tested.into_iter().flatten().flatten().collect();
    if all.is_empty() {
        return None;
    }
    let tests = all.len();
    let experts = all.iter().filter(|cell| found_alone(cell, tests));
    let mut experts: Vec<_> = experts
        .filter_map(|cell| Some((cell.base_layer, cell.base_expert, cell.suspect_layer, cell.suspect_expert?)))
        .collect();
    experts.sort_unstable();
    let rms_z = (all.iter().map(|cell| cell.z * cell.z).sum::<f64>() / tests as f64).sqrt();
    // Of equal cells the first stays before the others: the sort is stable.
    all.sort_by(|a, b| (a.base_layer, a.suspect_layer).cmp(&(b.base_layer, b.suspect_layer)).then(b.z.total_cmp(&a.z)));
    let mut rows: Vec<Vec<GramCell>> = Vec::new();
    let mut counts: Vec<usize> = Vec::new();
    for cell in all {
        match (rows.last_mut(), counts.last_mut()) {
            (Some(row), Some(count)) if row.first().is_some_and(|first| first.base_layer == cell.base_layer) => {
                *count += 1;
                if row.last().is_none_or(|last| last.suspect_layer != cell.suspect_layer) {
                    row.push(cell);
                }
            }
            _ => {
                rows.push(vec![cell]);
                counts.push(1);
            }
        }
    }
    let ln_p = combined(&rows, &counts);
    let largest = |value: fn(&GramCell) -> f64| {
        median(rows.iter().map(|row| row.iter().map(value).fold(0.0, f64::max)).collect())
    };
    let (effect, agree) = (largest(|cell| cell.r), largest(|cell| cell.agree));
    for row in &mut rows {
        let best = row.iter().map(|cell| cell.z).fold(f64::NEG_INFINITY, f64::max);
        let mut kept = false;
        for cell in row {
            if kept || cell.z < best {
                cell.pairs = Vec::new();
            } else {
                kept = true;
            }
        }
    }
    Some(GramTest { ln_p, effect, agree, cells: rows.into_iter().flatten().collect(), experts, tests, rms_z })
}

/// log10 p, corrected for the pairs tested, at which one pair of units is called found.
const FOUND_LOG10_P: f64 = -4.0;

/// Whether a pair of units is found beyond chance, whatever the others say; `tests` pairs were tested.
pub(in crate::evidence) fn found_alone(cell: &GramCell, tests: usize) -> bool {
    log10(corrected(ln_upper_tail(cell.z / cell.kappa), tests)) <= FOUND_LOG10_P
}

/// ln p over all layers of the base; `counts` are the tests of each.
fn combined(rows: &[Vec<GramCell>], counts: &[usize]) -> f64 {
    let mut by_row: Vec<f64> = rows
        .iter()
        .zip(counts)
        .map(|(row, count)| {
            let z = row.iter().map(|cell| cell.z / cell.kappa).fold(f64::NEG_INFINITY, f64::max);
            corrected(ln_upper_tail(z), *count)
        })
        .collect();
    by_row.sort_by(f64::total_cmp);
    let layers = by_row.len();
    let quarter = (layers / 4).max(1);
    let smallest = by_row.first().map_or(0.0, |p| p + (layers as f64).ln());
    let many = by_row.get(quarter - 1).map_or(0.0, |p| p + (layers as f64 / quarter as f64).ln());
    corrected(smallest.min(many), 2)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = values.get(middle).copied().unwrap_or_default();
    if values.len().is_multiple_of(2) {
        let lower = middle.checked_sub(1).and_then(|at| values.get(at)).copied().unwrap_or(upper);
        return f64::midpoint(lower, upper);
    }
    upper
}

#[cfg(test)]
mod tests {
    use super::{GramCell, join, median};
    use crate::evidence::gaussian::ln_upper_tail;

    fn cell(base_layer: u32, suspect_layer: u32, z: f64) -> GramCell {
        let pairs = vec![(base_layer, suspect_layer)];
        GramCell { base_layer, suspect_layer, z, kappa: 1.5, r: z / 50.0, agree: 0.5, pairs, ..GramCell::default() }
    }

    #[test]
    fn a_single_layer_counts_for_all_that_was_tested() {
        // Three layers against two units each; 6·2 comparisons, and two ways to combine.
        let cells = [(0, 0, 15.0), (1, 0, 0.5), (2, 0, -0.5), (0, 1, 0.0), (1, 1, 0.2), (2, 1, 0.1)];
        let tested = cells.map(|(base, suspect, z)| vec![Some(cell(base, suspect, z))]).to_vec();
        let test = join(tested);
        let expected = ln_upper_tail(10.0) + 12f64.ln();
        assert!(test.as_ref().is_some_and(|test| (test.ln_p - expected).abs() < 1e-9 && test.tests == 6));
        let kept: Vec<(u32, u32)> =
            test.iter().flat_map(|test| &test.cells).flat_map(|cell| cell.pairs.clone()).collect();
        assert_eq!(kept, [(0, 0), (1, 0), (2, 1)]);
    }

    #[test]
    fn many_layers_weigh_more_than_the_best_of_them() {
        let tested = (0..8).map(|layer| vec![Some(cell(layer, layer, 6.0))]).collect();
        // The second smallest of eight, times 8/2, times two.
        let expected = ln_upper_tail(4.0) + 8f64.ln();
        assert!(join(tested).is_some_and(|test| (test.ln_p - expected).abs() < 1e-9));
        assert!(join(vec![vec![None]]).is_none());
    }

    #[test]
    fn the_best_unit_of_a_layer_is_kept() {
        let tested = vec![vec![Some(cell(0, 3, 1.0))], vec![Some(cell(0, 3, 9.0))], vec![Some(cell(0, 3, 2.0))]];
        let test = join(tested).unwrap_or_default();
        assert_eq!((test.tests, test.cells.len()), (3, 1));
        assert_eq!(test.cells.first().map(|cell| cell.z), Some(9.0));
    }

    #[test]
    fn medians_of_even_counts_lie_between() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(Vec::new()), 0.0);
    }
}
