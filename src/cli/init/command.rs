// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The command: look, ask, write, and say what `check` says now.
//!
//! In: arguments. Out: the files that were missing and wanted, and a report of what was done. Findings do not make this
//! command fail: it is not the gate.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use clap::Args;
use forebear::changes;
use forebear::gate::GateError;
use forebear::policy::{self, Policy, SeenModel, init_model, init_policy};
use forebear::reports::{Report, Verdict, brief, harmless, plural};

use super::super::arguments::Globals;
use super::super::output::{Output, write_file};
use super::super::run::Outcome;
use super::super::{gate, load, places};
use super::ask::{Answerer, Answers, Missing, Origin, ask};
use super::look::{Seen, look};
use super::models::Weights;
use super::workflow::{PLACE, workflow};

/// Look at the repository, ask what cannot be seen, and write a commented policy.toml
///
/// Files that are there are never overwritten. Without a terminal nothing is asked: the defaults are taken.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Ask nothing, and take the defaults: the hook and the workflow too
    #[arg(short, long)]
    pub(super) yes: bool,
    /// Name of the release
    #[arg(long, value_name = "OWNER/NAME")]
    pub(super) name: Option<String>,
    /// License of the release: SPDX, a model license, or `none`
    #[arg(long, value_name = "ID")]
    pub(super) license: Option<String>,
    /// A branch on which findings block, `*` for any; may be given more than once
    #[arg(long, value_name = "PATTERN")]
    pub(super) branch: Vec<String>,
    /// A base of the models that no card names one for; may be given more than once
    #[arg(long, value_name = "ID")]
    pub(super) base: Vec<String>,
    /// The models that no card names a base for come from no other weights
    #[arg(long, conflicts_with = "base")]
    pub(super) from_scratch: bool,
    /// Install the pre-push hook
    #[arg(long, conflicts_with = "no_hook")]
    hook: bool,
    /// Leave the pre-push hook out
    #[arg(long)]
    no_hook: bool,
    /// Write a GitHub workflow
    #[arg(long, conflicts_with = "no_workflow")]
    workflow: bool,
    /// Write no GitHub workflow
    #[arg(long)]
    no_workflow: bool,
    /// Commit of the action that the workflow uses; the tag `v0` if not given
    #[arg(long, value_name = "COMMIT", value_parser = commit)]
    pin: Option<String>,
    /// Let the hook sign what passes, with git's SSH key
    #[arg(long)]
    pub(super) sign: bool,
    /// Do not check at the end
    #[arg(long)]
    no_check: bool,
}

impl Arguments {
    pub(super) fn hook(&self) -> Option<bool> {
        (self.hook || self.no_hook).then_some(self.hook)
    }

    pub(super) fn workflow(&self) -> Option<bool> {
        (self.workflow || self.no_workflow).then_some(self.workflow)
    }
}

fn commit(text: &str) -> Result<String, String> {
    let is_one = [40, 64].contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_one { Ok(text.to_ascii_lowercase()) } else { Err("a commit has 40 or 64 hex digits".to_owned()) }
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, globals: &Globals) -> anyhow::Result<Outcome> {
    let mut out = Output::open(globals)?;
    let root = places::root();
    let place = places::policy(globals);
    let who = Answerer::of(arguments);
    let seen = look(&root, globals)?;
    // Read before anything is written: one that is broken is an error, and not to be added to.
    let before = if place.exists() { Some(load::policy(&place)?) } else { None };
    let hook = load::hook_state();
    let missing = Missing {
        policy: before.is_none(),
        hook: !matches!(hook, load::HookState::Installed(..) | load::HookState::NoRepository),
        workflow: seen.workflow.is_none(),
    };
    tell(&seen, &mut out)?;
    if who == Answerer::Nobody {
        writeln!(out, "no terminal, so nothing is asked: the defaults are taken, as with --yes")?;
    }
    out.flush()?;
    let answers = ask(&seen, arguments, missing, who)?;
    let models: Vec<(&Weights, SeenModel)> =
        seen.weights.iter().map(|weights| (weights, entry(weights, &answers))).collect();
    match &before {
        Some(policy) => kept(policy, &place, &models, &mut out)?,
        None => write_policy(&place, &seen, &answers, &models, &mut out)?,
    }
    if let Some(file) = &seen.workflow {
        writeln!(out, "kept {}: it runs forebear already", harmless(file))?;
    } else if answers.workflow {
        let file = root.join(PLACE);
        fs::create_dir_all(root.join(".github/workflows")).context("cannot make .github/workflows")?;
        let branches = before.as_ref().map_or(&answers.branches, |policy| &policy.release.branches);
        write_file(&file, workflow(branches, arguments.pin.as_deref()).as_bytes())?;
        let pin = if arguments.pin.is_some() { "" } else { "; pin the action by commit, as its last line says" };
        writeln!(out, "wrote {}{pin}", file.display())?;
    }
    install(hook, &seen, answers.hook, &mut out)?;
    if arguments.no_check {
        writeln!(out, "\nnext: `forebear check --path .` says what a push would be told")?;
    } else {
        // What was done is told, whatever comes of this.
        let checked = check(&root, &seen, globals, &mut out);
        out.finish()?;
        return checked.map(|()| Outcome::Pass);
    }
    out.finish()?;
    Ok(Outcome::Pass)
}

