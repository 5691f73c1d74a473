// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `tokenizer.json` (BPE, WordPiece, Unigram) and Mistral's `tekken.json` → a vocabulary.
//!
//! Read as a stream: what is not asked for is skipped, so a file of tens of megabytes costs its vocabulary and no more.
//! serde_json bounds the depth.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::tiktoken::base64;
use super::vocabulary::{Draft, MAX_PIECES, TokenizerError, Vocabulary};

/// Merges above which a file is refused; the largest public list has 0.6 million.
const MAX_MERGES: usize = 1 << 22;

/// Reads a `tokenizer.json`.
pub(super) fn tokenizer_json(bytes: &[u8]) -> Result<Vocabulary, TokenizerError> {
    let file: File = serde_json::from_slice(bytes).map_err(|error| not_json(&error))?;
    let mut draft = Draft { merges: file.model.merges.unwrap_or_default().0, ..Draft::default() };
    match file.model.vocab {
        Pieces::Ids(pieces) => draft.pieces = pieces,
        Pieces::Scores(scored) => {
            for (id, (piece, score)) in (0_u32..).zip(scored) {
                draft.pieces.push((piece, id));
                draft.scores.insert(id, score);
            }
        }
    }
    draft.added = file.added_tokens.unwrap_or_default().into_iter().map(|added| (added.content, added.id)).collect();
    draft.finish()
}

/// Reads a `vocab.json`: an object from piece to id; `merges` as `merges.txt` holds them.
pub(super) fn vocab_json(bytes: &[u8], merges: Vec<Vec<u8>>) -> Result<Vocabulary, TokenizerError> {
    match serde_json::from_slice(bytes).map_err(|error| not_json(&error))? {
        Pieces::Ids(pieces) => Draft { pieces, merges, ..Draft::default() }.finish(),
        Pieces::Scores(_) => Err(TokenizerError::Other("it is a list, not an object from piece to id".into())),
    }
}

/// Reads a `tekken.json`: ranks with their bytes in base64; ids follow those of the special tokens.
pub(super) fn tekken(bytes: &[u8]) -> Result<Vocabulary, TokenizerError> {
    let file: Tekken = serde_json::from_slice(bytes).map_err(|error| not_json(&error))?;
    if file.vocab.len() > MAX_PIECES {
        return Err(TokenizerError::Damaged(format!("{} pieces", file.vocab.len())));
    }
    let special = file.config.default_num_special_tokens;
    // Ranks beyond the size in use are in the file and not in the model.
    let size = file.config.default_vocab_size.unwrap_or(u32::MAX);
    let mut draft = Draft { plain: true, ..Draft::default() };
    for entry in file.vocab {
        let bytes = base64(entry.token_bytes.as_bytes())
            .ok_or_else(|| TokenizerError::Damaged(format!("the bytes of rank {} are not base64", entry.rank)))?;
        if let Some(id) = entry.rank.checked_add(special).filter(|id| *id < size) {
            draft.pieces.push((bytes, id));
        }
    }
    draft.finish()
}

fn not_json(error: &serde_json::Error) -> TokenizerError {
    match error.classify() {
        serde_json::error::Category::Data => TokenizerError::Other(error.to_string()),
        _ => TokenizerError::Damaged(error.to_string()),
    }
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    added_tokens: Option<Vec<Added>>,
    model: Model,
}

#[derive(Deserialize)]
struct Added {
    id: u32,
    content: String,
}

#[derive(Deserialize)]
struct Model {
    vocab: Pieces,
    #[serde(default)]
    merges: Option<Merges>,
}

#[derive(Deserialize)]
struct Tekken {
    config: TekkenConfig,
    vocab: Vec<TekkenPiece>,
}

#[derive(Deserialize)]
struct TekkenConfig {
    #[serde(default)]
    default_num_special_tokens: u32,
    #[serde(default)]
    default_vocab_size: Option<u32>,
}

#[derive(Deserialize)]
struct TekkenPiece {
    rank: u32,
    token_bytes: String,
}

/// An object from piece to id, or a list of pieces with scores.
enum Pieces {
    Ids(Vec<(Vec<u8>, u32)>),
    Scores(Vec<(Vec<u8>, f64)>),
}

impl<'de> Deserialize<'de> for Pieces {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PiecesVisitor)
    }
}

struct PiecesVisitor;

impl<'de> Visitor<'de> for PiecesVisitor {
    type Value = Pieces;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object from piece to id, or a list of pieces with scores")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pieces, A::Error> {
        let mut pieces = Vec::new();
        while let Some((piece, id)) = map.next_entry::<String, u32>()? {
            bounded::<A::Error>(pieces.len(), MAX_PIECES)?;
            pieces.push((piece.into_bytes(), id));
        }
        Ok(Pieces::Ids(pieces))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Pieces, A::Error> {
        let mut pieces = Vec::new();
        while let Some((piece, score)) = list.next_element::<(String, f64)>()? {
            bounded::<A::Error>(pieces.len(), MAX_PIECES)?;
            pieces.push((piece.into_bytes(), score));
        }
        Ok(Pieces::Scores(pieces))
    }
}

