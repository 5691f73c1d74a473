// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What the chosen pairs amount to on the testing channels.
//!
//! In: needles with their partners. Out: the contributions Xⱼ of the channels, the mean cosine, and the matrix C of
//! which permutations of the channels are tested.

use nalgebra::DMatrix;

use super::halves::{Bundle, Cut, Half};
use super::matching::Choice;

/// Cosine on the testing channels from which a needle is called found.
const FOUND: f64 = 0.35;

/// A needle, and where its partner stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Partner<'a> {
    /// Index of the needle.
    pub(super) needle: usize,
    /// What was chosen for it.
    pub(super) choice: Choice,
    /// Bundle of the suspect in which the partner stands.
    pub(super) bundle: &'a Bundle<'a>,
    /// Row of the partner there.
    pub(super) row: usize,
}

/// Sums over needles.
#[derive(Clone, Debug)]
pub(super) struct Sums {
    /// Xⱼ: weighted products by testing channel.
    pub(super) channels: Vec<f64>,
    /// C: weighted products of every channel of the base with every channel of the suspect.
    pub(super) crossed: DMatrix<f64>,
    /// Sum of the cosines.
    pub(super) cosines: f64,
    /// Needles found.
    pub(super) found: usize,
    /// Needles.
    pub(super) needles: usize,
}

impl Sums {
    /// Nothing yet, over `width` testing channels.
    pub(super) fn new(width: usize) -> Self {
        Self { channels: vec![0.0; width], crossed: DMatrix::zeros(width, width), cosines: 0.0, found: 0, needles: 0 }
    }

    /// The needles of a bundle of the base, each with its partner.
    pub(super) fn of(base: &Bundle<'_>, partners: &[Partner<'_>], cut: Cut) -> Self {
        let width = cut.width(Half::Testing);
        let mut sums = Self::new(width);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for partner in partners {
            let choice = partner.choice;
            let pairs = pairs(base, partner);
            let share = 1.0 / pairs.len().max(1) as f32;
            let mut cosine = 0.0;
            for (left, right, known) in pairs {
                let start = ours.len();
                cut.unit(left, Half::Testing, &mut ours);
                cut.unit(right, Half::Testing, &mut theirs);
                let factor = if known { share } else { share * choice.sign };
                let (left, right) = (ours.get_mut(start..), theirs.get(start..));
                for ((slot, a), b) in
                    sums.channels.iter_mut().zip(left.into_iter().flatten()).zip(right.into_iter().flatten())
                {
                    let product = f64::from(factor * *a) * f64::from(*b);
                    *slot += choice.weight * product;
                    cosine += product;
                    *a *= factor * choice.weight as f32;
                }
            }
            sums.cosines += cosine;
            sums.found += usize::from(cosine > FOUND);
            sums.needles += 1;
        }
        if let Some(count) = ours.len().checked_div(width) {
            let (ours, theirs) = (DMatrix::from_vec(width, count, ours), DMatrix::from_vec(width, count, theirs));
            sums.crossed = (ours * theirs.transpose()).map(f64::from);
        }
        sums
    }

    /// Adds the sums of other needles.
    pub(super) fn add(&mut self, other: &Self) {
        self.channels.iter_mut().zip(&other.channels).for_each(|(sum, x)| *sum += x);
        self.crossed += &other.crossed;
        self.cosines += other.cosines;
        self.found += other.found;
        self.needles += other.needles;
    }

    /// z of T = Σ Cⱼⱼ over permutations of the suspect's channels: mean ΣC/n, variance Σd²ⱼₖ/(n−1).
    pub(super) fn permutation_z(&self) -> f64 {
        let n = self.crossed.nrows();
        if n < 2 {
            return 0.0;
        }
        let size = n as f64;
        let rows: Vec<f64> = self.crossed.row_iter().map(|row| row.sum() / size).collect();
        let columns: Vec<f64> = self.crossed.column_iter().map(|column| column.sum() / size).collect();
        let mean = columns.iter().sum::<f64>() / size;
        let mut squares = 0.0;
        for (column, by_column) in self.crossed.column_iter().zip(&columns) {
            for (c, by_row) in column.iter().zip(&rows) {
                let d = c - by_row - by_column + mean;
                squares += d * d;
            }
        }
        let deviation = (squares / (size - 1.0)).sqrt();
        if deviation > 0.0 { (self.crossed.trace() - mean * size) / deviation } else { 0.0 }
    }
}

/// Cosine of a needle and its partner on the testing channels, mean over the roles.
pub(super) fn cosine(base: &Bundle<'_>, partner: &Partner<'_>, cut: Cut) -> f64 {
    let pairs = pairs(base, partner);
    let roles = pairs.len().max(1) as f64;
    let (mut left, mut right) = (Vec::new(), Vec::new());
    let sum: f64 = pairs
        .into_iter()
        .map(|(ours, theirs, known)| {
            left.clear();
            right.clear();
            cut.unit(ours, Half::Testing, &mut left);
            cut.unit(theirs, Half::Testing, &mut right);
            let dot: f64 = left.iter().zip(&right).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            if known { dot } else { dot * f64::from(partner.choice.sign) }
        })
        .sum();
    sum / roles
}

/// Rows of both sides by role, and whether their sign is known.
fn pairs<'a>(base: &Bundle<'a>, partner: &Partner<'a>) -> Vec<(&'a [i8], &'a [i8], bool)> {
    let known = base.fixed.is_some();
    base.roles()
        .zip(partner.bundle.roles())
        .enumerate()
        .map(|(at, (ours, theirs))| (ours.row(partner.needle), theirs.row(partner.row), known && at == 0))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::splitmix64;

    /// All 5! permutations, counted, have the mean and the variance of the formula.
    #[test]
    fn mean_and_variance_over_all_permutations_are_those_of_the_formula() {
        let mut sums = Sums::new(5);
        sums.crossed = DMatrix::from_fn(5, 5, |r, c| (splitmix64((r * 5 + c) as u64) % 1000) as f64 / 1000.0);
        let mut traces = Vec::new();
        for code in 0..3125usize {
            let picked: Vec<usize> = (0..5u32).map(|at| code / 5usize.pow(at) % 5).collect();
            if (0..5).all(|value| picked.contains(&value)) {
                traces.push(picked.iter().enumerate().map(|(r, c)| sums.crossed[(r, *c)]).sum::<f64>());
            }
        }
        assert_eq!(traces.len(), 120);
        let mean = traces.iter().sum::<f64>() / 120.0;
        let variance = traces.iter().map(|t| (t - mean) * (t - mean)).sum::<f64>() / 120.0;
        let z = (sums.crossed.trace() - mean) / variance.sqrt();
        assert!((sums.permutation_z() - z).abs() < 1e-9, "{} {z}", sums.permutation_z());
    }
}
