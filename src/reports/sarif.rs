// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! SARIF 2.1.0, for code scanning services.
//!
//! In: a [`Report`]. Out: one run with the rules that fired and a result a finding. Section numbers are
//! those of the OASIS standard; only the properties that are written are modelled.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::report::{Report, Verdict};
use super::text::{also, log10_p, plural};
use crate::findings::{self, Finding, Level, Related, Rule};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// Results that GitHub takes in one run; a longer run is refused as a whole.
const MOST: usize = 25_000;

/// Writes a report as SARIF 2.1.0.
pub fn sarif(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let rules: Vec<Rule> = report
        .findings
        .iter()
        .chain(&report.waived)
        .chain(&report.baselined)
        .map(|finding| finding.rule)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let shown = report.findings.iter().map(|finding| result(finding, &rules, Standing::Counts, report));
    let waived = report.waived.iter().map(|finding| result(finding, &rules, Standing::Waived, report));
    let known = report.baselined.iter().map(|finding| result(finding, &rules, Standing::Known, report));
    let results: Vec<Value> = shown.chain(waived).chain(known).take(MOST).collect();
    let all = report.findings.len() + report.waived.len() + report.baselined.len();
    let left_out = all.saturating_sub(MOST) as u64;
    let mut said = report.remarks.clone();
    if left_out > 0 {
        said.push(format!("{} left out here", plural(left_out, "more finding is", "more findings are")));
    }
    let document = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": report.tool.name,
                "semanticVersion": report.tool.version,
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules.iter().map(|rule| descriptor(*rule)).collect::<Vec<_>>(),
            }},
            // §3.20.14: whether the run did what it was asked to, not whether it found something.
            "invocations": [{
                "executionSuccessful": report.verdict != Verdict::Error,
                "toolExecutionNotifications":
                    said.iter().map(|text| json!({"level": "note", "message": {"text": text}})).collect::<Vec<_>>(),
            }],
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    super::json(&document, out)
}

/// §3.49.
fn descriptor(rule: Rule) -> Value {
    let page = findings::page(rule);
    json!({
        "id": rule.id(),
        "shortDescription": {"text": rule.summary()},
        "fullDescription": {"text": rule.summary()},
        "help": {"text": page, "markdown": page},
        "helpUri": format!("{}/blob/main/docs/rules/{}.md", env!("CARGO_PKG_REPOSITORY"), rule.id()),
        "properties": {"tags": ["provenance", "license"], "precision": "high"},
        "defaultConfiguration": {"level": level(rule.default_level())},
    })
}

/// Whether a finding counts, or why not.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Counts,
    Waived,
    /// By the baseline.
    Known,
}

/// §3.27. Code scanning services want a region even for a binary file, so one without a line is at its first.
fn result(finding: &Finding, rules: &[Rule], standing: Standing, report: &Report) -> Value {
    let mut result = json!({
        "ruleId": finding.rule.id(),
        "ruleIndex": rules.iter().position(|rule| *rule == finding.rule),
        "level": level(finding.level),
        "message": {"text": message(finding)},
        // The second is the name that GitHub looks for; without it, it would digest the line of a file that may be
        // binary, or that moved.
        "partialFingerprints": {
            "forebear/v1": finding.fingerprint,
            "primaryLocationLineHash": format!("{}:1", finding.fingerprint),
        },
    });
    if let Some(path) = &finding.path {
        result["locations"] = json!([{"physicalLocation": {
            "artifactLocation": {"uri": uri(path)},
            "region": {"startLine": finding.line.unwrap_or(1).max(1)},
        }}]);
    }
    // §3.27.22: places that help to understand the result.
    let related: Vec<Value> = finding.related.iter().zip(1_u32..).filter_map(|(one, id)| location(one, id)).collect();
    if !related.is_empty() {
        result["relatedLocations"] = json!(related);
    }
    // §3.27.24: on every result or on none.
    if report.has_baseline() {
        result["baselineState"] = json!(if standing == Standing::Known { "unchanged" } else { "new" });
    }
    if let Some(reason) = report.reason(finding).filter(|_| standing == Standing::Known) {
        result["properties"] = json!({"baselineReason": reason});
    }
    if standing == Standing::Waived {
        result["suppressions"] = json!([{"kind": "external", "status": "accepted"}]);
    }
    result
}

