// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Every architecture in one form.
//!
//! In: an opened checkpoint. Out: its layers, one at a time, as [`Layer`]s: rows of all matrices run over the residual
//! channels, gains are folded into the matrices that read from or write to the stream, fused tensors are split.

use std::collections::BTreeMap;

use crate::checkpoints::{Checkpoint, Reader, decode};
use crate::fingerprint::network::Network;
use crate::fingerprint::pieces::{Heads, Piece, flatten, pieces, squeezed};
use crate::fingerprint::record::FingerprintError;
use crate::fingerprint::roles::{Place, Role};

/// A matrix by rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Matrix {
    /// Values, row by row.
    pub(super) values: Vec<f32>,
    /// Number of rows.
    pub(super) rows: usize,
    /// Number of columns.
    pub(super) columns: usize,
}

/// One layer in canonical form.
#[derive(Clone, Debug, Default)]
pub(super) struct Layer {
    /// Feed-forward units; empty where the block is not understood.
    pub(super) units: Vec<FeedForward>,
    /// Attention; `None` where it is not understood.
    pub(super) attention: Option<Attention>,
}

/// One feed-forward unit; every matrix is [neurons, d].
#[derive(Clone, Debug, Default)]
pub(super) struct FeedForward {
    /// Routed expert, from 0.
    pub(super) expert: Option<u32>,
    /// Gate, or the inner projection where there is no gate.
    pub(super) gate: Matrix,
    /// Up; `None` where there is no gate.
    pub(super) up: Option<Matrix>,
    /// Transposed down.
    pub(super) down: Matrix,
}

/// Attention; query [heads·dim, d], key and value [kv_heads·dim, d], output transposed to [heads·dim, d].
#[derive(Clone, Debug, Default)]
pub(super) struct Attention {
    /// Query rows.
    pub(super) query: Matrix,
    /// Key rows.
    pub(super) key: Matrix,
    /// Value rows.
    pub(super) value: Matrix,
    /// Output rows.
    pub(super) output: Matrix,
    /// How the rows make heads; `None` where the config does not tell.
    pub(super) heads: Option<HeadLayout>,
}

/// How rows make heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HeadLayout {
    /// Query heads.
    pub(super) query: usize,
    /// Key/value heads.
    pub(super) key_value: usize,
    /// Rows a head.
    pub(super) dim: usize,
    /// First rows of a head that are rotated by the position: pair p is rows p and p + rotary/2. Zero without rotary
    /// positions.
    pub(super) rotary: usize,
}

/// Where a canonical matrix stands.
struct Entry {
    tensor: usize,
    piece: Piece,
}

/// The layers of a checkpoint, read on demand.
pub(super) struct Layers<'a> {
    checkpoint: &'a Checkpoint,
    reader: &'a Reader,
    network: &'a Network,
    stacks: BTreeMap<String, BTreeMap<u32, BTreeMap<(Role, Option<u32>), Entry>>>,
    globals: BTreeMap<Role, Entry>,
}

impl<'a> Layers<'a> {
    /// Indexes the tensors by stack, layer, role and expert.
    pub(super) fn new(checkpoint: &'a Checkpoint, reader: &'a Reader, network: &'a Network) -> Self {
        let heads: Heads = network.heads_for(checkpoint);
        let mut layers = Self { checkpoint, reader, network, stacks: BTreeMap::new(), globals: BTreeMap::new() };
        for (tensor, stored) in checkpoint.tensors.iter().enumerate() {
            let place = Place::of(&stored.name);
            if place.bias || place.role == Role::Other {
                continue;
            }
            for piece in pieces(&place, &squeezed(&stored.shape), &heads) {
                let entry = Entry { tensor, piece };
                let place = entry.piece.place.clone();
                match place.layer {
                    Some(layer) => {
                        let slots = layers.stacks.entry(place.stack).or_default().entry(layer).or_default();
                        slots.entry((place.role, place.expert)).or_insert(entry);
                    }
                    None => {
                        layers.globals.entry(place.role).or_insert(entry);
                    }
                }
            }
        }
        layers
    }

