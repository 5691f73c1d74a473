// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The coordinates of the residual stream: x → x·R.
//!
//! RMSNorm with gains of 1 commutes with every orthogonal R. So, after the gains are folded, readers and embeddings
//! become W·R and writers Rᵀ·W, and no output changes.

use nalgebra::DMatrix;

use super::gains;
use crate::model::{Llama, scale_columns, scale_rows};
use crate::random::Random;

/// Turns the stream by a random orthogonal matrix.
pub(super) fn rotate(model: &mut Llama, random: &mut Random) {
    gains::fold(model, random);
    let rotation: DMatrix<f32> = random.orthogonal(model.width()).map(|x| x as f32);
    change(model, &|reader| *reader *= &rotation, &|writer| *writer = rotation.tr_mul(writer));
}

/// Reorders the channels of the stream and flips the signs of some.
pub(super) fn permute(model: &mut Llama, random: &mut Random) {
    gains::fold(model, random);
    let width = model.width();
    let order = random.permutation(width);
    let signs = nalgebra::DVector::from_fn(width, |_, _| random.sign());
    let reader = |matrix: &mut DMatrix<f32>| {
        *matrix = matrix.select_columns(&order);
        scale_columns(matrix, &signs);
    };
    let writer = |matrix: &mut DMatrix<f32>| {
        *matrix = matrix.select_rows(&order);
        scale_rows(matrix, &signs);
    };
    change(model, &reader, &writer);
}

fn change(model: &mut Llama, reader: &dyn Fn(&mut DMatrix<f32>), writer: &dyn Fn(&mut DMatrix<f32>)) {
    reader(model.untie());
    reader(&mut model.embedding);
    for layer in &mut model.layers {
        layer.attention_readers().into_iter().for_each(reader);
        layer.feed_forward_readers().into_iter().for_each(reader);
        layer.writers().into_iter().for_each(writer);
    }
}
