// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What the index keeps of one base.
//!
//! In: a fingerprint. Out: a [`Record`] of a few KB, and its bytes; bytes that are no record are `None`.

use super::heads::{self, Heads};
use super::places::Place;
use super::{lines, neurons, places};
use crate::fingerprint::{Fingerprint, MatrixPrint, Role, splitmix64};

/// What the index keeps of one base: enough to rule it out, too little to accuse it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    pub(super) lines: Vec<u32>,
    pub(super) places: Vec<Place>,
    pub(super) heads: Heads,
    pub(super) neurons: Vec<[u8; neurons::BYTES]>,
}

/// Bytes of a record at most.
pub(super) const LARGEST: usize = 16 << 10;
/// Bytes before the arrays.
const HEAD: usize = 10;

impl Record {
    /// What is kept of a base with this fingerprint; the same whatever detail the fingerprint has, from that of a base on.
    pub fn of(print: &Fingerprint) -> Self {
        let matrices = evidence(print);
        Self {
            lines: lines::of_base(&matrices),
            places: places::of_base(&matrices),
            heads: heads::of_base(print),
            neurons: neurons::of_base(print),
        }
    }

    /// Whether nothing is known, so that nothing can rule the base out.
    pub(super) fn is_blank(&self) -> bool {
        self.lines.is_empty() && self.places.is_empty() && self.heads.heads.is_empty() && self.neurons.is_empty()
    }

    /// The bytes of the record: four counts and the size of the heads, then the arrays.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(LARGEST / 2);
        let counts = [self.lines.len(), self.places.len(), self.heads.heads.len(), self.neurons.len()];
        for count in counts {
            bytes.extend_from_slice(&(count as u16).to_le_bytes());
        }
        bytes.extend_from_slice(&self.heads.size.to_le_bytes());
        bytes.extend(self.lines.iter().flat_map(|hash| hash.to_le_bytes()));
        for place in &self.places {
            bytes.extend_from_slice(&place.shape.to_le_bytes());
            bytes.extend_from_slice(&place.stand.to_le_bytes());
            bytes.extend_from_slice(&place.signs.to_le_bytes());
        }
        bytes.extend(self.heads.heads.iter().flatten());
        bytes.extend(self.neurons.iter().flatten());
        bytes
    }

    /// The record with these bytes.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (head, mut rest) = bytes.split_at_checked(HEAD)?;
        let mut head = head.as_chunks::<2>().0.iter().map(|number| u16::from_le_bytes(*number));
        let mut counts = [0usize; 4];
        for count in &mut counts {
            *count = usize::from(head.next()?);
        }
        let mut take = |length: usize| -> Option<&[u8]> {
            let (taken, left) = rest.split_at_checked(length)?;
            rest = left;
            Some(taken)
        };
        let [lines, places, heads, neurons] = counts;
        let lines = take(4 * lines)?.as_chunks().0.iter().map(|hash| u32::from_le_bytes(*hash)).collect();
        let places = take(24 * places)?.as_chunks::<24>().0.iter().map(place).collect::<Option<_>>()?;
        let heads = take(heads::BYTES * heads)?.as_chunks().0.to_vec();
        let heads = Heads { heads, size: head.next()? };
        let neurons = take(neurons::BYTES * neurons)?.as_chunks().0.to_vec();
        rest.is_empty().then_some(Self { lines, places, heads, neurons })
    }
}

fn place(bytes: &[u8; 24]) -> Option<Place> {
    let (shape, signs) = bytes.split_first_chunk::<4>()?;
    let (stand, signs) = signs.split_first_chunk::<4>()?;
    let [shape, stand] = [shape, stand].map(|bytes| u32::from_le_bytes(*bytes));
    Some(Place { shape, stand, signs: u128::from_le_bytes(signs.try_into().ok()?) })
}

/// The matrices that can be evidence: embedding and head first, which stand alone, then the others in file order.
pub(super) fn evidence(print: &Fingerprint) -> Vec<&MatrixPrint> {
    let mut matrices: Vec<&MatrixPrint> = print.matrices.iter().filter(|matrix| matrix.is_evidence()).collect();
    matrices.sort_by_key(|matrix| !matches!(matrix.role, Role::Embedding | Role::Head));
    matrices
}

/// `most` of the numbers below `count`: the first, and one from each of equal spans at a place that varies, so that
/// networks of any period give matrices of all roles.
pub(super) fn spread(count: usize, most: usize) -> Vec<usize> {
    if count <= most {
        return (0..count).collect();
    }
    let span = |at: usize| at * count / most;
    (0..most)
        .map(|at| {
            let width = (span(at + 1) - span(at)).max(1) as u64;
            if at == 0 { 0 } else { span(at) + (splitmix64(at as u64) % width) as usize }
        })
        .collect()
}

/// `most` of the numbers below `count`, evenly spaced, first and last among them.
pub(super) fn evenly(count: usize, most: usize) -> Vec<usize> {
    if count <= most {
        return (0..count).collect();
    }
    let steps = most.saturating_sub(1).max(1);
    (0..most).map(|at| (at * (count - 1) + steps / 2) / steps).collect()
}
