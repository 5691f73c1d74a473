// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The few statistics the tables need.
//!
//! AUC = P(score of a positive > score of a negative) + ½·P(equal). Clopper–Pearson: the largest rate at which k or fewer
//! events in n are not rarer than 5 %.

/// Area under the ROC curve; `None` without positives or negatives.
pub fn auc(positives: &[f64], negatives: &[f64]) -> Option<f64> {
    if positives.is_empty() || negatives.is_empty() {
        return None;
    }
    let wins = |p: f64| -> f64 {
        negatives
            .iter()
            .map(|n| {
                if p > *n {
                    1.0
                } else if p == *n {
                    0.5
                } else {
                    0.0
                }
            })
            .sum::<f64>()
    };
    let won: f64 = positives.iter().map(|p| wins(*p)).sum();
    Some(won / (positives.len() * negatives.len()) as f64)
}

/// Errors at a threshold: positives at or below it, negatives above it.
pub fn errors(positives: &[f64], negatives: &[f64], threshold: f64) -> (usize, usize) {
    let missed = positives.iter().filter(|score| **score <= threshold).count();
    (missed, negatives.iter().filter(|score| **score > threshold).count())
}

/// The threshold with the smallest sum of both error rates, and the errors there; the lowest of equals.
pub fn best_threshold(positives: &[f64], negatives: &[f64]) -> Option<(f64, (usize, usize))> {
    let rate = |(missed, accused): (usize, usize)| {
        missed as f64 / positives.len().max(1) as f64 + accused as f64 / negatives.len().max(1) as f64
    };
    let mut thresholds: Vec<f64> = positives.iter().chain(negatives).copied().collect();
    thresholds.sort_by(f64::total_cmp);
    let at = |threshold: f64| (threshold, errors(positives, negatives, threshold));
    thresholds.into_iter().map(at).min_by(|a, b| rate(a.1).total_cmp(&rate(b.1)))
}

/// Upper 95 % limit of a rate after `events` in `trials` (Clopper and Pearson 1934, one-sided).
pub fn upper_limit(events: usize, trials: usize) -> f64 {
    if events >= trials {
        return 1.0;
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let rate = 0.5 * (low + high);
        if at_most(events, trials, rate) > 0.05 {
            low = rate;
        } else {
            high = rate;
        }
    }
    high
}

/// P(X ≤ events), X binomial.
fn at_most(events: usize, trials: usize, rate: f64) -> f64 {
    let mut term = (trials as f64 * (-rate).ln_1p()).exp();
    let mut sum = term;
    for k in 0..events {
        term *= (trials - k) as f64 / (k + 1) as f64 * rate / (1.0 - rate);
        sum += term;
    }
    sum
}

/// The value below which a share of the values lies (nearest rank); the values must be sorted.
pub fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let at = ((share * sorted.len() as f64).ceil() as usize).max(1) - 1;
    sorted.get(at.min(sorted.len().saturating_sub(1))).copied()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_area_counts_pairs() {
        assert_eq!(auc(&[2.0, 3.0], &[1.0]), Some(1.0));
        assert_eq!(auc(&[2.0, 0.0], &[1.0, 0.0]), Some(0.625));
        assert_eq!(auc(&[], &[1.0]), None);
    }

    #[test]
    fn the_best_threshold_separates_what_can_be_separated() {
        assert_eq!(best_threshold(&[0.5, 0.9], &[0.1, 0.4]), Some((0.4, (0, 0))));
        assert_eq!(errors(&[0.5, 0.9], &[0.1, 0.95], 0.9), (2, 1));
    }

    #[test]
    fn the_limit_of_no_events_is_the_rule_of_three() {
        for n in [10, 100, 1000] {
            // Closed form for 0 events: 1 − 0.05^(1/n).
            assert!((upper_limit(0, n) - (1.0 - 0.05f64.powf(1.0 / n as f64))).abs() < 1e-9);
        }
        // 2 of 20: tabulated 0.2826.
        assert!((upper_limit(2, 20) - 0.2826).abs() < 1e-4);
        assert_eq!(upper_limit(5, 5), 1.0);
    }

    #[test]
    fn quantiles_are_values() {
        let values = [-3.0, -1.0, 0.0, 0.0];
        assert_eq!(quantile(&values, 0.25).unwrap(), -3.0);
        assert_eq!(quantile(&values, 0.5).unwrap(), -1.0);
        assert_eq!(quantile(&values, 1.0).unwrap(), 0.0);
        assert_eq!(quantile(&[], 0.5), None);
    }
}
