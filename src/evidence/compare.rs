// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Runs every mechanism on two fingerprints and joins what they say.
//!
//! In: suspect, base, and how many bases are searched. Out: a [`Comparison`], its p-value corrected for mechanisms and
//! bases.

use super::aligned::{Aligned, aligned};
use super::blocks::{Blocks, blocks};
use super::comparison::{Comparison, Evidence, Relation};
use super::context::context;
use super::describe::{cells, describe};
use super::exact::{ExactMatch, shared};
use super::matches::{Matches, join, share};
use super::mechanisms::{self, MECHANISMS};
use super::needle::{NeedleTest, needle_identity};
use super::relation::{Findings, Outcome, relation};
use super::tier::Tier;
use crate::fingerprint::{Fingerprint, MatrixPrint, Role};
use std::collections::BTreeSet;

/// Compares a suspect with a base by every mechanism. `searched` is the number of bases the suspect is compared with in
/// all.
pub fn compare(suspect: &Fingerprint, base: &Fingerprint, searched: usize) -> Comparison {
    Measured::in_place(suspect, base).with_blocks().judged(searched, Tier::Blocks)
}

/// The same, and what every mechanism says before the correction for the number of mechanisms and of bases: the
/// p-values of which `docs/calibration.md` asks whether they are what they say.
pub fn compare_uncorrected(suspect: &Fingerprint, base: &Fingerprint, searched: usize) -> (Comparison, Vec<Evidence>) {
    let measured = Measured::in_place(suspect, base).with_blocks();
    let uncorrected = measured.evidence(1);
    (measured.judged(searched, Tier::Blocks), uncorrected)
}

/// Compares a suspect with one of `searched` bases; the tests of whole blocks are left out where the values at the same
/// places account for all of both.
pub(super) fn compare_in_turn(suspect: &Fingerprint, base: &Fingerprint, searched: usize) -> Comparison {
    let measured = Measured::in_place(suspect, base);
    let outcome = measured.outcome(&measured.evidence(MECHANISMS * searched.max(1)));
    if matches!(outcome.relation, Relation::Identical | Relation::Converted) {
        measured.judged(searched, Tier::InPlace)
    } else {
        measured.with_blocks().judged(searched, Tier::Blocks)
    }
}

/// Compares what was read of a suspect, a few matrices, with the same ones of a base. No evidence then means nothing, and
/// equal values are no more than consistent with derivation.
pub(super) fn compare_glance(suspect: &Fingerprint, base: &Fingerprint, searched: usize) -> Comparison {
    let place = |matrix: &MatrixPrint| (matrix.role, matrix.layer, matrix.expert);
    let read: BTreeSet<_> = suspect.matrices.iter().map(place).collect();
    let of_base = Fingerprint {
        matrices: base.matrices.iter().filter(|matrix| read.contains(&place(matrix))).cloned().collect(),
        vectors: Vec::new(),
        sketches: Vec::new(),
        ..base.clone()
    };
    let found = Measured::in_place(suspect, &of_base).judged(searched, Tier::Glance);
    let whole = matches!(found.relation, Relation::Identical | Relation::Converted);
    Comparison { relation: if whole { Relation::Derived } else { found.relation }, ..found }
}

/// What the mechanisms found, before anything is corrected or named.
struct Measured<'a> {
    suspect: &'a Fingerprint,
    base: &'a Fingerprint,
    theirs: Vec<&'a MatrixPrint>,
    ours: Vec<&'a MatrixPrint>,
    exact: Vec<Option<ExactMatch>>,
    sampled: Aligned,
    matches: Matches,
    needle: Option<NeedleTest>,
    blocks: Option<Blocks>,
}

impl<'a> Measured<'a> {
    /// By values at the same places.
    fn in_place(suspect: &'a Fingerprint, base: &'a Fingerprint) -> Self {
        let evident = |print: &'a Fingerprint| -> Vec<&'a MatrixPrint> {
            print.matrices.iter().filter(|matrix| matrix.is_evidence()).collect()
        };
        let (theirs, ours) = (evident(suspect), evident(base));
        let (exact, sampled) = (shared(&ours, &theirs), aligned(&ours, &theirs));
        Self {
            suspect,
            base,
            matches: both_ways(suspect, base, &ours, &theirs, &exact, &sampled),
            exact,
            sampled,
            needle: needle_identity(suspect, base),
            blocks: None,
            theirs,
            ours,
        }
    }

    /// By whole blocks as well.
    fn with_blocks(self) -> Self {
        Self { blocks: blocks(self.suspect, self.base), ..self }
    }

    /// Every mechanism that could be run, corrected for so many comparisons.
    fn evidence(&self, comparisons: usize) -> Vec<Evidence> {
        [
            mechanisms::exact(&self.ours, &self.theirs, &self.exact, comparisons),
            mechanisms::aligned(&self.sampled, comparisons),
            self.needle.as_ref().map(|needle| mechanisms::needle_identity(needle, comparisons)),
        ]
        .into_iter()
        .flatten()
        .chain(self.blocks.iter().flat_map(|blocks| mechanisms::of_blocks(blocks, comparisons)))
        .collect()
    }

