// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What each mechanism says, in the form that is shown: its number beside its null.
//!
//! In: the outcomes. Out: [`Evidence`], corrected for the comparisons made.

use std::f64::consts::LN_10;

use super::aligned::{Aligned, KAPPA};
use super::blocks::Blocks;
use super::circuit::CircuitTest;
use super::comparison::Evidence;
use super::exact::{COLLISION_LOG10, ExactKind, ExactMatch};
use super::gram::GramTest;
use super::needle::NeedleTest;
use super::needle_search::{NeedleEvidence, NeedleSearch};
use super::tails::{corrected, log10};
use crate::fingerprint::MatrixPrint;

/// Names of the mechanisms.
pub(super) const FILE_DIGESTS: &str = "file-digests";
pub(super) const EXACT: &str = "exact-hash";
pub(super) const ALIGNED: &str = "aligned-samples";
pub(super) const NEEDLE_IDENTITY: &str = "needle-identity";
pub(super) const NEEDLE_SEARCH: &str = "needle-search";
pub(super) const NEEDLE_ATTENTION: &str = "needle-attention";
pub(super) const GRAM: &str = "gram";
pub(super) const CIRCUIT: &str = "circuit";
/// Mechanisms that are given a p-value; each is one comparison made.
pub(super) const MECHANISMS: usize = 7;

/// Equal values.
pub(super) fn exact(
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
        mechanism: EXACT.into(),
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

/// Values at the same places.
pub(super) fn aligned(sampled: &Aligned, comparisons: usize) -> Option<Evidence> {
    if sampled.compared == 0 {
        return None;
    }
    let matched: Vec<f64> = sampled.matches.iter().flatten().filter(|m| m.matched).map(|m| m.correlation).collect();
    let mut sorted = matched.clone();
    sorted.sort_by(f64::total_cmp);
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    let wider = sampled.matches.iter().flatten().filter(|m| m.kappa > KAPPA).map(|m| m.kappa);
    let wider = match wider.reduce(f64::max) {
        Some(most) => {
            format!("; where values of one row or column move together it is taken up to {most:.1} times larger")
        }
        None => String::new(),
    };
    Some(Evidence {
        mechanism: ALIGNED.into(),
        log10_p: Some(log10(corrected(sampled.ln_p, comparisons))),
        effect: sampled.effect,
        null: "independent training: hidden channels are exchangeable, so doubly centred products have mean zero \
               (Hoeffding bound, standard deviation taken 1.5 times larger)"
            .into(),
        n: sampled.compared as u64,
        detail: format!(
            "{} of {} matrices of a common shape correlate beyond chance on values not used for pairing (median \
             correlation {median:.3}){wider}",
            matched.len(),
            sampled.compared
        ),
    })
}

/// Rows at the same places.
pub(super) fn needle_identity(needle: &NeedleTest, comparisons: usize) -> Evidence {
    Evidence {
        mechanism: NEEDLE_IDENTITY.into(),
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

/// The tests of whole blocks.
pub(super) fn of_blocks(blocks: &Blocks, comparisons: usize) -> Vec<Evidence> {
    let searched = blocks.needles.iter().flat_map(|search| {
        let kinds =
            [(NEEDLE_SEARCH, "feed-forward", &search.feed_forward), (NEEDLE_ATTENTION, "attention", &search.attention)];
        kinds
            .into_iter()
            .filter_map(|(name, what, found)| Some(needles(name, what, search, found.as_ref()?, comparisons)))
    });
    let gram = blocks.gram.as_ref().map(|found| gram(found, comparisons));
    let circuit = blocks.circuit.as_ref().map(|found| circuit(found, comparisons));
    searched.chain(gram).chain(circuit).collect()
}

fn needles(name: &str, what: &str, search: &NeedleSearch, found: &NeedleEvidence, comparisons: usize) -> Evidence {
    let guard =
        if search.centred { ", and z ≥ 6 over permutations of the channels, since both subtract a mean" } else { "" };
    Evidence {
        mechanism: name.into(),
        log10_p: Some(log10(corrected(found.ln_p, comparisons))),
        effect: found.effect.clamp(0.0, 1.0),
        null: format!(
            "independent training: the signs of the residual channels that test are uniform, whatever was matched on the \
             others (Hoeffding bound, exact under RMSNorm and coordinatewise optimisers){guard}"
        ),
        n: found.needles as u64,
        detail: format!(
            "{:.0} % of {} {what} rows of the base are found among all layers and rows, mean cosine {:.3} on channels not \
             used for the search; {} such channels allow a log10 p of {:.1} at least; z over permutations of the channels \
             {:.1}",
            100.0 * found.found,
            found.needles,
            found.effect,
            search.channels,
            search.floor,
            found.permutation_z
        ),
    }
}

fn gram(found: &GramTest, comparisons: usize) -> Evidence {
    Evidence {
        mechanism: GRAM.into(),
        log10_p: Some(log10(corrected(found.ln_p, comparisons))),
        effect: found.effect.clamp(0.0, 1.0),
        null:
            "independent training: what gate and up leave unexplained of the down projection does not follow the order \
               of the other's neurons (Gaussian tail, standard deviation over all orders taken 1.5 times larger, 3 times without a gate)"
                .into(),
        n: found.tests as u64,
        detail: format!(
            "feed-forward neurons paired by their gates in any coordinates: median over the base's layers of the \
             correlation of what was not used for pairing {:.3}, of neurons recognised {:.0} %; root mean square of z over \
             {} pairs of blocks {:.2}",
            found.effect,
            100.0 * found.agree,
            found.tests,
            found.rms_z
        ),
    }
}

fn circuit(found: &CircuitTest, comparisons: usize) -> Evidence {
    Evidence {
        mechanism: CIRCUIT.into(),
        log10_p: Some(log10(corrected(found.ln_p, comparisons))),
        effect: found.effect.clamp(0.0, 1.0),
        null: format!(
            "independent training: in the frame of the rotary pairs the phases of value and output are uniform \
             (Gaussian tail, standard deviation taken {:.2} times larger: {:.2} as measured at wrong layers, with a margin)",
            found.scale, found.kappa
        ),
        n: found.candidates as u64,
        detail: format!(
            "{} attention circuits of the base looked for among {} heads by query and key: value and output agree with \
             weighted correlation {:.3}, in {:.0} % of the circuits and {} layers beyond chance ({} rotary pairs a head; the \
             signs of the circuits alone give log10 p {:.1})",
            found.matches.len(),
            found.candidates,
            found.effect,
            100.0 * found.hit_share,
            found.hit_layers,
            found.pairs,
            log10(found.ln_p_signs)
        ),
    }
}
