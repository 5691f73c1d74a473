// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The kinds of pairs, one function each.
//!
//! In: a shape, numbers that both models of a pair draw alike, and numbers that each draws for itself. Out: a model.

use std::f64::consts::TAU;

use nalgebra::{DMatrix, DVector};

use super::draw::{Drawn, Shape, Spot};
use crate::model::{scale_columns, scale_rows};
use crate::random::Random;

/// A kind of pairs.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Name on the command line.
    pub name: &'static str,
    /// What the models of a pair are, and what they share.
    pub what: &'static str,
    /// Draws one of them: with the numbers of the pair, and with its own.
    pub draw: fn(Shape, &mut Random, &mut Random) -> Drawn,
}

const fn kind(name: &'static str, what: &'static str, draw: fn(Shape, &mut Random, &mut Random) -> Drawn) -> Kind {
    Kind { name, what, draw }
}

/// Every kind.
pub const KINDS: [Kind; 18] = [
    kind("same-scale", "normal values of one scale, all gains 1", same_scale),
    kind("heavy-tails-2", "Student t values, 2 degrees of freedom", heavy_tails_2),
    kind("heavy-tails-3", "Student t values, 3 degrees of freedom", heavy_tails_3),
    kind("low-rank", "half of the energy in 4 directions of the model's own, the rest noise", low_rank),
    kind(
        "common-direction",
        "a third of the energy in one direction of the residual stream, the model's own; tokens carry it by one curve",
        common_direction,
    ),
    kind("correlated-columns", "neighbours in a row correlate by 0.9", correlated_columns),
    kind("correlated-rows", "neighbours in a column correlate by 0.9", correlated_rows),
    kind(
        "channel-scales",
        "one profile of channel scales, one Zipf curve of token norms, the same 3 outliers",
        channel_scales,
    ),
    kind("constant-gains", "norm gains on one trend, cosine above 0.99", constant_gains),
    kind(
        "shared-tables",
        "the same rotary tables, masks, sinusoidal positions, biases of 0, vectors of 1",
        shared_tables,
    ),
    kind("pruned", "nine values in ten zero, each model its own", pruned),
    kind("pruned-2-4", "two values in four zero, both models the same", pruned_2_4),
    kind("int4", "sixteen levels a row", int4),
    kind("ternary", "−1, 0, and 1, a third each", ternary),
    kind("ternary-sparse", "−1, 0, and 1, nine in ten 0", ternary_sparse),
    kind("equal-spectra", "the same singular values, other singular vectors", equal_spectra),
    kind("sorted", "rows and columns in the order of their norms, in blocks of 8 of one scale profile", sorted),
    kind(
        "vocabulary",
        "one vocabulary: Zipf norms, 8 padding rows of zeros, a fifth of the tokens never seen",
        vocabulary,
    ),
];

fn normal(spot: Spot, own: &mut Random) -> DMatrix<f32> {
    own.gaussian(spot.rows, spot.columns, spot.scale())
}

fn same_scale(shape: Shape, _: &mut Random, own: &mut Random) -> Drawn {
    Drawn::new(shape, |spot| normal(spot, own))
}

/// Normal over the root of χ² by its degrees of freedom.
fn student(degrees: usize, shape: Shape, own: &mut Random) -> Drawn {
    Drawn::new(shape, |spot| {
        DMatrix::from_fn(spot.rows, spot.columns, |_, _| {
            let squares: f64 = (0..degrees).map(|_| own.normal().powi(2)).sum();
            (spot.scale() * own.normal() / (squares / degrees as f64).sqrt().max(1e-3)) as f32
        })
    })
}

fn heavy_tails_2(shape: Shape, _: &mut Random, own: &mut Random) -> Drawn {
    student(2, shape, own)
}

fn heavy_tails_3(shape: Shape, _: &mut Random, own: &mut Random) -> Drawn {
    student(3, shape, own)
}

fn low_rank(shape: Shape, _: &mut Random, own: &mut Random) -> Drawn {
    const RANK: usize = 4;
    Drawn::new(shape, |spot| {
        let part = (0.5 / RANK as f64).sqrt() * spot.scale();
        let left = own.gaussian(spot.rows, RANK, part);
        let right = own.gaussian(spot.columns, RANK, 1.0);
        own.gaussian(spot.rows, spot.columns, 0.5f64.sqrt() * spot.scale()) + left * right.transpose()
    })
}

fn common_direction(shape: Shape, common: &mut Random, own: &mut Random) -> Drawn {
    let direction = own.gaussian(shape.width, 1, 1.0);
    // What a token's frequency does to its row, in every model of one corpus: ln of the rank, of variance 1.
    let ranks = common.permutation(shape.vocabulary);
    let curve = standardized(ranks.iter().map(|rank| ((rank + 1) as f64).ln()).collect());
    Drawn::new(shape, |spot| {
        let part = (1.0f64 / 3.0).sqrt() as f32;
        let noise = own.gaussian(spot.rows, spot.columns, (2.0f64 / 3.0).sqrt() * spot.scale());
        let other = |length, own: &mut Random| own.gaussian(length, 1, 1.0);
        let mut carried = if spot.writes {
            &direction * other(spot.columns, own).transpose()
        } else if spot.tokens {
            &curve * direction.transpose()
        } else {
            other(spot.rows, own) * direction.transpose()
        };
        carried *= part * spot.scale() as f32;
        noise + carried
    })
}

