// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear man`: manual pages.
//!
//! In: nothing, or a folder. Out: the main page, or one page a command.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, CommandFactory};
use clap_mangen::Man;

use super::arguments::{Cli, Globals};
use super::output::Output;
use super::run::Outcome;

/// Write manual pages
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Write one page a command into this folder; without it, the main page is written
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, globals: &Globals) -> anyhow::Result<Outcome> {
    if let Some(folder) = &arguments.dir {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        clap_mangen::generate_to(Cli::command(), folder)
            .with_context(|| format!("failed to write into {}", folder.display()))?;
    } else {
        let mut out = Output::open(globals)?;
        Man::new(Cli::command()).render(&mut out)?;
        out.finish()?;
    }
    Ok(Outcome::Pass)
}
