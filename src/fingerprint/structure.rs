// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Is a matrix made by a formula rather than by training?
//!
//! In: an f32 matrix. Out: why it says nothing about lineage, or `None`. STFT bases, sinusoidal positions, rotary
//! tables, masks, identities and constant buffers are equal in unrelated networks and must never be evidence.
//!
//! Windowed sinusoids and sums of few of them obey a short linear recurrence: each value is a fixed combination of
//! the six before it (a Hann-windowed sinusoid has three frequencies, hence order six). Trained weights do not: the
//! best such predictor leaves nearly all of their energy.

use super::mixing::splitmix64;

/// Order of the linear recurrence looked for.
const ORDER: usize = 6;
/// Rows and columns looked at.
const LINES: usize = 24;
/// A line whose unpredicted share of energy is below this is made by a formula.
const UNPREDICTED: f64 = 2e-3;

/// Returns why the matrix is no evidence of lineage, if so.
pub(super) fn formula(values: &[f32], rows: usize, columns: usize) -> Option<&'static str> {
    if rows.checked_mul(columns)? != values.len() || values.is_empty() {
        return Some("shape does not fit");
    }
    if values.iter().any(|value| !value.is_finite()) {
        return Some("holds NaN or infinity");
    }
    let sample = sampled(values);
    let distinct = distinct(&sample);
    if distinct <= 2 {
        return Some("constant");
    }
    let zeros = sample.iter().filter(|value| **value == 0.0).count();
    if zeros * 100 > sample.len() * 97 {
        return Some("almost all zero");
    }
    if distinct <= 64 && runs(values, rows, columns) < 0.05 {
        return Some("piecewise constant");
    }
    if predictable(values, rows, columns) {
        return Some("obeys a linear recurrence (sinusoids, a ramp)");
    }
    None
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

/// Whether most lines, along rows or along columns, obey a recurrence of order six.
fn predictable(values: &[f32], rows: usize, columns: usize) -> bool {
    let along_rows = || {
        let step = (rows / LINES).max(1);
        values.chunks_exact(columns).step_by(step).take(LINES).map(|row| row.iter().map(|x| f64::from(*x)).collect())
    };
    let along_columns = || {
        let step = (columns / LINES).max(1);
        (0..columns)
            .step_by(step)
            .take(LINES)
            .map(|j| values.iter().skip(j).step_by(columns).take(4096).map(|x| f64::from(*x)).collect::<Vec<f64>>())
    };
    (columns >= 6 * ORDER && mostly_predictable(along_rows()))
        || (rows >= 6 * ORDER && mostly_predictable(along_columns()))
}

fn mostly_predictable(lines: impl Iterator<Item = Vec<f64>>) -> bool {
    let (mut smooth, mut total) = (0, 0);
    for line in lines {
        let energy: f64 = line.iter().map(|x| x * x).sum();
        if energy > 0.0 {
            total += 1;
            smooth += usize::from(unpredicted(&line, energy) < UNPREDICTED);
        }
    }
    total > 0 && smooth * 10 >= total * 7
}

/// Energy that the best linear predictor of order six leaves, as a share of the line's energy.
fn unpredicted(line: &[f64], energy: f64) -> f64 {
    let mut normal = [[0.0f64; ORDER + 1]; ORDER];
    for window in line.windows(ORDER + 1) {
        for (i, row) in normal.iter_mut().enumerate() {
            for (slot, value) in row.iter_mut().zip(window) {
                *slot += window.get(i).copied().unwrap_or_default() * value;
            }
        }
    }
    // A ridge far below single precision: pure sinusoids make the equations singular.
    for (i, row) in normal.iter_mut().enumerate() {
        if let Some(diagonal) = row.get_mut(i) {
            *diagonal += 1e-10 * energy;
        }
    }
    let Some(weights) = solve(normal) else { return 1.0 };
    let left: f64 = line
        .windows(ORDER + 1)
        .map(|window| {
            let predicted: f64 = window.iter().zip(&weights).map(|(x, w)| x * w).sum();
            let target = window.last().copied().unwrap_or_default();
            (target - predicted) * (target - predicted)
        })
        .sum();
    left / energy
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

    #[test]
    fn sinusoidal_positions_rotary_tables_masks_and_identities_are_formulas() {
        let (positions, d) = (512, 64);
        let sinusoids: Vec<f32> = (0..positions)
            .flat_map(|p| {
                (0..d).map(move |i| {
                    let angle = p as f32 / 10000f32.powf((i / 2 * 2) as f32 / d as f32);
                    if i % 2 == 0 { angle.sin() } else { angle.cos() }
                })
            })
            .collect();
        assert!(formula(&sinusoids, positions, d).is_some());
        let mask: Vec<f32> = (0..64).flat_map(|i| (0..64).map(move |j| f32::from(u8::from(j <= i)))).collect();
        assert!(formula(&mask, 64, 64).is_some());
        let identity: Vec<f32> = (0..64).flat_map(|i| (0..64).map(move |j| f32::from(u8::from(j == i)))).collect();
        assert!(formula(&identity, 64, 64).is_some());
        assert!(formula(&[1.0; 4096], 64, 64).is_some());
    }
}
