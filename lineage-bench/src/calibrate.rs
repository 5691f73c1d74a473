// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The null distributions: every ordered pair of models with independent roots, as they are and laundered.
//!
//! In: a zoo, and a table of pairs of other models. Out: for each mechanism the distribution of log10 p (as reported,
//! corrected for the comparisons it made), and at the decision the false accusations with a 95 % limit. Pairs share
//! models, so they are not independent: the limit is also given over pairs of roots, of which one failing pair fails all.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use forebear::evidence::{Comparison, Evidence, compare_uncorrected};
use forebear::fingerprint::Fingerprint;
use rayon::prelude::*;
use serde::Serialize;

use crate::bench::pairs;
use crate::cases::{LAUNDRY, Truth};
use crate::error::Error;
use crate::histogram;
use crate::launder::launder;
use crate::measure::{fingerprint, mechanism};
use crate::report::MECHANISMS;
use crate::statistics::{quantile, upper_limit};
use crate::zoo::{Kinship, Member, Zoo};

/// A set of pairs of models trained apart.
#[derive(Clone, Debug, Serialize)]
pub struct Null {
    /// What the pairs are.
    pub name: String,
    /// Pairs, and those said to descend.
    pub pairs: (usize, usize),
    /// Unordered pairs of roots, and those with a pair said to descend.
    pub roots: (usize, usize),
    /// By mechanism.
    pub mechanisms: Vec<Distribution>,
}

/// log10 p of one mechanism over the pairs it could be run on.
#[derive(Clone, Debug, Serialize)]
pub struct Distribution {
    /// The mechanism.
    pub mechanism: String,
    /// log10 p, sorted.
    pub log10_p: Vec<f64>,
    /// log10 p before the correction for the number of mechanisms, sorted; none for what is joined.
    pub uncorrected: Vec<f64>,
    /// Largest effect.
    pub effect: f64,
}

/// A comparison, the same before it was corrected, and the roots of the two.
struct Outcome {
    comparison: Comparison,
    uncorrected: Vec<Evidence>,
    roots: (String, String),
}

/// Measures the null over the zoo, and over the unrelated pairs of a table if one is given.
pub fn nulls(zoo: &Zoo, seed: u64, table: Option<&(PathBuf, PathBuf)>) -> Result<Vec<Null>, Error> {
    let members: Vec<&Member> = zoo.members().collect();
    let plain = prints(&members, |member| fingerprint(&member.path))?;
    let laundered = prints(&members, |member| laundered_print(member, seed))?;
    let mut nulls = vec![
        null("models as they are", &outcomes(zoo, &members, &plain, &plain)),
        null("suspects laundered", &outcomes(zoo, &members, &plain, &laundered)),
    ];
    if let Some((table, folder)) = table {
        let mut found = Vec::new();
        let mut prints = BTreeMap::new();
        for pair in pairs(table, folder)?.into_iter().filter(|pair| pair.truth == Truth::Unrelated) {
            let mut print =
                |path: &Path| prints.entry(path.to_owned()).or_insert_with(|| fingerprint(path).ok()).clone();
            // A format that is not read has no numbers.
            let (Some(base), Some(suspect)) = (print(&pair.base_path), print(&pair.path)) else { continue };
            let roots = (pair.base, pair.suspect);
            for (base, suspect) in [(&base, &suspect), (&suspect, &base)] {
                found.push(Outcome::new(suspect, base, roots.clone()));
            }
        }
        nulls.push(null("published checkpoints", &found));
    }
    Ok(nulls)
}

impl Outcome {
    fn new(suspect: &Fingerprint, base: &Fingerprint, roots: (String, String)) -> Self {
        let (comparison, uncorrected) = compare_uncorrected(suspect, base, 1);
        Self { comparison, uncorrected, roots }
    }
}

fn prints(
    members: &[&Member],
    print: impl Fn(&Member) -> Result<Fingerprint, Error> + Sync,
) -> Result<Vec<Fingerprint>, Error> {
    members.par_iter().map(|member| print(member)).collect()
}

fn laundered_print(member: &Member, seed: u64) -> Result<Fingerprint, Error> {
    let scratch = tempfile::tempdir().map_err(|error| Error::io(Path::new("a temporary folder"), error))?;
    let place = scratch.path().join("laundered");
    launder(&member.path, &place, LAUNDRY, seed, None)?;
    let print = fingerprint(&place)?;
    fs::remove_dir_all(&place).map_err(|error| Error::io(&place, error))?;
    Ok(print)
}

