// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The layers of a checkpoint, read on demand.

use std::collections::BTreeSet;

use super::attention::{Block, attention};
use super::feed_forward::{Around, feed_forward};
use super::gains::Gains;
use super::index::Index;
#[cfg(test)]
use super::layer::Layer;
use super::layer::{Attention, FeedForward};
use super::matrix::Matrix;
use super::source::Source;
use super::stack::{Entry, Slots, Stack, UnitKey};
use crate::checkpoints::{Checkpoint, Reader};
use crate::fingerprint::network::Network;
use crate::fingerprint::record::FingerprintError;
use crate::fingerprint::roles::Role;

/// The layers of a checkpoint, read on demand. May be shared between threads.
pub(in crate::fingerprint::sketch) struct Layers<'a> {
    checkpoint: &'a Checkpoint,
    source: Source<'a>,
    index: Index,
}

impl<'a> Layers<'a> {
    /// Indexes the tensors by stack, layer, role and expert.
    pub(in crate::fingerprint::sketch) fn new(
        checkpoint: &'a Checkpoint,
        reader: &'a Reader,
        network: &'a Network,
    ) -> Self {
        Self { checkpoint, source: Source::new(checkpoint, reader), index: Index::new(checkpoint, network) }
    }

    /// Takes back the memory of units that are done with.
    pub(in crate::fingerprint::sketch) fn give_back(&self, units: Vec<FeedForward>) {
        for unit in units {
            let matrices = [Some(unit.gate), unit.up, Some(unit.down)];
            matrices.into_iter().flatten().for_each(|matrix| self.source.pool.give(matrix.values));
        }
    }

    /// Names of the stacks of at least two layers that are understood in part, or of one that is understood whole.
    pub(in crate::fingerprint::sketch) fn stacks(&self) -> Vec<String> {
        let understood = |stack: &Stack| {
            let count = stack.layers.values().filter(|slots| slots.is_understood()).count();
            stack.hidden > 0 && (count >= 2 || stack.layers.values().any(Slots::is_whole))
        };
        self.index.stacks.iter().filter(|(_, stack)| understood(stack)).map(|(name, _)| name.clone()).collect()
    }

    /// Numbers of the layers of a stack, ascending.
    pub(in crate::fingerprint::sketch) fn numbers(&self, stack: &str) -> Vec<u32> {
        self.index.stacks.get(stack).map(|stack| stack.layers.keys().copied().collect()).unwrap_or_default()
    }

    /// The tensors that a layer is made of, as far as they are understood.
    pub(in crate::fingerprint::sketch) fn tensors(&self, stack: &str, layer: u32) -> BTreeSet<usize> {
        let slots = self.index.stacks.get(stack).and_then(|stack| stack.layers.get(&layer));
        let entries = slots.into_iter().flat_map(|slots| slots.units.values().chain([&slots.parts]));
        entries.flat_map(|entries| entries.values()).map(|entry| entry.tensor).collect()
    }

    /// Elements of the embedding and the head of a stack.
    pub(in crate::fingerprint::sketch) fn tables(&self, stack: &str) -> u64 {
        let elements = |role| {
            let tensor = self.checkpoint.tensors.get(self.global(stack, role)?.tensor)?;
            Some(tensor.elements())
        };
        [Role::Embedding, Role::Head].into_iter().filter_map(elements).fold(0, u64::saturating_add)
    }

    /// Whether the norms of the main stack subtract a mean over the channels.
    #[cfg(test)]
    pub(in crate::fingerprint::sketch) fn centred_norm(&self) -> bool {
        self.main().is_some_and(|stack| self.centred_norm_of(&stack))
    }

    /// Whether the norms of a stack subtract a mean over the channels.
    pub(in crate::fingerprint::sketch) fn centred_norm_of(&self, stack: &str) -> bool {
        self.index.stacks.get(stack).is_some_and(Stack::centred)
    }

    /// Width of the residual stream of the main stack.
    #[cfg(test)]
    pub(in crate::fingerprint::sketch) fn hidden(&self) -> Option<usize> {
        self.hidden_of(&self.main()?)
    }

    /// Width of the residual stream of a stack.
    pub(in crate::fingerprint::sketch) fn hidden_of(&self, stack: &str) -> Option<usize> {
        self.index.stacks.get(stack).map(|stack| stack.hidden).filter(|hidden| *hidden > 0)
    }

    /// The stack that is widest times deepest; of equals the first.
    #[cfg(test)]
    fn main(&self) -> Option<String> {
        let size = |name: &String| self.index.stacks.get(name).map_or(0, |stack| stack.hidden * stack.layers.len());
        let mut stacks = self.stacks();
        stacks.sort_by_key(|name| std::cmp::Reverse(size(name)));
        stacks.into_iter().next()
    }

    /// Reads one layer. All experts of a large mixture are more than memory holds: see [`Self::unit`].
    #[cfg(test)]
    pub(in crate::fingerprint::sketch) fn layer(&self, stack: &str, layer: u32) -> Result<Layer, FingerprintError> {
        let mut units = Vec::new();
        for key in self.unit_keys(stack, layer) {
            units.extend(self.unit(stack, layer, key)?);
        }
        Ok(Layer { units, attention: self.attention(stack, layer)? })
    }

