// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Runs over all layers of all stacks.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::canonical::{FeedForward, Layers, Matrix};
use super::circuits::circuits;
use super::consensus::consensus;
use super::neurons::{salient, unit};
use super::probes::responses;
use super::record::{LayerSketch, Sketch, Unit};
use super::rows::{attention_rows, needle_rows, needles_of_each, salience, strongest_first};
use super::words::{StackWords, embedding_words};
use crate::checkpoints::{Checkpoint, Reader, Tensor};
use crate::fingerprint::network::Network;
use crate::fingerprint::record::FingerprintError;
use crate::fingerprint::room::Room;
use crate::fingerprint::share::Share;

/// Units of a layer whose words and Gram matrices are kept, and that are held in memory at once.
pub(super) const DESCRIBED_UNITS: usize = 8;

/// Sketches of all stacks, and for each stack that was looked at the digest of what its layers are described by.
#[derive(Debug, Default)]
pub(in crate::fingerprint) struct Sketched {
    pub(in crate::fingerprint) sketches: Vec<Sketch>,
    pub(in crate::fingerprint) words: BTreeMap<String, String>,
}

/// Sketches the layers that `share` has of every stack of a checkpoint.
pub(in crate::fingerprint) fn sketches(
    checkpoint: &Checkpoint,
    reader: &Reader,
    network: &Network,
    share: &Share,
    room: &Room,
) -> Result<Sketched, FingerprintError> {
    let source = Layers::new(checkpoint, reader, network);
    let largest = checkpoint.tensors.iter().map(Tensor::elements).max().unwrap_or_default();
    let mut sketched = Sketched::default();
    for stack in source.stacks() {
        let numbers = source.numbers(&stack);
        let own: Vec<u32> = numbers.iter().copied().filter(|number| share.sketches(&stack, *number)).collect();
        let mut layers = Vec::with_capacity(own.len());
        if !own.is_empty() {
            // The ends of a stack have words for every layer, so they are read first.
            let (words, probes) = described_by(checkpoint, &source, &stack, room)?;
            // One a thread, if together they take no more room than the largest tensor twice.
            let each =
                own.iter().map(|layer| held(checkpoint, &source, &stack, *layer)).max().unwrap_or_default().max(1);
            let fitting = usize::try_from(largest.saturating_mul(2) / each).unwrap_or(usize::MAX);
            let at_once = fitting.clamp(1, rayon::current_num_threads());
            // The memory of one layer is that of the next, so the room is not given back in between. A matrix that is turned
            // is there twice.
            let _held = room.take(each.saturating_mul(5 * at_once as u64))?;
            for several in own.chunks(at_once) {
                let sketched = several.par_iter().map(|number| {
                    let attention = source.attention(&stack, *number)?;
                    let (units, responses) = layer_units(&source, &stack, *number, &words, probes.as_ref())?;
                    Ok(LayerSketch {
                        layer: *number,
                        units,
                        responses,
                        attention: attention.as_ref().map(attention_rows),
                        circuits: attention.as_ref().map(circuits).unwrap_or_default(),
                    })
                });
                layers.extend(sketched.collect::<Result<Vec<_>, FingerprintError>>()?);
            }
            sketched.words.insert(stack.clone(), words.digest(probes.as_ref()));
        }
        sketched.sketches.push(Sketch {
            hidden: source.hidden_of(&stack).unwrap_or_default() as u32,
            depth: numbers.len() as u32,
            centred_norm: source.centred_norm_of(&stack),
            stack,
            layers,
        });
    }
    Ok(sketched)
}

/// Elements that are in memory while a layer is sketched: all that it is made of, or of a large mixture some units.
fn held(checkpoint: &Checkpoint, source: &Layers, stack: &str, layer: u32) -> u64 {
    let elements = |at: &usize| checkpoint.tensors.get(*at).map_or(0, Tensor::elements);
    let tensors = source.tensors(stack, layer);
    let all = tensors.iter().map(elements).fold(0, u64::saturating_add);
    let largest = tensors.iter().map(elements).max().unwrap_or_default();
    let units = (source.unit_keys(stack, layer).len() as u64).max(1);
    largest.max((all / units).saturating_mul(units.min(DESCRIBED_UNITS as u64 + 1)))
}