fn tell(seen: &Seen, out: &mut Output) -> anyhow::Result<()> {
    writeln!(out, "seen:")?;
    for weights in &seen.weights {
        writeln!(out, "    {}: {}", harmless(&weights.glob), harmless(&weights.said()))?;
    }
    if seen.weights.is_empty() {
        writeln!(out, "    no file that looks like weights")?;
    }
    for (file, held) in &seen.license_files {
        let held = if held.is_empty() { "a text that is not known".to_owned() } else { held.join(", ") };
        writeln!(out, "    {}: {held}", harmless(file))?;
    }
    match seen.registered.len() as u64 {
        0 => writeln!(out, "    no base is registered")?,
        count => writeln!(out, "    {} registered", plural(count, "base", "bases"))?,
    }
    for (program, file, named) in &seen.managers {
        let runs = if *named { "it names forebear" } else { "its own pre-push hook would keep running" };
        writeln!(out, "    {program} manages hooks ({file}); {runs}")?;
    }
    if let Some(folder) = &seen.hooks_path {
        writeln!(out, "    git looks for hooks in {} (core.hooksPath)", harmless(folder))?;
    }
    Ok(())
}

/// The entry of a model. What neither a file nor a person said is left open.
fn entry(weights: &Weights, answers: &Answers) -> SeenModel {
    let mut notes = vec![format!("Seen: {}. Check it.", harmless(&weights.said()))];
    if let Some(file) = weights.tokenizer {
        notes.push(format!("If {file} is not that of a base, say whose it is: tokenizer = \"OWNER/NAME\""));
    }
    let one = |id: &String| (id.clone(), if weights_are_several(answers) { "merge" } else { "finetune" }.to_owned());
    let (origin, bases) = match &answers.origin {
        _ if !weights.bases.is_empty() => (Some(policy::Origin::Derived), weights.bases.clone()),
        Origin::Bases(ids) => (Some(policy::Origin::Derived), ids.iter().map(one).collect()),
        Origin::Scratch => (Some(policy::Origin::FromScratch), Vec::new()),
        Origin::Open => (None, Vec::new()),
    };
    SeenModel { glob: weights.glob.clone(), origin, bases, notes }
}

fn weights_are_several(answers: &Answers) -> bool {
    matches!(&answers.origin, Origin::Bases(ids) if ids.len() > 1)
}

fn write_policy(
    place: &Path,
    seen: &Seen,
    answers: &Answers,
    models: &[(&Weights, SeenModel)],
    out: &mut Output,
) -> anyhow::Result<()> {
    let by_file = seen.license.as_ref().filter(|(id, _)| Some(id) == answers.license.as_ref());
    let text = init_policy(&policy::Seen {
        name: Some(answers.name.clone()),
        license: answers.license.clone(),
        license_note: by_file.map(|(_, file)| format!("as {} says", harmless(file))),
        branches: answers.branches.clone(),
        models: models.iter().map(|(_, model)| model.clone()).collect(),
        sign: answers.sign,
        can_sign: seen.can_sign,
    });
    // Before it is written: a flag may hold what no policy may.
    Policy::parse(&place.display().to_string(), &text).map_err(|error| GateError::Policy(Box::new(error)))?;
    write_file(place, text.as_bytes())?;
    let count = plural(models.len() as u64, "model", "models");
    writeln!(out, "wrote {} for {count}; read it and correct what was guessed", place.display())?;
    for (weights, _) in models.iter().filter(|(_, model)| model.origin.is_none()) {
        let glob = harmless(&weights.glob);
        writeln!(out, "    {glob}: no card names a base; name it there, or say `origin = \"from-scratch\"`")?;
    }
    Ok(())
}

/// Says what an existing policy does not declare, as it would be written.
fn kept(before: &Policy, place: &Path, models: &[(&Weights, SeenModel)], out: &mut Output) -> anyhow::Result<()> {
    let undeclared: Vec<_> =
        models.iter().filter(|(weights, _)| before.model_for(&weights.example).is_none()).collect();
    if undeclared.is_empty() {
        writeln!(out, "kept {}: it is there already, and declares every model that was seen", place.display())?;
        return Ok(());
    }
    let count = plural(undeclared.len() as u64, "model", "models");
    writeln!(out, "kept {}: it is there already; it does not declare {count}, so add:", place.display())?;
    for (_, model) in undeclared {
        for line in init_model(model).lines() {
            writeln!(out, "    {}", harmless(line))?;
        }
    }
    Ok(())
}

fn install(hook: load::HookState, seen: &Seen, wanted: bool, out: &mut Output) -> anyhow::Result<()> {
    match hook {
        load::HookState::Installed(path, _) => writeln!(out, "kept {}: it runs forebear already", path.display())?,
        load::HookState::NoRepository => writeln!(out, "no git repository here, so no hook")?,
        _ if wanted => writeln!(out, "{}", load::install_hook()?)?,
        _ => match seen.managers.iter().find(|(_, _, named)| *named) {
            Some((_, file, _)) => writeln!(out, "left the hook out: {file} names forebear")?,
            None => writeln!(out, "left the hook out; `forebear hook install` installs it")?,
        },
    }
    Ok(())
}

/// The work tree as `forebear check --path .` sees it from the root.
fn check(root: &Path, seen: &Seen, globals: &Globals, out: &mut Output) -> anyhow::Result<()> {
    let report = gate::checked(&changes::folder(root)?, None, globals, None)?;
    writeln!(out, "\n`forebear check --path .` now says:")?;
    let look = out.look;
    brief(&report, look, out)?;
    writeln!(out, "\nnext: {}", next(&report, seen))?;
    Ok(())
}

/// What to do now: without a base there is nothing to compare with.
fn next(report: &Report, seen: &Seen) -> &'static str {
    match report.verdict {
        _ if seen.registered.is_empty() && !seen.weights.is_empty() => {
            "`forebear registry add MODEL --id OWNER/NAME --license ID` for each base you start from; then `forebear doctor`"
        }
        Verdict::Pass => "`git add policy.toml` and commit it; `forebear doctor` says whether the hook would run",
        _ => {
            "`forebear check --path .` says what to do for each; `forebear fix --dry-run` shows what it can write for you"
        }
    }
}
