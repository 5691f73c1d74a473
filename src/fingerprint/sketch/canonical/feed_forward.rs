// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Feed-forward units of one layer: a dense block, or experts.
//!
//! In: the tensors of a unit. Out: a [`FeedForward`]: gate and up rows with the gain of the norm before, transposed down
//! with the gain of the norm after. An up projection of twice as many neurons as down holds gate and up.

use super::attention::Block;
use super::layer::FeedForward;
use super::matrix::Matrix;
use super::stack::UnitKey;
use crate::fingerprint::record::FingerprintError;
use crate::fingerprint::roles::Role;

/// Gains of the norms around the feed-forward block of a layer, [d] each; empty where there is none.
pub(super) struct Around {
    /// Before.
    before: Vec<f32>,
    /// After.
    after: Vec<f32>,
}

impl Around {
    /// Reads them.
    pub(super) fn of(block: &Block) -> Result<Self, FingerprintError> {
        let before = block.gains.before_feed_forward(block.slots)?;
        Ok(Self { before, after: block.gains.part(block.slots, Role::NormAfterFeedForward)? })
    }
}

/// Builds one unit; `None` where its matrices do not fit together.
pub(super) fn feed_forward(
    block: &Block,
    around: &Around,
    key: UnitKey,
) -> Result<Option<FeedForward>, FingerprintError> {
    let Some(down) = read(block, key, Role::Down, &around.after)? else { return Ok(None) };
    let gate = read(block, key, Role::Gate, &around.before)?;
    let up = read(block, key, Role::Up, &around.before)?;
    let neurons = down.rows;
    let (gate, up) = match (gate, up) {
        (Some(gate), Some(up)) => (gate, Some(up)),
        (Some(both), None) | (None, Some(both)) if both.rows == 2 * neurons => {
            (both.picked(0..neurons), Some(both.picked(neurons..2 * neurons)))
        }
        (None, Some(inner)) => (inner, None),
        _ => return Ok(None),
    };
    let sound = gate.rows == neurons && up.as_ref().is_none_or(|up| up.rows == neurons);
    Ok(sound.then_some(FeedForward {
        expert: key.expert,
        shared: key.shared,
        gate,
        up,
        down,
        ..FeedForward::default()
    }))
}

fn read(block: &Block, key: UnitKey, role: Role, gain: &[f32]) -> Result<Option<Matrix>, FingerprintError> {
    let Some(entry) = block.slots.units.get(&key).and_then(|unit| unit.get(&role)) else { return Ok(None) };
    let hidden = block.stack.hidden;
    let turn = block.slots.unit_inputs_first(key, hidden) != (role == Role::Down);
    Ok(block.source.matrix(entry)?.over(hidden, turn, &block.source.pool).map(|matrix| block.finished(matrix, gain)))
}
