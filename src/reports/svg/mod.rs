// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Charts as SVG: the heat map, the σ-curves, the graph of lineage, and the picture that sums a report up.
//!
//! In: parts of a report. Out: SVG. Colors are never alone: every chart has a title, a description, and labels.

mod heat;
mod lineage;
mod ramp;
mod sigma;
mod summary;

pub(super) use heat::{Heat, heat, maps};
pub(super) use lineage::{Edge, Lineage, edges};
pub(super) use sigma::Sigma;
pub use summary::svg;
