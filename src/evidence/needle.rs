// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The identity needle test: the same rows of the same layers, in the raw residual channels.
//!
//! In: two fingerprints of gated networks with RMSNorm. Out: ln p and the mean row cosine, or `None` if nothing can be
//! compared.
//!
//! **Null:** the other network was trained from its own random start. Training by coordinatewise optimisers from a
//! sign-symmetric start is equivariant to flipping a residual channel in all tensors, so every sign pattern of the
//! channels was equally likely; the contributions Xⱼ of the channels then have independent random signs and
//! Hoeffding's bound ln p = −(ΣXⱼ)²/2ΣXⱼ² is exact. Rows are paired by layer and row number before anything is looked
//! at, so nothing is searched. LayerNorm breaks the symmetry; the test is not run there.

use std::collections::BTreeMap;

use super::order::{ORDERED, neighbours};
use super::tails::rademacher;
use crate::fingerprint::{Fingerprint, Needles, Role};

/// Outcome of the test.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct NeedleTest {
    /// ln p.
    pub(super) ln_p: f64,
    /// Mean cosine of paired rows.
    pub(super) effect: f64,
    /// Rows paired.
    pub(super) rows: usize,
    /// Channels, each with one sign under the null.
    pub(super) channels: usize,
    /// Smallest log10 p that this many channels can give.
    pub(super) floor: f64,
}

/// Runs the test.
pub(super) fn needle_identity(suspect: &Fingerprint, base: &Fingerprint) -> Option<NeedleTest> {
    if has_layer_norm(suspect) && has_layer_norm(base) {
        return None;
    }
    let theirs = by_place(suspect);
    let mut contributions: Vec<f64> = Vec::new();
    let (mut cosines, mut rows) = (0.0, 0usize);
    for (place, needles) in by_place(base) {
        let Some(other) = theirs.get(&place) else { continue };
        let channels = needles.channels.min(other.channels);
        contributions.resize(contributions.len().max(channels), 0.0);
        for (a, b) in lines(needles, channels).zip(lines(other, channels)) {
            let size = (norm(a) * norm(b)).max(1e-12);
            for ((slot, x), y) in contributions.iter_mut().zip(a).zip(b) {
                let product = f64::from(*x) * f64::from(*y) / size;
                *slot += product;
                cosines += product;
            }
            rows += 1;
        }
    }
    if rows == 0 {
        return None;
    }
    let sum: f64 = contributions.iter().sum();
    let squares: f64 = contributions.iter().map(|x| x * x).sum();
    Some(NeedleTest {
        ln_p: if ordered(suspect) && ordered(base) { 0.0 } else { rademacher(sum, squares) },
        effect: cosines / rows as f64,
        rows,
        channels: contributions.len(),
        floor: -(contributions.len() as f64) / (2.0 * std::f64::consts::LN_10),
    })
}

/// Whether neighbouring channels resemble one another in the rows of some role.
fn ordered(print: &Fingerprint) -> bool {
    let mut by_role: BTreeMap<Role, Vec<&Needles>> = BTreeMap::new();
    for ((_, role), needles) in by_place(print) {
        by_role.entry(role).or_default().push(needles);
    }
    by_role.values().any(|all| {
        neighbours(all.iter().flat_map(|needles| needles.rows.chunks_exact(needles.channels.max(1)))) > ORDERED
    })
}

/// Needles of the dense gated blocks by layer and role.
fn by_place(print: &Fingerprint) -> BTreeMap<(u32, Role), &Needles> {
    let mut places = BTreeMap::new();
    for matrix in &print.matrices {
        if let (Some(layer), Some(needles)) = (matrix.layer, &matrix.needles) {
            places.entry((layer, matrix.role)).or_insert(needles);
        }
    }
    places
}

/// LayerNorm has a bias, RMSNorm has none. One symmetric partner is enough for the null to hold.
fn has_layer_norm(print: &Fingerprint) -> bool {
    print.vectors.iter().any(|vector| vector.bias && matches!(vector.role, Role::NormAttention | Role::NormFeedForward))
}

fn lines(needles: &Needles, channels: usize) -> impl Iterator<Item = &[i8]> {
    needles.rows.chunks_exact(needles.channels.max(1)).filter_map(move |row| row.get(..channels))
}

fn norm(row: &[i8]) -> f64 {
    row.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt()
}
