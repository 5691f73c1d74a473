// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Neurons of the feed-forward blocks: reordered, rescaled, added, removed.
//!
//! A neuron is a row of gate, a row of up, and a column of down. The block's output is a sum over neurons, so their
//! order means nothing; it is linear in up and in down, so up·s and down/s cancel. Gate is not rescaled: silu is not
//! linear.

use nalgebra::DVector;

use crate::model::{Gated, Llama, deviation, scale_columns, scale_rows};
use crate::random::Random;

/// Share of the neurons that pruning removes.
const PRUNED: f64 = 0.3;
/// Neurons added, as a share of those there.
const WIDENED: f64 = 0.25;

/// Reorders the neurons of every block.
pub(super) fn permute(model: &mut Llama, random: &mut Random) {
    for block in blocks(model) {
        *block = block.select(&random.permutation(block.neurons()));
    }
}

/// up → s·up, down → down/s, with s = ±exp(0.7·normal) a neuron.
pub(super) fn sign_and_scale(model: &mut Llama, random: &mut Random) {
    for block in blocks(model) {
        let factors = DVector::from_fn(block.neurons(), |_, _| random.factor(0.7) as f32 * random.sign());
        scale_rows(&mut block.up, &factors);
        scale_columns(&mut block.down, &factors.map(|factor| 1.0 / factor));
    }
}

/// Removes the 30 % of the neurons with the smallest ‖up‖·‖down‖.
pub(super) fn prune(model: &mut Llama, _: &mut Random) {
    for block in blocks(model) {
        let neurons = block.neurons();
        let kept = neurons - (PRUNED * neurons as f64) as usize;
        let salience: Vec<f32> =
            block.up.row_iter().zip(block.down.column_iter()).map(|(up, down)| up.norm() * down.norm()).collect();
        let mut order: Vec<usize> = (0..neurons).collect();
        order.sort_by(|&a, &b| salience[b].total_cmp(&salience[a]));
        order.truncate(kept);
        order.sort_unstable();
        *block = block.select(&order);
    }
}

/// Adds a quarter more neurons with random gates and ups, whose downs are 0.
pub(super) fn append_silent(model: &mut Llama, random: &mut Random) {
    for block in blocks(model) {
        let (neurons, width) = block.gate.shape();
        let added = (WIDENED * neurons as f64) as usize;
        let (gate, up) = (deviation(block.gate.as_slice()), deviation(block.up.as_slice()));
        let grown = neurons + added;
        let mut wider = Gated {
            gate: block.gate.clone().resize_vertically(grown, 0.0),
            up: block.up.clone().resize_vertically(grown, 0.0),
            down: block.down.clone().resize_horizontally(grown, 0.0),
        };
        wider.gate.rows_mut(neurons, added).copy_from(&random.gaussian(added, width, gate));
        wider.up.rows_mut(neurons, added).copy_from(&random.gaussian(added, width, up));
        *block = wider;
    }
}

/// Repeats a random quarter of the neurons; each of the two writes half.
pub(super) fn duplicate(model: &mut Llama, random: &mut Random) {
    for block in blocks(model) {
        let neurons = block.neurons();
        let mut twice = random.permutation(neurons);
        twice.truncate((WIDENED * neurons as f64) as usize);
        let order: Vec<usize> = (0..neurons).chain(twice.iter().copied()).collect();
        let halves = order.iter().map(|neuron| if twice.contains(neuron) { 0.5 } else { 1.0 });
        let shares = DVector::from_iterator(order.len(), halves);
        *block = block.select(&order);
        scale_columns(&mut block.down, &shares);
    }
}

fn blocks(model: &mut Llama) -> impl Iterator<Item = &mut Gated> {
    model.layers.iter_mut().flat_map(|layer| &mut layer.experts)
}
