// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Signal: feed-forward neurons in any coordinates.
//!
//! In: sketches. Out of a base: the cosines of its most salient neurons in first, middle, and last layer with the words of
//! the network, projected. Rotated streams, permuted neurons, and gains change nothing of them. Out of both: the mean over
//! the base's neurons of the cosine with the suspect's most similar one. Some words are much alike in every network, so
//! cosines are taken after whitening by the covariance C of the suspect's neurons: with C = VΛVᵀ a vector x becomes
//! (Λ + λmax/10)^(−1/2) Vᵀ (x − x̄).

use nalgebra::{DMatrix, SymmetricEigen};

use super::projection::{likeness, mean, numbers, short, unit};
use super::record::evenly;
use crate::fingerprint::{Fingerprint, LayerSketch, Unit};

/// Layers of a base.
const LAYERS: usize = 3;
/// Neurons a layer of a base.
const NEURONS: usize = 8;
/// Layers of a suspect.
const SUSPECT_LAYERS: usize = 32;
/// Neurons a unit of a suspect.
const SUSPECT_NEURONS: usize = 32;
/// Units a layer of a suspect.
const SUSPECT_UNITS: usize = 8;
/// Bytes a neuron is kept as.
pub(super) const BYTES: usize = 48;
/// Numbers in them.
const WIDTH: usize = 2 * BYTES;
const SEED: u64 = 0x6e65_7572_6f6e_7300; // "neurons"
/// Share of the largest eigenvalue added to all.
const RIDGE: f32 = 0.1;
/// Rounds an eigenvalue may take.
const ROUNDS: usize = 10_000;

/// The neurons to keep of a base: those of the deepest stack.
pub(super) fn of_base(print: &Fingerprint) -> Vec<[u8; BYTES]> {
    let stacks = print.sketches.iter().map(|sketch| described(&sketch.layers));
    let layers = stacks.max_by_key(Vec::len).unwrap_or_default();
    let chosen = evenly(layers.len(), LAYERS);
    let units = chosen.into_iter().filter_map(|at| layers.get(at)?.units.iter().find(|unit| has_words(unit)));
    units.flat_map(|unit| neurons(unit, NEURONS)).collect()
}

fn described(layers: &[LayerSketch]) -> Vec<&LayerSketch> {
    layers.iter().filter(|layer| layer.units.iter().any(has_words)).collect()
}

fn has_words(unit: &Unit) -> bool {
    unit.words.count() > 0
}

fn neurons(unit: &Unit, most: usize) -> impl Iterator<Item = [u8; BYTES]> {
    let rows = unit.words.count().min(most);
    (0..rows).zip(&unit.word_scales).map(|(at, scale)| {
        let scale = if scale.is_finite() { *scale } else { 0.0 };
        let cosines: Vec<f32> = unit.words.row(at).iter().map(|value| f32::from(*value) * scale).collect();
        short(&cosines, SEED)
    })
}

/// Neurons of a suspect, whitened.
pub(super) struct OfSuspect {
    mean: [f32; WIDTH],
    whitening: [[f32; WIDTH]; WIDTH],
    neurons: Vec<[f32; WIDTH]>,
}

impl OfSuspect {
    /// Those of all stacks; none if there are too few to whiten by.
    pub(super) fn of(print: &Fingerprint) -> Option<Self> {
        let stacks: Vec<Vec<&LayerSketch>> = print.sketches.iter().map(|sketch| described(&sketch.layers)).collect();
        let mut raw: Vec<[f32; WIDTH]> = Vec::new();
        for layers in &stacks {
            for layer in evenly(layers.len(), SUSPECT_LAYERS).into_iter().filter_map(|at| layers.get(at)) {
                let units = layer.units.iter().filter(|unit| has_words(unit)).take(SUSPECT_UNITS);
                raw.extend(units.flat_map(|unit| neurons(unit, SUSPECT_NEURONS)).map(|neuron| numbers(&neuron)));
            }
        }
        if raw.len() < 2 {
            return None;
        }
        let mean = mean(raw.iter().copied());
        let whitening = whitening(&raw, &mean)?;
        let mut found = Self { mean, whitening, neurons: Vec::new() };
        found.neurons = raw.iter().map(|neuron| found.whitened(neuron)).collect();
        Some(found)
    }

    /// How like the neurons of a base are; none if it has none.
    pub(super) fn likeness(&self, base: &[[u8; BYTES]]) -> Option<f32> {
        likeness(base.iter().map(|neuron| self.whitened(&numbers(neuron))), &self.neurons)
    }

    fn whitened(&self, neuron: &[f32; WIDTH]) -> [f32; WIDTH] {
        let mut whitened = [0f32; WIDTH];
        for ((value, mean), row) in neuron.iter().zip(&self.mean).zip(&self.whitening) {
            let value = value - mean;
            whitened.iter_mut().zip(row).for_each(|(sum, weight)| *sum += value * weight);
        }
        unit(whitened)
    }
}

/// V(Λ + λmax/10)^(−1/2), by rows.
fn whitening(raw: &[[f32; WIDTH]], mean: &[f32; WIDTH]) -> Option<[[f32; WIDTH]; WIDTH]> {
    let centred = DMatrix::from_fn(raw.len(), WIDTH, |row, column| raw[row][column] - mean[column]);
    let covariance = (centred.transpose() * &centred) / raw.len() as f32;
    let eigen = SymmetricEigen::try_new(covariance, f32::EPSILON, ROUNDS)?;
    let largest = eigen.eigenvalues.iter().copied().fold(0.0, f32::max);
    if largest <= 0.0 {
        return None;
    }
    let scale = eigen.eigenvalues.map(|value| 1.0 / (value.max(0.0) + RIDGE * largest).sqrt());
    let weight = |row: usize, column: usize| eigen.eigenvectors[(row, column)] * scale[column];
    Some(std::array::from_fn(|row| std::array::from_fn(|column| weight(row, column))))
}
