// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Reads the primitive fields of a GGUF header: integers, strings, typed values.
//!
//! In: a file and a position. Out: values, or an error with the offset. Nothing is allocated before the bytes it
//! would hold are known to be in the file.

use serde_json::{Number, Value};

use crate::changes::ReadAt;
use crate::checkpoints::CheckpointError;

/// Bytes read from the file at a time.
const WINDOW: usize = 256 << 10;

/// Longest string that is kept; longer ones (a whole tokenizer as JSON) are counted.
const MAX_STRING: u64 = 1 << 20;

/// Longest name of a key or tensor; ggml's own limit is 64 bytes for tensors.
const MAX_NAME: u64 = 1 << 16;

/// Longest arrays that are kept; longer ones are counted.
const MAX_NUMBERS: u64 = 512;
const MAX_STRINGS: u64 = 64;

/// A position in a GGUF header.
pub(super) struct Fields<'a> {
    file: &'a dyn ReadAt,
    window: Vec<u8>,
    window_start: u64,
    position: u64,
    big_endian: bool,
}

/// One metadata value.
pub(super) enum Entry {
    /// A scalar, or a short array of numbers.
    Kept(Value),
    /// A string or array too long to keep: type of its elements, and how many.
    Counted(&'static str, u64),
}

impl<'a> Fields<'a> {
    /// Starts at `position` of `file`.
    pub(super) fn new(file: &'a dyn ReadAt, position: u64, big_endian: bool) -> Self {
        Self { file, window: Vec::new(), window_start: 0, position, big_endian }
    }

    /// Offset of the next byte.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Bytes up to the end of the file.
    pub(super) fn remaining(&self) -> u64 {
        self.file.size().saturating_sub(self.position)
    }

    /// An error at the current offset.
    pub(super) fn malformed(&self, reason: impl Into<String>) -> CheckpointError {
        CheckpointError::Malformed { format: "gguf", offset: self.position, reason: reason.into() }
    }

