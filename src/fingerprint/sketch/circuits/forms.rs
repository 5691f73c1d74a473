// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The stored numbers of one circuit.
//!
//! In: the vectors z of a key and a query head, and the value and output rows they work with. Out: a [`Circuit`].
//!
//! Formulas, X = [K; Q] the 2P unit vectors, V and O the value and output rows [v, d]:
//! Hermitian Gram X̄Xᵀ, symmetric Gram XXᵀ, Hermitian form (X̄Oᵀ)(XVᵀ)ᵀ, symmetric form (XOᵀ)(XVᵀ)ᵀ. Every value is
//! companded to int8: sgn(x)·√|x|·127, the forms divided by their largest part.

use super::products::times_transposed;
use crate::fingerprint::sketch::record::Circuit;

/// One head of a layer; the frame and the value–output map are apart, so that they may come from different rows.
pub(super) struct Head<'a> {
    /// Number of the query head.
    pub(super) number: usize,
    /// Rotary pairs of a head.
    pub(super) rotary_pairs: usize,
    /// Key vectors, [2P, d]: real parts, then imaginary parts.
    pub(super) key: &'a [f32],
    /// Query vectors, likewise.
    pub(super) query: &'a [f32],
    /// Value rows, [v, d].
    pub(super) value: &'a [f32],
    /// Output rows, [v, d].
    pub(super) output: &'a [f32],
}

/// Sketches one head of a stream of `width` channels.
pub(super) fn circuit(head: &Head, width: usize) -> Circuit {
    let half = head.key.len() / 2;
    let pairs = half.checked_div(width).unwrap_or_default();
    let (key, query) = (head.key.split_at(half), head.query.split_at(half.min(head.query.len())));
    // Real parts of all 2P vectors, then imaginary parts.
    let vectors = [key.0, query.0, key.1, query.1].concat();
    let inner = head.value.len().checked_div(width).unwrap_or_default();
    let written = times_transposed(&vectors, head.output, width);
    let read = times_transposed(&vectors, head.value, width);

    let grams = Products { size: 2 * pairs, values: times_transposed(&vectors, &vectors, width) };
    let forms = Products { size: 2 * pairs, values: times_transposed(&written, &read, inner) };
    let (hermitian, symmetric) = grams.triangles();
    let (form, form_scale) = forms.whole();
    Circuit {
        head: head.number as u32,
        rotary_pairs: head.rotary_pairs as u32,
        pairs: pairs as u32,
        hermitian,
        symmetric,
        form,
        form_scale,
    }
}

/// Real inner products of the real and imaginary parts of 2P vectors with those of 2P others, [4P, 4P].
struct Products {
    size: usize,
    values: Vec<f32>,
}

/// The Hermitian and the symmetric product at one place, each (real, imaginary).
type Both = ([f32; 2], [f32; 2]);

impl Products {
    fn at(&self, row: usize, column: usize) -> Both {
        let value = |i: usize, j: usize| self.values.get(i * 2 * self.size + j).copied().unwrap_or_default();
        let (rr, ii) = (value(row, column), value(row + self.size, column + self.size));
        let (ri, ir) = (value(row, column + self.size), value(row + self.size, column));
        ([rr + ii, ri - ir], [rr - ii, ri + ir])
    }

    /// Upper triangles by columns: Hermitian without, symmetric with the diagonal.
    fn triangles(&self) -> (Vec<i8>, Vec<i8>) {
        let (mut hermitian, mut symmetric) = (Vec::new(), Vec::new());
        for column in 0..self.size {
            for row in 0..=column {
                let (h, s) = self.at(row, column);
                if row < column {
                    hermitian.extend(h.map(companded));
                }
                symmetric.extend(s.map(companded));
            }
        }
        (hermitian, symmetric)
    }

    /// All entries by rows, Hermitian then symmetric, divided by the largest part, which is returned relative to their
    /// common Frobenius norm.
    fn whole(&self) -> (Vec<i8>, f32) {
        let places = || (0..self.size).flat_map(|row| (0..self.size).map(move |column| (row, column)));
        let (mut largest, mut squares) = (0.0f32, 0.0f64);
        for (row, column) in places() {
            let (h, s) = self.at(row, column);
            for part in [h[0], h[1], s[0], s[1]] {
                largest = largest.max(part.abs());
                squares += f64::from(part) * f64::from(part);
            }
        }
        let scale = if largest > 0.0 && largest.is_finite() { 1.0 / largest } else { 0.0 };
        let hermitian = places().flat_map(|(row, column)| self.at(row, column).0);
        let symmetric = places().flat_map(|(row, column)| self.at(row, column).1);
        let form = hermitian.chain(symmetric).map(|part| companded(part * scale)).collect();
        let relative = f64::from(largest) / squares.sqrt();
        (form, if scale > 0.0 { relative as f32 } else { 0.0 })
    }
}

/// Signed square root times 127, halves to even; NaN becomes 0.
fn companded(x: f32) -> i8 {
    let x = x.clamp(-1.0, 1.0);
    (x.abs().sqrt() * 127.0).round_ties_even().copysign(x) as i8
}

#[cfg(test)]
mod tests {
    use super::companded;

    #[test]
    fn companding_keeps_sign_and_ends() {
        assert_eq!([1.0, -1.0, 0.0, 0.25, -7.0, f32::NAN].map(companded), [127, -127, 0, 64, -127, 0]);
    }
}
