// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear ci`: the gate inside a continuous integration service.
//!
//! In: what the service tells a step. Out: annotations and a log on stdout, a summary, files with the report in every
//! form, outputs for later steps, and the exit code of the check.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::Context;
use clap::{Args, Subcommand};
use forebear::changes::Repository;
use forebear::reports::{self, Look, Report, Verdict};
use jiff::Timestamp;

use super::arguments::Globals;
use super::gate;
use super::github::{self, Answers, Checkout, Runner, Scope};
use super::output::write_file;
use super::run::Outcome;
use super::witness::witness;

/// Check what a continuous integration service was started for
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    service: Service,
}

#[derive(Debug, Subcommand)]
enum Service {
    /// In a GitHub workflow: reads the event, and answers with annotations, a job summary, and outputs
    Github(Github),
}

#[derive(Args, Debug)]
struct Github {
    #[command(subcommand)]
    step: Step,
    /// Globs of branches whose whole tree is checked, beside what is pushed; tags always are
    #[arg(
        long,
        value_name = "GLOB",
        default_value = "release/**",
        value_delimiter = ' ',
        env = "FOREBEAR_RELEASE_BRANCHES"
    )]
    release_branches: Vec<String>,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Fetch what the check needs and no more: commits of a shallow clone, Git LFS objects; name the cache
    Prepare,
    /// Check, and answer
    Check,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, globals: &Globals) -> anyhow::Result<Outcome> {
    let Service::Github(github) = &arguments.service;
    let release: Vec<String> =
        github.release_branches.iter().flat_map(|list| list.split_whitespace()).map(str::to_owned).collect();
    let done = match github.step {
        Step::Prepare => prepare(&release),
        Step::Check => check(&release, globals),
    };
    // Said here and not by the caller: what a step writes is read as commands, on stderr too.
    done.or_else(|error| {
        let said = format!("{error:#}");
        reports::github_failure(&said, &mut io::stdout().lock())?;
        let mut summary = Vec::new();
        reports::summary_failure(&said, &mut summary)?;
        Answers::summary(&summary)?;
        Answers::output(&[("verdict", "error".to_owned())])?;
        Ok(Outcome::CouldNotCheck)
    })
}

fn prepare(release: &[String]) -> anyhow::Result<Outcome> {
    let runner = Runner::here()?;
    let scope = Scope::of(&runner.event, release)?;
    let server = env::var("GITHUB_SERVER_URL").unwrap_or_else(|_| "https://github.com".to_owned());
    let clone = Checkout::with_token(server, env::var("FOREBEAR_GITHUB_TOKEN").ok());
    let published = github::published(&scope, &clone, true)?;
    let missing = github::missing(&published);
    if !missing.is_empty()
        && let Err(error) = clone.fetch_lfs(&missing, &clone.head()?)
    {
        // The check says which objects are missing, and blocks.
        reports::github_log(&format!("{error:#}"), &mut io::stdout().lock())?;
    }
    let (prefix, digest) = github::cache_key(&published);
    Answers::output(&[("cache-key", format!("{prefix}{digest}")), ("cache-prefix", prefix)])?;
    Ok(Outcome::Pass)
}

fn check(release: &[String], globals: &Globals) -> anyhow::Result<Outcome> {
    let runner = Runner::here()?;
    let scope = Scope::of(&runner.event, release)?;
    let published = github::published(&scope, &Checkout::default(), false)?;
    let repository = Repository::discover(Path::new("."))?;
    let witness = witness(false, Some(&repository))?;
    let report = gate::checked(&published, Some(&repository), globals, witness.as_ref())?;
    let mut outputs = files(&report, &runner.folder)?;
    outputs.push(("verdict", word(report.verdict).to_owned()));

    let mut stdout = io::stdout().lock();
    let mut log = Vec::new();
    reports::human(&report, Look::default(), &mut log)?;
    writeln!(stdout, "::group::forebear: the report in full")?;
    reports::github_log(&String::from_utf8_lossy(&log), &mut stdout)?;
    writeln!(stdout, "::endgroup::")?;
    reports::github(&report, &mut stdout)?;
    let mut summary = Vec::new();
    reports::summary(&report, &mut summary)?;
    Answers::summary(&summary)?;
    Answers::output(&outputs)?;
    Ok(gate::outcome(&report))
}

/// Writes the report in one form.
type Form<'a> = &'a dyn Fn(&mut Vec<u8>) -> io::Result<()>;

/// Leaves the report in every form in a folder; names and paths for the outputs.
fn files(report: &Report, folder: &Path) -> anyhow::Result<Vec<(&'static str, String)>> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let written = Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string();
    // A waived or known finding is no alert for a service that knows nothing of waivers and baselines.
    let open = Report { waived: Vec::new(), baselined: Vec::new(), ..report.clone() };
    let mut outputs = Vec::new();
    let kinds: [(&str, &str, Form); 6] = [
        ("report", "report.html", &|out| reports::html(report, &written, out)),
        ("picture", "report.svg", &|out| reports::svg(report, out)),
        ("json", "report.json", &|out| reports::json(report, out)),
        ("sarif", "report.sarif", &|out| reports::sarif(&open, out)),
        ("junit", "report.junit.xml", &|out| reports::junit(report, out)),
        ("folder", "summary.md", &|out| reports::summary(report, out)),
    ];
    for (name, file, write) in kinds {
        let mut bytes = Vec::new();
        write(&mut bytes)?;
        let path = folder.join(file);
        write_file(&path, &bytes)?;
        let path = if name == "folder" { folder } else { &path };
        outputs.push((name, path.display().to_string()));
    }
    Ok(outputs)
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Block => "block",
        Verdict::Error => "error",
    }
}
