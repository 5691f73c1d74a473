// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The test of one pair of heads: do their value–output maps agree in the phases found from queries and keys?
//!
//! In: two unpacked circuits and the phases between them. Out: correlation r and z.
//!
//! Formulas, for the Hermitian and the symmetric map in turn, over the entries (u, u') of different pairs: y_b and y_s
//! are the residuals of the maps after complex least squares on both Grams (copying heads have maps like their Grams in
//! every network); t = conj(y_b)·y_s/‖y_b‖‖y_s‖, summed over the four role blocks to P × P; TH = t + t̄ᵀ and TS = t + tᵀ
//! for p < p'. r = ½ Σ Re(TH + TS); z = 2r / √(½ Σ (|TH|² + |TS|²)), which has mean 0 and variance 1 if the phases of
//! the entries are uniform.

use nalgebra::Complex;

use super::frame::Maps;

type C = Complex<f64>;

/// Correlation of the value–output maps, and the same in units of its standard deviation under uniform phases.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Agreement {
    /// Mean of the correlations of the Hermitian and of the symmetric maps.
    pub(super) r: f64,
    /// z.
    pub(super) z: f64,
}

/// Tests a pair; `phases` are (cos, sin) of each rotary pair of the suspect.
pub(super) fn agreement(base: &Maps, suspect: &Maps, phases: &[(f64, f64)]) -> Agreement {
    let pairs = phases.len();
    let turns: Vec<C> = phases.iter().chain(phases).map(|(cos, sin)| C::new(*cos, *sin)).collect();
    let hermitian = |entries: &[C]| turned(entries, &turns, |left, right| left.conj() * right);
    let symmetric = |entries: &[C]| turned(entries, &turns, |left, right| left * right);
    let ours = |entries: &[C]| turned(entries, &turns, |_, _| C::new(1.0, 0.0));

    let t_hermitian = products(
        [ours(&base.form_hermitian), hermitian(&suspect.form_hermitian)],
        &[ours(&base.gram_hermitian), hermitian(&suspect.gram_hermitian)],
        pairs,
    );
    let t_symmetric = products(
        [ours(&base.form_symmetric), symmetric(&suspect.form_symmetric)],
        &[ours(&base.gram_symmetric), symmetric(&suspect.gram_symmetric)],
        pairs,
    );
    let (mut sum, mut squares) = (0.0, 0.0);
    for row in 0..pairs {
        for column in row + 1..pairs {
            let at = |t: &[C], row: usize, column: usize| t.get(row * pairs + column).copied().unwrap_or_default();
            let h = at(&t_hermitian, row, column) + at(&t_hermitian, column, row).conj();
            let s = at(&t_symmetric, row, column) + at(&t_symmetric, column, row);
            sum += h.re + s.re;
            squares += 0.5 * (h.norm_sqr() + s.norm_sqr());
        }
    }
    let z = if squares > 0.0 && sum.is_finite() { sum / squares.sqrt() } else { 0.0 };
    Agreement { r: if sum.is_finite() { 0.5 * sum } else { 0.0 }, z }
}

/// The entries [2P, 2P] of different pairs, each times a factor made of the phases of its row and its column; zero
/// where a pair meets itself.
fn turned(entries: &[C], turns: &[C], factor: impl Fn(C, C) -> C) -> Vec<C> {
    let pairs = turns.len() / 2;
    let mut result = Vec::with_capacity(entries.len());
    for (row, (line, left)) in entries.chunks_exact(turns.len().max(1)).zip(turns).enumerate() {
        for (column, (entry, right)) in line.iter().zip(turns).enumerate() {
            let same = row % pairs == column % pairs;
            result.push(if same { C::default() } else { entry * factor(*left, *right) });
        }
    }
    result
}

/// t, [P, P], of two maps after regression on `grams`.
fn products(maps: [Vec<C>; 2], grams: &[Vec<C>; 2], pairs: usize) -> Vec<C> {
    let [ours, theirs] = maps.map(|map| residual(map, grams));
    let norm = |map: &[C]| map.iter().map(C::norm_sqr).sum::<f64>().sqrt();
    let scale = 1.0 / (norm(&ours) * norm(&theirs)).max(1e-30);
    let mut sums = vec![C::default(); pairs * pairs];
    let lines = ours.chunks_exact((2 * pairs).max(1)).zip(theirs.chunks_exact((2 * pairs).max(1)));
    for (row, (ours, theirs)) in lines.enumerate() {
        let first = row % pairs * pairs;
        let Some(slots) = sums.get_mut(first..first + pairs) else { continue };
        for (ours, theirs) in ours.chunks_exact(pairs).zip(theirs.chunks_exact(pairs)) {
            for ((slot, ours), theirs) in slots.iter_mut().zip(ours).zip(theirs) {
                *slot += ours.conj() * theirs * scale;
            }
        }
    }
    sums
}

