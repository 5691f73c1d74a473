// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Small decoders whose every matrix is drawn by a rule.
//!
//! In: a shape, and what to draw for a matrix. Out: a [`Drawn`] model: norms of ones, matrices as the rule says.

use nalgebra::{DMatrix, DVector};
use serde_json::json;

use crate::form::Named;
use crate::memory;
use crate::model::{Gated, Layer, Llama, Projection};

/// Sizes of a decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Width of the residual stream.
    pub width: usize,
    /// Blocks.
    pub layers: usize,
    /// Query heads.
    pub heads: usize,
    /// Key/value heads.
    pub kv_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// Neurons of a block.
    pub neurons: usize,
    /// Rows of the embedding.
    pub vocabulary: usize,
}

/// Shapes that are drawn in turn: small, so that a pair takes milliseconds, and narrow, since the fewer channels there are,
/// the more a coincidence in one of them weighs.
pub const SHAPES: [Shape; 2] = [
    Shape { width: 64, layers: 2, heads: 4, kv_heads: 2, head_dim: 16, neurons: 48, vocabulary: 96 },
    Shape { width: 32, layers: 2, heads: 4, kv_heads: 4, head_dim: 8, neurons: 40, vocabulary: 64 },
];

/// A matrix that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// Whether rows are the channels of the residual stream; columns are if not.
    pub writes: bool,
    /// Whether rows are tokens.
    pub tokens: bool,
}

impl Spot {
    /// The standard deviation that matrices are started with: one over the root of the width of what they read.
    pub fn scale(self) -> f64 {
        1.0 / (self.columns as f64).sqrt()
    }
}

/// A model that was drawn, with tensors that are in its file and not in the decoder.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// The decoder.
    pub model: Llama,
    /// Other tensors.
    pub beside: Vec<Named>,
}

impl Drawn {
    /// A decoder of matrices that `draw` makes.
    pub fn new(shape: Shape, mut draw: impl FnMut(Spot) -> DMatrix<f32>) -> Self {
        let Shape { width, neurons, vocabulary, .. } = shape;
        let (all, few) = (shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim);
        let ones = || DVector::from_element(width, 1.0);
        let mut matrix = |rows, columns, writes, tokens| draw(Spot { rows, columns, writes, tokens });
        let embedding = matrix(vocabulary, width, false, true);
        let layers = (0..shape.layers)
            .map(|_| {
                let mut reader = |rows| Projection { weight: matrix(rows, width, false, false), bias: None };
                let (query, key, value) = (reader(all), reader(few), reader(few));
                Layer {
                    attention_gain: ones(),
                    query,
                    key,
                    value,
                    output: matrix(width, all, true, false),
                    feed_forward_gain: ones(),
                    router: None,
                    experts: vec![Gated {
                        gate: matrix(neurons, width, false, false),
                        up: matrix(neurons, width, false, false),
                        down: matrix(width, neurons, true, false),
                    }],
                }
            })
            .collect();
        let model = Llama {
            heads: shape.heads,
            kv_heads: shape.kv_heads,
            head_dim: shape.head_dim,
            epsilon: 1e-6,
            theta: 10_000.0,
            experts_per_token: 1,
            embedding,
            layers,
            final_gain: ones(),
            head: None,
            config: json!({
                "architectures": ["LlamaForCausalLM"],
                "model_type": "llama",
                "hidden_act": "silu",
                "rope_theta": 10_000.0,
            }),
        };
        Self { model, beside: Vec::new() }
    }

    /// Its fingerprint.
    pub fn print(&self) -> Result<forebear::fingerprint::Fingerprint, crate::error::Error> {
        memory::print(&self.model, &self.beside)
    }
}
