// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear schema`: JSON Schemas of what is written.
//!
//! In: which output. Out: its JSON Schema (draft 2020-12).

use clap::{Args, ValueEnum};
use forebear::reports::{CompareReport, FingerprintReport, IdentifyReport, Report};
use schemars::{Schema, schema_for};

use super::arguments::Globals;
use super::output::Output;
use super::run::Outcome;

/// Write the JSON Schema of an output
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Command whose `--format json` output is described
    #[arg(value_enum, default_value_t)]
    of: Described,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Described {
    /// `forebear check`
    #[default]
    Check,
    /// `forebear compare`
    Compare,
    /// `forebear identify`
    Identify,
    /// `forebear fingerprint`
    Fingerprint,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, globals: &Globals) -> anyhow::Result<Outcome> {
    let schema: Schema = match arguments.of {
        Described::Check => schema_for!(Report),
        Described::Compare => schema_for!(CompareReport),
        Described::Identify => schema_for!(IdentifyReport),
        Described::Fingerprint => schema_for!(FingerprintReport),
    };
    let mut out = Output::open(globals)?;
    forebear::reports::json(&schema, &mut out)?;
    out.finish()?;
    Ok(Outcome::Pass)
}
