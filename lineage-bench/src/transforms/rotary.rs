// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The freedom rotary positions leave: one complex factor a pair.
//!
//! Dimensions p and p + head_dim/2 of a head are one complex number z, which a position turns by a phase. Scores are
//! Re Σ z_q·conj(z_k), so z_q → c·z_q and z_k → z_k/conj(c) cancel, for any c of each pair of each key/value head.

use nalgebra::DMatrix;

use crate::model::{Llama, Projection};
use crate::random::Random;

/// Turns and rescales the pairs of query and key: c = exp(0.5·normal)·e^{iφ}, φ uniform.
pub(super) fn turn_pairs(model: &mut Llama, random: &mut Random) {
    let (width, group, kv_heads) = (model.head_dim, model.group(), model.kv_heads);
    for layer in &mut model.layers {
        for kv in 0..kv_heads {
            for pair in 0..width / 2 {
                let (scale, phase) = (random.factor(0.5), std::f64::consts::TAU * random.uniform());
                for head in kv * group..(kv + 1) * group {
                    turn(&mut layer.query, head * width + pair, width / 2, scale, phase);
                }
                turn(&mut layer.key, kv * width + pair, width / 2, 1.0 / scale, phase);
            }
        }
    }
}

/// Multiplies the complex row (row, row + half) by scale·e^{iφ}.
fn turn(projection: &mut Projection, row: usize, half: usize, scale: f64, phase: f64) {
    let (sin, cos) = phase.sin_cos();
    let (sin, cos) = ((scale * sin) as f32, (scale * cos) as f32);
    let turned = |a: f32, b: f32| (cos * a - sin * b, sin * a + cos * b);
    let weight: &mut DMatrix<f32> = &mut projection.weight;
    for mut column in weight.column_iter_mut() {
        (column[row], column[row + half]) = turned(column[row], column[row + half]);
    }
    if let Some(bias) = &mut projection.bias {
        (bias[row], bias[row + half]) = turned(bias[row], bias[row + half]);
    }
}
