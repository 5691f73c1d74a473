// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The vocabulary in the header of a GGUF file.
//!
//! In: one file. Out: its pieces with their kinds, scores and merges as they stand there, or nothing if it has none; the
//! tensors are not looked at.

use super::fields::{Entry, Fields};
use super::header;
use crate::changes::ReadAt;
use crate::checkpoints::CheckpointError;

/// Limits four times what the largest public vocabularies have.
const MAX_PIECES: u64 = 1 << 20;
const MAX_MERGES: u64 = 1 << 22;
const MAX_PIECE: u64 = 1 << 16;

/// A vocabulary as a GGUF file holds it; lists other than the pieces may be empty or of another length.
#[derive(Debug, Default)]
pub(crate) struct GgufVocabulary {
    /// `tokenizer.ggml.tokens`.
    pub(crate) pieces: Vec<Vec<u8>>,
    /// `tokenizer.ggml.token_type`: 1 is a normal piece.
    pub(crate) kinds: Vec<u32>,
    /// `tokenizer.ggml.scores`.
    pub(crate) scores: Vec<f32>,
    /// `tokenizer.ggml.merges`: two pieces and a space between them.
    pub(crate) merges: Vec<Vec<u8>>,
}

/// Reads the vocabulary of a GGUF file.
pub(crate) fn vocabulary(file: &dyn ReadAt) -> Result<Option<GgufVocabulary>, CheckpointError> {
    let big_endian = header::byte_order(file)?;
    let mut fields = Fields::new(file, 8, big_endian);
    let (_, keys) = (fields.u64()?, fields.u64()?);
    if keys > (fields.remaining() / 13).min(header::MAX_KEYS) {
        return Err(fields.malformed(format!("{keys} keys are more than there is room for")));
    }
    let mut found = GgufVocabulary::default();
    for _ in 0..keys {
        match fields.name()?.as_str() {
            "tokenizer.ggml.tokens" => found.pieces = fields.strings(MAX_PIECES, MAX_PIECE)?.unwrap_or_default(),
            "tokenizer.ggml.merges" => found.merges = fields.strings(MAX_MERGES, MAX_PIECE)?.unwrap_or_default(),
            "tokenizer.ggml.token_type" => found.kinds = fields.words(5, MAX_PIECES)?.unwrap_or_default(),
            "tokenizer.ggml.scores" => {
                let bits = fields.words(6, MAX_PIECES)?.unwrap_or_default();
                found.scores = bits.into_iter().map(f32::from_bits).collect();
            }
            _ => drop::<Entry>(fields.entry()?),
        }
    }
    Ok((!found.pieces.is_empty()).then_some(found))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;
    use crate::changes::Content;

    fn text(out: &mut Vec<u8>, text: &str) {
        out.extend((text.len() as u64).to_le_bytes());
        out.extend(text.as_bytes());
    }

    fn file() -> Vec<u8> {
        let mut out = b"GGUF\x03\0\0\0".to_vec();
        out.extend(0_u64.to_le_bytes());
        out.extend(4_u64.to_le_bytes());
        text(&mut out, "general.name");
        out.extend(8_u32.to_le_bytes());
        text(&mut out, "orca");
        text(&mut out, "tokenizer.ggml.tokens");
        out.extend([9_u32.to_le_bytes(), 8_u32.to_le_bytes()].concat());
        out.extend(2_u64.to_le_bytes());
        text(&mut out, "a");
        text(&mut out, "ab");
        text(&mut out, "tokenizer.ggml.token_type");
        out.extend([9_u32.to_le_bytes(), 5_u32.to_le_bytes()].concat());
        out.extend(2_u64.to_le_bytes());
        out.extend([1_u32.to_le_bytes(), 3_u32.to_le_bytes()].concat());
        text(&mut out, "tokenizer.ggml.scores");
        out.extend(4_u32.to_le_bytes());
        out.extend(7_u32.to_le_bytes());
        out
    }

    fn read(bytes: &[u8]) -> Result<Option<GgufVocabulary>, CheckpointError> {
        vocabulary(&*Content::memory(bytes.to_vec()).open().unwrap())
    }

    #[test]
    fn pieces_and_kinds_are_read_and_what_is_of_another_type_is_skipped() {
        let found = read(&file()).unwrap().unwrap();
        assert_eq!(found.pieces, [b"a".to_vec(), b"ab".to_vec()]);
        assert_eq!((found.kinds, found.scores.len()), (vec![1, 3], 0));
    }

    #[test]
    fn every_cut_is_an_error() {
        let bytes = file();
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length]).is_err(), "{length}");
        }
    }

    proptest! {
        #[test]
        fn a_changed_byte_is_an_error_or_no_longer_than_the_file(at in any::<prop::sample::Index>(), value in any::<u8>()) {
            let mut bytes = file();
            let at = at.index(bytes.len());
            bytes[at] = value;
            if let Ok(Some(found)) = read(&bytes) {
                prop_assert!(found.pieces.len() <= bytes.len() / 8);
            }
        }
    }
}
