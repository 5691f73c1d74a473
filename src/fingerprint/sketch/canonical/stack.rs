// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The tensors of one stack of layers, by part.

use std::collections::BTreeMap;

use super::facts::Facts;
use crate::fingerprint::pieces::{Piece, Take};
use crate::fingerprint::roles::Role;

/// Where a canonical matrix stands.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Index of the stored tensor.
    pub(super) tensor: usize,
    /// Part of it.
    pub(super) piece: Piece,
}

/// Which feed-forward unit: shared before routed, routed by number, a dense block alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::fingerprint::sketch) struct UnitKey {
    /// Whether it is routed; sorts those that see every token first.
    pub(super) routed: bool,
    /// Whether it stands beside routed experts.
    pub(super) shared: bool,
    /// Number.
    pub(super) expert: Option<u32>,
}

/// The tensors of one layer.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots {
    /// Outside the units.
    pub(super) parts: BTreeMap<Role, Entry>,
    /// Gate, up, down by unit.
    pub(super) units: BTreeMap<UnitKey, BTreeMap<Role, Entry>>,
}

/// One stack of layers.
#[derive(Clone, Debug, Default)]
pub(super) struct Stack {
    /// By number.
    pub(super) layers: BTreeMap<u32, Slots>,
    /// Width of the residual stream; 0 if it cannot be told.
    pub(super) hidden: usize,
    /// Whether its norms have a bias.
    pub(super) biased_norm: bool,
    /// Whether positions are learned.
    pub(super) positions: bool,
    /// What the config says.
    pub(super) facts: Facts,
}

impl Stack {
    /// Whether norms subtract the mean over the channels.
    pub(super) fn centred(&self) -> bool {
        self.biased_norm || self.facts.centred
    }

    /// Whether every block reads the stream through a norm that subtracts the mean, so that the all-ones direction has
    /// no part in what the stack computes.
    pub(super) fn blind_to_mean(&self) -> bool {
        let before = |slots: &Slots| {
            slots.parts.contains_key(&Role::NormAttention) && !slots.parts.contains_key(&Role::NormResidual)
        };
        self.centred() && (self.facts.plain_norm || self.layers.values().all(before))
    }
}

impl Slots {
    /// Whether a feed-forward unit or attention is there in full.
    pub(super) fn is_understood(&self) -> bool {
        self.has_unit() || self.has_attention()
    }

    /// Whether both are there.
    pub(super) fn is_whole(&self) -> bool {
        self.has_unit() && self.has_attention()
    }

    fn has_unit(&self) -> bool {
        self.units.values().any(|unit| {
            unit.contains_key(&Role::Down) && (unit.contains_key(&Role::Up) || unit.contains_key(&Role::Gate))
        })
    }

    fn has_attention(&self) -> bool {
        let has = |role| self.parts.contains_key(&role);
        has(Role::Output) && (has(Role::Query) || has(Role::KeyValueLatent))
    }

    /// Whether matrices of attention are stored [in, out].
    pub(super) fn attention_inputs_first(&self, hidden: usize) -> bool {
        let entries =
            self.parts.iter().filter(|(role, _)| matches!(role, Role::Query | Role::Key | Role::Value | Role::Output));
        inputs_first(entries, hidden).or_else(|| self.dense_inputs_first(hidden)).unwrap_or(false)
    }

    /// Whether matrices of the unit are stored [in, out].
    pub(super) fn unit_inputs_first(&self, key: UnitKey, hidden: usize) -> bool {
        let own = self.units.get(&key).and_then(|unit| inputs_first(unit.iter(), hidden));
        own.unwrap_or_else(|| !key.routed && !key.shared && self.attention_inputs_first(hidden))
    }

    fn dense_inputs_first(&self, hidden: usize) -> Option<bool> {
        let dense = UnitKey { routed: false, shared: false, expert: None };
        inputs_first(self.units.get(&dense)?.iter(), hidden)
    }
}

/// Layout, from the matrices that are not square.
fn inputs_first<'a>(mut entries: impl Iterator<Item = (&'a Role, &'a Entry)>, hidden: usize) -> Option<bool> {
    let hidden = hidden as u64;
    entries.find_map(|(role, entry)| {
        let piece = &entry.piece;
        let writes = matches!(role, Role::Output | Role::Down);
        match (piece.rows == hidden, piece.columns == hidden) {
            (false, true) => Some(writes),
            (true, false) => Some(!writes),
            // Columns of a fused matrix are outputs.
            (true, true) if matches!(piece.take, Take::Columns { .. }) => Some(true),
            _ => None,
        }
    })
}
