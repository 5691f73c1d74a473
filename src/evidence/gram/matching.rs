// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Pairs the neurons of two units.
//!
//! In: neurons of base (n) and suspect (m ≥ n). Out: for each neuron of the base one of the suspect.
//!
//! The first pairing is by words. Then each neuron is described by its gate cosines with the neurons paired most
//! surely, whitened so that directions shared by many neurons count no more than others, and paired again; up to eight
//! times, with more and more neurons to describe by. With A (n × k) and B (m × k) the centred cosines and
//! C = BᵀB/m + 0.05·λmax, the similarity of two neurons is the cosine of their rows of A C^(−1/2) and B C^(−1/2): inner
//! products need C⁻¹ alone, so a Cholesky factor serves.

use nalgebra::{Cholesky, DMatrix};

use super::neurons::Neurons;
use crate::evidence::assignment::assign;

/// Times that a pairing is refined.
const ROUNDS: usize = 8;
/// Weight of the words beside the cosines.
const WORDS: f32 = 0.3;
/// Share of the largest eigenvalue added to the covariance.
const RIDGE: f32 = 0.05;

/// The neuron of `suspect` for each neuron of `base`; empty if it has fewer.
pub(super) fn matched(base: &Neurons, suspect: &Neurons) -> Vec<usize> {
    let (n, m) = (base.count, suspect.count);
    if n > m {
        return Vec::new();
    }
    // Scores are kept as [m, n] by columns, which is [n, m] by rows.
    let by_words = by_words(&base.words, &suspect.words, m, n);
    let mut scores = by_words.clone();
    let mut partner = assign(scores.as_slice(), n, m);
    for round in 1..=ROUNDS {
        let surest = surest(&scores, &partner, (n * (16 + 3 * round) / 40).max(16).min(n));
        let Some(mut by_gate) = by_gate(base, suspect, &partner, &surest) else { break };
        by_gate.iter_mut().zip(&by_words).for_each(|(score, words)| *score += WORDS * words);
        scores = by_gate;
        let next = assign(scores.as_slice(), n, m);
        if next == partner {
            break;
        }
        partner = next;
    }
    partner
}

/// Inner products of words: [m, n]. Words that one side lacks are left out on both.
fn by_words(base: &DMatrix<f32>, suspect: &DMatrix<f32>, m: usize, n: usize) -> DMatrix<f32> {
    if base.nrows() != suspect.nrows() {
        return DMatrix::zeros(m, n);
    }
    let has = |matrix: &DMatrix<f32>| -> Vec<bool> {
        matrix.row_iter().map(|row| row.iter().any(|value| *value != 0.0)).collect()
    };
    let (here, there) = (has(base), has(suspect));
    if here == there {
        return suspect.transpose() * base;
    }
    let common: Vec<bool> = here.iter().zip(&there).map(|(here, there)| *here && *there).collect();
    without(suspect, &common).transpose() * without(base, &common)
}

/// Words with those not in `common` at zero, both halves of a column (gate; up and down) as long as before.
fn without(words: &DMatrix<f32>, common: &[bool]) -> DMatrix<f32> {
    let mut kept = words.clone();
    let half = words.nrows() / 2;
    for mut column in kept.column_iter_mut() {
        for (from, length) in [(0, half), (half, words.nrows() - half)] {
            let mut part = column.rows_mut(from, length);
            let before = part.norm();
            part.iter_mut().zip(common.iter().skip(from)).for_each(|(value, common)| {
                if !*common {
                    *value = 0.0;
                }
            });
            let after = part.norm();
            if after > 0.0 {
                part *= before / after;
            }
        }
    }
    kept
}

/// The `count` rows whose pairs have the highest scores; of equal ones the first.
fn surest(scores: &DMatrix<f32>, partner: &[usize], count: usize) -> Vec<usize> {
    let sure: Vec<f32> = partner.iter().enumerate().map(|(row, column)| scores[(*column, row)]).collect();
    let mut order: Vec<usize> = (0..sure.len()).collect();
    order.sort_by(|a, b| sure[*b].total_cmp(&sure[*a]));
    order.truncate(count);
    order
}

/// Cosines of the whitened gate cosines: [m, n].
fn by_gate(base: &Neurons, suspect: &Neurons, partner: &[usize], surest: &[usize]) -> Option<DMatrix<f32>> {
    let there: Vec<usize> = surest.iter().map(|row| partner[*row]).collect();
    let (a, b) = (centred(&base.gate, surest), centred(&suspect.gate, &there));
    let k = surest.len();
    let mut covariance = (b.transpose() * &b) / suspect.count as f32;
    let ridge = RIDGE * largest_eigenvalue(&covariance);
    covariance.iter_mut().step_by(k + 1).for_each(|value| *value += ridge);
    let mut inverse = DMatrix::identity(k, k);
    Cholesky::new(covariance)?.l_dirty().solve_lower_triangular_mut(&mut inverse).then_some(())?;
    let whitened = |rows: &DMatrix<f32>| {
        let mut columns = &inverse * rows.transpose();
        columns.column_iter_mut().for_each(|mut column| column /= column.norm().max(1e-12));
        columns
    };
    Some(whitened(&b).transpose() * whitened(&a))
}

/// Columns of `gate` less their means.
fn centred(gate: &DMatrix<f32>, columns: &[usize]) -> DMatrix<f32> {
    let mut chosen = gate.select_columns(columns);
    for mut column in chosen.column_iter_mut() {
        let mean = column.mean();
        column.add_scalar_mut(-mean);
    }
    chosen
}

/// Largest eigenvalue of a positive semidefinite matrix, by the power method from its longest column. A ridge needs no
/// more than a few digits.
fn largest_eigenvalue(matrix: &DMatrix<f32>) -> f32 {
    let mut longest = 0;
    for (at, column) in matrix.column_iter().enumerate() {
        if column.norm_squared() > matrix.column(longest).norm_squared() {
            longest = at;
        }
    }
    let mut vector = matrix.column(longest).clone_owned();
    let mut value = 0.0;
    for _ in 0..30 {
        let norm = vector.norm();
        if norm <= f32::MIN_POSITIVE {
            return value;
        }
        vector /= norm;
        let next = matrix * &vector;
        value = next.dot(&vector);
        vector = next;
    }
    value
}
