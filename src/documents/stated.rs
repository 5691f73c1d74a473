// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What documents say of a model's origin beside a card's front matter: one form for prose, configs and metadata.
//!
//! A [`Stated`] is a claim, never a fact: it is compared with what the owner declares and with the evidence.

/// Most statements kept of one file; more are a mistake or an attack.
pub(super) const LIMIT: usize = 64;
/// Longest value or quotation, in characters.
const LONGEST: usize = 240;

/// One statement about where a model comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    /// File that says it.
    pub path: String,
    /// Line in it, from 1, if there is one.
    pub line: Option<u32>,
    /// What it is a statement of.
    pub kind: StatedKind,
    /// The key it stands under (`_name_or_path`), or the form of words in prose.
    pub field: String,
    /// What is named, as written; the sentence itself for [`StatedKind::FromScratch`].
    pub value: String,
    /// The sentence it stands in, for prose; empty otherwise.
    pub quote: String,
    /// Which models it speaks of.
    pub scope: Scope,
}

/// What a statement says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StatedKind {
    /// The model was trained from random initialisation.
    FromScratch,
    /// The model was made from the one named.
    Base,
    /// The one named is a parent of a merge.
    Parent,
    /// How parents were merged.
    MergeMethod,
    /// The weights were loaded from here at some time: a hint, for configs are copied along.
    LoadedFrom,
    /// The model learned from the outputs of the one named.
    Teacher,
}

/// Which models a statement speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those for which its file is the nearest README or card.
    Readme,
    /// Those in its folder.
    Folder,
    /// Those in its folder, or of which the nearest README or card is in its folder.
    Recipe,
    /// The one it is a file of.
    File,
}

impl Stated {
    /// A statement without a quotation.
    pub(super) fn new(path: &str, line: Option<u32>, kind: StatedKind, field: &str, value: &str, scope: Scope) -> Self {
        let (field, value) = (shortened(field), shortened(value));
        Self { path: path.to_owned(), line, kind, field, value, quote: String::new(), scope }
    }

    /// The same with the sentence it stands in.
    pub(super) fn quoting(mut self, sentence: &str) -> Self {
        self.quote = shortened(sentence);
        self
    }
}

/// A text without line ends and not too long to be told.
fn shortened(text: &str) -> String {
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = words.char_indices().nth(LONGEST) {
        words.truncate(end);
        words.push('…');
    }
    words
}
