// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The fingerprint file: safetensors, with everything that is not an array in one JSON value of its metadata.
//!
//! Arrays of all matrices, and of all sketches, stand one after another in one tensor a kind, in the order of the
//! matrices and layers; how many entries each has follows from its description. The same fingerprint gives the same
//! bytes. Reading checks every length before anything is copied, and that nothing is left over.

mod header;
mod read;
mod sketches;
#[cfg(test)]
mod tests;
mod write;

use safetensors::SafeTensors;

use super::record::FingerprintError;

/// Version of the file; a reader refuses any other.
pub(super) const FORMAT: &str = "forebear-fingerprint/3";
pub(super) const KEY: &str = "forebear";
/// How the formats of parts of fingerprints begin.
pub(super) const PART: &str = "forebear-fingerprint-part/";
/// How the safetensors header of a fingerprint file begins.
const HEAD: &[u8] = br#"{"__metadata__":{"forebear":"#;
/// Largest fingerprint file read, in bytes.
pub(super) const LARGEST: u64 = 1 << 30;

/// The JSON value in the metadata of a fingerprint file, or of the file of a part.
pub(super) fn description(bytes: &[u8]) -> Result<String, FingerprintError> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
    let json = metadata.metadata().as_ref().and_then(|map| map.get(KEY));
    json.cloned().ok_or_else(|| FingerprintError::Damaged("its metadata has no `forebear` entry".into()))
}

pub(super) fn damaged(error: impl std::fmt::Display) -> FingerprintError {
    FingerprintError::Damaged(error.to_string())
}
