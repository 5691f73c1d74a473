// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! One file, from front to back.
//!
//! In: a file of a checkpoint, and what is to be measured in it. Out: its SHA-256 and the prints of its tensors. Every byte
//! is read once: it goes through the hash, and the bytes of each tensor go on to the thread pool, which decodes and
//! measures them while the next ones are read.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use super::matrix::{Described, print_matrix, print_vector};
use super::pass::{Plan, Prints, Progress};
use super::pieces::{Piece, Take, flatten, pieces, squeezed};
use super::pool::Pool;
use super::record::{FingerprintError, Source, hex};
use super::room::{Held, Room};
use super::share::stored_at;
use super::witness::{Watch, Witnesses, witness};
use crate::changes::ReadAt;
use crate::checkpoints::{Checkpoint, CheckpointFile, Extent, Reader, Tensor, decode};

/// Memory of tensors that are done with that is held at most, in bytes.
const STORED: usize = 16 << 20;
const DECODED: usize = 32 << 20;

/// What the passes over the files of a checkpoint have in common.
pub(super) struct Stream<'a> {
    checkpoint: &'a Checkpoint,
    reader: &'a Reader,
    plan: &'a Plan<'a>,
    room: &'a Room,
    progress: &'a Progress,
    /// Memory of tensors that are done with: as stored, and decoded.
    stored: Pool<u8>,
    decoded: Pool<f32>,
    /// Whether whoever asks is a thread of the pool: nobody would do what is left to the pool while it waits.
    in_pool: bool,
}

/// What was found in one file.
pub(super) struct FilePass {
    /// The file, if it was hashed.
    pub(super) source: Option<Source>,
    /// Prints of tensors, by index.
    pub(super) prints: BTreeMap<usize, Prints>,
    /// Digests of bytes that another part has to do with as well.
    pub(super) witnesses: Witnesses,
}

/// What was found in one tensor.
type Measured = Result<(Prints, Witnesses), FingerprintError>;

impl<'a> Stream<'a> {
    /// Prepares passes; to be called by the thread that waits for them.
    pub(super) fn new(
        checkpoint: &'a Checkpoint,
        reader: &'a Reader,
        plan: &'a Plan<'a>,
        room: &'a Room,
        progress: &'a Progress,
    ) -> Self {
        let (stored, decoded) = (Pool::new(STORED), Pool::new(DECODED / size_of::<f32>()));
        let in_pool = rayon::current_thread_index().is_some();
        Self { checkpoint, reader, plan, room, progress, stored, decoded, in_pool }
    }

    /// Reads one file.
    pub(super) fn file(&self, file: usize) -> Result<FilePass, FingerprintError> {
        let Some(about) = self.checkpoint.files.get(file) else {
            return Err(FingerprintError::Damaged("file list is inconsistent".into()));
        };
        let tensors = self.plan.by_file.get(file).map(Vec::as_slice).unwrap_or_default();
        let content = about.content.open()?;
        let watch = Watch::new(self.plan.share.watched(self.checkpoint, file));
        let hasher = self.plan.share.hashes(file).then(Sha256::new);
        let mut cursor = Cursor { content: content.as_ref(), hasher, watch, at: 0, progress: self.progress };
        let (found, failed) = (Mutex::new(Vec::<(usize, Measured)>::new()), AtomicBool::new(false));
        let streamed = rayon::in_place_scope(|pool| {
            let measure = |index, first, held| {
                let (found, failed) = (&found, &failed);
                let task = move || {
                    let measured = self.measure(index, first, held);
                    failed.fetch_or(measured.is_err(), Relaxed);
                    found.lock().unwrap_or_else(PoisonError::into_inner).push((index, measured));
                };
                if self.in_pool {
                    task();
                } else {
                    pool.spawn(move |_| task());
                }
                !failed.load(Relaxed)
            };
            self.stream(tensors, about, &mut cursor, measure)
        });
        let (mut prints, mut witnesses) = (BTreeMap::new(), Witnesses::new());
        let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.sort_by_key(|(index, _)| *index);
        // Where a tensor could not be measured the file was not read on, so that comes first.
        for (index, measured) in found {
            let (print, witnessed) = measured?;
            prints.insert(index, print);
            witnesses.extend(witnessed);
        }
        streamed?;
        witnesses.extend(cursor.watch.finished());
        let Some(hasher) = cursor.hasher else { return Ok(FilePass { source: None, prints, witnesses }) };
        let sha256 = hex(&hasher.finalize());
        if let Some(expected) = about.expected_sha256.as_ref().filter(|expected| **expected != sha256) {
            return Err(FingerprintError::WrongDigest {
                path: about.path.clone(),
                found: sha256,
                expected: expected.clone(),
            });
        }
        let source = Source { path: about.path.clone(), sha256, size: about.size };
        Ok(FilePass { source: Some(source), prints, witnesses })
    }

