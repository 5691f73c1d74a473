// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A text → its words, in the form in which texts are compared, each with its place in the text.
//!
//! Versions (`3.1`) are kept whole; list markers (`1.`, `(a)`, `iv)`, `*`) are numbering, not text.

use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use super::normalize::plain_text;

/// Words in a shingle.
pub(super) const SHINGLE: usize = 5;

/// One word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// Its normal form.
    pub(super) key: String,
    /// Bytes of the text between white space that it is from.
    pub(super) at: Range<usize>,
}

/// Hashes of the runs of [`SHINGLE`] words of a text.
pub(super) type Shingles = HashSet<u64>;

/// Returns the words of a text.
pub(super) fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut start = 0;
    for raw in text.split_inclusive(char::is_whitespace) {
        let at = start..start + raw.trim_end().len();
        start += raw.len();
        let plain = plain_text(&unescaped(raw));
        for token in plain.split(' ').filter(|token| !is_list_marker(token)) {
            let parts = token.split(|c: char| !c.is_alphanumeric() && c != '.').map(|word| word.trim_matches('.'));
            words.extend(
                parts.filter(|word| !word.is_empty()).map(|word| Word { key: word.to_owned(), at: at.clone() }),
            );
        }
    }
    words
}

/// Licenses are copied out of web pages.
fn unescaped(raw: &str) -> Cow<'_, str> {
    const ENTITIES: [(&str, &str); 6] =
        [("&quot;", "\""), ("&apos;", "'"), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    if !raw.contains('&') {
        return Cow::Borrowed(raw);
    }
    Cow::Owned(ENTITIES.iter().fold(raw.to_owned(), |text, (entity, plain)| text.replace(entity, plain)))
}

/// Returns the shingles of some words, in order.
pub(super) fn shingle_hashes(words: &[Word]) -> impl Iterator<Item = u64> {
    words.windows(SHINGLE).map(|window| {
        let mut hasher = DefaultHasher::new();
        for word in window {
            word.key.hash(&mut hasher);
        }
        hasher.finish()
    })
}

/// Returns the shingles of some words.
pub(super) fn shingles(words: &[Word]) -> Shingles {
    shingle_hashes(words).collect()
}

/// Share of the first set that is in the second, 0 to 1.
pub(super) fn share(wanted: &Shingles, held: &Shingles) -> f64 {
    if wanted.is_empty() {
        return 0.0;
    }
    wanted.intersection(held).count() as f64 / wanted.len() as f64
}

fn is_list_marker(token: &str) -> bool {
    let Some(inner) = token.strip_suffix(['.', ')']) else { return false };
    let inner = inner.trim_start_matches('(');
    let number = inner.len() <= 2 && inner.chars().all(|c| c.is_ascii_digit());
    let roman = inner.len() <= 4 && inner.chars().all(|c| matches!(c, 'i' | 'v' | 'x'));
    number || roman || inner.len() == 1 && inner != "c"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_know_their_place_and_numbering_is_none() {
        let text = "1. Llama 3.1 “Materials”,\n(b) non-commercial © Acme.";
        let found = words(text);
        let keys: Vec<&str> = found.iter().map(|word| word.key.as_str()).collect();
        assert_eq!(keys, ["llama", "3.1", "materials", "non", "commercial", "c", "acme"]);
        let quoted: Vec<&str> = found.iter().filter_map(|word| text.get(word.at.clone())).collect();
        assert_eq!(quoted, ["Llama", "3.1", "“Materials”,", "non-commercial", "non-commercial", "©", "Acme."]);
    }
}
