// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear check`: the gate.
//!
//! In: a range, the index, a tree, or a folder. Out: the report and its exit code.

use std::path::{Path, PathBuf};

use clap::Args;
use forebear::changes::{self, Published, Repository};

use super::arguments::Globals;
use super::gate::{self, Voice};
use super::run::Outcome;
use super::witness;

/// What is looked at; several commands take it.
#[derive(Args, Debug)]
#[group(id = "scope")]
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

/// Check what would be published: the gate
///
/// Without arguments, what a push to the upstream branch would publish is checked.
#[derive(Args, Debug)]
pub(crate) struct Gate {
    #[command(flatten)]
    what: Arguments,
    /// Ask for a valid attestation of the tip, whatever the policy says: rule `hook-bypassed`
    #[arg(long, conflicts_with_all = ["staged", "path"])]
    require_attestation: bool,
}

/// Runs the command.
pub(crate) fn run(arguments: &Gate, globals: &Globals) -> anyhow::Result<Outcome> {
    let (published, repository) = published(&arguments.what)?;
    let witness = witness::witness(arguments.require_attestation, repository.as_ref())?;
    Ok(gate::outcome(&gate::told(&published, repository.as_ref(), globals, Voice::Command, witness.as_ref())?))
}

/// What the arguments name, and the repository it is in.
pub(super) fn published(arguments: &Arguments) -> anyhow::Result<(Published, Option<Repository>)> {
    if let Some(path) = &arguments.path {
        return Ok((changes::folder(path)?, None));
    }
    let repository = Repository::discover(Path::new("."))?;
    let published = match (&arguments.range, &arguments.tree) {
        (Some(range), _) => repository.range(range)?,
        (_, Some(tree)) => repository.tree(tree)?,
        _ if arguments.staged => repository.staged()?,
        _ => repository.unpushed()?,
    };
    Ok((published, Some(repository)))
}
