// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! How two tokenizers are alike.
//!
//! In: two prints. Out: a [`TokenizerMatch`]: which pieces they share, under which ids, and in which order. Two tokenizers
//! that were trained independently share half of their pieces, for frequent words are frequent everywhere, and frequent
//! words come early in both; what they do not share is the order of near neighbours. That is what decides. The limits
//! are those of `docs/tokenizers.md`, where every pair of public tokenizers is measured.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::print::{Sample, TokenizerPrint};

/// Shared pieces below which nothing is said.
pub(super) const FEWEST: usize = 128;
/// Share of pieces, or of ids, from which it is all of them; the rest are special tokens and rounding.
const ALL: f64 = 0.95;
/// Share of neighbours in the same order from which the order is the same; two extensions of one root, whose own parts have
/// nothing to do with each other, stay below.
pub(super) const ORDERED: f64 = 0.9;
/// Share from which a part is: independent tokenizers reach 0.56.
const PARTLY: f64 = 0.75;
/// Special tokens that are everywhere.
const USUAL: &[&str] = &[
    "<s>",
    "</s>",
    "<unk>",
    "<pad>",
    "<mask>",
    "<bos>",
    "<eos>",
    "[UNK]",
    "[PAD]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "<|endoftext|>",
    "<|padding|>",
    "<|im_start|>",
    "<|im_end|>",
];

/// What two tokenizers have in common, in words.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub enum Kinship {
    /// The same pieces under the same ids.
    Same,
    /// All pieces of the other, under the same ids, and more.
    Extended,
    /// All pieces of the other, under other ids: shifted, or with gaps, or with more between them.
    Renumbered,
    /// Pieces of the other and none besides, in the same order.
    Trimmed,
    /// Beside the pieces of a third tokenizer it holds those of this one.
    Stitched,
    /// A part in the same order, and others on both sides: two tokenizers that go back to a third.
    CommonOrigin,
    /// What any two tokenizers of the same languages share.
    Unrelated,
    /// Too few pieces in common to tell.
    TooFew,
}

impl Kinship {
    /// Whether one vocabulary was made from the other, as far as numbers can tell.
    pub fn is_origin(self) -> bool {
        self <= Self::Stitched
    }

    /// Name used in JSON and shown to people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Extended => "extended",
            Self::Renumbered => "renumbered",
            Self::Trimmed => "trimmed",
            Self::Stitched => "stitched",
            Self::CommonOrigin => "common-origin",
            Self::Unrelated => "unrelated",
            Self::TooFew => "too-few",
        }
    }
}

/// Two tokenizers compared. Shares are of telling pieces: at least two letters, no control tokens.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq)]
pub struct TokenizerMatch {
    /// What the numbers amount to.
    pub kinship: Kinship,
    /// Pieces of the suspect.
    pub suspect_pieces: u32,
    /// Pieces of the base.
    pub base_pieces: u32,
    /// Shared pieces that were compared, a sample.
    pub compared: u64,
    /// Share of the base's pieces that the suspect has.
    pub base_found: f64,
    /// Share of the suspect's pieces that the base has.
    pub suspect_found: f64,
    /// Share of the shared pieces that have the same id.
    pub same_id: f64,
    /// The most frequent difference of ids other than 0, and the share of the shared pieces that have it.
    pub shift: i64,
    /// Share of the shared pieces that have that difference.
    pub at_shift: f64,
    /// Share of neighbours in the base's order that stand in the same order in the suspect.
    pub in_order: f64,
    /// Kendall's τ of the order of the shared pieces.
    pub tau: f64,
    /// Unusual special tokens that both have under one id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub special: Vec<String>,
}

impl TokenizerMatch {
    /// Compares two tokenizers.
    pub fn of(suspect: &TokenizerPrint, base: &TokenizerPrint) -> Self {
        let reach = suspect.reach().min(base.reach());
        let mut found = compared(&within(&suspect.samples, reach), &within(&base.samples, reach));
        found.suspect_pieces = suspect.pieces;
        found.base_pieces = base.pieces;
        let unusual = suspect.special.iter().filter(|entry| base.special.contains(entry));
        let unusual = unusual.map(|(text, _)| text.as_str()).filter(|text| !USUAL.contains(text));
        found.special = unusual.map(str::to_owned).collect();
        found.kinship = if suspect.digest == base.digest { Kinship::Same } else { kinship(&found) };
        found
    }

