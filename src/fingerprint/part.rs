// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! One part of a fingerprint, and its file.
//!
//! In: an opened checkpoint, and which part of how many; or the bytes of such a file. Out: a [`Part`]: what this part
//! measured, and what a merge needs to know that all parts are there and of one checkpoint. The file is a fingerprint file
//! inside safetensors whose metadata say that it is a part, so no command takes it for a fingerprint. It carries its own
//! SHA-256; the same part gives the same bytes.

use std::collections::{BTreeMap, HashMap};
use std::env::consts::ARCH;
use std::fmt::{self, Write as _};
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::file::{FORMAT, KEY, LARGEST, damaged, description};
use super::network::Network;
use super::pass::{Progress, assembled, measured};
use super::record::{Fingerprint, FingerprintError, hex};
use super::share::{PartOf, Share};
use crate::checkpoints::{Checkpoint, Reader};
use crate::linear::register_width;

/// Version of the file; a reader refuses any other.
const PART_FORMAT: &str = "forebear-fingerprint-part/1";
/// The one array of the file.
const BODY: &str = "part";

/// One part of a fingerprint.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    pub(super) header: Header,
    /// What this part found, as if it were all.
    pub(super) print: Fingerprint,
}

/// What a merge needs to know of a part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    /// Stands first: the file is told by how it begins.
    pub(super) format: String,
    /// Digest of this header without it, and of the body.
    pub(super) sha256: String,
    pub(super) part: u32,
    pub(super) parts: u32,
    /// Version of the program, and of the fingerprint that the parts make.
    pub(super) made_by: String,
    /// Processors on which results are the same to the bit have the same.
    pub(super) arithmetic: String,
    /// Digest of the names, shapes, encodings, and places of the tensors, the sizes of the files, and the config.
    pub(super) checkpoint: String,
    pub(super) file_count: usize,
    /// Bytes read in the pass; sketches read some of them again.
    pub(super) read: u64,
    /// Files that were hashed, by index, in the order of the sources.
    pub(super) files: Vec<usize>,
    /// Tensors that were measured: index, how many matrices, and whether there is a vector.
    pub(super) tensors: Vec<(usize, usize, bool)>,
    /// Digests of bytes that another part has to do with as well: tensor, part of the tensor, SHA-256.
    pub(super) witnesses: Vec<(usize, usize, String)>,
    /// Digests of what the layers of each stack were described by.
    pub(super) words: BTreeMap<String, String>,
}

/// Does one part of a pass over a checkpoint.
pub fn compute_part(checkpoint: &Checkpoint, part: PartOf, progress: &Progress) -> Result<Part, FingerprintError> {
    let reader = Reader::open(checkpoint)?;
    let network = Network::of(checkpoint);
    let share = Share::of(checkpoint, &reader, &network, part);
    let measured = measured(checkpoint, &reader, &network, &share, progress)?;
    // As the sources will be ordered.
    let mut files: Vec<usize> = measured.sources.keys().copied().collect();
    files.sort_by_key(|file| measured.sources.get(file).map(|source| &source.path));
    let mut witnesses: Vec<(usize, usize, String)> =
        measured.witnesses.iter().map(|((tensor, at), digest)| (*tensor, *at, digest.clone())).collect();
    witnesses.sort();
    let tensors = measured.prints.iter().map(|(tensor, found)| (*tensor, found.matrices.len(), found.vector.is_some()));
    let header = Header {
        format: PART_FORMAT.into(),
        sha256: String::new(),
        part: part.number(),
        parts: part.of(),
        made_by: made_by(),
        arithmetic: format!("{ARCH}, {} lanes", register_width()),
        checkpoint: identity(checkpoint),
        file_count: checkpoint.files.len(),
        read: progress.bytes.load(std::sync::atomic::Ordering::Relaxed),
        files,
        tensors: tensors.collect(),
        witnesses,
        words: measured.sketched.words.clone(),
    };
    Ok(Part { header, print: assembled(checkpoint, network, measured) })
}

