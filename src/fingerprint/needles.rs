// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Rows of a feed-forward block in the raw residual channels: what the identity needle test compares.
//!
//! In: gate, up or down matrix of a dense gated block, as [neurons, d]. Out: the first [`NEEDLES`] rows over the
//! first [`CHANNELS`] channels, standardised by channel over all rows and rounded to int8. Standardising by channel
//! cancels the norm's gain, so the gain need not be known.

use crate::linear::widest;

/// Rows kept a matrix.
pub(super) const NEEDLES: usize = 64;
/// Residual channels kept a row.
pub(super) const CHANNELS: usize = 256;

/// Rows of one matrix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needles {
    /// Channels a row.
    pub channels: usize,
    /// int8 rows, one after another; each scaled so that its largest entry is ±127.
    pub rows: Vec<i8>,
}

/// Takes the needles of `matrix`, given as [neurons, d] or, with `transposed`, as [d, neurons].
pub(super) fn needles(matrix: &[f32], rows: usize, columns: usize, transposed: bool) -> Needles {
    let (neurons, width) = if transposed { (columns, rows) } else { (rows, columns) };
    let channels = width.min(CHANNELS);
    let at = |neuron: usize, channel: usize| {
        let index = if transposed { channel * columns + neuron } else { neuron * columns + channel };
        f64::from(matrix.get(index).copied().unwrap_or_default())
    };
    let (means, scales) = channel_moments(matrix, columns, channels, transposed);
    let mut kept = vec![0i8; neurons.min(NEEDLES) * channels];
    let mut row = vec![0.0f64; channels];
    widest(|| {
        for (neuron, out) in kept.chunks_exact_mut(channels.max(1)).enumerate() {
            let mut largest = 0.0f64;
            for ((channel, slot), (mean, scale)) in row.iter_mut().enumerate().zip(means.iter().zip(&scales)) {
                *slot = (at(neuron, channel) - mean) / scale;
                largest = largest.max(slot.abs());
            }
            let unit = if largest > 0.0 && largest.is_finite() { 127.0 / largest } else { 0.0 };
            for (slot, x) in out.iter_mut().zip(&row) {
                *slot = (x * unit).round_ties_even() as i8;
            }
        }
    });
    Needles { channels, rows: kept }
}

/// Mean and deviation of each of the first channels, read in the order in which the values stand.
fn channel_moments(matrix: &[f32], columns: usize, channels: usize, transposed: bool) -> (Vec<f64>, Vec<f64>) {
    let neurons = if transposed { columns } else { matrix.len() / columns.max(1) };
    let (mut sums, mut powers) = (vec![0.0f64; channels], vec![0.0f64; channels]);
    let lines = matrix.chunks_exact(columns.max(1));
    if transposed {
        for ((line, sum), power) in lines.zip(&mut sums).zip(&mut powers) {
            for value in line {
                let value = f64::from(*value);
                *sum += value;
                *power += value * value;
            }
        }
    } else {
        widest(|| add_lines(lines, &mut sums, &mut powers));
    }
    deviations(&sums, &powers, neurons)
}

/// Adds the first values of every line, and their squares.
#[inline(always)]
pub(super) fn add_lines<'a>(lines: impl Iterator<Item = &'a [f32]>, sums: &mut [f64], powers: &mut [f64]) {
    for line in lines {
        for ((sum, power), value) in sums.iter_mut().zip(&mut *powers).zip(line) {
            let value = f64::from(*value);
            *sum += value;
            *power += value * value;
        }
    }
}

/// Means and deviations from sums and sums of squares; no deviation is zero.
pub(super) fn deviations(sums: &[f64], powers: &[f64], count: usize) -> (Vec<f64>, Vec<f64>) {
    let count = count.max(1) as f64;
    let one = |(sum, power): (&f64, &f64)| {
        let mean = sum / count;
        (mean, (power / count - mean * mean).max(0.0).sqrt().max(1e-12))
    };
    sums.iter().zip(powers).map(one).unzip()
}

#[cfg(test)]
mod tests {
    use super::needles;
    use crate::fingerprint::mixing::splitmix64;

    #[test]
    fn column_gains_and_transposition_do_not_show() {
        let (neurons, d) = (80, 48);
        let rows: Vec<f32> = (0..neurons * d).map(|i| (splitmix64(i as u64) >> 41) as f32 / 8e6 - 0.5).collect();
        let folded: Vec<f32> = rows.iter().enumerate().map(|(i, x)| x * (1.0 + (i % d) as f32)).collect();
        let turned: Vec<f32> =
            (0..d).flat_map(|j| rows.iter().skip(j).step_by(d).copied().collect::<Vec<_>>()).collect();
        let a = needles(&rows, neurons, d, false);
        assert_eq!(a, needles(&turned, d, neurons, true));
        let b = needles(&folded, neurons, d, false);
        assert!(a.rows.iter().zip(&b.rows).all(|(x, y)| x.abs_diff(*y) <= 1));
        assert_eq!(a.rows.len(), 64 * 48);
    }
}
