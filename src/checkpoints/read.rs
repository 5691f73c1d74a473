// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Reads the parts of tensors from a checkpoint's files.
//!
//! In: a [`Checkpoint`] and an [`Extent`] or [`Tensor`] of it. Out: bytes, or f32 values.

use std::io::{self, Read, Seek, SeekFrom};

use flate2::read::DeflateDecoder;

use super::decode::{plain, room};
use super::{Checkpoint, CheckpointError, Encoding, Extent, Tensor, decode};
use crate::changes::ReadAt;

/// The most that deflate can expand by is 1032 to 1 (RFC 1951: 258 bytes from a pair of one-bit codes).
const DEFLATE_RATIO: u64 = 1032;

/// Weights hardly compress. A stream that unpacks to more than this, and to more than [`MODERATE_RATIO`] times its
/// size, is a decompression bomb.
const LARGE: u64 = 256 << 20;
const MODERATE_RATIO: u64 = 32;

/// Values that are read at a time: their bytes and they stay in the second cache.
const WINDOW: usize = 1 << 17;

/// The open files of a checkpoint. May be shared between threads.
pub struct Reader {
    files: Vec<Box<dyn ReadAt>>,
}

/// Buffers reused from one tensor to the next.
#[derive(Default)]
pub struct Scratch {
    parts: Vec<Vec<u8>>,
}

impl Reader {
    /// Opens every file, and checks that sizes are as recorded and that every extent lies inside its file.
    pub fn open(checkpoint: &Checkpoint) -> Result<Self, CheckpointError> {
        let mut files = Vec::with_capacity(checkpoint.files.len());
        for file in &checkpoint.files {
            let opened = file.content.open()?;
            if opened.size() != file.size {
                let reason = format!("{} is {} bytes long, not {}", file.path, opened.size(), file.size);
                return Err(CheckpointError::Malformed { format: checkpoint.format.name(), offset: file.size, reason });
            }
            files.push(opened);
        }
        let reader = Self { files };
        for tensor in &checkpoint.tensors {
            for part in &tensor.parts {
                reader.check(part).map_err(|(offset, reason)| CheckpointError::Malformed {
                    format: checkpoint.format.name(),
                    offset,
                    reason: format!("tensor {}: {reason}", tensor.name),
                })?;
            }
        }
        Ok(reader)
    }

    /// Reads one extent whole into `buf`, which is resized to its length.
    pub fn part(&self, extent: &Extent, buf: &mut Vec<u8>) -> Result<(), CheckpointError> {
        self.check(extent).map_err(|(offset, reason)| CheckpointError::Malformed {
            format: "extent",
            offset,
            reason: reason.to_owned(),
        })?;
        match extent {
            Extent::Plain { file, offset, len } => {
                buf.resize(*len as usize, 0);
                self.file(*file)?.read_exact_at(*offset, buf)?;
            }
            Extent::Deflated { file, offset, compressed, skip, len } => {
                let mut unpacked = inflate(self.file(*file)?, *offset, *compressed);
                io::copy(&mut (&mut unpacked).take(*skip), &mut io::sink())?;
                buf.resize(*len as usize, 0);
                unpacked.read_exact(buf)?;
            }
            Extent::Inline(bytes) => {
                buf.clear();
                buf.extend_from_slice(bytes);
            }
        }
        Ok(())
    }

    /// Reads and decodes one tensor into `out`, which is resized to its number of elements.
    pub fn tensor(&self, tensor: &Tensor, scratch: &mut Scratch, out: &mut Vec<f32>) -> Result<(), CheckpointError> {
        if self.in_windows(tensor, scratch, out)? {
            return Ok(());
        }
        scratch.parts.resize_with(tensor.parts.len().max(scratch.parts.len()), Vec::new);
        for (part, buf) in tensor.parts.iter().zip(&mut scratch.parts) {
            self.part(part, buf)?;
        }
        decode(tensor, scratch.parts.get(..tensor.parts.len()).unwrap_or_default(), out)
    }

    /// Reads plain numbers a window at a time, so that their bytes are never there as a whole; `false` for all others.
    fn in_windows(&self, tensor: &Tensor, scratch: &mut Scratch, out: &mut Vec<f32>) -> Result<bool, CheckpointError> {
        let (Encoding::Plain(dtype), None, [extent @ Extent::Plain { file, offset, len }]) =
            (&tensor.encoding, &tensor.strides, tensor.parts.as_slice())
        else {
            return Ok(false);
        };
        // Where the shape is not that of the bytes, `decode` says so.
        if tensor.elements().checked_mul(dtype.size() as u64) != Some(*len) || self.check(extent).is_err() {
            return Ok(false);
        }
        let file = self.file(*file)?;
        scratch.parts.resize_with(scratch.parts.len().max(1), Vec::new);
        let Some(window) = scratch.parts.first_mut() else { return Ok(false) };
        let mut at = *offset;
        for values in room(out, tensor.elements() as usize).chunks_mut(WINDOW) {
            window.resize(values.len() * dtype.size(), 0);
            file.read_exact_at(at, window)?;
            plain(*dtype, window, values);
            at += window.len() as u64;
        }
        Ok(true)
    }

    fn file(&self, index: usize) -> Result<&dyn ReadAt, CheckpointError> {
        let file = self.files.get(index).ok_or_else(|| CheckpointError::MissingPart(format!("file {index}")))?;
        Ok(file.as_ref())
    }

