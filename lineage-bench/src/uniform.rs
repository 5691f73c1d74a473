// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Are p-values smaller than they should be?
//!
//! In: p-values of independent pairs for which the null holds. Out: the smallest probability, corrected for the questions
//! asked here, with which values that are at least uniform, P(p ≤ α) ≤ α for every α, would look so small. Larger is
//! conservative, and right. Five questions: at most so many values below 0.1, 0.01, and 0.001 (binomial); so small a
//! smallest value (1 − (1 − p)ⁿ ≤ n·p); and so large a distance of the whole distribution above the uniform one,
//! D⁺ = max (i/n − p₍ᵢ₎), P(D⁺ > d) ≤ exp(−2nd²) (Massart 1990, with the factor 2 where the bound needs it).

use serde::Serialize;

/// Levels at which values are counted.
pub const LEVELS: [f64; 3] = [0.1, 0.01, 0.001];
/// Questions asked of a set of values.
const QUESTIONS: f64 = LEVELS.len() as f64 + 2.0;

/// What some p-values look like.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Uniformity {
    /// Values.
    pub count: usize,
    /// Values at or below each level.
    pub below: [usize; 3],
    /// log10 of the smallest.
    pub smallest_log10: f64,
    /// D⁺.
    pub distance: f64,
    /// Probability of looking so, if no value is smaller than it should be; corrected for what is asked.
    pub p: f64,
}

/// Looks at log10 p of independent pairs.
pub fn uniformity(log10_p: &[f64]) -> Uniformity {
    let count = log10_p.len();
    if count == 0 {
        return Uniformity { p: 1.0, ..Uniformity::default() };
    }
    let n = count as f64;
    let mut sorted = log10_p.to_vec();
    sorted.sort_by(f64::total_cmp);
    let below = LEVELS.map(|level| sorted.iter().filter(|p| **p <= level.log10()).count());
    let smallest_log10 = sorted.first().copied().unwrap_or_default();
    let above = sorted.iter().enumerate().map(|(at, p)| (at + 1) as f64 / n - 10f64.powf(*p));
    let distance = above.fold(0.0, f64::max);
    let counted = LEVELS.iter().zip(below).map(|(level, below)| at_least(below, count, *level));
    let extreme = n * 10f64.powf(smallest_log10);
    let whole = 2.0 * (-2.0 * n * distance * distance).exp();
    let least = counted.fold(extreme.min(whole), f64::min);
    Uniformity { count, below, smallest_log10, distance, p: (QUESTIONS * least).min(1.0) }
}

/// P(X ≥ events), X binomial.
pub fn at_least(events: usize, trials: usize, rate: f64) -> f64 {
    if events == 0 {
        return 1.0;
    }
    // Terms in logarithms: thousands of trials would underflow a product.
    let odds = (rate / (1.0 - rate)).ln();
    let mut ln_term = trials as f64 * (-rate).ln_1p();
    let mut sum = 0.0;
    for k in 0..=trials {
        if k >= events {
            sum += ln_term.exp();
        }
        ln_term += ((trials - k) as f64 / (k + 1) as f64).ln() + odds;
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn uniform(seed: u64, count: usize) -> Vec<f64> {
        let mut random = Random::new(seed);
        (0..count).map(|_| (1.0 - random.uniform()).log10()).collect()
    }

    #[test]
    fn uniform_values_and_larger_ones_pass() {
        for seed in 0..40 {
            let values = uniform(seed, 600);
            assert!(uniformity(&values).p > 1e-3, "seed {seed}");
            let larger: Vec<f64> = values.iter().map(|p| p / 2.0).collect();
            assert_eq!(uniformity(&larger).p, 1.0);
        }
        assert_eq!(uniformity(&[0.0; 50]).p, 1.0);
        assert_eq!(uniformity(&[]).p, 1.0);
    }

    #[test]
    fn values_that_are_a_third_of_what_they_should_be_are_told() {
        for seed in 0..40 {
            let smaller: Vec<f64> = uniform(seed, 600).iter().map(|p| p - 3f64.log10()).collect();
            assert!(uniformity(&smaller).p < 1e-6, "seed {seed}: {:?}", uniformity(&smaller));
        }
    }

    #[test]
    fn a_single_value_that_cannot_be_is_told() {
        let mut values = vec![0.0; 999];
        values.push(-9.0);
        let found = uniformity(&values);
        assert!((found.p - 5e-6).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn binomial_tails_agree_with_sums_by_hand() {
        // 1 − 0.9¹⁰ and 1 − 0.9¹⁰ − 10·0.1·0.9⁹.
        assert!((at_least(1, 10, 0.1) - 0.651_321_559_9).abs() < 1e-9);
        assert!((at_least(2, 10, 0.1) - 0.263_901_070_9).abs() < 1e-9);
        assert_eq!(at_least(0, 10, 0.1), 1.0);
        assert!((at_least(10, 10, 0.1) - 1e-10).abs() < 1e-20);
    }
}
