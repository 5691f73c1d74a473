// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Query against key, and value against output, rescaled by group: s·q and k/s give the same scores, s·v and o/s the
//! same output.

use crate::model::{Llama, Projection};
use crate::random::Random;

/// q → s·q, k → k/s, with s = exp(0.7·normal) a key/value head.
pub(super) fn query_key(model: &mut Llama, random: &mut Random) {
    let (width, group, kv_heads) = (model.head_dim, model.group(), model.kv_heads);
    for layer in &mut model.layers {
        for kv in 0..kv_heads {
            let factor = random.factor(0.7) as f32;
            scale(&mut layer.query, kv * group * width, group * width, factor);
            scale(&mut layer.key, kv * width, width, 1.0 / factor);
        }
    }
}

/// v → s·v, o → o/s, with s = exp(0.7·normal) a key/value head.
pub(super) fn value_output(model: &mut Llama, random: &mut Random) {
    let (width, group, kv_heads) = (model.head_dim, model.group(), model.kv_heads);
    for layer in &mut model.layers {
        for kv in 0..kv_heads {
            let factor = random.factor(0.7) as f32;
            scale(&mut layer.value, kv * width, width, factor);
            layer.output.columns_mut(kv * group * width, group * width).scale_mut(1.0 / factor);
        }
    }
}

fn scale(projection: &mut Projection, from: usize, rows: usize, factor: f32) {
    projection.weight.rows_mut(from, rows).scale_mut(factor);
    if let Some(bias) = &mut projection.bias {
        bias.rows_mut(from, rows).scale_mut(factor);
    }
}