    /// Names of the stacks of at least two layers.
    pub(super) fn stacks(&self) -> Vec<String> {
        self.stacks.iter().filter(|(_, layers)| layers.len() >= 2).map(|(name, _)| name.clone()).collect()
    }

    /// Numbers of the layers of a stack, ascending.
    pub(super) fn numbers(&self, stack: &str) -> Vec<u32> {
        self.stacks.get(stack).map(|layers| layers.keys().copied().collect()).unwrap_or_default()
    }

    /// Whether the norms of the network subtract a mean over the channels.
    pub(super) fn centred_norm(&self) -> bool {
        self.checkpoint.tensors.iter().any(|tensor| {
            let place = Place::of(&tensor.name);
            place.bias && matches!(place.role, Role::NormAttention | Role::NormFeedForward)
        })
    }

    /// Width of the residual stream of a stack.
    pub(super) fn hidden(&self) -> Option<usize> {
        let embedding = self.globals.get(&Role::Embedding).map(|entry| entry.piece.columns);
        self.network.hidden_size.or(embedding).and_then(|hidden| usize::try_from(hidden).ok())
    }

    /// Reads one layer.
    pub(super) fn layer(&self, stack: &str, layer: u32) -> Result<Layer, FingerprintError> {
        let Some(slots) = self.stacks.get(stack).and_then(|layers| layers.get(&layer)) else {
            return Ok(Layer::default());
        };
        let Some(hidden) = self.hidden() else { return Ok(Layer::default()) };
        let before_attention = self.gain(slots.get(&(Role::NormAttention, None)))?;
        let before_feed_forward = self.gain(slots.get(&(Role::NormFeedForward, None)))?;
        let read = |role, expert, gain: &[f32]| -> Result<Option<Matrix>, FingerprintError> {
            let Some(entry) = slots.get(&(role, expert)) else { return Ok(None) };
            Ok(self.matrix(entry)?.over(hidden, role == Role::Output || role == Role::Down).map(|m| m.scaled(gain)))
        };
        let mut units = Vec::new();
        let experts: std::collections::BTreeSet<Option<u32>> =
            slots.keys().filter(|(role, _)| *role == Role::Down).map(|(_, expert)| *expert).collect();
        for expert in experts {
            let gate = read(Role::Gate, expert, &before_feed_forward)?;
            let up = read(Role::Up, expert, &before_feed_forward)?;
            let down = read(Role::Down, expert, &[])?;
            let unit = match (gate, up, down) {
                (Some(gate), Some(up), Some(down)) => FeedForward { expert, gate, up: Some(up), down },
                (None, Some(inner), Some(down)) => FeedForward { expert, gate: inner, up: None, down },
                _ => continue,
            };
            let neurons = unit.gate.rows;
            if unit.down.rows == neurons && unit.up.as_ref().is_none_or(|up| up.rows == neurons) {
                units.push(unit);
            }
        }
        let query = read(Role::Query, None, &before_attention)?;
        let key = read(Role::Key, None, &before_attention)?;
        let value = read(Role::Value, None, &before_attention)?;
        let output = read(Role::Output, None, &[])?;
        let attention = match (query, key, value, output) {
            (Some(query), Some(key), Some(value), Some(output)) => {
                let heads = self.heads(query.rows, key.rows);
                Some(Attention { query, key, value, output, heads })
            }
            _ => None,
        };
        Ok(Layer { units, attention })
    }

    /// The token embedding, [vocabulary, d].
    pub(super) fn embedding(&self) -> Result<Option<Matrix>, FingerprintError> {
        let Some(hidden) = self.hidden() else { return Ok(None) };
        let Some(entry) = self.globals.get(&Role::Embedding) else { return Ok(None) };
        Ok(self.matrix(entry)?.over(hidden, false))
    }

