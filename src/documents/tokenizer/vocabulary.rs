// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What every container of a tokenizer comes down to: pieces, their ids, and the order in which they were learned.

use std::collections::{HashMap, HashSet};

use super::alphabet::Alphabet;

/// Pieces above which a file is refused: four times what the largest public vocabularies have.
pub(super) const MAX_PIECES: usize = 1 << 20;

/// Why a file gives no vocabulary.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenizerError {
    /// Some other file under a name that tokenizers have.
    #[error("it is not a tokenizer: {0}")]
    Other(String),
    /// It begins like a tokenizer and contradicts its format.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// Its bytes could not be had, or are too many.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
}

/// A vocabulary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vocabulary {
    /// Learned pieces, by id.
    pub pieces: Vec<Piece>,
    /// Added and control tokens as they are written, by id.
    pub added: Vec<(String, u32)>,
}

/// One learned piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The bytes it stands for.
    pub bytes: Vec<u8>,
    /// Its id.
    pub id: u32,
    /// Its place in the order in which the pieces were learned: merges, else scores, else ids.
    pub rank: u32,
}

/// What a parser found, in the container's own spelling.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// Pieces with their ids.
    pub(super) pieces: Vec<(Vec<u8>, u32)>,
    /// Score by id, where the container has them.
    pub(super) scores: HashMap<u32, f64>,
    /// What each merge makes, in order.
    pub(super) merges: Vec<Vec<u8>>,
    /// Added and control tokens.
    pub(super) added: Vec<(String, u32)>,
    /// Pieces are plain bytes already.
    pub(super) plain: bool,
}

impl Draft {
    /// The vocabulary; an error if there are no pieces, or more than any tokenizer has.
    pub(super) fn finish(mut self) -> Result<Vocabulary, TokenizerError> {
        if self.pieces.is_empty() {
            return Err(TokenizerError::Other("it holds no pieces".into()));
        }
        if self.pieces.len() > MAX_PIECES {
            return Err(TokenizerError::Damaged(format!("{} pieces are more than {MAX_PIECES}", self.pieces.len())));
        }
        self.added.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
        self.added.dedup();
        let added: HashSet<u32> = self.added.iter().map(|(_, id)| *id).collect();
        self.pieces.retain(|(_, id)| !added.contains(id));
        self.pieces.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
        let ranks = self.ranks();
        let alphabet = if self.plain { Alphabet::Plain } else { Alphabet::of(&self.pieces) };
        let pieces = self.pieces.iter().zip(ranks);
        let pieces =
            pieces.map(|((spelled, id), rank)| Piece { bytes: alphabet.bytes(spelled), id: *id, rank }).collect();
        Ok(Vocabulary { pieces, added: self.added })
    }

    /// The place of each piece in the order of learning. What no merge makes (bytes, letters) comes first.
    fn ranks(&self) -> Vec<u32> {
        let mut made: HashMap<&[u8], usize> = HashMap::with_capacity(self.merges.len());
        for (at, product) in self.merges.iter().enumerate() {
            made.entry(product).or_insert(at + 1);
        }
        let key = |(spelled, id): &(Vec<u8>, u32)| {
            let merge = made.get(spelled.as_slice()).copied().unwrap_or_default();
            (merge, self.scores.get(id).map_or(0.0, |score| -score))
        };
        let keys: Vec<(usize, f64)> = self.pieces.iter().map(key).collect();
        let mut order: Vec<usize> = (0..keys.len()).collect();
        // Stable, so that ties stay in the order of the ids.
        order.sort_by(|a, b| match (keys.get(*a), keys.get(*b)) {
            (Some(a), Some(b)) => a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)),
            _ => std::cmp::Ordering::Equal,
        });
        let mut ranks = vec![0; keys.len()];
        for (rank, at) in order.into_iter().enumerate() {
            if let Some(slot) = ranks.get_mut(at) {
                *slot = rank as u32;
            }
        }
        ranks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(pieces: &[(&str, u32)]) -> Draft {
        let pieces = pieces.iter().map(|(text, id)| (text.as_bytes().to_vec(), *id)).collect();
        Draft { pieces, ..Draft::default() }
    }

    fn ranks(draft: Draft) -> Vec<u32> {
        draft.finish().map(|found| found.pieces.iter().map(|piece| piece.rank).collect()).unwrap_or_default()
    }

    #[test]
    fn merges_tell_the_order_even_where_ids_do_not() {
        let mut shuffled = draft(&[("ab", 0), ("abc", 1), ("a", 2), ("bc", 3)]);
        shuffled.merges = ["bc", "ab", "abc", "ab"].map(|text| text.as_bytes().to_vec()).to_vec();
        assert_eq!(ranks(shuffled), [2, 3, 0, 1]);
        let mut scored = draft(&[("ab", 0), ("bc", 1), ("ca", 2)]);
        scored.scores = [(0, -9.0), (1, -3.0), (2, -3.0)].into();
        assert_eq!(ranks(scored), [2, 0, 1]);
    }

    #[test]
    fn added_tokens_are_no_pieces_and_nothing_is_no_vocabulary() {
        let mut with = draft(&[("ab", 5), ("<s>", 1)]);
        with.added = vec![("<s>".into(), 1)];
        let found = with.finish().unwrap_or_default();
        assert_eq!((found.pieces.len(), found.added.len()), (1, 1));
        assert!(matches!(draft(&[]).finish(), Err(TokenizerError::Other(_))));
    }
}
