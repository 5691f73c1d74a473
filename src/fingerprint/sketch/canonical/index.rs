// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Tensors → stacks of layers.
//!
//! In: the tensors of a checkpoint with their places. Out: an [`Index`]: for each stack its width, what the config says
//! of it, and by layer which piece of which tensor plays which part. Norms whose names mean different things in
//! different families are settled here, by what stands beside them.

use std::collections::BTreeMap;

use super::facts::Facts;
use super::inferred;
use super::stack::{Entry, Slots, Stack, UnitKey};
use crate::checkpoints::Checkpoint;
use crate::fingerprint::network::Network;
use crate::fingerprint::pieces::{Heads, pieces, squeezed};
use crate::fingerprint::roles::{Place, Role};

/// Everything that is known of a checkpoint before a value is read.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Stacks by what stands before the layer numbers.
    pub(super) stacks: BTreeMap<String, Stack>,
    /// Embeddings, heads, last norms, position tables, in file order.
    pub(super) globals: Vec<(Role, Entry)>,
    /// Norms named after attention, which stand before the feed-forward block in most families.
    after_attention: BTreeMap<(String, u32), Entry>,
}

impl Index {
    /// Indexes a checkpoint, by names, or by shapes and order where names tell nothing.
    pub(super) fn new(checkpoint: &Checkpoint, network: &Network) -> Self {
        let places: Vec<Place> = checkpoint.tensors.iter().map(|tensor| Place::of(&tensor.name)).collect();
        let named = Self::of(checkpoint, network, &places);
        if named.stacks.values().any(|stack| stack.layers.values().any(Slots::is_understood)) {
            return named;
        }
        let Some(found) = inferred::inferred(checkpoint, network) else { return named };
        let mut index = Self::of(checkpoint, network, &found.places);
        // Names of exported networks often say what norms and positions are, but not what is multiplied.
        let positions = named.globals.iter().any(|(role, _)| *role == Role::Positions)
            || named.stacks.values().any(|stack| stack.positions);
        let biased = found.biased || named.stacks.values().any(|stack| stack.biased_norm);
        for stack in index.stacks.values_mut() {
            stack.positions |= positions;
            stack.biased_norm |= biased;
        }
        index
    }

    fn of(checkpoint: &Checkpoint, network: &Network, places: &[Place]) -> Self {
        let heads = network.heads_for(checkpoint);
        let mut index = Self::default();
        for (tensor, place) in places.iter().enumerate() {
            index.add(checkpoint, tensor, place, &heads);
        }
        index.settle_norms();
        let names: Vec<String> = index.stacks.keys().cloned().collect();
        for name in &names {
            index.describe(checkpoint, network, name);
        }
        index
    }

    fn add(&mut self, checkpoint: &Checkpoint, tensor: usize, place: &Place, heads: &Heads) {
        let Some(stored) = checkpoint.tensors.get(tensor) else { return };
        if place.cross_attention || place.role == Role::Other {
            return;
        }
        if place.bias {
            if let (true, Some(_)) = (is_block_norm(place.role), place.layer) {
                self.stacks.entry(place.stack.clone()).or_default().biased_norm = true;
            }
            return;
        }
        for piece in pieces(place, &squeezed(&stored.shape), heads) {
            let entry = Entry { tensor, piece };
            let place = entry.piece.place.clone();
            let Some(layer) = place.layer else {
                self.globals.push((place.role, entry));
                continue;
            };
            let stack = self.stacks.entry(place.stack.clone()).or_default();
            if place.role == Role::Positions {
                stack.positions = true;
                continue;
            }
            let slots = stack.layers.entry(layer).or_default();
            match place.role {
                Role::Gate | Role::Up | Role::Down => {
                    let routed = place.expert.is_some() && !place.shared_expert;
                    let key = UnitKey { routed, shared: place.shared_expert, expert: place.expert };
                    slots.units.entry(key).or_default().entry(place.role).or_insert(entry);
                }
                Role::NormFeedForward if stored.name.contains("post_attention_") => {
                    self.after_attention.insert((place.stack, layer), entry);
                }
                role => {
                    slots.parts.entry(role).or_insert(entry);
                }
            }
        }
    }

    /// A norm named after attention is on what attention writes where another norm stands before the feed-forward
    /// block (Gemma 2 and 3, Pangu) or after it (OLMo 2); else it is the one before the feed-forward block (Llama, and
    /// GLM 4, where the norm on what attention writes has a name of its own).
    fn settle_norms(&mut self) {
        for ((stack, layer), entry) in std::mem::take(&mut self.after_attention) {
            let Some(slots) = self.stacks.get_mut(&stack).and_then(|stack| stack.layers.get_mut(&layer)) else {
                continue;
            };
            let has = |role| slots.parts.contains_key(&role);
            let beside = has(Role::NormFeedForward) || has(Role::NormAfterFeedForward);
            let role =
                if beside && !has(Role::NormAfterAttention) { Role::NormAfterAttention } else { Role::NormFeedForward };
            slots.parts.entry(role).or_insert(entry);
        }
    }

