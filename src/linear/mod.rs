// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Products of tall matrices with few vectors, on the widest registers the processor has.
//!
//! In: row-major f32. Out: f32. The products that fingerprints are made of have one long side (neurons, tokens) and one
//! short side (8 to 114 vectors), where general libraries reach a tenth of what the processor can do. Instructions are
//! chosen at run time (AVX-512, AVX2, NEON, or plain code) by pulp, which is what keeps this free of unsafe code.
//!
//! Every sum is taken in an order that depends on the shape and on the width of the registers alone: a result is the
//! same to the bit on one machine whatever the number of threads, and equal but for rounding on another.

mod combine;
mod project;

pub(crate) use combine::{add_combine, add_product};
pub(crate) use project::add_project;

use pulp::{Arch, Simd, WithSimd};

/// Runs `work` compiled for the widest registers. Only what is inlined into `work` gains: loops over slices do, calls
/// of functions that are not `#[inline(always)]` do not.
#[inline]
pub(crate) fn widest<R>(work: impl FnOnce() -> R) -> R {
    Arch::new().dispatch(work)
}

/// f32 values in the widest register of this processor: results on processors where it is the same are the same to the bit.
pub(crate) fn register_width() -> usize {
    struct Width;
    impl WithSimd for Width {
        type Output = usize;

        fn with_simd<S: Simd>(self, _: S) -> usize {
            lanes::<S>()
        }
    }
    Arch::new().dispatch(Width)
}

/// f32 values in a register.
#[inline(always)]
fn lanes<S: Simd>() -> usize {
    size_of::<S::f32s>() / size_of::<f32>()
}

/// One register from the front of a slice; zeros from one that is too short.
#[inline(always)]
fn first<S: Simd>(simd: S, values: &[f32]) -> S::f32s {
    match S::as_simd_f32s(values).0 {
        [first, ..] => *first,
        [] => simd.splat_f32s(0.0),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{add_combine, add_product, add_project};

    /// Small integers, so that every order of a sum is exact.
    fn integers(count: usize, seed: usize) -> Vec<f32> {
        (0..count).map(|at| ((at * 7919 + seed * 31) % 15) as f32 - 7.0).collect()
    }

    proptest! {
        #[test]
        fn products_are_those_of_the_definition(n in 0usize..150, d in 0usize..140, k in 0usize..20, far in 0usize..2) {
            let d = d + far * 1000;
            let (rows, vectors, factors) = (integers(n * d, 1), integers(k * d, 2), integers(n * k, 3));
            let mut projected = vec![1.0; n * k];
            add_project(&rows, &vectors, d, &mut projected);
            let mut combined = vec![1.0; k * d];
            add_combine(&factors, &rows, d, &mut combined);
            let turned: Vec<f32> = (0..k * n).map(|at| factors[at % n * k + at / n]).collect();
            let mut product = vec![1.0; k * d];
            add_product(&turned, &rows, d, &mut product);
            for (i, sums) in projected.chunks_exact(k.max(1)).enumerate() {
                for (v, sum) in sums.iter().enumerate() {
                    let expected: f32 = (0..d).map(|c| rows[i * d + c] * vectors[v * d + c]).sum();
                    prop_assert_eq!(*sum, 1.0 + expected);
                }
            }
            for (at, sum) in combined.iter().enumerate() {
                let (v, c) = (at / d, at % d);
                let expected: f32 = (0..n).map(|i| factors[i * k + v] * rows[i * d + c]).sum();
                prop_assert_eq!(*sum, 1.0 + expected);
            }
            prop_assert_eq!(product, combined);
        }
    }
}
