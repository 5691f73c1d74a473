// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Exact digests of a matrix that do not care how it was stored.
//!
//! In: an f32 matrix. Out: digests of its values and of its values cast to bf16, each by rows and by columns, and a
//! consistent sample of row and column hashes.
//!
//! A row's hash is Σⱼ aⱼ·vᵢⱼ mod 2⁶⁴ over the bit patterns v with fixed odd 32-bit keys aⱼ, mixed; a column's is the
//! same sum down the column, so that the columns of a matrix hash as the rows of its transpose, in one pass and
//! without a transposed copy. Bit patterns of zeros add nothing, so zero padding is invisible. The digest of a matrix
//! is SHA-256 (first 16 bytes) over its shape and its row hashes in order. Samples are the smallest hashes, so two
//! matrices that share rows share the sampled ones, whatever else was fused, appended or reordered.
//!
//! A sum with public keys can be made to collide on purpose. That needs chosen weights on both sides and changes no
//! verdict about weights that were trained; exact copies are confirmed by the aligned samples as well.

use sha2::{Digest as _, Sha256};

use super::mixing::splitmix64;

/// First 16 bytes of a SHA-256.
pub type Digest = [u8; 16];

/// Digests and hash samples of one matrix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MatrixHashes {
    /// Digest of the exact values, rows in order.
    pub exact: Digest,
    /// Digest of the exact values of the transpose.
    pub exact_transposed: Digest,
    /// Digest of the values cast to bf16.
    pub cast: Digest,
    /// Digest of the transpose cast to bf16.
    pub cast_transposed: Digest,
    /// Smallest row hashes (values cast to bf16), ascending, rows of one repeated value left out.
    pub rows: Vec<u64>,
    /// Smallest column hashes, likewise.
    pub columns: Vec<u64>,
}

/// Row and column hashes kept a matrix.
pub const SAMPLED: usize = 32;

/// Hashes a row-major matrix of `rows` × `columns` values.
pub(super) fn hash(values: &[f32], rows: usize, columns: usize) -> MatrixHashes {
    let keys: Vec<u64> = (0..rows.max(columns) as u64).map(|i| (splitmix64(i ^ KEY_SEED) & 0xffff_ffff) | 1).collect();
    let mut cast = Sums::new(rows, columns);
    let mut exact = Sums::new(rows, columns);
    // Values that bf16 holds exactly need one set of sums: their exact digest is their cast digest.
    let lossless = values.iter().all(|value| canonical_bits(*value).trailing_zeros() >= 16);
    let mut bits: Vec<u64> = vec![0; columns];
    let mut rounded: Vec<u64> = vec![0; columns];
    for ((row, line), key) in values.chunks_exact(columns.max(1)).enumerate().zip(&keys) {
        for ((slot, rounded), value) in bits.iter_mut().zip(&mut rounded).zip(line) {
            let pattern = canonical_bits(*value);
            *slot = u64::from(pattern);
            *rounded = u64::from(round_bf16(pattern));
        }
        cast.add(row, &rounded, *key, &keys);
        if !lossless {
            exact.add(row, &bits, *key, &keys);
        }
    }
    let cast_row_hashes = finish(&cast.rows);
    let cast_column_hashes = finish(&cast.columns);
    let cast_digest = digest(rows, columns, &cast_row_hashes);
    let cast_transposed = digest(columns, rows, &cast_column_hashes);
    let (exact_digest, exact_transposed) = if lossless {
        (cast_digest, cast_transposed)
    } else {
        (digest(rows, columns, &finish(&exact.rows)), digest(columns, rows, &finish(&exact.columns)))
    };
    MatrixHashes {
        exact: exact_digest,
        exact_transposed,
        cast: cast_digest,
        cast_transposed,
        rows: smallest(cast_row_hashes.into_iter().zip(&cast.row_varies)),
        columns: smallest(cast_column_hashes.into_iter().zip(&column_varies(values, rows, columns))),
    }
}

const KEY_SEED: u64 = 0x666f_7265_6265_6172; // "forebear"

struct Sums {
    rows: Vec<u64>,
    columns: Vec<u64>,
    row_varies: Vec<bool>,
}

impl Sums {
    fn new(rows: usize, columns: usize) -> Self {
        Self { rows: vec![0; rows], columns: vec![0; columns], row_varies: vec![false; rows] }
    }

    fn add(&mut self, row: usize, patterns: &[u64], row_key: u64, keys: &[u64]) {
        let mut sum = 0u64;
        let first = patterns.first().copied().unwrap_or_default();
        let mut differs = 0u64;
        for ((pattern, key), column) in patterns.iter().zip(keys).zip(&mut self.columns) {
            sum = sum.wrapping_add(pattern.wrapping_mul(*key));
            *column = column.wrapping_add(pattern.wrapping_mul(row_key));
            differs |= pattern ^ first;
        }
        if let (Some(slot), Some(varies)) = (self.rows.get_mut(row), self.row_varies.get_mut(row)) {
            *slot = sum;
            *varies = differs != 0;
        }
    }
}

