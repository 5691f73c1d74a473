// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Rows of a feed-forward block in the raw residual channels: what the identity needle test compares.
//!
//! In: gate, up or down matrix of a dense gated block, as [neurons, d]. Out: the first [`NEEDLES`] rows over the
//! first [`CHANNELS`] channels, standardised by channel over all rows and rounded to int8. Standardising by channel
//! cancels the norm's gain, so the gain need not be known.

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
    let (means, scales) = channel_moments(neurons, channels, transposed, at);
    let mut kept = Vec::with_capacity(neurons.min(NEEDLES) * channels);
    for neuron in 0..neurons.min(NEEDLES) {
        let row: Vec<f64> = means
            .iter()
            .zip(&scales)
            .enumerate()
            .map(|(channel, (mean, scale))| (at(neuron, channel) - mean) / scale)
            .collect();
        let largest = row.iter().fold(0.0f64, |most, x| most.max(x.abs()));
        let unit = if largest > 0.0 && largest.is_finite() { 127.0 / largest } else { 0.0 };
        kept.extend(row.iter().map(|x| (x * unit).round_ties_even() as i8));
    }
    Needles { channels, rows: kept }
}

/// Mean and deviation of each channel, read in the order in which the values stand.
fn channel_moments(
    neurons: usize,
    channels: usize,
    transposed: bool,
    at: impl Fn(usize, usize) -> f64,
) -> (Vec<f64>, Vec<f64>) {
    let mut sums = vec![(0.0, 0.0); channels];
    let add = |(sum, squares): &mut (f64, f64), value: f64| {
        *sum += value;
        *squares += value * value;
    };
    if transposed {
        for (channel, sums) in sums.iter_mut().enumerate() {
            (0..neurons).for_each(|neuron| add(sums, at(neuron, channel)));
        }
    } else {
        for neuron in 0..neurons {
            sums.iter_mut().enumerate().for_each(|(channel, sums)| add(sums, at(neuron, channel)));
        }
    }
    let count = neurons.max(1) as f64;
    sums.iter()
        .map(|(sum, squares)| {
            let mean = sum / count;
            (mean, (squares / count - mean * mean).max(0.0).sqrt().max(1e-12))
        })
        .unzip()
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
