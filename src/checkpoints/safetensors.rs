// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! safetensors, one file or sharded.
//!
//! In: the files of one model, the index beside them, the configuration. Out: a [`Checkpoint`]. The header is read
//! by a visitor of our own, because the format's reference reader lets the last of two equal names win: a second
//! tensor or metadata value of the same name would be seen by one reader and not by another.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use safetensors::Dtype as Stored;
use safetensors::tensor::{Metadata, TensorInfo};
use serde::Deserialize;
use serde::de::value::StrDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde_json::Value;

use super::{Checkpoint, CheckpointError, CheckpointFile, Dtype, Encoding, Extent, Format, Tensor, companions};
use crate::changes::ReadAt;

/// Longest header that the reference reader accepts (`MAX_HEADER_SIZE`).
const MAX_HEADER: u64 = 100_000_000;

/// Opens a safetensors file, or the shards of a model in order.
///
/// `index` is the parsed `*.safetensors.index.json`, `config` the parsed `config.json`: both are checked against
/// what the files hold. Packed and scaled weights are folded with their scales into the tensors they stand for.
pub(crate) fn open(
    files: &[CheckpointFile],
    index: Option<&Value>,
    config: Option<&Value>,
) -> Result<Checkpoint, CheckpointError> {
    let headers = files.iter().map(|file| read(file.content.open()?.as_ref())).collect::<Result<Vec<_>, _>>()?;
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

/// The header of one file.
struct Header {
    metadata: BTreeMap<String, String>,
    /// Ordered by offset.
    tensors: Vec<Entry>,
    /// Offset of the data in the file.
    data: u64,
}

struct Entry {
    name: String,
    dtype: Stored,
    shape: Vec<u64>,
    /// Start and end, from the start of the data.
    range: (u64, u64),
}

fn read(file: &dyn ReadAt) -> Result<Header, CheckpointError> {
    let size = file.size();
    if size < 8 {
        return Err(malformed(0, "the file is shorter than a header length"));
    }
    let mut length = [0; 8];
    file.read_exact_at(0, &mut length)?;
    let length = u64::from_le_bytes(length);
    if length > MAX_HEADER || length > size - 8 {
        return Err(malformed(0, format!("a header of {length} bytes in a file of {size}")));
    }
    let mut bytes = vec![0; length as usize];
    file.read_exact_at(8, &mut bytes)?;
    if bytes.first() != Some(&b'{') {
        return Err(malformed(8, "the header does not begin with a brace"));
    }
    let raw: RawHeader = serde_json::from_slice(&bytes).map_err(|error| malformed(8, error.to_string()))?;
    let tensors = validate(raw.tensors, size - 8 - length)?;
    Ok(Header { metadata: raw.metadata, tensors, data: 8 + length })
}

/// Orders entries by offset and has the reference implementation check sizes, holes and overlaps.
fn validate(raw: Vec<(String, RawTensor)>, data: u64) -> Result<Vec<Entry>, CheckpointError> {
    let mut entries = Vec::with_capacity(raw.len());
    for (name, RawTensor { dtype, shape, data_offsets: range }) in raw {
        let dtype = Stored::deserialize(StrDeserializer::<de::value::Error>::new(&dtype)).map_err(|_| {
            let reason = format!("its type {dtype:?} is unknown; update forebear or convert the file");
            CheckpointError::Unsupported { what: format!("tensor {name}"), reason }
        })?;
        entries.push(Entry { name, dtype, shape, range });
    }
    entries.sort_by_key(|entry| entry.range);
    let infos = entries.iter().map(|entry| {
        let shape = entry.shape.iter().map(|&extent| extent as usize).collect();
        let data_offsets = (entry.range.0 as usize, entry.range.1 as usize);
        (entry.name.clone(), TensorInfo { dtype: entry.dtype, shape, data_offsets })
    });
    let checked = Metadata::new(None, infos.collect()).map_err(|error| malformed(8, error.to_string()))?;
    if checked.data_len() as u64 != data {
        return Err(malformed(8, format!("{data} bytes of data and {} described", checked.data_len())));
    }
    Ok(entries)
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

fn malformed(offset: u64, reason: impl Into<String>) -> CheckpointError {
    CheckpointError::Malformed { format: "safetensors", offset, reason: reason.into() }
}

/// The header's JSON, in which no name may stand twice.
struct RawHeader {
    metadata: BTreeMap<String, String>,
    tensors: Vec<(String, RawTensor)>,
}

#[derive(Deserialize)]
struct RawTensor {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

impl<'de> Deserialize<'de> for RawHeader {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = RawHeader;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a safetensors header")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawHeader, A::Error> {
        let mut header = RawHeader { metadata: BTreeMap::new(), tensors: Vec::new() };
        let mut seen = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if !seen.insert(name.clone()) {
                return Err(de::Error::custom(format!("{name:?} stands twice in the header")));
            }
            if name == "__metadata__" {
                header.metadata = map.next_value::<UniqueText>()?.0;
            } else {
                header.tensors.push((name, map.next_value()?));
            }
        }
        Ok(header)
    }
}

/// `__metadata__`: text by name, no name twice.
struct UniqueText(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for UniqueText {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = UniqueText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<UniqueText, A::Error> {
        let mut text = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<String, String>()? {
            if text.contains_key(&name) {
                return Err(de::Error::custom(format!("{name:?} stands twice in __metadata__")));
            }
            text.insert(name, value);
        }
        Ok(UniqueText(text))
    }
}
