// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A matrix by rows, and the few things done to it on the way to the canonical form.

use rayon::prelude::*;

use crate::fingerprint::pool::Pool;
use crate::linear::add_product;

/// A matrix by rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::fingerprint::sketch) struct Matrix {
    /// Values, row by row.
    pub(in crate::fingerprint::sketch) values: Vec<f32>,
    /// Number of rows.
    pub(in crate::fingerprint::sketch) rows: usize,
    /// Number of columns.
    pub(in crate::fingerprint::sketch) columns: usize,
}

/// Side of the tiles in which a matrix is turned: two of them fit in the first-level cache.
const TILE: usize = 32;
/// Rows of a product that are computed at a time.
const BLOCK: usize = 256;

impl Matrix {
    /// A matrix of `rows` × `columns`; empty if that is not how many values there are.
    pub(super) fn new(values: Vec<f32>, rows: usize, columns: usize) -> Self {
        if rows.checked_mul(columns) == Some(values.len()) { Self { values, rows, columns } } else { Self::default() }
    }

    /// Row `at`; empty beyond the end.
    pub(in crate::fingerprint::sketch) fn row(&self, at: usize) -> &[f32] {
        self.values.get(at * self.columns..(at + 1) * self.columns).unwrap_or_default()
    }

    /// The matrix with rows over the `hidden` residual channels; `None` if neither side is as wide. `turn` says
    /// whether a square one is turned.
    pub(super) fn over(self, hidden: usize, turn: bool, pool: &Pool<f32>) -> Option<Self> {
        match (self.rows == hidden, self.columns == hidden) {
            (true, true) if !turn => Some(self),
            (true, _) => {
                let turned = self.turned_into(pool.take(self.values.len()));
                pool.give(self.values);
                Some(turned)
            }
            (false, true) => Some(self),
            (false, false) => None,
        }
    }

    /// The transposed matrix.
    #[cfg(test)]
    pub(super) fn turned(&self) -> Self {
        self.turned_into(Vec::new())
    }

    /// The transposed matrix, in memory that is there.
    fn turned_into(&self, mut values: Vec<f32>) -> Self {
        let (rows, columns) = (self.rows, self.columns);
        values.resize(self.values.len(), 0.0);
        for top in (0..rows).step_by(TILE) {
            let bottom = (top + TILE).min(rows);
            for left in (0..columns).step_by(TILE) {
                let right = (left + TILE).min(columns);
                for column in left..right {
                    let to = values.get_mut(column * rows + top..column * rows + bottom).unwrap_or_default();
                    let from = self.values.get(top * columns + column..).unwrap_or_default();
                    for (slot, value) in to.iter_mut().zip(from.iter().step_by(columns)) {
                        *slot = *value;
                    }
                }
            }
        }
        Self { values, rows: columns, columns: rows }
    }

    /// Every row times `gain` [columns]; as it is, if there is none.
    pub(super) fn scaled(mut self, gain: &[f32]) -> Self {
        if gain.len() == self.columns && !gain.is_empty() {
            for row in self.values.chunks_exact_mut(self.columns) {
                row.iter_mut().zip(gain).for_each(|(value, gain)| *value *= gain);
            }
        }
        self
    }

    /// Row i times `gain[i mod len]`; as it is, if the rows are not a multiple of the gains.
    pub(super) fn rows_scaled(mut self, gain: &[f32]) -> Self {
        if !gain.is_empty() && self.rows.is_multiple_of(gain.len()) {
            for (row, gain) in self.values.chunks_exact_mut(self.columns.max(1)).zip(gain.iter().cycle()) {
                for value in row {
                    *value *= gain;
                }
            }
        }
        self
    }

    /// Every row less its mean: the all-ones direction projected out.
    pub(super) fn centred(mut self) -> Self {
        for row in self.values.chunks_exact_mut(self.columns.max(1)) {
            let mean = row.iter().map(|value| f64::from(*value)).sum::<f64>() / row.len() as f64;
            for value in row {
                *value -= mean as f32;
            }
        }
        self
    }

    /// The rows listed, in this order; those beyond the end are left out.
    pub(super) fn picked(&self, list: impl Iterator<Item = usize>) -> Self {
        let (mut values, mut rows) = (Vec::new(), 0);
        for row in list.map(|at| self.row(at)).filter(|row| !row.is_empty()) {
            values.extend_from_slice(row);
            rows += 1;
        }
        Self { values, rows, columns: self.columns }
    }

    /// self · `right`; `None` if the inner sides differ. Rows are computed in blocks of a fixed size, each by one
    /// thread, so the result does not depend on how many there are.
    pub(super) fn times(&self, right: &Self) -> Option<Self> {
        if self.columns != right.rows || self.columns == 0 || right.columns == 0 {
            return None;
        }
        let mut values = vec![0.0; self.rows * right.columns];
        let blocks = self.values.par_chunks(BLOCK * self.columns);
        let out = values.par_chunks_mut(BLOCK * right.columns);
        out.zip(blocks).for_each(|(out, block)| add_product(block, &right.values, right.columns, out));
        Some(Self { values, rows: self.rows, columns: right.columns })
    }
}

#[cfg(test)]
mod tests {
    use super::Matrix;

    fn counted(rows: usize, columns: usize) -> Matrix {
        Matrix::new((0..rows * columns).map(|i| (i % 7) as f32 - 3.0).collect(), rows, columns)
    }

    #[test]
    fn a_matrix_turned_twice_is_itself() {
        let matrix = counted(70, 45);
        let turned = matrix.turned();
        assert_eq!((turned.rows, turned.columns, turned.values[1]), (45, 70, matrix.values[45]));
        assert_eq!(turned.turned(), matrix);
    }

    #[test]
    fn a_product_is_the_sum_of_products() {
        let (a, b) = (counted(300, 5), counted(5, 3));
        let product = a.times(&b).unwrap_or_default();
        // Small whole numbers: exact in f32.
        let expected: f32 = (0..5).map(|k| a.row(299)[k] * b.row(k)[2]).sum();
        assert_eq!((product.rows, product.columns, product.row(299)[2]), (300, 3, expected));
        assert_eq!(a.times(&a), None);
    }

    #[test]
    fn rows_lose_their_mean_and_take_gains() {
        let centred = Matrix::new(vec![1.0, 3.0, 5.0, 5.0], 2, 2).centred();
        assert_eq!(centred.values, [-1.0, 1.0, 0.0, 0.0]);
        let scaled = Matrix::new(vec![1.0; 8], 4, 2).rows_scaled(&[2.0, 3.0]);
        assert_eq!(scaled.values, [2.0, 2.0, 3.0, 3.0, 2.0, 2.0, 3.0, 3.0]);
    }
}
