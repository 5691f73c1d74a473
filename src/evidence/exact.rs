// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Exact copies: equal digests, and shared rows or columns.
//!
//! In: the matrices of two fingerprints. Out: for each matrix of the first, what equal values it shares with the
//! second. Digests see through renaming, re-sharding, transposing, and casts between types that hold the values;
//! shared rows also through fusing, splitting, reordering, pruning and appending.

use std::collections::{BTreeMap, BTreeSet};

use crate::fingerprint::{Digest, MatrixPrint};

/// log10 of the probability that two different rows have one hash (64-bit sums with 32-bit keys, mixed).
pub(super) const COLLISION_LOG10: f64 = -15.0;
/// Rows shorter than this may be equal by chance.
const SHORTEST_ROW: u64 = 16;
/// Fewer shared hashes than this count for nothing.
const FEWEST: usize = 2;
/// Holders remembered of one line: copies of a block beyond these add nothing but time.
const MOST_HOLDERS: usize = 64;
/// Fewer testable hashes than this give no share.
const ENOUGH: usize = 8;

/// What one matrix shares with another model.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ExactMatch {
    /// Index of the matrix of the other model that shares most.
    pub(super) other: usize,
    /// Kind of equality.
    pub(super) kind: ExactKind,
    /// Share of the rows (or columns) found, 1 for whole matrices.
    pub(super) share: f64,
    /// Hashes found.
    pub(super) found: usize,
}

/// Kinds of equality, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ExactKind {
    /// Every value equal.
    Values,
    /// Every value equal after a cast to bf16.
    Cast,
    /// Rows or columns equal after a cast to bf16.
    Rows,
}

/// Finds what each matrix of `ours` shares with `theirs`.
pub(super) fn shared(ours: &[&MatrixPrint], theirs: &[&MatrixPrint]) -> Vec<Option<ExactMatch>> {
    let index = Index::new(theirs);
    ours.iter()
        .map(|matrix| {
            let hashes = &matrix.hashes;
            let whole = |kind, other: usize| ExactMatch { other, kind, share: 1.0, found: hashes.rows.len() };
            index
                .exact
                .get(&hashes.exact)
                .map(|other| whole(ExactKind::Values, *other))
                .or_else(|| index.cast.get(&hashes.cast).map(|other| whole(ExactKind::Cast, *other)))
                .or_else(|| index.rows(matrix, theirs))
        })
        .collect()
}

struct Index {
    exact: BTreeMap<Digest, usize>,
    cast: BTreeMap<Digest, usize>,
    /// Row and column hashes → matrices that hold them.
    lines: BTreeMap<u64, Vec<(usize, bool)>>,
}

impl Index {
    fn new(matrices: &[&MatrixPrint]) -> Self {
        let mut index = Self { exact: BTreeMap::new(), cast: BTreeMap::new(), lines: BTreeMap::new() };
        for (at, matrix) in matrices.iter().enumerate() {
            let hashes = &matrix.hashes;
            for digest in [hashes.exact, hashes.exact_transposed] {
                index.exact.entry(digest).or_insert(at);
            }
            for digest in [hashes.cast, hashes.cast_transposed] {
                index.cast.entry(digest).or_insert(at);
            }
            for (list, length, is_row) in [(&hashes.rows, matrix.columns, true), (&hashes.columns, matrix.rows, false)]
            {
                if length >= SHORTEST_ROW {
                    for hash in list {
                        let holders = index.lines.entry(*hash).or_default();
                        if holders.len() < MOST_HOLDERS {
                            holders.push((at, is_row));
                        }
                    }
                }
            }
        }
        index
    }

    /// Rows first, then columns: whichever are shared more.
    fn rows(&self, matrix: &MatrixPrint, theirs: &[&MatrixPrint]) -> Option<ExactMatch> {
        let by_rows = (matrix.columns >= SHORTEST_ROW).then(|| self.lines_of(&matrix.hashes.rows, theirs)).flatten();
        let by_columns = (matrix.rows >= SHORTEST_ROW).then(|| self.lines_of(&matrix.hashes.columns, theirs)).flatten();
        [by_rows, by_columns].into_iter().flatten().max_by(|a, b| a.share.total_cmp(&b.share))
    }

    fn lines_of(&self, hashes: &[u64], theirs: &[&MatrixPrint]) -> Option<ExactMatch> {
        let mut holders: BTreeMap<(usize, bool), usize> = BTreeMap::new();
        let mut found: BTreeSet<u64> = BTreeSet::new();
        for hash in hashes {
            for holder in self.lines.get(hash).into_iter().flatten() {
                *holders.entry(*holder).or_default() += 1;
                found.insert(*hash);
            }
        }
        // Beyond the reach of a holder's sample a line may be there and not be seen. Where the lines are spread over
        // several holders, all of them must reach; a sample that reaches nearly nothing tells nothing.
        let reaches: Vec<u64> =
            holders.keys().filter_map(|(at, is_row)| sample_reach(theirs.get(*at)?, *is_row)).collect();
        let within = |reach: u64| hashes.iter().filter(|hash| **hash <= reach).count();
        let least = reaches.iter().min().copied().filter(|reach| within(*reach) >= ENOUGH);
        let reach = least.or_else(|| reaches.iter().max().copied())?;
        let testable = within(reach);
        let seen = found.iter().filter(|hash| **hash <= reach).count();
        let (best, _) = holders.iter().max_by_key(|(at, count)| (**count, std::cmp::Reverse(**at)))?;
        (found.len() >= FEWEST).then(|| ExactMatch {
            other: best.0,
            kind: ExactKind::Rows,
            share: seen as f64 / testable.max(1) as f64,
            found: found.len(),
        })
    }
}

/// The largest hash that a matrix's sample is sure to hold if the matrix has it.
fn sample_reach(matrix: &MatrixPrint, is_row: bool) -> Option<u64> {
    let (list, lines) =
        if is_row { (&matrix.hashes.rows, matrix.rows) } else { (&matrix.hashes.columns, matrix.columns) };
    let sampled = crate::fingerprint::SAMPLED_LINES as u64;
    if lines <= sampled || (list.len() as u64) < sampled {
        return Some(u64::MAX); // the sample is the whole
    }
    list.last().copied()
}
