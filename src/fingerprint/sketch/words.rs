// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Words: vectors of the residual stream that a network brings with it.
//!
//! In: the feed-forward units of a layer, the embedding and the head. Out: vectors that turn with the stream when it is
//! rotated, and stay when neurons are permuted, rescaled or change sign. The cosines of a neuron with the words describe
//! it in any coordinates, which is enough to find it again roughly.
//!
//! A word starts from one of four sums over the neurons of a unit and is multiplied up to twice by one of three
//! operators (rows of gate, up, down: G, U, D; ĝ, û, d̂ of length one; w = ‖u‖‖d‖ over its mean):
//!
//! v₁ = Σ w ĝ, v₂ = Σ |û·d̂| ĝ, v₃ = Σ w (ĝ·û) û, v₄ = Σ w (ĝ·d̂) d̂;
//! v ↦ (v Uᵀ) D, v ↦ (v Dᵀ) U, v ↦ Σ w (v·ĝ) ĝ
//!
//! The scale of up against down cancels in each. Without a gate U is the inner projection too, whose sign is fixed, so
//! v₃ = Σ w d̂ takes the place of a repeated v₁. Embedding E and head H add the means of their rows, multiplied up to
//! three times by ÊᵀÊ or ĤᵀĤ.

use sha2::{Digest as _, Sha256};

use super::algebra::{combine, dot, normalise, passed, row_dots};
use super::canonical::{FeedForward, Layers, Matrix};
use super::probes::probes;
use crate::fingerprint::record::{FingerprintError, hex};
use crate::linear::widest;

/// Words of a unit: 4 + 12 + 36.
pub(super) const OF_UNIT: usize = 52;
/// Words of the units of the first and of the last layer that every unit is described by.
pub(super) const OF_ENDS: usize = 16;
/// Words of the embedding and the head: 2 + 4 + 8 + 16.
pub(super) const OF_EMBEDDING: usize = 30;
/// Words that describe a neuron.
pub(super) const WORDS: usize = OF_UNIT + 2 * OF_ENDS + OF_EMBEDDING;

/// Words of a stack, common to its layers: [62, d].
pub(super) struct StackWords {
    /// First layer, last layer, embedding.
    common: Matrix,
}

impl StackWords {
    /// Reads the first and the last layer of a stack, and joins their words with those of the embedding.
    pub(super) fn read(source: &Layers<'_>, stack: &str, embedding: &Matrix) -> Result<Self, FingerprintError> {
        let numbers = source.numbers(stack);
        let mut common = Matrix { values: Vec::new(), rows: 0, columns: embedding.columns };
        for number in [numbers.first(), numbers.last()].into_iter().flatten() {
            let mut mean = EndWords::new(embedding.columns);
            for key in source.unit_keys(stack, *number) {
                let unit = source.unit(stack, *number, key)?;
                mean.add(unit.as_ref());
                source.give_back(unit.into_iter().collect());
            }
            append(&mut common, &mean.finished());
        }
        append(&mut common, embedding);
        Ok(Self { common })
    }

    /// Joins the words of the first and the last layer, given by their units, with those of the embedding.
    #[cfg(test)]
    pub(super) fn of_ends(ends: &[&[FeedForward]], embedding: &Matrix) -> Self {
        let mut common = Matrix { values: Vec::new(), rows: 0, columns: embedding.columns };
        for units in ends {
            let mut mean = EndWords::new(embedding.columns);
            units.iter().for_each(|unit| mean.add(Some(unit)));
            append(&mut common, &mean.finished());
        }
        append(&mut common, embedding);
        Self { common }
    }

    /// SHA-256 of the words and of the embeddings of the probe tokens: the same where the same values were read and added
    /// up in the same order.
    pub(super) fn digest(&self, probes: Option<&Matrix>) -> String {
        let mut hasher = Sha256::new();
        for matrix in [Some(&self.common), probes].into_iter().flatten() {
            hasher.update((matrix.values.len() as u64).to_le_bytes());
            matrix.values.iter().for_each(|value| hasher.update(value.to_le_bytes()));
        }
        hex(&hasher.finalize())
    }

    /// Words for the neurons of one unit: its own, and those of the stack: [114, d].
    pub(super) fn of(&self, unit: &FeedForward) -> Matrix {
        let mut words = unit_words(unit, 2);
        append(&mut words, &self.common);
        words
    }
}

/// Mean over the units of a layer of their first words; zeros where there is none: [16, d]. Units are added one at a
/// time: a large mixture does not fit in memory.
struct EndWords {
    sum: Matrix,
    units: usize,
}

impl EndWords {
    fn new(hidden: usize) -> Self {
        let sum = Matrix { values: vec![0.0; OF_ENDS * hidden], rows: OF_ENDS, columns: hidden };
        Self { sum, units: 0 }
    }

    fn add(&mut self, unit: Option<&FeedForward>) {
        let Some(words) = unit.map(|unit| unit_words(unit, 1)) else { return };
        self.units += 1;
        if words.columns == self.sum.columns {
            self.sum.values.iter_mut().zip(&words.values).for_each(|(sum, value)| *sum += value);
        }
    }

