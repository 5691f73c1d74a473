// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! From what would be published to the exit code: what `check` and the hooks share.

use std::path::PathBuf;

use forebear::changes::{ChangesError, Published, Repository};
use forebear::fingerprint::Cache;
use forebear::gate::{self, Options, Witness};
use forebear::policy::{NamedBaseline, Overrides};
use forebear::reports::{Look, Manner, Report, Verdict};
use jiff::Zoned;

use super::arguments::{Format, Globals};
use super::output::{self, Output, detail, links, read_text, terminal_width};
use super::places;
use super::progress::watched;
use super::run::Outcome;

/// Where the report goes if no file is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Voice {
    /// stdout.
    Command,
    /// stderr: git shows it, and stdout may be somebody else's.
    Hook,
}

/// The exit code that a report asks for.
pub(super) fn outcome(report: &Report) -> Outcome {
    match report.verdict {
        Verdict::Pass => Outcome::Pass,
        Verdict::Block => Outcome::Block,
        Verdict::Error => Outcome::CouldNotCheck,
    }
}

/// Runs the gate and writes nothing.
pub(super) fn checked(
    published: &Published,
    repository: Option<&Repository>,
    globals: &Globals,
    witness: Option<&Witness>,
) -> anyhow::Result<Report> {
    let registries = registries(globals);
    judged(published, std::iter::empty(), &options(repository, globals, &registries, witness, None)?, globals)
}

/// Runs the gate, beside a baseline if there is one, writes its report, and hands it on.
pub(super) fn told(
    published: &Published,
    repository: Option<&Repository>,
    globals: &Globals,
    voice: Voice,
    witness: Option<&Witness>,
    baseline: Option<NamedBaseline>,
) -> anyhow::Result<Report> {
    told_parts(published, std::iter::empty(), repository, globals, voice, witness, baseline)
}

/// The same for what would be published in parts.
pub(super) fn told_parts(
    published: &Published,
    rest: impl Iterator<Item = Result<Published, ChangesError>> + Send,
    repository: Option<&Repository>,
    globals: &Globals,
    voice: Voice,
    witness: Option<&Witness>,
    baseline: Option<NamedBaseline>,
) -> anyhow::Result<Report> {
    let to_stderr = voice == Voice::Hook && globals.output.is_none() && globals.format == Format::Human;
    // Opened before the work, so that a bad path fails early.
    let mut output = if to_stderr { None } else { Some(Output::open(globals)?) };
    let registries = registries(globals);
    let options = options(repository, globals, &registries, witness, baseline)?;
    let report = judged(published, rest, &options, globals)?;
    let text = |path: &str| text_of(published, &options, path);
    if let Some(output) = &mut output {
        output.report(&report, globals.format, &text)?;
    } else {
        let mut stderr = anstream::stderr();
        let color = stderr.current_choice() != anstream::ColorChoice::Never;
        let look = Look { color, width: terminal_width() };
        let links = color && links(supports_hyperlinks::Stream::Stderr);
        output::told(&report, &Manner { look, detail: detail(globals), links, text: &text }, &mut stderr)?;
    }
    if let Some(output) = output {
        output.finish()?;
    }
    Ok(report)
}

/// What a check is told beside what would be published.
pub(super) fn options<'a>(
    repository: Option<&'a Repository>,
    globals: &Globals,
    registries: &'a [PathBuf],
    witness: Option<&'a Witness>,
    baseline: Option<NamedBaseline>,
) -> anyhow::Result<Options<'a>> {
    Ok(Options {
        policy: policy_by_name(globals)?,
        registries,
        repository,
        cache: stored_prints(globals, repository),
        overrides: Overrides { baseline, ..overrides(globals) },
        today: Zoned::now().date(),
        witness,
    })
}

fn judged(
    published: &Published,
    rest: impl Iterator<Item = Result<Published, ChangesError>> + Send,
    options: &Options,
    globals: &Globals,
) -> anyhow::Result<Report> {
    let total = weight(published);
    Ok(watched("checking", total, globals, |progress| gate::check_parts(published, rest, options, progress))?)
}

/// Bytes of the files that take time to read.
pub(super) fn weight(published: &Published) -> u64 {
    let files = published.snapshots.iter().flat_map(|snapshot| &snapshot.files);
    files.filter(|file| file.introduced && file.size >= 4096).map(|file| file.size).sum()
}

/// Whether the policy that counts asks the hook to sign.
pub(super) fn signs(published: &Published, globals: &Globals) -> anyhow::Result<bool> {
    Ok(gate::signs(published, policy_by_name(globals)?.as_ref())?)
}

/// Bytes of a file that are read to show a line of it.
const SHOWN: usize = 1 << 20;

/// The text of a file that is published, or that was given by name.
fn text_of(published: &Published, options: &Options, path: &str) -> Option<String> {
    if let Some((_, text)) = options.policy.as_ref().filter(|(named, _)| named == path) {
        return Some(text.clone());
    }
    let inside = options.overrides.baseline.as_ref().filter(|named| named.path == path);
    let inside = inside.and_then(|named| named.inside.as_deref()).unwrap_or(path);
    let mut files = published.snapshots.iter().flat_map(|snapshot| &snapshot.files);
    let content = files.find(|file| file.at_tip && file.path == inside)?.content()?;
    String::from_utf8(content.head(SHOWN).ok()?).ok()
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
        baseline: None,
    }
}

/// The cache: FOREBEAR_CACHE, else inside the repository (shared by its work trees), else the user's.
fn cache_folder(repository: Option<&Repository>) -> Option<PathBuf> {
    places::named_cache()
        .or_else(|| repository.map(|repository| repository.common_dir().join("forebear")))
        .or_else(places::cache)
}
