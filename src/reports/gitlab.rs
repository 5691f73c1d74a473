// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Code Quality JSON, which GitLab shows in a merge request.
//!
//! In: a [`Report`]. Out: an array of issues with the fields that GitLab documents: description, check name, a
//! fingerprint that is unique in the report, severity, and a place.

use std::collections::HashMap;
use std::io::{self, Write};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::report::{Report, Verdict};
use super::text::{also, harmless};
use crate::findings::{Finding, Level};

/// GitLab wants a file for every issue; what is about none is shown at the file that says what is released.
const NO_FILE: &str = "policy.toml";

/// Writes a report as Code Quality JSON.
pub fn gitlab(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut told: HashMap<String, u32> = HashMap::new();
    let mut issues: Vec<Value> = report.findings.iter().map(|finding| issue(finding, &mut told)).collect();
    issues.extend(report.baselined.iter().map(|finding| {
        let mut issue = issue(finding, &mut told);
        let reason = report.reason(finding).map(|reason| format!(" ({reason})")).unwrap_or_default();
        let said = issue["description"].as_str().unwrap_or_default();
        issue["description"] = json!(format!("known by the baseline{}: {said}", harmless(&reason)));
        // It does not block, whatever its level would be.
        issue["severity"] = json!(severity(Level::Note));
        issue
    }));
    if report.verdict == Verdict::Error {
        issues.push(json!({
            "description": "could not check, so this counts as blocked",
            "check_name": "gate",
            "fingerprint": digest("gate"),
            "severity": "blocker",
            "location": {"path": NO_FILE, "lines": {"begin": 1}},
        }));
    }
    super::json(&issues, out)
}

fn issue(finding: &Finding, told: &mut HashMap<String, u32>) -> Value {
    let path = finding.path.as_deref().unwrap_or(NO_FILE);
    let identity = format!("{}\n{path}", finding.fingerprint);
    let times = told.entry(identity.clone()).and_modify(|times| *times += 1).or_insert(0);
    let also: String = finding.related.iter().flat_map(|related| ["\nalso: ".to_owned(), also(related)]).collect();
    json!({
        "description": harmless(&format!("{}{also}\nto do: {}", finding.message, finding.remedy)),
        "check_name": finding.rule.id(),
        "fingerprint": digest(&format!("{identity}\n{times}")),
        "severity": severity(finding.level),
        "location": {"path": path, "lines": {"begin": finding.line.unwrap_or(1).max(1)}},
    })
}

/// Among info, minor, major, critical, and blocker.
fn severity(level: Level) -> &'static str {
    match level {
        Level::Deny => "critical",
        Level::Warn => "minor",
        Level::Note => "info",
    }
}

fn digest(identity: &str) -> String {
    let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(identity.as_bytes()));
    digest.chars().take(32).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::collections::HashSet;

    use super::*;
    use crate::reports::samples::{blocked, joined, known_and_new};

    fn written(report: &Report) -> Vec<Value> {
        let mut out = Vec::new();
        gitlab(report, &mut out).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn every_issue_has_the_documented_fields_and_a_fingerprint_of_its_own() {
        let mut report = blocked();
        report.findings.push(report.findings[0].clone());
        report.findings[1].path = None;
        let issues = written(&report);
        assert_eq!(issues.len(), 4);
        let mut prints = HashSet::new();
        for issue in &issues {
            let keys: Vec<&String> = issue.as_object().unwrap().keys().collect();
            assert_eq!(keys, ["description", "check_name", "fingerprint", "severity", "location"]);
            assert!(["info", "minor", "major", "critical", "blocker"].contains(&issue["severity"].as_str().unwrap()));
            assert!(issue["location"]["lines"]["begin"].as_u64().unwrap() >= 1);
            assert!(issue["location"]["path"].is_string());
            assert!(prints.insert(issue["fingerprint"].as_str().unwrap().to_owned()));
        }
        assert_eq!(issues[1]["location"]["path"], "policy.toml");
        assert_eq!((&issues[2]["severity"], &issues[2]["location"]["lines"]["begin"]), (&"minor".into(), &3.into()));
    }

    #[test]
    fn what_supports_a_finding_and_what_to_do_are_said() {
        let issues = written(&joined());
        let said = issues[0]["description"].as_str().unwrap();
        assert!(said.contains("\nalso: card-mismatch: ") && said.contains("\nto do: declare it"), "{said}");
    }

    #[test]
    fn what_is_known_is_an_issue_that_says_so_and_is_never_grave() {
        let issues = written(&known_and_new(1));
        assert_eq!(
            (issues.len(), &issues[0]["severity"], &issues[2]["severity"]),
            (3, &"critical".into(), &"info".into())
        );
        let said = issues[2]["description"].as_str().unwrap();
        assert!(said.starts_with("known by the baseline (reviewed <by legal>): checkpoints/orca"), "{said}");
    }

    #[test]
    fn a_check_that_failed_is_an_issue() {
        let report = Report { verdict: Verdict::Error, findings: Vec::new(), ..blocked() };
        let issues = written(&report);
        assert_eq!((issues.len(), &issues[0]["severity"]), (1, &"blocker".into()));
    }
}
