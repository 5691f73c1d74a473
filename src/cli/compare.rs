// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear compare`: evidence between two models.
//!
//! In: two checkpoints or fingerprint files. Out: every mechanism's number beside its null.

use std::path::PathBuf;

use clap::Args;

use super::arguments::Globals;
use super::run::Outcome;

/// Show the evidence between two models
///
/// Always exits with 0 if the models could be compared: evidence is not a verdict.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The suspect: a checkpoint, a folder of shards, an adapter, or a fingerprint file
    #[arg(value_name = "SUSPECT")]
    pub(crate) suspect: PathBuf,
    /// The base: the same, or the id of a registered base
    #[arg(value_name = "BASE")]
    pub(crate) base: PathBuf,
}

/// Runs the command.
pub(crate) fn run(_arguments: &Arguments, _globals: &Globals) -> anyhow::Result<Outcome> {
    anyhow::bail!("this build cannot compare: the evidence is not part of it")
}
