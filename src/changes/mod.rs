// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! git → the files that would be published.
//!
//! In: the lines git gives a pre-push hook, a range, the index, a tree, or a folder.
//! Out: one [`Snapshot`] a published tree, whose files can be read without a work tree.
//! gix stops here: no type of it leaves this folder.

mod content;
mod snapshot;

pub use content::{Content, ReadAt};
pub use snapshot::{File, FileState, LfsPointer, Problem, ProblemKind, Published, Scope, ScopeKind, Snapshot};