/// The tensors of every layer of every stack that is sketched.
pub(in crate::fingerprint) fn layer_tensors(
    checkpoint: &Checkpoint,
    reader: &Reader,
    network: &Network,
) -> Vec<(String, u32, BTreeSet<usize>)> {
    let source = Layers::new(checkpoint, reader, network);
    let mut layers = Vec::new();
    for stack in source.stacks() {
        for number in source.numbers(&stack) {
            let tensors = source.tensors(&stack, number);
            layers.push((stack.clone(), number, tensors));
        }
    }
    layers
}

/// The words of a stack and the embeddings of the probe tokens.
fn described_by(
    checkpoint: &Checkpoint,
    source: &Layers,
    stack: &str,
    room: &Room,
) -> Result<(StackWords, Option<Matrix>), FingerprintError> {
    let both = room.take(source.tables(stack).saturating_mul(4))?;
    let (embedding, probes) = embedding_words(source, stack)?;
    drop(both);
    let numbers = source.numbers(stack);
    let ends = [numbers.first(), numbers.last()];
    let largest =
        ends.into_iter().flatten().map(|layer| held(checkpoint, source, stack, *layer)).max().unwrap_or_default();
    let _held = room.take(largest.saturating_mul(4))?;
    Ok((StackWords::read(source, stack, &embedding)?, probes))
}

/// Sketches the units of a layer, and a dense one's responses to the probe tokens. Of a large mixture one expert is in
/// memory at a time, and the strongest are read again to be described.
fn layer_units(
    source: &Layers,
    stack: &str,
    layer: u32,
    words: &StackWords,
    probes: Option<&Matrix>,
) -> Result<(Vec<Unit>, Vec<i8>), FingerprintError> {
    let keys = source.unit_keys(stack, layer);
    let kept = needles_of_each(keys.len());
    if keys.len() <= DESCRIBED_UNITS {
        let read: Result<Vec<_>, _> = keys.into_iter().map(|key| source.unit(stack, layer, key)).collect();
        let read: Vec<FeedForward> = read?.into_iter().flatten().collect();
        let answers = match (read.as_slice(), probes) {
            ([dense], Some(probes)) => responses(dense, &salient(dense), probes),
            _ => Vec::new(),
        };
        let sketches = units(&read, kept, words);
        source.give_back(read);
        return Ok((sketches, answers));
    }
    let mut ranked = Vec::with_capacity(keys.len());
    for key in keys {
        let Some(read) = source.unit(stack, layer, key)? else { continue };
        let mut sketch = Unit::default();
        needle_rows(&mut sketch, &read, &salient(&read), kept);
        ranked.push((read.expert.is_some() && !read.shared, salience(&read), key, sketch));
        source.give_back(vec![read]);
    }
    ranked.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
    let rest = ranked.split_off(DESCRIBED_UNITS.min(ranked.len()));
    let again: Result<Vec<_>, _> = ranked.iter().map(|(_, _, key, _)| source.unit(stack, layer, *key)).collect();
    let again: Vec<FeedForward> = again?.into_iter().flatten().collect();
    let mut all = units(&again, kept, words);
    source.give_back(again);
    all.extend(rest.into_iter().map(|(_, _, _, sketch)| sketch));
    Ok((all, Vec::new()))
}

/// Sketches units, strongest first, with `kept` needles each; what the experts have in common stands before them.
pub(super) fn units(units: &[FeedForward], kept: usize, words: &StackWords) -> Vec<Unit> {
    let parts: Vec<(&FeedForward, Vec<usize>)> = strongest_first(units)
        .into_par_iter()
        .filter_map(|at| units.get(at))
        .map(|source| (source, salient(source)))
        .collect();
    let mut sketches: Vec<Unit> = parts
        .par_iter()
        .map(|(source, order)| {
            let mut sketch = unit(source, order, words);
            needle_rows(&mut sketch, source, order, kept);
            sketch
        })
        .collect();
    let shared = parts.iter().take_while(|(source, _)| source.expert.is_none() || source.shared).count();
    let routed = parts.get(shared..).unwrap_or_default();
    if let (Some(mean), Some((first, names))) = (consensus(routed), routed.first()) {
        let order = salient(&mean);
        let mut sketch = unit(&mean, &order, words);
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
