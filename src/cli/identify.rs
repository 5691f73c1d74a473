// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear identify`: which registered bases a checkpoint descends from.
//!
//! In: a checkpoint, without git. Out: the bases for which there is evidence, best first.

use std::path::PathBuf;

use clap::Args;
use forebear::bases::Registry;
use forebear::documents::TokenizerMatch;
use forebear::evidence::candidates::Candidates;
use forebear::fingerprint::Cache;
use forebear::reports::{self, IdentifyReport, SCHEMA_VERSION};

use super::arguments::Globals;
use super::output::Output;
use super::run::Outcome;
use super::{load, online, places};

/// Find the registered bases that a checkpoint descends from
///
/// Always exits with 0 if the checkpoint could be compared: evidence is not a verdict.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// A checkpoint, a folder of shards, an adapter, or a fingerprint file
    pub(crate) path: PathBuf,
    /// Read a few matrices first, and the rest only if they settle nothing
    #[arg(long)]
    pub(crate) quick: bool,
    /// Bases to show at most
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) limit: usize,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, globals: &Globals) -> anyhow::Result<Outcome> {
    let as_json = globals.json()?;
    let mut out = Output::open(globals)?;
    let registry = Registry::open(&places::registries(globals)?)?;
    let cache = if globals.no_cache { None } else { places::cache().map(Cache::new) };
    let glance = if arguments.quick { load::glance(&arguments.path, globals)? } else { None };
    // What cannot be read is said before any base is.
    let whole = if glance.is_none() { Some(load::fingerprint_path(&arguments.path, globals)?) } else { None };
    let bases = Candidates::of_registry(&registry, cache.as_ref())?;
    let glanced = match glance {
        Some((print, read)) => {
            Some((bases.glance(&print)?, print.name, read)).filter(|(found, ..)| !found.matches.is_empty())
        }
        None => None,
    };
    let (found, name, glance) = match (glanced, whole) {
        (Some((found, name, read)), _) => (found, name, Some(read)),
        (None, Some(suspect)) => (bases.search(&suspect, &[])?, suspect.name, None),
        (None, None) => {
            let suspect = load::fingerprint_path(&arguments.path, globals)?;
            (bases.search(&suspect, &[])?, suspect.name, None)
        }
    };
    let mut matches = found.matches;
    matches.truncate(arguments.limit);
    if let Some(tokenizer) = load::tokenizer_beside(&arguments.path, globals) {
        for found in &mut matches {
            let base = registry.show(&found.base)?.tokenizer()?;
            found.context.tokenizer = base.map(|base| TokenizerMatch::of(&tokenizer, &base));
        }
    }
    let report = IdentifyReport {
        schema_version: SCHEMA_VERSION,
        path: online::url(&arguments.path).map_or_else(|| arguments.path.display().to_string(), |_| name),
        matches,
        searched: bases.len(),
        bases: found.examined,
        glance,
    };
    if as_json {
        reports::json(&report, &mut out)?;
    } else {
        let look = out.look;
        reports::identify(&report, look, &mut out)?;
    }
    out.finish()?;
    Ok(Outcome::Pass)
}
