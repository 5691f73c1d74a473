// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Products of the rows of a unit with one another.
//!
//! In: a feed-forward unit. Out: ‖gate‖², ‖up‖², ‖down‖² and the products of the three with one another, by neuron. Its
//! salience and its words are both made of them, so they are taken once, while the rows are near.

use rayon::prelude::*;

use super::algebra::dot;
use super::canonical::FeedForward;
use crate::linear::widest;

/// Neurons taken at a time.
const BLOCK: usize = 512;

/// Products of the rows of one neuron.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Dots {
    /// ‖gate‖².
    pub(super) gate: f64,
    /// ‖up‖²; of a unit without a gate up is the inner projection too.
    pub(super) up: f64,
    /// ‖down‖².
    pub(super) down: f64,
    /// gate · up.
    pub(super) gate_up: f64,
    /// gate · down.
    pub(super) gate_down: f64,
    /// up · down.
    pub(super) up_down: f64,
}

impl Dots {
    /// Those of every neuron of a unit.
    pub(super) fn of(unit: &FeedForward) -> Vec<Self> {
        let width = unit.gate.columns.max(1);
        let up = unit.up.as_ref().unwrap_or(&unit.gate);
        let mut dots = vec![Self::default(); unit.gate.rows];
        if up.columns != unit.gate.columns || unit.down.columns != unit.gate.columns {
            return dots;
        }
        dots.par_chunks_mut(BLOCK).enumerate().for_each(|(block, dots)| {
            let [gate, up, down] = [&unit.gate, up, &unit.down]
                .map(|matrix| matrix.values.get(block * BLOCK * width..).unwrap_or_default());
            widest(|| {
                let rows = gate.chunks_exact(width).zip(up.chunks_exact(width)).zip(down.chunks_exact(width));
                for (slot, ((gate, up), down)) in dots.iter_mut().zip(rows) {
                    *slot = Self {
                        gate: dot(gate, gate),
                        up: dot(up, up),
                        down: dot(down, down),
                        gate_up: dot(gate, up),
                        gate_down: dot(gate, down),
                        up_down: dot(up, down),
                    };
                }
            });
        });
        dots
    }

    /// (‖gate‖·‖up‖·‖down‖)²; without a gate (‖inner‖·‖down‖)².
    pub(super) fn squared_salience(&self, gated: bool) -> f64 {
        self.gate * if gated { self.up } else { 1.0 } * self.down
    }
}
