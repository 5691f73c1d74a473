// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What the experts of a layer have in common.
//!
//! In: the routed experts of a mixture. Out: one more unit, the mean of their neurons.
//!
//! A dense block that was copied to make experts leaves a noisy copy of itself in each. The experts of one network share
//! its coordinates, so their neurons can be paired directly, whatever was done to the network as a whole: neuron i of a
//! reference goes with the neuron j of an expert of largest s = ĝᵢ·ĝⱼ + |ûᵢ·ûⱼ + d̂ᵢ·d̂ⱼ|, and counts with weight (s/3)²
//! and the sign of the second term. The mean has less noise than any expert, and is closer to the block it came from.
//! The reference is the strongest expert first, then the mean itself. Experts that have nothing in common give a unit
//! that resembles nothing; no base is looked at.

use rayon::prelude::*;

use super::algebra::{dot, normalise, project, taken};
use super::canonical::{FeedForward, Matrix};

/// Experts that are averaged, the strongest.
const EXPERTS: usize = 8;
/// Neurons of each that take part, the most salient.
const NEURONS: usize = 2048;
/// Residual channels by which neurons are paired, evenly spaced.
const CHANNELS: usize = 512;
/// Times that the mean is made.
const ROUNDS: usize = 6;
/// Neurons paired at once: bounds the scores held in memory.
const BLOCK: usize = 256;

/// Mean of experts, which come strongest first, each with its neurons by falling salience; the neurons are those of
/// the first expert, in that order. `None` for fewer than two experts of one kind.
pub(super) fn consensus(experts: &[(&FeedForward, Vec<usize>)]) -> Option<FeedForward> {
    let (first, _) = experts.first()?;
    let experts: Vec<Expert> = experts
        .iter()
        .filter(|(expert, _)| expert.up.is_some() == first.up.is_some() && expert.gate.columns == first.gate.columns)
        .take(EXPERTS)
        .map(|(expert, order)| Expert::of(expert, order.get(..NEURONS.min(order.len())).unwrap_or_default()))
        .collect();
    let (reference, others) = experts.split_first()?;
    if others.is_empty() || reference.whole.gate.rows == 0 {
        return None;
    }
    let mut mean = mean_of(&experts, &reference.view);
    for _ in 1..ROUNDS {
        mean = mean_of(&experts, &View::of(&mean));
    }
    Some(mean)
}

/// An expert's salient neurons.
struct Expert {
    /// With all channels.
    whole: FeedForward,
    view: View,
}

impl Expert {
    fn of(expert: &FeedForward, kept: &[usize]) -> Self {
        let whole = FeedForward {
            gate: taken(&expert.gate, kept),
            up: expert.up.as_ref().map(|up| taken(up, kept)),
            down: taken(&expert.down, kept),
            ..FeedForward::default()
        };
        let view = View::of(&whole);
        Self { whole, view }
    }
}

/// Rows of length one over the channels by which neurons are paired.
struct View {
    gate: Matrix,
    /// Rows that change sign together: up and down; down alone, which has no choice of sign, where there is no gate.
    signed: Vec<Matrix>,
}

impl View {
    fn of(unit: &FeedForward) -> Self {
        Self { gate: narrow(&unit.gate), signed: unit.up.iter().chain([&unit.down]).map(narrow).collect() }
    }

    /// Rows `from..to`.
    fn rows(&self, from: usize, to: usize) -> Self {
        let cut = |matrix: &Matrix| {
            let values = matrix.values.get(from * matrix.columns..to * matrix.columns).unwrap_or_default().to_vec();
            Matrix { values, rows: to - from, columns: matrix.columns }
        };
        Self { gate: cut(&self.gate), signed: self.signed.iter().map(cut).collect() }
    }

    /// For each row the most similar row of `other`, the similarity (at most 1), and the sign.
    fn best(&self, other: &Self) -> Vec<(usize, f32, f32)> {
        let count = other.gate.rows;
        let by_gate = project(&self.gate, &other.gate);
        let mut by_sign = vec![0.0f32; by_gate.values.len()];
        for (ours, theirs) in self.signed.iter().zip(&other.signed) {
            by_sign.iter_mut().zip(project(ours, theirs).values).for_each(|(sum, value)| *sum += value);
        }
        let terms = (1 + self.signed.len()) as f32;
        let free = self.signed.len() > 1;
        by_gate
            .values
            .chunks_exact(count.max(1))
            .zip(by_sign.chunks_exact(count.max(1)))
            .map(|(gate, signed)| {
                let mut best = (0, f32::NEG_INFINITY, 1.0);
                for (at, (gate, signed)) in gate.iter().zip(signed).enumerate() {
                    let sign = if free { signed.signum() } else { 1.0 };
                    let score = gate + sign * signed;
                    if score > best.1 {
                        best = (at, score, sign);
                    }
                }
                (best.0, (best.1 / terms).clamp(0.0, 1.0), best.2)
            })
            .collect()
    }
}

