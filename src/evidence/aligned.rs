// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The aligned test: values at the same places of matrices of one shape.
//!
//! In: the matrices of two fingerprints. Out: for each matrix of the first the best partner in the second, its
//! correlation, and p-values.
//!
//! Every matrix of one shape, or of the transposed shape, is a candidate, so names, layer numbers and file order do
//! not matter. The partner is chosen on the first [`MATCHING`] positions and tested on the others, so choosing costs
//! no correction. **Null:** the other model was trained from its own random start. Hidden channels are then
//! exchangeable, the doubly centred products at the tested positions have mean zero, and their signed sum is bounded
//! by Hoeffding's inequality. Products in one channel are not quite independent; [`KAPPA`] allows for that. It was set
//! before the null pairs were looked at; `docs/evidence.md` has the measured null. Where products of one row or column
//! move together more than that allows, the standard deviation is taken as large as they say, with the same factor on
//! it (`spread`).

use std::collections::BTreeMap;

use super::spread::{Places, spread};
use super::tails::{corrected, rademacher};
use crate::fingerprint::{MATCHING, MatrixPrint, POSITIONS, Samples};

/// Factor by which the null's standard deviation is taken to be larger than under independent signs.
pub(super) const KAPPA: f64 = 1.5;
/// Correlation below which a single matrix is not called matched, whatever its p-value.
const FAINTEST: f64 = 0.08;
/// ln of the p-value, corrected for the number of matrices, at which a single matrix is called matched.
const MATCHED_LN_P: f64 = -9.2; // 1e-4

/// One matrix and its partner.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct AlignedMatch {
    /// Index of the partner.
    pub(super) other: usize,
    /// Correlation of the doubly centred values on the testing positions.
    pub(super) correlation: f64,
    /// Sum of the signed products in units of their null standard deviation, were they independent.
    pub(super) z: f64,
    /// Factor by which that standard deviation is taken to be larger.
    pub(super) kappa: f64,
    /// Weight, from the matching positions only.
    pub(super) weight: f64,
    /// ‖theirs − ours‖ / ‖ours‖ on raw values.
    pub(super) difference: f64,
    /// Whether the matrix on its own rejects the null.
    pub(super) matched: bool,
}

/// The aligned test over all matrices.
#[derive(Clone, Debug, Default)]
pub(super) struct Aligned {
    /// One entry a matrix of ours; `None` if nothing of its shape exists.
    pub(super) matches: Vec<Option<AlignedMatch>>,
    /// ln p, corrected for the matrices compared.
    pub(super) ln_p: f64,
    /// Weighted mean correlation.
    pub(super) effect: f64,
    /// Matrices that had a candidate.
    pub(super) compared: usize,
}

/// Runs the test for each matrix of `ours` against all of `theirs`.
pub(super) fn aligned(ours: &[&MatrixPrint], theirs: &[&MatrixPrint]) -> Aligned {
    let mut by_shape: BTreeMap<(u64, u64), (Vec<usize>, Places)> = BTreeMap::new();
    for (at, matrix) in theirs.iter().enumerate() {
        let shape = matrix.canonical_shape();
        by_shape.entry(shape).or_insert_with(|| (Vec::new(), Places::of(shape))).0.push(at);
    }
    let mut matches: Vec<Option<AlignedMatch>> = ours
        .iter()
        .map(|matrix| {
            let (candidates, places) = by_shape.get(&matrix.canonical_shape())?;
            partner(matrix, theirs, candidates, places)
        })
        .collect();

    let found: Vec<&AlignedMatch> = matches.iter().flatten().collect();
    let compared = found.len();
    let weights: f64 = found.iter().map(|m| (m.weight * m.kappa).powi(2)).sum();
    let combined = found.iter().map(|m| m.weight * m.z).sum::<f64>();
    let together = rademacher(combined, weights);
    let single = found.iter().map(|m| rademacher(m.z, m.kappa * m.kappa)).fold(0.0, f64::min);
    let ln_p = corrected(together.min(corrected(single, compared)), 2);
    let weight: f64 = found.iter().map(|m| m.weight).sum();
    let effect =
        found.iter().map(|m| m.weight * m.correlation).fold(0.0, std::ops::Add::add) / weight.max(f64::MIN_POSITIVE);

    for found in matches.iter_mut().flatten() {
        let alone = corrected(rademacher(found.z, found.kappa * found.kappa), compared);
        found.matched = alone < MATCHED_LN_P && found.correlation >= FAINTEST;
    }
    Aligned { matches, ln_p, effect: effect.clamp(0.0, 1.0), compared }
}