    /// How much of the two is in common, the sum of both shares; the greater, the nearer.
    pub(super) fn nearness(&self) -> f64 {
        self.base_found + self.suspect_found + self.same_id
    }

    /// The numbers in one line.
    pub fn said(&self) -> String {
        let shift = if self.at_shift > 0.5 {
            format!(", {:.2} shifted by {}", self.at_shift, self.shift)
        } else {
            String::new()
        };
        format!(
            "{}: {:.2} of the {} pieces of the base are among the {} here, {:.2} of the shared ones under the same id{shift}, \
             {:.2} of neighbours in the same order (of {} compared)",
            self.kinship.name(),
            self.base_found,
            self.base_pieces,
            self.suspect_pieces,
            self.same_id,
            self.in_order,
            self.compared,
        )
    }
}

pub(super) fn within(samples: &[Sample], reach: u64) -> Vec<Sample> {
    samples.iter().copied().take_while(|sample| sample.hash <= reach).collect()
}

fn kinship(found: &TokenizerMatch) -> Kinship {
    let (base, suspect) = (found.base_found >= ALL, found.suspect_found >= ALL);
    let ordered = found.in_order >= ORDERED;
    if (found.compared as usize) < FEWEST {
        Kinship::TooFew
    } else if base && suspect && found.same_id >= ALL {
        Kinship::Same
    } else if base && found.same_id >= ALL {
        Kinship::Extended
    } else if base && (ordered || suspect) {
        Kinship::Renumbered
    } else if suspect && ordered {
        Kinship::Trimmed
    } else if found.in_order >= PARTLY {
        Kinship::CommonOrigin
    } else {
        Kinship::Unrelated
    }
}

/// The numbers of two samples of the same reach; the kinship is not drawn yet.
pub(super) fn compared(suspect: &[Sample], base: &[Sample]) -> TokenizerMatch {
    let mut shared: Vec<(Sample, Sample)> = Vec::new();
    let mut theirs = suspect.iter().peekable();
    for ours in base {
        while theirs.next_if(|other| other.hash < ours.hash).is_some() {}
        if let Some(other) = theirs.next_if(|other| other.hash == ours.hash) {
            shared.push((*ours, *other));
        }
    }
    let of = |count: usize, all: usize| count as f64 / all.max(1) as f64;
    let mut shifts: BTreeMap<i64, usize> = BTreeMap::new();
    for (ours, other) in &shared {
        *shifts.entry(i64::from(other.id) - i64::from(ours.id)).or_default() += 1;
    }
    let same = shifts.remove(&0).unwrap_or_default();
    let (shift, at_shift) = shifts.into_iter().max_by_key(|(_, count)| *count).unwrap_or_default();
    let order = |key: fn(&Sample) -> u32| {
        let mut pairs: Vec<(u32, u32)> = shared.iter().map(|(ours, other)| (key(ours), key(other))).collect();
        pairs.sort_unstable();
        pairs.into_iter().map(|(_, other)| other).collect::<Vec<u32>>()
    };
    let ascending = |list: &[u32]| {
        let kept = list.windows(2).filter(|pair| matches!(pair, [a, b] if a < b)).count();
        of(kept, list.len().saturating_sub(1))
    };
    // Ids may be dealt out anew while merges stay, and merges may be lost while ids stay.
    let (ids, ranks) = (order(|sample| sample.id), order(|sample| sample.rank));
    TokenizerMatch {
        kinship: Kinship::TooFew,
        suspect_pieces: 0,
        base_pieces: 0,
        compared: shared.len() as u64,
        base_found: of(shared.len(), base.len()),
        suspect_found: of(shared.len(), suspect.len()),
        same_id: of(same, shared.len()),
        shift,
        at_shift: of(at_shift, shared.len()),
        in_order: ascending(&ids).max(ascending(&ranks)),
        tau: kendall(ids).max(kendall(ranks)),
        special: Vec::new(),
    }
}

/// Kendall's τ of a list against its sorted self: 1 − 4 · inversions ÷ (n · (n − 1)).
fn kendall(mut list: Vec<u32>) -> f64 {
    let pairs = list.len() as f64 * (list.len() as f64 - 1.0) / 2.0;
    if pairs <= 0.0 {
        return 0.0;
    }
    let mut scratch = list.clone();
    1.0 - 2.0 * inversions(&mut list, &mut scratch) as f64 / pairs
}

