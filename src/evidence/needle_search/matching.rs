// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Chooses, on the matching channels, a partner for every needle among the rows of one suspect layer.
//!
//! In: needles and candidates. Out: for each needle the candidate of the highest score, its sign, and a weight.
//! score = cos(gate) + |cos(up) + cos(down)|; the weight is how far it stands out of all scores of the pair, in robust
//! standard deviations, beyond what the best of so many is expected to by chance.

use nalgebra::DMatrix;

use super::halves::{Bundle, Cut, Half};

/// Least weight of a needle.
const LEAST_WEIGHT: f64 = 0.02;
/// Standard deviation of a normal distribution over its median absolute deviation.
const MAD_TO_DEVIATION: f64 = 1.4826;
/// Scores from which median and deviation are taken; of more, candidates at even distances.
const SPREAD_SCORES: usize = 1 << 16;

/// Needles on the matching channels: gates, and the roles that share a sign. [needles, width]
#[derive(Debug)]
pub(super) struct Needles {
    fixed: Option<DMatrix<f32>>,
    signed: DMatrix<f32>,
}

/// Candidates on the matching channels. [width, candidates]
#[derive(Debug)]
pub(super) struct Candidates {
    fixed: Option<DMatrix<f32>>,
    signed: DMatrix<f32>,
    /// Number of candidates.
    pub(super) count: usize,
}

/// What was chosen for one needle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Choice {
    /// Weight, at least [`LEAST_WEIGHT`].
    pub(super) weight: f64,
    /// Index of the candidate.
    pub(super) candidate: usize,
    /// Common sign of the roles whose sign is unknown: 1 or −1.
    pub(super) sign: f32,
}

impl Needles {
    /// The rows of a bundle of the base.
    pub(super) fn new(bundle: &Bundle<'_>, cut: Cut) -> Self {
        Self {
            fixed: bundle.fixed.map(|rows| cut.columns(&[rows], bundle.count, Half::Matching).transpose()),
            signed: cut.columns(&bundle.signed, bundle.count, Half::Matching).transpose(),
        }
    }
}

impl Candidates {
    /// The rows of all bundles of a suspect layer, one after another. All bundles have the same roles.
    pub(super) fn new(bundles: &[Bundle<'_>], cut: Cut) -> Self {
        let join = |parts: Vec<DMatrix<f32>>| {
            let height = parts.first().map_or(0, DMatrix::nrows);
            let values: Vec<f32> = parts.iter().flat_map(DMatrix::as_slice).copied().collect();
            let count = values.len().checked_div(height).unwrap_or_default();
            DMatrix::from_vec(height, count, values)
        };
        let fixed: Option<Vec<_>> = bundles
            .iter()
            .map(|bundle| bundle.fixed.map(|rows| cut.columns(&[rows], bundle.count, Half::Matching)))
            .collect();
        let signed = bundles.iter().map(|bundle| cut.columns(&bundle.signed, bundle.count, Half::Matching)).collect();
        Self { fixed: fixed.map(join), signed: join(signed), count: bundles.iter().map(|bundle| bundle.count).sum() }
    }
}

/// Chooses a candidate for every needle. Equal scores go to the lower index.
pub(super) fn choose(needles: &Needles, candidates: &Candidates) -> Vec<Choice> {
    let signed = &needles.signed * &candidates.signed;
    let mut scores = signed.abs();
    if let (Some(left), Some(right)) = (&needles.fixed, &candidates.fixed) {
        scores.gemm(1.0, left, right, 1.0);
    }
    let count = scores.nrows();
    let mut best: Vec<(f32, usize)> = vec![(f32::NEG_INFINITY, 0); count];
    for (at, column) in scores.column_iter().enumerate() {
        for (best, score) in best.iter_mut().zip(column.iter()) {
            if *score > best.0 {
                *best = (*score, at);
            }
        }
    }
    let (middle, deviation) = spread(&scores);
    let chance = (2.0 * (candidates.count.max(2) as f64).ln()).sqrt();
    best.iter()
        .enumerate()
        .map(|(needle, (score, candidate))| {
            let stands_out = if deviation > 0.0 { (f64::from(*score) - middle) / deviation - chance } else { 0.0 };
            let turned = signed.get((needle, *candidate)).is_some_and(|cosine| *cosine < 0.0);
            Choice {
                weight: stands_out.max(LEAST_WEIGHT),
                candidate: *candidate,
                sign: if turned { -1.0 } else { 1.0 },
            }
        })
        .collect()
}

/// Median and robust standard deviation of the scores.
fn spread(scores: &DMatrix<f32>) -> (f64, f64) {
    let step = scores.len().div_ceil(SPREAD_SCORES).max(1);
    let mut values: Vec<f32> = Vec::with_capacity(scores.len() / step + scores.nrows());
    for column in scores.column_iter().step_by(step) {
        values.extend(column.iter());
    }
    let middle = median(&mut values);
    for value in &mut values {
        *value = (*value - middle).abs();
    }
    (f64::from(middle), MAD_TO_DEVIATION * f64::from(median(&mut values)))
}

/// The middle value, or the mean of the two in the middle; zero of nothing. Changes the order.
fn median(values: &mut [f32]) -> f32 {
    if values.is_empty() {
        return 0.0;
    }
    let half = values.len() / 2;
    let even = values.len().is_multiple_of(2);
    let (below, middle, _) = values.select_nth_unstable_by(half, f32::total_cmp);
    if even { f32::midpoint(below.iter().copied().fold(f32::NEG_INFINITY, f32::max), *middle) } else { *middle }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::{Rows, splitmix64};

    #[test]
    fn the_median_is_that_of_the_sorted_values() {
        for count in [1, 2, 5, 8] {
            let mut values: Vec<f32> = (0..count).map(|at| (splitmix64(at) % 100) as f32).collect();
            let mut sorted = values.clone();
            sorted.sort_by(f32::total_cmp);
            let half = sorted.len() / 2;
            let expected = if count % 2 == 0 { f32::midpoint(sorted[half - 1], sorted[half]) } else { sorted[half] };
            assert_eq!(median(&mut values), expected);
        }
    }

    #[test]
    fn a_row_is_chosen_with_its_sign_and_ties_go_to_the_first() {
        let value = |at: usize| (splitmix64(at as u64) % 255) as i16 as i8;
        let up = Rows { columns: 32, values: (0..32 * 6).map(value).collect() };
        let mut turned = up.values[96..128].iter().map(|x| x.saturating_neg()).collect::<Vec<i8>>();
        turned.extend_from_slice(&turned.clone());
        let candidates = Rows { columns: 32, values: [&up.values[32..64], &turned].concat() };
        let needle = Rows { columns: 32, values: up.values[96..128].to_vec() };
        let cut = Cut { channels: 32, centred: false };
        let [needle, candidates] =
            [&needle, &candidates].map(|rows| Bundle::new(None, vec![rows], 9)).map(Option::into_iter);
        let needles: Vec<Needles> = needle.map(|bundle| Needles::new(&bundle, cut)).collect();
        let candidates = Candidates::new(&candidates.collect::<Vec<_>>(), cut);
        let chosen = choose(&needles[0], &candidates);
        assert_eq!((chosen[0].candidate, chosen[0].sign, chosen.len()), (1, -1.0, 1));
    }
}
