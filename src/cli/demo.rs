// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear demo`: the whole story in a throw-away repository.
//!
//! In: nothing. Out: a derivative that is pushed, blocked, explained, put in order, and pushed again.

use std::path::PathBuf;

use clap::Args;

use super::arguments::Globals;
use super::run::Outcome;

/// Show the whole story in a throw-away repository
///
/// A small derivative is pushed and blocked, the finding is explained, the repository is put in order, and
/// the push goes through. Nothing outside a temporary folder is touched.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Keep the repository in this folder, which must not exist
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(_arguments: &Arguments, _globals: &Globals) -> anyhow::Result<Outcome> {
    anyhow::bail!("this build has no demo: the gate is not part of it")
}
