// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The fingerprint of one model.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::hashes::{Digest, MatrixHashes};
use super::needles::Needles;
use super::network::Network;
use super::roles::Role;
use super::samples::Samples;
use super::sketch::Sketch;
use crate::checkpoints::CheckpointError;

/// Everything kept of a model: enough to compare it, too little to run it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fingerprint {
    /// Path or name of what was fingerprinted.
    pub name: String,
    /// The files, with their SHA-256, ordered by path.
    pub sources: Vec<Source>,
    /// Container format.
    pub format: String,
    /// Architecture facts.
    pub network: Network,
    /// Number of parameters.
    pub parameters: u64,
    /// Number of tensors in the files.
    pub tensor_count: u64,
    /// Bytes read to make it.
    pub bytes_read: u64,
    /// Matrices, in file order.
    pub matrices: Vec<MatrixPrint>,
    /// Vectors (gains, biases), in file order.
    pub vectors: Vec<VectorPrint>,
    /// Sketches of the stacks of layers.
    pub sketches: Vec<Sketch>,
}

/// One file that was fingerprinted.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Source {
    /// Path as given.
    pub path: String,
    /// SHA-256 of its bytes, lower-case hex.
    pub sha256: String,
    /// Size in bytes.
    pub size: u64,
}

/// What is kept of one logical matrix.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MatrixPrint {
    /// Stored name, with a suffix such as `#q` for a part of a fused tensor.
    pub name: String,
    /// Part played.
    pub role: Role,
    /// Layer, if the name tells.
    pub layer: Option<u32>,
    /// Expert, if the name tells.
    pub expert: Option<u32>,
    /// Rows as stored, without rows of zeros at the end.
    pub rows: u64,
    /// Columns as stored, without columns of zeros at the end.
    pub columns: u64,
    /// Encoding, e.g. `BF16` or `ggml:Q4_0`.
    pub encoding: String,
    /// Largest relative error a pure change of encoding makes, root mean square.
    pub tolerance: f32,
    /// Why it is no evidence of lineage, if it is none: made by a formula, constant, too small.
    pub formula: Option<String>,
    /// Standard deviation of all values.
    pub deviation: f64,
    /// Exact digests.
    pub hashes: MatrixHashes,
    /// Aligned samples in canonical orientation; empty if the matrix is no evidence.
    pub samples: Samples,
    /// The same for the transpose, for square matrices.
    pub transposed: Samples,
    /// Needles, for the matrices of a dense gated feed-forward block.
    pub needles: Option<Needles>,
}

/// What is kept of a vector.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VectorPrint {
    /// Stored name.
    pub name: String,
    /// Part played.
    pub role: Role,
    /// Layer, if the name tells.
    pub layer: Option<u32>,
    /// Whether it is a bias.
    pub bias: bool,
    /// Digest of the exact values.
    pub exact: Digest,
    /// The values rounded to f16, for norm gains and q/k/v biases; empty otherwise.
    pub values: Vec<half::f16>,
    /// Length.
    pub len: u64,
    /// Whether all values are equal.
    pub constant: bool,
}

/// Why a fingerprint could not be made, read or written.
#[derive(Debug, thiserror::Error)]
pub enum FingerprintError {
    /// The checkpoint could not be read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The file is not a fingerprint, or is damaged.
    #[error("not a usable fingerprint file: {0}")]
    Damaged(String),
    /// The file is one part of a fingerprint.
    #[error(
        "it is one part of a fingerprint and says nothing by itself; merge it with the others: \
         forebear fingerprint --merge-parts PART... --save FILE"
    )]
    OnlyAPart,
    /// The bytes do not have the digest their Git LFS pointer promises.
    #[error("{path} has SHA-256 {found}, its Git LFS pointer says {expected}")]
    WrongDigest {
        /// File concerned.
        path: String,
        /// Digest found.
        found: String,
        /// Digest promised.
        expected: String,
    },
    /// Reading or writing failed.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

impl MatrixPrint {
    /// Shape with the longer side first, as samples are taken.
    pub fn canonical_shape(&self) -> (u64, u64) {
        (self.rows.max(self.columns), self.rows.min(self.columns))
    }

    /// Whether the matrix can be evidence of lineage at all.
    pub fn is_evidence(&self) -> bool {
        self.formula.is_none()
    }

    /// Number of elements.
    pub fn elements(&self) -> u64 {
        self.rows.saturating_mul(self.columns)
    }
}

impl Fingerprint {
    /// Identity of the model's content: a single file's own digest, else SHA-256 over the digests of its files in
    /// ascending order; `sha256:…`.
    pub fn model_id(&self) -> String {
        if let [one] = self.sources.as_slice() {
            return format!("sha256:{}", one.sha256);
        }
        let mut digests: Vec<&str> = self.sources.iter().map(|source| source.sha256.as_str()).collect();
        digests.sort_unstable();
        format!("sha256:{}", hex(&Sha256::digest(digests.join("\n").as_bytes())))
    }

    /// Architecture as the config names it.
    pub fn architecture(&self) -> &str {
        &self.network.architecture
    }
}

/// Lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
