// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A group of files → one checkpoint.
//!
//! In: the files, and which of them are one model. Out: a [`Checkpoint`], by the reader of its format, with the
//! configuration that belongs to it.

use super::discover::{Group, INDEX};
use super::model::TENSORS;
use super::{Checkpoint, CheckpointError, CheckpointFile, Format, gguf, numpy, onnx, safetensors, shared, torch};
use crate::changes::File;

/// Largest configuration that is read, in bytes.
const CONFIG: usize = 16 << 20;

/// Opens one group.
///
/// # Errors
/// [`CheckpointError`] of the format's reader; Io if a file cannot be read or has no content here.
pub fn open(files: &[File], group: &Group) -> Result<Checkpoint, CheckpointError> {
    let mut parts = Vec::new();
    for index in &group.files {
        let file = files.get(*index).ok_or_else(|| CheckpointError::MissingPart(group.path.clone()))?;
        let content = file.content().ok_or_else(|| CheckpointError::MissingPart(file.path.clone()))?;
        parts.push(CheckpointFile {
            path: file.path.clone(),
            size: content.size()?,
            content: content.clone(),
            expected_sha256: file.lfs.as_ref().map(|pointer| pointer.sha256.clone()),
        });
    }
    let index = group.index.and_then(|index| json(files, index, INDEX));
    let config = group.config.map(|config| readable_config(files, config)).transpose()?;
    let mut checkpoint = match group.format {
        Format::Safetensors => safetensors::open(&parts, index.as_ref(), config.as_ref()),
        Format::Gguf => gguf::open(&parts),
        Format::Numpy => {
            let one = parts.first().ok_or_else(|| CheckpointError::MissingPart(group.path.clone()))?;
            numpy::open(one)
        }
        Format::Onnx => onnx::open(parts),
        Format::TorchZip | Format::TorchLegacy | Format::TorchScript => torch::open(parts),
    }?;
    if checkpoint.tensors.len() > 2 * TENSORS {
        return Err(CheckpointError::Unsupported {
            what: "sharded checkpoint".into(),
            reason: format!("more than {} tensors are more than any model has", 2 * TENSORS),
        });
    }
    shared::check(&checkpoint)?;
    group.path.clone_into(&mut checkpoint.path);
    // GGUF makes a configuration of its own keys, which describes the file better than a neighbour does.
    if checkpoint.config.is_none() {
        checkpoint.config = config;
    }
    Ok(checkpoint)
}

/// A config that is there and cannot be read would leave fused tensors unsplit and packed ones unread.
fn readable_config(files: &[File], index: usize) -> Result<serde_json::Value, CheckpointError> {
    json(files, index, CONFIG).ok_or_else(|| CheckpointError::Unsupported {
        what: files.get(index).map(|file| file.path.clone()).unwrap_or_default(),
        reason: "it is no JSON object that can be read".into(),
    })
}

fn json(files: &[File], index: usize, limit: usize) -> Option<serde_json::Value> {
    let bytes = files.get(index)?.content()?.read(limit).ok()?;
    serde_json::from_slice(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes)).ok()
}
