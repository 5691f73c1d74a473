// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Rows in the raw residual channels: what the needle search looks for and looks in.
//!
//! In: a feed-forward unit or the attention of a layer, in canonical form. Out: the first [`CHANNELS`] channels of its
//! strongest rows: x̂ᵢⱼ = (xᵢⱼ − meanⱼ)/rmsⱼ over all rows of the matrix, then each row as int8 with its largest entry at
//! ±127. A row's scale is dropped, so scales of neurons against one another do not show; a gain of a channel cancels.
//! Every step commutes with flipping the sign of a channel, which the null of the needle search needs.

use rayon::prelude::*;

use super::algebra::row_dots;
use super::canonical::{Attention, FeedForward, Matrix};
use super::record::{ATTENTION_ROWS_KEPT, AttentionRows, NEEDLES_KEPT, Rows, Unit};
use crate::fingerprint::needles::{CHANNELS, add_lines, deviations};
use crate::linear::widest;

/// Rows kept of all experts of a layer together …
const LAYER_NEEDLES: usize = 4096;
/// … but of each at least this many.
const FEWEST_NEEDLES: usize = 32;

/// Rows to keep of each of `units` units of a layer.
pub(super) fn needles_of_each(units: usize) -> usize {
    (LAYER_NEEDLES / units.max(1)).clamp(FEWEST_NEEDLES, NEEDLES_KEPT)
}

/// Units of a layer in the order in which they are kept: dense and shared ones first, then experts by falling sum of
/// ‖gate‖·‖up‖·‖down‖ over their neurons. Ties keep their order.
pub(super) fn strongest_first(units: &[FeedForward]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..units.len()).collect();
    if units.len() < 2 {
        return order;
    }
    let salience: Vec<f64> = units.par_iter().map(salience).collect();
    let key = |at: usize| {
        let routed = units.get(at).is_some_and(|unit| unit.expert.is_some() && !unit.shared);
        (routed, salience.get(at).copied().unwrap_or_default())
    };
    order.sort_by(|a, b| {
        let ((routed, weight), (other_routed, other_weight)) = (key(*a), key(*b));
        routed.cmp(&other_routed).then(other_weight.total_cmp(&weight))
    });
    order
}

/// Fills what the needle search needs of a unit: the first `kept` neurons of `order`, which lists neurons by falling
/// salience.
pub(super) fn needle_rows(into: &mut Unit, unit: &FeedForward, order: &[usize], kept: usize) {
    // The neurons that words describe have names too, also where fewer rows are kept of each of many experts.
    let named = order.get(..kept.max(into.word_scales.len())).unwrap_or(order);
    let order = order.get(..kept).unwrap_or(order);
    let ((gate, up), down) = rayon::join(
        || rayon::join(|| standardised(&unit.gate, order), || unit.up.as_ref().map(|up| standardised(up, order))),
        || standardised(&unit.down, order),
    );
    into.expert = unit.expert;
    into.neurons = unit.gate.rows as u32;
    into.gated = unit.up.is_some();
    into.indices = named.iter().map(|at| *at as u32).collect();
    into.gate = gate;
    into.up = up.unwrap_or_default();
    into.down = down;
}

/// The rows of largest norm of each attention projection.
pub(super) fn attention_rows(attention: &Attention) -> AttentionRows {
    let strongest = |matrix: &Matrix| {
        let norms = row_dots(matrix, matrix);
        let mut order: Vec<usize> = (0..norms.len()).collect();
        let key = |at: &usize| norms.get(*at).copied().unwrap_or_default();
        order.sort_by(|a, b| key(b).total_cmp(&key(a)));
        order.truncate(ATTENTION_ROWS_KEPT);
        standardised(matrix, &order)
    };
    let ((query, key), (value, output)) = rayon::join(
        || rayon::join(|| strongest(&attention.query), || strongest(&attention.key)),
        || rayon::join(|| strongest(&attention.value), || strongest(&attention.output)),
    );
    AttentionRows { query, key, value, output }
}

/// Σ ‖gate‖·‖up‖·‖down‖ over the neurons; without a gate Σ ‖inner‖·‖down‖.
pub(super) fn salience(unit: &FeedForward) -> f64 {
    let gated = unit.up.is_some();
    unit.dots().iter().map(|dots| dots.squared_salience(gated).sqrt()).sum()
}

/// The rows of a matrix.
fn lines(matrix: &Matrix) -> impl Iterator<Item = &[f32]> {
    matrix.values.chunks_exact(matrix.columns.max(1))
}

