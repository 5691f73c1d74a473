// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Bytes spelled out in text: base64 and hexadecimal, in one piece or in lines, as notebooks, scripts and JSON hold them.
//!
//! In: a text. Out: a model that a long run of such letters decodes to, with its line. Words are told from runs by what
//! they decode to and not by how they look, so a picture in a notebook is no model.

use std::io::{self, Read};

use data_encoding::{BASE64_NOPAD, HEXLOWER_PERMISSIVE};

use super::search::{Inside, MEMBER, Search};

/// Letters in a row that may be part of a run; lines of encoders are longer.
const WORD: usize = 16;
/// Letters of a run that is worth decoding.
const RUN: usize = 1024;
/// Bytes between two parts of a run: the end of a line, quotes, a comma, and indentation.
const GAP: usize = 64;
/// Letters of one run that are kept.
const KEPT: usize = (MEMBER as usize / 3) * 4;
/// Bytes of a text that are searched.
const SEARCHED: u64 = 1 << 30;
const CHUNK: usize = 256 << 10;

/// Searches a text for runs.
pub(super) fn search(search: &mut Search, reader: &mut dyn Read) -> io::Result<Inside> {
    let mut runs = Runs::default();
    let mut chunk = vec![0; CHUNK];
    let mut read = 0_u64;
    loop {
        let len = reader.read(&mut chunk)?;
        for byte in chunk.get(..len).unwrap_or_default() {
            if runs.feed(*byte)
                && let Inside::Model(found) = runs.end(search)?
            {
                return Ok(Inside::Model(found));
            }
        }
        read += len as u64;
        if len == 0 {
            break;
        }
        if read >= SEARCHED || search.is_spent() {
            search.doubt("text", "is too long to be searched for encoded weights");
            break;
        }
    }
    runs.word_ends();
    match runs.end(search)? {
        Inside::Model(found) => Ok(Inside::Model(found)),
        _ => Ok(Inside::Opaque),
    }
}

/// The run that is being read.
struct Runs {
    /// Letters of the run.
    letters: Vec<u8>,
    /// Where its first words begin: one that stands before an encoded text may have come along.
    starts: Vec<usize>,
    /// Letters of the word that is being read.
    word: usize,
    /// Bytes since the last word.
    gap: usize,
    /// Whether the byte before was a backslash.
    escaped: bool,
    line: u64,
    /// Line on which the run begins.
    began: u64,
}

impl Default for Runs {
    fn default() -> Self {
        Self { letters: Vec::new(), starts: Vec::new(), word: 0, gap: 0, escaped: false, line: 1, began: 1 }
    }
}

impl Runs {
    /// Takes the next byte; returns whether the run before it has ended.
    fn feed(&mut self, byte: u8) -> bool {
        if byte == b'\\' && !self.escaped {
            self.escaped = true;
            return false;
        }
        // `\n` inside a string ends a word; `\/` is how some write a slash.
        let ends = std::mem::take(&mut self.escaped) && byte != b'/';
        let is_letter = !ends && (byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_'));
        if is_letter {
            if self.letters.is_empty() {
                self.began = self.line;
            }
            self.word += 1;
            if self.letters.len() < KEPT {
                self.letters.push(byte);
            }
            return false;
        }
        if byte == b'\n' {
            self.line += 1;
        }
        let was_word = self.word > 0;
        let was_short = was_word && self.word < WORD;
        self.word_ends();
        self.gap = if was_word { 1 } else { self.gap + 1 };
        let separates = ends || byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b',' | b'=' | b'(' | b')');
        !separates || was_short || self.gap > GAP
    }

    fn word_ends(&mut self) {
        if self.word > 0 && self.starts.len() < 4 {
            self.starts.push(self.letters.len().saturating_sub(self.word));
        }
        self.word = 0;
    }

    /// Decodes the run and looks at what came of it.
    fn end(&mut self, search: &mut Search) -> io::Result<Inside> {
        let starts = std::mem::take(&mut self.starts);
        if self.letters.len() < RUN {
            self.letters.clear();
            return Ok(Inside::Nothing);
        }
        let mut letters = std::mem::take(&mut self.letters);
        let name = format!("encoded text from line {}", self.began);
        if letters.iter().all(u8::is_ascii_hexdigit) {
            let even = letters.len() & !1;
            if let Some(Ok(bytes)) = letters.get(..even).map(|hex| HEXLOWER_PERMISSIVE.decode(hex)) {
                let found = search.member(&name, &mut bytes.as_slice())?;
                if matches!(found, Inside::Model(_)) {
                    return Ok(found);
                }
            }
        }
        for letter in &mut letters {
            *letter = match *letter {
                b'-' => b'+',
                b'_' => b'/',
                other => other,
            };
        }
        for start in starts {
            let run = letters.get(start..).unwrap_or_default();
            let whole = run.len() & !3;
            let Some(Ok(bytes)) = run.get(..whole).map(|run| BASE64_NOPAD.decode(run)) else { continue };
            let found = search.member(&name, &mut bytes.as_slice())?;
            if matches!(found, Inside::Model(_)) {
                return Ok(found);
            }
        }
        // Kept for the next run: its room.
        letters.clear();
        self.letters = letters;
        Ok(Inside::Nothing)
    }
}
