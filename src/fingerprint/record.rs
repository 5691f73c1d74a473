// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The fingerprint of one model.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::checkpoints::CheckpointError;

/// Everything kept of a model: enough to compare it, too little to run it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fingerprint {
    /// Path or name of what was fingerprinted.
    pub name: String,
    /// The files, with their SHA-256.
    pub sources: Vec<Source>,
    /// Container format.
    pub format: String,
    /// Architecture as the config names it, or `unknown`.
    pub architecture: String,
    /// Number of parameters.
    pub parameters: u64,
    /// Number of tensors in the files.
    pub tensor_count: u64,
    /// Bytes read to make it.
    pub bytes_read: u64,
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

/// Why a fingerprint could not be made, read or written.
#[derive(Debug, thiserror::Error)]
pub enum FingerprintError {
    /// The checkpoint could not be read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The file is not a fingerprint, or is damaged.
    #[error("not a usable fingerprint file: {0}")]
    Damaged(String),
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

impl Fingerprint {
    /// Identity of the model's content: SHA-256 over the digests of its files, `sha256:…`.
    /// A single file's identity is its own digest.
    pub fn model_id(&self) -> String {
        match self.sources.as_slice() {
            [one] => format!("sha256:{}", one.sha256),
            many => {
                use sha2::{Digest, Sha256};
                let mut digests: Vec<&str> = many.iter().map(|source| source.sha256.as_str()).collect();
                digests.sort_unstable();
                let mut hasher = Sha256::new();
                for digest in digests {
                    hasher.update(digest.as_bytes());
                    hasher.update(b"\n");
                }
                format!("sha256:{}", hex(&hasher.finalize()))
            }
        }
    }

    /// Reads a fingerprint file; any damage is an error.
    pub fn read(_path: &Path) -> Result<Self, FingerprintError> {
        Err(FingerprintError::Damaged("reader is being written".into()))
    }

    /// The bytes of the fingerprint file: safetensors with JSON metadata, the same for the same content.
    pub fn to_bytes(&self) -> Result<Vec<u8>, FingerprintError> {
        Err(FingerprintError::Damaged("writer is being written".into()))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
