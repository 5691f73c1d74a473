// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Attention heads: reordered, and their value circuits mixed.
//!
//! Key/value heads may be reordered with the groups of query heads that use them, and query heads within a group. What
//! a head reads (value) and writes (output) meet only in O·V, so V → A·V and O → O·A⁻¹ cancel for any invertible A.

use nalgebra::DMatrix;

use crate::model::{Llama, Projection};
use crate::random::Random;

/// Reorders key/value heads with their groups, and the query heads of each group.
pub(super) fn permute(model: &mut Llama, random: &mut Random) {
    let (width, group, kv_heads) = (model.head_dim, model.group(), model.kv_heads);
    for layer in &mut model.layers {
        let groups = random.permutation(kv_heads);
        let heads: Vec<usize> = groups
            .iter()
            .flat_map(|old| random.permutation(group).into_iter().map(|head| old * group + head).collect::<Vec<_>>())
            .collect();
        let (narrow, wide) = (rows_of(&groups, width), rows_of(&heads, width));
        reorder(&mut layer.query, &wide);
        reorder(&mut layer.key, &narrow);
        reorder(&mut layer.value, &narrow);
        layer.output = layer.output.select_columns(&wide);
    }
}

/// V → A·V and O → O·A⁻¹ for each key/value head, A = (I + noise of norm about ½) · a random rotation.
pub(super) fn mix_values(model: &mut Llama, random: &mut Random) {
    let (width, group, kv_heads) = (model.head_dim, model.group(), model.kv_heads);
    for layer in &mut model.layers {
        for kv in 0..kv_heads {
            let (mixing, inverse) = invertible(width, random);
            let value = &mixing * layer.value.weight.rows(kv * width, width);
            layer.value.weight.rows_mut(kv * width, width).copy_from(&value);
            if let Some(bias) = &mut layer.value.bias {
                let mixed = &mixing * bias.rows(kv * width, width);
                bias.rows_mut(kv * width, width).copy_from(&mixed);
            }
            for head in kv * group..(kv + 1) * group {
                let output = layer.output.columns(head * width, width) * &inverse;
                layer.output.columns_mut(head * width, width).copy_from(&output);
            }
        }
    }
}

/// A well-conditioned random matrix and its inverse.
fn invertible(size: usize, random: &mut Random) -> (DMatrix<f32>, DMatrix<f32>) {
    loop {
        let near = DMatrix::identity(size, size)
            + DMatrix::from_fn(size, size, |_, _| 0.5 * random.normal() / (size as f64).sqrt());
        let mixing = near * random.orthogonal(size);
        // Singular with probability 0; drawn again should it happen.
        if let Some(inverse) = mixing.clone().try_inverse() {
            return (mixing.map(|x| x as f32), inverse.map(|x| x as f32));
        }
    }
}

fn rows_of(heads: &[usize], width: usize) -> Vec<usize> {
    heads.iter().flat_map(|head| head * width..(head + 1) * width).collect()
}

fn reorder(projection: &mut Projection, rows: &[usize]) {
    projection.weight = projection.weight.select_rows(rows);
    if let Some(bias) = &mut projection.bias {
        *bias = bias.select_rows(rows);
    }
}
