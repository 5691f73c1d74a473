// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The directory of a zip archive, read strictly.
//!
//! In: a source of bytes. Out: its members, each with the place of its data, after the local and the central header
//! have been found to agree: archives that show one member to a checker and another to a loader are refused.

use std::collections::HashSet;
use std::io::{self, BufReader, Read};

use flate2::read::DeflateDecoder;

use super::{CheckpointError, Extent};
use crate::changes::ReadAt;

/// Lengths of the fixed parts of records, in bytes (APPNOTE.TXT §4.3).
const LOCAL_HEADER: u64 = 30;
const RECORD: u64 = 46;
const END: u64 = 22;
const END64: u64 = 56;
const LOCATOR: u64 = 20;
const DIRECTORY: u64 = 256 << 20;
const ENCRYPTED: u16 = 1;
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
        let window = Positioned { source, position: self.offset, end: self.offset.saturating_add(self.stored) };
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
/// Malformed if names repeat, headers disagree, members overlap or reach outside the archive, or a member is neither stored nor
/// deflated.
pub(super) fn members(source: &dyn ReadAt) -> Result<Vec<Member>, CheckpointError> {
    let mut names = HashSet::new();
    let mut members = Vec::new();
    let mut spans = Vec::new();
    for entry in entries(source)? {
        let Entry { name, method, flags, stored, size, header } = entry;
        if !names.insert(name.clone()) {
            return Err(malformed(header, "two members have the same name"));
        }
        let deflated = match method {
            0 => false,
            8 => true,
            other => return Err(malformed(header, format!("compression method {other} is not read"))),
        };
        if flags & ENCRYPTED != 0 {
            return Err(malformed(header, "a member is encrypted"));
        }
        let offset = local_data(source, header, &name, method)?;
        let fits = offset.checked_add(stored).is_some_and(|end| end <= source.size());
        let honest = if deflated { size / DEFLATE_RATIO <= stored } else { size == stored };
        if !fits || !honest {
            return Err(malformed(header, "a member's size contradicts the archive"));
        }
        spans.push((header, offset.saturating_add(stored)));
        let name = String::from_utf8_lossy(&name).into_owned();
        members.push(Member { name, offset, stored, size, deflated });
    }
    // Members that lie in one another unpack to the square of the archive (Fifield, "A better zip bomb", WOOT 2019).
    spans.sort_unstable();
    if let Some([_, (header, _)]) = spans.array_windows().find(|[before, after]| before.1 > after.0) {
        return Err(malformed(*header, "two members overlap"));
    }
    Ok(members)
}

/// Names of the members, without checking their data; for telling what an archive holds.
pub(super) fn names(source: &dyn ReadAt) -> Result<Vec<String>, CheckpointError> {
    Ok(entries(source)?.into_iter().map(|entry| String::from_utf8_lossy(&entry.name).into_owned()).collect())
}

/// One record of the central directory (APPNOTE.TXT §4.3.12).
struct Entry {
    name: Vec<u8>,
    method: u16,
    flags: u16,
    stored: u64,
    size: u64,
    header: u64,
}

fn entries(source: &dyn ReadAt) -> Result<Vec<Entry>, CheckpointError> {
    let Directory { offset, len, count } = directory(source)?;
    if len > DIRECTORY || count > len / RECORD {
        return Err(malformed(offset, "the directory is too long, or too short for its members"));
    }
    let mut bytes = vec![0; len as usize];
    source.read_exact_at(offset, &mut bytes)?;
    let mut rest = bytes.as_slice();
    let mut entries = Vec::new();
    for _ in 0..count {
        let bad = || malformed(offset, "a record of the directory is cut off or has no signature");
        let record = rest.get(..RECORD as usize).filter(|record| record.starts_with(b"PK\x01\x02")).ok_or_else(bad)?;
        let (name_len, extra_len, comment_len) = (short(record, 28), short(record, 30), short(record, 32));
        let tail = rest.get(RECORD as usize..).ok_or_else(bad)?;
        let name = tail.get(..usize::from(name_len)).ok_or_else(bad)?;
        let extra_end = usize::from(name_len) + usize::from(extra_len);
        let extra = tail.get(usize::from(name_len)..extra_end).ok_or_else(bad)?;
        rest = tail.get(extra_end + usize::from(comment_len)..).ok_or_else(bad)?;
        let mut wide = wide_numbers(extra);
        let mut number = |at: usize| match word(record, at) {
            u32::MAX => wide.next(),
            narrow => Some(u64::from(narrow)),
        };
        // The extended field holds only those that do not fit, in this order (§4.5.3).
        let (size, stored, header) = (number(24), number(20), number(42));
        let (Some(size), Some(stored), Some(header)) = (size, stored, header) else { return Err(bad()) };
        let (flags, method) = (short(record, 8), short(record, 10));
        entries.push(Entry { name: name.to_vec(), method, flags, stored, size, header });
    }
    if !rest.is_empty() {
        return Err(malformed(offset, "the directory holds more than its members"));
    }
    Ok(entries)
}

struct Directory {
    offset: u64,
    len: u64,
    count: u64,
}

