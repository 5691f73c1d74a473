// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Is a matrix made by a formula rather than by training?
//!
//! In: an f32 matrix. Out: why it says nothing about lineage, or `None`. STFT bases, filter banks, sinusoidal
//! positions, rotary tables, masks, identities and constant buffers are equal in unrelated networks and must never be
//! evidence.
//!
//! Windowed sinusoids, ramps, decays and sums of few of them obey a short linear recurrence: each value is a fixed
//! combination of the ones before it (a Hann-windowed sinusoid has three frequencies, hence order six). Where they are
//! cut into pieces (a table that starts again in every row of an image) all but the joints do. Trained weights do not:
//! the best such predictor leaves most of their energy, even with three values in ten left out.

use std::borrow::Cow;

use super::mixing::splitmix64;
use crate::linear::widest;

/// Orders of the linear recurrences looked for: a sinusoid alone, which survives more joints, and a windowed one.
const ORDERS: [usize; 2] = [2, ORDER];
const ORDER: usize = 6;
/// Shortest line whose recurrence is looked for; noise of this length keeps half of its energy.
const SHORTEST: usize = 18;
/// Values of a line that are looked at.
const LONGEST: usize = 1024;
/// Shortest line of which the worst predictions are left out.
const LONG: usize = 54;
/// Predictions kept, of a hundred, round by round: the worst few may be what hides the rule that the rest obeys.
const KEPT: [usize; 5] = [100, 95, 90, 80, 70];
/// Rows and columns looked at.
const LINES: usize = 24;
/// A line whose unpredicted share of energy is below this is made by a formula.
const UNPREDICTED: f64 = 2e-3;
/// A line of which this share is unpredicted at first obeys nothing: noise, told at the first look.
const NOISE: f64 = 0.5;
/// Rounding may add this much at most.
const ROUNDING: f64 = 0.05;

/// Returns why the matrix is no evidence of lineage, if so.
pub(super) fn formula(values: &[f32], rows: usize, columns: usize) -> Option<&'static str> {
    if rows.checked_mul(columns)? != values.len() || values.is_empty() {
        return Some("shape does not fit");
    }
    let sample = sampled(values);
    let distinct = distinct(&sample);
    if distinct <= 2 {
        return Some("constant");
    }
    let zeros = sample.iter().filter(|value| **value == 0.0).count();
    if zeros * 100 > sample.len() * 97 || (zeros * 10 > sample.len() * 9 && distinct <= 16) {
        return Some("almost all zero");
    }
    if zeros * 2 > sample.len() && (are_humps(values, rows, columns) || are_humps_down(values, rows, columns)) {
        return Some("a bank of filters, one hump a line");
    }
    if distinct <= 64 && runs(values, rows, columns) < 0.05 {
        return Some("piecewise constant");
    }
    if is_toeplitz(values, rows, columns) {
        return Some("depends on distance alone");
    }
    if predictable(values, rows, columns, step(&sample)) {
        return Some("obeys a linear recurrence (sinusoids, a ramp)");
    }
    None
}

/// Values above this many times the median size are damage or disguise, and no weights.
const OUTLANDISH: f32 = 256.0;

/// The matrix with NaN, infinity and outlandish values set to zero: a single one would otherwise rule every mean.
pub(super) fn tame(values: &[f32]) -> Cow<'_, [f32]> {
    let mut sizes: Vec<f32> = sampled(values).iter().map(|value| value.abs()).filter(|size| size.is_finite()).collect();
    let middle = sizes.len() / 2;
    let median = if sizes.is_empty() { 0.0 } else { *sizes.select_nth_unstable_by(middle, f32::total_cmp).1 };
    let limit = if median > 0.0 { median * OUTLANDISH } else { f32::MAX };
    // NaN is not at most the limit, infinity neither unless the limit is.
    let sound = |value: &f32| value.is_finite() & (value.abs() <= limit);
    // Whole stretches without a way out, which take many values at a time.
    let all = |stretch: &[f32]| stretch.iter().fold(true, |all, value| all & sound(value));
    if widest(|| values.chunks(4096).all(all)) {
        return Cow::Borrowed(values);
    }
    Cow::Owned(values.iter().map(|value| if sound(value) { *value } else { 0.0 }).collect())
}

/// Up to 8,192 values, evenly spread, hashed positions.
fn sampled(values: &[f32]) -> Vec<f32> {
    if values.len() <= 8192 {
        return values.to_vec();
    }
    (0..8192u64).filter_map(|t| values.get((splitmix64(t) % values.len() as u64) as usize).copied()).collect()
}

fn distinct(values: &[f32]) -> usize {
    let mut bits: Vec<u32> = values.iter().map(|value| value.to_bits()).collect();
    bits.sort_unstable();
    bits.dedup();
    bits.len()
}

