// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A layer in canonical form.

use std::sync::OnceLock;

use super::matrix::Matrix;
use crate::fingerprint::sketch::dots::Dots;

/// One layer in canonical form.
#[cfg(test)]
#[derive(Clone, Debug, Default)]
pub(in crate::fingerprint::sketch) struct Layer {
    /// Feed-forward units, those that see every token first; empty where the block is not understood.
    pub(in crate::fingerprint::sketch) units: Vec<FeedForward>,
    /// Attention; `None` where it is not understood.
    pub(in crate::fingerprint::sketch) attention: Option<Attention>,
}

/// One feed-forward unit; every matrix is [neurons, d].
#[derive(Clone, Debug, Default)]
pub(in crate::fingerprint::sketch) struct FeedForward {
    /// Routed expert, from 0.
    pub(in crate::fingerprint::sketch) expert: Option<u32>,
    /// Whether it is an expert that sees every token, beside routed ones.
    pub(in crate::fingerprint::sketch) shared: bool,
    /// Gate, or the inner projection where there is no gate.
    pub(in crate::fingerprint::sketch) gate: Matrix,
    /// Up; `None` where there is no gate.
    pub(in crate::fingerprint::sketch) up: Option<Matrix>,
    /// Transposed down.
    pub(in crate::fingerprint::sketch) down: Matrix,
    /// Products of its rows, once they were asked for: the matrices do not change after that.
    pub(in crate::fingerprint::sketch) dots: OnceLock<Vec<Dots>>,
}

impl FeedForward {
    /// Products of its rows with one another, by neuron.
    pub(in crate::fingerprint::sketch) fn dots(&self) -> &[Dots] {
        self.dots.get_or_init(|| Dots::of(self))
    }
}

/// Attention; query [heads·dim, d], key [kv_heads·dim, d], value [value heads·value_dim, d], output transposed to
/// [heads·value_dim, d].
///
/// Mostly the values have as many heads as the keys, of the same dimension. In latent attention there is one key head,
/// of which the rotary part alone is here, and a value head for each query head.
#[derive(Clone, Debug, Default)]
pub(in crate::fingerprint::sketch) struct Attention {
    /// Query rows.
    pub(in crate::fingerprint::sketch) query: Matrix,
    /// Key rows.
    pub(in crate::fingerprint::sketch) key: Matrix,
    /// Value rows.
    pub(in crate::fingerprint::sketch) value: Matrix,
    /// Output rows.
    pub(in crate::fingerprint::sketch) output: Matrix,
    /// How the rows make heads; `None` where nothing tells.
    pub(in crate::fingerprint::sketch) heads: Option<HeadLayout>,
}

/// How rows make heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::fingerprint::sketch) struct HeadLayout {
    /// Query heads.
    pub(in crate::fingerprint::sketch) query: usize,
    /// Key heads.
    pub(in crate::fingerprint::sketch) key_value: usize,
    /// Rows of a query or key head.
    pub(in crate::fingerprint::sketch) dim: usize,
    /// First rows of a head that are rotated by the position: pair p is rows p and p + rotary/2. Zero without rotary
    /// positions.
    pub(in crate::fingerprint::sketch) rotary: usize,
}
