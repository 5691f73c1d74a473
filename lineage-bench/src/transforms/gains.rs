// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Gains of the norms moved into what reads them, and out again.
//!
//! A norm's gain g multiplies channels, and only its readers W see them: W·diag(g) and a gain of 1 are the same.

use nalgebra::DVector;

use crate::model::{Llama, scale_columns};
use crate::random::Random;

/// Moves every gain into its readers; gains become 1. An embedding that serves as head is copied first.
pub(super) fn fold(model: &mut Llama, _: &mut Random) {
    for layer in &mut model.layers {
        let gain = take(&mut layer.attention_gain);
        layer.attention_readers().into_iter().for_each(|reader| scale_columns(reader, &gain));
        let gain = take(&mut layer.feed_forward_gain);
        layer.feed_forward_readers().into_iter().for_each(|reader| scale_columns(reader, &gain));
    }
    let gain = take(&mut model.final_gain);
    scale_columns(model.untie(), &gain);
}

/// Moves random factors exp(0.7·normal) from the readers of a layer into its gains.
pub(super) fn shuffle(model: &mut Llama, random: &mut Random) {
    let width = model.width();
    for layer in &mut model.layers {
        let factors = factors(width, random);
        layer.attention_gain.component_mul_assign(&factors);
        let inverse = factors.map(|factor| 1.0 / factor);
        layer.attention_readers().into_iter().for_each(|reader| scale_columns(reader, &inverse));
        let factors = self::factors(width, random);
        layer.feed_forward_gain.component_mul_assign(&factors);
        let inverse = factors.map(|factor| 1.0 / factor);
        layer.feed_forward_readers().into_iter().for_each(|reader| scale_columns(reader, &inverse));
    }
}

fn factors(width: usize, random: &mut Random) -> DVector<f32> {
    DVector::from_fn(width, |_, _| random.factor(0.7) as f32)
}

fn take(gain: &mut DVector<f32>) -> DVector<f32> {
    let width = gain.len();
    std::mem::replace(gain, DVector::from_element(width, 1.0))
}
