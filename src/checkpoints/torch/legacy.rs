// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The PyTorch layout before 1.6 (torch/serialization.py, `_legacy_save`).
//!
//! In: a source whose first pickle is the magic number. Out: tensors. After the magic number stand the protocol version,
//! system facts, the object and the list of storage keys, each a pickle; then each storage as an i64 count of elements
//! and the elements.

use std::collections::BTreeMap;

use super::super::CheckpointError;
use super::super::pickle::{self, Pickle, Value};
use super::open::{Contents, big_endian, malformed, refuse, states_big_endian};
use super::place::Region;
use super::{rebuild, tree};
use crate::changes::ReadAt;

/// 0x1950a86a20f9469cfc6c, little-endian.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
const VERSION: i64 = 1001;
const FORMAT: &str = "legacy torch file";

/// Whether a pickle is the magic number that opens the layout.
pub(super) fn is_magic(pickle: &Pickle) -> bool {
    matches!(pickle.value(pickle.root), Value::BigInt(bytes) if **bytes == MAGIC)
}

/// Reads what follows the magic number, which ends at `start`. Returns where the last storage ends.
pub(super) fn read(
    source: &dyn ReadAt,
    file: usize,
    path: &str,
    start: u64,
    contents: &mut Contents,
) -> Result<u64, CheckpointError> {
    let mut at = start;
    let mut next = || -> Result<Pickle, CheckpointError> {
        let pickle = pickle::parse(source, at, source.size()).map_err(|failure| refuse(*failure, FORMAT, 0))?;
        at = pickle.end;
        Ok(pickle)
    };
    let (version, system, object, keys) = (next()?, next()?, next()?, next()?);
    for pickle in [&version, &system, &object, &keys] {
        contents.add_hazards(path, &pickle.hazards);
    }
    if *version.value(version.root) != Value::Int(VERSION) {
        return Err(malformed(FORMAT, start, "its protocol version is not 1001"));
    }
    if states_big_endian(&system) {
        return Err(big_endian());
    }
    let (regions, end) = storages(source, file, &object, &keys)?;
    let found = tree::collect(&object, "").map_err(|reason| malformed(FORMAT, version.end, reason))?;
    let base = Region::Plain { file, offset: 0, len: source.size() };
    contents.add_tensors(found, &object, source, &base, |view| {
        let (elements, region) = regions
            .get(&view.storage.key)
            .ok_or_else(|| malformed(FORMAT, keys.end, format!("{}: its storage is not in the file", view.name)))?;
        if view.storage.elements > *elements {
            let reason = format!("{}: its storage holds {elements} elements, not {}", view.name, view.storage.elements);
            return Err(malformed(FORMAT, keys.end, reason));
        }
        Ok(region.clone())
    })?;
    Ok(end)
}

/// Where a storage is, by key, with its number of elements.
type Regions = BTreeMap<String, (u64, Region)>;

/// Where the storages are, and where the last one ends.
fn storages(
    source: &dyn ReadAt,
    file: usize,
    object: &Pickle,
    keys: &Pickle,
) -> Result<(Regions, u64), CheckpointError> {
    let sizes = rebuild::element_sizes(object);
    let listed = keys.sequence(keys.root).ok_or_else(|| malformed(FORMAT, keys.end, "its storage keys are no list"))?;
    let mut regions = BTreeMap::new();
    let mut at = keys.end;
    for id in listed {
        let key = match keys.value(*id) {
            Value::Int(number) => number.to_string(),
            _ => keys.text(*id).map(str::to_owned).ok_or_else(|| malformed(FORMAT, at, "a storage key is no text"))?,
        };
        let size =
            *sizes.get(&key).ok_or_else(|| malformed(FORMAT, at, format!("storage {key:?} has no known type")))?;
        let mut count = [0; 8];
        source.read_exact_at(at, &mut count)?;
        let elements = u64::from_le_bytes(count);
        let offset = at + 8;
        let len = elements.checked_mul(size).filter(|len| *len <= source.size().saturating_sub(offset));
        let len =
            len.ok_or_else(|| malformed(FORMAT, at, format!("storage {key:?} reaches past the end of the file")))?;
        if regions.insert(key, (elements, Region::Plain { file, offset, len })).is_some() {
            return Err(malformed(FORMAT, at, "a storage key is listed twice"));
        }
        at = offset + len;
    }
    Ok((regions, at))
}
