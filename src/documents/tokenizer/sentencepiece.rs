// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! SentencePiece models → a vocabulary (google/sentencepiece, `sentencepiece_model.proto`).
//!
//! Only `ModelProto.pieces` is read: text, score and kind of each piece. The trained normalizer and the training
//! settings are skipped.

use std::io;

use super::vocabulary::{Draft, MAX_PIECES, TokenizerError, Vocabulary};
use crate::changes::ReadAt;
use crate::checkpoints::protobuf::{Message, Wire, WireError};

/// Longest piece read, in bytes.
const MAX_PIECE: u64 = 1 << 16;
/// `ModelProto.SentencePiece.Type`: NORMAL and BYTE.
const NORMAL: u64 = 1;
const BYTE: u64 = 6;

/// Reads a SentencePiece model.
pub(super) fn sentencepiece(bytes: &[u8]) -> Result<Vocabulary, TokenizerError> {
    let source = Slice(bytes);
    let mut message = Message::new(&source, 0, bytes.len() as u64);
    let mut draft = Draft::default();
    let mut id = 0_u32;
    while let Some(field) = message.field().map_err(|error| damaged(&error, id))? {
        let (1, Wire::Bytes { offset, len }) = (field.number, field.value) else {
            if id == 0 && field.number > 5 {
                return Err(TokenizerError::Other("its first field is none of a SentencePiece model".into()));
            }
            continue;
        };
        if id as usize >= MAX_PIECES {
            return Err(TokenizerError::Damaged(format!("more than {MAX_PIECES} pieces")));
        }
        piece(&source, offset, len, id, &mut draft).map_err(|error| damaged(&error, id))?;
        id += 1;
    }
    draft.finish()
}

fn piece(source: &Slice, offset: u64, len: u64, id: u32, draft: &mut Draft) -> Result<(), WireError> {
    let mut message = Message::new(source, offset, len);
    let (mut text, mut score, mut kind) = (&[][..], 0.0, NORMAL);
    while let Some(field) = message.field()? {
        match (field.number, field.value) {
            (1, Wire::Bytes { offset, len }) if len <= MAX_PIECE => text = source.part(offset, len),
            (2, Wire::Fixed32(bits)) => score = f32::from_bits(bits),
            (3, Wire::Varint(value)) => kind = value,
            _ => {}
        }
    }
    if matches!(kind, NORMAL | BYTE) && !text.is_empty() {
        if score.is_finite() {
            draft.scores.insert(id, f64::from(score));
        }
        draft.pieces.push((text.to_vec(), id));
    } else if !text.is_empty() {
        draft.added.push((String::from_utf8_lossy(text).into_owned(), id));
    }
    Ok(())
}

fn damaged(error: &WireError, pieces: u32) -> TokenizerError {
    let reason = match error {
        WireError::Bad { offset, reason } => format!("{reason} at byte {offset}"),
        WireError::Io(error) => error.to_string(),
    };
    // Nothing that was read yet spoke for a SentencePiece model.
    if pieces == 0 { TokenizerError::Other(reason) } else { TokenizerError::Damaged(reason) }
}

/// Bytes in memory, as a source to read from.
struct Slice<'a>(&'a [u8]);

impl<'a> Slice<'a> {
    fn part(&self, offset: u64, len: u64) -> &'a [u8] {
        self.0.get(offset as usize..offset.saturating_add(len) as usize).unwrap_or_default()
    }
}

impl ReadAt for Slice<'_> {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let part = self.part(offset, buf.len() as u64);
        if part.len() != buf.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buf.copy_from_slice(part);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn model(pieces: &[(&str, f32, u8)]) -> Vec<u8> {
        let mut out = Vec::new();
        for (text, score, kind) in pieces {
            let mut piece = vec![0x0a, text.len() as u8];
            piece.extend(text.as_bytes());
            piece.push(0x15);
            piece.extend(score.to_le_bytes());
            piece.extend([0x18, *kind]);
            out.extend([0x0a, piece.len() as u8]);
            out.extend(piece);
        }
        // Training settings, to be skipped.
        out.extend([0x12, 2, 0x08, 1]);
        out
    }

    #[test]
    fn pieces_scores_and_kinds_are_read() {
        let bytes = model(&[("<s>", 0.0, 3), ("<0x0A>", 0.0, 6), ("▁the", -2.0, 1), ("▁a", -1.0, 1)]);
        let found = sentencepiece(&bytes).unwrap_or_default();
        let pieces: Vec<_> = found.pieces.iter().map(|piece| (piece.bytes.as_slice(), piece.id, piece.rank)).collect();
        assert_eq!(pieces, [(b"<0x0A>".as_slice(), 1, 0), (b" the".as_slice(), 2, 2), (b" a".as_slice(), 3, 1)]);
        assert_eq!(found.added, [("<s>".to_owned(), 0)]);
    }

    #[test]
    fn other_files_are_told_from_damaged_ones() {
        assert!(matches!(sentencepiece(b"words of a text"), Err(TokenizerError::Other(_))));
        let bytes = model(&[("▁the", 0.0, 1)]);
        assert!(matches!(sentencepiece(&bytes[..bytes.len() - 1]), Err(TokenizerError::Damaged(_))));
    }

    proptest! {
        #[test]
        fn any_change_of_a_byte_is_a_value_or_an_error(at in any::<prop::sample::Index>(), value in any::<u8>()) {
            let mut bytes = model(&[("<s>", 0.0, 3), ("▁the", -2.0, 1), ("▁a", -1.0, 1)]);
            let at = at.index(bytes.len());
            bytes[at] = value;
            if let Ok(found) = sentencepiece(&bytes) {
                prop_assert!(found.pieces.len() <= bytes.len());
            }
        }
    }
}
