// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The documents that are distributed with one model, and the search for words in them.

use crate::documents::Documents;
use crate::licenses::normalize;

use super::ledger::Whereabouts;

/// One document beside a model or above it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leaf<'a> {
    pub(super) path: &'a str,
    pub(super) text: &'a str,
}

impl Leaf<'_> {
    /// The place in it that `holds` first speaks of; `holds` must be true of the whole text.
    pub(super) fn place(self, holds: impl Fn(&str) -> bool) -> Whereabouts {
        Whereabouts { path: self.path.to_owned(), line: Some(line_of(self.text, holds)) }
    }
}

/// The documents of one model.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shelf<'a> {
    documents: &'a Documents,
    model: &'a str,
}

impl<'a> Shelf<'a> {
    pub(super) fn of(documents: &'a Documents, model: &'a str) -> Self {
        Self { documents, model }
    }

    pub(super) fn licenses(self) -> impl Iterator<Item = Leaf<'a>> {
        self.documents.licenses_for(self.model).map(|file| Leaf { path: &file.path, text: &file.text })
    }

    pub(super) fn notices(self) -> impl Iterator<Item = Leaf<'a>> {
        self.documents.notices_for(self.model).map(|file| Leaf { path: &file.path, text: &file.text })
    }

    /// Cards and READMEs, with a front matter or without.
    pub(super) fn pages(self) -> impl Iterator<Item = Leaf<'a>> {
        let cards = self.documents.cards_for(self.model).map(|card| Leaf { path: &card.path, text: &card.text });
        let plain = self.documents.readmes_for(self.model).map(|file| Leaf { path: &file.path, text: &file.text });
        cards.chain(plain)
    }

    /// Licenses and notices.
    pub(super) fn legal(self) -> impl Iterator<Item = Leaf<'a>> {
        self.licenses().chain(self.notices())
    }

    /// Notices, cards and READMEs: what speaks of the release itself.
    pub(super) fn own_words(self) -> impl Iterator<Item = Leaf<'a>> {
        self.notices().chain(self.pages())
    }

    pub(super) fn all(self) -> impl Iterator<Item = Leaf<'a>> {
        self.legal().chain(self.pages())
    }

    /// The file to which an addition belongs: the first there is, else this name.
    pub(super) fn file_for(mut existing: impl Iterator<Item = Leaf<'a>>, otherwise: &str) -> String {
        existing.next().map_or_else(|| otherwise.to_owned(), |leaf| leaf.path.to_owned())
    }
}

/// The last line, from 1, from which on the text still `holds`: where that begins.
fn line_of(text: &str, holds: impl Fn(&str) -> bool) -> u32 {
    let starts: Vec<usize> = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    // What a suffix of the text holds, every longer suffix holds: a binary search.
    let last = starts.partition_point(|start| text.get(*start..).is_some_and(&holds));
    last.max(1) as u32
}

/// Blocks of text between blank lines, with the line on which each begins, from 1.
pub(super) fn paragraphs(text: &str) -> impl Iterator<Item = (u32, String)> {
    let mut blocks: Vec<(u32, String)> = Vec::new();
    let mut open = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            open = false;
        } else if let Some((_, block)) = blocks.last_mut().filter(|_| open) {
            block.push('\n');
            block.push_str(line);
        } else {
            blocks.push((index as u32 + 1, line.to_owned()));
            open = true;
        }
    }
    blocks.into_iter()
}

/// Letters and digits only, lower case: `Llama-3.1 8B` is `llama318b`.
pub(super) fn squashed(text: &str) -> String {
    normalize(text).chars().filter(|character| character.is_alphanumeric()).collect()
}

/// The first words of a text, for quoting.
pub(super) fn quoted(text: &str) -> String {
    const LONGEST: usize = 120;
    let plain: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match plain.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("\u{201c}{}…\u{201d}", plain.get(..end).unwrap_or_default().trim_end()),
        None => format!("\u{201c}{plain}\u{201d}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_where_the_words_begin() {
        let text = "one\ntwo\nBuilt\nwith Llama\nfive\n";
        assert_eq!(line_of(text, |rest| normalize(rest).contains("built with llama")), 3);
        assert_eq!(line_of(text, |_| true), 6);
        assert_eq!(line_of("", |_| false), 1);
    }

    #[test]
    fn paragraphs_know_their_lines() {
        let blocks: Vec<_> = paragraphs("a\nb\n\n \nc\n").collect();
        assert_eq!(blocks, [(1, "a\nb".to_owned()), (5, "c".to_owned())]);
    }
}
