// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Do products of one row, or of one column, move together?
//!
//! In: the sampled values of two matrices, and where they stand. Out: the factor by which the standard deviation of the
//! sum of their products is larger than that of independent signs.
//!
//! With uₜ = aₜ(bₜ − ρaₜ), ρ = Σab/Σa², what a common part leaves, and U_g the sum of u over the places in line g, the
//! factor is √(Σ U_g² / Σ uₜ²), by rows or by columns, whichever is larger. For independent signs it is near 1. It is
//! larger where a few heavy rows rule the means that were taken off (tokens of very different norms), or where
//! neighbours resemble one another. A copy leaves nothing that moves together, so its p-value stays.

use std::collections::BTreeMap;

use crate::fingerprint::{MATCHING, positions};

/// Where the testing values of matrices of one shape stand.
pub(super) struct Places(Vec<(usize, usize)>);

impl Places {
    /// Those of a shape.
    pub(super) fn of((rows, columns): (u64, u64)) -> Self {
        Self(positions(rows, columns).skip(MATCHING).collect())
    }
}

/// The factor for two matrices.
pub(super) fn spread(ours: &[i8], theirs: &[i8], places: &Places) -> f64 {
    let pairs = || ours.iter().zip(theirs).map(|(a, b)| (f64::from(*a), f64::from(*b)));
    let (common, size) = pairs().fold((0.0, 0.0), |(common, size), (a, b)| (common + a * b, size + a * a));
    let share = common / f64::max(size, f64::MIN_POSITIVE);
    let (mut rows, mut columns): (BTreeMap<usize, f64>, BTreeMap<usize, f64>) = (BTreeMap::new(), BTreeMap::new());
    let mut squares = 0.0;
    for ((a, b), (row, column)) in pairs().zip(&places.0) {
        let left = a * (b - share * a);
        squares += left * left;
        *rows.entry(*row).or_default() += left;
        *columns.entry(*column).or_default() += left;
    }
    let together = |lines: BTreeMap<usize, f64>| lines.into_values().map(|sum| sum * sum).sum::<f64>();
    if squares > 0.0 { (together(rows).max(together(columns)) / squares).sqrt() } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::{Places, spread};
    use crate::fingerprint::{MATCHING, POSITIONS, splitmix64};

    const SHAPE: (u64, u64) = (64, 32);

    fn noise(seed: u64) -> Vec<i8> {
        (MATCHING..POSITIONS).map(|at| (splitmix64(seed << 32 | at as u64) % 255) as u8 as i8).collect()
    }

    #[test]
    fn independent_values_and_copies_are_left_as_they_are() {
        let places = Places::of(SHAPE);
        for seed in 0..50 {
            let (a, b) = (noise(2 * seed), noise(2 * seed + 1));
            assert!(spread(&a, &b, &places) < 1.5, "{}", spread(&a, &b, &places));
        }
        assert_eq!(spread(&noise(1), &noise(1), &places), 1.0);
    }

    #[test]
    fn signs_that_belong_to_columns_are_told() {
        let places = Places::of(SHAPE);
        let column = |seed: u64| -> Vec<i8> {
            let sign = |at: usize| if splitmix64(seed << 20 | at as u64).is_multiple_of(2) { 90 } else { -90 };
            places.0.iter().map(|(_, column)| sign(*column)).collect()
        };
        // Twelve values a column, of one sign: √12 but for what the common part takes.
        for seed in 0..20 {
            let factor = spread(&column(2 * seed), &column(2 * seed + 1), &places);
            assert!((2.5..3.7).contains(&factor), "{factor}");
        }
    }
}
