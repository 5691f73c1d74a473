// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! One file, and what is inside it, and inside that.
//!
//! In: the bytes of a file. Out: the first model that is inside, or what kept the search from its end. Layers, members
//! and bytes are counted over the whole file, so a small one cannot ask for much.

use std::io::{self, Read};

use super::super::raw::is_packed;
use super::super::sniff::{Sniffed, Unread, sniff};
use super::{bytes, text, unpack};
use crate::changes::{Content, ReadAt};

/// Bytes that are unpacked of one file, at most.
const UNPACKED: u64 = 1 << 30;
/// Bytes of one member that are held; what follows is searched as it passes.
pub(super) const MEMBER: u64 = 32 << 20;
/// Members that are looked at in one file.
const MEMBERS: u32 = 200_000;
/// Layers: three archives, each of which may be compressed.
const LAYERS: usize = 6;
/// Bytes of a file without a form that are searched for a header.
const SCANNED: u64 = 4 << 30;
/// Smaller than this no packed file holds weights worth hiding.
const WORTH: u64 = 16 << 10;
/// Bytes looked at to tell what something is.
const HEAD: usize = 1024;

const UNPACK: &str = "publish the weights as files of their own, unpacked, or leave them out";

/// Looks for a model inside a file in which none was seen.
pub(in crate::checkpoints) fn look(content: &Content) -> io::Result<Looked> {
    let mut search = Search { unpacked: 0, members: 0, trail: Vec::new(), weak: None };
    let found = search.inside(content)?;
    Ok(match (found, search.weak) {
        (Inside::Model(unread), _) | (Inside::Nothing | Inside::Opaque, Some(unread)) => Looked::Found(unread),
        (Inside::Nothing, None) => Looked::Clean,
        (Inside::Opaque, None) => Looked::Opaque,
    })
}

/// What came of a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::checkpoints) enum Looked {
    /// A model, or something that was not searched to its end.
    Found(Unread),
    /// All of it was searched.
    Clean,
    /// It is no container that is known.
    Opaque,
}

pub(super) enum Inside {
    Model(Unread),
    Nothing,
    Opaque,
}

/// The search through one file.
pub(super) struct Search {
    unpacked: u64,
    members: u32,
    /// Names of the layers from the outermost to where the search is.
    trail: Vec<String>,
    /// The first reason for which something was left unsearched.
    weak: Option<Unread>,
}

