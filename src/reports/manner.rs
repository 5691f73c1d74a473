// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! How a report for people is told.
//!
//! In: what the reader asked for and what the terminal can do. Out: [`Manner`], which decides nothing but form.

use super::text::Look;

/// How much is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// `-q`: what blocks, and nothing if nothing does.
    Less,
    /// Every finding, with the mechanisms that decide.
    #[default]
    Usual,
    /// `-v`: every mechanism, why each rule matters, and what each model was compared with.
    More,
    /// `-vv`: every null in full, what saw nothing, and the fingerprints of findings.
    All,
}

/// How a report for people is told.
#[derive(Clone, Copy)]
pub struct Manner<'a> {
    /// Colors and columns.
    pub look: Look,
    /// How much is told.
    pub detail: Detail,
    /// Whether the terminal shows links (OSC 8).
    pub links: bool,
    /// The text of a file of what is checked, if it can be read.
    pub text: &'a dyn Fn(&str) -> Option<String>,
}

impl Manner<'_> {
    /// The usual, without a file to be read.
    pub fn plain(look: Look) -> Self {
        Self { look, detail: Detail::Usual, links: false, text: &|_| None }
    }
}
