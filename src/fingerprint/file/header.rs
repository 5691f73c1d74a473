// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The JSON value in the metadata: everything that is not an array, and the length of every array.

use serde::{Deserialize, Serialize};

use crate::fingerprint::network::Network;
use crate::fingerprint::record::Source;
use crate::fingerprint::roles::Role;

/// What the file is, read before anything else is.
#[derive(Deserialize)]
pub(super) struct Version {
    pub(super) format: String,
}

/// Everything that is not an array.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) format: String,
    pub(super) name: String,
    pub(super) sources: Vec<Source>,
    pub(super) container: String,
    pub(super) network: Network,
    pub(super) parameters: u64,
    pub(super) tensor_count: u64,
    pub(super) bytes_read: u64,
    pub(super) matrices: Vec<MatrixHeader>,
    pub(super) vectors: Vec<VectorHeader>,
    pub(super) sketches: Vec<SketchHeader>,
}

/// A matrix and the lengths of its arrays.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MatrixHeader {
    pub(super) name: String,
    pub(super) role: Role,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) layer: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) expert: Option<u32>,
    pub(super) rows: u64,
    pub(super) columns: u64,
    pub(super) encoding: String,
    pub(super) tolerance: f32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) formula: Option<String>,
    pub(super) deviation: f64,
    /// Row hashes, column hashes, samples, raw samples, transposed samples, transposed raw, needle channels, needle values.
    pub(super) counts: [usize; 8],
}

/// A vector and the length of its values.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VectorHeader {
    pub(super) name: String,
    pub(super) role: Role,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) layer: Option<u32>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) bias: bool,
    pub(super) len: u64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) constant: bool,
    pub(super) values: usize,
}

/// A stack of layers.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SketchHeader {
    pub(super) stack: String,
    pub(super) hidden: u32,
    pub(super) depth: u32,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) centred_norm: bool,
    pub(super) layers: Vec<LayerHeader>,
}

/// A layer of a stack.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LayerHeader {
    pub(super) layer: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) units: Vec<UnitHeader>,
    /// Query, key, value, output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) attention: Option<[RowsHeader; 4]>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) circuits: Vec<CircuitHeader>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) responses: usize,
}

/// A feed-forward unit.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UnitHeader {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) expert: Option<u32>,
    pub(super) neurons: u32,
    pub(super) gated: bool,
    pub(super) indices: usize,
    /// Gate, up, down, words.
    pub(super) rows: [RowsHeader; 4],
    pub(super) scales: usize,
    /// Values of the triangles of gate, up, down.
    pub(super) grams: [usize; 3],
}

/// Entries a row, and entries in all.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct RowsHeader(pub(super) u32, pub(super) usize);

/// Head, rotary pairs, pairs kept.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct CircuitHeader(pub(super) u32, pub(super) u32, pub(super) u32);

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}
