// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Products of few vectors with tall matrices, and the symmetric square root.
//!
//! In: row-major f32 matrices of up to some 150,000 rows over the residual channels. Out: f32 products, f64 sums. Rows
//! are taken in blocks of a fixed size whose partial sums are added in order, so a result is the same to the bit for
//! any number of threads.

use nalgebra::{DMatrix, SymmetricEigen};
use rayon::prelude::*;

use super::canonical::Matrix;
use crate::linear::{add_combine, add_project, widest};

/// Rows a block.
const BLOCK: usize = 2048;
/// Values of the rows that are projected and combined again before the next ones are read: a part of the second cache.
const NEAR: usize = 1 << 16;
/// Share of the largest eigenvalue below which directions are not amplified further when whitening.
const RIDGE: f64 = 0.01;
/// Rounds an eigenvalue may take; more are needed only where values are not finite.
const ROUNDS: usize = 10_000;

/// vectors [k, d] · matrixᵀ [d, n], transposed: [n, k], one row a row of `matrix`.
pub(super) fn project(matrix: &Matrix, vectors: &Matrix) -> Matrix {
    let (d, k) = (matrix.columns, vectors.rows);
    let mut out = Matrix { values: vec![0.0; matrix.rows * k], rows: matrix.rows, columns: k };
    if vectors.columns != d || d == 0 || k == 0 {
        return out;
    }
    let blocks = out.values.par_chunks_mut(BLOCK * k).zip(matrix.values.par_chunks(BLOCK * d));
    blocks.for_each(|(out, block)| add_project(block, &vectors.values, d, out));
    out
}

/// coefficientsᵀ [k, n] · matrix [n, d]: [k, d]; `coefficients` [n, k] has one row a row of `matrix`.
pub(super) fn combine(coefficients: &Matrix, matrix: &Matrix) -> Matrix {
    let (d, k) = (matrix.columns, coefficients.columns);
    if coefficients.rows != matrix.rows || d == 0 || k == 0 {
        return Matrix { values: vec![0.0; k * d], rows: k, columns: d };
    }
    let blocks = matrix.values.par_chunks(BLOCK * d).zip(coefficients.values.par_chunks(BLOCK * k));
    let partial = blocks.map(|(block, coefficients)| {
        let mut sum = vec![0.0; k * d];
        add_combine(coefficients, block, d, &mut sum);
        sum
    });
    total(partial.collect(), k, d)
}

/// Vectors [k, d] through an operator: Σᵢ (v·fromᵢ)·factorᵢₖ·toᵢ, [k, d]. `factors` has one row a row of the matrices;
/// its width divides k, and vectors share a factor in runs of k / width. Rows are projected and combined again while
/// they are near.
pub(super) fn passed(from: &Matrix, to: &Matrix, vectors: &Matrix, factors: &Matrix) -> Matrix {
    let (d, k) = (from.columns, vectors.rows);
    let runs = factors.columns;
    if vectors.columns != d || to.columns != d || to.rows != from.rows || factors.rows != from.rows || d == 0 || k == 0
    {
        return Matrix { values: vec![0.0; k * d], rows: k, columns: d };
    }
    let near = (NEAR / d).clamp(8, 128);
    let blocks = from.values.par_chunks(BLOCK * d).zip(to.values.par_chunks(BLOCK * d)).enumerate();
    let partial = blocks.map(|(block, (from, to))| {
        let mut sum = vec![0.0; k * d];
        let mut through = vec![0.0f32; near * k];
        let factors = factors.values.get(block * BLOCK * runs..).unwrap_or_default();
        let mut factors = factors.chunks_exact(runs.max(1));
        for (from, to) in from.chunks(near * d).zip(to.chunks(near * d)) {
            let rows = from.len() / d;
            let Some(through) = through.get_mut(..rows * k) else { continue };
            through.fill(0.0);
            add_project(from, &vectors.values, d, through);
            if runs > 0 {
                for (row, factors) in through.chunks_exact_mut(k).zip(&mut factors) {
                    for (run, factor) in row.chunks_mut(k.div_ceil(runs)).zip(factors) {
                        for value in run {
                            *value *= factor;
                        }
                    }
                }
            }
            add_combine(through, to, d, &mut sum);
        }
        sum
    });
    total(partial.collect(), k, d)
}