    /// Bounds an extent by the file it lies in, so that its length may be allocated.
    fn check(&self, extent: &Extent) -> Result<(), (u64, &'static str)> {
        let (file, offset, stored) = match extent {
            Extent::Plain { file, offset, len } => (*file, *offset, *len),
            Extent::Deflated { file, offset, compressed, skip, len } => {
                let unpacked = skip.checked_add(*len).ok_or((*offset, "its unpacked length overflows"))?;
                if unpacked / DEFLATE_RATIO > *compressed {
                    return Err((*offset, "its stream cannot unpack to so many bytes"));
                }
                if unpacked > LARGE && unpacked / MODERATE_RATIO > *compressed {
                    return Err((*offset, "its stream unpacks to far more than weights do; store it uncompressed"));
                }
                (*file, *offset, *compressed)
            }
            Extent::Inline(_) => return Ok(()),
        };
        let size = self.files.get(file).ok_or((offset, "its file is not there"))?.size();
        match offset.checked_add(stored) {
            Some(end) if end <= size => Ok(()),
            _ => Err((offset, "it reaches past the end of the file")),
        }
    }
}

/// Unpacks the raw-deflate stream of `compressed` bytes at `offset`.
pub(super) fn inflate(file: &dyn ReadAt, offset: u64, compressed: u64) -> impl Read {
    DeflateDecoder::new(Window::new(file, offset, compressed))
}

/// A stretch of a file as a stream.
pub(super) struct Window<'a> {
    file: &'a dyn ReadAt,
    start: u64,
    len: u64,
    position: u64,
}

impl<'a> Window<'a> {
    /// The `len` bytes from `start`.
    pub(super) fn new(file: &'a dyn ReadAt, start: u64, len: u64) -> Self {
        Self { file, start, len, position: 0 }
    }
}

impl Read for Window<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let wanted = self.len.saturating_sub(self.position).min(buf.len() as u64) as usize;
        let buf = &mut buf[..wanted];
        let offset = self.start.checked_add(self.position).ok_or(io::ErrorKind::UnexpectedEof)?;
        self.file.read_exact_at(offset, buf)?;
        self.position += wanted as u64;
        Ok(wanted)
    }
}

impl Seek for Window<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(offset) => self.len.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::collections::BTreeMap;
    use std::io::Write as _;
    use std::sync::Arc;

    use flate2::Compression;
    use flate2::write::DeflateEncoder;

    use super::*;
    use crate::changes::Content;
    use crate::checkpoints::{CheckpointFile, Dtype, Encoding, Format};

    fn checkpoint(bytes: Vec<u8>, size: u64, parts: Vec<Extent>) -> Checkpoint {
        let content = Content::memory(bytes);
        Checkpoint {
            path: "m".to_owned(),
            format: Format::Numpy,
            files: vec![CheckpointFile { path: "m".to_owned(), content, size, expected_sha256: None }],
            tensors: vec![Tensor {
                name: "t".to_owned(),
                shape: vec![4],
                encoding: Encoding::Plain(Dtype::U8),
                parts,
                strides: None,
            }],
            metadata: BTreeMap::new(),
            config: None,
            hazards: Vec::new(),
        }
    }

    fn values(checkpoint: &Checkpoint) -> Result<Vec<f32>, CheckpointError> {
        let mut out = vec![9.0; 7];
        let reader = Reader::open(checkpoint)?;
        reader.tensor(&checkpoint.tensors[0], &mut Scratch::default(), &mut out)?;
        Ok(out)
    }

    #[test]
    fn plain_deflated_and_inline_parts_give_the_same_bytes() {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&[7, 7, 1, 2, 3, 4]).unwrap();
        let stream = encoder.finish().unwrap();
        let compressed = stream.len() as u64;
        let deflated = Extent::Deflated { file: 0, offset: 0, compressed, skip: 2, len: 4 };
        assert_eq!(values(&checkpoint(stream, compressed, vec![deflated])).unwrap(), [1.0, 2.0, 3.0, 4.0]);
        let plain = Extent::Plain { file: 0, offset: 1, len: 4 };
        assert_eq!(values(&checkpoint(vec![0, 1, 2, 3, 4], 5, vec![plain])).unwrap(), [1.0, 2.0, 3.0, 4.0]);
        let inline = Extent::Inline(Arc::from([1, 2, 3, 4]));
        assert_eq!(values(&checkpoint(vec![], 0, vec![inline])).unwrap(), [1.0, 2.0, 3.0, 4.0]);
    }

    #[test]
    fn extents_outside_their_file_are_refused_before_they_are_read() {
        let wrong = [
            Extent::Plain { file: 0, offset: 2, len: 4 },
            Extent::Plain { file: 0, offset: u64::MAX, len: 4 },
            Extent::Plain { file: 1, offset: 0, len: 4 },
            Extent::Deflated { file: 0, offset: 0, compressed: 5, skip: 0, len: 1 << 40 },
            Extent::Deflated { file: 0, offset: 0, compressed: 5, skip: u64::MAX, len: 4 },
        ];
        for extent in wrong {
            let error = values(&checkpoint(vec![0; 5], 5, vec![extent.clone()])).unwrap_err();
            assert!(matches!(error, CheckpointError::Malformed { .. }), "{extent:?}: {error}");
        }
    }

    #[test]
    fn a_decompression_bomb_is_refused_before_it_is_unpacked() {
        let compressed = 1 << 20;
        let bomb = Extent::Deflated { file: 0, offset: 0, compressed, skip: 0, len: 1000 << 20 };
        let error = values(&checkpoint(vec![0; 1 << 20], compressed, vec![bomb])).unwrap_err().to_string();
        assert!(error.contains("far more than weights do"), "{error}");
    }

    #[test]
    fn a_file_that_changed_its_size_is_refused() {
        let plain = Extent::Plain { file: 0, offset: 0, len: 4 };
        assert!(values(&checkpoint(vec![0; 5], 4, vec![plain])).is_err());
    }
}