    /// What that amounts to.
    fn outcome(&self, mechanisms: &[Evidence]) -> Outcome {
        relation(&Findings {
            base: &self.ours,
            same_layout: same_layout(&self.ours, &self.theirs, &self.matches)
                && depth(self.suspect).zip(depth(self.base)).is_none_or(|(a, b)| a == b),
            matches: &self.matches,
            needle: self.needle.as_ref(),
            blocks: self.blocks.as_ref(),
            mechanisms,
        })
    }

    /// Corrects for the bases searched and names the relation.
    fn judged(self, searched: usize, tier: Tier) -> Comparison {
        let mut mechanisms = self.evidence(MECHANISMS * searched.max(1));
        let outcome = self.outcome(&mechanisms);
        let Self { suspect, base, theirs, ours, sampled, matches, blocks, .. } = self;
        let p = |evidence: &Evidence| evidence.log10_p.unwrap_or(0.0);
        mechanisms.sort_by(|a, b| p(a).total_cmp(&p(b)));
        // The mechanism that decides stands first, whatever other has a smaller p and too small an effect.
        if let Some(at) = mechanisms.iter().position(|evidence| Some(evidence.mechanism.as_str()) == outcome.by) {
            mechanisms[..=at].rotate_right(1);
        }
        let cells = cells(&ours, &theirs, &matches, blocks.as_ref());
        let structure = outcome
            .relation
            .is_descent()
            .then(|| describe(suspect, base, &theirs, &matches, blocks.as_ref(), &cells))
            .filter(|structure| !structure.layer_map.is_empty());
        Comparison {
            suspect: suspect.name.clone(),
            base: base.name.clone(),
            relation: outcome.relation,
            tier,
            log10_p: mechanisms.iter().filter_map(|evidence| evidence.log10_p).reduce(f64::min),
            effect: mechanisms.first().map_or(0.0, |first| first.effect),
            mechanisms,
            layers: cells,
            parts: outcome.parts,
            difference: difference(&sampled),
            merge: None,
            structure,
            context: context(suspect, base),
        }
    }
}

/// Median relative difference of the matrices that are found at the same places.
fn difference(sampled: &Aligned) -> Option<f64> {
    let mut all: Vec<f64> = sampled.matches.iter().flatten().filter(|m| m.matched).map(|m| m.difference).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied()
}

/// Whether what is found stands in the same layer, and in an expert only if it did before; where names tell nothing,
/// nothing speaks against it.
fn same_layout(ours: &[&MatrixPrint], theirs: &[&MatrixPrint], matches: &Matches) -> bool {
    let moved = |a: &MatrixPrint, b: &MatrixPrint| {
        a.layer.zip(b.layer).is_some_and(|(a, b)| a != b) || a.expert.is_some() != b.expert.is_some()
    };
    let of_base = ours.iter().zip(&matches.of_base).map(|(matrix, found)| (matrix, found, theirs));
    let of_suspect = theirs.iter().zip(&matches.of_suspect).map(|(matrix, found)| (matrix, found, ours));
    of_base.chain(of_suspect).all(|(matrix, found, others)| {
        let other = found.as_ref().and_then(|found| others.get(found.other));
        other.is_none_or(|other| matrix.role == Role::Other || matrix.role != other.role || !moved(matrix, other))
    })
}

/// Layers that the names of the matrices tell, whatever is in them; `None` where they tell none.
fn depth(print: &Fingerprint) -> Option<usize> {
    let known = print.matrices.iter().filter(|matrix| matrix.role != Role::Other);
    let layers: BTreeSet<u32> = known.filter_map(|matrix| matrix.layer).collect();
    (!layers.is_empty()).then_some(layers.len())
}

fn both_ways(
    suspect: &Fingerprint,
    base: &Fingerprint,
    ours: &[&MatrixPrint],
    theirs: &[&MatrixPrint],
    exact: &[Option<ExactMatch>],
    sampled: &Aligned,
) -> Matches {
    let of_base = join(ours, theirs, exact, sampled);
    let of_suspect = join(theirs, ours, &shared(theirs, ours), &aligned(theirs, ours));
    let values: BTreeSet<_> = suspect.vectors.iter().map(|vector| vector.exact).collect();
    Matches {
        base_found: share(ours, &of_base, |_| true),
        base_unchanged: share(ours, &of_base, |found| found.unchanged),
        base_exact: share(ours, &of_base, |found| found.exact),
        suspect_unchanged: share(theirs, &of_suspect, |found| found.unchanged),
        suspect_exact: share(theirs, &of_suspect, |found| found.exact),
        vectors_equal: base.vectors.iter().all(|vector| vector.constant || values.contains(&vector.exact)),
        comparable: sampled.matches.iter().map(Option::is_some).collect(),
        of_base,
        of_suspect,
    }
}
