// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The one streaming pass.
//!
//! In: an opened checkpoint. Out: its fingerprint. Every file is read once, from front to back: the bytes go through
//! SHA-256, and each tensor's bytes are handed to a second thread that decodes and measures them. The hand-over holds
//! one tensor at a time, so memory is bounded by the largest tensor and not by the file.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use super::matrix::{Described, print_matrix, print_vector};
use super::network::Network;
use super::pieces::{Heads, flatten, pieces, squeezed};
use super::record::{Fingerprint, FingerprintError, MatrixPrint, Source, VectorPrint, hex};
use super::roles::{Place, Role};
use super::share::{Share, stored_at};
use super::sketch::{Sketched, sketches};
use super::witness::{Watch, Witnesses, witness};
use crate::changes::ReadAt;
use crate::checkpoints::{Checkpoint, CheckpointFile, Extent, Reader, Tensor, decode};

/// Counts bytes while a pass runs, and lets it be stopped.
#[derive(Debug, Default)]
pub struct Progress {
    /// Bytes read so far.
    pub bytes: AtomicU64,
    /// Set to stop early.
    pub stop: AtomicBool,
}

/// Fingerprints a checkpoint.
pub fn compute(checkpoint: &Checkpoint, progress: &Progress) -> Result<Fingerprint, FingerprintError> {
    let reader = Reader::open(checkpoint)?;
    let network = Network::of(checkpoint);
    let measured = measured(checkpoint, &reader, &network, &Share::Whole, progress)?;
    Ok(assembled(checkpoint, network, measured))
}

/// What a pass, or a part of one, found.
#[derive(Default)]
pub(super) struct Measured {
    /// Files that were hashed, by index.
    pub(super) sources: BTreeMap<usize, Source>,
    /// Prints of tensors, by index.
    pub(super) prints: BTreeMap<usize, Prints>,
    /// Digests of bytes that another part has to do with as well.
    pub(super) witnesses: Witnesses,
    /// Sketches of the stacks.
    pub(super) sketched: Sketched,
}

/// Does a share of the pass.
pub(super) fn measured(
    checkpoint: &Checkpoint,
    reader: &Reader,
    network: &Network,
    share: &Share,
    progress: &Progress,
) -> Result<Measured, FingerprintError> {
    let plan = Plan::new(checkpoint, network, share);
    let passes: Vec<(usize, FilePass)> = (0..checkpoint.files.len())
        .into_par_iter()
        .filter(|file| share.hashes(*file) || plan.by_file.get(*file).is_some_and(|tensors| !tensors.is_empty()))
        .map(|file| Ok((file, read_file(checkpoint, file, reader, &plan, progress)?)))
        .collect::<Result<_, FingerprintError>>()?;
    let mut measured = Measured::default();
    for (file, pass) in passes {
        measured.sources.extend(pass.source.map(|source| (file, source)));
        measured.prints.extend(pass.prints);
        measured.witnesses.extend(pass.witnesses);
    }
    measured.sketched = sketches(checkpoint, reader, network, share)?;
    Ok(measured)
}

/// Puts together what was measured.
pub(super) fn assembled(checkpoint: &Checkpoint, network: Network, measured: Measured) -> Fingerprint {
    let mut sources: Vec<Source> = measured.sources.into_values().collect();
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    let (mut matrices, mut vectors) = (Vec::new(), Vec::new());
    for (_, print) in measured.prints {
        matrices.extend(print.matrices);
        vectors.extend(print.vector);
    }
    Fingerprint {
        name: checkpoint.path.clone(),
        bytes_read: sources.iter().map(|source| source.size).sum(),
        sources,
        format: checkpoint.format.name().to_owned(),
        network,
        parameters: checkpoint.tensors.iter().map(Tensor::elements).sum(),
        tensor_count: checkpoint.tensors.len() as u64,
        matrices,
        vectors,
        sketches: measured.sketched.sketches,
    }
}

/// What is decided before a byte is read.
struct Plan<'a> {
    share: &'a Share,
    heads: Heads,
    places: Vec<Place>,
    hidden: Option<u64>,
    gated: bool,
    /// For each file, the tensors to be measured whose values stand in it, by offset.
    by_file: Vec<Vec<usize>>,
}

