// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Who does what where a checkpoint is fingerprinted in parts.
//!
//! In: an opened checkpoint, and which part of how many. Out: a [`Share`]: the files that the part hashes, the tensors
//! that it measures, and the layers that it sketches. Every part works out the same division by itself, from names,
//! shapes, and sizes alone.
//!
//! The tensors of a layer stay together, so a layer is measured and sketched by one process on one machine, as in a
//! whole pass. A SHA-256 cannot be divided: a file is hashed by the part that measures most of it. What others measure
//! of that file both sides digest ([`Range`]), so that a merge can tell whether they saw the same bytes.

use std::collections::{BTreeMap, BTreeSet};

use super::network::Network;
use super::sketch::layer_tensors;
use crate::checkpoints::{Checkpoint, Extent, Reader, Tensor};

/// Most parts that a checkpoint is divided into.
pub const MOST_PARTS: u32 = 4096;

/// A part of the work: number `number` of `of`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartOf {
    number: u32,
    of: u32,
}

impl PartOf {
    /// Part `number`, counted from 1, of `of`; `None` if there is no such part.
    pub fn new(number: u32, of: u32) -> Option<Self> {
        (1..=of).contains(&number).then_some(Self { number, of }).filter(|_| of <= MOST_PARTS)
    }

    /// Its number, from 1.
    pub fn number(self) -> u32 {
        self.number
    }

    /// How many there are.
    pub fn of(self) -> u32 {
        self.of
    }
}

/// What a process does of a pass.
pub(super) enum Share {
    /// All of it.
    Whole,
    /// A part.
    Part(Division),
    /// These tensors alone; no file is hashed and no layer sketched.
    Glance(BTreeSet<usize>),
}

/// The division of the work, seen by one part.
pub(super) struct Division {
    own: u32,
    /// Part that hashes, by file.
    hashed_by: Vec<u32>,
    /// Part that measures, by tensor.
    measured_by: Vec<u32>,
    /// Part that sketches, by stack and layer.
    sketched_by: BTreeMap<(String, u32), u32>,
}

/// Bytes of a file that one part measures and another hashes.
#[derive(Clone, Debug)]
pub(super) struct Range {
    /// Tensor, and which of its parts.
    pub(super) key: (usize, usize),
    /// First byte.
    pub(super) start: u64,
    /// First byte behind.
    pub(super) end: u64,
}

impl Share {
    /// Divides the work.
    pub(super) fn of(checkpoint: &Checkpoint, reader: &Reader, network: &Network, part: PartOf) -> Self {
        let groups = groups(checkpoint, reader, network);
        let total: u128 = groups.iter().map(|group| u128::from(group.bytes)).sum();
        let mut measured_by = vec![0; checkpoint.tensors.len()];
        let mut sketched_by = BTreeMap::new();
        let mut before = 0u128;
        for group in groups {
            // The part in whose stretch of the bytes the middle of the group lies.
            let middle = 2 * before + u128::from(group.bytes);
            let number = (middle * u128::from(part.of)).checked_div(2 * total).unwrap_or_default();
            let number = number.min(u128::from(part.of - 1)) as u32 + 1;
            before += u128::from(group.bytes);
            for tensor in group.tensors {
                if let Some(slot) = measured_by.get_mut(tensor) {
                    *slot = number;
                }
            }
            sketched_by.extend(group.layers.into_iter().map(|layer| (layer, number)));
        }
        let hashed_by = hashed_by(checkpoint, &measured_by);
        Self::Part(Division { own: part.number, hashed_by, measured_by, sketched_by })
    }

    /// Whether a file is hashed.
    pub(super) fn hashes(&self, file: usize) -> bool {
        match self {
            Self::Whole => true,
            Self::Part(division) => division.hashed_by.get(file) == Some(&division.own),
            Self::Glance(_) => false,
        }
    }

    /// Whether a tensor is measured.
    pub(super) fn measures(&self, tensor: usize) -> bool {
        match self {
            Self::Whole => true,
            Self::Part(division) => division.measured_by.get(tensor) == Some(&division.own),
            Self::Glance(tensors) => tensors.contains(&tensor),
        }
    }

