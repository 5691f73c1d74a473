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

pub(super) fn damaged(error: impl std::fmt::Display) -> FingerprintError {
    FingerprintError::Damaged(error.to_string())
}
