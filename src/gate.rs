// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The journey: what would be published in, a verdict out. The only file that knows every stage.

use std::path::PathBuf;
use std::time::Instant;

use jiff::civil::Date;

pub use crate::attested::{Witness, signs};
use crate::bases::RegistryError;
use crate::changes::{ChangesError, Published, Repository, Snapshot};
use crate::findings::Finding;
use crate::fingerprint::{Cache, Progress};
use crate::fix::{self, Fixed};
use crate::judged::{Judged, Weights, judge};
use crate::policy::{Overrides, PolicyError};
use crate::reports::Report;
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
    /// How attestations are asked for; not at all if absent.
    pub witness: Option<&'a Witness>,
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
    let (mut report, started) = looked(published, options, progress)?;
    told::settle(&mut report, options.overrides.audit);
    report.stats.seconds = started.elapsed().as_secs_f64();
    Ok(report)
}

/// Checks what would be published in parts, of which one is held at a time.
pub fn check_parts(
    first: &Published,
    rest: impl Iterator<Item = Result<Published, ChangesError>>,
    options: &Options,
    progress: &Progress,
) -> Result<Report, GateError> {
    let (mut report, started) = looked(first, options, progress)?;
    for part in rest {
        let part = part?;
        told::more(&mut report, &part);
        look(&part, options, progress, &mut report)?;
    }
    told::settle(&mut report, options.overrides.audit);
    report.stats.seconds = started.elapsed().as_secs_f64();
    Ok(report)
}

/// Every finding there is that no waiver covers, known or not, each by itself: what a baseline records.
pub fn findings(published: &Published, options: &Options, progress: &Progress) -> Result<Vec<Finding>, GateError> {
    let (mut report, _) = looked(published, options, progress)?;
    report.findings.append(&mut report.baselined);
    Ok(report.findings)
}

fn looked(published: &Published, options: &Options, progress: &Progress) -> Result<(Report, Instant), GateError> {
    let started = Instant::now();
    let mut report = told::start(published, options);
    look(published, options, progress, &mut report)?;
    Ok((report, started))
}

fn look(published: &Published, options: &Options, progress: &Progress, report: &mut Report) -> Result<(), GateError> {
    for snapshot in &published.snapshots {
        check_snapshot(published, snapshot, options, progress, report)?;
    }
    if published.snapshots.is_empty() && !published.problems.is_empty() {
        // Nothing could be looked at, so the problems have no tree to be told with.
        let nothing = Snapshot::default();
        check_snapshot(published, &nothing, options, progress, report)?;
    }
    Ok(())
}

/// Plans the edits that put one tree in order (see [`fix`]). `published` holds one tree at most; nothing is written.
pub fn mend(
    published: &Published,
    options: &Options,
    progress: &Progress,
    wanted: fix::Wanted,
) -> Result<Fixed, GateError> {
    let nothing = Snapshot::default();
    let snapshot = published.snapshots.first().unwrap_or(&nothing);
    let weights = Weights::look(snapshot, options, progress)?;
    fix::settle(snapshot, wanted, |tree, look| {
        // What is known may be put in order all the same.
        let judged = |judged: Judged| {
            look(judged.facts, judged.ledger, &[judged.decided.findings.as_slice(), judged.baselined].concat());
        };
        judge(published, tree, &weights, options, &mut Vec::new(), judged)
    })
}

/// One published tree: all stages, in order.
fn check_snapshot(
    published: &Published,
    snapshot: &Snapshot,
    options: &Options,
    progress: &Progress,
    report: &mut Report,
) -> Result<(), GateError> {
    let weights = Weights::look(snapshot, options, progress)?;
    let mut remarks = std::mem::take(&mut report.remarks);
    judge(published, snapshot, &weights, options, &mut remarks, |judged| {
        told::owed(report, judged.ledger);
        report.findings.extend(judged.decided.findings);
        told::baselined(report, judged.baseline, judged.baselined);
        told::waived(report, judged.decided.waived);
        told::tell(report, judged.policy, snapshot, &weights.collected, judged.comparisons, &weights);
        told::release(report, judged.facts, weights.digests(snapshot, options));
    })?;
    remarks.append(&mut report.remarks);
    report.remarks = remarks;
    Ok(())
}
