// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Aligned samples of a matrix: values at positions that depend on its shape alone.
//!
//! In: an f32 matrix. Out: [`Samples`]. Two matrices of one shape, or of one shape and its transpose, are sampled at
//! the same places, whatever their names are, so that they can be compared without either of them.
//!
//! Beside the raw values stand the doubly centred ones, xᵢⱼ − r̄ᵢ − c̄ⱼ + m̄. Training treats the hidden channels of
//! a network alike, so relabelling the channels of an independently trained network gives one that was just as
//! likely; over those relabellings the mean product of doubly centred values is zero, even where rows or columns have
//! systematic means (rare tokens, outlier channels, kernel taps). That is the null of the aligned test.

use std::collections::BTreeSet;

use super::mixing::{fnv1a64, splitmix64};
use crate::linear::widest;

/// Positions sampled a matrix. The first [`MATCHING`] choose what is compared with what; the rest test it.
pub const POSITIONS: usize = 512;
/// Positions used for choosing.
pub const MATCHING: usize = 128;
/// Raw values kept: the first this many of the positions that test.
pub(super) const RAW: usize = 128;

/// Positions drawn at most, with those that are drawn anew.
const REDRAWS: u64 = 32 * POSITIONS as u64;

/// Samples of one matrix in canonical orientation (rows ≥ columns).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples {
    /// Doubly centred values, clipped and companded to int8, [`POSITIONS`] of them.
    pub centred: Vec<i8>,
    /// Raw values at positions `MATCHING..MATCHING + RAW`.
    pub raw: Vec<f32>,
}

/// Row, column and grand means and the spread of a matrix.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Moments {
    /// Mean of each row.
    pub rows: Vec<f64>,
    /// Mean of each column.
    pub columns: Vec<f64>,
    /// Mean of all values.
    pub mean: f64,
    /// Population standard deviation of all values.
    pub deviation: f64,
}

/// Sums a matrix in one pass, in a fixed order.
pub(super) fn moments(values: &[f32], rows: usize, columns: usize) -> Moments {
    widest(|| summed(values, rows, columns))
}

#[inline(always)]
fn summed(values: &[f32], rows: usize, columns: usize) -> Moments {
    let mut column_sums = vec![0.0f64; columns];
    let mut row_means = Vec::with_capacity(rows);
    let (mut total, mut squares) = (0.0f64, 0.0f64);
    for line in values.chunks_exact(columns.max(1)) {
        // Eight sums in turn, so that the additions do not wait for one another.
        let (mut sums, mut powers) = ([0.0f64; 8], [0.0f64; 8]);
        let ((eights, rest), (slots, rest_slots)) = (line.as_chunks::<8>(), column_sums.as_chunks_mut::<8>());
        for (eight, slots) in eights.iter().zip(slots) {
            for (((value, column), sum), power) in eight.iter().zip(slots).zip(&mut sums).zip(&mut powers) {
                let value = f64::from(*value);
                *sum += value;
                *power += value * value;
                *column += value;
            }
        }
        for (((value, column), sum), power) in rest.iter().zip(rest_slots).zip(&mut sums).zip(&mut powers) {
            let value = f64::from(*value);
            *sum += value;
            *power += value * value;
            *column += value;
        }
        let mut sum = 0.0;
        for (part, power) in sums.iter().zip(&powers) {
            sum += part;
            squares += power;
        }
        row_means.push(sum / columns.max(1) as f64);
        total += sum;
    }
    let count = (rows * columns).max(1) as f64;
    let mean = total / count;
    Moments {
        rows: row_means,
        columns: column_sums.iter().map(|sum| sum / rows.max(1) as f64).collect(),
        mean,
        deviation: (squares / count - mean * mean).max(0.0).sqrt(),
    }
}

/// Samples a matrix. With `transposed`, as if it were its transpose.
pub(super) fn sample(values: &[f32], rows: usize, columns: usize, moments: &Moments, transposed: bool) -> Samples {
    let (tall, wide) = if transposed { (columns, rows) } else { (rows, columns) };
    let mut centred = Vec::with_capacity(POSITIONS);
    let mut raw = Vec::with_capacity(RAW);
    for (t, (i, j)) in positions(tall as u64, wide as u64).enumerate() {
        let (row, column) = if transposed { (j, i) } else { (i, j) };
        let value = values.get(row * columns + column).copied().unwrap_or_default();
        let row_mean = moments.rows.get(row).copied().unwrap_or_default();
        let column_mean = moments.columns.get(column).copied().unwrap_or_default();
        centred.push(f64::from(value) - row_mean - column_mean + moments.mean);
        if (MATCHING..MATCHING + RAW).contains(&t) {
            raw.push(value);
        }
    }
    Samples { centred: compand(&centred), raw }
}

