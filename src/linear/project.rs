// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Dot products of every row with every vector.
//!
//! In: rows [n, d] and vectors [k, d]. Out: [n, k]. Three rows are taken with four vectors at a time, twelve sums that
//! stay in registers; a stretch of all vectors stays in the second cache while the rows pass by.

use pulp::{Arch, Simd, WithSimd};

use super::{first, lanes};

/// Values of a row taken together with all vectors.
const STRETCH: usize = 1024;
/// Rows taken together.
const ROWS: usize = 3;
/// Vectors taken together.
const VECTORS: usize = 4;

/// Adds rows [n, d] · vectorsᵀ [d, k] to `out` [n, k]. What does not fit a whole row is left out.
pub(crate) fn add_project(rows: &[f32], vectors: &[f32], d: usize, out: &mut [f32]) {
    if d == 0 || rows.len() < d || vectors.len() < d || out.len() < rows.len() / d * (vectors.len() / d) {
        return;
    }
    Arch::new().dispatch(Project { rows, vectors, d, out });
}

struct Project<'a> {
    rows: &'a [f32],
    vectors: &'a [f32],
    d: usize,
    out: &'a mut [f32],
}

impl WithSimd for Project<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { rows, vectors, d, out } = self;
        let k = vectors.len() / d;
        for from in (0..d).step_by(STRETCH) {
            let to = (from + STRETCH).min(d);
            let mut strips = rows.chunks_exact(ROWS * d);
            let mut outs = out.chunks_exact_mut(ROWS * k);
            for (strip, out) in strips.by_ref().zip(outs.by_ref()) {
                let mut three: [&[f32]; ROWS] = [&[]; ROWS];
                for (row, whole) in three.iter_mut().zip(strip.chunks_exact(d)) {
                    *row = &whole[from..to];
                }
                with_all(simd, three, vectors, (from, to, d), out);
            }
            let left = outs.into_remainder();
            for (row, out) in strips.remainder().chunks_exact(d).zip(left.chunks_exact_mut(k)) {
                with_all(simd, [&row[from..to]], vectors, (from, to, d), out);
            }
        }
    }
}

/// R rows with all vectors, over one stretch.
#[inline(always)]
fn with_all<S: Simd, const R: usize>(
    simd: S,
    rows: [&[f32]; R],
    vectors: &[f32],
    (from, to, d): (usize, usize, usize),
    out: &mut [f32],
) {
    let k = vectors.len() / d;
    let mut groups = vectors.chunks_exact(VECTORS * d);
    let mut at = 0;
    for group in groups.by_ref() {
        let mut four: [&[f32]; VECTORS] = [&[]; VECTORS];
        for (vector, whole) in four.iter_mut().zip(group.chunks_exact(d)) {
            *vector = &whole[from..to];
        }
        let sums = tile(simd, rows, four);
        for (sums, out) in sums.iter().zip(out.chunks_exact_mut(k)) {
            for (sum, slot) in sums.iter().zip(&mut out[at..]) {
                *slot += sum;
            }
        }
        at += VECTORS;
    }
    for vector in groups.remainder().chunks_exact(d) {
        let sums = tile(simd, rows, [&vector[from..to]]);
        for ([sum], out) in sums.iter().zip(out.chunks_exact_mut(k)) {
            out[at] += sum;
        }
        at += 1;
    }
}

/// R·V dot products. Plain loops throughout: a closure would be compiled for the narrowest processor, and registers
/// would be passed to it through memory.
#[inline(always)]
fn tile<S: Simd, const R: usize, const V: usize>(simd: S, rows: [&[f32]; R], vectors: [&[f32]; V]) -> [[f32; V]; R] {
    let count = rows[0].len() / lanes::<S>();
    let whole = count * lanes::<S>();
    let mut heads: [&[S::f32s]; R] = [&[]; R];
    for r in 0..R {
        heads[r] = &S::as_simd_f32s(&rows[r][..whole]).0[..count];
    }
    let mut others: [&[S::f32s]; V] = [&[]; V];
    for v in 0..V {
        others[v] = &S::as_simd_f32s(&vectors[v][..whole]).0[..count];
    }
    let mut sums = [[first(simd, &[]); V]; R];
    for c in 0..count {
        for v in 0..V {
            let other = others[v][c];
            for r in 0..R {
                sums[r][v] = simd.mul_add_e_f32s(heads[r][c], other, sums[r][v]);
            }
        }
    }
    let mut products = [[0.0; V]; R];
    for r in 0..R {
        for v in 0..V {
            let mut sum = simd.reduce_sum_f32s(sums[r][v]);
            for (a, b) in rows[r][whole..].iter().zip(&vectors[v][whole..]) {
                sum += a * b;
            }
            products[r][v] = sum;
        }
    }
    products
}
