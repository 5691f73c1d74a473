// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! git → the files that would be published.
//!
//! In: the lines git gives a pre-push or pre-receive hook, a range, the index, a tree, or a folder.
//! Out: one [`Snapshot`] a published tree, whose files can be read without a work tree.
//!
//! Reading order: [`PushLine`] (the protocol) → [`Repository`] (opening, objects, refs) → `requests` (what each way of
//! asking means: tip, hidden commits, base) → `survey` (walk, diffs, listing; `history`, `trees`, `versions`) → `files` (blobs, LFS, attributes).
//! `work_tree` lays what is not committed over it.
//! `folder` needs none of it. `hooks` puts the gate in git's way. gix stops here: no type of it leaves this folder.
//!
//! Replace refs are ignored throughout: a push sends the original objects, so those are what is looked at.

mod attributes;
mod blobs;
mod content;
mod error;
mod files;
mod folder;
mod history;
mod hooks;
mod kept;
pub mod lfs;
mod lines;
mod notes;
mod references;
mod repository;
mod requests;
mod snapshot;
mod survey;
mod trees;
mod versions;
mod work_tree;

pub use content::{Content, Fetch, ReadAt};
pub use error::ChangesError;
pub use folder::folder;
pub use hooks::{HookMethod, HookState, HookStatus, InstallOptions, git_version};
pub use lines::{PreCommit, PushLine, ReceiveLine, parse_push_lines, parse_receive_lines};
pub use notes::NOTES;
pub use repository::Repository;
pub use snapshot::{File, FileState, LfsPointer, Problem, ProblemKind, Published, Scope, ScopeKind, Snapshot};
