// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Files that are one file when they are put behind one another.
//!
//! In: files in which no model was seen, by name. Out: sets whose names count up (`x.part-aa`, `x.part-ab`; `x.001`,
//! `x.002`; `x_0.bin`, `x_1.bin`), and what they are together. Only bytes accuse: a set of files that count up and are
//! nothing together is nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};
use std::sync::{Mutex, PoisonError};

use super::super::sniff::{Sniffed, Unread, sniff};
use super::search::{Looked, look};
use crate::changes::{Content, Fetch, ReadAt};

/// Files of one set that are put together.
const PIECES: usize = 100_000;
/// Bytes of a set that are held at once where all of them are asked for.
const HELD: u64 = 64 << 20;

/// A file that may be a piece.
pub(in crate::checkpoints) struct Piece<'a> {
    /// Index of the file.
    pub(in crate::checkpoints) file: usize,
    /// Its path.
    pub(in crate::checkpoints) path: &'a str,
    /// Its bytes.
    pub(in crate::checkpoints) content: &'a Content,
    /// Its length.
    pub(in crate::checkpoints) size: u64,
    /// Whether the published range brings it.
    pub(in crate::checkpoints) introduced: bool,
}

/// Finds sets that are a model together, with the index of the first file.
pub(in crate::checkpoints) fn pieces(candidates: &[Piece<'_>]) -> Vec<(usize, Unread)> {
    // A set that is there already was looked at when it came.
    let introduced = candidates.iter().filter(|piece| piece.introduced);
    let mut sets: BTreeMap<(&str, &str), BTreeMap<u64, &Piece<'_>>> =
        introduced.flat_map(|piece| counted(piece.path)).map(|way| (way.set, BTreeMap::new())).collect();
    if sets.is_empty() {
        return Vec::new();
    }
    for piece in candidates {
        for way in counted(piece.path) {
            if let Some(set) = sets.get_mut(&way.set) {
                set.entry(way.number).or_insert(piece);
            }
        }
    }
    let mut found: BTreeMap<usize, Unread> = BTreeMap::new();
    for set in sets.values() {
        let Some(first) = set.keys().next().copied().filter(|first| *first <= 1) else { continue };
        let numbered = set.iter().zip(first..).take(PIECES);
        let run: Vec<&Piece<'_>> =
            numbered.take_while(|((number, _), wanted)| *number == wanted).map(|((_, piece), _)| *piece).collect();
        let [first, _, ..] = run.as_slice() else { continue };
        if !run.iter().any(|piece| piece.introduced) {
            continue;
        }
        if let Some(unread) = together(&run) {
            found.entry(first.file).or_insert(unread);
        }
    }
    found.into_iter().collect()
}

fn together(run: &[&Piece<'_>]) -> Option<Unread> {
    let (first, last) = (run.first()?, run.last()?);
    let parts: Vec<(u64, Content)> = run.iter().map(|piece| (piece.size, piece.content.clone())).collect();
    let joined = Content::Lazy(std::sync::Arc::new(Joined::new(parts)?));
    let last = last.path.rsplit('/').next().unwrap_or_default();
    // A piece that cannot be read is told of by itself.
    let what = match sniff("", &joined).ok()? {
        Sniffed::Checkpoint(format) => format!("a {} file", format.name()),
        Sniffed::Unread(unread) if unread.certain => unread.what,
        _ => match look(&joined).ok()? {
            Looked::Found(unread) if unread.certain => unread.reason,
            _ => return None,
        },
    };
    Some(Unread {
        what: "model in pieces".to_owned(),
        reason: format!(
            "with the {} files that follow, to {}, it is one file: {what}",
            run.len().saturating_sub(1),
            last.escape_debug()
        ),
        remedy: format!(
            "put {} and what follows together, and publish the weights as one file",
            first.path.escape_debug()
        ),
        certain: true,
    })
}

/// A way in which a path may count.
struct Way<'a> {
    /// What stands before the number, and what follows it or, for letters, how many they are.
    set: (&'a str, &'a str),
    number: u64,
}

fn counted(path: &str) -> Vec<Way<'_>> {
    let name = path.rfind('/').map_or(0, |slash| slash + 1);
    let mut ways = Vec::new();
    // `split` counts in letters at the end, from `aa`.
    let letters = path.bytes().rev().take_while(u8::is_ascii_lowercase).count().min(path.len() - name);
    for (width, many) in (2..=letters).zip(["aa", "aaa", "aaaa"]) {
        let (stem, end) = path.split_at(path.len() - width);
        let number = end.bytes().fold(0, |sum, letter| sum * 26 + u64::from(letter - b'a'));
        ways.push(Way { set: (stem, many), number });
    }
    let mut rest = path;
    // The two last numbers of a name: `model-01.part.7z`, `x.001`.
    for _ in 0..2 {
        let Some(end) = rest.rfind(|letter: char| letter.is_ascii_digit()).map(|at| at + 1) else { break };
        let digits = rest.get(..end).unwrap_or_default().bytes().rev().take_while(u8::is_ascii_digit).count();
        let start = end - digits;
        if start < name {
            break;
        }
        if let Some(number) = path.get(start..end).and_then(|digits| digits.parse().ok()) {
            ways.push(Way {
                set: (path.get(..start).unwrap_or_default(), path.get(end..).unwrap_or_default()),
                number,
            });
        }
        rest = path.get(..start).unwrap_or_default();
    }
    ways
}

