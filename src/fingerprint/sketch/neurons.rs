// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The feed-forward block in terms that no choice of coordinates changes.
//!
//! In: a feed-forward unit and the words of the network. Out: for the salient neurons of a unit their cosines with the
//! words, and with one another: gate rows ĝ (less the mean over all neurons), up rows û, down rows d̂. A rotation of the
//! residual stream leaves all of them, a permutation of neurons reorders them, a change of sign of up and down shows as
//! a sign.
//!
//! With V the words, all rows of length one, and h neurons:
//!
//! Means, covariances and deviations are those of the 1,024 most salient neurons.
//!
//! X = rows of length one of (Ĝ Vᵀ less its column means)(covariance + ridge)^(−1/2);
//! Y = rows of length one of the standardised columns of (Û Vᵀ)∘(D̂ Vᵀ); W = [X, 0.7·Y].

use nalgebra::DMatrix;
use rayon::prelude::*;

use super::algebra::{cosines, normalise, project, taken, whitening};
use super::canonical::{FeedForward, Matrix};
use super::record::{Rows, Unit};
use super::words::{StackWords, WORDS};
use crate::linear::widest;

/// Neurons kept a unit.
const NEURONS: usize = 256;
/// Neurons, by falling salience, from which means, covariances and deviations are taken: nine for each word. They are
/// the same ones in any order of the neurons, and of a large block they save nearly all of the products.
pub(super) const MEASURED: usize = 1024;
/// Weight of the products of up and down beside the gate.
const PRODUCTS: f32 = 0.7;

/// Neurons of a unit by falling salience ‖gate‖·‖up‖·‖down‖ (without a gate ‖inner‖·‖down‖): scales of up and down
/// against one another cancel, and no rotation of the stream changes it. Ties keep their order.
pub(super) fn salient(unit: &FeedForward) -> Vec<usize> {
    let (dots, gated) = (unit.dots(), unit.up.is_some());
    let mut order: Vec<usize> = (0..dots.len()).collect();
    let key = |at: &usize| dots.get(*at).map_or(0.0, |dots| dots.squared_salience(gated));
    order.sort_by(|a, b| key(b).total_cmp(&key(a)));
    order
}

/// Describes the neurons of one unit, in `order` of salience.
pub(super) fn unit(unit: &FeedForward, order: &[usize], words: &StackWords) -> Unit {
    let mut sketch = Unit::default();
    let kept = order.get(..NEURONS.min(order.len())).unwrap_or_default();
    let measured = order.get(..MEASURED.min(order.len())).unwrap_or_default();
    if let Some(described) = described(unit, &words.of(unit), measured, kept.len()) {
        (sketch.words, sketch.word_scales) = rounded(&described);
        let centre = mean_row(&unit.gate);
        sketch.gate_gram = triangle(&unit.gate, kept, &centre);
        sketch.up_gram = unit.up.as_ref().map(|up| triangle(up, kept, &[])).unwrap_or_default();
        sketch.down_gram = triangle(&unit.down, kept, &[]);
    }
    sketch
}

/// W of the first `kept` of the measured neurons: [kept, 228]; `None` if a value is not finite or nothing varies.
fn described(unit: &FeedForward, words: &Matrix, measured: &[usize], kept: usize) -> Option<Matrix> {
    if words.rows != WORDS {
        return None;
    }
    let up = unit.up.as_ref().unwrap_or(&unit.gate);
    let mut gate = unit_cosines(taken(&unit.gate, measured), words);
    centre_columns(&mut gate);
    let white = whitening(&gate)?;
    let mut x = first_rows_times(&gate, kept, &white);
    normalise(&mut x);
    let mut products = unit_cosines(taken(up, measured), words);
    let downs = unit_cosines(taken(&unit.down, measured), words);
    products.values.iter_mut().zip(downs.values).for_each(|(up, down)| *up *= down);
    centre_columns(&mut products);
    let deviations: Vec<f32> = column_sums(&products, |value| value * value)
        .into_iter()
        .map(|sum| (sum / products.rows.max(1) as f64).sqrt().max(1e-9) as f32)
        .collect();
    products.values.truncate(kept * WORDS);
    let mut y = Matrix { rows: kept, ..products };
    for row in y.values.chunks_exact_mut(WORDS) {
        row.iter_mut().zip(&deviations).for_each(|(value, deviation)| *value /= deviation);
    }
    normalise(&mut y);
    let mut values = Vec::with_capacity(kept * 2 * WORDS);
    for (x, y) in x.values.chunks_exact(WORDS).zip(y.values.chunks_exact(WORDS)) {
        values.extend_from_slice(x);
        values.extend(y.iter().map(|value| value * PRODUCTS));
    }
    let finite = values.iter().all(|value| value.is_finite());
    finite.then_some(Matrix { values, rows: kept, columns: 2 * WORDS })
}

