// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The journey: what would be published in, a verdict out. The only file that knows every stage.

use std::path::PathBuf;
use std::time::Instant;

use jiff::civil::Date;

use crate::bases::RegistryError;
use crate::changes::{ChangesError, Published, Repository, ScopeKind, Snapshot};
use crate::documents;
use crate::evidence::search;
use crate::findings::{self, Facts, Finding, Ledger};
use crate::fingerprint::{Cache, Progress, collect};
use crate::known::{Known, RegistryChange};
use crate::policy::{self, Overrides, PolicyError};
use crate::reports::Report;
use crate::seen;
use crate::tokenizers;
use crate::told;

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
    let mut report = told::start(published, options);
    for snapshot in &published.snapshots {
        check_snapshot(published, snapshot, options, progress, &mut report)?;
    }
    if published.snapshots.is_empty() && !published.problems.is_empty() {
        // Nothing could be looked at, so the problems have no tree to be told with.
        let nothing = Snapshot::default();
        check_snapshot(published, &nothing, options, progress, &mut report)?;
    }
    told::settle(&mut report, options.overrides.audit);
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
    let (mut documents, document_problems) = documents::read(&snapshot.files);
    let in_models = collected.models.iter().flat_map(|model| model.files.iter().copied());
    documents.stated.extend(documents::embedded(&snapshot.files, in_models));
    let mut comparisons: Vec<_> = collected.models.iter().map(|model| search(&model.fingerprint, &bases)).collect();
    tokenizers::beside(&mut comparisons, &collected, &documents.tokenizers, &known)?;
    let models = seen::models(&snapshot.files, &collected, &comparisons, bases.len(), in_git);
    let (sources, unread) = seen::sources(&snapshot.files, || known.code())?;
    let mut unverifiable = seen::unverifiable(snapshot, &collected, &mut report.remarks);
    let (former, former_unread) = seen::former(snapshot);
    unverifiable.extend(unread.into_iter().chain(former_unread));
    let facts = Facts {
        today: options.today,
        declared: policy.declarations(),
        models: &models,
        bases: &known.facts()?,
        documents: &documents,
        document_problems: &document_problems,
        sources: &sources,
        former: &former,
        unverifiable: &unverifiable,
        problems: &published.problems,
        tokenizers: &tokenizers::facts(&documents.tokenizers, &known)?,
    };

    let mut found: Vec<Finding> = weakenings.iter().map(policy::Weakening::finding).collect();
    found.extend(changes.iter().map(RegistryChange::finding));
    let ledger = Ledger::of(&facts);
    found.extend(findings::all(&facts, &ledger));
    let whole = !matches!(published.scope.kind, ScopeKind::Push | ScopeKind::Receive);
    let decided =
        policy::apply(found, &policy, &options.overrides, whole || policy.is_strict(&snapshot.label), options.today);

    told::tell(report, &policy, snapshot, &collected, comparisons, bases.len());
    told::owed(report, &ledger);
    report.findings.extend(decided.findings);
    told::waived(report, decided.waived);
    Ok(())
}