/// Share of neighbours along rows that differ.
fn runs(values: &[f32], rows: usize, columns: usize) -> f64 {
    let step = (rows / 256).max(1);
    let (mut changes, mut pairs) = (0u64, 0u64);
    for row in values.chunks_exact(columns.max(1)).step_by(step) {
        for pair in row.windows(2) {
            pairs += 1;
            changes += u64::from(pair.first() != pair.last());
        }
    }
    if pairs == 0 { 1.0 } else { changes as f64 / pairs as f64 }
}

/// Whether values go on unchanged along the diagonals, where values far apart are mostly different: linear biases,
/// decays, tables of relative positions.
fn is_toeplitz(values: &[f32], rows: usize, columns: usize) -> bool {
    let at = |i: usize, j: usize| values.get(i * columns + j).copied().unwrap_or_default();
    let (mut seen, mut equal, mut chance) = (0, 0, 0);
    for t in 0..4096u64 {
        let (here, elsewhere) = (splitmix64(t), splitmix64(!t) as usize % values.len().max(1));
        let (i, j) = ((here >> 32) as usize % rows.max(1), here as u32 as usize % columns.max(1));
        let value = at(i, j);
        if i == 0 || j == 0 || value == 0.0 {
            continue;
        }
        seen += 1;
        equal += usize::from(value == at(i - 1, j - 1));
        chance += usize::from(values.get(elsewhere) == Some(&value));
    }
    seen >= 64 && equal * 20 >= seen * 19 && chance * 2 <= seen
}

/// Whether every row that is not zero is one hump: zeros, values of one sign that rise and then fall, zeros.
fn are_humps(values: &[f32], rows: usize, columns: usize) -> bool {
    let step = (rows / 256).max(1);
    values.chunks_exact(columns.max(1)).step_by(step).all(|row| is_hump(row.iter()))
}

/// The same of the columns.
fn are_humps_down(values: &[f32], rows: usize, columns: usize) -> bool {
    let step = (columns / 256).max(1);
    rows > 0 && (0..columns).step_by(step).all(|j| is_hump(values.iter().skip(j).step_by(columns)))
}

fn is_hump<'a>(line: impl Iterator<Item = &'a f32>) -> bool {
    let (mut last, mut falling) = (0.0f32, false);
    for value in line {
        if *value < 0.0 || (falling && *value > last) {
            return false;
        }
        falling |= *value < last;
        last = *value;
    }
    true
}

/// The step of the grid that coarse values stand on; 0 if there are too many to be coarse.
fn step(sample: &[f32]) -> f64 {
    let mut values = sample.to_vec();
    values.sort_by(f32::total_cmp);
    values.dedup();
    if values.len() > 256 {
        return 0.0;
    }
    let gaps = values.windows(2).filter_map(|pair| Some(f64::from(pair.last()? - pair.first()?)));
    let least = gaps.fold(f64::INFINITY, f64::min);
    if least.is_finite() { least } else { 0.0 }
}

/// Whether most lines, along rows or along columns, obey a short recurrence up to rounding.
fn predictable(values: &[f32], rows: usize, columns: usize, step: f64) -> bool {
    let along_rows = || {
        let step = (rows / LINES).max(1);
        values
            .chunks_exact(columns)
            .step_by(step)
            .take(LINES)
            .map(|row| row.iter().take(LONGEST).map(|x| f64::from(*x)).collect())
    };
    let along_columns = || {
        let step = (columns / LINES).max(1);
        (0..columns)
            .step_by(step)
            .take(LINES)
            .map(|j| values.iter().skip(j).step_by(columns).take(LONGEST).map(|x| f64::from(*x)).collect::<Vec<f64>>())
    };
    (columns >= SHORTEST && mostly_predictable(along_rows(), step))
        || (rows >= SHORTEST && mostly_predictable(along_columns(), step))
}

fn mostly_predictable(lines: impl Iterator<Item = Vec<f64>>, step: f64) -> bool {
    let (mut smooth, mut total) = (0, 0);
    for line in lines {
        if line.iter().any(|x| *x != 0.0) {
            total += 1;
            smooth += usize::from(ORDERS.iter().any(|order| obeys(&line, *order, step)));
        }
    }
    total > 0 && smooth * 10 >= total * 7
}

