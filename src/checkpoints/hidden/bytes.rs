// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A header of weights in the middle of other bytes.
//!
//! In: a file that is no text and no container. Out: the format whose header is in it, and where. One byte before a
//! model is enough for its own tools not to know it, and for whoever knows of the byte to have it back.

use std::io::{self, Read};

use memchr::memmem::Finder;

/// What every tensor of a safetensors header has, and then a colon, a bracket, and a number.
const KEY: &[u8] = b"\"data_offsets\"";
const CHUNK: usize = 1 << 20;
/// Bytes of a chunk that are looked at again with the next: longer than any mark and what is checked behind it.
pub(super) const OVERLAP: usize = 256;

/// Finds the first header in a file.
pub(super) fn scan(reader: &mut dyn Read) -> io::Result<Option<(&'static str, u64)>> {
    // Programs that read these formats hold the words, but not with a number behind them.
    let gguf = [Finder::new(b"GGUF\x02\0\0\0"), Finder::new(b"GGUF\x03\0\0\0")];
    let safetensors = Finder::new(KEY);
    let (mut held, mut start) = (Vec::with_capacity(CHUNK + OVERLAP), 0_u64);
    loop {
        let before = held.len();
        reader.take(CHUNK as u64).read_to_end(&mut held)?;
        let at = |at: usize| Some(start + at as u64);
        if let Some(found) = gguf.iter().filter_map(|mark| mark.find(&held)).find(|found| has_counts(&held, *found)) {
            return Ok(at(found).map(|at| ("GGUF file", at)));
        }
        let mut places = safetensors.find_iter(&held);
        if let Some(found) = places.find(|found| has_range(&held, *found)) {
            return Ok(at(found).map(|at| ("header of a safetensors file", at)));
        }
        if held.len() == before {
            return Ok(None);
        }
        let keep = held.len().saturating_sub(OVERLAP);
        start += keep as u64;
        held.drain(..keep);
    }
}

/// JSON may have blanks wherever it likes.
fn has_range(held: &[u8], found: usize) -> bool {
    let rest = held.get(found + KEY.len()..).unwrap_or_default();
    let mut marks = rest.iter().take(OVERLAP - KEY.len()).filter(|byte| !byte.is_ascii_whitespace());
    marks.next() == Some(&b':') && marks.next() == Some(&b'[') && marks.next().is_some_and(u8::is_ascii_digit)
}

/// Behind its version a GGUF file has the numbers of its tensors and of its keys, which are not large.
fn has_counts(held: &[u8], found: usize) -> bool {
    let count = |at: usize| {
        let bytes = held.get(at..).and_then(<[u8]>::first_chunk::<8>)?;
        Some(u64::from_le_bytes(*bytes))
    };
    let small = |at| count(at).is_some_and(|count| count < 1 << 24);
    small(found + 8) && small(found + 16) && (count(found + 8), count(found + 16)) != (Some(0), Some(0))
}
