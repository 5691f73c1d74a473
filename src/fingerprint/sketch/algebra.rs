// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Products of few vectors with tall matrices, and the symmetric square root.
//!
//! In: row-major f32 matrices of up to some 150,000 rows over the residual channels. Out: f32 products, f64 sums. Rows
//! are taken in blocks of a fixed size whose partial sums are added in order, so a result is the same to the bit for
//! any number of threads.

use nalgebra::{DMatrix, DMatrixView, DMatrixViewMut, SymmetricEigen};
use rayon::prelude::*;

use super::canonical::Matrix;

/// Rows a block.
const BLOCK: usize = 2048;
/// Fewer vectors than this are padded with zeros: below it nalgebra leaves its blocked product.
const FEWEST: usize = 8;
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
    if k < FEWEST {
        let wide = project(matrix, &with_rows(vectors, FEWEST));
        for (row, wide) in out.values.chunks_exact_mut(k).zip(wide.values.chunks_exact(FEWEST)) {
            row.copy_from_slice(wide.get(..k).unwrap_or_default());
        }
        return out;
    }
    // Copied: where a side has five entries or fewer, nalgebra 0.35 reads strided views out of bounds.
    let vectors = DMatrix::from_row_slice(k, d, &vectors.values);
    out.values.par_chunks_mut(BLOCK * k).zip(matrix.values.par_chunks(BLOCK * d)).for_each(|(out, block)| {
        let count = block.len() / d;
        let block = DMatrixView::from_slice(block, d, count);
        DMatrixViewMut::from_slice(out, k, count).gemm(1.0, &vectors, &block, 0.0);
    });
    out
}

/// coefficientsᵀ [k, n] · matrix [n, d]: [k, d]; `coefficients` [n, k] has one row a row of `matrix`.
pub(super) fn combine(coefficients: &Matrix, matrix: &Matrix) -> Matrix {
    let (d, k) = (matrix.columns, coefficients.columns);
    let mut out = Matrix { values: vec![0.0; k * d], rows: k, columns: d };
    if coefficients.rows != matrix.rows || d == 0 || k == 0 {
        return out;
    }
    if k < FEWEST {
        let mut wide = Matrix { values: vec![0.0; matrix.rows * FEWEST], rows: matrix.rows, columns: FEWEST };
        for (wide, row) in wide.values.chunks_exact_mut(FEWEST).zip(coefficients.values.chunks_exact(k)) {
            wide.iter_mut().zip(row).for_each(|(wide, value)| *wide = *value);
        }
        let wide = combine(&wide, matrix);
        out.values.copy_from_slice(wide.values.get(..k * d).unwrap_or_default());
        return out;
    }
    let partial: Vec<DMatrix<f32>> = matrix
        .values
        .par_chunks(BLOCK * d)
        .zip(coefficients.values.par_chunks(BLOCK * k))
        .map(|(block, coefficients)| {
            let count = block.len() / d;
            let block = DMatrixView::from_slice(block, d, count);
            let coefficients = DMatrix::from_row_slice(count, k, coefficients);
            let mut sum = DMatrix::zeros(d, k);
            sum.gemm(1.0, &block, &coefficients, 0.0);
            sum
        })
        .collect();
    for sum in partial {
        out.values.iter_mut().zip(sum.as_slice()).for_each(|(total, part)| *total += part);
    }
    out
}

/// Cosines of all pairs of unit rows: [n, n].
pub(super) fn cosines(rows: &Matrix) -> Matrix {
    project(rows, rows)
}

/// Sums of products of every two rows, in f64.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f64 {
    // Eight sums in turn, so that the additions do not wait for one another.
    let mut sums = [0.0f64; 8];
    let (left, right) = (a.chunks_exact(8), b.chunks_exact(8));
    let tail: f64 = left.remainder().iter().zip(right.remainder()).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum();
    for (x, y) in left.zip(right) {
        for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
            *sum += f64::from(*x) * f64::from(*y);
        }
    }
    sums.iter().sum::<f64>() + tail
}

/// Dot products of the same rows of two matrices: [n].
pub(super) fn row_dots(a: &Matrix, b: &Matrix) -> Vec<f64> {
    let width = a.columns.max(1);
    if a.columns != b.columns {
        return vec![0.0; a.rows];
    }
    a.values.par_chunks(width).zip(b.values.par_chunks(width)).with_min_len(256).map(|(a, b)| dot(a, b)).collect()
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

/// The first rows of `matrix`, zeros beyond its end.
fn with_rows(matrix: &Matrix, rows: usize) -> Matrix {
    let mut values = matrix.values.clone();
    values.resize(rows * matrix.columns, 0.0);
    Matrix { values, rows, columns: matrix.columns }
}

#[cfg(test)]
mod tests {
    use super::{combine, cosines, normalise, project, whitening};
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