/// Whether the best linear predictor of an order leaves next to nothing of a line; of a long line, of what is left
/// when the predictions that fit worst are dropped, if that still is a good part of the line.
fn obeys(line: &[f64], order: usize, step: f64) -> bool {
    let energy = |windows: &[&[f64]]| windows.iter().filter_map(|w| w.last()).map(|x| x * x).sum::<f64>();
    let mut windows: Vec<&[f64]> = line.windows(order + 1).collect();
    let all = energy(&windows);
    let rounds = if line.len() >= LONG { KEPT.len() } else { 1 };
    for next in KEPT.iter().skip(1).chain([&0]).take(rounds) {
        let kept = energy(&windows);
        let Some(weights) = (kept > 0.3 * all).then(|| predictor(&windows, order, kept)).flatten() else {
            return false;
        };
        let error = |window: &[f64]| {
            let predicted: f64 = window.iter().zip(&weights).map(|(x, w)| x * w).sum();
            (window.last().copied().unwrap_or_default() - predicted).powi(2)
        };
        let left: f64 = windows.iter().map(|window| error(window)).sum();
        // Each value is off by step/√12, and so are those it is predicted from.
        let gain = 1.0 + weights.iter().map(|w| w * w).sum::<f64>();
        let rounding = (windows.len() as f64 * step * step / 12.0 * gain / kept).min(ROUNDING);
        if left < (UNPREDICTED + rounding) * kept {
            return true;
        }
        if left > NOISE * kept {
            return false;
        }
        let mut ranked: Vec<(f64, &[f64])> = line.windows(order + 1).map(|window| (error(window), window)).collect();
        ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
        windows = ranked.iter().take(ranked.len() * next / 100).map(|(_, window)| *window).collect();
    }
    false
}

/// Weights of the best linear predictor of the last value of each window from those before it.
fn predictor(windows: &[&[f64]], order: usize, energy: f64) -> Option<[f64; ORDER]> {
    let mut normal = [[0.0f64; ORDER + 1]; ORDER];
    for window in windows {
        let (target, known) = window.split_last()?;
        for (row, x) in normal.iter_mut().zip(known) {
            for (slot, y) in row.iter_mut().zip(known) {
                *slot += x * y;
            }
            row[ORDER] += x * target;
        }
    }
    // A ridge far below single precision: pure sinusoids make the equations singular, and so do unused rows.
    for (i, row) in normal.iter_mut().enumerate() {
        row[i] += if i < order { 1e-10 * energy } else { 1.0 };
    }
    solve(normal)
}

/// Solves the augmented system by Gaussian elimination with row pivoting.
fn solve(mut m: [[f64; ORDER + 1]; ORDER]) -> Option<[f64; ORDER]> {
    for k in 0..ORDER {
        let pivot = (k..ORDER).max_by(|a, b| m[*a][k].abs().total_cmp(&m[*b][k].abs()))?;
        m.swap(k, pivot);
        if m[k][k].abs() < f64::MIN_POSITIVE {
            return None;
        }
        let lead = m[k];
        for row in m.iter_mut().skip(k + 1) {
            let factor = row[k] / lead[k];
            for (slot, value) in row.iter_mut().zip(lead).skip(k) {
                *slot -= factor * value;
            }
        }
    }
    let mut x = [0.0; ORDER];
    for k in (0..ORDER).rev() {
        let known: f64 = (k + 1..ORDER).map(|j| m[k][j] * x[j]).sum();
        x[k] = (m[k][ORDER] - known) / m[k][k];
    }
    Some(x)
}

#[cfg(test)]
mod tests {
    use super::formula;
    use crate::fingerprint::mixing::splitmix64;

    fn noise(count: usize) -> Vec<f32> {
        (0..count as u64)
            .map(|i| (0..6).map(|k| (splitmix64(i * 7 + k) >> 40) as f32 / (1u32 << 24) as f32 - 0.5).sum())
            .collect()
    }

    #[test]
    fn noise_is_not_a_formula_even_when_low_rank_or_quantized() {
        assert_eq!(formula(&noise(128 * 96), 128, 96), None);
        let (a, b) = (noise(128), noise(96));
        let rank_one: Vec<f32> = a.iter().flat_map(|x| b.iter().map(move |y| x * y)).collect();
        assert_eq!(formula(&rank_one, 128, 96), None);
        let ternary: Vec<f32> = noise(64 * 64).iter().map(|x| (x * 2.0).round().clamp(-1.0, 1.0)).collect();
        assert_eq!(formula(&ternary, 64, 64), None);
    }

    #[test]
    fn a_hann_windowed_fourier_basis_is_a_formula() {
        let (rows, columns) = (66, 128);
        let basis: Vec<f32> = (0..rows)
            .flat_map(|k| {
                (0..columns).map(move |n| {
                    let t = n as f32 * std::f32::consts::TAU / columns as f32;
                    (0.5 - 0.5 * t.cos()) * if k < 33 { (k as f32 * t).cos() } else { ((k - 33) as f32 * t).sin() }
                })
            })
            .collect();
        assert!(formula(&basis, rows, columns).is_some());
    }