/// The rows `order` of a matrix, standardised by channel over all its rows, as int8.
fn standardised(matrix: &Matrix, order: &[usize]) -> Rows {
    let channels = matrix.columns.min(CHANNELS);
    let (means, scales) = channel_moments(matrix, channels);
    let mut values = vec![0i8; order.len() * channels];
    let mut row = vec![0.0f64; channels];
    widest(|| {
        for (at, out) in order.iter().zip(values.chunks_exact_mut(channels.max(1))) {
            let mut largest = 0.0f64;
            for (((slot, x), mean), scale) in row.iter_mut().zip(matrix.row(*at)).zip(&means).zip(&scales) {
                *slot = (f64::from(*x) - mean) / scale;
                largest = largest.max(slot.abs());
            }
            let unit = if largest > 0.0 && largest.is_finite() { 127.0 / largest } else { 0.0 };
            for (slot, x) in out.iter_mut().zip(&row) {
                *slot = (x * unit).round_ties_even() as i8;
            }
        }
    });
    Rows { columns: channels as u32, values }
}

/// Mean and deviation of the first channels over all rows.
fn channel_moments(matrix: &Matrix, channels: usize) -> (Vec<f64>, Vec<f64>) {
    let (mut sums, mut powers) = (vec![0.0f64; channels], vec![0.0f64; channels]);
    widest(|| add_lines(lines(matrix), &mut sums, &mut powers));
    deviations(&sums, &powers, matrix.rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::mixing::splitmix64;

    fn matrix(seed: u64, rows: usize, columns: usize) -> Matrix {
        let value = |at: usize| (splitmix64(seed ^ at as u64) >> 40) as f32 / 8_388_608.0 - 1.0;
        Matrix { values: (0..rows * columns).map(value).collect(), rows, columns }
    }

    fn unit(seed: u64) -> FeedForward {
        let [gate, up, down] = [1, 2, 3].map(|part| matrix(seed << 32 | part << 24, 40, 300));
        FeedForward { expert: Some(seed as u32), shared: false, gate, up: Some(up), down, ..FeedForward::default() }
    }

    fn needles(unit: &FeedForward) -> Unit {
        let mut sketch = Unit::default();
        needle_rows(&mut sketch, unit, &[7, 3, 39], 2);
        sketch
    }

    #[test]
    fn keeps_the_first_neurons_of_the_order_over_the_first_channels() {
        let sketch = needles(&unit(4));
        assert_eq!((sketch.indices.as_slice(), sketch.neurons, sketch.gated), ([7, 3].as_slice(), 40, true));
        for rows in [&sketch.gate, &sketch.up, &sketch.down] {
            assert_eq!((rows.columns, rows.count()), (256, 2));
            assert!(rows.values.chunks(256).all(|row| row.iter().any(|x| x.unsigned_abs() == 127)));
        }
    }

    /// The null of the needle search is that a flipped channel was as likely: flipping must do nothing else.
    #[test]
    fn flipping_a_channel_flips_it_in_every_row_and_changes_nothing_else() {
        let flips = |channel: usize| splitmix64(channel as u64) & 1 == 1;
        let mut flipped = unit(4);
        for value in [Some(&mut flipped.gate), flipped.up.as_mut(), Some(&mut flipped.down)].into_iter().flatten() {
            for (at, x) in value.values.iter_mut().enumerate() {
                *x = if flips(at % 300) { -*x } else { *x };
            }
        }
        let (before, after) = (needles(&unit(4)), needles(&flipped));
        for (a, b) in [(&before.gate, &after.gate), (&before.up, &after.up), (&before.down, &after.down)] {
            let turned: Vec<i8> =
                a.values.iter().enumerate().map(|(at, x)| if flips(at % 256) { -x } else { *x }).collect();
            assert_eq!(turned, b.values);
        }
    }

    #[test]
    fn gains_of_channels_and_scales_of_neurons_cancel() {
        let (plain, mut scaled) = (unit(4), unit(4));
        for (at, x) in scaled.gate.values.iter_mut().enumerate() {
            *x *= 1.0 + (at % 300) as f32 / 100.0;
        }
        let (plain, scaled) = (needles(&plain), needles(&scaled));
        assert!(plain.gate.values.iter().zip(&scaled.gate.values).all(|(a, b)| a.abs_diff(*b) <= 1));
        assert_eq!(plain.down, scaled.down);
    }

    #[test]
    fn shared_units_stand_before_stronger_experts() {
        let mut strong = unit(2);
        strong.down.values.iter_mut().for_each(|x| *x *= 3.0);
        let shared = FeedForward { expert: None, ..unit(3) };
        assert_eq!(strongest_first(&[unit(1), strong, shared]), [2, 1, 0]);
    }

    #[test]
    fn a_mixture_shares_its_rows_among_its_experts() {
        assert_eq!([1, 8, 16, 128, 256].map(needles_of_each), [512, 512, 256, 32, 32]);
    }

    #[test]
    fn attention_keeps_the_rows_of_largest_norm() {
        let mut query = matrix(9, 200, 64);
        query.values.iter_mut().skip(150 * 64).take(64).for_each(|x| *x *= 9.0);
        let rows = attention_rows(&Attention { query: query.clone(), ..Attention::default() });
        assert_eq!((rows.query.count(), rows.query.columns, rows.key.count()), (96, 64, 0));
        assert_eq!(rows.query.row(0), standardised(&query, &[150]).row(0));
    }
}