fn column_varies(values: &[f32], rows: usize, columns: usize) -> Vec<bool> {
    let mut varies = vec![false; columns];
    let Some(first) = values.get(..columns) else { return varies };
    for line in values.chunks_exact(columns.max(1)).take(rows).skip(1) {
        for ((slot, value), reference) in varies.iter_mut().zip(line).zip(first) {
            *slot |= value != reference;
        }
    }
    varies
}

/// Bit pattern with one zero and one NaN.
fn canonical_bits(value: f32) -> u32 {
    if value == 0.0 {
        0
    } else if value.is_nan() {
        0x7fc0_0000
    } else {
        value.to_bits()
    }
}

/// Upper half after rounding to nearest, ties to even.
fn round_bf16(bits: u32) -> u32 {
    if bits & 0x7f80_0000 == 0x7f80_0000 {
        return bits >> 16;
    }
    (bits + 0x7fff + ((bits >> 16) & 1)) >> 16
}

fn finish(sums: &[u64]) -> Vec<u64> {
    sums.iter().map(|sum| splitmix64(*sum)).collect()
}

fn digest(rows: usize, columns: usize, hashes: &[u64]) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update((rows as u64).to_le_bytes());
    hasher.update((columns as u64).to_le_bytes());
    for hash in hashes {
        hasher.update(hash.to_le_bytes());
    }
    let full = hasher.finalize();
    let mut short = Digest::default();
    short.copy_from_slice(full.get(..16).unwrap_or(&[0; 16]));
    short
}

fn smallest<'a>(hashes: impl Iterator<Item = (u64, &'a bool)>) -> Vec<u64> {
    let mut kept: Vec<u64> = hashes.filter(|(_, varies)| **varies).map(|(hash, _)| hash).collect();
    kept.sort_unstable();
    kept.dedup();
    kept.truncate(SAMPLED);
    kept
}

#[cfg(test)]
mod tests {
    use super::{hash, round_bf16};

    fn matrix(rows: usize, columns: usize) -> Vec<f32> {
        (0..rows * columns).map(|i| (super::splitmix64(i as u64) as f32 / u64::MAX as f32) - 0.5).collect()
    }

    fn transpose(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
        (0..columns).flat_map(|j| (0..rows).map(move |i| values[i * columns + j])).collect()
    }

    #[test]
    fn a_transpose_swaps_the_digests() {
        let values = matrix(40, 24);
        let a = hash(&values, 40, 24);
        let b = hash(&transpose(&values, 40, 24), 24, 40);
        assert_eq!((a.exact, a.exact_transposed), (b.exact_transposed, b.exact));
        assert_eq!((&a.rows, &a.columns), (&b.columns, &b.rows));
    }

    #[test]
    fn a_cast_to_bf16_keeps_the_cast_digest_only() {
        let values = matrix(16, 16);
        let cast: Vec<f32> = values.iter().map(|x| f32::from_bits(round_bf16(x.to_bits()) << 16)).collect();
        let (a, b) = (hash(&values, 16, 16), hash(&cast, 16, 16));
        assert_eq!(a.cast, b.cast);
        assert_ne!(a.exact, b.exact);
        assert_eq!(b.exact, b.cast);
    }

    #[test]
    fn fused_and_reordered_rows_are_found_in_the_sample() {
        let values = matrix(64, 32);
        let mut fused: Vec<f32> = matrix(32, 32).iter().map(|x| x * 3.0).collect();
        for row in values.chunks_exact(32).rev() {
            fused.extend_from_slice(row);
        }
        let (part, whole) = (hash(&values, 64, 32), hash(&fused, 96, 32));
        let edge = *whole.rows.last().unwrap_or(&0);
        let testable: Vec<&u64> = part.rows.iter().filter(|h| **h <= edge).collect();
        assert!(testable.len() >= 8 && testable.iter().all(|h| whole.rows.contains(h)));
    }

    #[test]
    fn bf16_rounding_agrees_with_the_half_crate() {
        for i in 0..4096u64 {
            let value = f32::from_bits(super::splitmix64(i) as u32);
            if value.is_finite() {
                assert_eq!(round_bf16(value.to_bits()) as u16, half::bf16::from_f32(value).to_bits(), "{value}");
            }
        }
    }

    #[test]
    fn one_changed_value_changes_every_digest() {
        let mut values = matrix(8, 8);
        let a = hash(&values, 8, 8);
        values[13] += 0.25;
        let b = hash(&values, 8, 8);
        assert!(a.exact != b.exact && a.cast != b.cast && a.exact_transposed != b.exact_transposed);
    }
}
