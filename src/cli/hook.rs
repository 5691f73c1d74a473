// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear hook`: managing the pre-push hook, and being it.
//!
//! In: the lines git gives a pre-push hook, or what to do with the hook. Out: the report on stderr, since
//! git's own output goes there, and its exit code.

use std::env;
use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;

use anyhow::Context;
use clap::{Args, Subcommand};
use forebear::changes::{HookState, NOTES, PreCommit, Published, Repository, parse_push_lines, parse_receive_lines};
use forebear::reports::{Report, Verdict, harmless};

use super::arguments::Globals;
use super::gate::{self, Voice};
use super::load;
use super::output::Output;
use super::run::Outcome;
use super::witness;

/// Install, remove, or be the pre-push hook
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) action: Action,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Install the pre-push hook; a hook that is already there keeps running
    Install,
    /// Remove the pre-push hook and put back the one that was there before
    Uninstall,
    /// Say whether the hook is installed and would run
    Status,
    /// Check a push: git runs this, with the refs on stdin
    PrePush(PrePush),
    /// Check what a server receives: git runs this there, with the refs on stdin
    PreReceive,
}

#[derive(Args, Debug)]
pub(crate) struct PrePush {
    /// Name of the remote, or its URL if it has no name
    pub(crate) remote: Option<String>,
    /// URL of the remote
    pub(crate) url: Option<String>,
    /// Read the refs from the variables that the `pre-commit` program sets, not from stdin
    #[arg(long)]
    pub(crate) from_pre_commit: bool,
}

/// Longest standard input of a hook that is read: some 200,000 refs.
const LONGEST: u64 = 64 << 20;
/// Refs of a push that are held at once.
const PART: usize = 8;

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, globals: &Globals) -> anyhow::Result<Outcome> {
    match &arguments.action {
        Action::Install => {
            let mut out = Output::open(globals)?;
            writeln!(out, "{}", load::install_hook()?)?;
            out.finish()?;
            Ok(Outcome::Pass)
        }
        Action::Uninstall => {
            let status = Repository::discover(Path::new("."))?.uninstall()?;
            let mut out = Output::open(globals)?;
            match status.state {
                HookState::Foreign => writeln!(out, "removed the hook; the one that was there before is back")?,
                _ => writeln!(out, "removed the hook")?,
            }
            out.finish()?;
            Ok(Outcome::Pass)
        }
        Action::Status => status(globals),
        Action::PrePush(arguments) => pre_push(arguments, globals),
        Action::PreReceive => {
            let repository = Repository::discover(Path::new("."))?;
            let lines = parse_receive_lines(&stdin()?)?;
            let (now, later) = lines.split_at(lines.len().min(PART));
            let first = repository.receive(now)?;
            let rest = later.chunks(PART).map(|part| repository.receive(part));
            let report = gate::told_parts(&first, rest, Some(&repository), globals, Voice::Hook, None, None)?;
            Ok(gate::outcome(&report))
        }
    }
}

fn pre_push(arguments: &PrePush, globals: &Globals) -> anyhow::Result<Outcome> {
    let repository = Repository::discover(Path::new("."))?;
    let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let (lines, remote, url) = if arguments.from_pre_commit {
        let line = repository.pre_commit_line(&PreCommit {
            from: variable("PRE_COMMIT_FROM_REF").as_deref(),
            to: variable("PRE_COMMIT_TO_REF").as_deref(),
            local_branch: variable("PRE_COMMIT_LOCAL_BRANCH").as_deref(),
            remote_branch: variable("PRE_COMMIT_REMOTE_BRANCH").as_deref(),
        })?;
        (vec![line], variable("PRE_COMMIT_REMOTE_NAME"), variable("PRE_COMMIT_REMOTE_URL"))
    } else {
        (parse_push_lines(&stdin()?)?, arguments.remote.clone(), arguments.url.clone())
    };
    let remote = remote.unwrap_or_else(|| "origin".to_owned());
    let url = url.unwrap_or_else(|| remote.clone());
    let mut parts = repository.push_in_parts(&remote, &url, &lines, PART)?;
    let first = parts.next().context("a push has no part")??;
    let mut passed = released(&first, globals)?;
    let mut failed = None;
    let rest = parts.inspect(|part| match part.as_ref().map(|part| released(part, globals)) {
        Ok(Ok(tips)) => passed.extend(tips),
        Ok(Err(error)) => failed = Some(error),
        Err(_) => {}
    });
    let report = gate::told_parts(&first, rest, Some(&repository), globals, Voice::Hook, None, None)?;
    if let Some(error) = failed {
        return Err(error);
    }
    if report.verdict == Verdict::Pass && !globals.audit {
        attest(passed, &report, &repository, &remote)?;
    }
    Ok(gate::outcome(&report))
}

/// The commits that are to be attested if they pass: those of a push whose policy asks for it. Notes are not commits to
/// release.
fn released(published: &Published, globals: &Globals) -> anyhow::Result<Vec<String>> {
    if !gate::signs(published, globals)? {
        return Ok(Vec::new());
    }
    let released = published.snapshots.iter().filter(|snapshot| !snapshot.label.starts_with("refs/notes/"));
    Ok(released.filter_map(|snapshot| snapshot.tip.clone()).collect())
}

/// Signs the commits of a push that passed.
fn attest(mut tips: Vec<String>, report: &Report, repository: &Repository, remote: &str) -> anyhow::Result<()> {
    tips.sort();
    tips.dedup();
    if tips.is_empty() {
        return Ok(());
    }
    let asked = "policy.toml asks to sign what passes ([attest] sign = true)";
    let key = witness::key(None, repository).context(asked)?;
    let mut stderr = anstream::stderr();
    for commit in &tips {
        let envelope = witness::signed(report, commit, &key).context(asked)?;
        repository.append_note(commit, &envelope.to_line())?;
        writeln!(stderr, "attested commit {commit}; publish the note: git push {} {NOTES}", harmless(remote))?;
    }
    Ok(())
}

/// What git says to a hook.
fn stdin() -> anyhow::Result<Vec<u8>> {
    if io::stdin().is_terminal() {
        anyhow::bail!(
            "git gives a hook its refs on standard input, and this is a terminal; `forebear check` asks the same"
        );
    }
    let mut bytes = Vec::new();
    io::stdin().lock().take(LONGEST + 1).read_to_end(&mut bytes).context("failed to read standard input")?;
    anyhow::ensure!(bytes.len() as u64 <= LONGEST, "standard input is longer than {LONGEST} bytes");
    Ok(bytes)
}

fn status(globals: &Globals) -> anyhow::Result<Outcome> {
    let status = Repository::discover(Path::new("."))?.hook_status()?;
    let mut out = Output::open(globals)?;
    let folder = status.directory.display();
    let installed = matches!(status.state, HookState::Installed(_));
    match status.state {
        HookState::Installed(_) => writeln!(out, "installed: {}", status.path.unwrap_or_default().display())?,
        HookState::Foreign => writeln!(out, "not installed; another pre-push hook is in {folder}")?,
        HookState::Absent => writeln!(out, "not installed; no pre-push hook is in {folder}")?,
    }
    if let Some(chained) = status.chained {
        writeln!(out, "runs after itself: {}", chained.display())?;
    }
    for problem in &status.problems {
        writeln!(out, "problem: {problem}")?;
    }
    out.finish()?;
    Ok(if installed && status.problems.is_empty() { Outcome::Pass } else { Outcome::CouldNotCheck })
}
