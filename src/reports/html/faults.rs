// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The findings, those that waivers cover, and those that the baseline knows.
//!
//! In: a [`Report`]. Out: one block a finding, with its place, its evidence, what supports it, and what to do.

use crate::findings::{Finding, Level, Related};
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
    /// Why it may pass, if it is known and somebody says so.
    pub(super) reason: Option<String>,
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

/// The findings that the baseline lets pass: they have a mark of their own, whatever their level would be.
pub(super) fn known(report: &Report) -> Vec<Fault> {
    let known = |finding: &Finding| Fault {
        level: "known",
        reason: report.reason(finding).map(str::to_owned),
        ..fault(finding, Vec::new())
    };
    report.baselined.iter().map(known).collect()
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
        related: finding.related.iter().map(related).collect(),
        remedy: finding.remedy.clone(),
        waivers,
        reason: None,
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

/// Rule, message, and place of what supports a finding.
fn related(one: &Related) -> (String, String, String) {
    (one.rule.id().to_owned(), one.message.clone(), place(one.path.as_deref(), one.line))
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn a_place_is_a_path_with_a_line_where_one_is_known() {
        assert_eq!(place(Some("README.md"), Some(3)), "README.md:3");
        assert_eq!(place(Some("README.md"), None) + &place(None, Some(3)), "README.md");
    }
}
