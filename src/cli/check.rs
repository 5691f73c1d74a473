// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear check`: the gate.
//!
//! In: a range, the index, a tree, or a folder. Out: the report and its exit code.

use std::path::PathBuf;

use clap::Args;

use super::arguments::Globals;
use super::run::Outcome;

/// Check what would be published: the gate
///
/// Without arguments, what a push to the upstream branch would publish is checked.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Commits to check: `A..B`, `A...B`, or one revision
    #[arg(conflicts_with_all = ["staged", "tree", "path"])]
    pub(crate) range: Option<String>,
    /// Check the index
    #[arg(long, conflicts_with_all = ["tree", "path"])]
    pub(crate) staged: bool,
    /// Check everything in one tree: the release check
    #[arg(long, value_name = "REF", conflicts_with = "path")]
    pub(crate) tree: Option<String>,
    /// Check a folder, without git
    #[arg(long, value_name = "DIR")]
    pub(crate) path: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(_arguments: &Arguments, _globals: &Globals) -> anyhow::Result<Outcome> {
    anyhow::bail!("this build cannot check: the gate is not part of it")
}
