// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear compare`: evidence between two models.
//!
//! In: two checkpoints or fingerprint files. Out: every mechanism's number beside its null.

use std::path::{Path, PathBuf};

use clap::Args;
use forebear::bases::Registry;
use forebear::documents::{TokenizerMatch, TokenizerPrint};
use forebear::evidence;
use forebear::fingerprint::Fingerprint;
use forebear::reports::{self, CompareReport, SCHEMA_VERSION};

use super::arguments::Globals;
use super::output::Output;
use super::run::Outcome;
use super::{load, online, places};

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
pub(crate) fn run(arguments: &Arguments, globals: &Globals) -> anyhow::Result<Outcome> {
    let as_json = globals.json()?;
    let mut out = Output::open(globals)?;
    let (base, base_tokenizer) = base(&arguments.base, globals)?;
    let suspect = load::fingerprint_path(&arguments.suspect, globals)?;
    let mut comparison = evidence::compare(&suspect, &base, 1);
    let tokenizers = load::tokenizer_beside(&arguments.suspect, globals).zip(base_tokenizer);
    comparison.context.tokenizer = tokenizers.map(|(suspect, base)| TokenizerMatch::of(&suspect, &base));
    if as_json {
        reports::json(&CompareReport { schema_version: SCHEMA_VERSION, comparison }, &mut out)?;
    } else {
        let look = out.look;
        reports::compare(&comparison, look, &mut out)?;
    }
    out.finish()?;
    Ok(Outcome::Pass)
}

/// A path if there is one, else the id of a registered base.
fn base(given: &Path, globals: &Globals) -> anyhow::Result<(Fingerprint, Option<TokenizerPrint>)> {
    if given.exists() || online::url(given).is_some() {
        return Ok((load::fingerprint_path(given, globals)?, load::tokenizer_beside(given, globals)));
    }
    let id = given.to_string_lossy();
    let registry = Registry::open(&places::registries(globals)?)?;
    let Some(base) = registry.get(&id) else {
        anyhow::bail!("{id} is neither a path nor the id of a registered base");
    };
    Ok((Fingerprint { name: id.into_owned(), ..base.fingerprint()? }, base.tokenizer()?))
}