/// The sum of sums, in order.
fn total(partial: Vec<Vec<f32>>, k: usize, d: usize) -> Matrix {
    let mut values = vec![0.0; k * d];
    for sum in partial {
        values.iter_mut().zip(sum).for_each(|(total, part)| *total += part);
    }
    Matrix { values, rows: k, columns: d }
}

/// Cosines of all pairs of unit rows: [n, n].
pub(super) fn cosines(rows: &Matrix) -> Matrix {
    project(rows, rows)
}

/// Sums of products of every two rows, in f64.
#[inline(always)]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f64 {
    // Sixteen sums in turn, so that the additions do not wait for one another.
    let mut sums = [0.0f64; 16];
    let ((left, left_rest), (right, right_rest)) = (a.as_chunks::<16>(), b.as_chunks::<16>());
    for (x, y) in left.iter().zip(right) {
        for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
            *sum += f64::from(*x) * f64::from(*y);
        }
    }
    let mut total = 0.0;
    for sum in sums {
        total += sum;
    }
    for (x, y) in left_rest.iter().zip(right_rest) {
        total += f64::from(*x) * f64::from(*y);
    }
    total
}

/// Dot products of the same rows of two matrices: [n].
pub(super) fn row_dots(a: &Matrix, b: &Matrix) -> Vec<f64> {
    let width = a.columns.max(1);
    if a.columns != b.columns {
        return vec![0.0; a.rows];
    }
    let mut dots = vec![0.0; a.rows];
    let blocks = a.values.par_chunks(BLOCK * width).zip(b.values.par_chunks(BLOCK * width));
    dots.par_chunks_mut(BLOCK).zip(blocks).for_each(|(dots, (a, b))| {
        widest(|| {
            for ((slot, a), b) in dots.iter_mut().zip(a.chunks_exact(width)).zip(b.chunks_exact(width)) {
                *slot = dot(a, b);
            }
        });
    });
    dots
}

/// Scales every row to length one; a row of zeros stays.
pub(super) fn normalise(matrix: &mut Matrix) {
    for row in matrix.values.chunks_exact_mut(matrix.columns.max(1)) {
        let scale = (1.0 / dot(row, row).sqrt().max(1e-12)) as f32;
        for value in row.iter_mut() {
            *value *= scale;
        }
    }
}

/// (XᵀX/n + …)^(−1/2) by rows [k, k], for the centred rows X [n, k]: eigenvalues λ are replaced by
/// 1/√(max(λ, 0) + 0.01·λmax). `None` if nothing varies or a value is not finite.
pub(super) fn whitening(rows: &Matrix) -> Option<DMatrix<f64>> {
    let k = rows.columns;
    let moments = combine(rows, rows);
    if rows.rows == 0 || moments.values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let scale = 1.0 / rows.rows as f64;
    let mut covariance = DMatrix::from_iterator(k, k, moments.values.iter().map(|value| f64::from(*value) * scale));
    covariance = (&covariance + covariance.transpose()) * 0.5;
    let eigen = SymmetricEigen::try_new(covariance, f64::EPSILON, ROUNDS)?;
    let largest = eigen.eigenvalues.iter().fold(0.0f64, |most, value| most.max(*value));
    if largest <= 0.0 {
        return None;
    }
    let mut scaled = eigen.eigenvectors.clone();
    for (mut column, value) in scaled.column_iter_mut().zip(eigen.eigenvalues.iter()) {
        column /= (value.max(0.0) + RIDGE * largest).sqrt();
    }
    Some(scaled * eigen.eigenvectors.transpose())
}

/// The rows of `matrix` at `kept`.
pub(super) fn taken(matrix: &Matrix, kept: &[usize]) -> Matrix {
    let values = kept.iter().flat_map(|at| matrix.row(*at)).copied().collect();
    Matrix { values, rows: kept.len(), columns: matrix.columns }
}

#[cfg(test)]
mod tests {
    use super::{combine, cosines, normalise, passed, project, whitening};
    use crate::fingerprint::mixing::splitmix64;
    use crate::fingerprint::sketch::canonical::Matrix;

    fn random(rows: usize, columns: usize, seed: u64) -> Matrix {
        let value = |at| (splitmix64(at + (seed << 32)) >> 40) as f32 / 8_388_608.0 - 1.0;
        Matrix { values: (0..(rows * columns) as u64).map(value).collect(), rows, columns }
    }

