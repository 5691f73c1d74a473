// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What a check says of itself: the report's frame, what was looked at, and the verdict.
//!
//! In: what the stages saw and the findings with their levels. Out: a [`Report`], in order.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::changes::{FileState, Published, Snapshot};
use crate::evidence::Comparison;
use crate::findings::{self, Facts, Finding, Ledger, Level, Release, Rule};
use crate::fingerprint::{Collected, Source};
use crate::gate::Options;
use crate::judged::Weights;
use crate::policy::{Baseline, Known, Policy, Waived};
use crate::reports::{
    JudgedBy, JudgedDigest, Report, ReportedBase, ReportedBaseline, ReportedFile, ReportedModel, ReportedReason,
    ReportedRelease, ReportedWaiver, SCHEMA_VERSION, Scope, Stats, Tool, Verdict, plural,
};

/// An empty report on what would be published.
pub(crate) fn start(published: &Published, options: &Options) -> Report {
    Report {
        schema_version: SCHEMA_VERSION,
        tool: Tool::default(),
        verdict: Verdict::Pass,
        scope: Scope::of(&published.scope, 0, 0),
        models: Vec::new(),
        bases: Vec::new(),
        release: None,
        obligations: Vec::new(),
        findings: Vec::new(),
        waived: Vec::new(),
        baselined: Vec::new(),
        waivers: Vec::new(),
        remarks: published.remarks.clone(),
        judged_by: Some(JudgedBy {
            date: options.today.to_string(),
            policies: Vec::new(),
            registries: options.registries.iter().map(|path| path.display().to_string()).collect(),
            ..JudgedBy::default()
        }),
        stats: Stats::default(),
    }
}

/// Adds a further part of what would be published to the frame.
pub(crate) fn more(report: &mut Report, part: &Published) {
    report.scope.refs.extend_from_slice(&part.scope.refs);
    report.scope.commits += part.scope.commits;
    report.remarks.extend_from_slice(&part.remarks);
}

/// Adds what was looked at to the report.
pub(crate) fn tell(
    report: &mut Report,
    policy: &Policy,
    snapshot: &Snapshot,
    collected: &Collected,
    comparisons: &[Vec<Comparison>],
    weights: &Weights,
) {
    let searched = weights.searched;
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
    if let Some(judged) = &mut report.judged_by {
        judged_by(judged, policy, snapshot);
    }
    report.scope.files += snapshot.files.len() as u64;
    report.scope.bytes += snapshot.files.iter().map(|file| file.size).sum::<u64>();
    report.stats.bytes_read += collected.bytes_read;
    report.stats.cache_hits += collected.cache_hits;
    for ((model, matches), examined) in collected.models.iter().zip(comparisons).zip(&weights.examined) {
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
            bases: examined.clone(),
            files: print.sources.iter().map(file).collect(),
            datasets: Vec::new(),
        };
        if !report.models.iter().any(|other| other.path == one.path && other.id == one.id) {
            report.models.push(one);
        }
    }
}

/// Says by which policy and registries a tree is judged.
fn judged_by(judged: &mut JudgedBy, policy: &Policy, snapshot: &Snapshot) {
    let side = if snapshot.base_policy.is_some() { " of the base side, with the declarations of the push" } else { "" };
    let named = match &policy.path {
        Some(path) => format!("{path}{side}"),
        None => "none: the defaults".to_owned(),
    };
    if !judged.policies.contains(&named) {
        judged.policies.push(named);
    }
    for path in &policy.registry.paths {
        if !judged.registries.contains(path) {
            judged.registries.push(path.clone());
        }
    }
}

fn file(source: &Source) -> ReportedFile {
    ReportedFile { path: source.path.clone(), sha256: source.sha256.clone(), bytes: source.size }
}

