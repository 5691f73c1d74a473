// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Matrices rounded to what a quantized file would hold, and stored as floats again.

use half::f16;
use nalgebra::DMatrix;

use crate::model::Llama;
use crate::random::Random;

/// Values of a block of q4_0 (llama.cpp), and of nf4 (bitsandbytes).
const Q4_BLOCK: usize = 32;
const NF4_BLOCK: usize = 64;
/// Quantiles of the normal distribution, the 16 values of nf4 (Dettmers and others 2023, appendix E).
const NF4: [f32; 16] = [
    -1.0,
    -0.696_192_8,
    -0.525_073_05,
    -0.394_917_5,
    -0.284_441_38,
    -0.184_773_43,
    -0.091_050_036,
    0.0,
    0.079_580_3,
    0.160_930_2,
    0.246_112_3,
    0.337_915_24,
    0.440_709_83,
    0.562_617,
    0.722_956_84,
    1.0,
];

/// One scale a row: s = max|x|/127, x → s·round(x/s).
pub(super) fn int8(model: &mut Llama, _: &mut Random) {
    blocks(model, usize::MAX, |block| {
        let scale = largest(block) / 127.0;
        if scale > 0.0 {
            for x in block {
                *x = (*x / scale).round_ties_even() * scale;
            }
        }
    });
}

/// One f16 scale a block of 32: s = (the value of largest size)/−8, x → s·clamp(round(x/s), −8, 7).
pub(super) fn q4_0(model: &mut Llama, _: &mut Random) {
    blocks(model, Q4_BLOCK, |block| {
        let extreme = block.iter().copied().fold(0.0f32, |far, x| if x.abs() > far.abs() { x } else { far });
        let scale = f16::from_f32(extreme / -8.0).to_f32();
        if scale == 0.0 {
            block.fill(0.0);
        } else {
            for x in block {
                *x = (*x / scale).round_ties_even().clamp(-8.0, 7.0) * scale;
            }
        }
    });
}

/// One scale a block of 64: s = max|x|, x → s·(the nearest of the 16 values).
pub(super) fn nf4(model: &mut Llama, _: &mut Random) {
    blocks(model, NF4_BLOCK, |block| {
        let scale = largest(block);
        if scale > 0.0 {
            let nearest = |x: f32| NF4.into_iter().min_by(|a, b| (a - x).abs().total_cmp(&(b - x).abs()));
            for x in block {
                *x = scale * nearest(*x / scale).unwrap_or_default();
            }
        }
    });
}

fn largest(block: &[f32]) -> f32 {
    block.iter().fold(0.0f32, |far, x| far.max(x.abs()))
}

/// Runs over the blocks of each row of every matrix; the last of a row may be shorter.
fn blocks(model: &mut Llama, width: usize, round: impl Fn(&mut [f32])) {
    for matrix in model.matrices_mut() {
        // Column-major storage: a row of the matrix is a column of its transpose.
        let mut rows: DMatrix<f32> = matrix.transpose();
        let columns = rows.nrows().max(1);
        for row in rows.as_mut_slice().chunks_mut(columns) {
            row.chunks_mut(width.min(columns)).for_each(&round);
        }
        *matrix = rows.transpose();
    }
}
