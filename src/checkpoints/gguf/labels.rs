// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The metadata of a GGUF file of which only the beginning is at hand.

use std::collections::BTreeMap;

use super::fields::Fields;
use crate::changes::{Content, ReadAt};
use crate::checkpoints::CheckpointError;

/// Most keys read.
const MAX_KEYS: u64 = 1 << 12;

/// Keys and values, up to the end of the bytes or the first damage.
pub(crate) fn labels(head: &[u8]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    if let Ok(file) = Content::memory(head.to_vec()).open() {
        // Arrays of a vocabulary reach past the end; the general keys stand before them.
        let _ = read(file.as_ref(), &mut found);
    }
    found
}

fn read(file: &dyn ReadAt, found: &mut BTreeMap<String, String>) -> Result<(), CheckpointError> {
    let mut head = [0; 8];
    file.read_exact_at(0, &mut head)?;
    let [_, _, _, _, version @ ..] = head;
    let mut fields = Fields::new(file, 8, u32::from_le_bytes(version) > 0xffff);
    let (_, keys) = (fields.u64()?, fields.u64()?);
    for _ in 0..keys.min(MAX_KEYS) {
        let key = fields.name()?;
        let entry = fields.entry()?;
        found.insert(key, entry.text());
    }
    Ok(())
}