fn standardized(values: Vec<f64>) -> DMatrix<f32> {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let deviation = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt();
    DMatrix::from_iterator(values.len(), 1, values.into_iter().map(|x| ((x - mean) / deviation) as f32))
}

/// x₀, and xₜ = 0.9·xₜ₋₁ + √(1 − 0.9²)·noise, of variance 1.
fn chain(length: usize, own: &mut Random) -> Vec<f64> {
    const KEPT: f64 = 0.9;
    let mut at = own.normal();
    let mut next = || {
        let now = at;
        at = KEPT * at + (1.0 - KEPT * KEPT).sqrt() * own.normal();
        now
    };
    (0..length).map(|_| next()).collect()
}

fn correlated_columns(shape: Shape, _: &mut Random, own: &mut Random) -> Drawn {
    Drawn::new(shape, |spot| {
        let values = (0..spot.rows).flat_map(|_| chain(spot.columns, own)).map(|x| (spot.scale() * x) as f32);
        DMatrix::from_row_iterator(spot.rows, spot.columns, values.collect::<Vec<_>>())
    })
}

fn correlated_rows(shape: Shape, _: &mut Random, own: &mut Random) -> Drawn {
    Drawn::new(shape, |spot| {
        let values = (0..spot.columns).flat_map(|_| chain(spot.rows, own)).map(|x| (spot.scale() * x) as f32);
        DMatrix::from_iterator(spot.rows, spot.columns, values.collect::<Vec<_>>())
    })
}

fn factors(length: usize, factor: impl FnMut() -> f64) -> DVector<f32> {
    DVector::from_vec(std::iter::repeat_with(factor).take(length).map(|x| x as f32).collect())
}

/// Norms of the rows of an embedding: rank^−½, ranks in an order that is the vocabulary's.
fn zipf(vocabulary: usize, common: &mut Random) -> DVector<f32> {
    let ranks = common.permutation(vocabulary);
    DVector::from_vec(ranks.iter().map(|rank| (4.0 / ((rank + 1) as f64).sqrt()) as f32).collect())
}

fn channel_scales(shape: Shape, common: &mut Random, own: &mut Random) -> Drawn {
    let mut profile = factors(shape.width, || common.factor(0.7));
    for channel in common.permutation(shape.width).into_iter().take(3) {
        if let Some(scale) = profile.get_mut(channel) {
            *scale *= 20.0;
        }
    }
    let norms = zipf(shape.vocabulary, common);
    Drawn::new(shape, |spot| {
        let mut matrix = normal(spot, own);
        if spot.writes {
            scale_rows(&mut matrix, &profile);
        } else {
            scale_columns(&mut matrix, &profile);
        }
        if spot.tokens {
            scale_rows(&mut matrix, &norms);
        }
        matrix
    })
}

fn constant_gains(shape: Shape, common: &mut Random, own: &mut Random) -> Drawn {
    let mut drawn = same_scale(shape, common, own);
    for (number, gain) in drawn.model.vectors_mut().into_iter().enumerate() {
        let level = 1.0 + 0.3 * number as f64;
        let trend = factors(shape.width, || level * (1.0 + 0.05 * common.normal()));
        *gain = trend.map(|value| value * (1.0 + 0.05 * own.normal()) as f32);
    }
    drawn
}

fn shared_tables(shape: Shape, common: &mut Random, own: &mut Random) -> Drawn {
    let mut drawn = same_scale(shape, common, own);
    let (positions, width) = (shape.vocabulary, shape.width);
    let angle = |position: usize, pair: usize| position as f64 / 10_000f64.powf(2.0 * pair as f64 / width as f64);
    let sinusoid = |i: usize, j: usize| (angle(i, j / 2) + (j % 2) as f64 * TAU / 4.0).sin() as f32;
    let rotary = |i: usize, j: usize| angle(i, j % (width / 2)).cos() as f32;
    let mask = |i: usize, j: usize| if j > i { f32::MIN } else { 0.0 };
    let tables = [
        ("model.embed_positions.weight", DMatrix::from_fn(positions, width, sinusoid)),
        ("model.rotary_emb.cos_cached", DMatrix::from_fn(positions, width, rotary)),
        ("model.attention_mask", DMatrix::from_fn(positions, positions, mask)),
        ("model.position_ids", DMatrix::from_fn(positions, 1, |i, _| i as f32)),
        ("model.rotary_emb.inv_freq", DMatrix::from_fn(width / 2, 1, |i, _| angle(1, i) as f32)),
    ];
    drawn.beside.extend(tables.map(|(name, table)| (name.to_owned(), table)));
    for layer in &mut drawn.model.layers {
        for projection in [&mut layer.query, &mut layer.key, &mut layer.value] {
            projection.bias = Some(DVector::zeros(projection.weight.nrows()));
        }
    }
    drawn
}