fn outcomes(zoo: &Zoo, members: &[&Member], bases: &[Fingerprint], suspects: &[Fingerprint]) -> Vec<Outcome> {
    let pairs: Vec<(usize, usize)> = (0..members.len())
        .flat_map(|base| (0..members.len()).map(move |suspect| (base, suspect)))
        .filter(|&(base, suspect)| zoo.kinship(members[base], members[suspect]) == Kinship::Unrelated)
        .collect();
    let root = |member: usize| zoo.roots(members[member]).into_iter().collect::<Vec<_>>().join("+");
    pairs
        .into_par_iter()
        .map(|(base, suspect)| Outcome::new(&suspects[suspect], &bases[base], (root(base), root(suspect))))
        .collect()
}

fn null(name: &str, outcomes: &[Outcome]) -> Null {
    let unordered = |outcome: &Outcome| {
        let (a, b) = outcome.roots.clone();
        if a <= b { (a, b) } else { (b, a) }
    };
    let accused: Vec<&Outcome> = outcomes.iter().filter(|o| o.comparison.relation.is_descent()).collect();
    let roots: BTreeSet<_> = outcomes.iter().map(unordered).collect();
    let accused_roots: BTreeSet<_> = accused.iter().map(|outcome| unordered(outcome)).collect();
    let distribution = |name: &str| {
        let run = outcomes.iter().filter_map(|outcome| mechanism(&outcome.comparison, name));
        let (mut log10_p, mut effect) = (Vec::new(), 0.0f64);
        for evidence in run {
            log10_p.extend(evidence.log10_p);
            effect = effect.max(evidence.effect);
        }
        log10_p.sort_by(f64::total_cmp);
        let alone = outcomes.iter().flat_map(|outcome| &outcome.uncorrected).filter(|found| found.mechanism == name);
        let mut uncorrected: Vec<f64> = alone.filter_map(|found| found.log10_p).collect();
        uncorrected.sort_by(f64::total_cmp);
        Distribution { mechanism: name.to_owned(), log10_p, uncorrected, effect }
    };
    let mut mechanisms: Vec<Distribution> = MECHANISMS.iter().map(|(name, _)| distribution(name)).collect();
    mechanisms.retain(|distribution| !distribution.log10_p.is_empty());
    let mut joined: Vec<f64> = outcomes.iter().filter_map(|outcome| outcome.comparison.log10_p).collect();
    joined.sort_by(f64::total_cmp);
    let effect = outcomes.iter().fold(0.0f64, |largest, outcome| largest.max(outcome.comparison.effect));
    mechanisms.push(Distribution { mechanism: "all, joined".into(), log10_p: joined, uncorrected: Vec::new(), effect });
    Null {
        name: name.to_owned(),
        pairs: (outcomes.len(), accused.len()),
        roots: (roots.len(), accused_roots.len()),
        mechanisms,
    }
}

/// The null distributions as markdown.
pub fn markdown(nulls: &[Null]) -> String {
    let mut lines = Vec::new();
    for null in nulls {
        let ((pairs, accused), (roots, accused_roots)) = (null.pairs, null.roots);
        lines.push(format!("\n{}: {pairs} ordered pairs from {roots} pairs of independent roots\n", null.name));
        lines.push(
            "| mechanism | pairs | median log10 p | 10 % | 1 % | smallest | below 1e-2 | below 1e-4 | largest effect |"
                .into(),
        );
        lines.push("|---|---|---|---|---|---|---|---|---|".into());
        lines.extend(null.mechanisms.iter().map(line));
        lines.push(format!(
            "\nsaid to descend: {accused} of {pairs} pairs (95 % limit {:.2e} were they independent), in {accused_roots} \
             of {roots} pairs of roots (95 % limit {:.2e})",
            upper_limit(accused, pairs.max(1)),
            upper_limit(accused_roots, roots.max(1))
        ));
        lines.push("\nHistogram of p before the correction, in percent of the pairs:\n".into());
        lines.extend(histogram::header());
        let alone = null.mechanisms.iter().filter(|distribution| !distribution.uncorrected.is_empty());
        lines.extend(alone.map(|distribution| histogram::row(&distribution.mechanism, &distribution.uncorrected)));
    }
    lines.join("\n")
}

fn line(distribution: &Distribution) -> String {
    let values = &distribution.log10_p;
    let at = |share| quantile(values, share).map_or("–".into(), |value| format!("{value:.2}"));
    let below = |limit: f64| values.iter().filter(|value| **value < limit).count() as f64 / values.len().max(1) as f64;
    format!(
        "| {} | {} | {} | {} | {} | {} | {:.2} % | {:.2} % | {:.3} |",
        distribution.mechanism,
        values.len(),
        at(0.5),
        at(0.1),
        at(0.01),
        at(0.0),
        100.0 * below(-2.0),
        100.0 * below(-4.0),
        distribution.effect
    )
}