/// The place of a finding that supports a result, with what it says (§3.28).
fn location(related: &Related, id: u32) -> Option<Value> {
    let path = related.path.as_ref()?;
    Some(json!({
        "id": id,
        "physicalLocation": {
            "artifactLocation": {"uri": uri(path)},
            "region": {"startLine": related.line.unwrap_or(1).max(1)},
        },
        "message": {"text": format!("{}: {}", related.rule.id(), related.message)},
    }))
}

fn message(finding: &Finding) -> String {
    let mut lines = vec![finding.message.clone()];
    for evidence in &finding.evidence {
        let (mechanism, null, effect) = (&evidence.mechanism, &evidence.null, evidence.effect);
        let log10_p = log10_p(evidence.log10_p);
        lines.push(format!("{mechanism}: log10 p {log10_p} against: {null}; effect {effect:.2}"));
    }
    lines.extend(finding.related.iter().map(|related| format!("Also: {}", also(related))));
    lines.push(format!("To do: {}", finding.remedy));
    lines.join("\n")
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Deny => "error",
        Level::Warn => "warning",
        Level::Note => "note",
    }
}

/// A relative reference (RFC 3986 §4.2): everything but unreserved characters and `/` is percent-encoded.
fn uri(path: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    path.bytes().map(encode).collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use insta::assert_snapshot;

    use super::*;
    use crate::reports::samples::{blocked, joined, known_and_new};

    fn written(report: &Report) -> Value {
        let mut out = Vec::new();
        sarif(report, &mut out).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn a_finding_becomes_a_result_at_its_place() {
        let document = written(&blocked());
        assert_snapshot!(serde_json::to_string_pretty(&document["runs"][0]["results"][2]).unwrap(), @r#"
        {
          "ruleId": "card-mismatch",
          "ruleIndex": 1,
          "level": "warning",
          "message": {
            "text": "the card names no base_model\nTo do: add `base_model: Qwen/Qwen2.5-0.5B`"
          },
          "partialFingerprints": {
            "forebear/v1": "0123456789abcdef",
            "primaryLocationLineHash": "0123456789abcdef:1"
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "README.md"
                },
                "region": {
                  "startLine": 3
                }
              }
            }
          ]
        }
        "#);
    }

    #[test]
    fn every_result_names_a_rule_that_is_described() {
        let document = written(&blocked());
        let run = &document["runs"][0];
        assert_eq!(document["version"], "2.1.0");
        for result in run["results"].as_array().unwrap() {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
            assert!(result["locations"][0]["physicalLocation"]["region"]["startLine"].as_u64().unwrap() >= 1);
        }
    }

    #[test]
    fn what_supports_a_result_has_its_place() {
        let document = written(&joined());
        assert_snapshot!(document["runs"][0]["results"][0]["relatedLocations"], @r#"[{"id":1,"physicalLocation":{"artifactLocation":{"uri":"README.md"},"region":{"startLine":3}},"message":{"text":"card-mismatch: the card names no base_model"}}]"#);
        let text = document["runs"][0]["results"][0]["message"]["text"].as_str().unwrap();
        assert!(text.contains("\nAlso: card-mismatch: the card names no base_model (README.md:3)\n"), "{text}");
    }

    #[test]
    fn waived_findings_are_suppressed_and_kept() {
        let mut report = blocked();
        report.waived.push(report.findings.remove(0));
        let document = written(&report);
        let results = document["runs"][0]["results"].as_array().unwrap();
        assert_eq!(results.len(), 3);
        assert_eq!(results[2]["suppressions"][0]["kind"], "external");
        assert!(results[0].get("suppressions").is_none());
    }

    #[test]
    fn beside_a_baseline_results_are_new_or_unchanged() {
        let document = written(&known_and_new(1));
        let results = document["runs"][0]["results"].as_array().unwrap();
        let states: Vec<_> = results.iter().map(|one| (&one["ruleId"], &one["baselineState"])).collect();
        assert_snapshot!(serde_json::to_string(&states).unwrap(), @r#"[["missing-notice","new"],["card-mismatch","new"],["undeclared-lineage","unchanged"]]"#);
        assert_eq!(results[2]["properties"]["baselineReason"], "reviewed <by legal>");
        let without = written(&blocked());
        assert!(without["runs"][0]["results"][0].get("baselineState").is_none());
    }

    #[test]
    fn a_check_that_failed_is_no_success() {
        let report = Report { verdict: Verdict::Error, ..blocked() };
        assert_eq!(written(&report)["runs"][0]["invocations"][0]["executionSuccessful"], false);
    }

    #[test]
    fn paths_become_relative_references() {
        assert_eq!(uri("a b/ü#?.bin"), "a%20b/%C3%BC%23%3F.bin");
    }
}
