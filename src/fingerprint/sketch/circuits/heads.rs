// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Cuts the attention of a layer into heads.
//!
//! In: an [`Attention`] whose config tells the heads. Out: one [`Circuit`] a query head; none without rotary positions.

use rayon::prelude::*;

use super::deflate::{deflated, leading_directions};
use super::forms::{Head, circuit};
use super::order::pair_order;
use super::products::dot;
use crate::fingerprint::sketch::canonical::{Attention, Matrix};
use crate::fingerprint::sketch::record::Circuit;

/// Pairs kept of a head.
const PAIRS: usize = 32;
/// Pairs below which a head says nothing: |z| of the test is at most √(2P(P−1)).
const FEWEST_PAIRS: usize = 4;

/// Sketches every query head.
pub(in crate::fingerprint::sketch) fn circuits(attention: &Attention) -> Vec<Circuit> {
    sketched(attention).unwrap_or_default()
}

fn sketched(attention: &Attention) -> Option<Vec<Circuit>> {
    let heads = attention.heads?;
    let width = attention.query.columns;
    let pairs = heads.rotary / 2;
    let same_width = [&attention.key, &attention.value, &attention.output].iter().all(|m| m.columns == width);
    if pairs < FEWEST_PAIRS || width == 0 || !same_width || !heads.query.is_multiple_of(heads.key_value.max(1)) {
        return None;
    }
    let queries = frames(&attention.query, heads.query, pairs)?;
    let keys = frames(&attention.key, heads.key_value, pairs)?;
    // Value rows may be those of the key/value heads or, in latent attention, of the query heads.
    let output_rows = attention.output.rows.checked_div(heads.query).filter(|rows| *rows > 0)?;
    let value_heads = attention.value.rows / output_rows;
    if !heads.query.is_multiple_of(value_heads.max(1)) {
        return None;
    }

    let directions = leading_directions(&[keys.as_slice(), queries.as_slice()].concat(), width);
    let order = pair_order(pairs);
    let kept = |frames: &[f32]| -> Vec<Vec<f32>> {
        frames.chunks_exact(2 * pairs * width).map(|frame| thinned(frame, &order, width, &directions)).collect()
    };
    let (keys, queries) = (kept(&keys), kept(&queries));
    let group = |head: usize, groups: usize| head / (heads.query / groups.max(1)).max(1);
    queries
        .par_iter()
        .enumerate()
        .map(|(number, query)| {
            let rows = |matrix, at| slice(matrix, at * output_rows, output_rows);
            let head = Head {
                number,
                rotary_pairs: pairs,
                key: keys.get(group(number, heads.key_value))?,
                query,
                value: rows(&attention.value, group(number, value_heads))?,
                output: rows(&attention.output, number)?,
            };
            Some(circuit(&head, width))
        })
        .collect()
}

/// Rotated rows of all heads, [heads · 2·pairs, d], each pair a complex vector of unit length: real parts of a head,
/// then its imaginary parts.
fn frames(matrix: &Matrix, heads: usize, pairs: usize) -> Option<Vec<f32>> {
    let rows = matrix.rows.checked_div(heads)?;
    if rows < 2 * pairs || rows * heads != matrix.rows {
        return None;
    }
    let mut frames = Vec::with_capacity(heads * 2 * pairs * matrix.columns);
    for head in 0..heads {
        let mut frame = slice(matrix, head * rows, 2 * pairs)?.to_vec();
        normalise(&mut frame, matrix.columns);
        frames.append(&mut frame);
    }
    Some(frames)
}

/// The first pairs of a frame in `order`, without `directions`.
fn thinned(frame: &[f32], order: &[usize], width: usize, directions: &[f32]) -> Vec<f32> {
    let pairs = order.len();
    let kept = order.iter().take(PAIRS);
    let rows = kept.clone().copied().chain(kept.map(|pair| pair + pairs));
    let chosen: Vec<f32> =
        rows.filter_map(|row| frame.get(row * width..(row + 1) * width)).flatten().copied().collect();
    let mut left = deflated(chosen, directions, width);
    normalise(&mut left, width);
    left
}

/// Scales the complex vectors of a frame [real parts; imaginary parts] to unit length.
fn normalise(frame: &mut [f32], width: usize) {
    let (real, imaginary) = frame.split_at_mut(frame.len() / 2);
    for (real, imaginary) in real.chunks_exact_mut(width).zip(imaginary.chunks_exact_mut(width)) {
        let length = (dot(real, real) + dot(imaginary, imaginary)).sqrt();
        let scale = (1.0 / length.max(1e-12)) as f32;
        real.iter_mut().chain(imaginary).for_each(|x| *x *= scale);
    }
}

fn slice(matrix: &Matrix, first: usize, rows: usize) -> Option<&[f32]> {
    matrix.values.get(first * matrix.columns..(first + rows) * matrix.columns)
}