    fn finished(mut self) -> Matrix {
        let share = 1.0 / self.units.max(1) as f32;
        self.sum.values.iter_mut().for_each(|value| *value *= share);
        self.sum
    }
}

/// Words of a unit with up to `rounds` operators: [4 + 12 + …, d].
fn unit_words(unit: &FeedForward, rounds: usize) -> Matrix {
    let (gate, down) = (&unit.gate, &unit.down);
    let up = unit.up.as_ref().unwrap_or(gate);
    let length = |square: f64| square.sqrt().max(1e-12);
    let weights: Vec<f64> = unit.dots().iter().map(|dots| length(dots.up) * length(dots.down)).collect();
    let mean = (weights.iter().sum::<f64>() / weights.len().max(1) as f64).max(1e-30);
    let (mut from_gate, mut third, mut from_down) = (Vec::new(), Vec::new(), Vec::new());
    let mut recall = Vec::with_capacity(weights.len());
    for (dots, weight) in unit.dots().iter().zip(&weights) {
        let (g, u, d) = (length(dots.gate), length(dots.up), length(dots.down));
        let w = weight / mean;
        from_gate.extend([(w / g) as f32, ((dots.up_down / (u * d)).abs() / g) as f32]);
        third.push(if unit.up.is_some() { w * dots.gate_up / (g * u * u) } else { w / d } as f32);
        from_down.push((w * dots.gate_down / (g * d * d)) as f32);
        recall.push((w / (g * g)) as f32);
    }
    let neurons = gate.rows;
    let sums = |values, columns, matrix| combine(&Matrix { values, rows: neurons, columns }, matrix);
    let mut words = sums(from_gate, 2, gate);
    append(&mut words, &sums(third, 1, unit.up.as_ref().unwrap_or(down)));
    append(&mut words, &sums(from_down, 1, down));
    normalise(&mut words);
    let recall = Matrix { values: recall, rows: neurons, columns: 1 };
    let alike = Matrix { values: Vec::new(), rows: neurons, columns: 0 };
    let mut current = words.clone();
    for _ in 0..rounds {
        let mut next = passed(up, down, &current, &alike);
        append(&mut next, &passed(down, up, &current, &alike));
        append(&mut next, &passed(gate, gate, &current, &recall));
        normalise(&mut next);
        append(&mut words, &next);
        current = next;
    }
    words
}

/// Words of the embedding and the head: [30, d]; zeros for a stack without an embedding as wide as its stream. Beside
/// them the embeddings of the probe tokens.
pub(super) fn embedding_words(source: &Layers<'_>, stack: &str) -> Result<(Matrix, Option<Matrix>), FingerprintError> {
    let hidden = source.hidden_of(stack).unwrap_or_default();
    let zeros = Matrix { values: vec![0.0; OF_EMBEDDING * hidden], rows: OF_EMBEDDING, columns: hidden };
    let Some(embedding) = source.embedding_of(stack)? else { return Ok((zeros, None)) };
    let head = source.head_of(stack)?;
    let gain = if head.is_none() { source.final_gain_of(stack)? } else { Vec::new() };
    let words = embedding_words_of(&embedding, head.as_ref(), &gain);
    let probes = probes(&embedding);
    Ok(if words.columns == hidden { (words, probes) } else { (zeros, None) })
}

/// Words of an embedding and a head; a tied head is the embedding times `gain`.
fn embedding_words_of(embedding: &Matrix, head: Option<&Matrix>, gain: &[f32]) -> Matrix {
    let tables = match head {
        Some(head) => vec![Table::new(embedding, &[&[]]), Table::new(head, &[gain])],
        None => vec![Table::new(embedding, &[&[], gain])],
    };
    let mut words = Matrix { values: Vec::new(), rows: 0, columns: embedding.columns };
    for table in &tables {
        append(&mut words, &table.means());
    }
    normalise(&mut words);
    let mut current = words.clone();
    for _ in 0..3 {
        let mut next = Matrix { values: Vec::new(), rows: 0, columns: embedding.columns };
        for table in &tables {
            append(&mut next, &table.applied(&current));
        }
        normalise(&mut next);
        append(&mut words, &next);
        current = next;
    }
    words
}

/// A table of tokens as the operators T̂ᵀT̂ of its rows of length one, one operator for each of the gains that its rows
/// are multiplied by. The table is read once for all of them: it is the largest matrix there is.
struct Table<'a> {
    rows: &'a Matrix,
    /// Gains [d]; an empty one is all ones.
    gains: Vec<&'a [f32]>,
    /// 1/‖row‖² by gain: [tokens, gains].
    factors: Matrix,
}