/// Counts pairs out of order by merge sort; the list is sorted after it. The depth is the logarithm of the length.
fn inversions(list: &mut [u32], scratch: &mut [u32]) -> u64 {
    if list.len() < 2 {
        return 0;
    }
    let middle = list.len() / 2;
    let (left, right) = list.split_at_mut(middle);
    let (low, high) = scratch.split_at_mut(middle);
    let mut count = inversions(left, low) + inversions(right, high);
    let (mut a, mut b) = (left.iter().copied().peekable(), right.iter().copied().peekable());
    for slot in scratch.iter_mut() {
        let next = match (a.peek(), b.peek()) {
            (Some(x), Some(y)) if y < x => {
                count += a.len() as u64;
                b.next()
            }
            (Some(_), _) => a.next(),
            (None, _) => b.next(),
        };
        *slot = next.unwrap_or_default();
    }
    list.copy_from_slice(scratch);
    count
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::print::tests::made;
    use super::*;

    fn kin(suspect: &TokenizerPrint, base: &TokenizerPrint) -> Kinship {
        TokenizerMatch::of(suspect, base).kinship
    }

    /// An order of the words that has nothing to do with their numbers.
    fn shuffled(words: std::ops::Range<u32>) -> Vec<u32> {
        let mut words: Vec<u32> = words.collect();
        words.sort_by_key(|n| n.wrapping_mul(2_654_435_761));
        words
    }

    #[test]
    fn the_ways_of_taking_a_tokenizer_over_are_told_apart() {
        let base = made(0..4000, 256);
        assert_eq!(kin(&made(0..4000, 256), &base), Kinship::Same);
        assert_eq!(kin(&made(0..6000, 256), &base), Kinship::Extended);
        assert_eq!(kin(&made(0..4000, 300), &base), Kinship::Renumbered);
        assert_eq!(kin(&made((0..6000).filter(|n| n % 50 != 0), 256), &base), Kinship::Renumbered);
        assert_eq!(kin(&made((0..4000).filter(|n| n % 3 == 0), 256), &base), Kinship::Trimmed);
        assert_eq!(kin(&made(shuffled(0..4000), 256), &base), Kinship::Renumbered);
        assert_eq!(kin(&made((0..2000).chain(9000..12_000), 256), &base), Kinship::CommonOrigin);
        assert_eq!(kin(&made(shuffled(2000..7000), 256), &base), Kinship::Unrelated);
        assert_eq!(kin(&made(3950..9000, 256), &base), Kinship::TooFew);
    }

    #[test]
    fn a_constant_shift_is_told() {
        let found = TokenizerMatch::of(&made(0..4000, 300), &made(0..4000, 256));
        assert_eq!((found.shift, found.at_shift, found.same_id), (44, 1.0, 0.0));
        assert!(found.said().contains("1.00 shifted by 44"), "{}", found.said());
    }

    #[test]
    fn special_tokens_that_are_everywhere_say_nothing() {
        let with = |text: &str| TokenizerPrint { special: vec![(text.into(), 9)], ..made(0..10, 0) };
        assert!(TokenizerMatch::of(&with("<|im_end|>"), &with("<|im_end|>")).special.is_empty());
        assert_eq!(TokenizerMatch::of(&with("[gMASK]"), &with("[gMASK]")).special, ["[gMASK]"]);
    }

    #[test]
    fn tau_of_an_order_and_its_reverse() {
        assert_eq!((kendall(vec![1, 2, 3, 4]), kendall(vec![4, 3, 2, 1])), (1.0, -1.0));
        assert_eq!(kendall(Vec::new()), 0.0);
    }

    proptest! {
        #[test]
        fn inversions_are_those_of_the_definition(list in proptest::collection::vec(0_u32..50, 0..40)) {
            let pairs = (0..list.len()).flat_map(|a| (a + 1..list.len()).map(move |b| (a, b)));
            let expected = pairs.filter(|(a, b)| list[*a] > list[*b]).count() as u64;
            let mut sorted = list.clone();
            let mut scratch = list;
            prop_assert_eq!(inversions(&mut sorted, &mut scratch), expected);
            prop_assert!(sorted.is_sorted());
        }
    }
}
