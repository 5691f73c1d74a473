// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Containers: zip archives, tar archives, and what gzip, zlib, Zstandard, xz or bzip2 compressed.
//!
//! In: bytes that begin or end as one. Out: what is in its members. Everything is unpacked as a stream into memory and
//! counted; nothing is written.

use std::borrow::Cow;
use std::io::{self, BufReader, Read};

use bzip2::read::MultiBzDecoder;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use lzma_rust2::XzReader;
use zip::read::ZipArchive;

use super::search::{Inside, Positioned, Search};
use crate::changes::{Content, ReadAt};

const BLOCK: u64 = 512;
/// Bytes at the end among which a zip archive's last record is looked for.
const TAIL: u64 = 1024;
/// Bytes that a zip archive's directory may leave without a name: padding, signatures.
const UNNAMED: u64 = 64 << 10;

/// Memory that xz may ask for, in KiB: `xz -9` needs half of it.
const XZ_MEMORY: u32 = 128 << 10;

/// How a stream was compressed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Packing {
    Gzip,
    Zlib,
    Zstandard,
    Xz,
    Bzip2,
}

impl Packing {
    fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, 0x08, ..] => Some(Self::Gzip),
            // Deflate with a window of 32 KiB, whose two bytes are a multiple of 31 (RFC 1950).
            [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => Some(Self::Zlib),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstandard),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, ..] => Some(Self::Bzip2),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zlib => "zlib",
            Self::Zstandard => "Zstandard",
            Self::Xz => "xz",
            Self::Bzip2 => "bzip2",
        }
    }

    fn unpack(self, search: &mut Search, reader: &mut dyn Read) -> io::Result<Inside> {
        let reader = BufReader::new(reader);
        match self {
            Self::Gzip => search.member(self.name(), &mut MultiGzDecoder::new(reader)),
            Self::Zlib => search.member(self.name(), &mut ZlibDecoder::new(reader)),
            Self::Zstandard => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(reader)?;
                // Longer windows than zstd itself takes without being told to are a way to ask for memory.
                decoder.window_log_max(27)?;
                search.member(self.name(), &mut decoder)
            }
            Self::Xz => search.member(self.name(), &mut XzReader::new_mem_limit(reader, true, XZ_MEMORY)),
            Self::Bzip2 => search.member(self.name(), &mut MultiBzDecoder::new(reader)),
        }
    }
}

/// Whether bytes begin as something that is unpacked from its beginning on.
pub(super) fn is_stream(head: &[u8]) -> bool {
    is_tar(head) || Packing::of(head).is_some()
}

fn is_tar(head: &[u8]) -> bool {
    head.get(257..).is_some_and(|rest| rest.starts_with(b"ustar")) || is_old_tar(head)
}

/// Tar archives before POSIX have no name; their checksum tells them (at 148, the sum of all bytes, itself as blanks).
fn is_old_tar(head: &[u8]) -> bool {
    let Some(block) = head.get(..BLOCK as usize) else { return false };
    let Some(stated) = octal(block.get(148..156).unwrap_or_default()) else { return false };
    let sum: u64 =
        block.iter().enumerate().map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u64::from(*byte) }).sum();
    stated > 0 && stated == sum
}

/// Whether an archive stands at the end, whatever stands before it.
pub(super) fn ends_as_zip(source: &dyn ReadAt) -> io::Result<bool> {
    let mut tail = vec![0; source.size().min(TAIL) as usize];
    source.read_exact_at(source.size() - tail.len() as u64, &mut tail)?;
    Ok(tail.windows(4).any(|window| window == b"PK\x05\x06"))
}

/// A stream that [`is_stream`] knows by its head; `reader` begins with that head.
pub(super) fn stream(search: &mut Search, head: &[u8], reader: &mut dyn Read) -> io::Result<Inside> {
    if is_tar(head) {
        return tar(search, reader);
    }
    let Some(packing) = Packing::of(head) else { return Ok(Inside::Nothing) };
    match packing.unpack(search, reader) {
        // Two letters begin many files; what does not unpack was no stream.
        Err(_) if packing == Packing::Zlib => Ok(Inside::Opaque),
        // What cannot be unpacked is said, not passed over.
        Err(error) => {
            search.doubt("compressed file", &format!("is no whole {} stream: {error}", packing.name()));
            Ok(Inside::Nothing)
        }
        Ok(Inside::Opaque) => Ok(Inside::Nothing),
        other => other,
    }
}

