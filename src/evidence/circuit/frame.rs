// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Stored circuits unpacked.
//!
//! In: a [`Circuit`] and how many of its pairs to use. Out: query–key Grams for matching ([`Frame`]) and everything for
//! testing ([`Maps`]). `None` for a circuit whose lengths do not fit together.

use nalgebra::Complex;

use crate::fingerprint::Circuit;

/// Undoes the companding: sgn(x)·(x/127)².
fn expanded(x: i8) -> f32 {
    let x = f32::from(x) / 127.0;
    x * x.abs()
}

/// The matching data of one circuit: the two Grams of the P vectors of its key head and of its query head, zero where a
/// pair meets itself.
pub(super) struct Frame {
    /// Real and imaginary part of the Hermitian Gram, then of the symmetric one, [2 roles, P, P].
    pub(super) grams: Vec<[f32; 4]>,
    /// Norm of all of them.
    pub(super) norm: f64,
}

impl Frame {
    /// Unpacks the first `pairs` pairs.
    pub(super) fn of(circuit: &Circuit, pairs: usize) -> Option<Self> {
        let place = Place::of(circuit, pairs)?;
        let mut grams = Vec::with_capacity(2 * pairs * pairs);
        for first in [0, pairs] {
            for row in first..first + pairs {
                for column in first..first + pairs {
                    let (h, s) = if row == column { Default::default() } else { place.grams(circuit, row, column) };
                    grams.push([h.re, h.im, s.re, s.im]);
                }
            }
        }
        let squares: f64 = grams.iter().flatten().map(|x| f64::from(*x) * f64::from(*x)).sum();
        Some(Self { grams, norm: squares.sqrt() })
    }
}

/// Everything of one circuit, each [2P, 2P] by rows.
pub(super) struct Maps {
    /// Hermitian Gram.
    pub(super) gram_hermitian: Vec<Complex<f64>>,
    /// Symmetric Gram.
    pub(super) gram_symmetric: Vec<Complex<f64>>,
    /// Hermitian value–output form.
    pub(super) form_hermitian: Vec<Complex<f64>>,
    /// Symmetric value–output form.
    pub(super) form_symmetric: Vec<Complex<f64>>,
}

impl Maps {
    /// Unpacks the first `pairs` pairs.
    pub(super) fn of(circuit: &Circuit, pairs: usize) -> Option<Self> {
        let place = Place::of(circuit, pairs)?;
        let size = 2 * pairs;
        let wide = |x: Complex<f32>| Complex::new(f64::from(x.re), f64::from(x.im));
        let empty = || Vec::with_capacity(size * size);
        let mut maps =
            Self { gram_hermitian: empty(), gram_symmetric: empty(), form_hermitian: empty(), form_symmetric: empty() };
        for row in 0..size {
            for column in 0..size {
                let (hermitian, symmetric) = place.grams(circuit, row, column);
                maps.gram_hermitian.push(wide(hermitian));
                maps.gram_symmetric.push(wide(symmetric));
                let (hermitian, symmetric) = place.forms(circuit, row, column);
                maps.form_hermitian.push(wide(hermitian));
                maps.form_symmetric.push(wide(symmetric));
            }
        }
        Some(maps)
    }
}

/// Finds the entries of the first pairs among those of all stored pairs.
struct Place {
    pairs: usize,
    stored: usize,
}

impl Place {
    fn of(circuit: &Circuit, pairs: usize) -> Option<Self> {
        let stored = circuit.pairs as usize;
        let size = 2usize.checked_mul(stored)?;
        let square = size.checked_mul(size)?;
        let fits = circuit.hermitian.len() == square - size
            && circuit.symmetric.len() == square + size
            && circuit.form.len() == square.checked_mul(4)?;
        (fits && pairs > 0 && pairs <= stored).then_some(Self { pairs, stored })
    }

    /// Vector `u` of the shortened circuit in the stored one.
    fn stored(&self, u: usize) -> usize {
        (u / self.pairs) * self.stored + u % self.pairs
    }

    /// Entries of the Hermitian and the symmetric Gram.
    fn grams(&self, circuit: &Circuit, row: usize, column: usize) -> (Complex<f32>, Complex<f32>) {
        let (row, column) = (self.stored(row), self.stored(column));
        let (low, high) = (row.min(column), row.max(column));
        let symmetric = entry(&circuit.symmetric, high * (high + 1) / 2 + low);
        let hermitian = if low == high {
            Complex::new(1.0, 0.0)
        } else {
            let upper = entry(&circuit.hermitian, high * (high - 1) / 2 + low);
            if row < column { upper } else { upper.conj() }
        };
        (hermitian, symmetric)
    }

    /// Entries of the Hermitian and the symmetric form.
    fn forms(&self, circuit: &Circuit, row: usize, column: usize) -> (Complex<f32>, Complex<f32>) {
        let size = 2 * self.stored;
        let at = self.stored(row) * size + self.stored(column);
        (entry(&circuit.form, at), entry(&circuit.form, size * size + at))
    }
}

fn entry(values: &[i8], at: usize) -> Complex<f32> {
    let part = |at: usize| values.get(at).copied().map(expanded).unwrap_or_default();
    Complex::new(part(2 * at), part(2 * at + 1))
}
