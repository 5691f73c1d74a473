// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The upper tail of the normal distribution, in log space.
//!
//! In: z. Out: ln P(N(0, 1) > z), also where the probability itself underflows.

use std::f64::consts::{LN_2, PI};

/// ln P(N(0, 1) > z).
///
/// Above 1 by the continued fraction of Mills' ratio, P/φ = 1/(z + 1/(z + 2/(z + 3/…))) (Laplace); between −1 and 1 by
/// the series Φ(z) − ½ = φ(z)·Σ z^(2k+1)/(1·3·…·(2k+1)) (Marsaglia 2004); below −1 by symmetry.
pub(super) fn ln_upper_tail(z: f64) -> f64 {
    if z.is_nan() {
        return 0.0;
    }
    if z > 1.0 {
        // 200 levels are beyond f64 precision from z = 1 on.
        let fraction = (1..=200).rev().fold(z, |below, k| z + f64::from(k) / below);
        return ln_density(z) - fraction.ln();
    }
    if z < -1.0 {
        return (-ln_upper_tail(-z).exp()).ln_1p();
    }
    let (mut term, mut sum) = (z, z);
    for k in 1..40 {
        term *= z * z / f64::from(2 * k + 1);
        sum += term;
    }
    (1.0 - 2.0 * sum * ln_density(z).exp()).ln() - LN_2
}

/// ln of the density of the normal distribution.
fn ln_density(z: f64) -> f64 {
    -0.5 * (z * z + (2.0 * PI).ln())
}

#[cfg(test)]
mod tests {
    use statrs::distribution::{ContinuousCDF as _, Normal};

    use super::ln_upper_tail;

    #[test]
    fn the_tail_is_that_of_another_implementation() -> Result<(), statrs::distribution::NormalError> {
        let normal = Normal::new(0.0, 1.0)?;
        for at in -60..=200 {
            let z = f64::from(at) / 10.0;
            // statrs computes erfc by rational functions good to about 1e-11.
            assert!((ln_upper_tail(z) - normal.sf(z).ln()).abs() < 1e-8 * (1.0 + z * z), "z = {z}");
        }
        Ok(())
    }

    #[test]
    fn far_tails_do_not_underflow() {
        // −z²/2 − ln(z√2π) − 1/z² + …, the asymptotic series.
        let expected = -5000.0 - (100.0 * (2.0 * std::f64::consts::PI).sqrt()).ln() - 1e-4;
        assert!((ln_upper_tail(100.0) - expected).abs() < 1e-6);
        assert!(ln_upper_tail(1e6).is_finite());
        assert_eq!(ln_upper_tail(-1e6), 0.0);
    }
}
