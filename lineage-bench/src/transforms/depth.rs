// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The order and number of the layers.

use crate::model::Llama;
use crate::random::Random;

/// Drops every third layer.
pub(super) fn drop_thirds(model: &mut Llama, _: &mut Random) {
    keep(model, |layer, _| layer % 3 != 2);
}

/// Drops the first and the last layer.
pub(super) fn drop_ends(model: &mut Llama, _: &mut Random) {
    keep(model, |layer, count| layer != 0 && layer + 1 != count);
}

/// Depth upscaling (SOLAR): all layers but the last quarter, then all but the first quarter.
pub(super) fn duplicate(model: &mut Llama, _: &mut Random) {
    let overlap = (model.layers.len() / 4).max(1);
    let kept = model.layers.len().saturating_sub(overlap);
    let second = model.layers.get(overlap..).unwrap_or_default().to_vec();
    model.layers.truncate(kept);
    model.layers.extend(second);
}

/// Puts the layers in random order.
pub(super) fn reorder(model: &mut Llama, random: &mut Random) {
    let mut order = random.permutation(model.layers.len());
    if order.is_sorted() {
        order.rotate_left(1.min(model.layers.len()));
    }
    model.layers = order.iter().filter_map(|layer| model.layers.get(*layer).cloned()).collect();
}

/// Puts a copy that writes nothing after every second layer (LLaMA Pro).
pub(super) fn insert_silent(model: &mut Llama, _: &mut Random) {
    let old = std::mem::take(&mut model.layers);
    for (number, layer) in old.into_iter().enumerate() {
        let copy = (number % 2 == 1).then(|| {
            let mut copy = layer.clone();
            copy.writers().into_iter().for_each(|writer| writer.fill(0.0));
            copy
        });
        model.layers.push(layer);
        model.layers.extend(copy);
    }
}

fn keep(model: &mut Llama, wanted: impl Fn(usize, usize) -> bool) {
    let count = model.layers.len();
    let mut layer = 0;
    model.layers.retain(|_| {
        layer += 1;
        wanted(layer - 1, count)
    });
}