    /// Whether a layer is sketched.
    pub(super) fn sketches(&self, stack: &str, layer: u32) -> bool {
        match self {
            Self::Whole => true,
            Self::Part(division) => division.sketched_by.get(&(stack.to_owned(), layer)) == Some(&division.own),
            Self::Glance(_) => false,
        }
    }

    /// What others measure of a file that is hashed here, by first byte.
    pub(super) fn watched(&self, checkpoint: &Checkpoint, file: usize) -> Vec<Range> {
        if matches!(self, Self::Whole) || !self.hashes(file) {
            return Vec::new();
        }
        let mut ranges: Vec<Range> = checkpoint
            .tensors
            .iter()
            .enumerate()
            .filter(|(tensor, _)| !self.measures(*tensor))
            .flat_map(|(tensor, stored)| stored.parts.iter().enumerate().map(move |(at, part)| ((tensor, at), part)))
            .filter_map(|(key, extent)| {
                let (found, start, end) = stored_at(extent)?;
                (found == file).then_some(Range { key, start, end })
            })
            .collect();
        ranges.sort_by_key(|range| (range.start, range.key));
        ranges
    }
}

/// Tensors that stay together.
#[derive(Default)]
struct Group {
    tensors: BTreeSet<usize>,
    layers: Vec<(String, u32)>,
    bytes: u64,
}

/// The layers, and every other tensor by itself, in the order in which they stand in the files.
fn groups(checkpoint: &Checkpoint, reader: &Reader, network: &Network) -> Vec<Group> {
    let mut of_tensor: BTreeMap<usize, usize> = BTreeMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for (stack, layer, tensors) in layer_tensors(checkpoint, reader, network) {
        // Layers may share tensors; those that do stay together.
        let known = tensors.iter().find_map(|tensor| of_tensor.get(tensor)).copied();
        let at = known.unwrap_or(groups.len());
        if known.is_none() {
            groups.push(Group::default());
        }
        let Some(group) = groups.get_mut(at) else { continue };
        group.layers.push((stack, layer));
        for tensor in tensors {
            if *of_tensor.entry(tensor).or_insert(at) == at {
                group.tensors.insert(tensor);
            }
        }
    }
    let rest = (0..checkpoint.tensors.len()).filter(|tensor| !of_tensor.contains_key(tensor));
    groups.extend(rest.map(|tensor| Group { tensors: BTreeSet::from([tensor]), ..Group::default() }));
    for group in &mut groups {
        let stored = group.tensors.iter().filter_map(|tensor| checkpoint.tensors.get(*tensor));
        group.bytes = stored.map(stored_bytes).fold(0, u64::saturating_add);
    }
    groups.sort_by_key(|group| group.tensors.first().copied());
    groups
}

/// For each file the part that measures most of it; of equals the first.
fn hashed_by(checkpoint: &Checkpoint, measured_by: &[u32]) -> Vec<u32> {
    let mut bytes: Vec<BTreeMap<u32, u64>> = vec![BTreeMap::new(); checkpoint.files.len()];
    for (tensor, part) in checkpoint.tensors.iter().zip(measured_by) {
        for (file, start, end) in tensor.parts.iter().filter_map(stored_at) {
            if let Some(by_part) = bytes.get_mut(file) {
                let sum = by_part.entry(*part).or_default();
                *sum = sum.saturating_add(end - start);
            }
        }
    }
    // `rev` because `max_by_key` keeps the last of equals.
    bytes
        .iter()
        .map(|by_part| by_part.iter().rev().max_by_key(|(_, bytes)| **bytes).map_or(1, |(part, _)| *part))
        .collect()
}

/// File, first byte, and first byte behind; `None` for values that stand in the header.
pub(super) fn stored_at(extent: &Extent) -> Option<(usize, u64, u64)> {
    match extent {
        Extent::Plain { file, offset, len } => Some((*file, *offset, offset.saturating_add(*len))),
        Extent::Deflated { file, offset, compressed, .. } => Some((*file, *offset, offset.saturating_add(*compressed))),
        Extent::Inline(_) => None,
    }
}

fn stored_bytes(tensor: &Tensor) -> u64 {
    tensor.parts.iter().filter_map(stored_at).fold(0, |sum, (_, start, end)| sum.saturating_add(end - start))
}
