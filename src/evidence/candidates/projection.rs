// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Long vectors made short.
//!
//! In: a vector of any length. Out: K numbers of four bits: the vector itself where it is no longer than K, else sums of
//! its entries with fixed random signs (Achlioptas 2003), which keep cosines up to about 1/√K. Lengths are dropped. Who
//! compares many vectors of one network averages the errors away.

use crate::fingerprint::splitmix64;

/// Levels that one standard deviation of the entries takes, of seven on either side.
const LEVELS: f32 = 2.0;

/// A vector as numbers of four bits, two a byte, low half first; K is twice B.
pub(super) fn short<const B: usize>(values: &[f32], seed: u64) -> [u8; B] {
    let mut entries = vec![0f32; 2 * B];
    if values.len() <= entries.len() {
        entries.iter_mut().zip(values).for_each(|(entry, value)| *entry = *value);
    } else {
        for (at, value) in values.iter().enumerate() {
            for (word, sums) in entries.chunks_mut(64).enumerate() {
                let signs = splitmix64(seed ^ ((at as u64) << 8 | word as u64));
                for (bit, sum) in sums.iter_mut().enumerate() {
                    *sum += if signs >> bit & 1 == 1 { *value } else { -value };
                }
            }
        }
    }
    let used = values.len().min(entries.len()).max(1);
    let deviation = (entries.iter().map(|entry| entry * entry).sum::<f32>() / used as f32).sqrt();
    let unit = LEVELS / deviation.max(f32::MIN_POSITIVE);
    let level = |entry: &f32| (entry * unit).round().clamp(-7.0, 7.0) as i8;
    let mut bytes = [0u8; B];
    for (byte, [low, high]) in bytes.iter_mut().zip(entries.as_chunks::<2>().0) {
        *byte = (level(low).cast_unsigned() & 15) | (level(high).cast_unsigned() << 4);
    }
    bytes
}

/// The numbers of a vector made short.
pub(super) fn numbers<const K: usize>(bytes: &[u8]) -> [f32; K] {
    let mut numbers = [0f32; K];
    for ([low, high], byte) in numbers.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
        *low = f32::from((byte << 4).cast_signed() >> 4);
        *high = f32::from(byte.cast_signed() >> 4);
    }
    numbers
}

/// Inner product, in eight sums that do not wait for one another.
fn dot<const K: usize>(a: &[f32; K], b: &[f32; K]) -> f32 {
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

/// A vector less another, at length one.
pub(super) fn less<const K: usize>(values: &[f32; K], other: &[f32; K]) -> [f32; K] {
    let mut left = *values;
    left.iter_mut().zip(other).for_each(|(value, other)| *value -= other);
    unit(left)
}

/// Mean of vectors; zeros for none.
pub(super) fn mean<const K: usize>(vectors: impl Iterator<Item = [f32; K]>) -> [f32; K] {
    let (mut mean, mut count) = ([0f32; K], 0usize);
    for vector in vectors {
        mean.iter_mut().zip(vector).for_each(|(mean, value)| *mean += value);
        count += 1;
    }
    mean.map(|sum| sum / count.max(1) as f32)
}

/// For each of `ours` the largest cosine with one of `theirs` (all of length one), averaged; none for none.
pub(super) fn likeness<const K: usize>(ours: impl Iterator<Item = [f32; K]>, theirs: &[[f32; K]]) -> Option<f32> {
    let best = |vector: [f32; K]| theirs.iter().map(|other| dot(&vector, other)).fold(-1.0, f32::max);
    let (sum, count) = ours.map(best).fold((0.0, 0usize), |(sum, count), most| (sum + most, count + 1));
    (count > 0 && !theirs.is_empty()).then(|| sum / count as f32)
}

#[cfg(test)]
mod tests {
    use super::{dot, numbers, short, unit};
    use crate::fingerprint::splitmix64;

    fn vector(length: u64, seed: u64) -> Vec<f32> {
        (0..length).map(|at| (splitmix64(at ^ (seed << 32)) >> 40) as f32 / (1u64 << 23) as f32 - 1.0).collect()
    }

    #[test]
    fn cosines_are_nearly_kept() {
        let of = |values: &[f32]| unit(numbers::<128>(&short::<64>(values, 7)));
        for length in [100, 1000] {
            let mut errors = 0.0;
            for at in 0..50 {
                let (a, b) = (vector(length, 2 * at), vector(length, 2 * at + 1));
                let near: Vec<f32> = a.iter().zip(&b).map(|(x, y)| x + 0.5 * y).collect();
                assert!(dot(&of(&a), &of(&near)) > 0.6, "length {length}");
                errors += dot(&of(&a), &of(&b)).powi(2);
            }
            assert!((errors / 50.0).sqrt() < 0.2, "length {length}: {errors}");
        }
    }

    #[test]
    fn halves_of_a_byte_are_signed_numbers() {
        let numbers = numbers::<4>(&short::<2>(&[1.0, -1.0, 0.0, 100.0], 0));
        assert_eq!(numbers, [0.0, 0.0, 0.0, 4.0]);
        assert_eq!(super::numbers::<2>(&[0xf9]), [-7.0, -1.0]);
    }
}
