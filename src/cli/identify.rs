// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear identify`: which registered bases a checkpoint descends from.
//!
//! In: a checkpoint, without git. Out: the bases for which there is evidence, best first.

use std::path::PathBuf;

use clap::Args;

use super::arguments::Globals;
use super::run::Outcome;

/// Find the registered bases that a checkpoint descends from
///
/// Always exits with 0 if the checkpoint could be compared: evidence is not a verdict.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// A checkpoint, a folder of shards, an adapter, or a fingerprint file
    pub(crate) path: PathBuf,
    /// Bases to show at most
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) limit: usize,
}

/// Runs the command.
pub(crate) fn run(_arguments: &Arguments, _globals: &Globals) -> anyhow::Result<Outcome> {
    anyhow::bail!("this build cannot identify: the evidence is not part of it")
}
