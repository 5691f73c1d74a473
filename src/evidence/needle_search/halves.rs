// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! int8 rows → unit vectors on the even or on the odd channels.
//!
//! In: rows of a sketch. Out: matrices of halves, one column a row, so that cosines are plain products.

use nalgebra::DMatrix;

use crate::fingerprint::Rows;

/// Which channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    /// Even channels: they choose.
    Matching,
    /// Odd channels: they test.
    Testing,
}

/// How halves are cut: from how many channels, and whether each has its mean taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// Channels common to both sides.
    pub(super) channels: usize,
    /// Whether both networks subtract a mean over the channels.
    pub(super) centred: bool,
}

impl Cut {
    /// Channels of a half.
    pub(super) fn width(self, half: Half) -> usize {
        match half {
            Half::Matching => self.channels.div_ceil(2),
            Half::Testing => self.channels / 2,
        }
    }

    /// Appends one half of a row, of unit length; zeros if there is nothing in it.
    pub(super) fn unit(self, row: &[i8], half: Half, into: &mut Vec<f32>) {
        let first = usize::from(half == Half::Testing);
        let row = row.get(..self.channels).unwrap_or_default();
        let values = || row.iter().skip(first).step_by(2).map(|x| f32::from(*x));
        // Sums of whole numbers below 2²⁴ are exact in f32.
        let mean = if self.centred { values().sum::<f32>() / self.width(half).max(1) as f32 } else { 0.0 };
        let squares: f32 = values().map(|x| (x - mean) * (x - mean)).sum();
        let scale = if squares > 0.0 { squares.sqrt().recip() } else { 0.0 };
        let start = into.len();
        into.extend(values().map(|x| (x - mean) * scale));
        into.resize(start + self.width(half), 0.0);
    }

    /// Halves of the first `count` rows of each of `stacked`, one column a row: the halves of the first of `stacked`
    /// above those of the second. [`stacked` · width, count]
    pub(super) fn columns(self, stacked: &[&Rows], count: usize, half: Half) -> DMatrix<f32> {
        let height = stacked.len() * self.width(half);
        let mut values = Vec::with_capacity(height * count);
        for at in 0..count {
            for rows in stacked {
                self.unit(rows.row(at), half, &mut values);
            }
        }
        DMatrix::from_vec(height, count, values)
    }
}

/// Rows that are looked for, or looked in, together.
#[derive(Clone, Debug)]
pub(super) struct Bundle<'a> {
    /// Rows whose sign is known: gates.
    pub(super) fixed: Option<&'a Rows>,
    /// Rows that share one unknown sign: up and down; one attention projection.
    pub(super) signed: Vec<&'a Rows>,
    /// Rows of each, as many as all have.
    pub(super) count: usize,
}

impl<'a> Bundle<'a> {
    /// The first `most` rows; `None` if there are none.
    pub(super) fn new(fixed: Option<&'a Rows>, signed: Vec<&'a Rows>, most: usize) -> Option<Self> {
        let count = fixed.iter().chain(&signed).map(|rows| rows.count()).min()?.min(most);
        (count > 0).then_some(Self { fixed, signed, count })
    }

    /// All its rows: the one whose sign is known first.
    pub(super) fn roles(&self) -> impl Iterator<Item = &'a Rows> {
        self.fixed.into_iter().chain(self.signed.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_unit_vectors_of_even_and_odd_channels() {
        let rows = Rows { columns: 5, values: vec![3, 1, 4, 0, 9, 0, 2, 0, 0, 7] };
        let cut = Cut { channels: 4, centred: false };
        let even = cut.columns(&[&rows, &rows], 2, Half::Matching);
        assert_eq!(even.shape(), (4, 2));
        assert!((even.column(0) - DMatrix::from_vec(4, 1, vec![0.6, 0.8, 0.6, 0.8]).column(0)).norm() < 1e-6);
        assert_eq!(even.column(1).norm(), 0.0);
        let centred = Cut { centred: true, ..cut }.columns(&[&rows], 2, Half::Testing);
        assert!((centred.column(0).norm() - 1.0).abs() < 1e-6 && centred.column(0).sum().abs() < 1e-6);
    }
}
