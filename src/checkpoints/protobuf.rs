// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Protocol Buffers on the wire, read by position.
//!
//! In: a window of a source. Out: its fields one after another; the bytes of a length-delimited field are named, and
//! not read. Spec: protobuf.dev/programming-guides/encoding.

use std::io;

use crate::changes::ReadAt;

const BUFFER: u64 = 8 * 1024;

/// One field of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    /// Field number.
    pub(crate) number: u32,
    /// Its value.
    pub(crate) value: Wire,
}

/// The value of a field, by wire type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    /// Wire type 0.
    Varint(u64),
    /// Wire type 1.
    Fixed64(u64),
    /// Wire type 2: a string, bytes, a message, or packed numbers.
    Bytes {
        /// Offset in the source.
        offset: u64,
        /// Length in bytes; inside the window that was read.
        len: u64,
    },
    /// Wire type 5.
    Fixed32(u32),
}

/// Why a message could not be read.
#[derive(Debug)]
pub(crate) enum WireError {
    /// The bytes contradict the encoding.
    Bad { offset: u64, reason: &'static str },
    /// Reading the source failed.
    Io(io::Error),
}

/// Fields of one message.
pub(crate) struct Message<'a> {
    source: &'a dyn ReadAt,
    position: u64,
    end: u64,
    buffer: Vec<u8>,
    buffer_offset: u64,
}

impl<'a> Message<'a> {
    /// The message in `len` bytes from `offset`, cut to the source's size.
    pub(crate) fn new(source: &'a dyn ReadAt, offset: u64, len: u64) -> Self {
        let end = offset.saturating_add(len).min(source.size());
        Self { source, position: offset, end, buffer: Vec::new(), buffer_offset: offset }
    }

    /// The next field; `None` at the end of the message.
    pub(crate) fn field(&mut self) -> Result<Option<Field>, WireError> {
        if self.position >= self.end {
            return Ok(None);
        }
        let start = self.position;
        let bad = |reason| WireError::Bad { offset: start, reason };
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).ok().filter(|number| *number != 0 && *number < 1 << 29);
        let number = number.ok_or_else(|| bad("a field number out of range"))?;
        let value = match tag & 7 {
            0 => Wire::Varint(self.varint()?),
            1 => Wire::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let len = self.varint()?;
                if len > self.end.saturating_sub(self.position) {
                    return Err(bad("a field reaches past the end of its message"));
                }
                let offset = self.position;
                self.position += len;
                Wire::Bytes { offset, len }
            }
            5 => Wire::Fixed32(u32::from_le_bytes(self.array()?)),
            _ => return Err(bad("a wire type that is not in use")),
        };
        Ok(Some(Field { number, value }))
    }

    /// The next number of a packed field of varints; `None` at its end.
    pub(crate) fn packed_varint(&mut self) -> Result<Option<u64>, WireError> {
        if self.position >= self.end { Ok(None) } else { self.varint().map(Some) }
    }

    fn varint(&mut self) -> Result<u64, WireError> {
        let start = self.position;
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            if shift == 63 && byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(WireError::Bad { offset: start, reason: "a varint of more than 64 bits" })
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let mut bytes = [0; N];
        for byte in &mut bytes {
            *byte = self.byte()?;
        }
        Ok(bytes)
    }

    fn byte(&mut self) -> Result<u8, WireError> {
        if self.position >= self.end {
            return Err(WireError::Bad { offset: self.position, reason: "the message ends inside a field" });
        }
        let held = self.position.checked_sub(self.buffer_offset).and_then(|at| self.buffer.get(at as usize)).copied();
        let byte = if let Some(byte) = held {
            byte
        } else {
            let len = (self.end - self.position).min(BUFFER);
            self.buffer.resize(len as usize, 0);
            self.source.read_exact_at(self.position, &mut self.buffer).map_err(WireError::Io)?;
            self.buffer_offset = self.position;
            self.buffer.first().copied().unwrap_or_default()
        };
        self.position += 1;
        Ok(byte)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;
    use crate::changes::Content;

    fn fields(bytes: &[u8]) -> Result<Vec<Field>, WireError> {
        let source = Content::memory(bytes.to_vec()).open().unwrap();
        let mut message = Message::new(&*source, 0, u64::MAX);
        let mut fields = Vec::new();
        while let Some(field) = message.field()? {
            fields.push(field);
        }
        Ok(fields)
    }

    #[test]
    fn the_four_wire_types_are_read() {
        let bytes = [0x08, 0x96, 0x01, 0x12, 0x02, b'h', b'i', 0x1d, 1, 0, 0, 0, 0x21, 2, 0, 0, 0, 0, 0, 0, 0];
        let values: Vec<_> = fields(&bytes).unwrap().into_iter().map(|field| (field.number, field.value)).collect();
        let expected = [
            (1, Wire::Varint(150)),
            (2, Wire::Bytes { offset: 5, len: 2 }),
            (3, Wire::Fixed32(1)),
            (4, Wire::Fixed64(2)),
        ];
        assert_eq!(values, expected);
    }

    #[test]
    fn a_length_past_the_end_is_an_error() {
        assert!(fields(&[0x12, 0xff, 0xff, 0xff, 0xff, 0x0f, 1]).is_err());
    }

    #[test]
    fn a_varint_of_eleven_bytes_is_an_error() {
        assert!(fields(&[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_give_fields_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            drop(fields(&bytes));
        }
    }
}
