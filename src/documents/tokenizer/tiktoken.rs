// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! tiktoken files → a vocabulary: lines of a piece in base64 and its rank, which is its id and its merge order.

use super::vocabulary::{Draft, TokenizerError, Vocabulary};

/// Whether a file begins with a line of tiktoken.
pub(super) fn is_tiktoken(bytes: &[u8]) -> bool {
    let first = bytes.get(..bytes.len().min(256)).unwrap_or_default().split(|byte| *byte == b'\n').next();
    first.is_some_and(|first| line(first).is_some())
}

/// Reads a tiktoken file.
pub(super) fn tiktoken(bytes: &[u8]) -> Result<Vocabulary, TokenizerError> {
    let mut draft = Draft { plain: true, ..Draft::default() };
    let lines = bytes.split(|byte| *byte == b'\n').enumerate().filter(|(_, text)| !text.trim_ascii().is_empty());
    for (number, text) in lines {
        let entry = line(text).ok_or_else(|| match draft.pieces.len() {
            0 => TokenizerError::Other("its first line is no piece in base64 with a rank".into()),
            _ => TokenizerError::Damaged(format!("line {} is no piece in base64 with a rank", number + 1)),
        })?;
        draft.pieces.push(entry);
    }
    draft.finish()
}

fn line(text: &[u8]) -> Option<(Vec<u8>, u32)> {
    let mut words = text.trim_ascii().splitn(2, |byte| *byte == b' ');
    let (piece, rank) = (words.next()?, words.next()?);
    Some((base64(piece)?, std::str::from_utf8(rank).ok()?.parse().ok()?))
}

/// Decodes base64 with padding (RFC 4648 §4); nothing if it is empty or anything else.
pub(super) fn base64(text: &[u8]) -> Option<Vec<u8>> {
    if text.is_empty() || !text.len().is_multiple_of(4) {
        return None;
    }
    let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
    let digits = text.get(..text.len() - padding).filter(|_| padding <= 2)?;
    let mut out = Vec::with_capacity(digits.len());
    let (mut bits, mut held) = (0_u32, 0);
    for digit in digits {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xFFFF;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (text, bytes) in
            [("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob"), ("Zm9vYmFy", "foobar")]
        {
            assert_eq!(base64(text.as_bytes()).as_deref(), Some(bytes.as_bytes()), "{text}");
        }
        assert_eq!(base64(b"+/+/"), Some(vec![0xfb, 0xff, 0xbf]));
        for bad in ["", "Z", "Zg=", "Z===", "Zg==Zg==", "Zm9-"] {
            assert_eq!(base64(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn ranks_are_ids_and_order() {
        let found = tiktoken(b"IQ== 0\nYWI= 7\n\n").unwrap_or_default();
        let pieces: Vec<_> = found.pieces.iter().map(|piece| (piece.bytes.as_slice(), piece.id, piece.rank)).collect();
        assert_eq!(pieces, [(b"!".as_slice(), 0, 0), (b"ab".as_slice(), 7, 1)]);
        assert!(is_tiktoken(b"IQ== 0\nIg== 1\n") && !is_tiktoken(b"\n\x0aword"));
        assert!(matches!(tiktoken(b"words of a text\n"), Err(TokenizerError::Other(_))));
        assert!(matches!(tiktoken(b"IQ== 0\nIQ== x\n"), Err(TokenizerError::Damaged(_))));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_value_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            drop(tiktoken(&bytes));
            if let Some(decoded) = base64(&bytes) {
                prop_assert!(decoded.len() <= bytes.len());
            }
        }
    }
}