/// The positions sampled in any matrix of `rows` × `columns`: splitmix64 over a seed from the shape. No position comes
/// twice, or what was looked at for choosing would be looked at again for testing; one that would is drawn anew from
/// beyond the others. Only a matrix of fewer cells than positions, which is never evidence, repeats some.
pub(crate) fn positions(rows: u64, columns: u64) -> impl Iterator<Item = (usize, usize)> {
    let seed = fnv1a64(format!("{rows}x{columns}").as_bytes());
    let count = rows.saturating_mul(columns).max(1);
    let draw = move |t: u64| splitmix64(seed.wrapping_add(t)) % count;
    let mut taken = BTreeSet::new();
    let mut spare = POSITIONS as u64..REDRAWS;
    (0..POSITIONS as u64).map(move |t| {
        let mut position = draw(t);
        while !taken.insert(position) {
            let Some(next) = spare.next() else { break };
            position = draw(next);
        }
        ((position / columns.max(1)) as usize, (position % columns.max(1)) as usize)
    })
}

/// Signed square root of values clipped at five times their median size, scaled to 127: keeps small values apart from
/// zero, and lets no outlier rule a sum.
fn compand(values: &[f64]) -> Vec<i8> {
    let mut sizes: Vec<f64> = values.iter().map(|value| value.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    let median = sizes.get(sizes.len() / 2).copied().unwrap_or_default();
    let largest = sizes.last().copied().unwrap_or_default();
    let limit = if median > 0.0 { largest.min(5.0 * median) } else { largest };
    if limit == 0.0 || !limit.is_finite() {
        return vec![0; values.len()];
    }
    values
        .iter()
        .map(|value| (value.signum() * (value.abs().min(limit) / limit).sqrt() * 127.0).round_ties_even() as i8)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{POSITIONS, moments, positions, sample};
    use crate::fingerprint::mixing::splitmix64;

    #[test]
    fn a_transpose_gives_the_same_samples_in_canonical_orientation() {
        let (rows, columns) = (90, 40);
        let tall: Vec<f32> = (0..rows * columns).map(|i| (splitmix64(i as u64) >> 40) as f32 - 8e6).collect();
        let wide: Vec<f32> =
            (0..columns).flat_map(|j| tall.iter().skip(j).step_by(columns).copied().collect::<Vec<_>>()).collect();
        let a = sample(&tall, rows, columns, &moments(&tall, rows, columns), false);
        let b = sample(&wide, columns, rows, &moments(&wide, columns, rows), true);
        assert_eq!(a.raw, b.raw);
        assert!(a.centred.iter().zip(&b.centred).all(|(x, y)| x.abs_diff(*y) <= 1));
    }

    #[test]
    fn no_position_is_sampled_twice_however_small_the_matrix() {
        for (rows, columns) in [(32, 32), (64, 32), (100, 40), (4096, 4096)] {
            let distinct: BTreeSet<(usize, usize)> = positions(rows, columns).collect();
            assert_eq!(distinct.len(), POSITIONS, "{rows} × {columns}");
        }
        assert_eq!(positions(4, 4).count(), POSITIONS);
    }

    #[test]
    fn centring_removes_row_and_column_means() {
        let values: Vec<f32> = (0..64).flat_map(|i| (0..64).map(move |j| (i * 3) as f32 + (j * j) as f32)).collect();
        let samples = sample(&values, 64, 64, &moments(&values, 64, 64), false);
        let largest = samples.raw.iter().fold(0.0f32, |most, x| most.max(x.abs()));
        assert!(largest > 1000.0, "the raw values are kept");
        let m = moments(&values, 64, 64);
        let left = f64::from(values[65]) - m.rows[1] - m.columns[1] + m.mean;
        assert!(left.abs() < 1e-6, "{left}");
    }
}
