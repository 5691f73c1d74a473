// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Runs every mechanism on two fingerprints and joins what they say.
//!
//! In: suspect, base, and how many bases are searched. Out: a [`Comparison`], its p-value corrected for mechanisms and
//! bases.

use std::collections::{BTreeMap, BTreeSet};
use std::f64::consts::LN_10;

use super::aligned::{Aligned, aligned};
use super::comparison::{Comparison, Evidence, LayerEffect};
use super::context::context;
use super::exact::{COLLISION_LOG10, ExactKind, ExactMatch, shared};
use super::matches::{Match, Matches, join, share};
use super::needle::{NeedleTest, needle_identity};
use super::relation::relation;
use super::tails::{corrected, log10};
use crate::fingerprint::{Fingerprint, MatrixPrint};

/// Mechanisms that are given a p-value; each is one comparison made.
const MECHANISMS: usize = 3;

/// Compares a suspect with a base. `searched` is the number of bases the suspect is compared with in all.
pub fn compare(suspect: &Fingerprint, base: &Fingerprint, searched: usize) -> Comparison {
    let theirs: Vec<&MatrixPrint> = suspect.matrices.iter().filter(|matrix| matrix.is_evidence()).collect();
    let ours: Vec<&MatrixPrint> = base.matrices.iter().filter(|matrix| matrix.is_evidence()).collect();

    let exact = shared(&ours, &theirs);
    let sampled = aligned(&ours, &theirs);
    let matches = both_ways(suspect, base, &ours, &theirs, &exact, &sampled);
    let needle = needle_identity(suspect, base);

    let comparisons = MECHANISMS * searched.max(1);
    let mut mechanisms: Vec<Evidence> = [
        exact_evidence(&ours, &theirs, &exact, comparisons),
        aligned_evidence(&sampled, comparisons),
        needle.as_ref().map(|needle| needle_evidence(needle, comparisons)),
    ]
    .into_iter()
    .flatten()
    .collect();
    mechanisms.sort_by(|a, b| a.log10_p.unwrap_or(0.0).total_cmp(&b.log10_p.unwrap_or(0.0)));

    let log10_p = mechanisms.first().and_then(|strongest| strongest.log10_p);
    let effect = mechanisms.first().map_or(0.0, |strongest| strongest.effect);
    let outcome = relation(&ours, &matches, needle.as_ref(), effect, log10_p);
    Comparison {
        suspect: suspect.name.clone(),
        base: base.name.clone(),
        relation: outcome.relation,
        log10_p,
        effect,
        mechanisms,
        layers: layers(&ours, &theirs, &matches),
        parts: outcome.parts,
        difference: None,
        merge: None,
        structure: None,
        context: context(suspect, base),
    }
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

fn exact_evidence(
    ours: &[&MatrixPrint],
    theirs: &[&MatrixPrint],
    exact: &[Option<ExactMatch>],
    comparisons: usize,
) -> Option<Evidence> {
    if ours.is_empty() || theirs.is_empty() {
        return None;
    }
    let found: Vec<&ExactMatch> = exact.iter().flatten().collect();
    let whole = found.iter().filter(|m| m.kind == ExactKind::Values).count();
    let cast = found.iter().filter(|m| m.kind == ExactKind::Cast).count();
    let rows = found.len() - whole - cast;
    let lines = |side: &[&MatrixPrint]| -> usize {
        side.iter().map(|matrix| matrix.hashes.rows.len() + matrix.hashes.columns.len()).sum()
    };
    // Matrices are drawn apart, so their coincidences multiply; within one matrix only one coincidence is counted.
    let independent = found.len().min(15) as f64;
    let pairs = (lines(ours).max(1) as f64).ln() + (lines(theirs).max(1) as f64).ln();
    let ln_p = if found.is_empty() { 0.0 } else { independent * COLLISION_LOG10 * LN_10 + pairs };
    let total: u64 = ours.iter().map(|matrix| matrix.elements()).sum();
    let covered: f64 = ours
        .iter()
        .zip(exact)
        .filter_map(|(matrix, found)| Some(matrix.elements() as f64 * found.as_ref()?.share))
        .fold(0.0, std::ops::Add::add);
    Some(Evidence {
        mechanism: "exact-hash".into(),
        log10_p: Some(log10(corrected(ln_p, comparisons))),
        effect: covered / total.max(1) as f64,
        null: "two independently trained rows have one 64-bit hash with probability below 1e-15".into(),
        n: ours.len() as u64,
        detail: format!(
            "of {} matrices of the base, {whole} are here value for value, {cast} after a cast to bf16, {rows} in \
             part by equal rows or columns ({:.1} % of the elements)",
            ours.len(),
            100.0 * covered / total.max(1) as f64
        ),
    })
}

fn aligned_evidence(sampled: &Aligned, comparisons: usize) -> Option<Evidence> {
    if sampled.compared == 0 {
        return None;
    }
    let matched: Vec<f64> = sampled.matches.iter().flatten().filter(|m| m.matched).map(|m| m.correlation).collect();
    let mut sorted = matched.clone();
    sorted.sort_by(f64::total_cmp);
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    Some(Evidence {
        mechanism: "aligned-samples".into(),
        log10_p: Some(log10(corrected(sampled.ln_p, comparisons))),
        effect: sampled.effect,
        null: "independent training: hidden channels are exchangeable, so doubly centred products have mean zero \
               (Hoeffding bound, standard deviation taken 1.5 times larger)"
            .into(),
        n: sampled.compared as u64,
        detail: format!(
            "{} of {} matrices of a common shape correlate beyond chance on values not used for pairing (median \
             correlation {median:.3})",
            matched.len(),
            sampled.compared
        ),
    })
}

fn needle_evidence(needle: &NeedleTest, comparisons: usize) -> Evidence {
    Evidence {
        mechanism: "needle-identity".into(),
        log10_p: Some(log10(corrected(needle.ln_p, comparisons))),
        effect: needle.effect.clamp(0.0, 1.0),
        null: "independent training: the signs of the residual channels are uniform (Hoeffding bound, exact under \
               RMSNorm and coordinatewise optimisers)"
            .into(),
        n: needle.rows as u64,
        detail: format!(
            "mean cosine {:.3} over {} feed-forward rows at the same layer and row; {} channels allow a log10 p of \
             {:.1} at least",
            needle.effect, needle.rows, needle.channels, needle.floor
        ),
    }
}

/// Mean correlation by pair of layers, where names tell layers on both sides.
fn layers(ours: &[&MatrixPrint], theirs: &[&MatrixPrint], matches: &Matches) -> Vec<LayerEffect> {
    let mut cells: BTreeMap<(u32, u32), (f64, usize)> = BTreeMap::new();
    let mut add = |base: Option<u32>, suspect: Option<u32>, found: &Match| {
        if let (Some(base), Some(suspect)) = (base, suspect) {
            let cell = cells.entry((base, suspect)).or_default();
            cell.0 += found.correlation;
            cell.1 += 1;
        }
    };
    let layer_of = |side: &[&MatrixPrint], at: usize| side.get(at).and_then(|matrix| matrix.layer);
    for (matrix, found) in ours.iter().zip(&matches.of_base) {
        if let Some(found) = found {
            add(matrix.layer, layer_of(theirs, found.other), found);
        }
    }
    for (matrix, found) in theirs.iter().zip(&matches.of_suspect) {
        if let Some(found) = found {
            add(layer_of(ours, found.other), matrix.layer, found);
        }
    }
    cells
        .into_iter()
        .map(|((base_layer, suspect_layer), (sum, count))| LayerEffect {
            suspect_layer,
            base_layer,
            effect: (sum / count as f64).clamp(0.0, 1.0),
        })
        .collect()
}
