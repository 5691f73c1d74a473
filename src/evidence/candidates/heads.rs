// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Signal: attention heads in any coordinates.
//!
//! In: sketches. Out of a base: a few heads, each the moduli of the cosines between the vectors of its rotary pairs. A
//! rotated residual stream changes no cosine, a rotary pair turned on its own changes a phase and no modulus, and
//! permuted heads are found by looking at all of them. Out of both: the mean over the base's heads of the cosine with the
//! suspect's most similar one, where both are centred on the mean of the suspect's heads.

use std::collections::BTreeMap;

use super::projection::{likeness, mean, project, unit};
use crate::fingerprint::{Circuit, Fingerprint};

/// Heads kept of a base.
const HEADS: usize = 12;
/// Rotary pairs looked at; every fingerprint that has as many keeps these.
const PAIRS: u32 = 16;
/// Numbers a head is kept as.
pub(super) const WIDTH: usize = 64;
/// What an entry of 127 stands for, in root mean squares of moduli.
const SCALE: f32 = 1.0;
const SEED: u64 = 0x6865_6164_7300_0000; // "heads"

/// Heads of a base.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Heads {
    /// Rotary pairs of a head: only heads of one size can be compared.
    pub(super) rotary_pairs: u16,
    /// The heads.
    pub(super) heads: Vec<[i8; WIDTH]>,
}

/// The heads to keep of a base: those of the stack that has most.
pub(super) fn of_base(print: &Fingerprint) -> Heads {
    let all = print.sketches.iter().map(crate::fingerprint::Sketch::chosen_circuits).max_by_key(Vec::len);
    let all = all.unwrap_or_default();
    let Some(size) = all.first().map(|(_, circuit)| circuit.rotary_pairs) else { return Heads::default() };
    let described: Vec<[i8; WIDTH]> =
        all.iter().filter(|(_, circuit)| circuit.rotary_pairs == size).filter_map(|(_, c)| describe(c)).collect();
    let chosen = super::record::evenly(described.len(), HEADS);
    Heads {
        rotary_pairs: u16::try_from(size).unwrap_or(u16::MAX),
        heads: chosen.into_iter().filter_map(|at| described.get(at).copied()).collect(),
    }
}

/// Moduli of the Hermitian cosines, centred on their mean; none for a circuit whose lengths do not fit together.
fn describe(circuit: &Circuit) -> Option<[i8; WIDTH]> {
    let circuit = circuit.first_pairs(PAIRS);
    let size = 2 * circuit.pairs as usize;
    let entries = circuit.hermitian.as_chunks::<2>().0;
    if entries.is_empty() || entries.len() != size * size.saturating_sub(1) / 2 {
        return None;
    }
    let cosine = |value: i8| {
        let value = f32::from(value) / 127.0;
        value * value.abs()
    };
    let moduli = || entries.iter().map(|[re, im]| cosine(*re).hypot(cosine(*im)));
    let middle = moduli().sum::<f32>() / entries.len() as f32;
    Some(project(moduli().map(|modulus| modulus - middle), SEED, SCALE))
}

/// Heads of a suspect, by rotary pairs: their mean, and each less the mean, at length one.
pub(super) struct OfSuspect(BTreeMap<u16, ([f32; WIDTH], Vec<[f32; WIDTH]>)>);

impl OfSuspect {
    /// Those of all stacks.
    pub(super) fn of(print: &Fingerprint) -> Self {
        let mut by_size: BTreeMap<u16, Vec<[f32; WIDTH]>> = BTreeMap::new();
        for circuit in print.sketches.iter().flat_map(|sketch| &sketch.layers).flat_map(|layer| &layer.circuits) {
            if let Some(head) = describe(circuit) {
                let size = u16::try_from(circuit.rotary_pairs).unwrap_or(u16::MAX);
                by_size.entry(size).or_default().push(head.map(f32::from));
            }
        }
        Self(
            by_size
                .into_iter()
                .map(|(size, heads)| {
                    let middle = mean(&heads);
                    (size, (middle, heads.iter().map(|head| less(head, &middle)).collect()))
                })
                .collect(),
        )
    }

    /// How like the heads of a base are; none if no size is common.
    pub(super) fn likeness(&self, base: &Heads) -> Option<f32> {
        let (middle, theirs) = self.0.get(&base.rotary_pairs)?;
        let ours: Vec<[f32; WIDTH]> = base.heads.iter().map(|head| less(&head.map(f32::from), middle)).collect();
        likeness(&ours, theirs)
    }

    /// Whether there is anything to compare.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A head less the mean, at length one.
fn less(head: &[f32; WIDTH], middle: &[f32; WIDTH]) -> [f32; WIDTH] {
    let mut left = *head;
    left.iter_mut().zip(middle).for_each(|(value, middle)| *value -= middle);
    unit(left)
}
