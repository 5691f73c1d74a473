// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Products of matrices stored by rows.
//!
//! In: slices [rows, columns]. Out: their product, by rows. One thread, fixed order of sums.

use crate::linear::{add_product, add_project};

/// A·Bᵀ, [m, n], of `a` [m, width] and `b` [n, width].
pub(super) fn times_transposed(a: &[f32], b: &[f32], width: usize) -> Vec<f32> {
    if width == 0 {
        return Vec::new();
    }
    let mut product = vec![0.0; (a.len() / width) * (b.len() / width)];
    add_project(a, b, width, &mut product);
    product
}

/// A·B, [m, width], of `a` [m, inner] and `b` [inner, width].
pub(super) fn times(a: &[f32], b: &[f32], width: usize) -> Vec<f32> {
    let inner = b.len().checked_div(width).unwrap_or_default();
    let mut product = vec![0.0; a.len().checked_div(inner).unwrap_or_default() * width];
    add_product(a, b, width, &mut product);
    product
}

#[cfg(test)]
mod tests {
    use super::{times, times_transposed};
    use crate::fingerprint::sketch::algebra::dot;

    #[test]
    fn products_are_those_of_the_definition() {
        for (m, n, width) in [(6, 9, 20), (9, 12, 20), (40, 3, 2), (1, 50, 9), (8, 8, 8), (3, 4, 70)] {
            check(m, n, width);
        }
    }

    fn check(m: usize, n: usize, width: usize) {
        let a: Vec<f32> = (0..m * width).map(|x| ((x * 37) % 11) as f32 - 5.0).collect();
        let b: Vec<f32> = (0..n * width).map(|x| ((x * 53) % 13) as f32 - 6.0).collect();
        let product = times_transposed(&a, &b, width);
        let turned: Vec<f32> = (0..width * n).map(|x| b[(x % n) * width + x / n]).collect();
        for i in 0..m {
            for j in 0..n {
                // Small integers: every order of the sum is exact.
                let expected: f32 = (0..width).map(|k| a[i * width + k] * b[j * width + k]).sum();
                assert_eq!(product[i * n + j], expected);
                assert_eq!(f64::from(expected), dot(&a[i * width..][..width], &b[j * width..][..width]));
            }
        }
        assert_eq!(times(&a, &turned, n), product);
    }

    #[test]
    fn nothing_times_anything_is_nothing() {
        assert!(times(&[], &[], 3).is_empty() && times_transposed(&[1.0], &[], 1).is_empty());
    }
}
