// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Do neighbouring channels resemble one another?
//!
//! In: int8 rows over the channels. Out: |Σ xⱼxⱼ₊₁| / Σ xⱼ², of rows less their means: a mean over the channels is what
//! LayerNorm makes, and it is dealt with elsewhere. The channels of a trained residual stream stand in no order,
//! and their signs are free: that is the null of the needle tests. Where neighbours go together, as in a table of
//! sinusoids or a filter over pixels, a sign belongs to a stretch of channels, and what chooses knows what tests.

/// Correlation of neighbours, on both sides, from which nothing is concluded. Trained networks reach some hundredths.
pub(super) const ORDERED: f64 = 0.2;

/// The correlation over some rows.
pub(super) fn neighbours<'a>(rows: impl Iterator<Item = &'a [i8]>) -> f64 {
    let (mut products, mut squares) = (0.0, 0.0);
    for row in rows {
        let mean = row.iter().map(|x| f64::from(*x)).sum::<f64>() / row.len().max(1) as f64;
        let product = |pair: &[i8]| pair.iter().map(|x| f64::from(*x) - mean).product::<f64>();
        products += row.windows(2).map(product).sum::<f64>();
        squares += row.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>();
    }
    products.abs() / f64::max(squares, 1.0)
}

#[cfg(test)]
mod tests {
    use super::{ORDERED, neighbours};
    use crate::fingerprint::splitmix64;

    #[test]
    fn an_order_of_the_channels_is_told_from_none() {
        let noise: Vec<i8> = (0..64 * 32).map(|at| splitmix64(at) as u8 as i8).collect();
        assert!(neighbours(noise.chunks(32)) < 0.1);
        let smooth: Vec<i8> = (0..64 * 32).map(|at| (100.0 * (f64::from(at) * 0.3).sin()) as i8).collect();
        assert!(neighbours(smooth.chunks(32)) > 3.0 * ORDERED);
        // A mean over the channels is no order.
        let lifted: Vec<i8> = noise.iter().map(|x| x / 4 + 60).collect();
        assert!(neighbours(lifted.chunks(32)) < 0.1);
        assert_eq!(neighbours([[0i8; 8].as_slice()].into_iter()), 0.0);
    }
}
