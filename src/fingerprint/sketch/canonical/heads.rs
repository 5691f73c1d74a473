// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! How the rows of query and key make heads, and which of them are rotated.
//!
//! In: the rows there are, and what the config says. Out: a [`HeadLayout`], or `None` where nothing tells. Without a
//! config the dimension of a head is that of the gain on queries, else the first usual one that divides the rows of
//! query and key.

use super::facts::{Facts, Rotary};
use super::layer::HeadLayout;

/// Usual dimensions of a head, the likeliest first.
const DIMENSIONS: [usize; 14] = [128, 64, 96, 80, 256, 32, 16, 192, 112, 120, 72, 48, 40, 24];

/// What stands beside the rows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hints {
    /// Rows of the query.
    pub(super) query_rows: usize,
    /// Rows of the key.
    pub(super) key_rows: usize,
    /// Values of the gain on queries; 0 if there is none.
    pub(super) query_gain: usize,
    /// Whether nothing but rotation could carry positions: norms without bias, no learned table.
    pub(super) could_rotate: bool,
}

/// Heads of a layer.
pub(super) fn heads(facts: &Facts, hints: Hints) -> Option<HeadLayout> {
    let fits = |dim: &usize| *dim > 0 && hints.query_rows.is_multiple_of(*dim) && hints.key_rows.is_multiple_of(*dim);
    let by_count = facts.heads.filter(|heads| *heads > 0 && hints.query_rows.is_multiple_of(*heads));
    let told = facts.dim.filter(fits).or_else(|| by_count.map(|heads| hints.query_rows / heads).filter(fits));
    let by_gain = Some(hints.query_gain).filter(|gain| *gain < hints.query_rows).filter(fits);
    let dim = told.or(by_gain).or_else(|| DIMENSIONS.into_iter().find(fits))?;
    let rotary = rotary(facts.rotary, dim, hints.could_rotate);
    let (query, key_value) = (hints.query_rows / dim, hints.key_rows / dim);
    let sound = key_value > 0 && query.is_multiple_of(key_value);
    // A dimension that is only usual is worth something in the frame of rotary pairs alone.
    let sure = told.or(by_gain).is_some() || rotary > 0;
    (sound && sure).then_some(HeadLayout { query, key_value, dim, rotary })
}

/// Rows of a head that are rotated.
fn rotary(said: Rotary, dim: usize, could_rotate: bool) -> usize {
    let rows = match said {
        Rotary::Full => dim,
        Rotary::Part(share) => (dim as f64 * share).round() as usize,
        Rotary::Rows(rows) => rows.min(dim),
        Rotary::Unsaid if could_rotate => dim,
        Rotary::None | Rotary::Unsaid => 0,
    };
    rows - rows % 2
}

/// Rows of `heads` heads of `dim` in the order in which neighbouring pairs of the first `rotary` stand in halves:
/// 0 2 4 … 1 3 5 …
pub(super) fn halves(heads: usize, dim: usize, rotary: usize) -> impl Iterator<Item = usize> {
    (0..heads).flat_map(move |head| {
        let half = rotary / 2;
        (0..dim).map(move |row| {
            let place = match row {
                row if row < half => 2 * row,
                row if row < rotary => 2 * (row - half) + 1,
                row => row,
            };
            head * dim + place
        })
    })
}

#[cfg(test)]
mod tests {
    use super::{Hints, halves, heads};
    use crate::fingerprint::sketch::canonical::HeadLayout;
    use crate::fingerprint::sketch::canonical::facts::{Facts, Rotary};

    fn layout(query: usize, key_value: usize, dim: usize, rotary: usize) -> HeadLayout {
        HeadLayout { query, key_value, dim, rotary }
    }

    #[test]
    fn the_config_decides_and_shapes_help() {
        let hints = Hints { query_rows: 576, key_rows: 192, could_rotate: true, ..Hints::default() };
        assert_eq!(heads(&Facts::default(), hints), Some(layout(9, 3, 64, 64)));
        let facts = Facts { heads: Some(18), rotary: Rotary::Part(0.25), ..Facts::default() };
        assert_eq!(heads(&facts, hints), Some(layout(18, 6, 32, 8)));
        let gain = Hints { query_gain: 96, ..hints };
        assert_eq!(heads(&Facts::default(), gain), Some(layout(6, 2, 96, 96)));
    }

    #[test]
    fn without_rotation_a_usual_dimension_is_no_evidence() {
        let hints = Hints { query_rows: 384, key_rows: 384, could_rotate: false, ..Hints::default() };
        assert_eq!(heads(&Facts::default(), hints), None);
        let facts = Facts { heads: Some(12), rotary: Rotary::None, ..Facts::default() };
        assert_eq!(heads(&facts, hints), Some(layout(12, 12, 32, 0)));
    }

    #[test]
    fn neighbouring_pairs_are_put_in_halves() {
        let order: Vec<usize> = halves(2, 6, 4).collect();
        assert_eq!(order, [0, 2, 1, 3, 4, 5, 6, 8, 7, 9, 10, 11]);
    }
}
