// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The pass over a checkpoint.
//!
//! In: an opened checkpoint. Out: its fingerprint. Files are hashed and their tensors measured (`stream`) while the
//! layers are sketched (`sketch`): hashing is one thread a file, the rest is shared by the thread pool. All of them hold
//! what `room` lets them, so memory is bounded by the largest tensor and not by the file.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::thread;

use super::network::Network;
use super::pieces::Heads;
use super::record::{Fingerprint, FingerprintError, MatrixPrint, Source, VectorPrint};
use super::roles::{Place, Role};
use super::room::Room;
use super::share::Share;
use super::sketch::{Sketched, sketches};
use super::stream::{FilePass, Stream};
use super::witness::Witnesses;
use crate::checkpoints::{Checkpoint, Extent, Reader, Tensor};

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
    let room = Room::of(checkpoint);
    let stream = Stream::new(checkpoint, reader, &plan, &room, progress);
    let files: Vec<usize> = (0..checkpoint.files.len())
        .filter(|file| share.hashes(*file) || plan.by_file.get(*file).is_some_and(|tensors| !tensors.is_empty()))
        .collect();
    let next = AtomicUsize::new(0);
    let read_files = || {
        let mut passes = Vec::new();
        while let Some(file) = files.get(next.fetch_add(1, Relaxed)) {
            let pass = stream.file(*file);
            if pass.is_err() {
                room.close();
            }
            passes.push((*file, pass));
        }
        passes
    };
    let (passes, sketched) = thread::scope(|scope| {
        let readers: Vec<_> =
            (0..rayon::current_num_threads().min(files.len())).map(|_| scope.spawn(read_files)).collect();
        let sketched = sketches(checkpoint, reader, network, share, &room);
        let passes = readers.into_iter().flat_map(|reader| reader.join().unwrap_or_else(|panic| resume_unwind(panic)));
        (passes.collect(), sketched)
    });
    let mut measured = Measured::default();
    for (file, pass) in sound(passes)? {
        measured.sources.extend(pass.source.map(|source| (file, source)));
        measured.prints.extend(pass.prints);
        measured.witnesses.extend(pass.witnesses);
    }
    measured.sketched = sketched?;
    Ok(measured)
}

/// The passes over all files, or why the first one failed that was not only interrupted by the failure of another.
fn sound(
    mut passes: Vec<(usize, Result<FilePass, FingerprintError>)>,
) -> Result<Vec<(usize, FilePass)>, FingerprintError> {
    let interrupted = |error: &FingerprintError| matches!(error, FingerprintError::Io(error) if error.kind() == ErrorKind::Interrupted);
    passes.sort_by_key(|(file, pass)| (pass.as_ref().is_err_and(interrupted), *file));
    passes.into_iter().map(|(file, pass)| Ok((file, pass?))).collect()
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
pub(super) struct Plan<'a> {
    pub(super) share: &'a Share,
    pub(super) heads: Heads,
    pub(super) places: Vec<Place>,
    pub(super) hidden: Option<u64>,
    pub(super) gated: bool,
    /// For each file, the tensors to be measured whose values stand in it, by offset.
    pub(super) by_file: Vec<Vec<usize>>,
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