impl<'a> Plan<'a> {
    fn new(checkpoint: &Checkpoint, network: &Network, share: &'a Share) -> Self {
        let places: Vec<Place> = checkpoint.tensors.iter().map(|tensor| Place::of(&tensor.name)).collect();
        let gated = places.iter().any(|place| matches!(place.role, Role::Gate | Role::FusedGateUp));
        let hidden = network.hidden_size.or_else(|| {
            let embedding = places.iter().position(|place| place.role == Role::Embedding)?;
            checkpoint.tensors.get(embedding)?.shape.get(1).copied()
        });
        let mut by_file = vec![Vec::new(); checkpoint.files.len()];
        for (index, tensor) in checkpoint.tensors.iter().enumerate().filter(|(index, _)| share.measures(*index)) {
            if let Some(list) = by_file.get_mut(home(tensor)) {
                list.push(index);
            }
        }
        for list in &mut by_file {
            list.sort_by_key(|index| checkpoint.tensors.get(*index).map(start));
        }
        Self { share, heads: network.heads_for(checkpoint), places, hidden, gated, by_file }
    }
}

/// The file in which a tensor's values stand.
fn home(tensor: &Tensor) -> usize {
    match tensor.parts.first() {
        Some(Extent::Plain { file, .. } | Extent::Deflated { file, .. }) => *file,
        _ => 0,
    }
}

fn start(tensor: &Tensor) -> u64 {
    match tensor.parts.first() {
        Some(Extent::Plain { offset, .. } | Extent::Deflated { offset, .. }) => *offset,
        _ => 0,
    }
}

/// Prints of one tensor.
#[derive(Default)]
pub(super) struct Prints {
    pub(super) matrices: Vec<MatrixPrint>,
    pub(super) vector: Option<VectorPrint>,
}

struct FilePass {
    source: Option<Source>,
    prints: BTreeMap<usize, Prints>,
    witnesses: Witnesses,
}

/// A tensor on its way to the measuring thread: its index, and its first part's bytes if they were read in passing.
type Handed = (usize, Option<Vec<u8>>);

fn read_file(
    checkpoint: &Checkpoint,
    file: usize,
    reader: &Reader,
    plan: &Plan,
    progress: &Progress,
) -> Result<FilePass, FingerprintError> {
    let Some(about) = checkpoint.files.get(file) else {
        return Err(FingerprintError::Damaged("file list is inconsistent".into()));
    };
    let tensors = plan.by_file.get(file).map(Vec::as_slice).unwrap_or_default();
    let content = about.content.open()?;
    let watch = Watch::new(plan.share.watched(checkpoint, file));
    let hashes = plan.share.hashes(file);
    // Capacity 0: a tensor is handed over only when the one before it is done with. Its bytes come back to be filled
    // again: fresh memory costs as much as reading into it.
    let (send, receive) = sync_channel::<Handed>(0);
    let (give_back, spent) = channel();
    let (streamed, prints) = thread::scope(|scope| {
        let measuring = scope.spawn(|| measure(checkpoint, reader, plan, receive, &give_back));
        let cursor = Cursor { content: content.as_ref(), hasher: hashes.then(Sha256::new), watch, at: 0, progress };
        let streamed = stream(checkpoint, tensors, about, cursor, (&send, &spent));
        drop(send);
        let prints = measuring.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (streamed, prints)
    });
    // A measuring thread that failed stops listening, so its error is the cause and comes first.
    let (prints, mut witnesses) = prints?;
    let (sha256, watched) = streamed?;
    witnesses.extend(watched);
    let Some(sha256) = sha256 else { return Ok(FilePass { source: None, prints, witnesses }) };
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

/// Bytes read at a time between tensors.
const CHUNK: usize = 1 << 20;

/// Reads the file from front to back, hashing everything and handing over tensors as they complete; or the tensors alone,
/// if another part hashes the file.
fn stream(
    checkpoint: &Checkpoint,
    tensors: &[usize],
    about: &CheckpointFile,
    mut cursor: Cursor,
    (send, spent): (&SyncSender<Handed>, &Receiver<Vec<u8>>),
) -> Result<(Option<String>, Witnesses), FingerprintError> {
    if cursor.content.size() != about.size {
        return Err(std::io::Error::other(format!("{} changed its size while it was read", about.path)).into());
    }
    for index in tensors {
        let Some(tensor) = checkpoint.tensors.get(*index) else { continue };
        let handed = match tensor.parts.first() {
            Some(Extent::Plain { offset, len, .. }) if *offset >= cursor.at => {
                cursor.skip_to(*offset)?;
                let mut bytes = spent.try_iter().last().unwrap_or_default();
                cursor.take(*len, &mut bytes)?;
                (*index, Some(bytes))
            }
            // Overlapping views, compressed members and inline values are read on their own.
            _ => (*index, None),
        };
        if send.send(handed).is_err() {
            return Ok((None, Witnesses::new())); // the measuring thread failed and tells why
        }
    }
    cursor.skip_to(about.size)?;
    Ok((cursor.hasher.map(|hasher| hex(&hasher.finalize())), cursor.watch.finished()))
}

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

    /// Reads `len` bytes, which the reader has checked to lie inside the file.
    fn take(&mut self, len: u64, bytes: &mut Vec<u8>) -> Result<(), FingerprintError> {
        bytes.resize(len as usize, 0);
        for chunk in bytes.chunks_mut(CHUNK) {
            self.read(chunk)?;
        }
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<(), FingerprintError> {
        if self.progress.stop.load(Ordering::Relaxed) {
            return Err(std::io::Error::from(std::io::ErrorKind::Interrupted).into());
        }
        self.content.read_exact_at(self.at, buffer)?;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&*buffer);
        }
        self.watch.saw(self.at, buffer);
        self.at += buffer.len() as u64;
        self.progress.bytes.fetch_add(buffer.len() as u64, Ordering::Relaxed);
        Ok(())
    }
}

