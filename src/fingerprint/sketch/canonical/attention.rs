// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Attention of one layer.
//!
//! In: its tensors. Out: [`Attention`]: query, key and value rows with the gain of the norm before, and the gains on
//! queries and keys, folded; output rows with the gain after. Biases are left out.

use super::gains::Gains;
use super::heads::{Hints, halves, heads};
use super::latent::latent;
use super::layer::Attention;
use super::matrix::Matrix;
use super::source::Source;
use super::stack::{Slots, Stack};
use crate::fingerprint::record::FingerprintError;
use crate::fingerprint::roles::Role;

/// What the blocks of a layer are made from.
pub(super) struct Block<'a> {
    /// Reads values.
    pub(super) source: &'a Source<'a>,
    /// Where the layer stands.
    pub(super) stack: &'a Stack,
    /// Its tensors.
    pub(super) slots: &'a Slots,
    /// Reads gains.
    pub(super) gains: Gains<'a>,
}

impl Block<'_> {
    /// A matrix that reads the stream or writes to it, with rows over the channels.
    pub(super) fn finished(&self, matrix: Matrix, gain: &[f32]) -> Matrix {
        let scaled = matrix.scaled(gain);
        if self.stack.blind_to_mean() { scaled.centred() } else { scaled }
    }

    /// A part of attention with rows over the channels, and `gain` folded.
    pub(super) fn part(&self, role: Role, gain: &[f32]) -> Result<Option<Matrix>, FingerprintError> {
        let Some(entry) = self.slots.parts.get(&role) else { return Ok(None) };
        let inputs_first = self.slots.attention_inputs_first(self.stack.hidden);
        let turn = inputs_first != (role == Role::Output);
        let over = self.source.matrix(entry)?.over(self.stack.hidden, turn, &self.source.pool);
        Ok(over.map(|matrix| self.finished(matrix, gain)))
    }
}

/// Builds the attention of a layer; `None` where it is not understood.
pub(super) fn attention(block: &Block) -> Result<Option<Attention>, FingerprintError> {
    let before = block.gains.part(block.slots, Role::NormAttention)?;
    let after = block.gains.part(block.slots, Role::NormAfterAttention)?;
    let Some(output) = block.part(Role::Output, &after)? else { return Ok(None) };
    if block.slots.parts.contains_key(&Role::KeyValueLatent) {
        return latent(block, &before, output);
    }
    let query = block.part(Role::Query, &before)?;
    let key = block.part(Role::Key, &before)?;
    let value = block.part(Role::Value, &before)?;
    let (Some(query), Some(key), Some(value)) = (query, key, value) else { return Ok(None) };
    let on_query = block.gains.part(block.slots, Role::NormQuery)?;
    let on_key = block.gains.part(block.slots, Role::NormKey)?;
    let query = ungated(query, &output);
    let facts = &block.stack.facts;
    let heads = heads(
        facts,
        Hints {
            query_rows: query.rows,
            key_rows: key.rows,
            query_gain: on_query.len(),
            could_rotate: !block.stack.biased_norm && !block.stack.positions,
        },
    );
    let (mut query, mut key) = (query.rows_scaled(&on_query), key.rows_scaled(&on_key));
    if let Some(heads) = heads.filter(|heads| facts.interleaved && heads.rotary > 0) {
        query = query.picked(halves(heads.query, heads.dim, heads.rotary));
        key = key.picked(halves(heads.key_value, heads.dim, heads.rotary));
    }
    // Every query head needs as many output rows as its value head has.
    let sound = output.rows == query.rows && value.rows == key.rows;
    let heads = heads.filter(|_| sound);
    Ok(Some(Attention { query, key, value, output, heads }))
}

/// The query rows of a projection that also makes a gate, head by head the query and then its gate (Qwen3-Next).
fn ungated(query: Matrix, output: &Matrix) -> Matrix {
    const DIMENSION: usize = 256;
    if query.rows != 2 * output.rows || !output.rows.is_multiple_of(DIMENSION) {
        return query;
    }
    let heads = output.rows / DIMENSION;
    query.picked((0..heads).flat_map(|head| (0..DIMENSION).map(move |row| head * 2 * DIMENSION + row)))
}
