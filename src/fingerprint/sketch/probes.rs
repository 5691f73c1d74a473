// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! How a feed-forward block answers a few tokens: what can be had of activations without running the network.
//!
//! In: the embeddings of some tokens and a dense unit. Out: the cosines of its responses to each pair of tokens,
//! r(t) = silu(G eₜ)∘(U eₜ), less their mean over the tokens. Networks that share a vocabulary answer alike because tokens
//! mean what they mean, so the numbers are context beside what unrelated networks score, and no evidence.

use super::algebra::{cosines, project, taken};
use super::canonical::{FeedForward, Matrix};
use super::neurons::MEASURED;
use crate::fingerprint::splitmix64;

/// Tokens.
pub(super) const PROBES: usize = 64;

/// Embeddings of the probe tokens, each of root mean square one: the same ids in every table of one size.
pub(super) fn probes(embedding: &Matrix) -> Option<Matrix> {
    let (rows, columns) = (embedding.rows, embedding.columns);
    if rows < 4 * PROBES {
        return None;
    }
    let mut values = Vec::with_capacity(PROBES * columns);
    for token in 0..PROBES as u64 {
        let row = embedding.row((splitmix64(token) % rows as u64) as usize);
        let square: f64 = row.iter().map(|x| f64::from(*x) * f64::from(*x)).sum();
        let scale = ((columns as f64 / square.max(1e-30)).sqrt()) as f32;
        values.extend(row.iter().map(|x| x * scale));
    }
    Some(Matrix { values, rows: PROBES, columns })
}

/// Strict upper triangle, by columns, of the cosines of a unit's responses: signed square root times 127. Empty if the
/// widths differ. Of a large unit the most salient neurons answer; `order` lists them first.
pub(super) fn responses(unit: &FeedForward, order: &[usize], probes: &Matrix) -> Vec<i8> {
    if unit.gate.columns != probes.columns || probes.rows != PROBES {
        return Vec::new();
    }
    let asked = order.get(..MEASURED.min(order.len())).unwrap_or_default();
    let mut response = project(&taken(&unit.gate, asked), probes);
    response.values.iter_mut().for_each(|x| *x /= 1.0 + (-*x).exp());
    if let Some(up) = &unit.up {
        response.values.iter_mut().zip(project(&taken(up, asked), probes).values).for_each(|(gate, up)| *gate *= up);
    }
    // By token, each neuron less its mean.
    let neurons = response.rows;
    let mut by_token = Matrix { values: vec![0.0; PROBES * neurons], rows: PROBES, columns: neurons };
    for (neuron, row) in response.values.chunks_exact(PROBES).enumerate() {
        let mean = row.iter().sum::<f32>() / PROBES as f32;
        for (slot, x) in by_token.values.iter_mut().skip(neuron).step_by(neurons).zip(row) {
            *slot = x - mean;
        }
    }
    super::algebra::normalise(&mut by_token);
    let gram = cosines(&by_token);
    let below = (0..PROBES).flat_map(|column| gram.row(column).iter().take(column).copied());
    below.map(|x| (x.abs().sqrt() * 127.0).round_ties_even().copysign(x) as i8).collect()
}

#[cfg(test)]
mod tests {
    use super::{PROBES, probes, responses};
    use crate::fingerprint::sketch::canonical::{FeedForward, Matrix};
    use crate::fingerprint::splitmix64;

    fn random(rows: usize, columns: usize, seed: u64) -> Matrix {
        let value = |at: u64| (splitmix64(at + (seed << 32)) >> 40) as f32 / 8_388_608.0 - 1.0;
        Matrix { values: (0..(rows * columns) as u64).map(value).collect(), rows, columns }
    }

    #[test]
    fn the_order_of_neurons_does_not_show_and_other_weights_do() {
        let tokens = probes(&random(300, 16, 1));
        let unit = |seed| FeedForward {
            gate: random(40, 16, seed),
            up: Some(random(40, 16, seed + 1)),
            down: random(40, 16, seed + 2),
            ..FeedForward::default()
        };
        let reversed = |matrix: &Matrix| Matrix {
            values: matrix.values.chunks_exact(16).rev().flatten().copied().collect(),
            ..matrix.clone()
        };
        let plain = unit(5);
        let turned = FeedForward { gate: reversed(&plain.gate), up: plain.up.as_ref().map(reversed), ..plain.clone() };
        let answers = |unit: &FeedForward| {
            tokens.as_ref().map(|tokens| responses(unit, &(0..40).collect::<Vec<_>>(), tokens)).unwrap_or_default()
        };
        assert_eq!(answers(&plain).len(), PROBES * (PROBES - 1) / 2);
        let far = |a: Vec<i8>, b: Vec<i8>| a.iter().zip(&b).filter(|(a, b)| a.abs_diff(**b) > 2).count();
        assert_eq!(far(answers(&plain), answers(&turned)), 0);
        assert!(far(answers(&plain), answers(&unit(50))) > 1000);
        assert!(probes(&random(100, 16, 1)).is_none(), "too few tokens");
    }
}
