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
use crate::linear::widest;

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
    /// Smallest row hashes (values cast to bf16), ascending, rows that another model may have by chance left out.
    pub rows: Vec<u64>,
    /// Smallest column hashes, likewise.
    pub columns: Vec<u64>,
}

/// Row and column hashes kept a matrix.
pub const SAMPLED: usize = 32;

/// Hashes a row-major matrix of `rows` × `columns` values.
pub(super) fn hash(values: &[f32], rows: usize, columns: usize) -> MatrixHashes {
    let keys: Vec<u32> = (0..rows.max(columns) as u64).map(|i| splitmix64(i ^ KEY_SEED) as u32 | 1).collect();
    let mut sums = Sums::new(rows, columns);
    widest(|| sums.add_all(values, columns, &keys));
    let cast_row_hashes = finish(&sums.cast.rows);
    let cast_column_hashes = finish(&sums.cast.columns);
    let cast = digest(rows, columns, &cast_row_hashes);
    let cast_transposed = digest(columns, rows, &cast_column_hashes);
    let (exact, exact_transposed) = if sums.lossless {
        (cast, cast_transposed)
    } else {
        (digest(rows, columns, &finish(&sums.exact.rows)), digest(columns, rows, &finish(&sums.exact.columns)))
    };
    MatrixHashes {
        exact,
        exact_transposed,
        cast,
        cast_transposed,
        rows: smallest(cast_row_hashes.into_iter().zip(sums.row_varies), |row| {
            told(values.iter().skip(row * columns).take(columns), columns)
        }),
        columns: smallest(
            cast_column_hashes.into_iter().zip(sums.column_varies.iter().map(|bits| *bits != 0)),
            |column| told(values.iter().skip(column).step_by(columns.max(1)), rows),
        ),
    }
}

/// Bits that a line must tell, for no other line to be it by chance among all there are.
const TOLD_BITS: f64 = 64.0;
/// Values of a line looked at first.
const FIRST: usize = 64;

/// Whether a line tells enough: its values are drawn with the frequencies they have in it, and n of them of one value
/// in N tell n·log₂(N/n) bits. A line that is nearly all zeros, or short and of three values, tells little.
fn told<'a>(line: impl Iterator<Item = &'a f32>, length: usize) -> bool {
    let mut line = line.map(|value| round_bf16(canonical_bits(*value)));
    let mut bits: Vec<u32> = line.by_ref().take(FIRST).collect();
    bits.sort_unstable();
    // d values tell at least (d − 1)·log₂N bits, whatever follows: most lines are read no further.
    let each = (length.max(1) as f64).log2();
    if bits.chunk_by(|a, b| a == b).count().saturating_sub(1) as f64 * each >= TOLD_BITS {
        return true;
    }
    bits.extend(line);
    bits.sort_unstable();
    let count = |same: &[u32]| same.len() as f64 * (each - (same.len() as f64).log2());
    bits.chunk_by(|a, b| a == b).map(count).sum::<f64>() >= TOLD_BITS
}

const KEY_SEED: u64 = 0x666f_7265_6265_6172; // "forebear"

/// Keyed sums of bit patterns by row and by column.
struct Keyed {
    rows: Vec<u64>,
    columns: Vec<u64>,
}

impl Keyed {
    #[inline(always)]
    fn add(&mut self, row: usize, patterns: &[u32], row_key: u32, keys: &[u32]) {
        let mut sum = 0u64;
        let row_key = u64::from(row_key);
        for ((pattern, key), column) in patterns.iter().zip(keys).zip(&mut self.columns) {
            sum = sum.wrapping_add(u64::from(*pattern).wrapping_mul(u64::from(*key)));
            *column = column.wrapping_add(u64::from(*pattern).wrapping_mul(row_key));
        }
        if let Some(slot) = self.rows.get_mut(row) {
            *slot = sum;
        }
    }
}

struct Sums {
    cast: Keyed,
    /// Filled from the first row on that bf16 does not hold exactly: until then these are the sums of the cast values,
    /// whose patterns are the exact ones shifted, and a matrix without such a row has one set of digests.
    exact: Keyed,
    lossless: bool,
    row_varies: Vec<bool>,
    /// Bits in which a column's cast values differ from its first one.
    column_varies: Vec<u32>,
}

impl Sums {
    fn new(rows: usize, columns: usize) -> Self {
        let keyed = || Keyed { rows: vec![0; rows], columns: vec![0; columns] };
        let (row_varies, column_varies) = (vec![false; rows], vec![0; columns]);
        Self { cast: keyed(), exact: keyed(), lossless: true, row_varies, column_varies }
    }