/// Chooses the best candidate on the matching positions and tests it on the others.
fn partner(ours: &MatrixPrint, theirs: &[&MatrixPrint], candidates: &[usize], places: &Places) -> Option<AlignedMatch> {
    let here = Halves::of(&ours.samples)?;
    let mut tried = 0usize;
    let mut best: Option<(f64, usize, &Samples)> = None;
    for at in candidates {
        let matrix = theirs.get(*at)?;
        for samples in [&matrix.samples, &matrix.transposed] {
            let Some(there) = Halves::of(samples) else { continue };
            tried += 1;
            let score = cosine(here.matching, there.matching);
            if best.is_none_or(|(most, ..)| score > most) {
                best = Some((score, *at, samples));
            }
        }
    }
    let (score, other, samples) = best?;
    let there = Halves::of(samples)?;
    let (mut sum, mut squares) = (0.0, 0.0);
    for (a, b) in here.testing.iter().zip(there.testing) {
        let product = f64::from(*a) * f64::from(*b);
        sum += product;
        squares += product * product;
    }
    let z = if squares > 0.0 { sum / squares.sqrt() } else { 0.0 };
    let spread = spread(here.testing, there.testing, places);
    let chance = (2.0 * (tried.max(2) as f64).ln()).sqrt();
    Some(AlignedMatch {
        other,
        correlation: expanded_cosine(here.testing, there.testing),
        z,
        kappa: if spread > KAPPA { KAPPA * spread } else { KAPPA },
        weight: (score * (MATCHING as f64).sqrt() - chance).max(0.02),
        difference: relative_difference(&ours.samples.raw, &samples.raw),
        matched: false,
    })
}

/// Samples cut into the positions that choose and those that test.
struct Halves<'a> {
    matching: &'a [i8],
    testing: &'a [i8],
}

impl<'a> Halves<'a> {
    fn of(samples: &'a Samples) -> Option<Self> {
        let (matching, testing) = samples.centred.split_at_checked(MATCHING)?;
        (testing.len() == POSITIONS - MATCHING).then_some(Self { matching, testing })
    }
}

/// Cosine of stored (companded) values: what matching uses. Sums of so few int8 products fit in 32 bits, which lets
/// the loop be vectorised: models of many experts have tens of thousands of matrices of one shape.
fn cosine(a: &[i8], b: &[i8]) -> f64 {
    let (mut dot, mut left, mut right) = (0i32, 0i32, 0i32);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (i32::from(*x), i32::from(*y));
        dot += x * y;
        left += x * x;
        right += y * y;
    }
    f64::from(dot) / (f64::from(left) * f64::from(right)).sqrt().max(f64::MIN_POSITIVE)
}

/// Cosine after undoing the companding: the correlation that is shown.
fn expanded_cosine(a: &[i8], b: &[i8]) -> f64 {
    let expand = |x: i8| f64::from(x) * f64::from(x.unsigned_abs());
    let (mut dot, mut left, mut right) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (expand(*x), expand(*y));
        dot += x * y;
        left += x * x;
        right += y * y;
    }
    dot / (left * right).sqrt().max(f64::MIN_POSITIVE)
}

fn relative_difference(ours: &[f32], theirs: &[f32]) -> f64 {
    let (mut difference, mut size) = (0.0, 0.0);
    for (a, b) in ours.iter().zip(theirs) {
        let (a, b) = (f64::from(*a), f64::from(*b));
        difference += (b - a) * (b - a);
        size += a * a;
    }
    (difference / size.max(f64::MIN_POSITIVE)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::aligned;
    use crate::fingerprint::{MatrixPrint, POSITIONS, Samples, splitmix64};

    #[test]
    fn choosing_among_many_candidates_gives_no_evidence() {
        let model = |seed: u64| -> Vec<MatrixPrint> {
            (0..300u64)
                .map(|at| {
                    let value = |t: usize| (splitmix64(seed ^ (at << 20) ^ t as u64) % 255) as i16 - 127;
                    let centred = (0..POSITIONS).map(|t| value(t) as i8).collect();
                    let samples = Samples { centred, raw: Vec::new() };
                    MatrixPrint { rows: 64, columns: 32, samples, ..MatrixPrint::default() }
                })
                .collect()
        };
        let (ours, theirs) = (model(1 << 40), model(2 << 40));
        let found = aligned(&ours.iter().collect::<Vec<_>>(), &theirs.iter().collect::<Vec<_>>());
        assert_eq!(found.compared, 300);
        assert!(found.ln_p > -4.0 && found.matches.iter().flatten().all(|m| !m.matched), "{}", found.ln_p);
    }
}
