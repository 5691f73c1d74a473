// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Plain lists and the vocabulary of a GGUF header: `vocab.txt` (WordPiece) and `merges.txt`.

use super::tokenizer_json::product;
use super::vocabulary::{Draft, TokenizerError, Vocabulary};
use crate::checkpoints::GgufVocabulary;

/// Reads a `vocab.txt`: one piece a line, its line its id. Any text is such a list, so it must hold WordPiece's marks.
pub(super) fn vocab_txt(bytes: &[u8]) -> Result<Vocabulary, TokenizerError> {
    let text = std::str::from_utf8(bytes).map_err(|_| TokenizerError::Other("it is not UTF-8".into()))?;
    let lines: Vec<&str> = text.lines().map(|line| line.trim_end_matches('\r')).collect();
    let is_marked = |mark: &str| lines.iter().any(|line| line.starts_with(mark) && line.len() > mark.len());
    if !is_marked("##") && !lines.contains(&"[UNK]") {
        return Err(TokenizerError::Other("no line of it begins with ##, and none is [UNK]".into()));
    }
    let mut draft = Draft::default();
    for (id, line) in (0_u32..).zip(lines).filter(|(_, line)| !line.is_empty()) {
        match line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).filter(|name| !name.is_empty()) {
            Some(_) => draft.added.push((line.to_owned(), id)),
            None => draft.pieces.push((line.as_bytes().to_vec(), id)),
        }
    }
    draft.finish()
}

/// Reads a `merges.txt`: what each line makes, in order. The first line may be a comment.
pub(super) fn merges_txt(bytes: &[u8]) -> Vec<Vec<u8>> {
    let lines = bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines.filter(|line| !line.is_empty() && !line.starts_with(b"#version")).map(product).collect()
}

/// The vocabulary in the header of a GGUF file.
pub(super) fn gguf(found: GgufVocabulary) -> Result<Vocabulary, TokenizerError> {
    /// `LLAMA_TOKEN_TYPE_NORMAL` and, for bytes, `LLAMA_TOKEN_TYPE_BYTE`, of llama.cpp.
    const NORMAL: u32 = 1;
    const BYTE: u32 = 6;
    let mut draft = Draft { merges: found.merges.iter().map(|merge| product(merge)).collect(), ..Draft::default() };
    // Vocabularies with merges carry scores of no meaning.
    let scored = draft.merges.is_empty();
    for (id, piece) in (0_u32..).zip(found.pieces) {
        let at = id as usize;
        if matches!(found.kinds.get(at).copied().unwrap_or(NORMAL), NORMAL | BYTE) {
            if let Some(score) = found.scores.get(at).filter(|score| scored && score.is_finite()) {
                draft.scores.insert(id, f64::from(*score));
            }
            draft.pieces.push((piece, id));
        } else {
            draft.added.push((String::from_utf8_lossy(&piece).into_owned(), id));
        }
    }
    draft.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_list_of_word_pieces_is_read() {
        let found = vocab_txt(b"[PAD]\r\n[UNK]\r\nthe\r\n##s\r\n").unwrap_or_default();
        let pieces: Vec<_> = found.pieces.iter().map(|piece| (piece.bytes.as_slice(), piece.id)).collect();
        assert_eq!(pieces, [(b" the".as_slice(), 2), (b"s".as_slice(), 3)]);
        assert_eq!(found.added.len(), 2);
        assert!(matches!(vocab_txt(b"apples\npears\n"), Err(TokenizerError::Other(_))));
    }

    #[test]
    fn merges_are_what_they_make() {
        assert_eq!(merges_txt("#version: 0.2\nĠ t\nh e\r\n".as_bytes()), ["Ġt".as_bytes().to_vec(), b"he".to_vec()]);
    }

    #[test]
    fn a_gguf_vocabulary_is_scored_or_merged() {
        let pieces = ["<s>", "▁b", "▁a"].map(|piece| piece.as_bytes().to_vec()).to_vec();
        let spm = GgufVocabulary { pieces, kinds: vec![3, 1, 1], scores: vec![0.0, -2.0, -1.0], merges: Vec::new() };
        let found = gguf(spm).unwrap_or_default();
        let ranks: Vec<_> = found.pieces.iter().map(|piece| (piece.bytes.as_slice(), piece.rank)).collect();
        assert_eq!(ranks, [(b" b".as_slice(), 1), (b" a".as_slice(), 0)]);
        assert_eq!(found.added, [("<s>".to_owned(), 0)]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_value_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            drop(vocab_txt(&bytes));
            prop_assert!(merges_txt(&bytes).len() <= bytes.len() + 1);
        }
    }
}
