// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Recovers the phases between two heads from their query and key vectors.
//!
//! In: the frames of two circuits. Out: one phase a rotary pair, and how well the heads agree with it.
//!
//! Formula: with A = Σ conj(GH_b)∘GH_s and B = Σ conj(GS_b)∘GS_s over the two roles, the phases e maximise
//! eᴴAe + Re eᵀBe = vᵀNv, where v = (Re e; Im e) and
//! N = [[Re A + Re B, −Im A − Im B], [Im A − Im B, Re A − Re B]].
//! The leading eigenvector of N (by Lanczos) starts a cyclic ascent over the pairs. The score is the maximum divided
//! by the norms of both frames. All in f32: rounding moves a score by 1e-6, and none of it enters the test.

use nalgebra::{DMatrix, SymmetricEigen};

use super::frame::Frame;
use crate::fingerprint::splitmix64;

/// Steps of Lanczos; exact for up to 12 pairs.
const STEPS: usize = 24;
/// Sweeps of the ascent.
const SWEEPS: usize = 9;

/// Room for one pair of heads, used again for the next.
pub(super) struct Sync {
    pairs: usize,
    /// N, [2P, 2P].
    matrix: Vec<f32>,
    /// v.
    vector: Vec<f32>,
    /// Lanczos vectors.
    basis: Vec<f32>,
}

impl Sync {
    /// Room for heads of `pairs` rotary pairs.
    pub(super) fn new(pairs: usize) -> Self {
        let size = 2 * pairs;
        Self { pairs, matrix: vec![0.0; size * size], vector: vec![0.0; size], basis: Vec::new() }
    }

    /// Brings `suspect` into the phases of `base`; returns the score.
    pub(super) fn align(&mut self, base: &Frame, suspect: &Frame) -> f64 {
        self.fill(base, suspect);
        self.leading();
        self.ascend();
        let size = 2 * self.pairs;
        let reached: f64 = self
            .matrix
            .chunks_exact(size)
            .zip(&self.vector)
            .map(|(row, v)| f64::from(*v) * f64::from(dot(row, &self.vector)))
            .sum();
        let norms = base.norm * suspect.norm;
        if norms > 0.0 && reached.is_finite() { reached / norms } else { 0.0 }
    }

    /// The phases last found, as (cos, sin).
    pub(super) fn phases(&self) -> Vec<(f64, f64)> {
        let (re, im) = self.vector.split_at(self.pairs);
        re.iter().zip(im).map(|(re, im)| (f64::from(*re), f64::from(*im))).collect()
    }

    /// Makes N.
    fn fill(&mut self, base: &Frame, suspect: &Frame) {
        let pairs = self.pairs;
        self.matrix.fill(0.0);
        let (upper, lower) = self.matrix.split_at_mut(2 * pairs * pairs);
        for role in 0..2 {
            let first = role * pairs * pairs;
            let ours = base.grams.get(first..).unwrap_or_default().chunks_exact(pairs);
            let theirs = suspect.grams.get(first..).unwrap_or_default().chunks_exact(pairs);
            let rows = upper.chunks_exact_mut(2 * pairs).zip(lower.chunks_exact_mut(2 * pairs));
            for ((upper, lower), (ours, theirs)) in rows.zip(ours.zip(theirs)) {
                let (upper_re, upper_im) = upper.split_at_mut(pairs);
                let (lower_im, lower_re) = lower.split_at_mut(pairs);
                let entries = upper_re.iter_mut().zip(upper_im).zip(lower_im.iter_mut().zip(lower_re));
                for (((re, minus_im), (im, difference)), (b, s)) in entries.zip(ours.iter().zip(theirs)) {
                    let (a_re, a_im) = (b[0] * s[0] + b[1] * s[1], b[0] * s[1] - b[1] * s[0]);
                    let (b_re, b_im) = (b[2] * s[2] + b[3] * s[3], b[2] * s[3] - b[3] * s[2]);
                    *re += a_re + b_re;
                    *minus_im -= a_im + b_im;
                    *im += a_im - b_im;
                    *difference += a_re - b_re;
                }
            }
        }
    }

    /// Sets v to the eigenvector of N's largest eigenvalue, each pair scaled to length 1.
    fn leading(&mut self) {
        let size = 2 * self.pairs;
        for (at, v) in self.vector.iter_mut().enumerate() {
            *v = (splitmix64(at as u64) >> 40) as f32 / (1u32 << 23) as f32 - 1.0;
        }
        let (mut diagonal, mut beside) = (Vec::with_capacity(STEPS), Vec::with_capacity(STEPS));
        self.basis.clear();
        let mut next = self.vector.clone();
        let scale = dot(&self.matrix, &self.matrix).sqrt();
        while diagonal.len() < STEPS.min(size) {
            let length = dot(&next, &next).sqrt();
            let exhausted = if diagonal.is_empty() { 0.0 } else { 1e-5 * scale };
            if length.is_nan() || length <= exhausted {
                break;
            }
            if !diagonal.is_empty() {
                beside.push(f64::from(length));
            }
            for x in &mut next {
                *x /= length;
            }
            self.basis.extend_from_slice(&next);
            let image: Vec<f32> = self.matrix.chunks_exact(size).map(|row| dot(row, &next)).collect();
            diagonal.push(f64::from(dot(&image, &next)));
            next = image;
            for _ in 0..2 {
                for known in self.basis.chunks_exact(size) {
                    let along = dot(&next, known);
                    next.iter_mut().zip(known).for_each(|(x, known)| *x -= along * known);
                }
            }
        }
        let steps = diagonal.len();
        let tridiagonal = DMatrix::from_fn(steps, steps, |i, j| match i.abs_diff(j) {
            0 => diagonal.get(i).copied().unwrap_or_default(),
            1 => beside.get(i.min(j)).copied().unwrap_or_default(),
            _ => 0.0,
        });
        if tridiagonal.iter().any(|x| !x.is_finite()) || steps == 0 {
            return self.normalise();
        }
        let eigen = SymmetricEigen::new(tridiagonal);
        let most = eigen.eigenvalues.iter().enumerate().fold(0, |most, (at, value)| {
            if *value > eigen.eigenvalues.as_slice().get(most).copied().unwrap_or_default() { at } else { most }
        });
        self.vector.fill(0.0);
        for (share, known) in eigen.eigenvectors.column(most).iter().zip(self.basis.chunks_exact(size)) {
            self.vector.iter_mut().zip(known).for_each(|(v, known)| *v += *share as f32 * known);
        }
        self.normalise();
    }