impl Search {
    /// Looks into stored bytes.
    fn inside(&mut self, content: &Content) -> io::Result<Inside> {
        let head = content.head(HEAD)?;
        let source = content.open()?;
        if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") || unpack::ends_as_zip(&*source)? {
            return unpack::zip(self, content);
        }
        if unpack::is_stream(&head) {
            return unpack::stream(self, &head, &mut Positioned { source: &*source, position: 0 });
        }
        let unsearched = match head.as_slice() {
            [b'#', b' ', b'v', b'2' | b'3', b' ', b'g', b'i', b't', ..] | [b'P', b'A', b'C', b'K', ..] => {
                Some("holds objects of git, and these are not searched")
            }
            _ if is_packed(&head) => {
                Some("is compressed in a way that is not unpacked, so what it holds is not searched")
            }
            _ => None,
        };
        if let Some(reason) = unsearched {
            if source.size() >= WORTH {
                self.doubt("packed file", reason);
            }
            return Ok(Inside::Opaque);
        }
        let mut reader = Positioned { source: &*source, position: 0 };
        if !is_text(&head) {
            let found = bytes::scan(&mut (&mut reader).take(SCANNED))?;
            if found.is_none() && source.size() > SCANNED {
                self.doubt("file", &format!("is longer than {} GiB, and what follows was not searched", SCANNED >> 30));
            }
            return Ok(found.map_or(Inside::Opaque, |(what, at)| {
                self.model(&format!("other bytes, and then a {what} at byte {at}"))
            }));
        }
        text::search(self, &mut reader)
    }

    /// Looks at a member of a container.
    pub(super) fn member(&mut self, name: &str, reader: &mut dyn Read) -> io::Result<Inside> {
        self.members += 1;
        if self.members > MEMBERS {
            return Ok(self.exceeded(&format!("it holds more than {MEMBERS} members")));
        }
        self.trail.push(shortened(name));
        let mut reader = UpToDamage { reader, damage: None };
        let found = self.held(name, &mut reader);
        self.trail.pop();
        match (found?, reader.damage) {
            (Inside::Model(unread), _) => Ok(Inside::Model(unread)),
            (_, Some(error)) => Err(error),
            (found, None) => Ok(found),
        }
    }

    fn held(&mut self, name: &str, reader: &mut dyn Read) -> io::Result<Inside> {
        let left = UNPACKED.saturating_sub(self.unpacked);
        let mut head = Vec::new();
        reader.take((HEAD as u64).min(left)).read_to_end(&mut head)?;
        self.unpacked += head.len() as u64;
        if unpack::is_stream(&head) {
            let head = std::mem::take(&mut head);
            return self.deeper(|search| unpack::stream(search, &head, &mut io::Cursor::new(&head).chain(reader)));
        }
        let room = MEMBER.min(UNPACKED.saturating_sub(self.unpacked));
        self.unpacked += (&mut *reader).take(room).read_to_end(&mut head)? as u64;
        let mut next = Vec::new();
        (&mut *reader).take(1).read_to_end(&mut next)?;
        let content = Content::memory(head);
        match sniff(name, &content)? {
            Sniffed::Checkpoint(format) => return Ok(self.model(&format!("a {} file", format.name()))),
            Sniffed::Unread(unread) if unread.certain => {
                return Ok(self.model(&format!("{}: {}", unread.what, unread.reason)));
            }
            Sniffed::Unread(unread) => self.doubt(&unread.what, &unread.reason),
            Sniffed::Nothing => {}
        }
        if next.is_empty() {
            return self.deeper(|search| search.inside(&content));
        }
        let left = UNPACKED.saturating_sub(self.unpacked);
        let mut rest = io::Cursor::new(next).chain(reader).take(left);
        let found = self.longer(&content, &mut rest)?;
        self.unpacked += left - rest.limit();
        if !matches!(found, Inside::Model(_)) && self.unpacked >= UNPACKED {
            return Ok(self.exceeded(&format!("it unpacks to more than {} MiB", UNPACKED >> 20)));
        }
        Ok(found)
    }

    /// Looks at a member of which only the beginning is held.
    fn longer(&mut self, held: &Content, rest: &mut dyn Read) -> io::Result<Inside> {
        let head = held.head(HEAD)?;
        let source = held.open()?;
        let mut beginning = Positioned { source: &*source, position: 0 };
        if is_text(&head) {
            return self.deeper(|search| text::search(search, &mut beginning.chain(rest)));
        }
        let found = self.deeper(|search| search.inside(held))?;
        if matches!(found, Inside::Model(_)) {
            return Ok(found);
        }
        if head.starts_with(b"PK\x03\x04") {
            self.doubt("archive", &format!("is longer than {} MiB, so what it holds is not searched", MEMBER >> 20));
            return Ok(Inside::Nothing);
        }
        // A header may lie across the seam.
        beginning.position = source.size().saturating_sub(bytes::OVERLAP as u64);
        let before = beginning.position;
        let found = bytes::scan(&mut beginning.chain(rest))?;
        Ok(found.map_or(Inside::Nothing, |(what, at)| {
            self.model(&format!("other bytes, and then a {what} at byte {}", before + at))
        }))
    }

    /// Looks one layer deeper, if there may be one.
    fn deeper(&mut self, look: impl FnOnce(&mut Self) -> io::Result<Inside>) -> io::Result<Inside> {
        if self.trail.len() > LAYERS {
            // What is no container here has no further layer.
            return Ok(Self::refused("archives stand in one another more than three deep"));
        }
        look(self)
    }

    /// A model was found where the search is.
    pub(super) fn model(&self, what: &str) -> Inside {
        let place = if self.trail.is_empty() { String::new() } else { format!("{}, ", self.trail.join(" in ")) };
        Inside::Model(Unread {
            what: "model inside another file".to_owned(),
            reason: format!("holds {place}{what}, which was not looked at"),
            remedy: UNPACK.to_owned(),
            certain: true,
        })
    }

    /// Something that nobody needs and that keeps a search from its end.
    pub(super) fn refused(reason: &str) -> Inside {
        Inside::Model(Unread {
            what: "file that cannot be searched".to_owned(),
            reason: reason.to_owned(),
            remedy: UNPACK.to_owned(),
            certain: true,
        })
    }

    /// The search ends before the file does.
    pub(super) fn exceeded(&mut self, reason: &str) -> Inside {
        self.doubt("file that was not searched to its end", reason);
        Inside::Nothing
    }

    /// Whether no more may be unpacked.
    pub(super) fn is_spent(&self) -> bool {
        self.unpacked >= UNPACKED || self.members > MEMBERS
    }

    /// Remembers that something was left unsearched; the first is told.
    pub(super) fn doubt(&mut self, what: &str, reason: &str) {
        if self.weak.is_none() {
            let place = if self.trail.is_empty() { String::new() } else { format!("{}: ", self.trail.join(" in ")) };
            self.weak = Some(Unread {
                what: what.to_owned(),
                reason: format!("{place}{reason}"),
                remedy: UNPACK.to_owned(),
                certain: false,
            });
        }
    }
}

fn is_text(head: &[u8]) -> bool {
    !head.contains(&0) && super::super::raw::is_utf8_start(head)
}

/// A name as it is shown: the file chose it.
fn shortened(name: &str) -> String {
    name.chars().take(120).collect::<String>().escape_debug().to_string()
}

/// What can be read before the first error, which is kept: of a stream without its end, or with another checksum, other
/// programs give out what stands before the damage.
struct UpToDamage<'a> {
    reader: &'a mut dyn Read,
    damage: Option<io::Error>,
}

impl Read for UpToDamage<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.damage.is_some() {
            return Ok(0);
        }
        loop {
            match self.reader.read(buf) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.damage = Some(error);
                    return Ok(0);
                }
                read => return read,
            }
        }
    }
}

/// Stored bytes from a place on, as a reader.
pub(super) struct Positioned<'a> {
    pub(super) source: &'a dyn ReadAt,
    pub(super) position: u64,
}

impl Read for Positioned<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = self.source.size().saturating_sub(self.position).min(buf.len() as u64) as usize;
        let Some(wanted) = buf.get_mut(..len) else { return Ok(0) };
        if len > 0 {
            self.source.read_exact_at(self.position, wanted)?;
            self.position += len as u64;
        }
        Ok(len)
    }
}

impl io::Seek for Positioned<'_> {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        let (start, offset) = match to {
            io::SeekFrom::Start(at) => (at, 0),
            io::SeekFrom::End(offset) => (self.source.size(), offset),
            io::SeekFrom::Current(offset) => (self.position, offset),
        };
        let at = start.checked_add_signed(offset);
        self.position = at.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "before the first byte"))?;
        Ok(self.position)
    }
}
