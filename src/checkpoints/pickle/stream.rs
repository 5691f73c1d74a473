// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Buffered, bounded reads of a pickle stream.

use std::io;

use super::value::Span;
use crate::changes::ReadAt;

/// Why reading stopped.
#[derive(Debug)]
pub(super) enum Stop {
    /// The stream ended inside the pickle.
    End,
    /// Reading the source failed.
    Io(io::Error),
    /// The bytes contradict the format, or a limit was passed.
    Bad(String),
}

impl Stop {
    pub(super) fn bad(reason: impl Into<String>) -> Self {
        Self::Bad(reason.into())
    }
}

const BUFFER: u64 = 64 * 1024;
const LINE: usize = 4096;

/// A window of a source, read from front to back.
pub(super) struct Stream<'a> {
    source: &'a dyn ReadAt,
    position: u64,
    end: u64,
    buffer: Vec<u8>,
    buffer_offset: u64,
}

impl<'a> Stream<'a> {
    /// The bytes `start..end` of a source; `end` is cut to the source's size.
    pub(super) fn new(source: &'a dyn ReadAt, start: u64, end: u64) -> Self {
        let end = end.min(source.size());
        Self { source, position: start, end, buffer: Vec::new(), buffer_offset: start }
    }

    /// Offset of the next byte.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn byte(&mut self) -> Result<u8, Stop> {
        let at = self.position.checked_sub(self.buffer_offset).map(|at| at as usize);
        let held = at.and_then(|at| self.buffer.get(at)).copied();
        let byte = if let Some(byte) = held {
            byte
        } else {
            self.fill()?;
            *self.buffer.first().ok_or(Stop::End)?
        };
        self.position += 1;
        Ok(byte)
    }

    /// The next `N` bytes.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        let mut bytes = [0; N];
        for byte in &mut bytes {
            *byte = self.byte()?;
        }
        Ok(bytes)
    }

    /// The next `len` bytes; the caller has bounded `len`.
    pub(super) fn bytes(&mut self, len: u64) -> Result<Vec<u8>, Stop> {
        self.demand(len)?;
        let at = self.position.saturating_sub(self.buffer_offset) as usize;
        let held = at.checked_add(len as usize).and_then(|end| self.buffer.get(at..end)).map(<[u8]>::to_vec);
        let bytes = if let Some(bytes) = held {
            bytes
        } else {
            let mut bytes = vec![0; len as usize];
            self.source.read_exact_at(self.position, &mut bytes).map_err(Stop::Io)?;
            bytes
        };
        self.position += len;
        Ok(bytes)
    }

    /// Steps over `len` bytes and says where they are.
    pub(super) fn skip(&mut self, len: u64) -> Result<Span, Stop> {
        self.demand(len)?;
        let span = Span { offset: self.position, len };
        self.position += len;
        Ok(span)
    }

    /// A line without its end, as text.
    pub(super) fn line(&mut self) -> Result<String, Stop> {
        let mut line = Vec::new();
        loop {
            match self.byte()? {
                b'\n' => break,
                _ if line.len() == LINE => return Err(Stop::bad("a text argument is longer than 4096 bytes")),
                byte => line.push(byte),
            }
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        String::from_utf8(line).map_err(|_| Stop::bad("a text argument is not UTF-8"))
    }

    fn demand(&self, len: u64) -> Result<(), Stop> {
        if len > self.end.saturating_sub(self.position) { Err(Stop::End) } else { Ok(()) }
    }

    fn fill(&mut self) -> Result<(), Stop> {
        let len = self.end.saturating_sub(self.position).min(BUFFER);
        if len == 0 {
            return Err(Stop::End);
        }
        self.buffer.resize(len as usize, 0);
        self.buffer_offset = self.position;
        self.source.read_exact_at(self.position, &mut self.buffer).map_err(Stop::Io)
    }
}
