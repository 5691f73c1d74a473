// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear report`: the evidence report, as a page and as a picture.
//!
//! In: what `check` takes, or a report that `check --format json` saved. Out: an HTML file, an SVG file, or both.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use clap::Args;
use forebear::gate::{self, Options};
use forebear::reports::{self, Report, SCHEMA_VERSION, Verdict};
use jiff::{Timestamp, Zoned};

use super::arguments::{Format, Globals};
use super::check;
use super::gate::{overrides, policy_by_name, registries, stored_prints};
use super::output::{beside, persist};
use super::progress::watched;
use super::run::Outcome;

/// Largest report that is read, in bytes.
const LARGEST: u64 = 256 << 20;

/// Write the evidence report: a page that stands alone, or a picture
///
/// The files need no network and open from a disk. Without --from the same is checked as by `forebear check` with these
/// arguments, and the exit code is the same; with --from it is 0 when the files are written.
#[derive(Args, Debug)]
#[group(id = "files", required = true, multiple = true, args = ["html", "svg"])]
pub(crate) struct Arguments {
    /// Write the page to this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write the picture that sums the report up to this file
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Take the report that `forebear check --format json` wrote, instead of checking
    #[arg(long, value_name = "REPORT.json", conflicts_with_all = ["range", "staged", "tree", "path"])]
    from: Option<PathBuf>,
    #[command(flatten)]
    what: check::Arguments,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, globals: &Globals) -> anyhow::Result<Outcome> {
    if globals.format != Format::Human || globals.output.is_some() {
        bail!("this command writes the files that --html and --svg name; `forebear check` takes --format and --output");
    }
    if arguments.html.is_some() && arguments.html == arguments.svg {
        bail!("--html and --svg name the same file");
    }
    // Opened before the work, so that a bad path fails early.
    let page = arguments.html.as_deref().map(|path| anyhow::Ok((beside(path)?, path))).transpose()?;
    let picture = arguments.svg.as_deref().map(|path| anyhow::Ok((beside(path)?, path))).transpose()?;
    let report = match &arguments.from {
        Some(path) => saved(path)?,
        None => checked(&arguments.what, globals)?,
    };
    if let Some((mut file, path)) = page {
        let written = Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string();
        reports::html(&report, &written, &mut file).with_context(|| format!("failed to write {}", path.display()))?;
        persist(file, path)?;
    }
    if let Some((mut file, path)) = picture {
        reports::svg(&report, &mut file).with_context(|| format!("failed to write {}", path.display()))?;
        persist(file, path)?;
    }
    Ok(match report.verdict {
        _ if arguments.from.is_some() => Outcome::Pass,
        Verdict::Pass => Outcome::Pass,
        Verdict::Block => Outcome::Block,
        Verdict::Error => Outcome::CouldNotCheck,
    })
}

fn checked(what: &check::Arguments, globals: &Globals) -> anyhow::Result<Report> {
    let (published, repository) = check::published(what)?;
    let registries = registries(globals);
    let options = Options {
        policy: policy_by_name(globals)?,
        registries: &registries,
        repository: repository.as_ref(),
        cache: stored_prints(globals, repository.as_ref()),
        overrides: overrides(globals),
        today: Zoned::now().date(),
        witness: None,
    };
    let files = published.snapshots.iter().flat_map(|snapshot| &snapshot.files);
    let total = files.filter(|file| file.introduced && file.size >= 4096).map(|file| file.size).sum();
    Ok(watched("checking", total, globals, |progress| gate::check(&published, &options, progress))?)
}

/// A report from a file, which may be anybody's.
pub(super) fn saved(path: &Path) -> anyhow::Result<Report> {
    let shown = path.display();
    let mut text = Vec::new();
    let file = File::open(path).with_context(|| format!("failed to read {shown}"))?;
    file.take(LARGEST + 1).read_to_end(&mut text).with_context(|| format!("failed to read {shown}"))?;
    ensure!(text.len() as u64 <= LARGEST, "failed to read {shown}: longer than {}", reports::bytes(LARGEST));
    let report: Report = serde_json::from_slice(&text).with_context(|| {
        format!("{shown} is no report of a check; write one with `forebear check --format json --output {shown}`")
    })?;
    ensure!(
        report.schema_version == SCHEMA_VERSION,
        "{shown} has schema_version {}, and this program knows {SCHEMA_VERSION}; check again with this program",
        report.schema_version
    );
    Ok(report)
}
