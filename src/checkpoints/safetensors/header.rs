// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The header of one safetensors file.
//!
//! It is read by a visitor of our own, because the format's reference reader lets the last of two equal names win: a
//! second tensor or metadata value of the same name would be seen by one reader and not by another.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use safetensors::Dtype as Stored;
use safetensors::tensor::{Metadata, TensorInfo};
use serde::Deserialize;
use serde::de::value::StrDeserializer;
use serde::de::{self, MapAccess, Visitor};

use crate::changes::ReadAt;
use crate::checkpoints::CheckpointError;
use crate::checkpoints::model::TENSORS;

/// Longest header that the reference reader accepts (`MAX_HEADER_SIZE`).
const MAX_HEADER: u64 = 100_000_000;

/// What one file says about itself.
pub(super) struct Header {
    /// `__metadata__`.
    pub(super) metadata: BTreeMap<String, String>,
    /// Ordered by offset.
    pub(super) tensors: Vec<Entry>,
    /// Offset of the data in the file.
    pub(super) data: u64,
}

/// One tensor as described.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) dtype: Stored,
    pub(super) shape: Vec<u64>,
    /// Start and end, from the start of the data.
    pub(super) range: (u64, u64),
}

/// Reads and checks the header of `file`.
pub(super) fn read(file: &dyn ReadAt) -> Result<Header, CheckpointError> {
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

/// An error of this format.
pub(super) fn malformed(offset: u64, reason: impl Into<String>) -> CheckpointError {
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
            if header.tensors.len() >= TENSORS {
                return Err(de::Error::custom(format!("more than {TENSORS} tensors are more than any model has")));
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
