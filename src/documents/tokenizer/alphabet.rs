// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! How a container spells bytes: GPT-2's printable letters, SentencePiece's `▁`, WordPiece's `##`.
//!
//! In: pieces as they are spelled. Out: which spelling it is, and the bytes each piece stands for.

/// A spelling of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alphabet {
    /// Bytes are bytes.
    Plain,
    /// One printable character a byte, `Ġ` for a space (openai/gpt-2, `bytes_to_unicode`).
    ByteLevel,
    /// `▁` for a space.
    SentencePiece,
    /// `##` where a word goes on; a word starts without a mark.
    WordPiece,
}

impl Alphabet {
    /// The spelling that most marks speak for.
    pub(super) fn of(pieces: &[(Vec<u8>, u32)]) -> Self {
        let count = |mark: &str| pieces.iter().filter(|(piece, _)| piece.starts_with(mark.as_bytes())).count();
        let marks = [(count("Ġ"), Self::ByteLevel), (count("▁"), Self::SentencePiece), (count("##"), Self::WordPiece)];
        let best = marks.into_iter().max_by_key(|(count, _)| *count);
        // One mark in a hundred pieces: a vocabulary of plain words holds some by chance.
        best.filter(|(count, _)| count * 100 >= pieces.len()).map_or(Self::Plain, |(_, alphabet)| alphabet)
    }

    /// The bytes that a piece stands for; what is not in the alphabet stays as it is.
    pub(super) fn bytes(self, piece: &[u8]) -> Vec<u8> {
        let Ok(text) = std::str::from_utf8(piece) else { return piece.to_vec() };
        match self {
            Self::Plain => piece.to_vec(),
            Self::ByteLevel => text.chars().map(byte_of).collect::<Option<Vec<u8>>>().unwrap_or_else(|| piece.to_vec()),
            Self::SentencePiece => text.replace('▁', " ").into_bytes(),
            Self::WordPiece => match text.strip_prefix("##") {
                Some(rest) => rest.as_bytes().to_vec(),
                None => format!(" {text}").into_bytes(),
            },
        }
    }
}

/// The byte that a character of GPT-2's alphabet stands for: printable Latin-1 for itself, the others in order from 256.
fn byte_of(letter: char) -> Option<u8> {
    let code = u32::from(letter);
    if let Ok(byte) = u8::try_from(code) {
        return is_printable(byte).then_some(byte);
    }
    let at = usize::try_from(code.checked_sub(256)?).ok()?;
    (0..=u8::MAX).filter(|byte| !is_printable(*byte)).nth(at)
}

fn is_printable(byte: u8) -> bool {
    matches!(byte, 33..=126 | 161..=172 | 174..=255)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_word_in_four_spellings_is_one_word() {
        assert_eq!(Alphabet::ByteLevel.bytes("Ġcafé".as_bytes()), [b" caf".as_slice(), &[0xe9]].concat());
        assert_eq!(Alphabet::ByteLevel.bytes("ĠcafÃ©".as_bytes()), " café".as_bytes());
        assert_eq!(Alphabet::SentencePiece.bytes("▁café".as_bytes()), " café".as_bytes());
        assert_eq!(Alphabet::WordPiece.bytes("café".as_bytes()), " café".as_bytes());
        assert_eq!(Alphabet::WordPiece.bytes(b"##ing"), b"ing");
        assert_eq!(Alphabet::Plain.bytes(&[0xff, 1]), [0xff, 1]);
    }

    #[test]
    fn the_alphabet_of_gpt_2_spells_every_byte_once() {
        let mut bytes: Vec<u8> = (33..=323).filter_map(char::from_u32).filter_map(byte_of).collect();
        bytes.sort_unstable();
        assert_eq!(bytes, (0..=255).collect::<Vec<u8>>());
        assert_eq!((byte_of('Ġ'), byte_of('Ċ'), byte_of('中')), (Some(b' '), Some(b'\n'), None));
    }

    #[test]
    fn the_spelling_is_told_by_its_marks() {
        let of = |pieces: &[&str]| {
            Alphabet::of(&pieces.iter().map(|piece| (piece.as_bytes().to_vec(), 0)).collect::<Vec<_>>())
        };
        assert_eq!(of(&["Ġthe", "Ġa", "##b"]), Alphabet::ByteLevel);
        assert_eq!(of(&["▁the", "a"]), Alphabet::SentencePiece);
        assert_eq!(of(&["the", "##s"]), Alphabet::WordPiece);
        assert_eq!(of(&["the", " a"]), Alphabet::Plain);
    }
}