    /// Sets one pair after another to the phase that is best given the others.
    fn ascend(&mut self) {
        let size = 2 * self.pairs;
        for _ in 0..SWEEPS {
            for pair in 0..self.pairs {
                let gradient =
                    |at: usize| self.matrix.get(at * size..(at + 1) * size).map_or(0.0, |row| dot(row, &self.vector));
                let (re, im) = unit(gradient(pair), gradient(self.pairs + pair));
                let (res, ims) = self.vector.split_at_mut(self.pairs);
                if let (Some(slot_re), Some(slot_im)) = (res.get_mut(pair), ims.get_mut(pair)) {
                    (*slot_re, *slot_im) = (re, im);
                }
            }
        }
    }

    fn normalise(&mut self) {
        let (res, ims) = self.vector.split_at_mut(self.pairs);
        for (re, im) in res.iter_mut().zip(ims) {
            (*re, *im) = unit(*re, *im);
        }
    }
}

/// (re, im) scaled to length 1; (1, 0) where there is no direction.
fn unit(re: f32, im: f32) -> (f32, f32) {
    let length = re.hypot(im);
    if length > 0.0 && length.is_finite() { (re / length, im / length) } else { (1.0, 0.0) }
}

/// Σ aᵢbᵢ in eight lanes, so that the loop is vectorised and its order fixed.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 8];
    let (a_blocks, a_rest) = a.as_chunks::<8>();
    let (b_blocks, b_rest) = b.as_chunks::<8>();
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    lanes.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use nalgebra::Complex;

    use super::{Frame, Sync};
    use crate::fingerprint::splitmix64;

    type C = Complex<f32>;

    /// Frame of random vectors of eight dimensions, each turned by its phase.
    fn frame(pairs: usize, seed: u64, phases: &[f32]) -> Frame {
        let value = |at: usize| (splitmix64(seed << 32 | at as u64) >> 40) as f32 / (1 << 23) as f32 - 1.0;
        let vector = |role: usize, pair: usize| -> Vec<C> {
            let first = 16 * (role * pairs + pair);
            let turn = C::from_polar(1.0, phases.get(pair).copied().unwrap_or_default());
            (0..8).map(|k| turn * C::new(value(first + 2 * k), value(first + 2 * k + 1))).collect()
        };
        let mut grams = Vec::new();
        for role in 0..2 {
            for i in 0..pairs {
                for j in 0..pairs {
                    let (x, y) = (vector(role, i), vector(role, j));
                    let h: C = x.iter().zip(&y).map(|(x, y)| x.conj() * y).sum();
                    let s: C = x.iter().zip(&y).map(|(x, y)| x * y).sum();
                    grams.push(if i == j { [0.0; 4] } else { [h.re, h.im, s.re, s.im] });
                }
            }
        }
        let norm = grams.iter().flatten().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt();
        Frame { grams, norm }
    }

    #[test]
    fn phases_are_recovered_up_to_one_sign() {
        for pairs in [4, 8, 14, 32] {
            let phases: Vec<f32> = (0..pairs).map(|pair| 1.3 * pair as f32).collect();
            let mut sync = Sync::new(pairs);
            let score = sync.align(&frame(pairs, 1, &[]), &frame(pairs, 1, &phases));
            assert!((score - 1.0).abs() < 1e-4, "{pairs}: {score}");
            // The phases found undo those put in.
            let left = |pair: usize| {
                let (cos, sin) = sync.phases()[pair];
                Complex::new(cos, sin) * Complex::from_polar(1.0, f64::from(phases[pair]))
            };
            assert!(left(0).im.abs() < 1e-3);
            assert!((0..pairs).all(|pair| (left(pair) - left(0)).norm() < 1e-3));
        }
    }

    #[test]
    fn unrelated_heads_score_less_and_empty_ones_nothing() {
        let mut sync = Sync::new(32);
        assert!(sync.align(&frame(32, 1, &[]), &frame(32, 2, &[])) < 0.5);
        let empty = Frame { grams: vec![[0.0; 4]; 2 * 32 * 32], norm: 0.0 };
        assert_eq!(sync.align(&empty, &empty), 0.0);
        assert!(sync.phases().iter().all(|(cos, sin)| cos.is_finite() && sin.is_finite()));
    }
}
