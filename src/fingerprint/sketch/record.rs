// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The sketch of one stack of layers.
//!
//! Everything is kept strongest first, so that a shorter sketch is a prefix of a longer one: a base keeps little, a
//! suspect much, and either can be compared with either.

/// A stack of layers: a decoder, an encoder, a vision tower.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sketch {
    /// What stands before the layer numbers in the names of its tensors.
    pub stack: String,
    /// Width of the residual stream.
    pub hidden: u32,
    /// Number of layers in the network; fewer may be kept.
    pub depth: u32,
    /// Whether the norms subtract a mean over the channels (LayerNorm), which breaks the symmetry of signs.
    pub centred_norm: bool,
    /// Layers kept, by ascending number.
    pub layers: Vec<LayerSketch>,
}

/// One layer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayerSketch {
    /// Number of the layer, from 0.
    pub layer: u32,
    /// Feed-forward units: one in a dense block, one an expert in a mixture. Strongest first, shared experts before.
    pub units: Vec<Unit>,
    /// Rows of the attention projections.
    pub attention: Option<AttentionRows>,
    /// Attention circuits, in the order of the query heads; empty without rotary positions.
    pub circuits: Vec<Circuit>,
}

/// int8 rows of one matrix: each row is scaled so that its largest entry is ±127, and the scale is dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// Entries a row.
    pub columns: u32,
    /// Rows, one after another.
    pub values: Vec<i8>,
}

/// One feed-forward unit: the salient neurons, strongest first, by ‖gate‖·‖up‖·‖down‖ with all gains folded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Unit {
    /// Routed expert, from 0; `None` in a dense block.
    pub expert: Option<u32>,
    /// Neurons of the unit, of which some are kept.
    pub neurons: u32,
    /// Whether there is a gate. Without one, `gate` and `gate_gram` are those of the inner projection, and `up` and
    /// `up_gram` are empty.
    pub gated: bool,
    /// Indices of the kept neurons.
    pub indices: Vec<u32>,
    /// Rows of gate, up, and transposed down: first 256 raw residual channels, standardised by channel.
    pub gate: Rows,
    /// See `gate`.
    pub up: Rows,
    /// See `gate`.
    pub down: Rows,
    /// Cosines with the words of the network, [neurons kept, words].
    pub words: Rows,
    /// Scale of each row of `words`.
    pub word_scales: Vec<f32>,
    /// Strict upper triangles, by columns (so that a prefix of neurons is a prefix of the triangle), of the neurons'
    /// cosines: gate centred on the mean over all neurons, up, down. Signed square root times 127.
    pub gate_gram: Vec<i8>,
    /// See `gate_gram`.
    pub up_gram: Vec<i8>,
    /// See `gate_gram`.
    pub down_gram: Vec<i8>,
}

/// Salient rows of the attention projections, by norm with all gains folded: first 256 raw residual channels,
/// standardised by channel. Output rows are those of the transposed projection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttentionRows {
    /// Query rows.
    pub query: Rows,
    /// Key rows.
    pub key: Rows,
    /// Value rows.
    pub value: Rows,
    /// Output rows.
    pub output: Rows,
}

/// One query head with its key and value head, in the frame of its rotary pairs: 2P unit vectors (P of the key head,
/// then the same P of the query head). All values are companded: signed square root times 127.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Circuit {
    /// Query head.
    pub head: u32,
    /// Rotary pairs of the head (half the rotary dimension), of which `pairs` are kept.
    pub rotary_pairs: u32,
    /// P.
    pub pairs: u32,
    /// Hermitian Gram, strict upper triangle by columns, real and imaginary part in turn: 2P(2P−1) values.
    pub hermitian: Vec<i8>,
    /// Symmetric Gram, upper triangle with diagonal by columns: 2P(2P+1) values.
    pub symmetric: Vec<i8>,
    /// Value–output form, Hermitian then symmetric, all 2P × 2P by rows: 16P² values.
    pub form: Vec<i8>,
    /// Scale of `form`.
    pub form_scale: f32,
}
