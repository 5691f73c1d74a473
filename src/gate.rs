// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The journey: what would be published in, a verdict out. The only file that knows every stage.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Instant;

use jiff::civil::Date;

use crate::bases::RegistryError;
use crate::changes::{ChangesError, Published, Repository, ScopeKind, Snapshot};
use crate::documents;
use crate::evidence::search;
use crate::findings::{self, Facts, Finding, Level, Rule};
use crate::fingerprint::{Cache, Collected, Progress, collect};
use crate::known::{Known, RegistryChange};
use crate::policy::{self, Overrides, Policy, PolicyError};
use crate::reports::{Report, ReportedModel, SCHEMA_VERSION, Scope, Stats, Tool, Verdict};
use crate::seen;

/// What a check is told beside what would be published.
pub struct Options<'a> {
    /// A policy given by name, which counts instead of the repository's: path and text.
    pub policy: Option<(String, String)>,
    /// Registries beside those the policy names.
    pub registries: &'a [PathBuf],
    /// The repository, to read registries of the base side from.
    pub repository: Option<&'a Repository>,
    /// Fingerprints made earlier.
    pub cache: Option<Cache>,
    /// What the command line says about rules.
    pub overrides: Overrides,
    /// Today, for waivers.
    pub today: Date,
}

/// Why a check could not be made.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// A policy is not valid.
    #[error("{}", .0.message)]
    Policy(Box<PolicyError>),
    /// A registry cannot be used.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The repository cannot be read.
    #[error(transparent)]
    Changes(#[from] ChangesError),
    /// A policy or registry file cannot be read.
    #[error("failed to read {path}: {error}")]
    Io {
        /// The file.
        path: String,
        /// Why.
        error: std::io::Error,
    },
}

/// Checks what would be published.
pub fn check(published: &Published, options: &Options, progress: &Progress) -> Result<Report, GateError> {
    let started = Instant::now();
    let mut report = Report {
        schema_version: SCHEMA_VERSION,
        tool: Tool::default(),
        verdict: Verdict::Pass,
        scope: Scope::of(&published.scope, 0, 0),
        models: Vec::new(),
        findings: Vec::new(),
        waived: Vec::new(),
        remarks: published.remarks.clone(),
        stats: Stats::default(),
    };
    for snapshot in &published.snapshots {
        check_snapshot(published, snapshot, options, progress, &mut report)?;
    }
    if published.snapshots.is_empty() && !published.problems.is_empty() {
        // Nothing could be looked at, so the problems have no tree to be told with.
        let nothing = Snapshot::default();
        check_snapshot(published, &nothing, options, progress, &mut report)?;
    }
    settle(&mut report, options.overrides.audit);
    report.stats.seconds = started.elapsed().as_secs_f64();
    Ok(report)
}

/// One published tree: all stages, in order.
fn check_snapshot(
    published: &Published,
    snapshot: &Snapshot,
    options: &Options,
    progress: &Progress,
    report: &mut Report,
) -> Result<(), GateError> {
    let (policy, weakenings) = seen::policy(snapshot, options.policy.as_ref())?;
    let (known, changes) = Known::gather(snapshot, &policy, options.registries, options.repository)?;
    let bases = known.fingerprints()?;

    let collected = collect(&snapshot.files, options.cache.as_ref(), progress);
    let in_git = published.scope.kind != ScopeKind::Path;
    let comparisons: Vec<_> = collected.models.iter().map(|model| search(&model.fingerprint, &bases)).collect();
    let models = seen::models(&snapshot.files, &collected, &comparisons, bases.len(), in_git);
    let (documents, document_problems) = documents::read(&snapshot.files);
    let facts = Facts {
        declared: policy.declarations(),
        models: &models,
        bases: &known.facts()?,
        documents: &documents,
        document_problems: &document_problems,
        sources: &seen::sources(&snapshot.files),
        unverifiable: &seen::unverifiable(&snapshot.files, &collected, &mut report.remarks),
        problems: &published.problems,
    };

    let mut found: Vec<Finding> = weakenings.iter().map(policy::Weakening::finding).collect();
    found.extend(changes.iter().map(RegistryChange::finding));
    found.extend(findings::all(&facts));
    let whole = !matches!(published.scope.kind, ScopeKind::Push | ScopeKind::Receive);
    let decided =
        policy::apply(found, &policy, &options.overrides, whole || policy.is_strict(&snapshot.label), options.today);

    if bases.is_empty() && !collected.models.is_empty() {
        report.remarks.push(
            "no base model is registered, so the weights were compared with nothing; `forebear registry add` adds one"
                .into(),
        );
    }
    tell(report, &policy, snapshot, &collected, comparisons, bases.len());
    report.findings.extend(decided.findings);
    report.waived.extend(decided.waived.into_iter().map(|waived| waived.finding));
    Ok(())
}

/// Adds what was looked at to the report.
fn tell(
    report: &mut Report,
    policy: &Policy,
    snapshot: &Snapshot,
    collected: &Collected,
    comparisons: Vec<Vec<crate::evidence::Comparison>>,
    searched: usize,
) {
    report.scope.files += snapshot.files.len() as u64;
    report.scope.bytes += snapshot.files.iter().map(|file| file.size).sum::<u64>();
    report.stats.bytes_read += collected.bytes_read;
    report.stats.cache_hits += collected.cache_hits;
    for (model, matches) in collected.models.iter().zip(comparisons) {
        let print = &model.fingerprint;
        let declared = policy.model_for(&print.name);
        let one = ReportedModel {
            path: print.name.clone(),
            id: print.model_id(),
            format: print.format.clone(),
            architecture: print.architecture().to_owned(),
            parameters: print.parameters,
            bytes: print.sources.iter().map(|source| source.size).sum(),
            declared: declared.iter().flat_map(|model| model.bases.iter().map(|base| base.id.clone())).collect(),
            matches,
            searched,
        };
        if !report.models.iter().any(|other| other.path == one.path && other.id == one.id) {
            report.models.push(one);
        }
    }
}

/// Orders the findings, drops those told for two refs, and draws the verdict.
fn settle(report: &mut Report, audit: bool) {
    report.sort();
    for findings in [&mut report.findings, &mut report.waived] {
        findings.dedup_by(|a, b| a.rule == b.rule && a.fingerprint == b.fingerprint && a.path == b.path);
    }
    let mut said = HashSet::new();
    report.remarks.retain(|remark| said.insert(remark.clone()));
    let denied: Vec<Rule> =
        report.findings.iter().filter(|finding| finding.level == Level::Deny).map(|finding| finding.rule).collect();
    let unseen = |rule: &Rule| matches!(rule, Rule::UnverifiableArtifact | Rule::MissingLfsObject);
    report.verdict = match denied.as_slice() {
        [] => Verdict::Pass,
        _ if audit => Verdict::Pass,
        // All that blocks is that something could not be looked at.
        rules if rules.iter().all(unseen) => Verdict::Error,
        _ => Verdict::Block,
    };
}
