// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The neurons of one unit, unpacked.
//!
//! In: a unit of a sketch. Out: words and cosines as numbers. Every length is checked here, so that nothing behind has
//! to.

use std::sync::LazyLock;

use nalgebra::DMatrix;

use crate::fingerprint::Unit;

/// Fewest neurons that are compared.
pub(super) const FEWEST: usize = 16;

/// Cosine that a stored value stands for: sign(v)·(v/127)².
static COSINES: LazyLock<[f32; 256]> = LazyLock::new(|| {
    std::array::from_fn(|at| {
        let value = f32::from(at as u8 as i8) / 127.0;
        value * value.abs()
    })
});

/// Neurons of a unit, strongest first.
pub(super) struct Neurons<'a> {
    /// Number kept, at least [`FEWEST`].
    pub(super) count: usize,
    /// Whether there are up rows.
    pub(super) gated: bool,
    /// Cosines with words: one column a neuron.
    pub(super) words: DMatrix<f32>,
    /// Cosines of gate rows, zeros on the diagonal: [count, count].
    pub(super) gate: DMatrix<f32>,
    /// Cosines of up rows; empty without a gate.
    pub(super) up: Triangle<'a>,
    /// Cosines of down rows.
    pub(super) down: Triangle<'a>,
    /// Index of each neuron in its unit.
    pub(super) indices: &'a [u32],
}

/// Cosines of all pairs of neurons, as stored.
#[derive(Clone, Copy)]
pub(super) struct Triangle<'a>(&'a [i8]);

impl<'a> Neurons<'a> {
    /// Unpacks the first `most` neurons of a unit; `None` if it has too few with words and cosines.
    pub(super) fn of(unit: &'a Unit, most: usize) -> Option<Self> {
        let width = unit.words.columns as usize;
        let described = unit.words.values.len().checked_div(width)?;
        let count = described.min(unit.word_scales.len()).min(unit.indices.len()).min(most);
        let pairs = count * count.saturating_sub(1) / 2;
        let up: &[i8] = if unit.gated { unit.up_gram.get(..pairs)? } else { &[] };
        if count < FEWEST {
            return None;
        }
        let rows = unit.words.values.chunks_exact(width).zip(&unit.word_scales);
        let words = rows.take(count).flat_map(|(row, scale)| {
            let scale = if scale.is_finite() { *scale } else { 0.0 };
            row.iter().map(move |value| f32::from(*value) * scale)
        });
        Some(Self {
            count,
            gated: unit.gated,
            words: DMatrix::from_iterator(width, count, words),
            gate: Triangle(unit.gate_gram.get(..pairs)?).whole(count),
            up: Triangle(up),
            down: Triangle(unit.down_gram.get(..pairs)?),
            indices: unit.indices.get(..count)?,
        })
    }
}

impl Triangle<'_> {
    /// Cosine of two different neurons.
    pub(super) fn at(&self, a: usize, b: usize) -> f32 {
        let (row, column) = if a < b { (a, b) } else { (b, a) };
        let value = self.0.get(column * column.saturating_sub(1) / 2 + row).copied().unwrap_or_default();
        COSINES[usize::from(value as u8)]
    }

    /// Cosines of all pairs of `chosen`, by columns of the strict upper triangle.
    pub(super) fn among(&self, chosen: &[usize]) -> Vec<f64> {
        let mut values = Vec::with_capacity(chosen.len() * chosen.len().saturating_sub(1) / 2);
        for (column, b) in chosen.iter().enumerate() {
            values.extend(chosen.iter().take(column).map(|a| f64::from(self.at(*a, *b))));
        }
        values
    }

    /// The symmetric matrix, with zeros on its diagonal.
    fn whole(self, count: usize) -> DMatrix<f32> {
        let mut matrix = DMatrix::zeros(count, count);
        let mut stored = self.0.iter();
        for column in 0..count {
            for (row, value) in (0..column).zip(&mut stored) {
                let cosine = COSINES[usize::from(*value as u8)];
                matrix[(row, column)] = cosine;
                matrix[(column, row)] = cosine;
            }
        }
        matrix
    }
}