fn bounded<E: serde::de::Error>(count: usize, most: usize) -> Result<(), E> {
    if count < most { Ok(()) } else { Err(E::custom(format!("more than {most} entries"))) }
}

/// What each merge makes.
#[derive(Default)]
struct Merges(Vec<Vec<u8>>);

impl<'de> Deserialize<'de> for Merges {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(MergesVisitor)
    }
}

struct MergesVisitor;

impl<'de> Visitor<'de> for MergesVisitor {
    type Value = Merges;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of merges")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Merges, A::Error> {
        let mut merges = Vec::new();
        while let Some(merge) = list.next_element::<Merge>()? {
            bounded::<A::Error>(merges.len(), MAX_MERGES)?;
            merges.push(merge.0);
        }
        Ok(Merges(merges))
    }
}

/// What one merge makes: `"a b"` or `["a", "b"]`.
struct Merge(Vec<u8>);

impl<'de> Deserialize<'de> for Merge {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MergeVisitor)
    }
}

struct MergeVisitor;

impl<'de> Visitor<'de> for MergeVisitor {
    type Value = Merge;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("two pieces")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Merge, E> {
        Ok(Merge(product(text.as_bytes())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Merge, A::Error> {
        let mut made = Vec::new();
        for _ in 0..2 {
            made.extend(list.next_element::<String>()?.unwrap_or_default().into_bytes());
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Merge(made))
    }
}

/// What a merge makes, written as two pieces with a space between them. Pieces may hold spaces of their own in no container.
pub(super) fn product(merge: &[u8]) -> Vec<u8> {
    merge.iter().copied().filter(|byte| *byte != b' ').collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    const BPE: &str = r#"{"version": "1.0", "added_tokens": [{"id": 4, "content": "<|im_end|>", "special": true}],
        "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "Ġab": 2, "ab": 3}, "merges": ["a b", ["Ġ", "ab"]]}}"#;

    fn ranked(found: &Vocabulary) -> Vec<(String, u32, u32)> {
        let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        found.pieces.iter().map(|piece| (shown(&piece.bytes), piece.id, piece.rank)).collect()
    }

    #[test]
    fn merges_are_read_in_both_forms() {
        let found = tokenizer_json(BPE.as_bytes()).unwrap();
        let expected = [("a", 0, 0), ("b", 1, 1), (" ab", 2, 3), ("ab", 3, 2)];
        assert_eq!(ranked(&found), expected.map(|(text, id, rank)| (text.to_owned(), id, rank)));
        assert_eq!(found.added, [("<|im_end|>".to_owned(), 4)]);
    }

    #[test]
    fn unigram_pieces_have_their_place_as_id() {
        let text = r#"{"added_tokens": null, "model": {"type": "Unigram", "vocab": [["▁a", -2.5], ["b", -1]]}}"#;
        let found = tokenizer_json(text.as_bytes()).unwrap();
        assert_eq!(ranked(&found), [(" a".to_owned(), 0, 1), ("b".to_owned(), 1, 0)]);
    }

    #[test]
    fn tekken_ids_follow_the_special_tokens() {
        let text = r#"{"config": {"default_num_special_tokens": 10, "default_vocab_size": 12},
            "vocab": [{"rank": 0, "token_bytes": "YQ==", "token_str": "a"}, {"rank": 1, "token_bytes": "YWI="}, {"rank": 2, "token_bytes": "Yg=="}]}"#;
        let found = tekken(text.as_bytes()).unwrap();
        assert_eq!(ranked(&found), [("a".to_owned(), 10, 0), ("ab".to_owned(), 11, 1)]);
    }

    #[test]
    fn other_json_is_told_from_damage() {
        assert!(matches!(tokenizer_json(b"{}"), Err(TokenizerError::Other(_))));
        assert!(matches!(tokenizer_json(b"{\"model\": "), Err(TokenizerError::Damaged(_))));
        assert!(matches!(vocab_json(br#"{"a": "word"}"#, Vec::new()), Err(TokenizerError::Other(_))));
        let deep = format!("{{\"x\": {}", "[".repeat(100_000));
        assert!(tokenizer_json(deep.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn any_change_of_a_byte_is_a_value_or_an_error(at in 0..BPE.len(), value in any::<u8>()) {
            let mut bytes = BPE.as_bytes().to_vec();
            bytes[at] = value;
            if let Ok(found) = tokenizer_json(&bytes) {
                prop_assert!(found.pieces.len() <= 4);
            }
            drop(tekken(&bytes));
            drop(vocab_json(&bytes, Vec::new()));
        }
    }
}
