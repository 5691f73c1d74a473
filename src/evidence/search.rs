// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! One suspect against many bases.
//!
//! In: a fingerprint and the registered bases. Out: comparisons with every base for which there is some evidence, best
//! first, each corrected for the number of bases searched. Among bases that the suspect descends from the nearest
//! stands first: the list is its chain of ancestors.

use std::convert::Infallible;

use rayon::prelude::*;

use super::compare::{compare_glance, compare_in_turn};
use super::comparison::{Comparison, Relation};
use super::merge::{MOST, merge_shares};
use crate::fingerprint::Fingerprint;

/// Weight from which one base is the whole of a merge.
const WHOLE: f64 = 0.95;

/// Compares `suspect` with every base and keeps what is more than no evidence.
pub fn search(suspect: &Fingerprint, bases: &[(String, Fingerprint)]) -> Vec<Comparison> {
    let among: Vec<(usize, &str)> = bases.iter().enumerate().map(|(at, (id, _))| (at, id.as_str())).collect();
    let load = |at: usize| Ok(bases.get(at).map(|(_, print)| print.clone()).unwrap_or_default());
    match search_among::<Infallible>(suspect, bases.len(), &among, load, |_| Ok(Vec::new())) {
        Ok(found) => found,
        Err(never) => match never {},
    }
}

/// The same with some of the `known` bases, by number and id, each read when it is compared. The correction is for all
/// that are known. `relatives` names those that are akin to some that showed anything: they are compared too, and theirs.
pub(super) fn search_among<'a, E: Send>(
    suspect: &Fingerprint,
    known: usize,
    among: &[(usize, &'a str)],
    load: impl Fn(usize) -> Result<Fingerprint, E> + Sync,
    mut relatives: impl FnMut(&[usize]) -> Result<Vec<(usize, &'a str)>, E>,
) -> Result<Vec<Comparison>, E> {
    let mut found = compared(suspect, known, among, &load, compare_in_turn)?;
    let mut shown: Vec<usize> = found.iter().map(|(_, at)| *at).collect();
    while !shown.is_empty() {
        let more = compared(suspect, known, &relatives(&shown)?, &load, compare_in_turn)?;
        shown = more.iter().map(|(_, at)| *at).collect();
        found.extend(more);
    }
    order(&mut found);
    tell_merges(suspect, &mut found, load)?;
    Ok(found.into_iter().map(|(comparison, _)| comparison).collect())
}

/// The bases that what was read of a suspect, a few matrices, shows descent from.
pub(super) fn glanced_among<E: Send>(
    suspect: &Fingerprint,
    known: usize,
    among: &[(usize, &str)],
    load: impl Fn(usize) -> Result<Fingerprint, E> + Sync,
) -> Result<Vec<Comparison>, E> {
    let found = compared(suspect, known, among, &load, compare_glance)?;
    Ok(found.into_iter().map(|(comparison, _)| comparison).filter(|found| found.relation.is_descent()).collect())
}

/// Comparisons that show anything, best first, with the number of the base.
fn compared<E: Send>(
    suspect: &Fingerprint,
    known: usize,
    among: &[(usize, &str)],
    load: impl Fn(usize) -> Result<Fingerprint, E> + Sync,
    compare: impl Fn(&Fingerprint, &Fingerprint, usize) -> Comparison + Sync,
) -> Result<Vec<(Comparison, usize)>, E> {
    let mut found: Vec<(Comparison, usize)> = among
        .par_iter()
        .map(|(at, id)| Ok((Comparison { base: (*id).to_owned(), ..compare(suspect, &load(*at)?, known) }, *at)))
        .filter(|found| !matches!(found, Ok((comparison, _)) if comparison.relation == Relation::NoEvidence))
        .collect::<Result<_, E>>()?;
    order(&mut found);
    Ok(found)
}

/// The best first.
fn order(found: &mut [(Comparison, usize)]) {
    found.sort_by(|(a, _), (b, _)| {
        a.relation.cmp(&b.relation).then(distance(a).total_cmp(&distance(b))).then_with(|| a.base.cmp(&b.base))
    });
}

/// How far the suspect is from a base: by its values where they stand at the same places, else by the effect.
fn distance(comparison: &Comparison) -> f64 {
    comparison.difference.unwrap_or(2.0 - comparison.effect)
}

/// A suspect that is a weighted sum of several bases descends from each of them in part.
fn tell_merges<E>(
    suspect: &Fingerprint,
    found: &mut [(Comparison, usize)],
    load: impl Fn(usize) -> Result<Fingerprint, E>,
) -> Result<(), E> {
    let parents: Vec<(usize, usize)> = found
        .iter()
        .enumerate()
        .filter(|(_, (comparison, _))| comparison.relation.is_descent() && comparison.difference.is_some())
        .map(|(at, (_, base))| (at, *base))
        .take(MOST)
        .collect();
    if parents.len() < 2 {
        return Ok(());
    }
    let prints: Vec<Fingerprint> = parents.iter().map(|(_, base)| load(*base)).collect::<Result<_, E>>()?;
    let prints: Vec<&Fingerprint> = prints.iter().collect();
    for (at, share) in merge_shares(suspect, &prints) {
        let Some((comparison, _)) = parents.get(at).and_then(|(at, _)| found.get_mut(*at)) else { continue };
        comparison.merge = Some(share);
        if comparison.relation == Relation::Derived && share.weight < WHOLE {
            comparison.relation = Relation::Partial;
            comparison.parts =
                vec![format!("a merge of which it has the weight {:.3} ± {:.3}", share.weight, share.standard_error)];
        }
    }
    Ok(())
}
