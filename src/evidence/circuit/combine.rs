// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Chooses a head for every circuit of the base, and joins what they say.
//!
//! Formulas: s* = argmax o over the heads of the suspect; w = max(0.02, (o* − med)/sd − √(2 ln n)), med the median of
//! the row, sd the scaled median deviation of all rows, n heads. T = Σ w z/√Σ w². κ is the root mean square of z over
//! heads of other layers than the chosen one, at least 1; K = max(1.6 κ, 2); ln p = ln P(N > T/K).

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::frame::{Frame, Maps};
use super::report::{CircuitMatch, CircuitTest};
use super::sync::Sync;
use super::test::{Agreement, agreement};
use crate::evidence::gaussian::ln_upper_tail;
use crate::evidence::tails::rademacher;
use crate::fingerprint::{Circuit, Sketch};

/// Factor on κ.
const SAFETY: f64 = 1.6;
/// K at least.
const NARROWEST: f64 = 2.0;
/// Heads of wrong layers tested at most, to measure κ.
const WRONG: usize = 600;
/// Wrong heads below which κ is not measured.
const FEWEST_WRONG: usize = 21;
/// κ where it is not measured.
const UNMEASURED: f64 = 1.5;
/// Multiples of sd above the median beyond which a head of another layer may be a copy, and does not measure κ.
const COPY: f64 = 4.0;
/// Multiples of κ beyond which a circuit is a hit.
const HIT: f64 = 4.0;
/// Least weight of a circuit.
const FAINTEST: f64 = 0.02;

/// Runs the test; `None` if no circuits of one head size are on both sides.
pub fn circuit(suspect: &Sketch, base: &Sketch) -> Option<CircuitTest> {
    let ours = base.chosen_circuits();
    let theirs: Vec<(u32, &Circuit)> =
        suspect.layers.iter().flat_map(|layer| layer.circuits.iter().map(|circuit| (layer.layer, circuit))).collect();
    let size = ours
        .iter()
        .map(|(_, circuit)| circuit.rotary_pairs)
        .find(|size| theirs.iter().any(|(_, circuit)| circuit.rotary_pairs == *size))?;
    let of_size = |(_, circuit): &&(u32, &Circuit)| circuit.rotary_pairs == size;
    let pairs = ours.iter().chain(&theirs).filter(of_size).map(|(_, circuit)| circuit.pairs).min()? as usize;
    let ours = Head::all(&ours, size, pairs);
    let theirs = Head::all(&theirs, size, pairs);
    if ours.is_empty() || theirs.is_empty() {
        return None;
    }

    let scores: Vec<Vec<f64>> = ours
        .par_iter()
        .map(|base| {
            let mut sync = Sync::new(pairs);
            theirs.iter().map(|suspect| sync.align(&base.frame, &suspect.frame)).collect()
        })
        .collect();
    let choices = choose(&scores);
    let chosen: Vec<(usize, usize)> = choices.iter().map(|choice| choice.suspect).enumerate().collect();
    let agreements = tested(&chosen, &ours, &theirs, pairs);
    let kappa = kappa(&wrong(&choices, &scores, &theirs), &ours, &theirs, pairs);
    Some(combined(&choices, &agreements, kappa, &ours, &theirs, pairs))
}

/// One circuit, ready to be matched.
struct Head<'a> {
    layer: u32,
    circuit: &'a Circuit,
    frame: Frame,
}

