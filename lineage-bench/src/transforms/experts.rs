// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Between dense blocks and experts.

use super::replace;
use crate::model::Llama;
use crate::random::Random;

/// Experts made of a dense block, and how many a token is sent to.
const EXPERTS: usize = 4;
const CHOSEN: usize = 2;
/// Share of the entries of each copy that is drawn again when copies are made to differ.
const REDRAWN: f64 = 0.3;

/// Sparse upcycling: each block becomes four equal copies with a random router. Shares sum to 1, so nothing changes.
pub(super) fn upcycle(model: &mut Llama, random: &mut Random) {
    let width = model.width();
    model.experts_per_token = CHOSEN;
    for layer in &mut model.layers {
        if layer.router.is_none() {
            layer.router = Some(random.gaussian(EXPERTS, width, 0.02));
            layer.experts = layer.experts.iter().cycle().take(EXPERTS).cloned().collect();
        }
    }
}

/// Upcycling with 30 % of the entries of every copy drawn again.
pub(super) fn upcycle_redrawn(model: &mut Llama, random: &mut Random) {
    upcycle(model, random);
    for block in model.layers.iter_mut().flat_map(|layer| &mut layer.experts) {
        for matrix in [&mut block.gate, &mut block.up, &mut block.down] {
            replace::redraw(matrix, random, REDRAWN);
        }
    }
}

/// Keeps one expert of each layer, at random, and drops the router.
pub(super) fn densify(model: &mut Llama, random: &mut Random) {
    for layer in &mut model.layers {
        let chosen = random.below(layer.experts.len().max(1));
        layer.router = None;
        layer.experts = layer.experts.drain(..).skip(chosen).take(1).collect();
    }
}

/// Reorders the experts of each layer with the rows of its router.
pub(super) fn permute(model: &mut Llama, random: &mut Random) {
    for layer in &mut model.layers {
        if let Some(router) = &mut layer.router {
            let order = random.permutation(layer.experts.len());
            *router = router.select_rows(&order);
            layer.experts = order.iter().filter_map(|expert| layer.experts.get(*expert).cloned()).collect();
        }
    }
}
