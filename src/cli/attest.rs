// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear attest`: signing what passed, and verifying what somebody signed.
//!
//! In: a revision or range, and a key; or a note or file, and whose signatures count. Out: a note or file; or who
//! answers for which commit and models, and the exit code.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::{Args, Subcommand};
use forebear::attest::{self, Attested, VerifyError};
use forebear::changes::{NOTES, Repository};
use forebear::reports::{self, Verdict, harmless, plural};
use serde_json::json;

use super::arguments::{Format, Globals};
use super::gate::{self, Voice};
use super::output::{Output, read_text, write_file};
use super::run::Outcome;
use super::witness;

/// Sign that a commit passed, or verify who did
///
/// Checks a whole tree (one revision) or a range, and if nothing is denied signs what was found with your SSH key: an
/// in-toto statement in a DSSE envelope, kept as a git note in refs/notes/forebear. What does not pass is not signed.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
    /// What is attested: one revision for its whole tree, or a range `A..B`
    #[arg(value_name = "RANGE|REV", default_value = "HEAD")]
    what: String,
    /// The SSH key: a private key, or the public key of one in the agent or on a token; git's user.signingkey if not given
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Write the envelope to this file too
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write no git note
    #[arg(long, requires = "out")]
    no_note: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Say who attested a commit, and whether its models are the same
    Verify(Verify),
}

#[derive(Args, Debug)]
struct Verify {
    /// A file with attestations, or a revision whose note holds them
    #[arg(value_name = "FILE|REV", default_value = "HEAD")]
    what: String,
    /// Whose signatures count, as in ssh-keygen(1); git's gpg.ssh.allowedSignersFile if not given
    #[arg(long, value_name = "FILE")]
    allowed_signers: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, globals: &Globals) -> anyhow::Result<Outcome> {
    let repository = Repository::discover(Path::new("."))?;
    match &arguments.action {
        Some(Action::Verify(verify)) => self::verify(verify, &repository, globals),
        None => sign(arguments, &repository, globals),
    }
}

fn sign(arguments: &Arguments, repository: &Repository, globals: &Globals) -> anyhow::Result<Outcome> {
    ensure!(!globals.audit, "an attestation says that nothing is denied; with --audit nothing ever is");
    let key = witness::key(arguments.key.as_deref(), repository)?;
    let published = if arguments.what.contains("..") {
        repository.range(&arguments.what)?
    } else {
        repository.tree(&arguments.what)?
    };
    let tips: Vec<&String> = published.snapshots.iter().filter_map(|snapshot| snapshot.tip.as_ref()).collect();
    let [commit] = tips.as_slice() else {
        anyhow::bail!("{} names no commit with something to check", arguments.what);
    };
    let commit = (*commit).clone();
    let report = gate::told(&published, Some(repository), globals, Voice::Hook, None, None)?;
    if report.verdict != Verdict::Pass {
        return Ok(gate::outcome(&report));
    }
    let envelope = witness::signed(&report, &commit, &key)?;
    let line = envelope.to_line();
    if let Some(path) = &arguments.out {
        write_file(path, format!("{line}\n").as_bytes())?;
    }
    if !arguments.no_note {
        repository.append_note(&commit, &line)?;
    }
    if globals.format == Format::Human && globals.output.is_none() {
        let mut out = Output::open(globals)?;
        let by = envelope.signatures.first().map_or("", |one| one.keyid.as_str());
        writeln!(out, "attested commit {commit}, signed by {by}")?;
        if !arguments.no_note {
            writeln!(out, "publish the note: git push origin {NOTES}")?;
        }
        out.finish()?;
    }
    Ok(Outcome::Pass)
}

