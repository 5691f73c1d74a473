// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What is kept of whole blocks, so that they are found again after what an owner can do to a network without changing
//! what it computes.
//!
//! In: an opened checkpoint. Out: a [`Sketch`] for each stack of layers. `canonical` brings every architecture into one
//! form (gains folded, fused tensors split, one orientation); `words` finds vectors of the stream by which neurons are
//! described in any coordinates; `neurons` keeps Gram matrices of the feed-forward block, `consensus` finds what experts
//! have in common, `rows` keeps rows of both blocks in the raw channels, `circuits` the rotary circuits of attention,
//! `probes` how a block answers a few tokens;
//! `make` runs them over all layers; `algebra` has the products.

mod algebra;
mod canonical;
mod circuits;
mod consensus;
mod dots;
mod make;
mod neurons;
mod probes;
mod record;
mod rows;
mod words;

pub(super) use make::{Sketched, layer_tensors, sketches};
pub use record::{
    ATTENTION_ROWS_KEPT, AttentionRows, BASE_ATTENTION_ROWS, BASE_NEEDLES, Circuit, LayerSketch, NEEDLES_KEPT, Rows,
    Sketch, Unit,
};
