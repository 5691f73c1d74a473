// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Signal: row and column hashes that both have.
//!
//! In: matrices. Out of a base: the smallest hashes of some of them. Out of both: how many the suspect holds. Finds
//! copies, conversions, parts, concatenations, whatever their names. The lower halves of the 64-bit hashes serve: one
//! shared by chance is a matter of 10⁻⁴ a base, so two are asked for.

use crate::fingerprint::MatrixPrint;

/// Matrices of a base whose hashes are kept.
const MATRICES: usize = 32;
/// Row hashes, and as many column hashes, of a matrix.
const LINES: usize = 2;
/// Shortest line that counts, as in the complete test.
const SHORTEST: u64 = 16;
/// Bits of a hash that the first look goes by.
const BITS: u32 = 22;

/// The hashes to keep of a base, ascending.
pub(super) fn of_base(matrices: &[&MatrixPrint]) -> Vec<u32> {
    let chosen = super::record::spread(matrices.len(), MATRICES);
    let mut kept: Vec<u32> =
        chosen.into_iter().filter_map(|at| matrices.get(at)).flat_map(|matrix| lines(matrix, LINES)).collect();
    kept.sort_unstable();
    kept.dedup();
    kept
}

/// Hashes of one matrix, smallest first, at most so many of its rows and of its columns.
fn lines(matrix: &MatrixPrint, most: usize) -> impl Iterator<Item = u32> {
    let long = |length: u64| if length >= SHORTEST { most } else { 0 };
    let rows = matrix.hashes.rows.iter().take(long(matrix.columns));
    let columns = matrix.hashes.columns.iter().take(long(matrix.rows));
    rows.chain(columns).map(|hash| *hash as u32)
}

/// All hashes of a suspect.
pub(super) struct Lines {
    /// Which beginnings there are, a bit each.
    there: Vec<u64>,
    sorted: Vec<u32>,
}

impl Lines {
    /// Those of all matrices.
    pub(super) fn of(matrices: &[&MatrixPrint]) -> Self {
        let mut sorted: Vec<u32> = matrices.iter().flat_map(|matrix| lines(matrix, usize::MAX)).collect();
        sorted.sort_unstable();
        sorted.dedup();
        let mut there = vec![0u64; 1 << (BITS - 6)];
        for hash in &sorted {
            let bit = hash & ((1 << BITS) - 1);
            if let Some(word) = there.get_mut((bit >> 6) as usize) {
                *word |= 1 << (bit & 63);
            }
        }
        Self { there, sorted }
    }

    /// How many of a base's hashes the suspect has.
    pub(super) fn shared(&self, base: &[u32]) -> usize {
        let seen = |hash: &&u32| {
            let bit = **hash & ((1 << BITS) - 1);
            self.there.get((bit >> 6) as usize).is_some_and(|word| word >> (bit & 63) & 1 == 1)
        };
        base.iter().filter(seen).filter(|hash| self.sorted.binary_search(hash).is_ok()).count()
    }

    /// Whether there is anything to compare.
    pub(super) fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }
}
