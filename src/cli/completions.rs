// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear completions`: completions for a shell.
//!
//! In: the name of a shell. Out: a script for it.

use std::io::Write;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::arguments::{Cli, Globals};
use super::output::Output;
use super::run::Outcome;

/// Write completions for a shell
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The shell
    shell: Shell,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, globals: &Globals) -> anyhow::Result<Outcome> {
    let mut out = Output::open(globals)?;
    // The generator panics if it cannot write, so it is given memory.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "forebear", &mut script);
    out.write_all(&script)?;
    out.finish()?;
    Ok(Outcome::Pass)
}
