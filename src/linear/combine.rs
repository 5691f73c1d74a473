// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Weighted sums of rows.
//!
//! In: rows [n, d] and the factors of k sums. Out: [k, d]. Two registers of columns of six sums are held at a time
//! while a few rows, which then are in the first cache, pass by.

use pulp::{Arch, Simd, WithSimd};

use super::{first, lanes};

/// Rows that pass by together.
const NEAR: usize = 64;
/// Sums held together.
const SUMS: usize = 6;

/// Adds factorsᵀ [k, n] · rows [n, d] to `out` [k, d]; `factors` [n, k] has one row a row of `rows`.
pub(crate) fn add_combine(factors: &[f32], rows: &[f32], d: usize, out: &mut [f32]) {
    let k = out.len().checked_div(d).unwrap_or_default();
    add(Factors { values: factors, row: k, sum: 1 }, rows, d, out);
}

/// Adds factors [k, n] · rows [n, d] to `out` [k, d].
pub(crate) fn add_product(factors: &[f32], rows: &[f32], d: usize, out: &mut [f32]) {
    let n = rows.len().checked_div(d).unwrap_or_default();
    add(Factors { values: factors, row: 1, sum: n }, rows, d, out);
}

/// Factors with the distance from one row to the next, and from one sum to the next.
#[derive(Clone, Copy)]
struct Factors<'a> {
    values: &'a [f32],
    row: usize,
    sum: usize,
}

fn add(factors: Factors<'_>, rows: &[f32], d: usize, out: &mut [f32]) {
    if d == 0 || rows.len() < d || out.len() < d || factors.values.len() < rows.len() / d * (out.len() / d) {
        return;
    }
    Arch::new().dispatch(Combine { factors, rows, d, out });
}

struct Combine<'a> {
    factors: Factors<'a>,
    rows: &'a [f32],
    d: usize,
    out: &'a mut [f32],
}

impl WithSimd for Combine<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { factors, rows, d, out } = self;
        let k = out.len() / d;
        let width = 2 * lanes::<S>();
        for (block, rows) in rows.chunks(NEAR * d).enumerate() {
            let factors = Factors { values: &factors.values[block * NEAR * factors.row..], ..factors };
            let mut from = 0;
            while from + width <= d {
                let mut at = 0;
                while at + SUMS <= k {
                    columns::<S, SUMS>(simd, factors, rows, (from, at, d), out);
                    at += SUMS;
                }
                while at + 2 <= k {
                    columns::<S, 2>(simd, factors, rows, (from, at, d), out);
                    at += 2;
                }
                if at < k {
                    columns::<S, 1>(simd, factors, rows, (from, at, d), out);
                }
                from += width;
            }
            if from < d {
                for (i, row) in rows.chunks_exact(d).enumerate() {
                    for (v, out) in out.chunks_exact_mut(d).enumerate() {
                        let factor = factors.values[i * factors.row + v * factors.sum];
                        for (slot, value) in out[from..].iter_mut().zip(&row[from..]) {
                            *slot += factor * value;
                        }
                    }
                }
            }
        }
    }
}

/// Two registers of columns, from column `from`, of the V sums from sum `at`.
#[inline(always)]
#[expect(clippy::needless_range_loop, reason = "indices into several arrays of constant size, unrolled")]
fn columns<S: Simd, const V: usize>(
    simd: S,
    factors: Factors<'_>,
    rows: &[f32],
    (from, at, d): (usize, usize, usize),
    out: &mut [f32],
) {
    let lanes = lanes::<S>();
    let mut sums = [[first(simd, &[]); 2]; V];
    for v in 0..V {
        let start = (at + v) * d + from;
        sums[v] = [first(simd, &out[start..]), first(simd, &out[start + lanes..])];
    }
    for (i, row) in rows.chunks_exact(d).enumerate() {
        let (a, b) = (first(simd, &row[from..]), first(simd, &row[from + lanes..]));
        let start = i * factors.row + at * factors.sum;
        for v in 0..V {
            let factor = simd.splat_f32s(factors.values[start + v * factors.sum]);
            sums[v][0] = simd.mul_add_e_f32s(a, factor, sums[v][0]);
            sums[v][1] = simd.mul_add_e_f32s(b, factor, sums[v][1]);
        }
    }
    for v in 0..V {
        let start = (at + v) * d + from;
        if let [a, b, ..] = S::as_mut_simd_f32s(&mut out[start..start + 2 * lanes]).0 {
            (*a, *b) = (sums[v][0], sums[v][1]);
        }
    }
}
