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
use super::sketch::sketches;
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
    let plan = Plan::new(checkpoint, &network);
    let passes: Vec<FilePass> = (0..checkpoint.files.len())
        .into_par_iter()
        .map(|file| read_file(checkpoint, file, &reader, &plan, progress))
        .collect::<Result<_, _>>()?;

    let mut sources = Vec::new();
    let mut prints: BTreeMap<usize, Prints> = BTreeMap::new();
    for pass in passes {
        sources.push(pass.source);
        prints.extend(pass.prints);
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    let (mut matrices, mut vectors) = (Vec::new(), Vec::new());
    for (_, print) in prints {
        matrices.extend(print.matrices);
        vectors.extend(print.vector);
    }
    let sketches = sketches(checkpoint, &reader, &network)?;
    Ok(Fingerprint {
        name: checkpoint.path.clone(),
        bytes_read: sources.iter().map(|source| source.size).sum(),
        sources,
        format: checkpoint.format.name().to_owned(),
        network,
        parameters: checkpoint.tensors.iter().map(Tensor::elements).sum(),
        tensor_count: checkpoint.tensors.len() as u64,
        matrices,
        vectors,
        sketches,
    })
}

/// What is decided before a byte is read.
struct Plan {
    heads: Heads,
    places: Vec<Place>,
    hidden: Option<u64>,
    gated: bool,
    /// For each file, the tensors whose values stand in it, by offset.
    by_file: Vec<Vec<usize>>,
}

impl Plan {
    fn new(checkpoint: &Checkpoint, network: &Network) -> Self {
        let places: Vec<Place> = checkpoint.tensors.iter().map(|tensor| Place::of(&tensor.name)).collect();
        let gated = places.iter().any(|place| matches!(place.role, Role::Gate | Role::FusedGateUp));
        let hidden = network.hidden_size.or_else(|| {
            let embedding = places.iter().position(|place| place.role == Role::Embedding)?;
            checkpoint.tensors.get(embedding)?.shape.get(1).copied()
        });
        let mut by_file = vec![Vec::new(); checkpoint.files.len()];
        for (index, tensor) in checkpoint.tensors.iter().enumerate() {
            if let Some(list) = by_file.get_mut(home(tensor)) {
                list.push(index);
            }
        }
        for list in &mut by_file {
            list.sort_by_key(|index| checkpoint.tensors.get(*index).map(start));
        }
        Self { heads: network.heads_for(checkpoint), places, hidden, gated, by_file }
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

#[derive(Default)]
struct Prints {
    matrices: Vec<MatrixPrint>,
    vector: Option<VectorPrint>,
}

struct FilePass {
    source: Source,
    prints: BTreeMap<usize, Prints>,
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
    // Capacity 0: a tensor is handed over only when the one before it is done with. Its bytes come back to be filled
    // again: fresh memory costs as much as reading into it.
    let (send, receive) = sync_channel::<Handed>(0);
    let (give_back, spent) = channel();
    let (digest, prints) = thread::scope(|scope| {
        let measuring = scope.spawn(|| measure(checkpoint, reader, plan, receive, &give_back));
        let digest = stream(checkpoint, tensors, content.as_ref(), about, progress, (&send, &spent));
        drop(send);
        let prints = measuring.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (digest, prints)
    });
    // A measuring thread that failed stops listening, so its error is the cause and comes first.
    let prints = prints?;
    let sha256 = digest?;
    if let Some(expected) = about.expected_sha256.as_ref().filter(|expected| **expected != sha256) {
        return Err(FingerprintError::WrongDigest {
            path: about.path.clone(),
            found: sha256,
            expected: expected.clone(),
        });
    }
    Ok(FilePass { source: Source { path: about.path.clone(), sha256, size: about.size }, prints })
}

/// Bytes read at a time between tensors.
const CHUNK: usize = 1 << 20;

/// Reads the file from front to back, hashing everything and handing over tensors as they complete.
fn stream(
    checkpoint: &Checkpoint,
    tensors: &[usize],
    content: &dyn ReadAt,
    about: &CheckpointFile,
    progress: &Progress,
    (send, spent): (&SyncSender<Handed>, &Receiver<Vec<u8>>),
) -> Result<String, FingerprintError> {
    if content.size() != about.size {
        return Err(std::io::Error::other(format!("{} changed its size while it was read", about.path)).into());
    }
    let mut cursor = Cursor { content, hasher: Sha256::new(), at: 0, progress };
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
            return Ok(String::new()); // the measuring thread failed and tells why
        }
    }
    cursor.skip_to(about.size)?;
    Ok(hex(&cursor.hasher.finalize()))
}

struct Cursor<'a> {
    content: &'a dyn ReadAt,
    hasher: Sha256,
    at: u64,
    progress: &'a Progress,
}

impl Cursor<'_> {
    fn skip_to(&mut self, end: u64) -> Result<(), FingerprintError> {
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
        self.hasher.update(&*buffer);
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
) -> Result<BTreeMap<usize, Prints>, FingerprintError> {
    let mut prints = BTreeMap::new();
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
        if let Some(bytes) = parts.into_iter().next() {
            // The stream may be over, and then the bytes are not wanted.
            give_back.send(bytes).ok();
        }
        prints.insert(index, print(tensor, place, plan, &values, &mut scratch));
    }
    Ok(prints)
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
