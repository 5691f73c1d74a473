// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The directions common to all heads of a layer.
//!
//! In: unit rows [rows, width]. Out: the leading right singular vectors. In a trained network they are the same few
//! directions in every head, and phases relative to them are alike in all networks, so they are removed.
//!
//! Formula: block Krylov space span{V₀, (XᵀX)V₀, …, (XᵀX)ᵏV₀} (Musco and Musco 2015), then Rayleigh–Ritz. X is read
//! 2k+1 times and XᵀX, which has width² entries, is never made.

use nalgebra::{DMatrix, SymmetricEigen};

use super::products::{times, times_transposed};
use crate::fingerprint::mixing::splitmix64;
use crate::fingerprint::sketch::algebra::dot;

/// Directions removed.
pub(super) const DIRECTIONS: usize = 4;
/// Vectors a block.
const BLOCK: usize = 8;
/// Blocks of the Krylov space: at most 64 vectors, which is the whole space of the smallest networks.
const BLOCKS: usize = 8;
/// Share of a vector's length below which nothing new is left of it.
const EXHAUSTED: f64 = 1e-5;

/// The leading right singular vectors of `rows` [rows, width]: orthonormal, at most [`DIRECTIONS`], largest first.
pub(super) fn leading_directions(rows: &[f32], width: usize) -> Vec<f32> {
    let mut basis: Vec<f32> = Vec::new();
    let mut images: Vec<f32> = Vec::new();
    let mut block = orthonormalised(start(width), &basis, width);
    for step in 0..BLOCKS {
        if block.is_empty() {
            break;
        }
        let image = times_transposed(&block, rows, width);
        basis.extend_from_slice(&block);
        if step + 1 < BLOCKS {
            block = orthonormalised(times(&image, rows, width), &basis, width);
        }
        images.extend(image);
    }
    let dimension = basis.len().checked_div(width).unwrap_or_default();
    let count = rows.len().checked_div(width).unwrap_or_default();
    if dimension == 0 || count == 0 {
        return Vec::new();
    }
    let gram = times_transposed(&images, &images, count);
    if gram.iter().any(|x| !x.is_finite()) {
        return Vec::new();
    }
    let gram = DMatrix::from_iterator(dimension, dimension, gram.iter().map(|x| f64::from(*x)));
    let eigen = SymmetricEigen::new(gram);
    let mut order: Vec<usize> = (0..dimension).collect();
    let value = |at: usize| eigen.eigenvalues.as_slice().get(at).copied().unwrap_or_default();
    order.sort_by(|a, b| value(*b).total_cmp(&value(*a)));
    let mixing: Vec<f32> = order
        .iter()
        .take(DIRECTIONS)
        .flat_map(|at| eigen.eigenvectors.column(*at).iter().map(|x| *x as f32).collect::<Vec<_>>())
        .collect();
    times(&mixing, &basis, width)
}

/// Removes the projection of `rows` [rows, width] on orthonormal `directions` [k, width].
pub(super) fn deflated(mut rows: Vec<f32>, directions: &[f32], width: usize) -> Vec<f32> {
    let along = times_transposed(&rows, directions, width);
    let common = times(&along, directions, width);
    rows.iter_mut().zip(&common).for_each(|(value, common)| *value -= common);
    rows
}

/// Pseudorandom numbers in [−1, 1), the same on every run.
fn start(width: usize) -> Vec<f32> {
    (0..BLOCK * width)
        .map(|at| {
            let mantissa = splitmix64(at as u64) >> 40;
            mantissa as f32 / (1u32 << 23) as f32 - 1.0
        })
        .collect()
}

/// The rows made orthonormal to one another and to `basis`; what is linearly dependent is left out.
fn orthonormalised(mut rows: Vec<f32>, basis: &[f32], width: usize) -> Vec<f32> {
    let mut kept: Vec<f32> = Vec::with_capacity(rows.len());
    for row in rows.chunks_exact_mut(width.max(1)) {
        let before = dot(row, row).sqrt();
        // The second pass removes what rounding left of the first.
        for _ in 0..2 {
            for other in basis.chunks_exact(width).chain(kept.chunks_exact(width)) {
                let along = dot(row, other) as f32;
                row.iter_mut().zip(other).for_each(|(value, other)| *value -= along * other);
            }
        }
        let after = dot(row, row).sqrt();
        if after.is_finite() && after > EXHAUSTED * before {
            let scale = (1.0 / after) as f32;
            kept.extend(row.iter().map(|value| value * scale));
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use nalgebra::{DMatrix, SymmetricEigen};

    use super::{DIRECTIONS, deflated, leading_directions};
    use crate::fingerprint::mixing::splitmix64;

    fn random(count: usize, seed: u64) -> Vec<f32> {
        (0..count as u64).map(|at| (splitmix64(seed << 32 | at) >> 40) as f32 / (1 << 23) as f32 - 1.0).collect()
    }

    #[test]
    fn finds_the_singular_vectors_that_a_full_decomposition_finds() {
        let (rows, width) = (300, 150);
        let mut x = random(rows * width, 1);
        for direction in 0..6 {
            let (left, right) = (random(rows, 2 + direction), random(width, 20 + direction));
            for (row, left) in x.chunks_exact_mut(width).zip(&left) {
                let size = 3.0 / (1.0 + direction as f32);
                row.iter_mut().zip(&right).for_each(|(x, right)| *x += size * left * right);
            }
        }
        let found = leading_directions(&x, width);
        assert_eq!(found.len(), DIRECTIONS * width);
        let matrix = DMatrix::from_row_slice(rows, width, &x);
        let full = SymmetricEigen::new(matrix.transpose() * matrix);
        let mut order: Vec<usize> = (0..width).collect();
        order.sort_by(|a, b| full.eigenvalues[*b].total_cmp(&full.eigenvalues[*a]));
        for (at, direction) in found.chunks_exact(width).enumerate() {
            let cosine: f32 =
                direction.iter().zip(full.eigenvectors.column(order[at]).iter()).map(|(a, b)| a * b).sum();
            // f32 rounding over sums of 300 terms.
            assert!(cosine.abs() > 1.0 - 1e-4, "direction {at}: {cosine}");
        }
    }

    #[test]
    fn nothing_is_left_along_what_was_removed() {
        let rows = random(40 * 24, 7);
        let directions = leading_directions(&rows, 24);
        let left = deflated(rows, &directions, 24);
        for row in left.chunks_exact(24) {
            for direction in directions.chunks_exact(24) {
                let along: f32 = row.iter().zip(direction).map(|(a, b)| a * b).sum();
                assert!(along.abs() < 1e-4);
            }
        }
    }

    #[test]
    fn degenerate_rows_are_harmless() {
        assert!(leading_directions(&[], 8).is_empty());
        assert!(leading_directions(&[f32::NAN; 64], 8).is_empty());
        assert_eq!(leading_directions(&[1.0; 64], 2).len(), 4);
        assert!(leading_directions(&[0.0; 64], 8).iter().all(|x| x.is_finite()));
    }
}
