// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear check`: the gate.
//!
//! In: a range, the index, a tree, or a folder. Out: the report and its exit code.

use std::path::{Path, PathBuf};

use clap::Args;
use forebear::changes::{self, Published, Repository};

use super::arguments::Globals;
use super::baseline;
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
    /// Findings that this file knows do not block; inside the repository it is read from the base side
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write what is found now to the baseline, and drop what is found no more; needs --tree or --path
    #[arg(long, requires = "baseline")]
    write_baseline: bool,
    /// Why findings about lineage may stand in the baseline, and who says so
    #[arg(long, value_name = "TEXT", requires = "write_baseline")]
    reason: Option<String>,
}

/// Runs the command.
pub(crate) fn run(arguments: &Gate, globals: &Globals) -> anyhow::Result<Outcome> {
    let named = arguments.baseline.as_deref().map(baseline::named).transpose()?;
    let what = &arguments.what;
    if arguments.write_baseline && what.tree.is_none() && what.path.is_none() {
        anyhow::bail!(
            "a baseline is written of a whole tree, or it would forget what a range does not touch; add `--tree HEAD` or `--path .`"
        );
    }
    let (published, repository) = published(what)?;
    let repository = repository.as_ref();
    let witness = witness::witness(arguments.require_attestation, repository)?;
    match named {
        Some(named) if arguments.write_baseline => {
            baseline::write(&named, &published, repository, arguments.reason.as_deref(), globals)
        }
        named => {
            let report = gate::told(&published, repository, globals, Voice::Command, witness.as_ref(), named)?;
            Ok(gate::outcome(&report))
        }
    }
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