/// Rows of length one times the words: [h, words].
fn unit_cosines(mut matrix: Matrix, words: &Matrix) -> Matrix {
    normalise(&mut matrix);
    project(&matrix, words)
}

/// Sums of f(value) by column, over blocks of a fixed size.
fn column_sums(matrix: &Matrix, f: impl Fn(f64) -> f64 + Sync) -> Vec<f64> {
    let width = matrix.columns.max(1);
    let blocks = matrix.values.par_chunks(4096 * width);
    let partial = blocks.map(|block| {
        let mut sums = vec![0.0; width];
        widest(|| {
            for row in block.chunks_exact(width) {
                for (sum, value) in sums.iter_mut().zip(row) {
                    *sum += f(f64::from(*value));
                }
            }
        });
        sums
    });
    partial.collect::<Vec<_>>().into_iter().fold(vec![0.0; width], |mut total, sums| {
        total.iter_mut().zip(sums).for_each(|(total, sum)| *total += sum);
        total
    })
}

fn centre_columns(matrix: &mut Matrix) {
    let means = mean_row(matrix);
    for row in matrix.values.chunks_exact_mut(matrix.columns.max(1)) {
        row.iter_mut().zip(&means).for_each(|(value, mean)| *value -= mean);
    }
}

fn mean_row(matrix: &Matrix) -> Vec<f32> {
    let rows = matrix.rows.max(1) as f64;
    column_sums(matrix, |value| value).into_iter().map(|sum| (sum / rows) as f32).collect()
}

/// The first `kept` rows of `matrix` times a symmetric square matrix.
fn first_rows_times(matrix: &Matrix, kept: usize, square: &DMatrix<f64>) -> Matrix {
    let columns = matrix.columns;
    let rows = matrix.values.iter().take(kept * columns).map(|value| f64::from(*value));
    let product = square.transpose() * DMatrix::from_iterator(columns, kept, rows);
    Matrix { values: product.iter().map(|value| *value as f32).collect(), rows: kept, columns }
}

/// Strict upper triangle, by columns, of the cosines of the rows at `kept` less `centre`.
fn triangle(matrix: &Matrix, kept: &[usize], centre: &[f32]) -> Vec<i8> {
    let mut rows = taken(matrix, kept);
    for row in rows.values.chunks_exact_mut(matrix.columns.max(1)) {
        row.iter_mut().zip(centre).for_each(|(value, mean)| *value -= mean);
    }
    normalise(&mut rows);
    let gram = cosines(&rows);
    let mut values = Vec::with_capacity(kept.len() * kept.len().saturating_sub(1) / 2);
    for column in 0..kept.len() {
        values.extend(gram.row(column).iter().take(column).map(|value| companded(*value)));
    }
    values
}

/// Signed square root times 127: small cosines, which are most, keep more digits.
fn companded(value: f32) -> i8 {
    (value.abs().sqrt() * 127.0).round_ties_even().copysign(value) as i8
}

