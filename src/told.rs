// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What a check says of itself: the report's frame, what was looked at, and the verdict.
//!
//! In: what the stages saw and the findings with their levels. Out: a [`Report`], in order.

use std::collections::{BTreeMap, HashSet};

use crate::changes::{FileState, Published, Snapshot};
use crate::evidence::Comparison;
use crate::findings::{Ledger, Level, Rule};
use crate::fingerprint::Collected;
use crate::policy::Policy;
use crate::reports::{Report, ReportedModel, SCHEMA_VERSION, Scope, Stats, Tool, Verdict, plural};

/// An empty report on what would be published.
pub(crate) fn start(published: &Published) -> Report {
    Report {
        schema_version: SCHEMA_VERSION,
        tool: Tool::default(),
        verdict: Verdict::Pass,
        scope: Scope::of(&published.scope, 0, 0),
        models: Vec::new(),
        obligations: Vec::new(),
        findings: Vec::new(),
        waived: Vec::new(),
        remarks: published.remarks.clone(),
        stats: Stats::default(),
    }
}

/// Adds what was looked at to the report.
pub(crate) fn tell(
    report: &mut Report,
    policy: &Policy,
    snapshot: &Snapshot,
    collected: &Collected,
    comparisons: &[Vec<Comparison>],
    searched: usize,
) {
    if searched == 0 && !collected.models.is_empty() {
        report.remarks.push(
            "no base model is registered, so the weights were compared with nothing; `forebear registry add` adds one"
                .into(),
        );
    }
    if snapshot.base_commit.is_some() && snapshot.base_policy.is_none() && policy.path.is_some() {
        report.remarks.push("this brings the first policy.toml there is; it counts as it stands".into());
    }
    for (kind, count) in not_followed(snapshot) {
        report.remarks.push(format!("named and not followed: {}", plural(count, kind, &format!("{kind}s"))));
    }
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
            matches: matches.clone(),
            searched,
        };
        if !report.models.iter().any(|other| other.path == one.path && other.id == one.id) {
            report.models.push(one);
        }
    }
}

/// Adds what the models owe to licenses, and how it stands.
pub(crate) fn owed(report: &mut Report, ledger: &Ledger) {
    report.obligations.extend(ledger.obligations());
}

/// Orders the findings, drops those told for two refs, and draws the verdict.
pub(crate) fn settle(report: &mut Report, audit: bool) {
    report.sort();
    report.obligations.sort();
    report.obligations.dedup();
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

/// Submodules and symbolic links that the push brings.
fn not_followed(snapshot: &Snapshot) -> BTreeMap<&'static str, u64> {
    let mut counts = BTreeMap::new();
    for file in snapshot.files.iter().filter(|file| file.introduced) {
        if let FileState::NotAFile(kind) = file.state {
            *counts.entry(kind).or_default() += 1;
        }
    }
    counts
}