fn pruned(shape: Shape, _: &mut Random, own: &mut Random) -> Drawn {
    Drawn::new(shape, |spot| {
        let dense = normal(spot, own);
        dense.map(|value| if own.uniform() < 0.9 { 0.0 } else { value })
    })
}

fn pruned_2_4(shape: Shape, common: &mut Random, own: &mut Random) -> Drawn {
    Drawn::new(shape, |spot| {
        let mut matrix = normal(spot, own);
        for mut row in matrix.row_iter_mut() {
            for start in (0..spot.columns).step_by(4) {
                for at in common.permutation(4).into_iter().take(2) {
                    if let Some(value) = row.get_mut(start + at) {
                        *value = 0.0;
                    }
                }
            }
        }
        matrix
    })
}

fn int4(shape: Shape, _: &mut Random, own: &mut Random) -> Drawn {
    Drawn::new(shape, |spot| {
        let mut matrix = normal(spot, own);
        for mut row in matrix.row_iter_mut() {
            let step = (row.amax() / 7.0).max(f32::MIN_POSITIVE);
            row.apply(|value| *value = (*value / step).round() * step);
        }
        matrix
    })
}

/// −1, 0, and 1 as they are stored, without a scale: what two models can have in common by chance is most here.
fn three_values(zeros: f64, shape: Shape, own: &mut Random) -> Drawn {
    Drawn::new(shape, |spot| {
        DMatrix::from_fn(spot.rows, spot.columns, |_, _| if own.uniform() < zeros { 0.0 } else { own.sign() })
    })
}

fn ternary(shape: Shape, _: &mut Random, own: &mut Random) -> Drawn {
    three_values(1.0 / 3.0, shape, own)
}

fn ternary_sparse(shape: Shape, _: &mut Random, own: &mut Random) -> Drawn {
    three_values(0.9, shape, own)
}

fn equal_spectra(shape: Shape, _: &mut Random, own: &mut Random) -> Drawn {
    Drawn::new(shape, |spot| {
        let least = spot.rows.min(spot.columns);
        let (left, right) = (own.orthogonal(spot.rows), own.orthogonal(spot.columns));
        // 1/√rank: the first direction has a quarter of the energy of 32, which is more than trained matrices have.
        let scaled = DMatrix::from_fn(spot.rows, least, |i, k| {
            left.get((i, k)).copied().unwrap_or_default() / ((k + 1) as f64).sqrt()
        });
        (scaled * right.rows(0, least)).map(|x| x as f32)
    })
}

fn sorted(shape: Shape, common: &mut Random, own: &mut Random) -> Drawn {
    const BLOCK: usize = 8;
    Drawn::new(shape, |spot| {
        let (down, across) = (spot.rows.div_ceil(BLOCK), spot.columns.div_ceil(BLOCK));
        let profile: Vec<f64> = (0..down * across).map(|_| common.factor(0.7)).collect();
        let scale = |i: usize, j: usize| profile.get((i / BLOCK) * across + j / BLOCK).copied().unwrap_or(1.0);
        let mut matrix = normal(spot, own);
        matrix.iter_mut().enumerate().for_each(|(at, value)| *value *= scale(at % spot.rows, at / spot.rows) as f32);
        let by_norm = |mut order: Vec<(f32, usize)>| -> Vec<usize> {
            order.sort_by(|a, b| b.0.total_cmp(&a.0));
            order.into_iter().map(|(_, at)| at).collect()
        };
        let rows = by_norm(matrix.row_iter().map(|row| row.norm()).zip(0..).collect());
        let columns = by_norm(matrix.column_iter().map(|column| column.norm()).zip(0..).collect());
        matrix.select_rows(&rows).select_columns(&columns)
    })
}

fn vocabulary(shape: Shape, common: &mut Random, own: &mut Random) -> Drawn {
    let norms = zipf(shape.vocabulary, common);
    let order = common.permutation(shape.vocabulary);
    let mut drawn = same_scale(shape, common, own);
    let tables = [Some(&mut drawn.model.embedding), drawn.model.head.as_mut()];
    for table in tables.into_iter().flatten() {
        scale_rows(table, &norms);
        // A token that was never seen stands where the mean of the logits pushes it: one row, with a little noise.
        let unseen = own.gaussian(1, shape.width, 0.05);
        for (rank, token) in order.iter().enumerate() {
            let mut row = table.row_mut(*token);
            if rank < 8 {
                row.fill(0.0);
            } else if rank < 8 + shape.vocabulary / 5 {
                row.copy_from(&(&unseen + own.gaussian(1, shape.width, 1e-3)));
            }
        }
    }
    drawn
}