/// int8 rows, each with the scale that gives its values back.
fn rounded(matrix: &Matrix) -> (Rows, Vec<f32>) {
    let mut rows = Rows { columns: matrix.columns as u32, values: Vec::with_capacity(matrix.values.len()) };
    let mut scales = Vec::with_capacity(matrix.rows);
    for row in matrix.values.chunks_exact(matrix.columns.max(1)) {
        let largest = row.iter().fold(0.0f32, |most, value| most.max(value.abs()));
        let unit = if largest > 0.0 { 127.0 / largest } else { 0.0 };
        rows.values.extend(row.iter().map(|value| (value * unit).round_ties_even() as i8));
        scales.push(largest / 127.0);
    }
    (rows, scales)
}

#[cfg(test)]
mod tests {
    use nalgebra::DMatrix;

    use super::{FeedForward, Matrix, StackWords, Unit};
    use crate::fingerprint::mixing::splitmix64;
    use crate::fingerprint::sketch::make::units;

    const WIDTH: usize = 24;
    const NEURONS: usize = 80;

    fn random(rows: usize, columns: usize, seed: u64) -> Matrix {
        let value = |at| (splitmix64(at + (seed << 32)) >> 40) as f32 / 8_388_608.0 - 1.0;
        Matrix { values: (0..(rows * columns) as u64).map(value).collect(), rows, columns }
    }

    fn block(seed: u64) -> FeedForward {
        let matrix = |part| random(NEURONS, WIDTH, 10 * seed + part);
        FeedForward { gate: matrix(1), up: Some(matrix(2)), down: matrix(3), ..FeedForward::default() }
    }

    fn turned(matrix: &Matrix, rotation: &DMatrix<f32>) -> Matrix {
        let product = rotation.transpose() * DMatrix::from_column_slice(matrix.columns, matrix.rows, &matrix.values);
        Matrix { values: product.as_slice().to_vec(), ..*matrix }
    }

    fn rotation() -> DMatrix<f32> {
        DMatrix::from_vec(WIDTH, WIDTH, random(WIDTH, WIDTH, 99).values).qr().q()
    }

    fn words(of: &FeedForward, rotation: Option<&DMatrix<f32>>) -> StackWords {
        let embedding = random(super::super::words::OF_EMBEDDING, WIDTH, 7);
        let embedding = rotation.map_or(embedding.clone(), |rotation| turned(&embedding, rotation));
        StackWords::of_ends(&[std::slice::from_ref(of), std::slice::from_ref(of)], &embedding)
    }

    fn only(mut units: Vec<Unit>) -> Unit {
        assert_eq!(units.len(), 1);
        units.pop().unwrap_or_default()
    }

