// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear fingerprint`: a checkpoint's fingerprint, as a file.
//!
//! In: checkpoint files, folders of shards, or adapters. Out: what they are, and a fingerprint file if asked.

use std::path::PathBuf;

use clap::Args;

use super::arguments::Globals;
use super::run::Outcome;

/// Fingerprint a checkpoint
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Checkpoint files, folders of shards, or adapters
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Write the fingerprint to this file, or to this folder if there are several
    #[arg(short = 'o', long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(_arguments: &Arguments, _globals: &Globals) -> anyhow::Result<Outcome> {
    anyhow::bail!("this build cannot fingerprint: the pass is not part of it")
}