/// Files one behind the other. At most one is open.
struct Joined {
    /// Where each begins, and its bytes.
    parts: Vec<(u64, Content)>,
    size: u64,
}

impl Joined {
    fn new(parts: Vec<(u64, Content)>) -> Option<Self> {
        let mut size = 0_u64;
        let mut placed = Vec::with_capacity(parts.len());
        for (len, content) in parts {
            placed.push((size, content));
            size = size.checked_add(len)?;
        }
        Some(Self { parts: placed, size })
    }
}

impl fmt::Debug for Joined {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} files, {} bytes", self.parts.len(), self.size)
    }
}

impl Fetch for Joined {
    fn size(&self) -> u64 {
        self.size
    }

    fn fetch(&self) -> io::Result<Content> {
        if self.size > HELD {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "pieces are not held in memory together"));
        }
        self.head(self.size as usize).map(Content::memory)
    }

    fn head(&self, limit: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        for (_, content) in &self.parts {
            let wanted = limit.saturating_sub(bytes.len());
            if wanted == 0 {
                break;
            }
            content.head(wanted)?.as_slice().read_to_end(&mut bytes)?;
        }
        Ok(bytes)
    }

    fn open(&self) -> io::Result<Box<dyn ReadAt>> {
        let parts = self.parts.clone();
        Ok(Box::new(Opened { parts, size: self.size, open: Mutex::new(None) }))
    }
}

struct Opened {
    parts: Vec<(u64, Content)>,
    size: u64,
    open: Mutex<Option<(usize, Box<dyn ReadAt>)>>,
}

impl ReadAt for Opened {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_exact_at(&self, mut offset: u64, mut buf: &mut [u8]) -> io::Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        while !buf.is_empty() {
            let at = self.parts.partition_point(|(start, _)| *start <= offset).saturating_sub(1);
            let (start, content) = self.parts.get(at).ok_or(io::ErrorKind::UnexpectedEof)?;
            if open.as_ref().is_none_or(|(held, _)| *held != at) {
                *open = Some((at, content.open()?));
            }
            let Some((_, source)) = open.as_ref() else { return Err(io::ErrorKind::UnexpectedEof.into()) };
            let within = offset - start;
            let len = source.size().saturating_sub(within).min(buf.len() as u64) as usize;
            if len == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let (now, later) = buf.split_at_mut(len);
            source.read_exact_at(within, now)?;
            offset += len as u64;
            buf = later;
        }
        Ok(())
    }
}
