// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! One suspect against many bases.
//!
//! In: a fingerprint and the registered bases. Out: comparisons with every base for which there is some evidence, best
//! first, each corrected for the number of bases searched. Among bases that the suspect descends from the nearest
//! stands first: the list is its chain of ancestors.

use rayon::prelude::*;

use super::compare::compare;
use super::comparison::{Comparison, Relation};
use super::merge::merge_shares;
use crate::fingerprint::Fingerprint;

/// Weight from which one base is the whole of a merge.
const WHOLE: f64 = 0.95;

/// Compares `suspect` with every base and keeps what is more than no evidence.
pub fn search(suspect: &Fingerprint, bases: &[(String, Fingerprint)]) -> Vec<Comparison> {
    let mut found: Vec<(Comparison, &Fingerprint)> = bases
        .par_iter()
        .map(|(id, base)| (Comparison { base: id.clone(), ..compare(suspect, base, bases.len()) }, base))
        .filter(|(comparison, _)| comparison.relation != Relation::NoEvidence)
        .collect();
    found.sort_by(|(a, _), (b, _)| {
        a.relation.cmp(&b.relation).then(distance(a).total_cmp(&distance(b))).then_with(|| a.base.cmp(&b.base))
    });
    tell_merges(suspect, &mut found);
    found.into_iter().map(|(comparison, _)| comparison).collect()
}

/// How far the suspect is from a base: by its values where they stand at the same places, else by the effect.
fn distance(comparison: &Comparison) -> f64 {
    comparison.difference.unwrap_or(2.0 - comparison.effect)
}

/// A suspect that is a weighted sum of several bases descends from each of them in part.
fn tell_merges(suspect: &Fingerprint, found: &mut [(Comparison, &Fingerprint)]) {
    let parents: Vec<usize> = found
        .iter()
        .enumerate()
        .filter(|(_, (comparison, _))| comparison.relation.is_descent() && comparison.difference.is_some())
        .map(|(at, _)| at)
        .collect();
    let prints: Vec<&Fingerprint> = parents.iter().filter_map(|at| found.get(*at).map(|(_, print)| *print)).collect();
    for (at, share) in merge_shares(suspect, &prints) {
        let Some((comparison, _)) = parents.get(at).and_then(|at| found.get_mut(*at)) else { continue };
        comparison.merge = Some(share);
        if comparison.relation == Relation::Derived && share.weight < WHOLE {
            comparison.relation = Relation::Partial;
            comparison.parts =
                vec![format!("a merge of which it has the weight {:.3} ± {:.3}", share.weight, share.standard_error)];
        }
    }
}
