// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! One suspect against many bases.
//!
//! In: a fingerprint and the registered bases. Out: comparisons with every base for which there is some evidence, best
//! first, each corrected for the number of bases searched.

use rayon::prelude::*;

use super::compare::compare;
use super::comparison::{Comparison, Relation};
use crate::fingerprint::Fingerprint;

/// Compares `suspect` with every base and keeps what is more than no evidence.
pub fn search(suspect: &Fingerprint, bases: &[(String, Fingerprint)]) -> Vec<Comparison> {
    let mut found: Vec<Comparison> = bases
        .par_iter()
        .map(|(id, base)| Comparison { base: id.clone(), ..compare(suspect, base, bases.len()) })
        .filter(|comparison| comparison.relation != Relation::NoEvidence)
        .collect();
    found.sort_by(|a, b| {
        let key = |c: &Comparison| (c.relation, c.log10_p.unwrap_or(0.0));
        let ((left, p), (right, q)) = (key(a), key(b));
        left.cmp(&right).then(p.total_cmp(&q)).then_with(|| a.base.cmp(&b.base))
    });
    found
}
