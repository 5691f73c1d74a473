// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Noise: every tensor W becomes W + s·σ(W)·normal, σ its standard deviation.

use crate::model::{Llama, deviation};
use crate::random::Random;

/// Adds noise of `share` standard deviations to every tensor.
pub(super) fn add(model: &mut Llama, random: &mut Random, share: f64) {
    for matrix in model.matrices_mut() {
        blur(matrix.as_mut_slice(), random, share);
    }
    for vector in model.vectors_mut() {
        blur(vector.as_mut_slice(), random, share);
    }
}

fn blur(values: &mut [f32], random: &mut Random, share: f64) {
    let sigma = share * deviation(values);
    for value in values {
        *value += (sigma * random.normal()) as f32;
    }
}