    /// Width, config and norms of a stack.
    fn describe(&mut self, checkpoint: &Checkpoint, network: &Network, name: &str) {
        let Some(stack) = self.stacks.get(name) else { return };
        let said = network.hidden_size.and_then(|hidden| usize::try_from(hidden).ok());
        let hidden = width(stack, said);
        let facts = Facts::of(checkpoint.config.as_ref(), hidden, name.contains("decoder"));
        let positions = self.globals.iter().any(|(role, entry)| {
            *role == Role::Positions && [entry.piece.rows, entry.piece.columns].contains(&(hidden as u64))
        });
        let neighbours = stack.layers.values().filter_map(|slots| slots.parts.get(&Role::Query)).any(|entry| {
            checkpoint.tensors.get(entry.tensor).is_some_and(|tensor| tensor.name.ends_with("attention.wq.weight"))
        });
        let after_sum = !self.ends_with_norm(checkpoint, name, hidden) && self.sums_are_normed(checkpoint, name);
        let Some(stack) = self.stacks.get_mut(name) else { return };
        stack.hidden = hidden;
        stack.positions |= positions;
        stack.facts = facts;
        // Llama's own files keep the pairs of a head in neighbouring rows.
        stack.facts.interleaved |= neighbours;
        if after_sum {
            for slots in stack.layers.values_mut() {
                for role in [Role::NormAttention, Role::NormFeedForward] {
                    if let Some(entry) = slots.parts.remove(&role) {
                        slots.parts.entry(Role::NormResidual).or_insert(entry);
                    }
                }
            }
        }
    }

    /// Whether a last norm stands beside the stack: then its blocks are normed before and not after.
    fn ends_with_norm(&self, checkpoint: &Checkpoint, stack: &str, hidden: usize) -> bool {
        let parent = stack.rsplit_once('.').map_or("", |(parent, _)| parent);
        self.globals.iter().any(|(role, entry)| {
            let name = checkpoint.tensors.get(entry.tensor).map(|tensor| tensor.name.to_ascii_lowercase());
            *role == Role::NormFinal
                && entry.piece.columns == hidden as u64
                && name.is_some_and(|name| name.starts_with(parent))
        })
    }

    /// Whether the norms of a stack have names that families use both before the blocks (Whisper, OPT, ViT, ESM) and
    /// after the sum (BART, PyTorch's own layers, ALBERT).
    fn sums_are_normed(&self, checkpoint: &Checkpoint, stack: &str) -> bool {
        const EITHER: [&str; 6] = [
            "self_attn_layer_norm.weight",
            "final_layer_norm.weight",
            "norm1.weight",
            "norm2.weight",
            "attention.layernorm.weight",
            "attention.layernorm.gamma",
        ];
        let layers = self.stacks.get(stack).map(|stack| stack.layers.values()).into_iter().flatten();
        layers.filter_map(|slots| slots.parts.get(&Role::NormAttention)).any(|entry| {
            let name = checkpoint.tensors.get(entry.tensor).map(|tensor| tensor.name.to_ascii_lowercase());
            name.is_some_and(|name| {
                EITHER.iter().any(|end| name.ends_with(end)) && !name.ends_with("layer_norm1.weight")
            })
        })
    }
}

fn is_block_norm(role: Role) -> bool {
    matches!(
        role,
        Role::NormAttention
            | Role::NormFeedForward
            | Role::NormResidual
            | Role::NormAfterAttention
            | Role::NormAfterFeedForward
    )
}

/// Width of the residual stream: the side that every matrix of a layer which reads or writes it has. Of several, the
/// length of a gain on the stream, else the width that the config tells.
fn width(stack: &Stack, said: Option<usize>) -> usize {
    let stream = [Role::Query, Role::Key, Role::Value, Role::Output, Role::QueryLatent, Role::KeyValueLatent];
    let Some(slots) = stack.layers.values().max_by_key(|slots| (slots.is_whole(), slots.is_understood())) else {
        return 0;
    };
    let parts = slots.parts.iter().filter(|(role, _)| stream.contains(role)).map(|(_, entry)| entry);
    let entries: Vec<&Entry> = parts.chain(slots.units.values().flat_map(BTreeMap::values)).collect();
    let Some(first) = entries.first() else { return 0 };
    let common = |side: &u64| entries.iter().all(|entry| [entry.piece.rows, entry.piece.columns].contains(side));
    let mut sides: Vec<u64> = [first.piece.rows, first.piece.columns].into_iter().filter(common).collect();
    sides.dedup();
    let gain = slots.parts.iter().find(|(role, _)| is_block_norm(**role)).map(|(_, entry)| entry.piece.columns);
    let chosen = match sides.as_slice() {
        [] => 0,
        [only] => *only,
        several => gain
            .filter(|gain| several.contains(gain))
            .or_else(|| said.map(|said| said as u64).filter(|said| several.contains(said)))
            .unwrap_or(0),
    };
    usize::try_from(chosen).unwrap_or(0)
}
