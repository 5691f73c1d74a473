// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Signal: signs at the same places of matrices of one shape.
//!
//! In: matrices. Out of a base: the signs of the first 128 doubly centred samples, which choose partners in the complete
//! test too; the places that test there are not looked at. Out of both: for each matrix of the base
//! z = (agreeing − disagreeing)/√128 of the best of n candidates, less √(2 ln n); of those the largest, and their sum
//! over √m.

use std::collections::BTreeMap;

use crate::fingerprint::{MATCHING, MatrixPrint, Samples, fnv1a64};

/// Matrices of a base whose signs are kept.
const MATRICES: usize = 64;
/// Matrices of one shape of a suspect that are looked at: models of many experts have tens of thousands.
const CANDIDATES: usize = 512;

/// Signs of one matrix and a hash of its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Lower half of a hash of the shape, longer side first.
    pub(super) shape: u32,
    /// One bit a sample: whether it is above zero.
    pub(super) signs: u128,
}

/// The signs to keep of a base.
pub(super) fn of_base(matrices: &[&MatrixPrint]) -> Vec<Place> {
    let chosen = super::record::spread(matrices.len(), MATRICES);
    chosen
        .into_iter()
        .filter_map(|at| matrices.get(at))
        .filter_map(|matrix| Some(Place { shape: shape(matrix), signs: signs(&matrix.samples)? }))
        .collect()
}

fn shape(matrix: &MatrixPrint) -> u32 {
    let (long, short) = matrix.canonical_shape();
    fnv1a64(format!("{long}x{short}").as_bytes()) as u32
}

fn signs(samples: &Samples) -> Option<u128> {
    let matching = samples.centred.get(..MATCHING)?;
    Some(matching.iter().fold(0, |signs, value| signs << 1 | u128::from(*value > 0)))
}

/// Signs of a suspect, by shape.
pub(super) struct Places(BTreeMap<u32, Vec<u128>>);

/// What signs say of a base.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Agreement {
    /// Of the matrix that agrees best.
    pub(super) best: f32,
    /// Of all matrices together.
    pub(super) all: f32,
}

impl Places {
    /// Those of all matrices, square ones both ways.
    pub(super) fn of(matrices: &[&MatrixPrint]) -> Self {
        let mut by_shape: BTreeMap<u32, Vec<u128>> = BTreeMap::new();
        for matrix in matrices {
            let both = [&matrix.samples, &matrix.transposed].into_iter().filter_map(signs);
            by_shape.entry(shape(matrix)).or_default().extend(both);
        }
        for list in by_shape.values_mut() {
            let chosen = super::record::spread(list.len(), CANDIDATES);
            *list = chosen.into_iter().filter_map(|at| list.get(at).copied()).collect();
        }
        Self(by_shape)
    }

    /// How well a base agrees; none if no shape is common.
    pub(super) fn agreement(&self, base: &[Place]) -> Option<Agreement> {
        let (mut best, mut sum, mut count) = (f32::MIN, 0f32, 0usize);
        for place in base {
            let Some(candidates) = self.0.get(&place.shape).filter(|list| !list.is_empty()) else { continue };
            let fewest = candidates.iter().map(|signs| (signs ^ place.signs).count_ones()).min().unwrap_or_default();
            let z = (MATCHING as f32 - 2.0 * fewest as f32) / (MATCHING as f32).sqrt();
            let beyond = z - (2.0 * (candidates.len().max(2) as f32).ln()).sqrt();
            best = best.max(beyond);
            sum += beyond;
            count += 1;
        }
        (count > 0).then(|| Agreement { best, all: sum / (count as f32).sqrt() })
    }

    /// Whether there is anything to compare.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
