// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Runs a model on tokens, in f64 from f32 weights: what a transform must not change.
//!
//! In: a model and tokens. Out: logits, [tokens, vocabulary]. Norms are RMSNorm, positions rotary (dimension i turns
//! with i + head_dim/2), heads grouped, blocks gated with silu. Experts: softmax over all, the best kept (with whatever
//! ties with the last of them), renormalised.

use nalgebra::{DMatrix, DVector, RowDVector};

use crate::model::{Gated, Layer, Llama, Projection};

/// Logits after each token, [tokens, vocabulary].
pub fn logits(model: &Llama, tokens: &[usize]) -> DMatrix<f64> {
    let embedding = wide(&model.embedding);
    let mut stream = embedding.select_rows(tokens);
    for layer in &model.layers {
        stream += attention(model, layer, &norm(&stream, &layer.attention_gain, model.epsilon));
        stream += feed_forward(model, layer, &norm(&stream, &layer.feed_forward_gain, model.epsilon));
    }
    let last = norm(&stream, &model.final_gain, model.epsilon);
    last * model.head.as_ref().map_or(embedding, wide).transpose()
}

/// ‖a − b‖ / ‖b‖ of two sets of logits.
pub fn relative_error(a: &DMatrix<f64>, b: &DMatrix<f64>) -> f64 {
    (a - b).norm() / b.norm()
}

fn wide(matrix: &DMatrix<f32>) -> DMatrix<f64> {
    matrix.map(f64::from)
}

/// x / √(mean(x²) + ε) ∘ gain, row by row.
fn norm(stream: &DMatrix<f64>, gain: &DVector<f32>, epsilon: f64) -> DMatrix<f64> {
    let gain = RowDVector::from_iterator(gain.len(), gain.iter().map(|&x| f64::from(x)));
    let mut normed = stream.clone();
    for mut row in normed.row_iter_mut() {
        let scale = (row.norm_squared() / row.len() as f64 + epsilon).sqrt();
        row /= scale;
        row.component_mul_assign(&gain);
    }
    normed
}

fn project(stream: &DMatrix<f64>, projection: &Projection) -> DMatrix<f64> {
    let mut projected = stream * wide(&projection.weight).transpose();
    if let Some(bias) = &projection.bias {
        for (mut column, bias) in projected.column_iter_mut().zip(bias.iter()) {
            column.add_scalar_mut(f64::from(*bias));
        }
    }
    projected
}

/// Turns each pair (i, i + width/2) of a head's columns by position·θ^(−2i/width).
fn rotary(head: &mut DMatrix<f64>, theta: f64) {
    let half = head.ncols() / 2;
    for pair in 0..half {
        let frequency = theta.powf(-(pair as f64) / half as f64);
        for position in 0..head.nrows() {
            let (sin, cos) = (position as f64 * frequency).sin_cos();
            let (a, b) = (head[(position, pair)], head[(position, pair + half)]);
            head[(position, pair)] = a * cos - b * sin;
            head[(position, pair + half)] = b * cos + a * sin;
        }
    }
}

fn attention(model: &Llama, layer: &Layer, stream: &DMatrix<f64>) -> DMatrix<f64> {
    let width = model.head_dim;
    let (query, key, value) =
        (project(stream, &layer.query), project(stream, &layer.key), project(stream, &layer.value));
    let mut mixed = DMatrix::zeros(stream.nrows(), model.heads * width);
    for head in 0..model.heads {
        let group = head / model.group();
        let mut q = query.columns(head * width, width).into_owned();
        let mut k = key.columns(group * width, width).into_owned();
        rotary(&mut q, model.theta);
        rotary(&mut k, model.theta);
        let mut scores = q * k.transpose() / (width as f64).sqrt();
        for (position, mut row) in scores.row_iter_mut().enumerate() {
            softmax(row.columns_mut(0, position + 1).iter_mut());
            row.columns_range_mut(position + 1..).fill(0.0);
        }
        mixed.columns_mut(head * width, width).copy_from(&(scores * value.columns(group * width, width)));
    }
    mixed * wide(&layer.output).transpose()
}

fn softmax<'a>(values: impl Iterator<Item = &'a mut f64>) {
    let values: Vec<&mut f64> = values.collect();
    let largest = values.iter().fold(f64::NEG_INFINITY, |largest, value| largest.max(**value));
    let sum: f64 = values.iter().map(|value| (**value - largest).exp()).sum();
    for value in values {
        *value = (*value - largest).exp() / sum;
    }
}

fn feed_forward(model: &Llama, layer: &Layer, stream: &DMatrix<f64>) -> DMatrix<f64> {
    let Some(router) = &layer.router else {
        return layer
            .experts
            .iter()
            .fold(DMatrix::zeros(stream.nrows(), stream.ncols()), |sum, b| sum + gated(b, stream));
    };
    let mut shares = stream * wide(router).transpose();
    for mut row in shares.row_iter_mut() {
        softmax(row.iter_mut());
        let mut order: Vec<f64> = row.iter().copied().collect();
        order.sort_by(|a, b| b.total_cmp(a));
        let last = order.get(model.experts_per_token.max(1) - 1).or(order.last()).copied().unwrap_or_default();
        let kept: f64 = row.iter().filter(|share| **share >= last).sum();
        row.apply(|share| *share = if *share >= last { *share / kept } else { 0.0 });
    }
    let mut sum = DMatrix::zeros(stream.nrows(), stream.ncols());
    for (expert, block) in layer.experts.iter().enumerate() {
        let mut part = gated(block, stream);
        for (mut row, share) in part.row_iter_mut().zip(shares.column(expert).iter()) {
            row *= *share;
        }
        sum += part;
    }
    sum
}

fn gated(block: &Gated, stream: &DMatrix<f64>) -> DMatrix<f64> {
    let gate = stream * wide(&block.gate).transpose();
    let up = stream * wide(&block.up).transpose();
    let inner = gate.zip_map(&up, |gate, up| gate / (1.0 + (-gate).exp()) * up);
    inner * wide(&block.down).transpose()
}
