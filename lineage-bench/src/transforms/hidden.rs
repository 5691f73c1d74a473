// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The width of the residual stream: channels added and removed.

use nalgebra::{DMatrix, DVector};

use crate::model::{Llama, deviation};
use crate::random::Random;

/// Channels added or removed, as a share of those there.
const SHARE: f64 = 0.25;

/// Adds a quarter more channels that nothing writes to; what reads them is random.
///
/// They are always 0, so the mean square of a norm shrinks by d/(d+n): gains are multiplied by √(d/(d+n)) and ε by
/// d/(d+n), which restores it.
pub(super) fn append_silent(model: &mut Llama, random: &mut Random) {
    let width = model.width();
    let added = (SHARE * width as f64) as usize;
    let share = width as f64 / (width + added) as f64;
    model.untie();
    append(model, added, &mut |rows, sigma| random.gaussian(rows, added, sigma), |_| DMatrix::zeros(0, 0));
    model.embedding.columns_mut(width, added).fill(0.0);
    model.epsilon *= share;
    for gain in gains(model) {
        *gain *= share.sqrt() as f32;
    }
}

/// Adds a quarter more channels that everything reads and writes, at random.
pub(super) fn append_random(model: &mut Llama, random: &mut Random) {
    let added = (SHARE * model.width() as f64) as usize;
    let mut seeds = Random::new(random.bits());
    append(model, added, &mut |rows, sigma| random.gaussian(rows, added, sigma), |writer| {
        seeds.gaussian(added, writer.ncols(), deviation(writer.as_slice()))
    });
}

/// Removes a random quarter of the channels (an even number stays).
pub(super) fn prune(model: &mut Llama, random: &mut Random) {
    let width = model.width();
    let mut kept = random.permutation(width);
    kept.truncate(width - (SHARE * width as f64) as usize);
    kept.sort_unstable();
    for gain in gains(model) {
        *gain = gain.select_rows(&kept);
    }
    let reader = |matrix: &mut DMatrix<f32>| *matrix = matrix.select_columns(&kept);
    reader(&mut model.embedding);
    model.head.as_mut().into_iter().for_each(reader);
    for layer in &mut model.layers {
        layer.attention_readers().into_iter().for_each(reader);
        layer.feed_forward_readers().into_iter().for_each(reader);
        layer.writers().into_iter().for_each(|writer| *writer = writer.select_rows(&kept));
    }
}

fn gains(model: &mut Llama) -> Vec<&mut DVector<f32>> {
    let layers = model.layers.iter_mut().flat_map(|layer| [&mut layer.attention_gain, &mut layer.feed_forward_gain]);
    layers.chain([&mut model.final_gain]).collect()
}

/// Grows everything by `added` channels: readers by columns of `read`(rows, σ), writers by the rows `written` gives
/// (none: zeros), gains by 1.
fn append(
    model: &mut Llama,
    added: usize,
    read: &mut dyn FnMut(usize, f64) -> DMatrix<f32>,
    mut written: impl FnMut(&DMatrix<f32>) -> DMatrix<f32>,
) {
    let width = model.width();
    let mut reader = |matrix: &mut DMatrix<f32>| {
        let columns = read(matrix.nrows(), deviation(matrix.as_slice()));
        *matrix = matrix.clone().resize_horizontally(width + added, 0.0);
        matrix.columns_mut(width, added).copy_from(&columns);
    };
    reader(&mut model.embedding);
    model.head.as_mut().into_iter().for_each(&mut reader);
    for layer in &mut model.layers {
        layer.attention_readers().into_iter().for_each(&mut reader);
        layer.feed_forward_readers().into_iter().for_each(&mut reader);
        for writer in layer.writers() {
            let rows = written(writer);
            *writer = writer.clone().resize_vertically(width + added, 0.0);
            if rows.nrows() == added {
                writer.rows_mut(width, added).copy_from(&rows);
            }
        }
    }
    for gain in gains(model) {
        *gain = gain.clone().resize_vertically(width + added, 1.0);
    }
}