    /// The feed-forward units of a layer, those that see every token first.
    pub(in crate::fingerprint::sketch) fn unit_keys(&self, stack: &str, layer: u32) -> Vec<UnitKey> {
        let slots = self.index.stacks.get(stack).and_then(|stack| stack.layers.get(&layer));
        slots.map(|slots| slots.units.keys().copied().collect()).unwrap_or_default()
    }

    /// Reads one feed-forward unit; `None` where it is not understood.
    pub(in crate::fingerprint::sketch) fn unit(
        &self,
        stack: &str,
        layer: u32,
        key: UnitKey,
    ) -> Result<Option<FeedForward>, FingerprintError> {
        let Some(block) = self.block(stack, layer) else { return Ok(None) };
        feed_forward(&block, &Around::of(&block)?, key)
    }

    /// Reads the attention of a layer; `None` where it is not understood.
    pub(in crate::fingerprint::sketch) fn attention(
        &self,
        stack: &str,
        layer: u32,
    ) -> Result<Option<Attention>, FingerprintError> {
        self.block(stack, layer).map_or(Ok(None), |block| attention(&block))
    }

    fn block(&self, stack: &str, layer: u32) -> Option<Block<'_>> {
        let stack = self.index.stacks.get(stack).filter(|stack| stack.hidden > 0)?;
        let slots = stack.layers.get(&layer)?;
        Some(Block { source: &self.source, stack, slots, gains: Gains::new(&self.source, stack) })
    }

    /// The token embedding of the main stack, [vocabulary, d].
    #[cfg(test)]
    pub(in crate::fingerprint::sketch) fn embedding(&self) -> Result<Option<Matrix>, FingerprintError> {
        self.main().map_or(Ok(None), |stack| self.embedding_of(&stack))
    }

    /// The token embedding of a stack, [vocabulary, d].
    pub(in crate::fingerprint::sketch) fn embedding_of(&self, stack: &str) -> Result<Option<Matrix>, FingerprintError> {
        self.table(stack, Role::Embedding, &[])
    }

    /// The output head of the main stack with the last norm's gain folded, [vocabulary, d]; `None` where it is tied to
    /// the embedding.
    #[cfg(test)]
    pub(in crate::fingerprint::sketch) fn head(&self) -> Result<Option<Matrix>, FingerprintError> {
        self.main().map_or(Ok(None), |stack| self.head_of(&stack))
    }

    /// The output head of a stack with the last norm's gain folded, [vocabulary, d]; `None` where it is tied.
    pub(in crate::fingerprint::sketch) fn head_of(&self, stack: &str) -> Result<Option<Matrix>, FingerprintError> {
        let gain = self.final_gain_of(stack)?;
        self.table(stack, Role::Head, &gain)
    }

    /// Gain of the last norm of the main stack, [d]; empty if there is none.
    #[cfg(test)]
    pub(in crate::fingerprint::sketch) fn final_gain(&self) -> Result<Vec<f32>, FingerprintError> {
        self.main().map_or(Ok(Vec::new()), |stack| self.final_gain_of(&stack))
    }

    /// Gain of the last norm of a stack, [d]; empty if there is none.
    pub(in crate::fingerprint::sketch) fn final_gain_of(&self, stack: &str) -> Result<Vec<f32>, FingerprintError> {
        let Some(described) = self.index.stacks.get(stack) else { return Ok(Vec::new()) };
        Gains::new(&self.source, described).of(self.global(stack, Role::NormFinal))
    }

    /// A table of tokens with rows over the channels of a stack.
    fn table(&self, stack: &str, role: Role, gain: &[f32]) -> Result<Option<Matrix>, FingerprintError> {
        let Some(described) = self.index.stacks.get(stack) else { return Ok(None) };
        let Some(entry) = self.global(stack, role) else { return Ok(None) };
        let over = self.source.matrix(entry)?.over(described.hidden, false, &self.source.pool);
        let blind = described.blind_to_mean() && self.global(stack, Role::NormFinal).is_some();
        Ok(over.map(|table| table.scaled(gain)).map(|table| if blind { table.centred() } else { table }))
    }

    /// What stands outside the layers and has the width of a stack: the one whose name has most in common with it.
    fn global(&self, stack: &str, role: Role) -> Option<&Entry> {
        let hidden = self.hidden_of(stack)? as u64;
        let common = |entry: &Entry| {
            let name = self.checkpoint.tensors.get(entry.tensor).map(|tensor| tensor.name.to_ascii_lowercase());
            let name = name.unwrap_or_default();
            name.split('.').zip(stack.split('.')).take_while(|(a, b)| a == b).count()
        };
        let fitting =
            self.index.globals.iter().filter(|(found, entry)| {
                *found == role && (entry.piece.columns == hidden || entry.piece.rows == hidden)
            });
        // Of equals the first.
        fitting.map(|(_, entry)| entry).rev().max_by_key(|entry| common(entry))
    }
}