impl<'a> Table<'a> {
    fn new(rows: &'a Matrix, gains: &[&'a [f32]]) -> Self {
        let fits = |gain: &&'a [f32]| if gain.len() == rows.columns { *gain } else { &[] };
        let gains: Vec<&[f32]> = gains.iter().map(fits).collect();
        let mut factors = Matrix { values: vec![0.0; rows.rows * gains.len()], rows: rows.rows, columns: gains.len() };
        for (at, gain) in gains.iter().enumerate() {
            let squares = if gain.is_empty() { row_dots(rows, rows) } else { gained_squares(rows, gain) };
            for (slot, square) in factors.values.iter_mut().skip(at).step_by(gains.len()).zip(squares) {
                *slot = (1.0 / square.max(1e-24)) as f32;
            }
        }
        Self { rows, gains, factors }
    }

    /// Means of the rows: [gains, d].
    fn means(&self) -> Matrix {
        let share = 1.0 / self.rows.rows.max(1) as f32;
        let ones = Matrix { values: vec![share; self.rows.rows], rows: self.rows.rows, columns: 1 };
        let mean = combine(&ones, self.rows);
        self.repeated(&mean)
    }

    /// Every vector through every operator: [gains · k, d].
    fn applied(&self, vectors: &Matrix) -> Matrix {
        let through = passed(self.rows, self.rows, &self.repeated(vectors), &self.factors);
        let count = vectors.values.len();
        let mut out = through;
        for (run, gain) in out.values.chunks_exact_mut(count.max(1)).zip(&self.gains) {
            with_gain(run, gain);
        }
        out
    }

    /// The vectors once for each gain, times it.
    fn repeated(&self, vectors: &Matrix) -> Matrix {
        let mut repeated = Matrix { values: Vec::new(), rows: 0, columns: vectors.columns };
        for gain in &self.gains {
            let mut copy = vectors.clone();
            with_gain(&mut copy.values, gain);
            append(&mut repeated, &copy);
        }
        repeated
    }
}

/// ‖row ∘ gain‖² of every row.
fn gained_squares(rows: &Matrix, gain: &[f32]) -> Vec<f64> {
    let squared: Vec<f32> = gain.iter().map(|gain| gain * gain).collect();
    widest(|| {
        let mut squares = Vec::with_capacity(rows.rows);
        let mut scaled = vec![0.0f32; rows.columns];
        for row in rows.values.chunks_exact(rows.columns.max(1)) {
            for ((slot, value), gain) in scaled.iter_mut().zip(row).zip(&squared) {
                *slot = value * gain;
            }
            squares.push(dot(&scaled, row));
        }
        squares
    })
}

/// Rows as long as the gain, times it.
fn with_gain(rows: &mut [f32], gain: &[f32]) {
    for row in rows.chunks_exact_mut(gain.len().max(1)) {
        row.iter_mut().zip(gain).for_each(|(value, gain)| *value *= gain);
    }
}

/// Appends the rows of `more`, which is as wide.
fn append(matrix: &mut Matrix, more: &Matrix) {
    if matrix.columns == more.columns {
        matrix.values.extend_from_slice(&more.values);
        matrix.rows += more.rows;
    }
}

#[cfg(test)]
mod tests {
    use super::{Matrix, embedding_words_of};
    use crate::fingerprint::mixing::splitmix64;

    fn random(rows: usize, columns: usize, seed: u64) -> Matrix {
        let value = |at| (splitmix64(at + (seed << 32)) >> 40) as f32 / 8_388_608.0 - 0.8;
        Matrix { values: (0..(rows * columns) as u64).map(value).collect(), rows, columns }
    }

    #[test]
    fn words_of_an_embedding_do_not_depend_on_the_order_of_tokens() {
        let (tokens, width) = (90, 12);
        let (embedding, head) = (random(tokens, width, 1), random(tokens, width, 2));
        let moved = |matrix: &Matrix| {
            let values = (0..tokens).flat_map(|at| matrix.row((at * 7) % tokens).to_vec()).collect();
            Matrix { values, ..*matrix }
        };
        let words = embedding_words_of(&embedding, Some(&head), &[]);
        let same = embedding_words_of(&moved(&embedding), Some(&moved(&head)), &[]);
        assert_eq!((words.rows, words.columns), (super::OF_EMBEDDING, width));
        // f32 sums in another order.
        assert!(words.values.iter().zip(&same.values).all(|(a, b)| (a - b).abs() < 1e-4));
    }

    #[test]
    fn a_tied_head_is_the_embedding_times_the_last_gain() {
        let embedding = random(50, 10, 3);
        let gain: Vec<f32> = (0..10u8).map(|at| 0.5 + f32::from(at) / 5.0).collect();
        let mut head = embedding.clone();
        for row in head.values.chunks_exact_mut(10) {
            row.iter_mut().zip(&gain).for_each(|(value, gain)| *value *= gain);
        }
        let tied = embedding_words_of(&embedding, None, &gain);
        let written_out = embedding_words_of(&embedding, Some(&head), &[]);
        assert!(tied.values.iter().zip(&written_out.values).all(|(a, b)| (a - b).abs() < 1e-4));
        assert_ne!(tied, embedding_words_of(&embedding, None, &[]));
    }
}
