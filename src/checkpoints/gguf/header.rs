// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The header of one GGUF file: metadata and tensor infos, with every offset checked.

use std::collections::{BTreeMap, HashSet};

use super::fields::{Entry, Fields};
use crate::changes::ReadAt;
use crate::checkpoints::CheckpointError;
use crate::checkpoints::ggml::{self, GgmlType};
use crate::checkpoints::model::TENSORS;

/// Keys, a hundred times what the largest public files have, so that a header of tiny entries in a large file cannot
/// fill the memory.
pub(super) const MAX_KEYS: u64 = 1 << 16;

/// Bytes of metadata text kept in all.
const MAX_TEXT: usize = 128 << 20;

/// Most bytes of padding after the last tensor: the largest alignment.
const PADDING: u64 = 1 << 20;

/// Alignment of tensor data when `general.alignment` is not given.
const DEFAULT_ALIGNMENT: u64 = 32;

/// What one file says about itself.
pub(super) struct Header {
    /// Whether numbers are stored big-endian.
    pub(super) big_endian: bool,
    /// Metadata by key.
    pub(super) entries: BTreeMap<String, Entry>,
    /// Tensors by offset.
    pub(super) tensors: Vec<Info>,
}

/// One tensor.
pub(super) struct Info {
    pub(super) name: String,
    /// Row-major, outermost first.
    pub(super) shape: Vec<u64>,
    pub(super) kind: &'static GgmlType,
    /// Offset in the file.
    pub(super) offset: u64,
    /// Bytes.
    pub(super) len: u64,
}

/// Reads and checks the header of `file`.
pub(super) fn read(file: &dyn ReadAt) -> Result<Header, CheckpointError> {
    let big_endian = byte_order(file)?;
    let mut fields = Fields::new(file, 8, big_endian);
    let (tensor_count, key_count) = (fields.u64()?, fields.u64()?);
    // The smallest entries: a key with a one-byte value is 13 bytes long, a tensor info 24.
    let room = fields.remaining();
    if key_count > (room / 13).min(MAX_KEYS) || tensor_count > (room / 24).min(TENSORS as u64) {
        return Err(
            fields.malformed(format!("{key_count} keys and {tensor_count} tensors are more than there is room for"))
        );
    }
    let entries = entries(&mut fields, key_count)?;
    let alignment = match entries.get("general.alignment") {
        None => DEFAULT_ALIGNMENT,
        Some(entry) => entry
            .value()
            .and_then(serde_json::Value::as_u64)
            .filter(|n| n.is_power_of_two() && *n <= 1 << 20)
            .ok_or_else(|| fields.malformed("general.alignment is not a power of two"))?,
    };
    let mut tensors = infos(&mut fields, tensor_count, alignment)?;
    let data = fields.position().next_multiple_of(alignment);
    for info in &mut tensors {
        info.offset = info.offset.checked_add(data).ok_or_else(|| outside(info, file.size()))?;
    }
    let end = lay_out(&mut tensors, file.size())?;
    check_rest(file, end.max(data.min(file.size())))?;
    Ok(Header { big_endian, entries, tensors })
}

/// Reads magic and version; the version tells the byte order.
pub(super) fn byte_order(file: &dyn ReadAt) -> Result<bool, CheckpointError> {
    let malformed = |reason: &str| CheckpointError::Malformed { format: "gguf", offset: 0, reason: reason.to_owned() };
    let mut head = [0; 8];
    if file.size() < 24 {
        return Err(malformed("the file is shorter than a header"));
    }
    file.read_exact_at(0, &mut head)?;
    let [b'G', b'G', b'U', b'F', version @ ..] = head else {
        return Err(malformed("the file does not begin with GGUF"));
    };
    match (u32::from_le_bytes(version), u32::from_be_bytes(version)) {
        (2 | 3, _) => Ok(false),
        (_, 2 | 3) => Ok(true),
        (little, _) => Err(CheckpointError::Unsupported {
            what: "GGUF file".to_owned(),
            reason: format!("version {little} is not 2 or 3; convert it with a current llama.cpp"),
        }),
    }
}