/// A zip archive: its directory, and where that cannot be read, its members one after the other.
pub(super) fn zip(search: &mut Search, content: &Content) -> io::Result<Inside> {
    let source = content.open()?;
    let Ok(mut archive) = ZipArchive::new(BufReader::new(Positioned { source: &*source, position: 0 })) else {
        return Ok(zip_stream(search, &*source));
    };
    let mut named = 0;
    for at in 0..archive.len() {
        let name = archive.name_for_index(at).and_then(Result::ok).map(Cow::into_owned).unwrap_or_default();
        let mut member = match archive.by_index(at) {
            Ok(member) => member,
            Err(error) => {
                let reason = format!("{} cannot be unpacked: {error}", name.escape_debug());
                if super::super::sniff::is_checkpoint_name(&name) {
                    return Ok(Search::refused(&reason));
                }
                search.doubt("zip archive", &reason);
                continue;
            }
        };
        named += member.compressed_size() + 2 * name.len() as u64 + 200;
        match search.member(&name, &mut member) {
            Ok(Inside::Model(unread)) => return Ok(Inside::Model(unread)),
            Ok(_) => {}
            Err(error) => search.doubt("zip archive", &format!("{} cannot be unpacked: {error}", name.escape_debug())),
        }
        if search.is_spent() {
            return Ok(search.exceeded("it holds more than is unpacked"));
        }
    }
    if source.size() > named.saturating_add(UNNAMED) {
        search.doubt("zip archive", "holds bytes that its directory does not name");
    }
    Ok(Inside::Nothing)
}

fn zip_stream(search: &mut Search, source: &dyn ReadAt) -> Inside {
    let mut reader = BufReader::new(Positioned { source, position: 0 });
    while let Ok(Some(mut member)) = zip::read::read_zipfile_from_stream(&mut reader) {
        let name = String::from_utf8_lossy(member.name_raw()).into_owned();
        match search.member(&name, &mut member) {
            Ok(Inside::Model(unread)) => return Inside::Model(unread),
            Ok(_) if !search.is_spent() => {}
            _ => break,
        }
    }
    search.doubt("zip archive", "its directory cannot be read, so not all it holds was searched");
    Inside::Nothing
}

/// A tar archive, from its first block on (POSIX.1-1988; sizes of GNU tar may be binary).
fn tar(search: &mut Search, reader: &mut dyn Read) -> io::Result<Inside> {
    let mut long: Option<String> = None;
    loop {
        let mut header = Vec::new();
        reader.take(BLOCK).read_to_end(&mut header)?;
        let is_end = header.len() < BLOCK as usize || header.iter().all(|byte| *byte == 0);
        if is_end {
            return Ok(Inside::Nothing);
        }
        let Some(size) = octal(header.get(124..136).unwrap_or_default()) else {
            search.doubt("tar archive", "has a member whose size cannot be read, so not all it holds was searched");
            return Ok(Inside::Nothing);
        };
        let kind = header.get(156).copied().unwrap_or_default();
        let short = header.get(..100).unwrap_or_default();
        let name = long.take().unwrap_or_else(|| text(short));
        let mut body = reader.take(size);
        match kind {
            // GNU tar: the name of the next member.
            b'L' => {
                let mut bytes = Vec::new();
                Read::take(&mut body, 4096).read_to_end(&mut bytes)?;
                long = Some(text(&bytes));
            }
            // Whatever calls itself a file, a sparse file, or something unknown, has bytes.
            _ if size > 0 => {
                if let Inside::Model(unread) = search.member(&name, &mut body)? {
                    return Ok(Inside::Model(unread));
                }
            }
            _ => {}
        }
        if search.is_spent() {
            return Ok(search.exceeded("it holds more than is unpacked"));
        }
        io::copy(&mut body, &mut io::sink())?;
        let padding = size.next_multiple_of(BLOCK) - size;
        io::copy(&mut reader.take(padding), &mut io::sink())?;
    }
}

fn text(field: &[u8]) -> String {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    String::from_utf8_lossy(field.get(..end).unwrap_or_default()).into_owned()
}

fn octal(field: &[u8]) -> Option<u64> {
    if let Some((0x80, rest)) = field.split_first() {
        let wide = rest.iter().try_fold(0_u64, |sum, byte| sum.checked_mul(256)?.checked_add(u64::from(*byte)));
        return wide.filter(|size| *size <= u64::MAX >> 1);
    }
    let digits = text(field);
    let digits = digits.trim();
    if digits.is_empty() { Some(0) } else { u64::from_str_radix(digits, 8).ok() }
}