    fn at(matrix: &Matrix, row: usize, column: usize) -> f64 {
        f64::from(matrix.values[row * matrix.columns + column])
    }

    #[test]
    fn products_are_those_of_the_definition() {
        // Few and many vectors take different ways; 2,500 rows are more than a block.
        for (n, d, k) in [(2500, 9, 4), (2500, 9, 12), (7, 30, 8), (3, 2, 1)] {
            let (matrix, vectors) = (random(n, d, 1), random(k, d, 2));
            let projected = project(&matrix, &vectors);
            assert_eq!((projected.rows, projected.columns), (n, k));
            for (i, j) in [(0, 0), (n - 1, k - 1), (n / 2, k / 2)] {
                let sum: f64 = (0..d).map(|c| at(&matrix, i, c) * at(&vectors, j, c)).sum();
                assert!((at(&projected, i, j) - sum).abs() < 1e-5, "{n} {d} {k}");
            }
            let combined = combine(&projected, &matrix);
            for (j, c) in [(0, 0), (k - 1, d - 1), (k / 2, d / 2)] {
                let sum: f64 = (0..n).map(|i| at(&projected, i, j) * at(&matrix, i, c)).sum();
                // f32 sums of 2,500 products.
                assert!((at(&combined, j, c) - sum).abs() < 1e-3, "{n} {d} {k}");
            }
        }
    }

    #[test]
    fn what_is_passed_through_an_operator_is_projected_and_combined() {
        let (from, to, vectors) = (random(2500, 20, 1), random(2500, 20, 2), random(6, 20, 3));
        let plain = combine(&project(&from, &vectors), &to);
        let none = Matrix { values: Vec::new(), rows: 2500, columns: 0 };
        let close = |a: &Matrix, b: &Matrix| a.values.iter().zip(&b.values).all(|(a, b)| (a - b).abs() < 1e-3);
        assert!(close(&passed(&from, &to, &vectors, &none), &plain));
        let factors = random(2500, 2, 4);
        let mut through = project(&from, &vectors);
        for (row, factors) in through.values.chunks_exact_mut(6).zip(factors.values.chunks_exact(2)) {
            row.iter_mut().enumerate().for_each(|(at, value)| *value *= factors[at / 3]);
        }
        assert!(close(&passed(&from, &to, &vectors, &factors), &combine(&through, &to)));
    }

    #[test]
    fn products_do_not_depend_on_the_number_of_threads() -> Result<(), rayon::ThreadPoolBuildError> {
        let (matrix, vectors) = (random(9000, 16, 3), random(10, 16, 4));
        let run = || combine(&project(&matrix, &vectors), &matrix);
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build()?.install(run);
        let five = rayon::ThreadPoolBuilder::new().num_threads(5).build()?.install(run);
        assert_eq!(one, five);
        Ok(())
    }

    #[test]
    fn whitened_rows_have_nearly_the_identity_as_their_covariance() {
        let mut rows = random(400, 6, 5);
        // One column much stronger than the others, and one of zeros.
        rows.values.chunks_exact_mut(6).for_each(|row| {
            row[0] *= 3.0;
            row[5] = 0.0;
        });
        let Some(white) = whitening(&rows) else { panic!("rows that vary can be whitened") };
        let x = nalgebra::DMatrix::from_fn(400, 6, |i, j| at(&rows, i, j));
        let after = (&x * &white).transpose() * (&x * &white) / 400.0;
        for j in 0..5 {
            assert!((after[(j, j)] - 1.0).abs() < 0.12, "{after}");
        }
        assert!(after[(5, 5)].abs() < 1e-9);
        assert!(whitening(&Matrix { values: vec![0.0; 40], rows: 10, columns: 4 }).is_none());
        assert!(whitening(&Matrix { values: vec![f32::NAN; 40], rows: 10, columns: 4 }).is_none());
    }

    #[test]
    fn cosines_of_unit_rows_are_symmetric_with_ones() {
        let mut rows = random(20, 15, 6);
        normalise(&mut rows);
        let gram = cosines(&rows);
        for i in 0..20 {
            assert!((at(&gram, i, i) - 1.0).abs() < 1e-5);
            assert_eq!(at(&gram, i, 3), at(&gram, 3, i));
        }
    }
}