fn entries(fields: &mut Fields<'_>, count: u64) -> Result<BTreeMap<String, Entry>, CheckpointError> {
    let mut entries = BTreeMap::new();
    let mut text = 0;
    for _ in 0..count {
        let key = fields.name()?;
        let entry = fields.entry()?;
        text += key.len() + entry.held();
        if text > MAX_TEXT {
            return Err(fields.malformed("the metadata are too long"));
        }
        if entries.contains_key(&key) {
            return Err(fields.malformed(format!("key {key} is given twice")));
        }
        entries.insert(key, entry);
    }
    Ok(entries)
}

fn infos(fields: &mut Fields<'_>, count: u64, alignment: u64) -> Result<Vec<Info>, CheckpointError> {
    let mut tensors = Vec::new();
    let mut names = HashSet::new();
    for _ in 0..count {
        let info = info(fields)?;
        if info.offset % alignment != 0 {
            return Err(fields.malformed(format!("tensor {} is not aligned to {alignment}", info.name)));
        }
        if !names.insert(info.name.clone()) {
            return Err(fields.malformed(format!("tensor {} is given twice", info.name)));
        }
        tensors.push(info);
    }
    Ok(tensors)
}

/// Reads a tensor info; the offset is still relative to the data.
fn info(fields: &mut Fields<'_>) -> Result<Info, CheckpointError> {
    let name = fields.name()?;
    let rank = fields.u32()?;
    // GGML_MAX_DIMS is 4.
    if rank > 4 {
        return Err(fields.malformed(format!("tensor {name} has {rank} dimensions")));
    }
    let mut shape = (0..rank).map(|_| fields.u64()).collect::<Result<Vec<_>, _>>()?;
    let (id, offset) = (fields.u32()?, fields.u64()?);
    let kind = ggml::ggml_type(id).ok_or_else(|| CheckpointError::Unsupported {
        what: format!("tensor {name}"),
        reason: format!("ggml type {id} is unknown; update forebear or convert the file"),
    })?;
    let (values, bytes) = (kind.values as u64, kind.bytes as u64);
    if shape.first().copied().unwrap_or(1) % values != 0 {
        return Err(fields.malformed(format!("rows of tensor {name} are not whole blocks of {}", kind.name)));
    }
    let elements = shape.iter().try_fold(1u64, |product, &extent| product.checked_mul(extent));
    let len = elements.and_then(|n| (n / values).checked_mul(bytes));
    let len = len.ok_or_else(|| fields.malformed(format!("the shape of tensor {name} overflows")))?;
    shape.reverse();
    Ok(Info { name, shape, kind, offset, len })
}

/// Sorts tensors by offset and refuses those outside the file or on top of one another. Returns where the last one ends.
fn lay_out(tensors: &mut [Info], size: u64) -> Result<u64, CheckpointError> {
    tensors.sort_by_key(|info| (info.offset, info.len));
    let mut end = 0;
    for info in tensors {
        if info.offset < end {
            let reason = format!("tensor {} overlaps the one before", info.name);
            return Err(CheckpointError::Malformed { format: "gguf", offset: info.offset, reason });
        }
        end = info.offset.checked_add(info.len).filter(|&end| end <= size).ok_or_else(|| outside(info, size))?;
    }
    Ok(end)
}

/// What follows the last tensor is padding: bytes that no tensor has could be an archive, or weights nobody is told of.
fn check_rest(file: &dyn ReadAt, end: u64) -> Result<(), CheckpointError> {
    let left = file.size().saturating_sub(end);
    let mut rest = vec![0; left.min(PADDING) as usize];
    file.read_exact_at(end, &mut rest)?;
    if left > PADDING || rest.iter().any(|byte| *byte != 0) {
        let reason = format!("{left} bytes after the last tensor belong to none");
        return Err(CheckpointError::Malformed { format: "gguf", offset: end, reason });
    }
    Ok(())
}

fn outside(info: &Info, size: u64) -> CheckpointError {
    let reason = format!("tensor {} reaches past the end at {size}", info.name);
    CheckpointError::Malformed { format: "gguf", offset: info.offset, reason }
}
