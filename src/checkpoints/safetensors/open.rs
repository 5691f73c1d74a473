// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! safetensors files → one checkpoint.

use std::collections::{BTreeMap, HashMap, HashSet};

use safetensors::Dtype as Stored;
use serde_json::Value;

use super::companions;
use super::header::{self, Entry, Header, malformed};
use crate::checkpoints::{Checkpoint, CheckpointError, CheckpointFile, Dtype, Encoding, Extent, Format, Tensor};

/// Opens a safetensors file, or the shards of a model in order.
///
/// `index` is the parsed `*.safetensors.index.json`, `config` the parsed `config.json`: both are checked against
/// what the files hold. Packed and scaled weights are folded with their scales into the tensors they stand for.
pub(crate) fn open(
    files: &[CheckpointFile],
    index: Option<&Value>,
    config: Option<&Value>,
) -> Result<Checkpoint, CheckpointError> {
    let headers =
        files.iter().map(|file| header::read(file.content.open()?.as_ref())).collect::<Result<Vec<_>, _>>()?;
    let first = files.first().ok_or_else(|| CheckpointError::MissingPart("safetensors file".to_owned()))?;
    if let Some(index) = index {
        check_index(index, files, &headers)?;
    }
    let mut seen = HashSet::new();
    let mut tensors = Vec::new();
    for (file, header) in headers.iter().enumerate() {
        for entry in &header.tensors {
            if !seen.insert(entry.name.as_str()) {
                return Err(malformed(0, format!("tensor {} is in two shards", entry.name)));
            }
            tensors.push(tensor(entry, file, header.data));
        }
    }
    let tensors = companions::fold(tensors, files, config)?;
    Ok(Checkpoint {
        path: first.path.clone(),
        format: Format::Safetensors,
        files: files.to_vec(),
        tensors,
        metadata: merge_metadata(files, &headers),
        config: config.cloned(),
        hazards: Vec::new(),
    })
}

fn tensor(entry: &Entry, file: usize, data: u64) -> Tensor {
    let encoding = match dtype(entry.dtype) {
        Some(dtype) => Encoding::Plain(dtype),
        None => Encoding::Unread(format!("its type {:?} is not decoded; convert it to BF16", entry.dtype)),
    };
    let (start, end) = entry.range;
    Tensor {
        name: entry.name.clone(),
        shape: entry.shape.clone(),
        encoding,
        parts: vec![Extent::Plain { file, offset: data + start, len: end - start }],
        strides: None,
    }
}

fn dtype(stored: Stored) -> Option<Dtype> {
    Some(match stored {
        Stored::F64 => Dtype::F64,
        Stored::F32 => Dtype::F32,
        Stored::F16 => Dtype::F16,
        Stored::BF16 => Dtype::Bf16,
        Stored::F8_E4M3 => Dtype::F8E4M3,
        Stored::F8_E5M2 => Dtype::F8E5M2,
        Stored::I64 => Dtype::I64,
        Stored::I32 => Dtype::I32,
        Stored::I16 => Dtype::I16,
        Stored::I8 => Dtype::I8,
        Stored::U64 => Dtype::U64,
        Stored::U32 => Dtype::U32,
        Stored::U16 => Dtype::U16,
        Stored::U8 => Dtype::U8,
        Stored::BOOL => Dtype::Bool,
        _ => return None,
    })
}

/// Checks that every shard in `weight_map` is there and holds the tensors it should.
fn check_index(index: &Value, files: &[CheckpointFile], headers: &[Header]) -> Result<(), CheckpointError> {
    let map = index.get("weight_map").and_then(Value::as_object);
    let map = map.ok_or_else(|| malformed(0, "the index has no weight_map"))?;
    let held: HashMap<&str, HashSet<&str>> = files
        .iter()
        .zip(headers)
        .map(|(file, header)| (file_name(&file.path), header.tensors.iter().map(|t| t.name.as_str()).collect()))
        .collect();
    for (name, shard) in map {
        let shard = shard.as_str().ok_or_else(|| malformed(0, format!("the index has no shard for {name}")))?;
        let tensors = held.get(shard).ok_or_else(|| CheckpointError::MissingPart(shard.to_owned()))?;
        if !tensors.contains(name.as_str()) {
            return Err(malformed(0, format!("tensor {name} is in the index and not in {shard}")));
        }
    }
    Ok(())
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Joins the metadata of all shards; a value that contradicts an earlier one is kept beside it.
fn merge_metadata(files: &[CheckpointFile], headers: &[Header]) -> BTreeMap<String, String> {
    let mut merged = BTreeMap::new();
    for (file, header) in files.iter().zip(headers) {
        for (key, value) in &header.metadata {
            let held = merged.entry(key.clone()).or_insert_with(|| value.clone());
            if held != value {
                merged.insert(format!("{key} ({})", file_name(&file.path)), value.clone());
            }
        }
    }
    merged
}