    pub(super) fn u32(&mut self) -> Result<u32, CheckpointError> {
        let bytes = self.array()?;
        Ok(if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    pub(super) fn u64(&mut self) -> Result<u64, CheckpointError> {
        let bytes = self.array()?;
        Ok(if self.big_endian { u64::from_be_bytes(bytes) } else { u64::from_le_bytes(bytes) })
    }

    /// A name: a string that must be UTF-8, so that two names that differ stay different.
    pub(super) fn name(&mut self) -> Result<String, CheckpointError> {
        let length = self.u64()?;
        if length > MAX_NAME {
            return Err(self.malformed(format!("a name of {length} bytes")));
        }
        let bytes = self.take(length as usize)?.to_vec();
        String::from_utf8(bytes).map_err(|_| self.malformed("a name is not UTF-8"))
    }

    /// A value preceded by its type.
    pub(super) fn entry(&mut self) -> Result<Entry, CheckpointError> {
        let kind = self.u32()?;
        match kind {
            8 => self.text(),
            9 => self.list(),
            _ => Ok(Entry::Kept(self.number(kind)?)),
        }
    }

    /// An array of strings preceded by its type, each at most `longest` bytes and as many as `most`; `None` if it is
    /// another kind of value, which is skipped.
    pub(super) fn strings(&mut self, most: u64, longest: u64) -> Result<Option<Vec<Vec<u8>>>, CheckpointError> {
        let Some(count) = self.array_of(8, most)? else { return Ok(None) };
        let mut strings = Vec::new();
        for _ in 0..count {
            let length = self.u64()?;
            if length > longest {
                return Err(self.malformed(format!("a string of {length} bytes in a vocabulary")));
            }
            strings.push(self.take(length as usize)?.to_vec());
        }
        Ok(Some(strings))
    }

    /// An array of 32-bit numbers (type 4, 5 or 6) preceded by its type, as bits; `None` if it is another kind of value,
    /// which is skipped.
    pub(super) fn words(&mut self, kind: u32, most: u64) -> Result<Option<Vec<u32>>, CheckpointError> {
        let Some(count) = self.array_of(kind, most)? else { return Ok(None) };
        (0..count).map(|_| self.u32()).collect::<Result<_, _>>().map(Some)
    }

    /// The length of an array of this type; of anything else, nothing, once it is skipped.
    fn array_of(&mut self, wanted: u32, most: u64) -> Result<Option<u64>, CheckpointError> {
        let start = self.position;
        let kind = self.u32()?;
        if kind == 9 && self.u32()? == wanted {
            let count = self.u64()?;
            let room = self.remaining() / if wanted == 8 { 8 } else { 4 };
            if count > most.min(room) {
                return Err(self.malformed(format!("an array of {count} is longer than the file or any vocabulary")));
            }
            return Ok(Some(count));
        }
        self.position = start;
        self.entry()?;
        Ok(None)
    }

    fn list(&mut self) -> Result<Entry, CheckpointError> {
        let (kind, count) = (self.u32()?, self.u64()?);
        let (name, size) = element(kind).ok_or_else(|| self.malformed(format!("array of type {kind}")))?;
        if count > self.remaining() / size {
            return Err(self.malformed(format!("an array of {count} is longer than the file")));
        }
        if kind == 8 {
            return self.texts(count);
        }
        if count > MAX_NUMBERS {
            self.skip(count * size)?;
            return Ok(Entry::Counted(name, count));
        }
        let values = (0..count).map(|_| self.number(kind)).collect::<Result<_, _>>()?;
        Ok(Entry::Kept(Value::Array(values)))
    }

    fn number(&mut self, kind: u32) -> Result<Value, CheckpointError> {
        Ok(match kind {
            0 => u8::from_ne_bytes(self.native()?).into(),
            1 => i8::from_ne_bytes(self.native()?).into(),
            2 => u16::from_ne_bytes(self.native()?).into(),
            3 => i16::from_ne_bytes(self.native()?).into(),
            4 => u32::from_ne_bytes(self.native()?).into(),
            5 => i32::from_ne_bytes(self.native()?).into(),
            6 => shortest(f32::from_ne_bytes(self.native()?)),
            7 => (u8::from_ne_bytes(self.native()?) != 0).into(),
            10 => u64::from_ne_bytes(self.native()?).into(),
            11 => i64::from_ne_bytes(self.native()?).into(),
            12 => Number::from_f64(f64::from_ne_bytes(self.native()?)).map_or(Value::Null, Value::Number),
            _ => return Err(self.malformed(format!("value of unknown type {kind}"))),
        })
    }

    fn text(&mut self) -> Result<Entry, CheckpointError> {
        let length = self.u64()?;
        if length > MAX_STRING {
            self.skip(length)?;
            return Ok(Entry::Counted("byte", length));
        }
        Ok(Entry::Kept(String::from_utf8_lossy(self.take(length as usize)?).into()))
    }

    /// An array of strings: tags, languages and the like are kept, vocabularies are counted.
    fn texts(&mut self, count: u64) -> Result<Entry, CheckpointError> {
        let mut kept = Vec::new();
        for _ in 0..count {
            if count > MAX_STRINGS {
                let length = self.u64()?;
                self.skip(length)?;
            } else if let Entry::Kept(text) = self.text()? {
                kept.push(text);
            }
        }
        Ok(if kept.len() as u64 == count { Entry::Kept(Value::Array(kept)) } else { Entry::Counted("string", count) })
    }

    fn skip(&mut self, count: u64) -> Result<(), CheckpointError> {
        if count > self.remaining() {
            return Err(self.malformed(format!("{count} bytes are wanted and the file ends")));
        }
        self.position += count;
        Ok(())
    }

    /// The next bytes in the order of this machine.
    fn native<const N: usize>(&mut self) -> Result<[u8; N], CheckpointError> {
        let mut bytes = self.array()?;
        if self.big_endian != cfg!(target_endian = "big") {
            bytes.reverse();
        }
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], CheckpointError> {
        let bytes = self.take(N)?;
        bytes.first_chunk().copied().ok_or_else(|| self.malformed("the file ends"))
    }

    fn take(&mut self, count: usize) -> Result<&[u8], CheckpointError> {
        if count as u64 > self.remaining() {
            return Err(self.malformed(format!("{count} bytes are wanted and the file ends")));
        }
        let held = self.position.checked_sub(self.window_start).map(|start| start as usize);
        let start = match held {
            Some(start) if start + count <= self.window.len() => start,
            _ => {
                let length = (count.max(WINDOW) as u64).min(self.remaining()) as usize;
                self.window.resize(length, 0);
                self.file.read_exact_at(self.position, &mut self.window)?;
                self.window_start = self.position;
                0
            }
        };
        self.position += count as u64;
        Ok(&self.window[start..start + count])
    }
}

impl Entry {
    /// Text for people: scalars as they are, arrays in JSON or as a count.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Kept(Value::String(text)) => text.clone(),
            Self::Kept(value) => value.to_string(),
            Self::Counted(name, count) => format!("[{count} × {name}]"),
        }
    }

    /// Bytes of text held.
    pub(super) fn held(&self) -> usize {
        match self {
            Self::Kept(Value::String(text)) => text.len(),
            Self::Kept(Value::Array(values)) => values.iter().map(|value| value.as_str().map_or(8, str::len)).sum(),
            _ => 8,
        }
    }

    /// The scalar or short array.
    pub(super) fn value(&self) -> Option<&Value> {
        match self {
            Self::Kept(value) => Some(value),
            Self::Counted(..) => None,
        }
    }

    /// The length of an array.
    pub(super) fn count(&self) -> Option<u64> {
        match self {
            Self::Kept(Value::Array(values)) => Some(values.len() as u64),
            Self::Kept(_) => None,
            Self::Counted(_, count) => Some(*count),
        }
    }
}

/// Name and least size of an array's elements; arrays of arrays are in no file and no reader.
fn element(kind: u32) -> Option<(&'static str, u64)> {
    Some(match kind {
        0 => ("u8", 1),
        1 => ("i8", 1),
        2 => ("u16", 2),
        3 => ("i16", 2),
        4 => ("u32", 4),
        5 => ("i32", 4),
        6 => ("f32", 4),
        7 => ("bool", 1),
        8 => ("string", 8),
        10 => ("u64", 8),
        11 => ("i64", 8),
        12 => ("f64", 8),
        _ => return None,
    })
}

/// The f64 that reads like the f32: 0.00001, not 0.000009999999747378752.
fn shortest(number: f32) -> Value {
    number.to_string().parse().ok().and_then(Number::from_f64).map_or(Value::Null, Value::Number)
}