    /// The output head with the last norm's gain folded, [vocabulary, d]; `None` where it is tied to the embedding.
    pub(super) fn head(&self) -> Result<Option<Matrix>, FingerprintError> {
        let Some(hidden) = self.hidden() else { return Ok(None) };
        let Some(entry) = self.globals.get(&Role::Head) else { return Ok(None) };
        let gain = self.final_gain()?;
        Ok(self.matrix(entry)?.over(hidden, false).map(|head| head.scaled(&gain)))
    }

    /// Gain of the last norm, [d]; empty if there is none.
    pub(super) fn final_gain(&self) -> Result<Vec<f32>, FingerprintError> {
        self.gain(self.globals.get(&Role::NormFinal))
    }

    fn heads(&self, query_rows: usize, key_rows: usize) -> Option<HeadLayout> {
        let query = usize::try_from(self.network.heads?).ok()?;
        let key_value = usize::try_from(self.network.kv_heads.unwrap_or(query as u64)).ok()?;
        let dim = query_rows.checked_div(query)?;
        let fits = query * dim == query_rows && key_value * dim == key_rows && query.is_multiple_of(key_value.max(1));
        fits.then_some(HeadLayout { query, key_value, dim, rotary: dim })
    }

    fn gain(&self, entry: Option<&Entry>) -> Result<Vec<f32>, FingerprintError> {
        entry.map_or(Ok(Vec::new()), |entry| Ok(self.matrix(entry)?.values))
    }

    fn matrix(&self, entry: &Entry) -> Result<Matrix, FingerprintError> {
        let Some(tensor) = self.checkpoint.tensors.get(entry.tensor) else { return Ok(Matrix::default()) };
        let mut parts = Vec::with_capacity(tensor.parts.len());
        for extent in &tensor.parts {
            let mut bytes = Vec::new();
            self.reader.part(extent, &mut bytes)?;
            parts.push(bytes);
        }
        let mut values = Vec::new();
        decode(tensor, &parts, &mut values)?;
        let (rows, columns) = flatten(&squeezed(&tensor.shape));
        if entry.piece.rows == rows && entry.piece.columns == columns && entry.piece.suffix.is_empty() {
            let whole = matches!(entry.piece.take, crate::fingerprint::pieces::Take::Whole);
            if whole {
                return Ok(Matrix { values, rows: rows as usize, columns: columns as usize });
            }
        }
        let mut scratch = Vec::new();
        let taken = entry.piece.extract(&values, &mut scratch).map(<[f32]>::to_vec).unwrap_or_default();
        Ok(Matrix { values: taken, rows: entry.piece.rows as usize, columns: entry.piece.columns as usize })
    }
}

impl Matrix {
    /// Row `at`; empty beyond the end.
    pub(super) fn row(&self, at: usize) -> &[f32] {
        self.values.get(at * self.columns..(at + 1) * self.columns).unwrap_or_default()
    }

    /// The matrix with rows over the `hidden` residual channels; `None` if neither side is as wide. A square matrix
    /// is turned where it writes to the stream.
    fn over(self, hidden: usize, writes: bool) -> Option<Self> {
        match (self.rows == hidden, self.columns == hidden) {
            (true, true) if writes => Some(self.turned()),
            (_, true) => Some(self),
            (true, false) => Some(self.turned()),
            (false, false) => None,
        }
    }

    fn turned(&self) -> Self {
        let mut values = Vec::with_capacity(self.values.len());
        for column in 0..self.columns {
            values.extend(self.values.iter().skip(column).step_by(self.columns.max(1)));
        }
        Self { values, rows: self.columns, columns: self.rows }
    }

    /// Every row times `gain`; as it is, if there is none.
    fn scaled(mut self, gain: &[f32]) -> Self {
        if gain.len() == self.columns {
            for row in self.values.chunks_exact_mut(self.columns.max(1)) {
                row.iter_mut().zip(gain).for_each(|(value, gain)| *value *= gain);
            }
        }
        self
    }
}