/// `map` less its complex least-squares fit by the two Grams.
fn residual(mut map: Vec<C>, [first, second]: &[Vec<C>; 2]) -> Vec<C> {
    let inner = |a: &[C], b: &[C]| a.iter().zip(b).map(|(a, b)| a.conj() * b).sum::<C>();
    let (aa, bb) = (inner(first, first).re, inner(second, second).re);
    // Keeps the equations solvable where both Grams are one matrix, as those of a copy are.
    let ridge = 1e-9 * aa.max(bb) + 1e-30;
    let (aa, bb) = (aa + ridge, bb + ridge);
    let ab = inner(first, second);
    let (ay, by) = (inner(first, &map), inner(second, &map));
    let determinant = aa * bb - ab.norm_sqr();
    if determinant > 0.0 {
        let (x, y) = ((ay * bb - ab * by) / determinant, (by * aa - ab.conj() * ay) / determinant);
        map.iter_mut().zip(first.iter().zip(second)).for_each(|(value, (a, b))| *value -= x * a + y * b);
    }
    map
}

#[cfg(test)]
mod tests {
    use nalgebra::Complex;

    use super::{Agreement, agreement};
    use crate::evidence::circuit::frame::Maps;
    use crate::fingerprint::splitmix64;

    const PAIRS: usize = 8;

    fn random(seed: u64) -> Vec<Complex<f64>> {
        let value = |at: u64| (splitmix64(seed << 32 | at) >> 11) as f64 / (1u64 << 53) as f64 - 0.5;
        (0..4 * (PAIRS * PAIRS) as u64).map(|at| Complex::new(value(2 * at), value(2 * at + 1))).collect()
    }

    fn maps(seed: u64) -> Maps {
        Maps {
            gram_hermitian: random(seed),
            gram_symmetric: random(seed + 1),
            form_hermitian: random(seed + 2),
            form_symmetric: random(seed + 3),
        }
    }

    #[test]
    fn a_head_agrees_with_itself_turned_by_any_phases() {
        let base = maps(1);
        let turns: Vec<Complex<f64>> = (0..PAIRS).map(|p| Complex::from_polar(1.0, 0.7 * p as f64)).collect();
        let turn = |entries: &[Complex<f64>], hermitian: bool| -> Vec<Complex<f64>> {
            let at = |u: usize| turns[u % PAIRS].conj();
            let factor = |u, v| if hermitian { at(u).conj() * at(v) } else { at(u) * at(v) };
            entries.iter().enumerate().map(|(i, x)| x * factor(i / (2 * PAIRS), i % (2 * PAIRS))).collect()
        };
        let suspect = Maps {
            gram_hermitian: turn(&base.gram_hermitian, true),
            gram_symmetric: turn(&base.gram_symmetric, false),
            form_hermitian: turn(&base.form_hermitian, true),
            form_symmetric: turn(&base.form_symmetric, false),
        };
        let phases: Vec<(f64, f64)> = turns.iter().map(|turn| (turn.re, turn.im)).collect();
        let Agreement { r, z } = agreement(&base, &suspect, &phases);
        // Both Grams are one matrix here, and the equations are solvable by their ridge of 1e-9 only.
        assert!((r - 1.0).abs() < 1e-6, "{r}");
        assert!(z > 8.0 && z <= (2.0 * (PAIRS * (PAIRS - 1)) as f64).sqrt() + 1e-6, "{z}");
    }

    #[test]
    fn uniform_phases_give_mean_zero_and_variance_one() {
        let phases = vec![(1.0, 0.0); PAIRS];
        let draws: Vec<f64> = (0..2000).map(|draw| agreement(&maps(1), &maps(100 + 4 * draw), &phases).z).collect();
        let mean = draws.iter().sum::<f64>() / 2000.0;
        let variance = draws.iter().map(|z| z * z).sum::<f64>() / 2000.0;
        // Four standard errors: 4/√2000 and 4·√(2/2000).
        assert!(mean.abs() < 0.09 && (variance - 1.0).abs() < 0.13, "{mean} {variance}");
    }
}
