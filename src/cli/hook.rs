// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear hook`: managing the pre-push hook, and being it.
//!
//! In: the lines git gives a pre-push hook, or what to do with the hook. Out: the report on stderr, since
//! git's own output goes there, and its exit code.

use clap::{Args, Subcommand};

use super::arguments::Globals;
use super::run::Outcome;

/// Install, remove, or be the pre-push hook
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) action: Action,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Install the pre-push hook; a hook that is already there keeps running
    Install,
    /// Remove the pre-push hook and put back the one that was there before
    Uninstall,
    /// Say whether the hook is installed and would run
    Status,
    /// Check a push: git runs this, with the refs on stdin
    PrePush(PrePush),
}

#[derive(Args, Debug)]
pub(crate) struct PrePush {
    /// Name of the remote, or its URL if it has no name
    pub(crate) remote: Option<String>,
    /// URL of the remote
    pub(crate) url: Option<String>,
    /// Read the refs from the variables that the `pre-commit` program sets, not from stdin
    #[arg(long)]
    pub(crate) from_pre_commit: bool,
}

/// Runs the command.
pub(crate) fn run(_arguments: &Arguments, _globals: &Globals) -> anyhow::Result<Outcome> {
    anyhow::bail!("this build has no hook: the gate is not part of it")
}
