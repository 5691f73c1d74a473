// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Long vectors made short.
//!
//! In: a vector of any length. Out: K ≤ 64 sums of its entries with fixed random signs (Achlioptas 2003), in int8. Inner
//! products are kept up to a relative error of about 1/√K; who compares many vectors of one network averages it away.

use crate::fingerprint::splitmix64;

/// Projects a vector; `scale` is what a sum of 127 stands for.
pub(super) fn project<const K: usize>(values: impl Iterator<Item = f32>, seed: u64, scale: f32) -> [i8; K] {
    let mut sums = [0f32; K];
    let mut count = 0u64;
    for value in values {
        let signs = splitmix64(seed ^ count);
        for (at, sum) in sums.iter_mut().enumerate() {
            *sum += if signs >> (at % 64) & 1 == 1 { value } else { -value };
        }
        count += 1;
    }
    let unit = 127.0 / (scale * (count.max(1) as f32).sqrt());
    sums.map(|sum| (sum * unit).round().clamp(-127.0, 127.0) as i8)
}

/// Inner product, in eight sums that do not wait for one another.
pub(super) fn dot<const K: usize>(a: &[f32; K], b: &[f32; K]) -> f32 {
    let mut sums = [0f32; 8];
    for (x, y) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0) {
        for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
            *sum += x * y;
        }
    }
    sums.iter().sum()
}

/// A vector at length one; zeros stay zeros.
pub(super) fn unit<const K: usize>(values: [f32; K]) -> [f32; K] {
    let length = dot(&values, &values).sqrt().max(1e-9);
    values.map(|value| value / length)
}

/// Mean of vectors; zeros for none.
pub(super) fn mean<const K: usize>(vectors: &[[f32; K]]) -> [f32; K] {
    let mut mean = [0f32; K];
    for vector in vectors {
        mean.iter_mut().zip(vector).for_each(|(mean, value)| *mean += value / vectors.len() as f32);
    }
    mean
}

/// For each of `ours` the largest cosine with one of `theirs` (all of length one), averaged; none for none.
pub(super) fn likeness<const K: usize>(ours: &[[f32; K]], theirs: &[[f32; K]]) -> Option<f32> {
    if ours.is_empty() || theirs.is_empty() {
        return None;
    }
    let best = |vector: &[f32; K]| theirs.iter().map(|other| dot(vector, other)).fold(-1.0, f32::max);
    Some(ours.iter().map(best).sum::<f32>() / ours.len() as f32)
}

#[cfg(test)]
mod tests {
    use super::{dot, project, unit};
    use crate::fingerprint::splitmix64;

    #[test]
    fn inner_products_are_nearly_kept() {
        let vector = |seed: u64| -> Vec<f32> {
            (0..400u64).map(|at| (splitmix64(at ^ (seed << 32)) >> 40) as f32 / (1u64 << 23) as f32 - 1.0).collect()
        };
        let short = |values: &[f32]| unit(project::<64>(values.iter().copied(), 7, 2.0).map(f32::from));
        let mut errors = 0.0;
        for at in 0..50 {
            let (a, b) = (vector(2 * at), vector(2 * at + 1));
            let near: Vec<f32> = a.iter().zip(&b).map(|(x, y)| x + 0.5 * y).collect();
            assert!(dot(&short(&a), &short(&near)) > 0.6);
            errors += dot(&short(&a), &short(&b)).powi(2);
        }
        assert!((errors / 50.0).sqrt() < 0.2, "{errors}");
    }
}
