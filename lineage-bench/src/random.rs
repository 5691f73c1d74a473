// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Random numbers that are the same for a seed on every run.
//!
//! In: a seed. Out: uniform and normal numbers, signs, permutations, orthogonal matrices. The generator is splitmix64
//! (Steele, Lea, and Flood 2014): state += 0x9E3779B97F4A7C15, then a mix of the state.

use std::f64::consts::TAU;

use forebear::fingerprint::splitmix64;
use nalgebra::DMatrix;

/// A seeded generator.
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
    spare: Option<f64>,
}

impl Random {
    /// A generator whose numbers depend on `seed` alone.
    pub fn new(seed: u64) -> Self {
        Self { state: splitmix64(seed), spare: None }
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        splitmix64(self.state)
    }

    /// A number in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A whole number below `bound`, which must not be 0.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.uniform() * bound as f64) as usize
    }

    /// A standard normal number (Box and Muller 1958).
    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        let angle = TAU * self.uniform();
        self.spare = Some(radius * angle.sin());
        radius * angle.cos()
    }

    /// exp(σ·normal): a positive factor around 1.
    pub fn factor(&mut self, sigma: f64) -> f64 {
        (sigma * self.normal()).exp()
    }

    /// 1 or −1.
    pub fn sign(&mut self) -> f32 {
        if self.bits() >> 63 == 0 { 1.0 } else { -1.0 }
    }

    /// The numbers below `count` in random order (Fisher and Yates).
    pub fn permutation(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            order.swap(last, self.below(last + 1));
        }
        order
    }

    /// A matrix of independent normal numbers of standard deviation `sigma`.
    pub fn gaussian(&mut self, rows: usize, columns: usize, sigma: f64) -> DMatrix<f32> {
        DMatrix::from_fn(rows, columns, |_, _| (sigma * self.normal()) as f32)
    }

    /// A random orthogonal matrix: Q of the QR decomposition of a Gaussian one.
    pub fn orthogonal(&mut self, size: usize) -> DMatrix<f64> {
        DMatrix::from_fn(size, size, |_, _| self.normal()).qr().q()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_decides_every_number_and_seeds_differ() {
        let draw = |seed| {
            let mut random = Random::new(seed);
            (random.bits(), random.normal(), random.permutation(9))
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7).0, draw(8).0);
    }

    #[test]
    fn normal_numbers_have_mean_zero_and_variance_one() {
        let mut random = Random::new(1);
        let values: Vec<f64> = (0..100_000).map(|_| random.normal()).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / values.len() as f64;
        // Four standard errors: 4/√n and 4·√(2/n).
        assert!(mean.abs() < 0.0127, "{mean}");
        assert!((variance - 1.0).abs() < 0.0179, "{variance}");
    }

    #[test]
    fn a_permutation_holds_every_number_once() {
        let mut order = Random::new(3).permutation(50);
        assert_ne!(order, (0..50).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..50).collect::<Vec<_>>());
    }

    #[test]
    fn an_orthogonal_matrix_keeps_lengths() {
        let q = Random::new(5).orthogonal(12);
        assert!((q.transpose() * &q - DMatrix::identity(12, 12)).amax() < 1e-12);
    }
}