    /// Values one apart are equal but for rounding.
    fn close(a: &[i8], b: &[i8], most: u8) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.abs_diff(*b) <= most)
    }

    #[test]
    fn a_rotation_an_order_of_neurons_and_scales_leave_a_unit_as_it_is() {
        let plain = block(1);
        let q = rotation();
        // Neuron i goes to place 7i mod 80, with a scale and a sign between up and down.
        let from: Vec<usize> = (0..NEURONS).map(|place| (place * 23) % NEURONS).collect();
        assert_eq!((7 * 23) % NEURONS, 1);
        let scale = |neuron: usize| (0.5 + neuron as f32 / 40.0) * if neuron.is_multiple_of(3) { -1.0 } else { 1.0 };
        let moved = |matrix: &Matrix, scale: &dyn Fn(usize) -> f32| {
            let rows = from.iter().flat_map(|at| matrix.row(*at).iter().map(|value| value * scale(*at)));
            turned(&Matrix { values: rows.collect(), ..*matrix }, &q)
        };
        let hidden = FeedForward {
            gate: moved(&plain.gate, &|_| 1.0),
            up: plain.up.as_ref().map(|up| moved(up, &scale)),
            down: moved(&plain.down, &|neuron| 1.0 / scale(neuron)),
            ..FeedForward::default()
        };
        let a = only(units(std::slice::from_ref(&plain), 64, &words(&plain, None)));
        let b = only(units(std::slice::from_ref(&hidden), 64, &words(&hidden, Some(&q))));
        let names: Vec<u32> = b.indices.iter().map(|place| from[*place as usize] as u32).collect();
        assert_eq!(a.indices, names);
        assert!(close(&a.gate_gram, &b.gate_gram, 2));
        let sizes = |gram: &[i8]| gram.iter().map(|value| value.abs()).collect::<Vec<_>>();
        assert!(close(&sizes(&a.up_gram), &sizes(&b.up_gram), 2));
        assert!(close(&sizes(&a.down_gram), &sizes(&b.down_gram), 2));
        assert!(close(&a.words.values, &b.words.values, 3));
        assert_eq!(a.words.columns, 228);
        assert_eq!(a.gate_gram.len(), NEURONS * (NEURONS - 1) / 2);
        assert_ne!(a.up_gram, b.up_gram);
    }

    #[test]
    fn a_block_without_a_gate_has_no_up_rows() {
        let plain = FeedForward { up: None, ..block(2) };
        let unit = only(units(std::slice::from_ref(&plain), 64, &words(&plain, None)));
        assert!(!unit.gated && unit.up_gram.is_empty());
        assert_eq!(unit.down_gram.len(), NEURONS * (NEURONS - 1) / 2);
        assert!(unit.words.values.iter().any(|value| *value != 0));
    }

    #[test]
    fn values_that_are_not_finite_leave_a_unit_without_words() {
        let mut broken = block(3);
        broken.down.values[5] = f32::NAN;
        let unit = only(units(std::slice::from_ref(&broken), 64, &words(&broken, None)));
        assert_eq!(unit.neurons, NEURONS as u32);
        assert!(unit.words.values.is_empty() && unit.down_gram.is_empty());
    }

    #[test]
    fn noisy_copies_have_the_block_they_were_made_from_in_common() {
        let source = block(4);
        let noisy = |matrix: &Matrix, seed: u64| {
            let noise = random(matrix.rows, matrix.columns, seed);
            let values = matrix.values.iter().zip(&noise.values).map(|(value, noise)| value + 0.8 * noise).collect();
            Matrix { values, ..*matrix }
        };
        let experts: Vec<FeedForward> = (0..6)
            .map(|expert| {
                let seed = 100 + 3 * u64::from(expert);
                let mut copy = source.clone();
                copy.expert = Some(expert);
                copy.gate = noisy(&source.gate, seed);
                copy.up = source.up.as_ref().map(|up| noisy(up, seed + 1));
                copy.down = noisy(&source.down, seed + 2);
                copy
            })
            .collect();
        let sketches = units(&experts, 64, &words(&source, None));
        assert_eq!(sketches.len(), 7);
        assert_eq!(sketches.iter().filter(|unit| unit.expert.is_none()).count(), 1);
        let of_source = only(units(std::slice::from_ref(&source), 64, &words(&source, None)));
        // Mean difference of down cosines from those of the source, by neurons.
        let distance = |unit: &Unit| {
            let place = |neuron: u32| unit.indices.iter().position(|at| *at == neuron);
            let (mut sum, mut count) = (0.0, 0);
            for (column, b) in of_source.indices.iter().enumerate() {
                for (row, a) in of_source.indices.iter().take(column).enumerate() {
                    let (Some(x), Some(y)) = (place(*a), place(*b)) else { continue };
                    let (x, y) = (x.min(y), x.max(y));
                    let theirs = unit.down_gram[y * (y - 1) / 2 + x];
                    sum += f64::from(theirs.abs_diff(of_source.down_gram[column * (column - 1) / 2 + row]));
                    count += 1;
                }
            }
            sum / f64::from(count)
        };
        let mean = distance(&sketches[0]);
        assert!(sketches[0].expert.is_none());
        for expert in &sketches[1..] {
            assert!(mean < 0.8 * distance(expert), "{mean} {}", distance(expert));
        }
    }
}
