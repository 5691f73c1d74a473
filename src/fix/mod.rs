// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Findings → edits of documents, and what is left for a person.
//!
//! In: a tree, and a way to judge it. Out: [`Fixed`]: whole texts of the files that would put in order what can be put
//! in order without a decision, and every other finding with the reason why a person must decide.
//!
//! Reading order: `settle` (judge, plan, lay the edits over the tree, until there is nothing to edit) → `plan` (one
//! finding → one edit or one reason) → what the edits are about: `owed` (notices, license copies, sentences), `card`
//! (front matter), `header` (source files), `declare` (policy.toml). `lines` keeps a file's line ends as they are.
//! `diff` shows the edits, `write` makes them. Checkpoints are never edited.

mod by_hand;
mod card;
mod declare;
mod diff;
mod front;
mod header;
mod lines;
mod owed;
mod plan;
mod settle;
mod working;
mod write;

#[cfg(test)]
mod tests;

pub use diff::unified;
pub use settle::{Fixed, Left, Look, Patch, Wanted, settle};
pub use write::{WriteError, write};
