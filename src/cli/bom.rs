// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear bom`: a bill of materials, with the ancestry that the weights show.
//!
//! In: a range, the index, a tree, a folder, or a saved report. Out: a CycloneDX or SPDX document.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use forebear::reports::{self, Verdict};
use jiff::Timestamp;

use super::arguments::{Format, Globals};
use super::output::Output;
use super::run::Outcome;
use super::{check, gate, report};

/// Write a bill of materials: CycloneDX 1.6, or SPDX 3.0.1 with --format spdx
///
/// Models, their files and digests, licenses, and ancestors: those that are declared and those that the weights are
/// consistent with derivation from, with the numbers. Without --from the same is checked as by `forebear check` with
/// these arguments, and the exit code is the same; with --from it is 0 when the document is written. The same input
/// gives the same bytes: there is a time in it only by --created or SOURCE_DATE_EPOCH.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Time of making, e.g. 2026-01-31T12:00:00Z; SOURCE_DATE_EPOCH if not given, else none
    #[arg(long, value_name = "TIME")]
    created: Option<Timestamp>,
    /// Take the report that `forebear check --format json` wrote, instead of checking
    #[arg(long, value_name = "REPORT.json", conflicts_with_all = ["range", "staged", "tree", "path"])]
    from: Option<PathBuf>,
    #[command(flatten)]
    what: check::Arguments,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, globals: &Globals) -> anyhow::Result<Outcome> {
    let write = match globals.format {
        Format::Human | Format::Cyclonedx => reports::cyclonedx,
        Format::Spdx => reports::spdx,
        _ => bail!("this command writes `cyclonedx` or `spdx`; `forebear check` writes the other formats"),
    };
    let created = created(arguments.created)?;
    let mut out = Output::open(globals)?;
    let report = if let Some(path) = &arguments.from {
        report::saved(path)?
    } else {
        let (published, repository) = check::published(&arguments.what)?;
        gate::checked(&published, repository.as_ref(), globals, None)?
    };
    write(&report, created.as_deref(), &mut out)?;
    out.finish()?;
    Ok(match report.verdict {
        _ if arguments.from.is_some() => Outcome::Pass,
        Verdict::Pass => Outcome::Pass,
        Verdict::Block => Outcome::Block,
        Verdict::Error => Outcome::CouldNotCheck,
    })
}

/// The time to write, in whole seconds as both standards want it.
fn created(given: Option<Timestamp>) -> anyhow::Result<Option<String>> {
    let time = match (given, env::var("SOURCE_DATE_EPOCH")) {
        (Some(time), _) => Some(time),
        (None, Ok(text)) => {
            let seconds = text.parse().context("SOURCE_DATE_EPOCH is not a number of seconds")?;
            Some(Timestamp::from_second(seconds).context("SOURCE_DATE_EPOCH is not a time")?)
        }
        (None, Err(_)) => None,
    };
    Ok(time.map(|time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()))
}