impl Part {
    /// The same part under another name.
    pub fn named(mut self, name: String) -> Self {
        self.print.name = name;
        self
    }

    /// Its number, from 1.
    pub fn number(&self) -> u32 {
        self.header.part
    }

    /// How many parts there are.
    pub fn of(&self) -> u32 {
        self.header.parts
    }

    /// What it found: part of a fingerprint.
    pub fn found(&self) -> &Fingerprint {
        &self.print
    }

    /// Bytes read in the pass.
    pub fn bytes_read(&self) -> u64 {
        self.header.read
    }

    /// The bytes of the file; the same for the same part.
    pub fn to_bytes(&self) -> Result<Vec<u8>, FingerprintError> {
        let body = self.print.to_bytes()?;
        let header = Header { sha256: self.header.digest(&body)?, ..self.header.clone() };
        let json = serde_json::to_string(&header).map_err(damaged)?;
        let view = TensorView::new(Dtype::U8, vec![body.len()], &body).map_err(damaged)?;
        safetensors::serialize([(BODY, view)], Some(HashMap::from([(KEY.to_owned(), json)]))).map_err(damaged)
    }

    /// Reads the file of a part; any damage is an error.
    pub fn read(path: &Path) -> Result<Self, FingerprintError> {
        let size = std::fs::metadata(path)?.len();
        if size > LARGEST {
            return Err(FingerprintError::Damaged(format!("{size} bytes are more than a part has")));
        }
        Self::from_bytes(&std::fs::read(path)?)
    }

    /// Parses the bytes of the file of a part; any damage is an error.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FingerprintError> {
        let json = &description(bytes)?;
        let Version { format } = serde_json::from_str(json).map_err(damaged)?;
        if format == FORMAT {
            return Err(FingerprintError::Damaged("it is a whole fingerprint, not a part of one".into()));
        }
        if format != PART_FORMAT {
            return Err(FingerprintError::Damaged(format!("version {format:?} is not {PART_FORMAT:?}")));
        }
        let header: Header = serde_json::from_str(json).map_err(damaged)?;
        let tensors = SafeTensors::deserialize(bytes).map_err(damaged)?;
        let body = tensors.tensor(BODY).map_err(damaged)?.data();
        if header.sha256 != header.digest(body)? {
            return Err(FingerprintError::Damaged("its SHA-256 is not the one it carries".into()));
        }
        if PartOf::new(header.part, header.parts).is_none() {
            return Err(FingerprintError::Damaged(format!("there is no part {} of {}", header.part, header.parts)));
        }
        Ok(Self { header: Header { sha256: String::new(), ..header }, print: Fingerprint::from_bytes(body)? })
    }
}

#[derive(Deserialize)]
struct Version {
    format: String,
}

impl Header {
    fn digest(&self, body: &[u8]) -> Result<String, FingerprintError> {
        let bare = Self { sha256: String::new(), ..self.clone() };
        let json = serde_json::to_vec(&bare).map_err(damaged)?;
        let mut hasher = Sha256::new();
        hasher.update((json.len() as u64).to_le_bytes());
        hasher.update(json);
        hasher.update(body);
        Ok(hex(&hasher.finalize()))
    }
}

/// What made a part, and what the parts make.
pub(super) fn made_by() -> String {
    format!("forebear {}, {FORMAT}", env!("CARGO_PKG_VERSION"))
}

/// Everything that is known of a checkpoint before a value is read, as a digest.
fn identity(checkpoint: &Checkpoint) -> String {
    let mut text = Hashed(Sha256::new());
    let files: Vec<(&str, u64)> = checkpoint.files.iter().map(|file| (file.path.as_str(), file.size)).collect();
    let config = checkpoint.config.as_ref().map(ToString::to_string);
    // A hasher takes whatever is written to it.
    let _ = write!(text, "{} {files:?} {config:?} {:?}", checkpoint.format.name(), checkpoint.tensors);
    hex(&text.0.finalize())
}

struct Hashed(Sha256);

impl fmt::Write for Hashed {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text.as_bytes());
        Ok(())
    }
}
