// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Parts replaced by random numbers of the same size.

use nalgebra::DMatrix;

use crate::model::{Llama, deviation};
use crate::random::Random;

/// A new tokenizer: a vocabulary a quarter larger, embedding and head random.
pub(super) fn vocabulary(model: &mut Llama, random: &mut Random) {
    let rows = model.embedding.nrows() + model.embedding.nrows() / 4;
    let width = model.width();
    model.embedding = random.gaussian(rows, width, deviation(model.embedding.as_slice()));
    if let Some(head) = &mut model.head {
        *head = random.gaussian(rows, width, deviation(head.as_slice()));
    }
}

/// New feed-forward blocks; attention stays.
pub(super) fn feed_forward(model: &mut Llama, random: &mut Random) {
    for block in model.layers.iter_mut().flat_map(|layer| &mut layer.experts) {
        for matrix in [&mut block.gate, &mut block.up, &mut block.down] {
            redraw(matrix, random, 1.0);
        }
    }
}

/// Draws a share of the entries of query, key, value, and output again.
pub(super) fn attention(model: &mut Llama, random: &mut Random, share: f64) {
    for layer in &mut model.layers {
        for matrix in layer.attention_readers() {
            redraw(matrix, random, share);
        }
        redraw(&mut layer.output, random, share);
    }
}

/// Draws a share of the entries again, with the standard deviation of the whole.
pub(super) fn redraw(matrix: &mut DMatrix<f32>, random: &mut Random, share: f64) {
    let sigma = deviation(matrix.as_slice());
    for value in matrix.as_mut_slice() {
        if random.uniform() < share {
            *value = (sigma * random.normal()) as f32;
        }
    }
}
