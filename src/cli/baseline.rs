// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear check --baseline FILE --write-baseline`: what is found today is known from now on.
//!
//! In: the file as it is, and what the gate finds without it. Out: the file anew, and what could not be put into it.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use forebear::changes::{Published, Repository};
use forebear::findings::{Finding, Level};
use forebear::gate::{GateError, findings as findings_of};
use forebear::policy::{Baseline, NamedBaseline};
use forebear::reports::{harmless, plural};

use super::arguments::Globals;
use super::gate::{self, registries};
use super::output::{Output, read_text, write_file};
use super::places;
use super::progress::watched;
use super::run::Outcome;

/// The baseline that the command line names, and whether it is inside the repository.
pub(super) fn named(path: &Path) -> anyhow::Result<NamedBaseline> {
    let text = path.is_file().then(|| read_text(path)).transpose()?;
    // The file need not be there yet; its folder must be.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = fs::canonicalize(folder).with_context(|| format!("failed to read {}", folder.display()))?;
    let name = path.file_name().with_context(|| format!("{} names no file", path.display()))?;
    let inside = fs::canonicalize(places::root()).ok().and_then(|root| {
        let inside = folder.join(name).strip_prefix(&root).ok()?.to_owned();
        let parts: Vec<_> = inside.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
        Some(parts.join("/"))
    });
    Ok(NamedBaseline { path: path.display().to_string(), inside, text })
}

/// Writes what is found now to the baseline. What it cannot hold still blocks.
pub(super) fn write(
    named: &NamedBaseline,
    published: &Published,
    repository: Option<&Repository>,
    reason: Option<&str>,
    globals: &Globals,
) -> anyhow::Result<Outcome> {
    let mut out = Output::open(globals)?;
    let before = match &named.text {
        Some(text) => Baseline::parse(&named.path, text).map_err(|error| GateError::Policy(Box::new(error)))?,
        None => Baseline::default(),
    };
    let registries = registries(globals);
    let options = gate::options(repository, globals, &registries, None, None)?;
    let findings =
        watched("checking", gate::weight(published), globals, |progress| findings_of(published, &options, progress))?;
    let recorded = before.record(&findings, reason);
    write_file(Path::new(&named.path), recorded.text.as_bytes())?;
    let (known, path) = (plural(recorded.known as u64, "known finding", "known findings"), harmless(&named.path));
    writeln!(out, "wrote {path}: {known} ({} new, {} removed)", recorded.added, recorded.removed)?;
    left_out(
        &recorded.without_reason,
        "no reason is given; add `--reason \"why it may pass, and who says so\"`",
        &mut out,
    )?;
    left_out(&recorded.never, "it names no content that could be known", &mut out)?;
    out.finish()?;
    let mut left = recorded.without_reason.iter().chain(&recorded.never);
    let blocks = !globals.audit && left.any(|finding| finding.level == Level::Deny);
    Ok(if blocks { Outcome::Block } else { Outcome::Pass })
}

fn left_out(findings: &[Finding], why: &str, out: &mut Output) -> anyhow::Result<()> {
    for finding in findings {
        writeln!(out, "left out: {}[{}]: {}", finding.level.name(), finding.rule.id(), harmless(&finding.message))?;
    }
    if !findings.is_empty() {
        writeln!(out, "    {why}")?;
    }
    Ok(())
}
