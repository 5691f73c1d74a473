// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! tensors → fingerprint: the one streaming pass, its file format, the cache.
//!
//! In: an opened checkpoint. Out: a [`Fingerprint`]: small, comparable without the weights, and the same to the bit
//! for the same content on every run.

mod adapter_fit;
mod cache;
mod collect;
mod detail;
mod file;
mod glance;
mod hashes;
mod matrix;
mod merge;
mod mixing;
mod needles;
mod network;
mod part;
mod pass;
mod pieces;
mod pool;
mod record;
mod roles;
mod room;
mod samples;
mod share;
mod sketch;
mod stream;
mod structure;
mod witness;

pub use adapter_fit::{AdapterFit, adapter_fit};
pub use cache::Cache;
pub use collect::{Collected, Known, Model, Unread, collect, collect_unknown, collect_where};
pub use detail::Detail;
pub use glance::glance;
pub use hashes::{Digest, MatrixHashes, SAMPLED as SAMPLED_LINES};
pub use merge::{PartError, merge_parts};
pub use mixing::{fnv1a64, splitmix64};
pub use needles::Needles;
pub use network::Network;
pub use part::{Part, compute_part};
pub use pass::{Progress, compute};
pub use record::{Fingerprint, FingerprintError, MatrixPrint, Source, VectorPrint};
pub use roles::{Place, Role};
pub(crate) use samples::positions;
pub use samples::{MATCHING, POSITIONS, Samples};
pub use share::{MOST_PARTS, PartOf};
pub use sketch::{
    ATTENTION_ROWS_KEPT, AttentionRows, BASE_ATTENTION_ROWS, BASE_NEEDLES, Circuit, LayerSketch, NEEDLES_KEPT, Rows,
    Sketch, Unit,
};
