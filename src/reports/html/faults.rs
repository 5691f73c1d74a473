// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The findings, and those that waivers cover.
//!
//! In: a [`Report`]. Out: one block a finding, with its place, its evidence, what supports it, and what to do.

use serde::Deserialize;

use crate::findings::{Finding, Level};
use crate::reports::text::log10_p;
use crate::reports::{Report, ReportedWaiver};

/// A finding.
pub(super) struct Fault {
    pub(super) rule: &'static str,
    pub(super) summary: &'static str,
    /// Address of the rule's page. It is a link; nothing is loaded from there.
    pub(super) page: String,
    pub(super) level: &'static str,
    pub(super) message: String,
    pub(super) place: String,
    pub(super) facts: Vec<(&'static str, String)>,
    /// Mechanism, log10 p, null, detail.
    pub(super) evidence: Vec<(String, String, String, String)>,
    pub(super) structure: Vec<String>,
    pub(super) related: Vec<(String, String, String)>,
    pub(super) remedy: String,
    pub(super) waivers: Vec<ReportedWaiver>,
    pub(super) fingerprint: String,
}

/// The findings that count.
pub(super) fn faults(report: &Report) -> Vec<Fault> {
    report.findings.iter().map(|finding| fault(finding, Vec::new())).collect()
}

/// The findings that are waived, with their waivers.
pub(super) fn waived(report: &Report) -> Vec<Fault> {
    let of = |finding: &Finding| -> Vec<ReportedWaiver> {
        report.waivers.iter().filter(|waiver| waiver.fingerprint == finding.fingerprint).cloned().collect()
    };
    report.waived.iter().map(|finding| fault(finding, of(finding))).collect()
}

fn fault(finding: &Finding, waivers: Vec<ReportedWaiver>) -> Fault {
    let rule = finding.rule.id();
    let facts = [
        ("Model", &finding.model),
        ("Base", &finding.base),
        ("Obligation", &finding.obligation),
        ("Clause", &finding.clause),
    ];
    let evidence = finding.evidence.iter();
    Fault {
        rule,
        summary: finding.rule.summary(),
        page: format!("{}/blob/main/docs/rules/{rule}.md", env!("CARGO_PKG_REPOSITORY")),
        level: match finding.level {
            Level::Deny => "deny",
            Level::Warn => "warn",
            Level::Note => "note",
        },
        message: finding.message.clone(),
        place: place(finding.path.as_deref(), finding.line),
        facts: facts.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect(),
        evidence: evidence
            .map(|one| (one.mechanism.clone(), log10_p(one.log10_p), one.null.clone(), one.detail.clone()))
            .collect(),
        structure: finding.structure.clone(),
        related: related(&serde_json::to_value(finding).unwrap_or_default()),
        remedy: finding.remedy.clone(),
        waivers,
        fingerprint: finding.fingerprint.clone(),
    }
}

fn place(path: Option<&str>, line: Option<u32>) -> String {
    match (path, line) {
        (Some(path), Some(line)) => format!("{path}:{line}"),
        (Some(path), None) => path.to_owned(),
        (None, _) => String::new(),
    }
}

/// What supports a finding, as its JSON form tells it.
fn related(finding: &serde_json::Value) -> Vec<(String, String, String)> {
    #[derive(Deserialize)]
    struct Support {
        rule: String,
        message: String,
        path: Option<String>,
        line: Option<u32>,
    }
    let list = finding.get("related").and_then(serde_json::Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(|one| Support::deserialize(one).ok())
        .map(|one| (one.rule, one.message, place(one.path.as_deref(), one.line)))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::related;

    #[test]
    fn what_supports_a_finding_is_told_with_its_place() {
        let finding = json!({"related": [
            {"rule": "card-mismatch", "message": "the card says so", "path": "README.md", "line": 3},
            {"rule": "foreign-identifier", "message": "a class is named so", "path": null, "line": null},
        ]});
        let told = related(&finding);
        assert_eq!(told[0], ("card-mismatch".into(), "the card says so".into(), "README.md:3".into()));
        assert_eq!(told[1].2, "");
        assert_eq!(related(&json!({})), []);
    }
}