impl<'a> Head<'a> {
    /// Those of heads of `size` rotary pairs; what does not fit together is left out.
    fn all(side: &[(u32, &'a Circuit)], size: u32, pairs: usize) -> Vec<Self> {
        side.par_iter()
            .filter(|(_, circuit)| circuit.rotary_pairs == size)
            .filter_map(|(layer, circuit)| Some(Self { layer: *layer, circuit, frame: Frame::of(circuit, pairs)? }))
            .collect()
    }
}

/// The head a circuit of the base chose.
struct Choice {
    suspect: usize,
    score: f64,
    weight: f64,
    /// Score beyond which another head may be a copy of the chosen one.
    copy: f64,
}

/// Chooses by score alone, for every circuit of the base in turn.
fn choose(scores: &[Vec<f64>]) -> Vec<Choice> {
    let medians: Vec<f64> = scores.iter().map(|row| median(row.clone())).collect();
    let deviations = scores.iter().zip(&medians).flat_map(|(row, middle)| row.iter().map(move |o| (o - middle).abs()));
    let sd = (1.4826 * median(deviations.collect())).max(f64::MIN_POSITIVE);
    scores
        .iter()
        .zip(&medians)
        .map(|(row, middle)| {
            let (suspect, score) = row
                .iter()
                .enumerate()
                .fold((0, f64::MIN), |most, (at, score)| if *score > most.1 { (at, *score) } else { most });
            let chance = (2.0 * (row.len().max(2) as f64).ln()).sqrt();
            Choice { suspect, score, weight: ((score - middle) / sd - chance).max(FAINTEST), copy: middle + COPY * sd }
        })
        .collect()
}

/// Tests pairs of (circuit of the base, head of the suspect) in their order.
fn tested(cells: &[(usize, usize)], ours: &[Head], theirs: &[Head], pairs: usize) -> Vec<Agreement> {
    cells
        .par_iter()
        .map(|(base, suspect)| {
            let (Some(base), Some(suspect)) = (ours.get(*base), theirs.get(*suspect)) else {
                return Agreement::default();
            };
            let (Some(our_maps), Some(their_maps)) = (Maps::of(base.circuit, pairs), Maps::of(suspect.circuit, pairs))
            else {
                return Agreement::default();
            };
            let mut sync = Sync::new(pairs);
            sync.align(&base.frame, &suspect.frame);
            agreement(&our_maps, &their_maps, &sync.phases())
        })
        .collect()
}

/// Evenly spaced pairs whose head is in another layer than the chosen one and does not look like a copy of it.
fn wrong(choices: &[Choice], scores: &[Vec<f64>], theirs: &[Head]) -> Vec<(usize, usize)> {
    let layer = |at: usize| theirs.get(at).map(|head| head.layer);
    let all: Vec<(usize, usize)> = choices
        .iter()
        .zip(scores)
        .enumerate()
        .flat_map(|(base, (choice, row))| {
            row.iter()
                .enumerate()
                .filter(move |(at, score)| layer(*at) != layer(choice.suspect) && **score < choice.copy)
                .map(move |(at, _)| (base, at))
        })
        .collect();
    let kept = all.len().min(WRONG);
    (0..kept).filter_map(|at| all.get(at * all.len() / kept).copied()).collect()
}

fn kappa(wrong: &[(usize, usize)], ours: &[Head], theirs: &[Head], pairs: usize) -> f64 {
    if wrong.len() < FEWEST_WRONG {
        return UNMEASURED;
    }
    let squares: f64 = tested(wrong, ours, theirs, pairs).iter().map(|found| found.z * found.z).sum();
    (squares / wrong.len() as f64).sqrt().max(1.0)
}

fn combined(
    choices: &[Choice],
    agreements: &[Agreement],
    kappa: f64,
    ours: &[Head],
    theirs: &[Head],
    pairs: usize,
) -> CircuitTest {
    let matches: Vec<CircuitMatch> = choices
        .iter()
        .zip(agreements)
        .zip(ours)
        .filter_map(|((choice, found), base)| {
            let suspect = theirs.get(choice.suspect)?;
            Some(CircuitMatch {
                base_layer: base.layer,
                base_head: base.circuit.head,
                suspect_layer: suspect.layer,
                suspect_head: suspect.circuit.head,
                alignment: choice.score,
                weight: choice.weight,
                r: found.r,
                z: found.z,
                hit: found.z > HIT * kappa,
            })
        })
        .collect();
    let sum: f64 = matches.iter().map(|found| found.weight * found.z).sum();
    let weights: f64 = matches.iter().map(|found| found.weight).sum();
    let squares: f64 = matches.iter().map(|found| found.weight * found.weight).sum();
    let signed: f64 = matches.iter().map(|found| (found.weight * found.z).powi(2)).sum();
    let statistic = sum / squares.sqrt();
    let scale = (SAFETY * kappa).max(NARROWEST);
    let hits: Vec<&CircuitMatch> = matches.iter().filter(|found| found.hit).collect();
    CircuitTest {
        ln_p: if statistic > 0.0 { ln_upper_tail(statistic / scale) } else { 0.0 },
        statistic,
        scale,
        kappa,
        effect: matches.iter().map(|found| found.weight * found.r).sum::<f64>() / weights,
        hit_share: hits.len() as f64 / matches.len() as f64,
        hit_layers: hits.iter().map(|found| found.base_layer).collect::<BTreeSet<_>>().len(),
        alignment: median(matches.iter().map(|found| found.alignment).collect()),
        ln_p_signs: rademacher(sum, signed),
        candidates: theirs.len(),
        pairs,
        matches,
    }
}

/// Mean of the two middle values of an even number.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = |at: usize| values.get(at).copied().unwrap_or_default();
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { at(middle) } else { 0.5 * (at(middle.saturating_sub(1)) + at(middle)) }
}