/// Decodes and measures tensors as they arrive.
fn measure(
    checkpoint: &Checkpoint,
    reader: &Reader,
    plan: &Plan,
    receive: Receiver<Handed>,
    give_back: &Sender<Vec<u8>>,
) -> Result<(BTreeMap<usize, Prints>, Witnesses), FingerprintError> {
    let (mut prints, mut witnesses) = (BTreeMap::new(), Witnesses::new());
    let (mut values, mut scratch) = (Vec::new(), Vec::new());
    for (index, first) in receive {
        let (Some(tensor), Some(place)) = (checkpoint.tensors.get(index), plan.places.get(index)) else { continue };
        let mut parts = Vec::with_capacity(tensor.parts.len());
        let mut first = first;
        for extent in &tensor.parts {
            let mut bytes = first.take().unwrap_or_default();
            if bytes.is_empty() {
                reader.part(extent, &mut bytes)?;
            }
            parts.push(bytes);
        }
        decode(tensor, &parts, &mut values)?;
        for (at, (extent, bytes)) in tensor.parts.iter().zip(&parts).enumerate() {
            if stored_at(extent).is_some_and(|(file, ..)| !plan.share.hashes(file)) {
                witnesses.push(((index, at), witness(checkpoint, extent, bytes)?));
            }
        }
        if let Some(bytes) = parts.into_iter().next() {
            // The stream may be over, and then the bytes are not wanted.
            give_back.send(bytes).ok();
        }
        prints.insert(index, print(tensor, place, plan, &values, &mut scratch));
    }
    Ok((prints, witnesses))
}

fn print(tensor: &Tensor, place: &Place, plan: &Plan, values: &[f32], scratch: &mut Vec<f32>) -> Prints {
    let shape = squeezed(&tensor.shape);
    let (rows, columns) = flatten(&shape);
    if rows <= 1 || columns <= 1 {
        return Prints { matrices: Vec::new(), vector: Some(print_vector(&tensor.name, place, values)) };
    }
    let matrices = pieces(place, &shape, &plan.heads)
        .iter()
        .filter_map(|piece| {
            let part = piece.extract(values, scratch)?;
            let about = Described {
                name: format!("{}{}", tensor.name, piece.suffix),
                place: &piece.place,
                encoding: &tensor.encoding,
                gated: plan.gated,
                hidden: plan.hidden,
            };
            Some(print_matrix(&about, part, piece.rows as usize, piece.columns as usize))
        })
        .collect();
    Prints { matrices, vector: None }
}
