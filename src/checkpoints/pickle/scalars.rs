// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Opcodes that push numbers and strings.
//!
//! In: the stream behind an opcode. Out: one value on the stack.

use super::machine::Machine;
use super::stream::Stop;
use super::value::{Span, Value};

const HELD_TEXT: u64 = 64 * 1024;
const HELD_BYTE_TEXT: u64 = 1024;
const INTEGER: u64 = 256;

impl Machine<'_> {
    pub(super) fn integer(&mut self, opcode: u8) -> Result<(), Stop> {
        let value = match opcode {
            b'J' => Value::Int(i64::from(i32::from_le_bytes(self.stream.array()?))),
            b'K' => Value::Int(i64::from(self.stream.byte()?)),
            b'M' => Value::Int(i64::from(u16::from_le_bytes(self.stream.array()?))),
            b'I' | b'L' => {
                let line = self.stream.line()?;
                match (opcode, line.as_str()) {
                    (b'I', "00") => Value::Bool(false),
                    (b'I', "01") => Value::Bool(true),
                    _ => decimal(line.strip_suffix('L').unwrap_or(&line))?,
                }
            }
            _ => {
                let len = if opcode == 0x8a {
                    u64::from(self.stream.byte()?)
                } else {
                    u64::from(u32::from_le_bytes(self.stream.array()?))
                };
                if len > INTEGER {
                    return Err(Stop::bad("an integer is longer than 256 bytes"));
                }
                long(&self.stream.bytes(len)?)
            }
        };
        self.push(value)
    }

    pub(super) fn float(&mut self, opcode: u8) -> Result<(), Stop> {
        let number = if opcode == b'G' {
            f64::from_be_bytes(self.stream.array()?)
        } else {
            self.stream.line()?.parse().map_err(|_| Stop::bad("a float that is not a number"))?
        };
        self.push(Value::Float(number))
    }

    pub(super) fn string(&mut self, opcode: u8) -> Result<(), Stop> {
        match opcode {
            b'S' => {
                let line = self.stream.line()?;
                let quoted = [b'\'', b'"'].iter().any(|quote| {
                    line.len() >= 2 && line.as_bytes().first() == Some(quote) && line.as_bytes().last() == Some(quote)
                });
                if !quoted || line.contains('\\') {
                    return Err(Stop::bad("a quoted string with escapes or without quotes"));
                }
                let text = line.get(1..line.len() - 1).unwrap_or_default();
                self.push(Value::Str(text.into()))
            }
            b'V' => {
                let line = self.stream.line()?;
                if line.contains('\\') {
                    return Err(Stop::bad("a string with escapes"));
                }
                self.push(Value::Str(line.into()))
            }
            b'T' | b'U' => {
                let len = self.length(if opcode == b'T' { 4 } else { 1 })?;
                let offset = self.stream.position();
                if len > HELD_BYTE_TEXT {
                    let span = self.stream.skip(len)?;
                    return self.push(Value::ByteStr(span, None));
                }
                let text = String::from_utf8(self.stream.bytes(len)?).ok().map(String::into_boxed_str);
                self.push(Value::ByteStr(Span { offset, len }, text))
            }
            _ => {
                let len = self.length(match opcode {
                    b'X' => 4,
                    0x8c => 1,
                    _ => 8,
                })?;
                if len > HELD_TEXT {
                    let span = self.stream.skip(len)?;
                    return self.push(Value::LongStr(span));
                }
                // Lone surrogates are legal here and in no name that matters; replaced, they match nothing.
                let text = String::from_utf8_lossy(&self.stream.bytes(len)?).into_owned();
                self.push(Value::Str(text.into()))
            }
        }
    }

    pub(super) fn byte_string(&mut self, opcode: u8) -> Result<(), Stop> {
        let len = self.length(match opcode {
            b'C' => 1,
            b'B' => 4,
            _ => 8,
        })?;
        let span = self.stream.skip(len)?;
        self.push(Value::Bytes(span))
    }

    /// A little-endian length of 1, 2, 4 or 8 bytes.
    pub(super) fn length(&mut self, width: u8) -> Result<u64, Stop> {
        Ok(match width {
            1 => u64::from(self.stream.byte()?),
            2 => u64::from(u16::from_le_bytes(self.stream.array()?)),
            4 => u64::from(u32::from_le_bytes(self.stream.array()?)),
            _ => u64::from_le_bytes(self.stream.array()?),
        })
    }
}

fn decimal(text: &str) -> Result<Value, Stop> {
    let number: i128 = text.trim().parse().map_err(|_| Stop::bad("an integer that is not a number"))?;
    Ok(long(&number.to_le_bytes()))
}

/// Two's complement, little-endian, with redundant sign bytes dropped.
fn long(bytes: &[u8]) -> Value {
    let is_negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
    let filler = if is_negative { 0xff } else { 0 };
    if bytes.get(8..).is_none_or(|rest| rest.iter().all(|byte| *byte == filler)) {
        let mut word = [filler; 8];
        for (to, from) in word.iter_mut().zip(bytes) {
            *to = *from;
        }
        let number = i64::from_le_bytes(word);
        if (number < 0) == is_negative {
            return Value::Int(number);
        }
    }
    let mut kept = bytes;
    while let [head @ .., last] = kept
        && *last == filler
        && head.last().is_some_and(|byte| (byte & 0x80 != 0) == is_negative)
    {
        kept = head;
    }
    Value::BigInt(kept.into())
}
