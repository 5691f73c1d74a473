// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Runs over all layers of all stacks.

use rayon::prelude::*;

use super::canonical::{FeedForward, Layers};
use super::circuits::circuits;
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

/// Sketches the units of a layer, strongest first.
fn units(units: &[FeedForward], words: &StackWords) -> Vec<Unit> {
    let kept = needles_of_each(units.len());
    strongest_first(units)
        .into_par_iter()
        .enumerate()
        .filter_map(|(rank, at)| {
            let source = units.get(at)?;
            let order = salient(source);
            let mut sketch = unit(source, &order, (rank < DESCRIBED_UNITS).then_some(words));
            needle_rows(&mut sketch, source, &order, kept);
            Some(sketch)
        })
        .collect()
}