    /// Reads the file from front to back, hashing everything and handing over tensors as they complete; or the tensors
    /// alone, if another part hashes the file. Ends early when `measure` says that it is of no more use.
    fn stream(
        &self,
        tensors: &[usize],
        about: &CheckpointFile,
        cursor: &mut Cursor<'_>,
        measure: impl Fn(usize, Option<Vec<u8>>, Held<'a>) -> bool,
    ) -> Result<(), FingerprintError> {
        if cursor.content.size() != about.size {
            return Err(std::io::Error::other(format!("{} changed its size while it was read", about.path)).into());
        }
        for index in tensors {
            let Some(tensor) = self.checkpoint.tensors.get(*index) else { continue };
            let stored = tensor.parts.iter().map(Extent::len).fold(0, u64::saturating_add);
            let held = self.room.take(stored.saturating_add(self.size(*index, tensor)))?;
            let first = match tensor.parts.first() {
                Some(Extent::Plain { offset, len, .. }) if *offset >= cursor.at => {
                    cursor.skip_to(*offset)?;
                    Some(cursor.take(*len, self.stored.take(*len as usize))?)
                }
                // Overlapping views, compressed members and inline values are read on their own.
                _ => None,
            };
            if !measure(*index, first, held) {
                return Ok(());
            }
        }
        cursor.skip_to(about.size)
    }

    /// Bytes that a tensor takes when it is decoded, and with it a copy of one of its pieces.
    fn size(&self, index: usize, tensor: &Tensor) -> u64 {
        let bytes = tensor.elements().saturating_mul(4);
        let whole =
            self.pieces(index, tensor).iter().all(|piece| matches!(piece.take, Take::Whole | Take::Block { .. }));
        if whole { bytes } else { bytes.saturating_mul(2) }
    }

    fn pieces(&self, index: usize, tensor: &Tensor) -> Vec<Piece> {
        let place = self.plan.places.get(index);
        place.map(|place| pieces(place, &squeezed(&tensor.shape), &self.plan.heads)).unwrap_or_default()
    }

    /// Decodes and measures one tensor; `first` holds the bytes of its first part, if they were read in passing.
    fn measure(&self, index: usize, first: Option<Vec<u8>>, mut held: Held<'_>) -> Measured {
        let Some(tensor) = self.checkpoint.tensors.get(index) else { return Ok(Default::default()) };
        let mut parts = Vec::with_capacity(tensor.parts.len());
        let mut first = first;
        for extent in &tensor.parts {
            let mut bytes = first.take().unwrap_or_default();
            if bytes.is_empty() {
                self.reader.part(extent, &mut bytes)?;
            }
            parts.push(bytes);
        }
        let mut values = self.decoded.take(usize::try_from(tensor.elements()).unwrap_or(usize::MAX));
        decode(tensor, &parts, &mut values)?;
        let mut witnesses = Witnesses::new();
        for (at, (extent, bytes)) in tensor.parts.iter().zip(&parts).enumerate() {
            if stored_at(extent).is_some_and(|(file, ..)| !self.plan.share.hashes(file)) {
                witnesses.push(((index, at), witness(self.checkpoint, extent, bytes)?));
            }
        }
        for bytes in parts {
            self.stored.give(bytes);
        }
        held.keep(self.size(index, tensor));
        let print = self.print(index, tensor, &values);
        self.decoded.give(values);
        Ok((print, witnesses))
    }

    fn print(&self, index: usize, tensor: &Tensor, values: &[f32]) -> Prints {
        let Some(place) = self.plan.places.get(index) else { return Prints::default() };
        let (rows, columns) = flatten(&squeezed(&tensor.shape));
        if rows <= 1 || columns <= 1 {
            return Prints { matrices: Vec::new(), vector: Some(print_vector(&tensor.name, place, values)) };
        }
        let mut scratch = Vec::new();
        let matrices = self
            .pieces(index, tensor)
            .iter()
            .filter_map(|piece| {
                let part = piece.extract(values, &mut scratch)?;
                let about = Described {
                    name: format!("{}{}", tensor.name, piece.suffix),
                    place: &piece.place,
                    encoding: &tensor.encoding,
                    gated: self.plan.gated,
                    hidden: self.plan.hidden,
                };
                Some(print_matrix(&about, part, piece.rows as usize, piece.columns as usize))
            })
            .collect();
        Prints { matrices, vector: None }
    }
}

/// Bytes read at a time.
const CHUNK: usize = 1 << 20;

struct Cursor<'a> {
    content: &'a dyn ReadAt,
    hasher: Option<Sha256>,
    watch: Watch,
    at: u64,
    progress: &'a Progress,
}

impl Cursor<'_> {
    fn skip_to(&mut self, end: u64) -> Result<(), FingerprintError> {
        if self.hasher.is_none() {
            self.at = end;
            return Ok(());
        }
        let mut buffer = vec![0; CHUNK.min((end.saturating_sub(self.at)) as usize)];
        while self.at < end {
            let count = ((end - self.at) as usize).min(buffer.len());
            let Some(window) = buffer.get_mut(..count) else { break };
            self.read(window)?;
        }
        Ok(())
    }

    /// Reads `len` bytes, which the reader has checked to lie inside the file, into memory that is there.
    fn take(&mut self, len: u64, mut bytes: Vec<u8>) -> Result<Vec<u8>, FingerprintError> {
        bytes.resize(len as usize, 0);
        for chunk in bytes.chunks_mut(CHUNK) {
            self.read(chunk)?;
        }
        Ok(bytes)
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<(), FingerprintError> {
        if self.progress.stop.load(Relaxed) {
            return Err(std::io::Error::from(std::io::ErrorKind::Interrupted).into());
        }
        self.content.read_exact_at(self.at, buffer)?;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&*buffer);
        }
        self.watch.saw(self.at, buffer);
        self.at += buffer.len() as u64;
        self.progress.bytes.fetch_add(buffer.len() as u64, Relaxed);
        Ok(())
    }
}
