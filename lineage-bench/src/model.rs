// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A llama-like decoder in memory: what transforms change and the forward pass runs.
//!
//! Shapes follow Hugging Face: a projection is [outputs, inputs]. d is the width of the residual stream, f the number
//! of neurons of a feed-forward block.

use nalgebra::{DMatrix, DVector};
use serde_json::Value;

/// A decoder with RMSNorm, rotary positions, grouped-query attention, and gated feed-forward blocks.
#[derive(Clone, Debug, PartialEq)]
pub struct Llama {
    /// Query heads of a layer.
    pub heads: usize,
    /// Key/value heads of a layer; divides `heads`.
    pub kv_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// Added to the mean square in a norm.
    pub epsilon: f64,
    /// Base of the rotary frequencies.
    pub theta: f64,
    /// Experts a token is sent to, where there are experts.
    pub experts_per_token: usize,
    /// Token embedding, [vocabulary, d].
    pub embedding: DMatrix<f32>,
    /// Blocks, first to last.
    pub layers: Vec<Layer>,
    /// Gain of the last norm, d values.
    pub final_gain: DVector<f32>,
    /// Output head, [vocabulary, d]; `None` where the embedding serves.
    pub head: Option<DMatrix<f32>>,
    /// The config the model was read with; what the fields above say is written over it.
    pub config: Value,
}

/// One block.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Gain of the norm before attention, d values.
    pub attention_gain: DVector<f32>,
    /// Query projection, [heads·head_dim, d].
    pub query: Projection,
    /// Key projection, [kv_heads·head_dim, d].
    pub key: Projection,
    /// Value projection, [kv_heads·head_dim, d].
    pub value: Projection,
    /// Attention output, [d, heads·head_dim].
    pub output: DMatrix<f32>,
    /// Gain of the norm before the feed-forward block, d values.
    pub feed_forward_gain: DVector<f32>,
    /// Router, [experts, d]; `None` in a dense block.
    pub router: Option<DMatrix<f32>>,
    /// Feed-forward blocks: one, or one an expert.
    pub experts: Vec<Gated>,
}

/// A projection with an optional bias.
#[derive(Clone, Debug, PartialEq)]
pub struct Projection {
    /// [outputs, inputs].
    pub weight: DMatrix<f32>,
    /// One value an output.
    pub bias: Option<DVector<f32>>,
}

/// down·(silu(gate·x) ∘ up·x).
#[derive(Clone, Debug, PartialEq)]
pub struct Gated {
    /// [f, d].
    pub gate: DMatrix<f32>,
    /// [f, d].
    pub up: DMatrix<f32>,
    /// [d, f].
    pub down: DMatrix<f32>,
}

impl Llama {
    /// Width of the residual stream.
    pub fn width(&self) -> usize {
        self.embedding.ncols()
    }

    /// Query heads that share a key/value head.
    pub fn group(&self) -> usize {
        self.heads / self.kv_heads
    }

    /// Gives the model an output head of its own, with the values it has used so far.
    pub fn untie(&mut self) -> &mut DMatrix<f32> {
        self.head.get_or_insert_with(|| self.embedding.clone())
    }

    /// Every matrix.
    pub fn matrices_mut(&mut self) -> Vec<&mut DMatrix<f32>> {
        let mut all = vec![&mut self.embedding];
        for layer in &mut self.layers {
            all.extend([&mut layer.query.weight, &mut layer.key.weight, &mut layer.value.weight, &mut layer.output]);
            all.extend(layer.router.as_mut());
            all.extend(
                layer.experts.iter_mut().flat_map(|expert| [&mut expert.gate, &mut expert.up, &mut expert.down]),
            );
        }
        all.extend(self.head.as_mut());
        all
    }

    /// Every gain and bias.
    pub fn vectors_mut(&mut self) -> Vec<&mut DVector<f32>> {
        let mut all = Vec::new();
        for layer in &mut self.layers {
            all.extend([&mut layer.attention_gain, &mut layer.feed_forward_gain]);
            let biases = [&mut layer.query.bias, &mut layer.key.bias, &mut layer.value.bias];
            all.extend(biases.into_iter().filter_map(Option::as_mut));
        }
        all.push(&mut self.final_gain);
        all
    }
}

impl Layer {
    /// What reads the residual stream through the attention norm: query, key, value.
    pub fn attention_readers(&mut self) -> [&mut DMatrix<f32>; 3] {
        [&mut self.query.weight, &mut self.key.weight, &mut self.value.weight]
    }

    /// What reads the residual stream through the feed-forward norm: gates, ups, and the router.
    pub fn feed_forward_readers(&mut self) -> Vec<&mut DMatrix<f32>> {
        let blocks = self.experts.iter_mut().flat_map(|expert| [&mut expert.gate, &mut expert.up]);
        blocks.chain(self.router.as_mut()).collect()
    }

    /// What writes to the residual stream, [d, …]: attention output and downs.
    pub fn writers(&mut self) -> Vec<&mut DMatrix<f32>> {
        let downs = self.experts.iter_mut().map(|expert| &mut expert.down);
        std::iter::once(&mut self.output).chain(downs).collect()
    }
}

impl Gated {
    /// Number of neurons.
    pub fn neurons(&self) -> usize {
        self.gate.nrows()
    }

    /// The block with the neurons named, in that order.
    pub fn select(&self, neurons: &[usize]) -> Self {
        Self {
            gate: self.gate.select_rows(neurons),
            up: self.up.select_rows(neurons),
            down: self.down.select_columns(neurons),
        }
    }
}

/// Population standard deviation of some values.
pub fn deviation(values: &[f32]) -> f64 {
    let count = values.len().max(1) as f64;
    let mean = values.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
    (values.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / count).sqrt()
}

/// Multiplies column j of a matrix by factor j.
pub fn scale_columns(matrix: &mut DMatrix<f32>, factors: &DVector<f32>) {
    for (mut column, factor) in matrix.column_iter_mut().zip(factors.iter()) {
        column *= *factor;
    }
}

/// Multiplies row i of a matrix by factor i.
pub fn scale_rows(matrix: &mut DMatrix<f32>, factors: &DVector<f32>) {
    for mut column in matrix.column_iter_mut() {
        column.component_mul_assign(factors);
    }
}