    /// A matrix from a function of row and column.
    fn made(rows: usize, columns: usize, value: impl Fn(f64, f64) -> f64) -> Vec<f32> {
        (0..rows * columns).map(|at| value((at / columns) as f64, (at % columns) as f64) as f32).collect()
    }

    /// Rounded to `levels` steps on either side of zero.
    fn rounded(values: &[f32], levels: f32) -> Vec<f32> {
        let step = values.iter().fold(0.0f32, |most, x| most.max(x.abs())) / levels;
        values.iter().map(|x| (x / step).round()).collect()
    }

    #[test]
    fn tables_that_unrelated_networks_share_are_formulas() {
        let sinusoid = |p: f64, i: f64, d: f64| {
            let angle = p / 10000f64.powf((i / 2.0).floor() * 2.0 / d);
            if i % 2.0 == 0.0 { angle.sin() } else { angle.cos() }
        };
        let hump = |i: f64, j: f64| (1.0 - (j - 3.0 * i - 4.0).abs() / (2.0 + i / 6.0)).max(0.0);
        for (what, rows, columns, values) in [
            ("sinusoidal positions", 512, 64, made(512, 64, |p, i| sinusoid(p, i, 64.0))),
            (
                "positions of an image",
                196,
                64,
                made(196, 64, |p, i| {
                    if i < 32.0 { sinusoid((p / 14.0).floor(), i, 32.0) } else { sinusoid(p % 14.0, i - 32.0, 32.0) }
                }),
            ),
            ("rotary angles", 256, 32, made(256, 32, |p, i| p * 10000f64.powf(-i / 32.0))),
            ("cosine transform", 80, 40, made(80, 40, |k, n| (std::f64::consts::PI / 40.0 * (n + 0.5) * k).cos())),
            ("mel filters", 64, 257, made(64, 257, hump)),
            ("mel filters, transposed", 257, 64, made(257, 64, |j, i| hump(i, j))),
            ("a mask", 64, 64, made(64, 64, |i, j| f64::from(u8::from(j <= i)))),
            ("an identity", 64, 64, made(64, 64, |i, j| f64::from(u8::from(j == i)))),
            ("a constant", 64, 64, made(64, 64, |_, _| 1.0)),
            ("a ramp", 64, 64, made(64, 64, |i, j| i * 64.0 + j)),
            (
                "linear biases",
                512,
                64,
                made(512, 64, |i, j| -(2f64.powf(-(i / 64.0).floor() - 1.0) * (i % 64.0 - j).abs())),
            ),
            ("decay with distance", 64, 64, made(64, 64, |i, j| 0.5f64.powf((i - j).abs()))),
            (
                "blurs",
                32,
                81,
                made(32, 81, |i, j| (-((j / 9.0).floor() - 4.0).hypot(j % 9.0 - 4.0) / (1.0 + i / 8.0)).exp()),
            ),
            (
                "a grid of points",
                1600,
                8,
                made(1600, 8, |p, k| if k % 2.0 == 0.0 { p % 40.0 + k } else { (p / 40.0).floor() }),
            ),
            (
                "HiPPO",
                64,
                64,
                made(64, 64, |i, j| if j > i { 0.0 } else { ((1.0 + 2.0 * i) * (1.0 + 2.0 * j)).sqrt() }),
            ),
        ] {
            assert!(formula(&values, rows, columns).is_some(), "{what}");
            let coarse = rounded(&values, 127.0);
            assert!(formula(&coarse, rows, columns).is_some(), "{what} in int8");
        }
    }

    #[test]
    fn trained_looking_weights_are_not_formulas_however_coarse_or_sparse() {
        let noise = noise(128 * 96);
        for levels in [2.0, 7.0, 127.0] {
            assert_eq!(formula(&rounded(&noise, levels), 128, 96), None, "{levels} levels");
        }
        for dropped in [5, 7, 8, 9] {
            let sparse: Vec<f32> = noise
                .iter()
                .enumerate()
                .map(|(i, x)| if splitmix64(!(i as u64)) % 10 < dropped { 0.0 } else { *x })
                .collect();
            assert_eq!(formula(&sparse, 128, 96), None, "{dropped} in ten dropped");
        }
        // Neighbours of a smooth but trained table resemble one another without following from one another.
        let smooth: Vec<f32> = (0..96)
            .flat_map(|j| {
                let mut at = 0.0;
                noise
                    .iter()
                    .skip(j * 128)
                    .take(128)
                    .map(move |x| {
                        at = 0.9 * at + x;
                        at
                    })
                    .collect::<Vec<f32>>()
            })
            .collect();
        assert_eq!(formula(&smooth, 96, 128), None);
    }
}
