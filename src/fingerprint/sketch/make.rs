// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Runs over all layers of all stacks.

use super::canonical::Layers;
use super::circuits::circuits;
use super::neurons::{attention_rows, unit};
use super::record::{LayerSketch, Sketch};
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
    let mut sketches = Vec::new();
    for stack in source.stacks() {
        let numbers = source.numbers(&stack);
        let mut layers = Vec::with_capacity(numbers.len());
        for number in &numbers {
            let layer = source.layer(&stack, *number)?;
            layers.push(LayerSketch {
                layer: *number,
                units: layer.units.iter().map(unit).collect(),
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
