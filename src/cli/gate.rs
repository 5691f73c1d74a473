// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! From what would be published to the exit code: what `check` and the hooks share.

use std::path::PathBuf;

use forebear::changes::{Published, Repository};
use forebear::fingerprint::Cache;
use forebear::gate::{self, Options, Witness};
use forebear::policy::Overrides;
use forebear::reports::{self, Look, Report, Verdict};
use jiff::Zoned;

use super::arguments::{Format, Globals};
use super::output::{Output, read_text, terminal_width};
use super::places;
use super::progress::watched;
use super::run::Outcome;
use super::witness;

/// Where the report goes if no file is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Voice {
    /// stdout.
    Command,
    /// stderr: git shows it, and stdout may be somebody else's.
    Hook,
}

/// Runs the gate and writes its report.
pub(super) fn run(
    published: &Published,
    repository: Option<&Repository>,
    globals: &Globals,
    voice: Voice,
) -> anyhow::Result<Outcome> {
    Ok(outcome(&told(published, repository, globals, voice, None)?))
}

/// The exit code that a report asks for.
pub(super) fn outcome(report: &Report) -> Outcome {
    match report.verdict {
        Verdict::Pass => Outcome::Pass,
        Verdict::Block => Outcome::Block,
        Verdict::Error => Outcome::CouldNotCheck,
    }
}

/// Runs the gate for continuous integration, where attestations are asked for as the policy says.
pub(super) fn report(
    published: &Published,
    repository: Option<&Repository>,
    globals: &Globals,
) -> anyhow::Result<Report> {
    checked(published, repository, globals, witness::witness(false, repository)?.as_ref())
}

/// Runs the gate and writes nothing.
pub(super) fn checked(
    published: &Published,
    repository: Option<&Repository>,
    globals: &Globals,
    witness: Option<&Witness>,
) -> anyhow::Result<Report> {
    let registries = registries(globals);
    let options = Options {
        policy: policy_by_name(globals)?,
        registries: &registries,
        repository,
        cache: stored_prints(globals, repository),
        overrides: overrides(globals),
        today: Zoned::now().date(),
        witness,
    };
    let files = published.snapshots.iter().flat_map(|snapshot| &snapshot.files);
    let total = files.filter(|file| file.introduced && file.size >= 4096).map(|file| file.size).sum();
    Ok(watched("checking", total, globals, |progress| gate::check(published, &options, progress))?)
}

/// Runs the gate, writes its report, and hands it on.
pub(super) fn told(
    published: &Published,
    repository: Option<&Repository>,
    globals: &Globals,
    voice: Voice,
    witness: Option<&Witness>,
) -> anyhow::Result<Report> {
    let to_stderr = voice == Voice::Hook && globals.output.is_none() && globals.format == Format::Human;
    // Opened before the work, so that a bad path fails early.
    let mut output = if to_stderr { None } else { Some(Output::open(globals)?) };
    let report = checked(published, repository, globals, witness)?;
    if let Some(output) = &mut output {
        output.report(&report, globals.format)?;
    } else {
        let mut stderr = anstream::stderr();
        let color = stderr.current_choice() != anstream::ColorChoice::Never;
        let look = Look { color, width: terminal_width() };
        if globals.verbose > 0 {
            reports::checklist(&report, look, &mut stderr)?;
        }
        reports::human(&report, look, &mut stderr)?;
    }
    if let Some(output) = output {
        output.finish()?;
    }
    Ok(report)
}

/// Whether the policy that counts asks the hook to sign.
pub(super) fn signs(published: &Published, globals: &Globals) -> anyhow::Result<bool> {
    Ok(gate::signs(published, policy_by_name(globals)?.as_ref())?)
}

/// The policy that is given by name: path and text.
pub(super) fn policy_by_name(globals: &Globals) -> anyhow::Result<Option<(String, String)>> {
    globals.policy.as_ref().map(|path| Ok((path.display().to_string(), read_text(path)?))).transpose()
}

/// The registries given by name, and the user's.
pub(super) fn registries(globals: &Globals) -> Vec<PathBuf> {
    globals.registry.iter().cloned().chain(places::user_registry()).collect()
}

/// Fingerprints made earlier, unless they are not wished for.
pub(super) fn stored_prints(globals: &Globals, repository: Option<&Repository>) -> Option<Cache> {
    if globals.no_cache { None } else { cache_folder(repository).map(Cache::new) }
}

/// What the command line says about rules.
pub(super) fn overrides(globals: &Globals) -> Overrides {
    Overrides {
        deny: globals.deny.iter().copied().collect(),
        warn: globals.warn.iter().copied().collect(),
        allow: globals.allow.iter().copied().collect(),
        audit: globals.audit,
    }
}

/// The cache: FOREBEAR_CACHE, else inside the repository (shared by its work trees), else the user's.
fn cache_folder(repository: Option<&Repository>) -> Option<PathBuf> {
    places::named_cache()
        .or_else(|| repository.map(|repository| repository.common_dir().join("forebear")))
        .or_else(places::cache)
}
