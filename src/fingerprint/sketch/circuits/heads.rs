// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Cuts the attention of a layer into heads.
//!
//! In: an [`Attention`] whose config tells the heads. Out: one [`Circuit`] a query head; none without rotary positions.

use rayon::prelude::*;

use super::deflate::{deflated, leading_directions};
use super::forms::{Head, circuit};
use super::order::pair_order;
use crate::fingerprint::sketch::algebra::dot;
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

#[cfg(test)]
mod tests {
    use nalgebra::DMatrix;

    use super::circuits;
    use crate::fingerprint::mixing::splitmix64;
    use crate::fingerprint::sketch::canonical::{Attention, HeadLayout, Matrix};

    const WIDTH: usize = 32;
    const DIM: usize = 16;
    const LAYOUT: HeadLayout = HeadLayout { query: 4, key_value: 2, dim: DIM, rotary: DIM };

    fn random(rows: usize, columns: usize, seed: u64) -> DMatrix<f32> {
        let value = |at: usize| (splitmix64(seed << 32 | at as u64) >> 40) as f32 / (1 << 23) as f32 - 1.0;
        DMatrix::from_fn(rows, columns, |i, j| value(i * columns + j))
    }

    fn matrix(values: &DMatrix<f32>) -> Matrix {
        let (rows, columns) = values.shape();
        Matrix { values: values.transpose().as_slice().to_vec(), rows, columns }
    }

    struct Weights {
        query: DMatrix<f32>,
        key: DMatrix<f32>,
        value: DMatrix<f32>,
        output: DMatrix<f32>,
    }

    impl Weights {
        fn new() -> Self {
            let of = |heads: usize, seed| random(heads * DIM, WIDTH, seed);
            Self { query: of(4, 1), key: of(2, 2), value: of(2, 3), output: of(4, 4) }
        }

        fn attention(&self) -> Attention {
            Attention {
                query: matrix(&self.query),
                key: matrix(&self.key),
                value: matrix(&self.value),
                output: matrix(&self.output),
                heads: Some(LAYOUT),
            }
        }
    }

    /// Moduli of companded complex values.
    fn moduli(values: &[i8]) -> Vec<f32> {
        let expanded = |x: i8| (f32::from(x) / 127.0).powi(2);
        values.chunks_exact(2).map(|z| expanded(z[0]).hypot(expanded(z[1]))).collect()
    }

    #[test]
    fn what_an_owner_may_change_for_free_changes_only_phases() {
        let mut weights = Weights::new();
        let plain = circuits(&weights.attention());

        // Rows of pair p of a head, as one complex number times c.
        let turn = |rows: &mut DMatrix<f32>, head: usize, pair: usize, re: f32, im: f32| {
            let (first, second) = (head * DIM + pair, head * DIM + DIM / 2 + pair);
            let (x, y) = (rows.row(first).clone_owned(), rows.row(second).clone_owned());
            rows.set_row(first, &(&x * re - &y * im));
            rows.set_row(second, &(&x * im + &y * re));
        };
        for group in 0..2 {
            for pair in 0..DIM / 2 {
                let (size, angle) = (0.5 + 0.2 * pair as f32, (1 + group * 8 + pair) as f32);
                turn(&mut weights.key, group, pair, size * angle.cos(), size * angle.sin());
                for head in [2 * group, 2 * group + 1] {
                    turn(&mut weights.query, head, pair, angle.cos() / size, angle.sin() / size);
                }
            }
            // V → M V and O → M⁻ᵀ O leave OᵀV as it is; M is made well-conditioned.
            let mixing = DMatrix::identity(DIM, DIM) + random(DIM, DIM, 9 + group as u64) * 0.1;
            let inverse = mixing.clone().try_inverse().unwrap_or_default();
            let rows = weights.value.rows(group * DIM, DIM).clone_owned();
            weights.value.rows_mut(group * DIM, DIM).copy_from(&(&mixing * rows));
            for head in [2 * group, 2 * group + 1] {
                let rows = weights.output.rows(head * DIM, DIM).clone_owned();
                weights.output.rows_mut(head * DIM, DIM).copy_from(&(inverse.transpose() * rows));
            }
        }
        let rotation = random(WIDTH, WIDTH, 20).qr().q();
        for rows in [&mut weights.query, &mut weights.key, &mut weights.value, &mut weights.output] {
            *rows = &*rows * &rotation;
        }
        let disguised = circuits(&weights.attention());

        assert_eq!((plain.len(), disguised.len()), (4, 4));
        let mut changed = 0;
        for (a, b) in plain.iter().zip(&disguised) {
            assert_eq!((a.pairs, a.rotary_pairs), (8, 8));
            for (a, b) in [(&a.hermitian, &b.hermitian), (&a.symmetric, &b.symmetric), (&a.form, &b.form)] {
                changed += usize::from(a != b);
                // A form is scaled by its largest part, which the phases change: compare shares of the norm.
                let (a, b) = (moduli(a), moduli(b));
                let norm = |x: &[f32]| x.iter().map(|x| x * x).sum::<f32>().sqrt();
                let (na, nb) = (norm(&a), norm(&b));
                let cosine: f32 = a.iter().zip(&b).map(|(a, b)| a * b).sum::<f32>() / (na * nb);
                assert!(cosine > 0.999, "{cosine}");
            }
        }
        assert_eq!(changed, 12);
    }

    #[test]
    fn nothing_is_made_without_rotary_positions_or_of_rows_that_do_not_fit() {
        let good = Weights::new().attention();
        assert_eq!(circuits(&good).len(), 4);
        let with = |heads| Attention { heads, ..good.clone() };
        assert!(circuits(&with(None)).is_empty());
        assert!(circuits(&with(Some(HeadLayout { rotary: 0, ..LAYOUT }))).is_empty());
        assert!(circuits(&with(Some(HeadLayout { rotary: 6, ..LAYOUT }))).is_empty());
        assert!(circuits(&with(Some(HeadLayout { rotary: 64, ..LAYOUT }))).is_empty());
        assert!(circuits(&with(Some(HeadLayout { query: 0, key_value: 0, ..LAYOUT }))).is_empty());
        assert!(circuits(&with(Some(HeadLayout { query: 3, ..LAYOUT }))).is_empty());
        let mut short = good.clone();
        short.value.values.truncate(40);
        assert!(circuits(&short).is_empty());
        assert!(circuits(&Attention::default()).is_empty());
    }

    #[test]
    fn rotated_rows_may_be_fewer_than_the_rows_of_a_head() {
        let partial = Attention { heads: Some(HeadLayout { rotary: 8, ..LAYOUT }), ..Weights::new().attention() };
        let found = circuits(&partial);
        assert_eq!((found.len(), found[0].pairs, found[0].form.len()), (4, 4, 4 * 8 * 8));
    }

    #[test]
    fn values_that_are_no_numbers_do_no_harm() {
        let mut attention = Weights::new().attention();
        attention.query.values[5] = f32::NAN;
        attention.value.values[70] = f32::INFINITY;
        assert_eq!(circuits(&attention).len(), 4);
    }
}
