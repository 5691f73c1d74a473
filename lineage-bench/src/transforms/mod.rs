// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Ways to make a model look like another: one concept a file, each a pure function of model and seed.
//!
//! In: a [`Llama`](crate::model::Llama). Out: a changed copy and the form it is published in. `registry` names them all.

mod depth;
mod experts;
mod gains;
mod heads;
mod hidden;
mod merge;
mod neurons;
mod noise;
mod quantize;
mod registry;
mod replace;
mod rescale;
mod residual;
mod rotary;

pub use registry::{Laundered, Needs, Outputs, TRANSFORMS, Transform, find};