/// Mean over the experts of the neurons most similar to each of the reference.
fn mean_of(experts: &[Expert], reference: &View) -> FeedForward {
    let neurons = reference.gate.rows;
    let blocks: Vec<(usize, usize)> =
        (0..neurons).step_by(BLOCK).map(|from| (from, (from + BLOCK).min(neurons))).collect();
    let pairs: Vec<Vec<(usize, f32, f32)>> = experts
        .iter()
        .map(|expert| {
            blocks.par_iter().flat_map_iter(|(from, to)| reference.rows(*from, *to).best(&expert.view)).collect()
        })
        .collect();
    let of_gate = Sum::of(experts.iter().map(|expert| &expert.whole.gate), &pairs, false);
    let of_down = Sum::of(experts.iter().map(|expert| &expert.whole.down), &pairs, true);
    let of_up = Sum::of(experts.iter().filter_map(|expert| expert.whole.up.as_ref()), &pairs, true);
    let gated = experts.first().is_some_and(|expert| expert.whole.up.is_some());
    // Scales of up against down are no one's choice: both take the root of their product.
    let (up, down) = if gated {
        let root: Vec<f32> = of_up.lengths.iter().zip(&of_down.lengths).map(|(up, down)| (up * down).sqrt()).collect();
        (Some(of_up.scaled(&root)), of_down.scaled(&root))
    } else {
        let lengths = of_down.lengths.clone();
        (None, of_down.scaled(&lengths))
    };
    let lengths = of_gate.lengths.clone();
    FeedForward { gate: of_gate.scaled(&lengths), up, down, ..FeedForward::default() }
}

/// Weighted sum of rows of length one, and the mean of their lengths.
struct Sum {
    rows: Matrix,
    lengths: Vec<f32>,
}

impl Sum {
    /// Sums the rows that are paired with each neuron, in the order of the experts.
    fn of<'a>(matrices: impl Iterator<Item = &'a Matrix>, pairs: &[Vec<(usize, f32, f32)>], signed: bool) -> Self {
        let matrices: Vec<&Matrix> = matrices.collect();
        let columns = matrices.first().map_or(0, |matrix| matrix.columns);
        let neurons = pairs.first().map_or(0, Vec::len);
        let share = 1.0 / matrices.len().max(1) as f64;
        let mut values = vec![0.0f32; neurons * columns];
        let lengths: Vec<f32> = values
            .par_chunks_mut(columns.max(1))
            .enumerate()
            .map(|(neuron, sum)| {
                let mut total = 0.0;
                for (matrix, pairs) in matrices.iter().zip(pairs) {
                    let Some((partner, similarity, sign)) = pairs.get(neuron) else { continue };
                    let row = matrix.row(*partner);
                    let length = dot(row, row).sqrt();
                    total += length * share;
                    let sign = if signed { *sign } else { 1.0 };
                    let factor = sign * similarity * similarity / length.max(1e-12) as f32;
                    sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += factor * value);
                }
                total as f32
            })
            .collect();
        Self { rows: Matrix { values, rows: neurons, columns }, lengths }
    }

    /// The rows with these lengths.
    fn scaled(self, lengths: &[f32]) -> Matrix {
        let mut rows = self.rows;
        normalise(&mut rows);
        for (row, length) in rows.values.chunks_exact_mut(rows.columns.max(1)).zip(lengths) {
            for value in row.iter_mut() {
                *value *= length;
            }
        }
        rows
    }
}

/// Rows of length one over evenly spaced channels.
fn narrow(matrix: &Matrix) -> Matrix {
    let channels = matrix.columns.min(CHANNELS);
    let chosen: Vec<usize> = (0..channels).map(|at| at * matrix.columns / channels.max(1)).collect();
    let mut values = Vec::with_capacity(matrix.rows * channels);
    for row in matrix.values.chunks_exact(matrix.columns.max(1)) {
        values.extend(chosen.iter().filter_map(|at| row.get(*at)));
    }
    let mut narrow = Matrix { values, rows: matrix.rows, columns: channels };
    normalise(&mut narrow);
    narrow
}