/// Finds the directory by the record at the very end (§4.3.16) and its 64-bit forerunner (§4.3.14), which must agree and
/// follow the directory without a gap.
fn directory(source: &dyn ReadAt) -> Result<Directory, CheckpointError> {
    let size = source.size();
    let mut tail = vec![0; size.min(END + u64::from(u16::MAX)) as usize];
    let tail_offset = size - tail.len() as u64;
    source.read_exact_at(tail_offset, &mut tail)?;
    let at = tail.windows(4).rposition(|window| window == b"PK\x05\x06");
    let at = at.ok_or_else(|| malformed(0, "no end record"))?;
    let end = tail.get(at..).filter(|end| end.len() as u64 >= END).unwrap_or_default();
    if end.len() as u64 != END + u64::from(short(end, 20)) {
        return Err(malformed(tail_offset, "other bytes stand after the archive"));
    }
    let mut end_offset = tail_offset + at as u64;
    if short(end, 4) != 0 || short(end, 6) != 0 || short(end, 8) != short(end, 10) {
        return Err(malformed(end_offset, "the archive has more than one disk"));
    }
    let narrow = Directory { offset: word(end, 16).into(), len: word(end, 12).into(), count: short(end, 10).into() };
    let mut found = Directory { ..narrow };
    let mut locator = [0; LOCATOR as usize];
    if let Some(locator_offset) = end_offset.checked_sub(LOCATOR) {
        source.read_exact_at(locator_offset, &mut locator)?;
        if locator.starts_with(b"PK\x06\x07") {
            end_offset = long(&locator, 8);
            let mut end64 = [0; END64 as usize];
            source.read_exact_at(end_offset, &mut end64)?;
            if !end64.starts_with(b"PK\x06\x06") || end_offset.checked_add(END64) != Some(locator_offset) {
                return Err(malformed(locator_offset, "the 64-bit end record is not where it is said to be"));
            }
            found = Directory { offset: long(&end64, 48), len: long(&end64, 40), count: long(&end64, 32) };
        }
    }
    let agree = |narrow: u64, limit: u64, wide: u64| narrow == limit || narrow == wide;
    let is_one = agree(narrow.offset, u64::from(u32::MAX), found.offset)
        && agree(narrow.len, u64::from(u32::MAX), found.len)
        && agree(narrow.count, u64::from(u16::MAX), found.count);
    if !is_one || found.offset.checked_add(found.len) != Some(end_offset) {
        return Err(malformed(end_offset, "the end records do not point to one directory just before them"));
    }
    Ok(found)
}

/// Numbers of the extra field 0x0001.
fn wide_numbers(mut extra: &[u8]) -> impl Iterator<Item = u64> {
    let mut numbers = Vec::new();
    while extra.len() >= 4 {
        let len = usize::from(short(extra, 2));
        let Some(field) = extra.get(4..4 + len) else { break };
        if short(extra, 0) == 1 {
            numbers = field.as_chunks::<8>().0.iter().map(|number| u64::from_le_bytes(*number)).collect();
            break;
        }
        extra = extra.get(4 + len..).unwrap_or_default();
    }
    numbers.into_iter()
}

/// Where a member's data starts by its local header (§4.3.7), which must name what the directory names.
fn local_data(source: &dyn ReadAt, start: u64, name: &[u8], method: u16) -> Result<u64, CheckpointError> {
    let bad = |reason: &str| malformed(start, reason);
    let name_offset = start.checked_add(LOCAL_HEADER).ok_or_else(|| bad("an offset is too large"))?;
    let mut header = [0; LOCAL_HEADER as usize];
    source.read_exact_at(start, &mut header)?;
    if !header.starts_with(b"PK\x03\x04") {
        return Err(bad("no local header where the directory says"));
    }
    let mut local_name = vec![0; usize::from(short(&header, 26))];
    source.read_exact_at(name_offset, &mut local_name)?;
    if local_name != name || short(&header, 8) != method {
        return Err(bad("the local header contradicts the directory"));
    }
    Ok(name_offset + local_name.len() as u64 + u64::from(short(&header, 28)))
}

fn short(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |chunk| u16::from_le_bytes(*chunk))
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |chunk| u32::from_le_bytes(*chunk))
}

fn long(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |chunk| u64::from_le_bytes(*chunk))
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::io::Write;

    use proptest::prelude::*;
    use zip::CompressionMethod;
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

    #[test]
    fn members_that_lie_in_one_another_are_refused() {
        // The second member, header and all, is the content of the first.
        let inner = archive(&[("b", b"hello")], CompressionMethod::Stored);
        let end = inner.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
        let (member, rest) = inner.split_at(end);
        let mut bytes = archive(&[("a", member)], CompressionMethod::Stored);
        let start = bytes.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
        let close = bytes.windows(4).position(|four| four == b"PK\x05\x06").unwrap();
        let mut record = rest[..rest.len() - END as usize].to_vec();
        record[42..46].copy_from_slice(&31_u32.to_le_bytes());
        bytes.splice(close..close, record.iter().copied());
        let close = close + record.len();
        for at in [8, 10] {
            bytes[close + at] = 2;
        }
        bytes[close + 12..close + 16].copy_from_slice(&((close - start) as u32).to_le_bytes());
        let error = members(&*Content::memory(bytes).open().unwrap()).unwrap_err().to_string();
        assert!(error.contains("overlap"), "{error}");
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
