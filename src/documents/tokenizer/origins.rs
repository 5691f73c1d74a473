// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The known tokenizers that one may come from.
//!
//! In: a print, and the prints that are known. Out: those it is kin to, the nearest first. Where the nearest explains only
//! a part, the rest is compared with the others: a vocabulary stitched together holds a second one there.

use std::collections::HashSet;

use super::matching::{FEWEST, Kinship, ORDERED, TokenizerMatch, compared, within};
use super::print::TokenizerPrint;

/// Share of the second tokenizer's pieces that must be in the rest, and of the rest that must be its: what was stitched on
/// is most of another vocabulary, and most of what is new.
const STITCHED: f64 = 0.7;

/// One known tokenizer that a suspect is kin to.
#[derive(Clone, Debug, PartialEq)]
pub struct Kin {
    /// Index among the known.
    pub known: usize,
    /// The numbers.
    pub found: TokenizerMatch,
}

/// The known tokenizers that `suspect` is kin to, the nearest first.
pub fn origins<'a>(suspect: &TokenizerPrint, known: impl IntoIterator<Item = &'a TokenizerPrint>) -> Vec<Kin> {
    let known: Vec<&TokenizerPrint> = known.into_iter().collect();
    let mut all: Vec<Kin> = known
        .iter()
        .enumerate()
        .map(|(at, print)| Kin { known: at, found: TokenizerMatch::of(suspect, print) })
        .collect();
    let whole = |kin: &&Kin| matches!(kin.found.kinship, Kinship::Extended | Kinship::Renumbered);
    let nearest = all.iter().filter(whole).max_by(|a, b| a.found.nearness().total_cmp(&b.found.nearness()));
    if let Some(first) = nearest.and_then(|kin| known.get(kin.known)) {
        for kin in all.iter_mut().filter(|kin| !kin.found.kinship.is_origin()) {
            if let Some(second) = known.get(kin.known).and_then(|second| stitched(suspect, first, second)) {
                kin.found = second;
            }
        }
    }
    all.retain(|kin| kin.found.kinship <= Kinship::CommonOrigin);
    all.sort_by(|a, b| {
        let nearer = b.found.nearness().total_cmp(&a.found.nearness());
        a.found.kinship.is_origin().cmp(&b.found.kinship.is_origin()).reverse().then(nearer).then(a.known.cmp(&b.known))
    });
    all
}

/// The second tokenizer in what the first leaves unexplained.
fn stitched(suspect: &TokenizerPrint, first: &TokenizerPrint, second: &TokenizerPrint) -> Option<TokenizerMatch> {
    let reach = suspect.reach().min(first.reach()).min(second.reach());
    let explained: HashSet<u64> = first.samples.iter().map(|sample| sample.hash).collect();
    let rest = |print: &TokenizerPrint| {
        let mut rest = within(&print.samples, reach);
        rest.retain(|sample| !explained.contains(&sample.hash));
        rest
    };
    let found = compared(&rest(suspect), &rest(second));
    let is_stitched = found.compared as usize >= FEWEST
        && found.base_found >= STITCHED
        && found.suspect_found >= STITCHED
        && found.in_order >= ORDERED;
    is_stitched.then_some(TokenizerMatch {
        kinship: Kinship::Stitched,
        suspect_pieces: suspect.pieces,
        base_pieces: second.pieces,
        ..found
    })
}

#[cfg(test)]
mod tests {
    use super::super::print::tests::made;
    use super::*;

    fn names(suspect: &TokenizerPrint, known: &[TokenizerPrint]) -> Vec<(usize, Kinship)> {
        origins(suspect, known).into_iter().map(|kin| (kin.known, kin.found.kinship)).collect()
    }

    #[test]
    fn the_nearest_comes_first_and_strangers_not_at_all() {
        let root = made(0..3000, 0);
        let grown = made(0..4000, 0);
        let stranger = made(10_000..14_000, 0);
        let known = [root, grown, stranger];
        assert_eq!(names(&made(0..4000, 0), &known), [(1, Kinship::Same), (0, Kinship::Extended)]);
        assert_eq!(names(&made(15_000..17_000, 0), &known), []);
    }

    #[test]
    fn two_vocabularies_one_after_the_other_are_both_told() {
        // What both have stands where the first has it, in another order than the second's.
        let mut learned: Vec<u32> = (2000..5000).collect();
        learned.sort_by_key(|n| n.wrapping_mul(2_654_435_761));
        let (first, second) = (made(0..3000, 0), made(learned.iter().copied(), 100));
        let both = made((0..3000).chain(learned.into_iter().filter(|n| *n >= 3000)), 0);
        assert_eq!(names(&both, &[first.clone(), second]), [(0, Kinship::Extended), (1, Kinship::Stitched)]);
        // An extension with pieces of its own holds nobody else's.
        assert_eq!(names(&both, &[first, made(9000..12_000, 0)]), [(0, Kinship::Extended)]);
    }
}
