// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The directory of a zip archive, read strictly.
//!
//! In: a source of bytes. Out: its members, each with the place of its data, after the local and the central header
//! have been found to agree: archives that show one member to a checker and another to a loader are refused.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use flate2::read::DeflateDecoder;
use zip::{CompressionMethod, ZipArchive};

use super::{CheckpointError, Extent};
use crate::changes::ReadAt;

const MEMBERS: usize = 1 << 20;
const LOCAL_HEADER: usize = 30;
/// Deflate never expands by more than 1,032 (zlib's technical notes).
const DEFLATE_RATIO: u64 = 1040;

/// One member of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    /// Name with its folders.
    pub(super) name: String,
    /// Offset of its first stored byte in the archive.
    pub(super) offset: u64,
    /// Bytes stored.
    pub(super) stored: u64,
    /// Bytes once unpacked.
    pub(super) size: u64,
    /// Whether it is a raw-deflate stream.
    pub(super) deflated: bool,
}

impl Member {
    /// The `len` unpacked bytes after the first `skip`, in file `file` of a checkpoint.
    pub(super) fn extent(&self, file: usize, skip: u64, len: u64) -> Option<Extent> {
        let end = skip.checked_add(len)?;
        if end > self.size {
            return None;
        }
        Some(if self.deflated {
            Extent::Deflated { file, offset: self.offset, compressed: self.stored, skip, len }
        } else {
            Extent::Plain { file, offset: self.offset + skip, len }
        })
    }

    /// The whole member unpacked, or an error if it is longer than `limit` bytes.
    pub(super) fn read(&self, source: &dyn ReadAt, limit: u64) -> Result<Vec<u8>, CheckpointError> {
        if self.size > limit {
            let reason = format!("{} is longer than {limit} bytes", self.name);
            return Err(CheckpointError::Unsupported { what: "zip member".to_owned(), reason });
        }
        let mut bytes = Vec::new();
        let window = Positioned { source, position: self.offset, end: self.offset + self.stored };
        if self.deflated {
            DeflateDecoder::new(BufReader::new(window)).take(self.size.saturating_add(1)).read_to_end(&mut bytes)?;
        } else {
            BufReader::new(window).read_to_end(&mut bytes)?;
        }
        if bytes.len() as u64 != self.size {
            return Err(malformed(self.offset, format!("{} unpacks to another size than it states", self.name)));
        }
        Ok(bytes)
    }
}

/// Lists the members of a zip archive, in the order of its directory.
///
/// # Errors
/// Malformed if names repeat, headers disagree, members reach outside the archive, or a member is neither stored nor
/// deflated.
pub(super) fn members(source: &dyn ReadAt) -> Result<Vec<Member>, CheckpointError> {
    let archive = open(source)?;
    if archive.has_duplicate_names() {
        return Err(malformed(0, "two members have the same name"));
    }
    if archive.offset() != 0 {
        return Err(malformed(0, "other bytes stand before the archive"));
    }
    let mut members = Vec::with_capacity(archive.len().min(MEMBERS));
    for index in 0..archive.len() {
        let entry = archive.by_index_data(index).map_err(|error| malformed(0, error.to_string()))?;
        let deflated = match entry.compression() {
            CompressionMethod::Stored => false,
            CompressionMethod::Deflated => true,
            other => return Err(malformed(entry.header_start(), format!("compression {other} is not read"))),
        };
        if entry.encrypted() {
            return Err(malformed(entry.header_start(), "a member is encrypted"));
        }
        let (stored, size) = (entry.compressed_size(), entry.size());
        let offset = local_data(source, entry.header_start(), entry.name_raw(), deflated)?;
        let fits = offset.checked_add(stored).is_some_and(|end| end <= source.size());
        let honest = if deflated { size / DEFLATE_RATIO <= stored } else { size == stored };
        if !fits || !honest {
            return Err(malformed(entry.header_start(), "a member's size contradicts the archive"));
        }
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        members.push(Member { name, offset, stored, size, deflated });
    }
    archive.into_inner();
    Ok(members)
}

/// Names of the members, without checking their data; for telling what an archive holds.
pub(super) fn names(source: &dyn ReadAt) -> Result<Vec<String>, CheckpointError> {
    let archive = open(source)?;
    Ok(archive.file_names_raw().map(|name| String::from_utf8_lossy(name).into_owned()).collect())
}

