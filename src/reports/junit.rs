// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! JUnit XML, for continuous integration that shows test results.
//!
//! In: a [`Report`]. Out: one suite with a case a finding: denied ones are failures, waived and known ones are skipped,
//! others pass with their text; one passing case a model without findings, so that a pass is not empty.

use std::io::{self, Write};

use super::report::{Report, Verdict};
use super::text::also;
use crate::findings::{Finding, Level};

/// Writes a report as JUnit XML.
pub fn junit(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let quiet: Vec<&str> = report
        .models
        .iter()
        .map(|model| model.path.as_str())
        .filter(|path| !report.findings.iter().any(|finding| finding.model.as_deref() == Some(*path)))
        .collect();
    let failures = report.count(Level::Deny);
    let errors = usize::from(report.verdict == Verdict::Error);
    let skipped = report.waived.len() + report.baselined.len();
    let tests = report.findings.len() + skipped + quiet.len() + errors;
    let seconds = report.stats.seconds;
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(out, r#"<testsuites name="forebear" tests="{tests}" failures="{failures}" errors="{errors}">"#)?;
    writeln!(
        out,
        r#"  <testsuite name="forebear" tests="{tests}" failures="{failures}" errors="{errors}" skipped="{skipped}" time="{seconds:.3}">"#
    )?;
    for finding in &report.findings {
        case(finding, None, out)?;
    }
    for finding in &report.waived {
        case(finding, Some("waived"), out)?;
    }
    for finding in &report.baselined {
        let reason = report.reason(finding).map(|reason| format!(" ({reason})")).unwrap_or_default();
        case(finding, Some(&format!("known by the baseline{reason}")), out)?;
    }
    for path in quiet {
        writeln!(out, r#"    <testcase classname="lineage" name="{}"/>"#, escape(path))?;
    }
    if errors > 0 {
        writeln!(out, r#"    <testcase classname="gate" name="check"><error message="could not check"/></testcase>"#)?;
    }
    writeln!(out, "  </testsuite>\n</testsuites>")
}

/// `skipped`: why it does not count.
fn case(finding: &Finding, skipped: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
    let place = match (&finding.path, finding.line) {
        (Some(path), Some(line)) => format!("{path}:{line}"),
        (Some(path), None) => path.clone(),
        (None, _) => finding.fingerprint.clone(),
    };
    let also: Vec<String> = finding.related.iter().map(|related| format!("also: {}\n", also(related))).collect();
    let (message, remedy) = (escape(&finding.message), escape(&format!("{}{}", also.concat(), finding.remedy)));
    writeln!(out, r#"    <testcase classname="{}" name="{}">"#, finding.rule.id(), escape(&place))?;
    if let Some(why) = skipped {
        writeln!(out, r#"      <skipped message="{}: {message}"/>"#, escape(why))?;
    } else if finding.level == Level::Deny {
        writeln!(out, r#"      <failure type="{}" message="{message}">{remedy}</failure>"#, finding.rule.id())?;
    } else {
        writeln!(out, "      <system-out>{message}&#10;{remedy}</system-out>")?;
    }
    writeln!(out, "    </testcase>")
}

/// Escapes text for content and attributes; what XML 1.0 §2.2 cannot hold becomes U+FFFD.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\t' => escaped.push_str("&#9;"),
            '\n' => escaped.push_str("&#10;"),
            '\r' => escaped.push_str("&#13;"),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use insta::assert_snapshot;

    use super::*;
    use crate::reports::samples::{blocked, joined, known_and_new};

    fn written(report: &Report) -> String {
        let mut out = Vec::new();
        junit(report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn denied_findings_fail_waived_ones_are_skipped_and_quiet_models_pass() {
        let mut report = blocked();
        let mut quiet = report.models[0].clone();
        quiet.path = "own.gguf".to_owned();
        report.models.push(quiet);
        let waived = report.findings.remove(1);
        report.waived.push(waived);
        assert_snapshot!(written(&report), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="forebear" tests="4" failures="1" errors="0">
          <testsuite name="forebear" tests="4" failures="1" errors="0" skipped="1" time="1.320">
            <testcase classname="undeclared-lineage" name="checkpoints/orca/model.safetensors">
              <failure type="undeclared-lineage" message="checkpoints/orca/model.safetensors is consistent with derivation from Qwen/Qwen2.5-0.5B (derived), which is not declared for this path">declare it in policy.toml:&#10;[[model]]&#10;paths = [&quot;checkpoints/orca/**&quot;]&#10;origin = &quot;derived&quot;&#10;bases = [{ id = &quot;Qwen/Qwen2.5-0.5B&quot;, relation = &quot;finetune&quot; }]</failure>
            </testcase>
            <testcase classname="card-mismatch" name="README.md:3">
              <system-out>the card names no base_model&#10;add `base_model: Qwen/Qwen2.5-0.5B`</system-out>
            </testcase>
            <testcase classname="missing-notice" name="checkpoints/orca/model.safetensors">
              <skipped message="waived: the notice of Qwen/Qwen2.5-0.5B is not in the tree"/>
            </testcase>
            <testcase classname="lineage" name="own.gguf"/>
          </testsuite>
        </testsuites>
        "#);
    }

    #[test]
    fn known_findings_are_skipped_with_their_reason() {
        let text = written(&known_and_new(2));
        assert!(text.contains(r#"tests="4" failures="0" errors="0" skipped="2""#), "{text}");
        assert!(
            text.contains(r#"<skipped message="known by the baseline (reviewed &lt;by legal&gt;): checkpoints/"#),
            "{text}"
        );
        assert!(text.contains(r#"<skipped message="known by the baseline: the notice of"#), "{text}");
    }

    #[test]
    fn what_supports_a_finding_is_in_its_case() {
        let text = written(&joined());
        assert!(
            text.contains(">also: card-mismatch: the card names no base_model (README.md:3)&#10;declare it"),
            "{text}"
        );
    }

    #[test]
    fn a_check_that_failed_is_an_error() {
        let report = Report { verdict: Verdict::Error, findings: Vec::new(), models: Vec::new(), ..blocked() };
        assert!(written(&report).contains(r#"tests="1" failures="0" errors="1""#));
    }

    #[test]
    fn text_cannot_leave_its_attribute() {
        assert_eq!(escape("a\"<b>&'\u{1}\n"), "a&quot;&lt;b&gt;&amp;&apos;\u{fffd}&#10;");
    }
}
