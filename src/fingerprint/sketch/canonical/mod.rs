// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Every architecture in one form.
//!
//! In: an opened checkpoint. Out: its layers, one at a time, as [`Layer`]s: rows of all matrices run over the residual
//! channels, gains are folded into the matrices that read from or write to the stream, fused tensors are split, rotary
//! pairs stand in halves.
//!
//! `index` says which tensor plays which part (`inferred` where names do not tell), `facts` what the config says of a
//! stack, `source` reads values, `gains` folds norms, and `attention`, `latent` and `feed_forward` build the blocks.

mod attention;
mod facts;
mod feed_forward;
mod gains;
mod heads;
mod index;
mod inferred;
mod latent;
mod layer;
mod layers;
mod matrix;
mod source;
mod stack;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(super) use layer::HeadLayout;
pub(super) use layer::{Attention, FeedForward};
pub(super) use layers::Layers;
pub(super) use matrix::Matrix;