    #[inline(always)]
    fn add_all(&mut self, values: &[f32], columns: usize, keys: &[u32]) {
        let (mut bits, mut rounded, mut first) = (vec![0u32; columns], vec![0u32; columns], Vec::new());
        for ((row, line), key) in values.chunks_exact(columns.max(1)).enumerate().zip(keys) {
            let mut below = 0;
            for ((bits, rounded), value) in bits.iter_mut().zip(&mut rounded).zip(line) {
                *bits = canonical_bits(*value);
                *rounded = round_bf16(*bits);
                below |= *bits;
            }
            if row == 0 {
                first.clone_from(&rounded);
            }
            let start = rounded.first().copied().unwrap_or_default();
            let mut differs = 0;
            for ((pattern, first), varies) in rounded.iter().zip(&first).zip(&mut self.column_varies) {
                differs |= pattern ^ start;
                *varies |= pattern ^ first;
            }
            if let Some(varies) = self.row_varies.get_mut(row) {
                *varies = differs != 0;
            }
            if self.lossless && below & 0xffff != 0 {
                self.lossless = false;
                let shifted = |sums: &[u64]| sums.iter().map(|sum| sum.wrapping_shl(16)).collect();
                self.exact = Keyed { rows: shifted(&self.cast.rows), columns: shifted(&self.cast.columns) };
            }
            self.cast.add(row, &rounded, *key, keys);
            if !self.lossless {
                self.exact.add(row, &bits, *key, keys);
            }
        }
    }
}

/// Bit pattern with one zero and one NaN.
#[inline(always)]
fn canonical_bits(value: f32) -> u32 {
    let bits = value.to_bits();
    let size = bits & 0x7fff_ffff;
    let bits = if size > 0x7f80_0000 { 0x7fc0_0000 } else { bits };
    if size == 0 { 0 } else { bits }
}

/// Upper half after rounding to nearest, ties to even.
#[inline(always)]
fn round_bf16(bits: u32) -> u32 {
    let up = bits.wrapping_add(0x7fff + ((bits >> 16) & 1));
    let special = bits & 0x7f80_0000 == 0x7f80_0000;
    (if special { bits } else { up }) >> 16
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

/// The smallest hashes of the lines that vary and tell enough, which is looked at only until there are as many as wanted.
fn smallest(hashes: impl Iterator<Item = (u64, bool)>, told: impl Fn(usize) -> bool) -> Vec<u64> {
    let varying = hashes.enumerate().filter(|(_, (_, varies))| *varies);
    let mut lines: Vec<(u64, usize)> = varying.map(|(line, (hash, _))| (hash, line)).collect();
    lines.sort_unstable();
    lines.dedup_by_key(|(hash, _)| *hash);
    lines.into_iter().filter(|(_, line)| told(*line)).map(|(hash, _)| hash).take(SAMPLED).collect()
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
    fn the_first_row_that_bf16_does_not_hold_may_stand_anywhere() {
        let values = matrix(12, 10);
        for exact_rows in [0, 5, 11] {
            let mut values = values.clone();
            for value in values.iter_mut().take(exact_rows * 10) {
                *value = f32::from_bits(round_bf16(value.to_bits()) << 16);
            }
            let (a, b) = (hash(&values, 12, 10), hash(&transpose(&values, 12, 10), 10, 12));
            assert_eq!((a.exact, a.cast), (b.exact_transposed, b.cast_transposed), "{exact_rows}");
            assert_ne!(a.exact, a.cast);
        }
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
    fn lines_that_chance_may_repeat_are_no_sample() {
        let three = |zeros: u64| -> Vec<f32> {
            let value = |at: u64| match super::splitmix64(at) % 20 {
                0 => 1.0,
                1 => -1.0,
                x if x < zeros => 0.0,
                x => (x % 3) as f32 - 1.0,
            };
            (0..64 * 64).map(value).collect()
        };
        let (sparse, dense) = (hash(&three(20), 64, 64), hash(&three(2), 64, 64));
        assert!(sparse.rows.is_empty() && sparse.columns.is_empty());
        assert_eq!((dense.rows.len(), dense.columns.len()), (super::SAMPLED, super::SAMPLED));
        // A value that stands alone among very many zeros tells where it stands, and no more.
        let mut alone = vec![0.0; 64 * 4096];
        alone.iter_mut().step_by(4096).for_each(|value| *value = 1.0);
        assert!(hash(&alone, 64, 4096).rows.is_empty());
        // Sixteen values of three kinds tell 25 bits.
        assert!(hash(&three(2), 256, 16).rows.is_empty());
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
