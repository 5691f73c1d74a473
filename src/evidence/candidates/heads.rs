// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Signal: attention heads in any coordinates.
//!
//! In: sketches. Out of a base: a few heads, each the moduli of the Hermitian and the symmetric cosines between the
//! vectors of its rotary pairs. A rotated residual stream changes no cosine, a rotary pair turned on its own changes a
//! phase and no modulus, and permuted heads are found by looking at all of them. Out of both: the mean over the base's
//! heads of the cosine with the suspect's most similar one. Heads of all networks are much alike, so both are centred on
//! the mean of all heads in the registry.

use std::collections::BTreeMap;

use super::projection::{less, likeness, mean, numbers, short};
use super::record::{Record, evenly};
use crate::fingerprint::{Circuit, Fingerprint, Sketch};

/// Heads kept of a base.
const HEADS: usize = 16;
/// Rotary pairs looked at; every fingerprint that has as many keeps these.
const PAIRS: u32 = 16;
/// Bytes a head is kept as.
pub(super) const BYTES: usize = 128;
/// Numbers in them.
const WIDTH: usize = 2 * BYTES;
/// Records that the mean is taken over.
const POPULATION: usize = 4096;
const SEED: u64 = 0x6865_6164_7300_0000; // "heads"

/// Heads of a base.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Heads {
    /// Size of the heads: only heads of one size can be compared.
    pub(super) size: u16,
    /// The heads.
    pub(super) heads: Vec<[u8; BYTES]>,
}

/// The heads to keep of a base: those of the stack that has most.
pub(super) fn of_base(print: &Fingerprint) -> Heads {
    let all = print.sketches.iter().map(Sketch::chosen_circuits).max_by_key(Vec::len).unwrap_or_default();
    let described: Vec<(u16, [u8; BYTES])> =
        all.iter().filter_map(|(_, circuit)| Some((size(circuit)?, describe(circuit)?))).collect();
    let Some(size) = described.first().map(|(size, _)| *size) else { return Heads::default() };
    let same: Vec<[u8; BYTES]> =
        described.into_iter().filter(|(other, _)| *other == size).map(|(_, head)| head).collect();
    let heads = evenly(same.len(), HEADS).into_iter().filter_map(|at| same.get(at).copied()).collect();
    Heads { size, heads }
}

/// Rotary pairs of the head and, in the lowest five bits, those of them that are looked at.
fn size(circuit: &Circuit) -> Option<u16> {
    u16::try_from(circuit.rotary_pairs << 5 | circuit.pairs.min(PAIRS)).ok()
}

/// Moduli of the Hermitian cosines, then of the symmetric ones, each centred on their mean and at length one; none for a
/// circuit whose lengths do not fit together.
fn describe(circuit: &Circuit) -> Option<[u8; BYTES]> {
    let circuit = circuit.first_pairs(PAIRS);
    let size = 2 * circuit.pairs as usize;
    if size == 0 || circuit.hermitian.len() != size * (size - 1) || circuit.symmetric.len() != size * (size + 1) {
        return None;
    }
    let moduli: Vec<f32> =
        [&circuit.hermitian, &circuit.symmetric].into_iter().flat_map(|part| centred(part)).collect();
    Some(short(&moduli, SEED))
}

fn centred(entries: &[i8]) -> Vec<f32> {
    let cosine = |value: i8| {
        let value = f32::from(value) / 127.0;
        value * value.abs()
    };
    let mut moduli: Vec<f32> =
        entries.as_chunks::<2>().0.iter().map(|[re, im]| cosine(*re).hypot(cosine(*im))).collect();
    let middle = moduli.iter().sum::<f32>() / moduli.len().max(1) as f32;
    let length = moduli.iter().map(|modulus| (modulus - middle).powi(2)).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    for modulus in &mut moduli {
        *modulus = (*modulus - middle) / length;
    }
    moduli
}

/// Heads of a suspect, by size.
pub(super) struct OfSuspect(BTreeMap<u16, Vec<[f32; WIDTH]>>);

impl OfSuspect {
    /// Those of all stacks.
    pub(super) fn of(print: &Fingerprint) -> Self {
        let mut by_size: BTreeMap<u16, Vec<[f32; WIDTH]>> = BTreeMap::new();
        for circuit in print.sketches.iter().flat_map(|sketch| &sketch.layers).flat_map(|layer| &layer.circuits) {
            if let Some((size, head)) = size(circuit).zip(describe(circuit)) {
                by_size.entry(size).or_default().push(numbers(&head));
            }
        }
        Self(by_size)
    }

    /// The same, centred on the mean of the heads in a registry.
    pub(super) fn among<R: AsRef<Record>>(&self, records: &[R]) -> Centred {
        let centred = self.0.iter().map(|(size, theirs)| {
            let same: Vec<&Heads> =
                records.iter().map(|record| &record.as_ref().heads).filter(|heads| heads.size == *size).collect();
            let population = evenly(same.len(), POPULATION).into_iter().filter_map(|at| same.get(at));
            let middle = mean(population.flat_map(|heads| &heads.heads).map(|head| numbers(head)));
            (*size, (middle, theirs.iter().map(|head| less(head, &middle)).collect()))
        });
        Centred(centred.collect())
    }

    /// Whether there is anything to compare.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Heads of a suspect less the mean of the registry, at length one, by size.
pub(super) struct Centred(BTreeMap<u16, ([f32; WIDTH], Vec<[f32; WIDTH]>)>);

impl Centred {
    /// How like the heads of a base are; none if no size is common.
    pub(super) fn likeness(&self, base: &Heads) -> Option<f32> {
        let (middle, theirs) = self.0.get(&base.size)?;
        likeness(base.heads.iter().map(|head| less(&numbers(head), middle)), theirs)
    }
}
