// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Runs over all layers of all stacks.

use rayon::prelude::*;

use super::canonical::{FeedForward, Layers};
use super::circuits::circuits;
use super::consensus::consensus;
use super::neurons::{salient, unit};
use super::record::{LayerSketch, Sketch, Unit};
use super::rows::{attention_rows, needle_rows, needles_of_each, strongest_first};
use super::words::{StackWords, embedding_words};
use crate::checkpoints::{Checkpoint, Reader};
use crate::fingerprint::network::Network;
use crate::fingerprint::record::FingerprintError;

/// Sketches every stack of layers of a checkpoint.
pub(in crate::fingerprint) fn sketches(
    checkpoint: &Checkpoint,
    reader: &Reader,
    network: &Network,
) -> Result<Vec<Sketch>, FingerprintError> {
    let source = Layers::new(checkpoint, reader, network);
    let stacks = source.stacks();
    if stacks.is_empty() {
        return Ok(Vec::new());
    }
    let embedding = embedding_words(&source)?;
    let mut sketches = Vec::new();
    for stack in stacks {
        // The ends of a stack have words for every layer, so they are read first.
        let words = StackWords::read(&source, &stack, &embedding)?;
        let numbers = source.numbers(&stack);
        let mut layers = Vec::with_capacity(numbers.len());
        for number in &numbers {
            let layer = source.layer(&stack, *number)?;
            layers.push(LayerSketch {
                layer: *number,
                units: units(&layer.units, &words),
                attention: layer.attention.as_ref().map(attention_rows),
                circuits: layer.attention.as_ref().map(circuits).unwrap_or_default(),
            });
        }
        sketches.push(Sketch {
            stack,
            hidden: source.hidden().unwrap_or_default() as u32,
            depth: numbers.len() as u32,
            centred_norm: source.centred_norm(),
            layers,
        });
    }
    Ok(sketches)
}

/// Units of a layer whose words and Gram matrices are kept.
const DESCRIBED_UNITS: usize = 8;

/// Sketches the units of a layer, strongest first; what the experts have in common stands before them.
pub(super) fn units(units: &[FeedForward], words: &StackWords) -> Vec<Unit> {
    let kept = needles_of_each(units.len());
    let parts: Vec<(&FeedForward, Vec<usize>)> = strongest_first(units)
        .into_par_iter()
        .filter_map(|at| units.get(at))
        .map(|source| (source, salient(source)))
        .collect();
    let mut sketches: Vec<Unit> = parts
        .par_iter()
        .enumerate()
        .map(|(rank, (source, order))| {
            let mut sketch = unit(source, order, (rank < DESCRIBED_UNITS).then_some(words));
            needle_rows(&mut sketch, source, order, kept);
            sketch
        })
        .collect();
    let shared = parts.iter().take_while(|(source, _)| source.expert.is_none()).count();
    let routed = parts.get(shared..).unwrap_or_default();
    if let (Some(mean), Some((first, names))) = (consensus(routed), routed.first()) {
        let order = salient(&mean);
        let mut sketch = unit(&mean, &order, Some(words));
        needle_rows(&mut sketch, &mean, &order, kept);
        // The mean's neurons are those of the first expert, in its order.
        for index in &mut sketch.indices {
            *index = names.get(*index as usize).map_or(*index, |at| *at as u32);
        }
        sketch.neurons = first.gate.rows as u32;
        sketches.insert(shared, sketch);
    }
    sketches
}
