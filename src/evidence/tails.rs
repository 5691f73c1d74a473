// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Tail bounds in log space, where p-values of 1e-300 are ordinary.

use std::f64::consts::LN_10;

/// ln of the bound on P(Σ εⱼxⱼ ≥ S) for independent random signs εⱼ: −S²/2Q with Q = Σ xⱼ² (Hoeffding 1963).
/// Zero when the sum is not positive.
pub(super) fn rademacher(sum: f64, squares: f64) -> f64 {
    if sum > 0.0 && squares > 0.0 { -sum * sum / (2.0 * squares) } else { 0.0 }
}

/// Multiplies a p-value, given as ln p, by a number of comparisons; at most p = 1.
pub(super) fn corrected(ln_p: f64, comparisons: usize) -> f64 {
    (ln_p + (comparisons.max(1) as f64).ln()).min(0.0)
}

/// ln p → log10 p, with no negative zero.
pub(super) fn log10(ln_p: f64) -> f64 {
    let value = ln_p / LN_10;
    if value == 0.0 { 0.0 } else { value }
}

#[cfg(test)]
mod tests {
    use statrs::distribution::{ContinuousCDF as _, Normal};

    use super::{corrected, rademacher};

    #[test]
    fn the_bound_is_never_below_the_gaussian_tail() -> Result<(), statrs::distribution::NormalError> {
        let normal = Normal::new(0.0, 1.0)?;
        for z in [0.5, 1.0, 2.0, 4.0, 6.0] {
            let n = 400.0f64;
            assert!(rademacher(z * n.sqrt(), n) >= normal.sf(z).ln(), "z = {z}");
        }
        Ok(())
    }

    #[test]
    fn the_bound_holds_for_all_signs_of_a_small_sum() {
        let x = [1.0, 2.0, 0.5, 3.0, 1.5, 1.0, 0.25, 2.5, 1.0, 0.75];
        let squares: f64 = x.iter().map(|v| v * v).sum();
        for threshold in [2.0, 4.0, 6.0, 8.0, 12.0] {
            let reached = (0..1u32 << x.len())
                .filter(|signs| {
                    let sum: f64 = x.iter().enumerate().map(|(j, v)| if signs >> j & 1 == 1 { *v } else { -*v }).sum();
                    sum >= threshold
                })
                .count();
            let p = reached as f64 / f64::from(1u32 << x.len());
            assert!(p <= rademacher(threshold, squares).exp() + 1e-12, "threshold {threshold}: {p}");
        }
    }

    #[test]
    fn correction_never_exceeds_one() {
        assert_eq!(corrected(-1.0, 1000), 0.0);
        assert_eq!(corrected(-10.0, 1), -10.0);
    }
}