/// Adds what is declared of the release, what is known of the bases concerned, and the digests of what it was judged by.
pub(crate) fn release(report: &mut Report, facts: &Facts, digests: Vec<JudgedDigest>) {
    let Release { name, license, .. } = facts.declared.release;
    if name.is_some() || license.is_some() {
        report.release = Some(ReportedRelease { name: name.clone(), license: license.clone() });
    }
    for model in &mut report.models {
        let descent = model.matches.iter().filter(|one| one.relation.is_descent()).map(|one| &one.base);
        for id in descent.chain(&model.declared) {
            let known = facts.bases.values().find(|base| base.id.eq_ignore_ascii_case(id));
            report.bases.extend(known.map(|base| ReportedBase {
                id: base.id.clone(),
                license: base.license.clone(),
                source: base.source.clone(),
                revision: base.revision.clone(),
            }));
        }
        for card in facts.documents.cards.iter().filter(|card| is_above(&card.path, &model.path)) {
            model.datasets.extend(card.datasets.iter().map(|claim| claim.value.clone()));
        }
        model.datasets.sort();
        model.datasets.dedup();
    }
    report.bases.sort();
    report.bases.dedup();
    if let Some(judged) = &mut report.judged_by {
        judged.digests.extend(digests);
        judged.digests.sort();
        judged.digests.dedup();
    }
}

/// Whether a card stands in the folder of a model, or above it.
fn is_above(card: &str, model: &str) -> bool {
    let folder = card.rsplit_once('/').map_or("", |(folder, _)| folder);
    folder.is_empty() || model.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// Adds the findings that waivers cover, and the waivers.
pub(crate) fn waived(report: &mut Report, waived: Vec<Waived>) {
    for one in waived {
        report.waivers.push(ReportedWaiver {
            fingerprint: one.finding.fingerprint.clone(),
            owner: one.owner,
            reason: one.reason,
            expires: one.expires.to_string(),
        });
        report.waived.push(one.finding);
    }
    report.waivers.sort();
    report.waivers.dedup();
}

/// Adds the findings that the baseline has, and the baseline.
pub(crate) fn baselined(report: &mut Report, baseline: &Baseline, known: &[Finding]) {
    report.baselined.extend_from_slice(known);
    let (Some(path), Some(judged)) = (baseline.path(), &mut report.judged_by) else { return };
    let told = judged.baseline.get_or_insert_with(|| ReportedBaseline { path: path.to_owned(), reasons: Vec::new() });
    let reasons = known.iter().filter_map(|finding| {
        Some(ReportedReason { fingerprint: finding.fingerprint.clone(), reason: baseline.reason(finding)?.to_owned() })
    });
    told.reasons.extend(reasons);
    told.reasons.sort();
    told.reasons.dedup();
}

/// Says which known findings are found no longer.
pub(crate) fn stale(entries: &[&Known]) -> Option<String> {
    let names: BTreeSet<String> = entries.iter().map(|entry| entry.name()).collect();
    let names: Vec<String> = names.into_iter().collect();
    let count = entries.len() as u64;
    (count > 0).then(|| {
        let (of, is) = (plural(count, "entry", "entries"), if count == 1 { "is" } else { "are" });
        format!(
            "{of} of the baseline {is} found no more ({}); `--write-baseline` removes what is stale",
            names.join(", ")
        )
    })
}

/// Adds what the models owe to licenses, and how it stands.
pub(crate) fn owed(report: &mut Report, ledger: &Ledger) {
    report.obligations.extend(ledger.obligations());
}

/// Orders the findings, keeps the strictest of those told for several refs, draws the verdict, and then joins what is
/// about one base.
pub(crate) fn settle(report: &mut Report, audit: bool) {
    report.sort();
    report.obligations.sort();
    report.obligations.dedup();
    // The gravest stand first. What is waived for one ref only is not waived.
    let mut told = HashSet::new();
    for findings in [&mut report.findings, &mut report.baselined, &mut report.waived] {
        findings.retain(|one| told.insert((one.rule, one.fingerprint.clone(), one.path.clone())));
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
    report.findings = findings::join(std::mem::take(&mut report.findings));
    report.sort();
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
