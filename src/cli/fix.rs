// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear fix`: writes what findings ask for where nobody has to decide, and says what is left.
//!
//! In: the work tree, a range, or a folder. Out: edited documents, or a patch with `--dry-run`; what is left, each with
//! the reason; and the exit code: 0 nothing is left, 1 something is, 2 it could not be checked.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::Args;
use forebear::changes::{self, Published, Repository};
use forebear::findings::{Level, Rule};
use forebear::fix::{self, Fixed, Left, Patch, Wanted};
use forebear::gate::{self, Options};
use forebear::reports::{harmless, plural};
use serde_json::json;

use super::arguments::Globals;
use super::gate::{overrides, policy_by_name, registries, stored_prints};
use super::output::Output;
use super::progress::watched;
use super::run::Outcome;

/// Write the notices, license copies, card fields and headers that findings ask for
///
/// What needs a decision is left, with the reason. Checkpoints are never edited. Run `forebear fix --dry-run` first:
/// it prints the patch. A second run changes nothing. Exit codes: 0 nothing is left to do by hand, 1 something is, 2
/// could not check.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Commits to check: `A..B`, `A...B`, or one revision; the files are written to the work tree
    #[arg(conflicts_with = "path")]
    range: Option<String>,
    /// Check and edit a folder, without git
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
    /// Print the patch and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Declare in policy.toml the bases that the weights show
    #[arg(long, conflicts_with = "policy")]
    declare: bool,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, globals: &Globals) -> anyhow::Result<Outcome> {
    let as_json = globals.json()?;
    let mut out = Output::open(globals)?;
    let (top, published, repository) = place(arguments)?;
    let registries = registries(globals);
    let today = jiff::Zoned::now().date();
    let options = Options {
        policy: policy_by_name(globals)?,
        registries: &registries,
        repository: repository.as_ref(),
        cache: stored_prints(globals, repository.as_ref()),
        overrides: overrides(globals),
        today,
        witness: None,
    };
    let wanted = Wanted { declare: arguments.declare, year: today.year() };
    let files = published.snapshots.iter().flat_map(|snapshot| &snapshot.files);
    let total = files.filter(|file| file.introduced && file.size >= 4096).map(|file| file.size).sum();
    let fixed = watched("checking", total, globals, |progress| gate::mend(&published, &options, progress, wanted))?;
    ensure!(
        fixed.settled,
        "the edits undo each other, so nothing was written; report it with the findings of `forebear check`"
    );
    if !arguments.dry_run {
        fix::write(&top, &fixed.patches).context("nothing more was written")?;
    }
    if as_json {
        forebear::reports::json(&facts(&fixed, arguments.dry_run), &mut out)?;
    } else {
        tell(&fixed, arguments.dry_run, &mut out)?;
    }
    out.finish()?;
    Ok(outcome(&fixed, globals.audit))
}

/// Where files are written, what is checked, and the repository if there is one.
fn place(arguments: &Arguments) -> anyhow::Result<(PathBuf, Published, Option<Repository>)> {
    if let Some(path) = &arguments.path {
        ensure!(path.is_dir(), "{} is no folder", path.display());
        return Ok((path.clone(), changes::folder(path)?, None));
    }
    let repository = Repository::discover(Path::new("."))?;
    let top = repository.work_dir().context("the repository is bare, so there are no files to write")?;
    let published = match &arguments.range {
        Some(range) => repository.range(range)?,
        None => repository.work_tree()?,
    };
    Ok((top, published, Some(repository)))
}

fn tell(fixed: &Fixed, dry_run: bool, out: &mut Output) -> anyhow::Result<()> {
    if dry_run {
        write!(out, "{}", fix::unified(&fixed.patches))?;
    } else {
        for patch in &fixed.patches {
            writeln!(out, "{}", written(patch))?;
        }
    }
    if fixed.patches.is_empty() {
        writeln!(out, "nothing to write")?;
    }
    if fixed.left.is_empty() {
        return Ok(());
    }
    // A patch stays one that can be applied: what follows stands behind a mark that no line of a diff has.
    let mark = if dry_run { "# " } else { "" };
    writeln!(out, "{mark}left to do by hand: {}", plural(fixed.left.len() as u64, "finding", "findings"))?;
    for left in &fixed.left {
        let finding = &left.finding;
        writeln!(out, "{mark}")?;
        writeln!(out, "{mark}{}[{}]: {}", finding.level.name(), finding.rule.id(), harmless(&finding.message))?;
        writeln!(out, "{mark}  why: {}", harmless(&left.why))?;
        for (index, line) in finding.remedy.lines().enumerate() {
            let label = if index == 0 { "  do: " } else { "      " };
            writeln!(out, "{}", format!("{mark}{label}{}", harmless(line)).trim_end())?;
        }
    }
    Ok(())
}

fn written(patch: &Patch) -> String {
    let rules: Vec<&str> = patch.rules.iter().map(|rule| rule.id()).collect();
    let done = if patch.before.is_some() { "changed" } else { "wrote" };
    format!("{done} {} ({})", harmless(&patch.path), rules.join(", "))
}

fn facts(fixed: &Fixed, dry_run: bool) -> serde_json::Value {
    let patch = |patch: &Patch| {
        let rules: Vec<&str> = patch.rules.iter().map(|rule| rule.id()).collect();
        json!({
            "path": patch.path,
            "created": patch.before.is_none(),
            "rules": rules,
            "diff": fix::unified(std::slice::from_ref(patch)),
        })
    };
    let left = |left: &Left| json!({ "why": left.why, "finding": left.finding });
    json!({
        "schema_version": forebear::reports::SCHEMA_VERSION,
        "dry_run": dry_run,
        "patches": fixed.patches.iter().map(patch).collect::<Vec<_>>(),
        "left": fixed.left.iter().map(left).collect::<Vec<_>>(),
    })
}

fn outcome(fixed: &Fixed, audit: bool) -> Outcome {
    let unseen = |left: &Left| {
        left.finding.level == Level::Deny
            && matches!(left.finding.rule, Rule::UnverifiableArtifact | Rule::MissingLfsObject)
    };
    match &fixed.left {
        _ if audit => Outcome::Pass,
        left if left.is_empty() => Outcome::Pass,
        left if left.iter().any(unseen) => Outcome::CouldNotCheck,
        _ => Outcome::Block,
    }
}
