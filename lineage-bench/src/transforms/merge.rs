// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The weighted mean of two models of one shape.

use crate::model::Llama;

/// model → share·model + (1 − share)·other. Returns whether the shapes agree; nothing is changed if not.
pub(super) fn merge(model: &mut Llama, other: &Llama, share: f64) -> bool {
    let mut other = other.clone();
    let (ours, theirs) = (shapes(model), shapes(&mut other));
    if ours != theirs {
        return false;
    }
    let share = share as f32;
    for (matrix, other) in model.matrices_mut().into_iter().zip(other.matrices_mut()) {
        matrix.zip_apply(other, |x, y| *x = share * *x + (1.0 - share) * y);
    }
    for (vector, other) in model.vectors_mut().into_iter().zip(other.vectors_mut()) {
        vector.zip_apply(other, |x, y| *x = share * *x + (1.0 - share) * y);
    }
    true
}

fn shapes(model: &mut Llama) -> (Vec<(usize, usize)>, Vec<usize>) {
    let matrices = model.matrices_mut().iter().map(|matrix| matrix.shape()).collect();
    (matrices, model.vectors_mut().iter().map(|vector| vector.len()).collect())
}
