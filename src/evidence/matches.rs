// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Exact and aligned matches joined: one entry a matrix, in both directions.

use super::aligned::Aligned;
use super::exact::{ExactKind, ExactMatch};
use crate::fingerprint::MatrixPrint;

/// The best match of one matrix.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Match {
    /// Index of the partner.
    pub(super) other: usize,
    /// Correlation; 1 for equal values, the share found for shared rows.
    pub(super) correlation: f64,
    /// Share of the matrix found: 1, or the share of shared rows.
    pub(super) share: f64,
    /// Whether the values are equal.
    pub(super) exact: bool,
    /// Whether nothing but a change of encoding separates the two.
    pub(super) unchanged: bool,
}

/// Matches in both directions, and shares of elements.
#[derive(Clone, Debug, Default)]
pub(super) struct Matches {
    /// For each matrix of the base, its match in the suspect.
    pub(super) of_base: Vec<Option<Match>>,
    /// For each matrix of the base, whether the suspect has anything of its shape.
    pub(super) comparable: Vec<bool>,
    /// For each matrix of the suspect, its match in the base.
    pub(super) of_suspect: Vec<Option<Match>>,
    /// Share of the base's elements that are found at all.
    pub(super) base_found: f64,
    /// Share of the base's elements that are found unchanged.
    pub(super) base_unchanged: f64,
    /// Share of the base's elements that are found with equal values.
    pub(super) base_exact: f64,
    /// The same of the suspect's.
    pub(super) suspect_unchanged: f64,
    /// The same of the suspect's.
    pub(super) suspect_exact: f64,
    /// Whether every vector of the base that is not constant is in the suspect, value for value.
    pub(super) vectors_equal: bool,
}

/// Rows found in this share are the whole matrix, whatever else was fused to it.
const WHOLE: f64 = 0.95;

/// Joins the two mechanisms for the matrices of one side.
pub(super) fn join(
    ours: &[&MatrixPrint],
    theirs: &[&MatrixPrint],
    exact: &[Option<ExactMatch>],
    aligned: &Aligned,
) -> Vec<Option<Match>> {
    ours.iter()
        .zip(exact)
        .zip(&aligned.matches)
        .map(|((matrix, exact), aligned)| {
            let by_value = exact.as_ref().map(|found| Match {
                other: found.other,
                correlation: found.share,
                share: found.share,
                exact: found.kind == ExactKind::Values,
                unchanged: found.kind != ExactKind::Rows || found.share >= WHOLE,
            });
            let by_sample = aligned.as_ref().filter(|found| found.matched).map(|found| {
                let tolerance = theirs.get(found.other).map_or(0.0, |other| other.tolerance).max(matrix.tolerance);
                Match {
                    other: found.other,
                    correlation: found.correlation,
                    share: 1.0,
                    exact: false,
                    unchanged: found.difference <= f64::from(tolerance.max(1e-5)),
                }
            });
            match (by_value, by_sample) {
                (Some(value), Some(sample)) if !value.unchanged && sample.correlation > value.correlation => {
                    Some(sample)
                }
                (Some(value), _) => Some(value),
                (None, sample) => sample,
            }
        })
        .collect()
}

/// Share of the elements whose match fulfils `wanted`.
pub(super) fn share(ours: &[&MatrixPrint], matches: &[Option<Match>], wanted: impl Fn(&Match) -> bool) -> f64 {
    let total: u64 = ours.iter().map(|matrix| matrix.elements()).sum();
    let found: f64 = ours
        .iter()
        .zip(matches)
        .filter_map(|(matrix, matched)| {
            let matched = matched.as_ref().filter(|matched| wanted(matched))?;
            let share = if matched.unchanged { 1.0 } else { matched.share };
            Some(matrix.elements() as f64 * share)
        })
        .sum();
    if total == 0 { 0.0 } else { found / total as f64 }
}
