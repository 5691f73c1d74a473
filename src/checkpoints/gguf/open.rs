// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! GGUF files → one checkpoint.

use std::collections::HashSet;

use serde_json::Value;

use super::header::{self, Header, Info};
use super::{config, fields::Entry};
use crate::checkpoints::{Checkpoint, CheckpointError, CheckpointFile, Dtype, Encoding, Extent, Format, Tensor};

/// Opens a GGUF file, or the parts of a split one in order.
///
/// Metadata come from the first part. Tensors of big-endian files are listed and, unless they are single bytes,
/// not decoded.
pub(crate) fn open(files: &[CheckpointFile]) -> Result<Checkpoint, CheckpointError> {
    let headers =
        files.iter().map(|file| header::read(file.content.open()?.as_ref())).collect::<Result<Vec<_>, _>>()?;
    let first = headers.first().ok_or_else(|| CheckpointError::MissingPart("GGUF file".to_owned()))?;
    check_split(files, &headers)?;
    let mut names = HashSet::new();
    let mut tensors = Vec::new();
    for (file, header) in headers.iter().enumerate() {
        for info in &header.tensors {
            if !names.insert(info.name.as_str()) {
                return Err(malformed(format!("tensor {} is in two parts", info.name)));
            }
            tensors.push(tensor(info, file, header.big_endian));
        }
    }
    Ok(Checkpoint {
        path: files.first().map(|file| file.path.clone()).unwrap_or_default(),
        format: Format::Gguf,
        files: files.to_vec(),
        tensors,
        metadata: first.entries.iter().map(|(key, entry)| (key.clone(), entry.text())).collect(),
        config: Some(config::config(&first.entries)),
        hazards: Vec::new(),
    })
}

fn tensor(info: &Info, file: usize, big_endian: bool) -> Tensor {
    let encoding = match plain(info.kind.id) {
        Some(dtype) if dtype.size() == 1 => Encoding::Plain(dtype),
        _ if big_endian => Encoding::Unread("its file is big-endian; convert it to little-endian".to_owned()),
        Some(dtype) => Encoding::Plain(dtype),
        None => Encoding::Ggml(info.kind.id),
    };
    Tensor {
        name: info.name.clone(),
        shape: info.shape.clone(),
        encoding,
        parts: vec![Extent::Plain { file, offset: info.offset, len: info.len }],
        strides: None,
    }
}

/// ggml types that are numbers one after another.
fn plain(id: u32) -> Option<Dtype> {
    Some(match id {
        0 => Dtype::F32,
        1 => Dtype::F16,
        24 => Dtype::I8,
        25 => Dtype::I16,
        26 => Dtype::I32,
        27 => Dtype::I64,
        28 => Dtype::F64,
        30 => Dtype::Bf16,
        _ => return None,
    })
}

/// Compares the parts at hand with what each says about the split (`split.no`, `split.count`, `split.tensors.count`).
fn check_split(files: &[CheckpointFile], headers: &[Header]) -> Result<(), CheckpointError> {
    let tensors: usize = headers.iter().map(|header| header.tensors.len()).sum();
    for (i, (file, header)) in files.iter().zip(headers).enumerate() {
        let number = |key: &str| header.entries.get(key).and_then(Entry::value).and_then(Value::as_u64);
        let count = number("split.count").filter(|&count| count > 0).unwrap_or(1);
        if count > files.len() as u64 {
            return Err(CheckpointError::MissingPart(missing_part(files, headers, file, count)));
        }
        if count != files.len() as u64 {
            return Err(malformed(format!("{} is one of {count} parts, not of {}", file.path, files.len())));
        }
        if let Some(place) = number("split.no").filter(|&place| place != i as u64) {
            return Err(malformed(format!("{} is part {place} and stands at {i}", file.path)));
        }
        if let Some(promised) = number("split.tensors.count").filter(|&promised| promised != tensors as u64) {
            return Err(malformed(format!("{promised} tensors are promised and {tensors} are there")));
        }
    }
    Ok(())
}

/// Name of the first part that is not there: from the pattern `…-00001-of-00003.gguf` if the file follows it.
fn missing_part(files: &[CheckpointFile], headers: &[Header], file: &CheckpointFile, count: u64) -> String {
    let place = |header: &Header| header.entries.get("split.no").and_then(Entry::value).and_then(Value::as_u64);
    let held: HashSet<u64> = headers.iter().filter_map(place).collect();
    let missing = (0..count).find(|place| !held.contains(place)).unwrap_or(files.len() as u64) + 1;
    let suffix = format!("-of-{count:05}.gguf");
    let stem = file.path.strip_suffix(&suffix).and_then(|stem| stem.rsplit_once('-'));
    match stem {
        Some((stem, _)) => format!("{stem}-{missing:05}{suffix}"),
        None => format!("part {missing} of {count} of {}", file.path),
    }
}

fn malformed(reason: String) -> CheckpointError {
    CheckpointError::Malformed { format: "gguf", offset: 0, reason }
}