fn open(source: &dyn ReadAt) -> Result<ZipArchive<BufReader<Positioned<'_>>>, CheckpointError> {
    let reader = BufReader::new(Positioned { source, position: 0, end: source.size() });
    let archive = ZipArchive::new(reader).map_err(|error| malformed(0, error.to_string()))?;
    if archive.len() > MEMBERS {
        return Err(malformed(0, "more than a million members"));
    }
    Ok(archive)
}

/// Where a member's data starts by its local header (APPNOTE.TXT §4.3.7), which must name what the directory names.
fn local_data(source: &dyn ReadAt, start: u64, name: &[u8], deflated: bool) -> Result<u64, CheckpointError> {
    let mut header = [0; LOCAL_HEADER];
    source.read_exact_at(start, &mut header)?;
    let word = |at: usize| {
        let bytes = header.get(at..at + 2).and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, u16::from_le_bytes)
    };
    if !header.starts_with(b"PK\x03\x04") {
        return Err(malformed(start, "no local header where the directory says"));
    }
    let mut local_name = vec![0; usize::from(word(26))];
    source.read_exact_at(start + LOCAL_HEADER as u64, &mut local_name)?;
    if local_name != name || word(8) != u16::from(deflated) * 8 {
        return Err(malformed(start, "the local header contradicts the directory"));
    }
    Ok(start + LOCAL_HEADER as u64 + local_name.len() as u64 + u64::from(word(28)))
}

fn malformed(offset: u64, reason: impl Into<String>) -> CheckpointError {
    CheckpointError::Malformed { format: "zip", offset, reason: reason.into() }
}

/// A window of a source as a reader.
struct Positioned<'a> {
    source: &'a dyn ReadAt,
    position: u64,
    end: u64,
}

impl Read for Positioned<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = self.end.saturating_sub(self.position).min(buf.len() as u64) as usize;
        let Some(wanted) = buf.get_mut(..len) else { return Ok(0) };
        if len > 0 {
            self.source.read_exact_at(self.position, wanted)?;
            self.position += len as u64;
        }
        Ok(len)
    }
}

impl Seek for Positioned<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(offset) => self.end.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::io::Write;

    use proptest::prelude::*;
    use zip::write::SimpleFileOptions;

    use super::*;
    use crate::changes::Content;

    fn archive(entries: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        for (name, bytes) in entries {
            writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn members_say_where_their_bytes_are() {
        let bytes = archive(&[("a/x", b"hello"), ("a/y", b"world!")], CompressionMethod::Stored);
        let source = Content::memory(bytes.clone()).open().unwrap();
        let members = members(&*source).unwrap();
        assert_eq!(members.iter().map(|member| member.name.as_str()).collect::<Vec<_>>(), ["a/x", "a/y"]);
        let at = members[1].offset as usize;
        assert_eq!(&bytes[at..at + 6], b"world!");
    }

    #[test]
    fn deflated_members_unpack() {
        let bytes = archive(&[("a/x", &[7; 10_000])], CompressionMethod::Deflated);
        let source = Content::memory(bytes).open().unwrap();
        let members = members(&*source).unwrap();
        assert!(members[0].deflated && members[0].stored < 1000);
        assert_eq!(members[0].read(&*source, 1 << 20).unwrap(), vec![7; 10_000]);
        assert!(members[0].read(&*source, 100).is_err());
    }

    #[test]
    fn a_member_renamed_in_its_local_header_is_refused() {
        let mut bytes = archive(&[("a/x", b"hello")], CompressionMethod::Stored);
        bytes[30] = b'b';
        assert!(members(&*Content::memory(bytes).open().unwrap()).is_err());
    }

    #[test]
    fn two_members_with_one_name_are_refused() {
        let mut bytes = archive(&[("a/x", b"hello"), ("a/y", b"world")], CompressionMethod::Stored);
        for at in 0..bytes.len() - 3 {
            if &bytes[at..at + 3] == b"a/y" {
                bytes[at + 2] = b'x';
            }
        }
        assert!(members(&*Content::memory(bytes).open().unwrap()).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_value_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            drop(members(&*Content::memory(bytes).open().unwrap()));
        }

        #[test]
        fn any_flip_gives_a_value_or_an_error(at in 0_usize..200, mask in 1_u8..) {
            let mut bytes = archive(&[("a/x", b"hello"), ("a/y", &[1; 64])], CompressionMethod::Deflated);
            let at = at % bytes.len();
            bytes[at] ^= mask;
            let source = Content::memory(bytes).open().unwrap();
            for member in members(&*source).unwrap_or_default() {
                drop(member.read(&*source, 1 << 20));
            }
        }
    }
}