fn verify(arguments: &Verify, repository: &Repository, globals: &Globals) -> anyhow::Result<Outcome> {
    let as_json = globals.json()?;
    let allowed = match &arguments.allowed_signers {
        Some(path) => path.clone(),
        None => repository.allowed_signers()?.context(
            "nothing says whose signatures count; give --allowed-signers FILE, or set git's gpg.ssh.allowedSignersFile",
        )?,
    };
    fs::metadata(&allowed).with_context(|| format!("failed to read {}", allowed.display()))?;
    let mut out = Output::open(globals)?;
    let (bytes, commit) = if Path::new(&arguments.what).is_file() {
        (read_text(Path::new(&arguments.what))?.into_bytes(), None)
    } else {
        let commit = repository.commit_id(&arguments.what)?;
        (repository.note(&commit)?.unwrap_or_default(), Some(commit))
    };
    let mut told = Vec::new();
    for envelope in attest::envelopes(&bytes) {
        told.push(
            envelope.map_err(VerifyError::from).and_then(|one| attest::verify(&one, &allowed, commit.as_deref())),
        );
    }
    let told: Vec<Result<Seen, String>> =
        told.into_iter().map(|one| seen(one.map_err(|error| error.to_string())?, repository)).collect();
    let good = told.iter().any(|one| one.as_ref().is_ok_and(|seen| seen.differences.is_empty()));
    if as_json {
        let entries: Vec<serde_json::Value> = told.iter().map(entry).collect();
        let report = json!({"schema_version": 1, "commit": commit, "valid": good, "attestations": entries});
        reports::json(&report, &mut out)?;
    } else {
        if told.is_empty() {
            let what = commit.as_ref().map_or(arguments.what.as_str(), String::as_str);
            writeln!(out, "no attestation: {} has none", harmless(what))?;
            writeln!(out, "  help: git fetch origin {NOTES}:{NOTES}, or forebear attest {}", harmless(what))?;
        }
        for one in &told {
            tell(one, &mut out)?;
        }
    }
    out.finish()?;
    Ok(if good { Outcome::Pass } else { Outcome::Block })
}

/// A verified attestation beside the tree of its commit.
struct Seen {
    attested: Attested,
    differences: Vec<attest::Difference>,
}

fn seen(attested: Attested, repository: &Repository) -> Result<Seen, String> {
    let commit = attested.statement.commit().unwrap_or_default();
    let tree = repository.tree(commit).map_err(|error| error.to_string())?;
    let [snapshot] = tree.snapshots.as_slice() else { return Err(format!("commit {commit} has no tree to compare")) };
    let differences = attest::differences(&attested.statement, snapshot);
    Ok(Seen { attested, differences })
}

fn tell(one: &Result<Seen, String>, out: &mut Output) -> anyhow::Result<()> {
    match one {
        Err(reason) => writeln!(out, "refused: {}", harmless(reason))?,
        Ok(Seen { attested, differences }) => {
            let Attested { principal, key, statement } = attested;
            let good = if differences.is_empty() { "valid" } else { "refused" };
            writeln!(out, "{good}: signed by {} with {key}", harmless(principal))?;
            let predicate = &statement.predicate;
            let tool = harmless(&format!("{} {}", predicate.tool.name, predicate.tool.version));
            writeln!(out, "  commit  {}", harmless(statement.commit().unwrap_or_default()))?;
            writeln!(out, "  said    pass on {}, by {tool}", harmless(&predicate.date))?;
            for digest in &predicate.digests {
                writeln!(out, "  with    {} sha256:{}", harmless(&digest.what), harmless(&digest.sha256))?;
            }
            for model in &predicate.models {
                let searched = plural(model.searched as u64, "base", "bases");
                writeln!(out, "  model   {} {}, compared with {searched}", harmless(&model.path), harmless(&model.id))?;
            }
            for difference in differences {
                writeln!(out, "  differs {} {}", harmless(&difference.path), harmless(&difference.what))?;
            }
        }
    }
    Ok(())
}

fn entry(one: &Result<Seen, String>) -> serde_json::Value {
    match one {
        Err(reason) => json!({"valid": false, "reason": reason}),
        Ok(Seen { attested, differences }) => {
            let differs: Vec<_> = differences.iter().map(|one| json!({"path": one.path, "what": one.what})).collect();
            json!({
                "valid": differences.is_empty(), "principal": attested.principal, "key": attested.key,
                "differences": differs, "statement": attested.statement,
            })
        }
    }
}
