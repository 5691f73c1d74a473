// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! GitHub workflow commands: annotations on the files of a pull request.
//!
//! In: a [`Report`]. Out: one command a finding, gravest first. GitHub shows ten annotations a level and step
//! and drops the rest without a word, so the rest is counted in a notice.

use std::io::{self, Write};

use super::report::{Report, Verdict};
use super::text::{also, plural};
use crate::findings::{Finding, Level};

/// Annotations of one level that GitHub shows for one step.
const SHOWN: usize = 10;

/// Writes a report as workflow commands.
pub fn github(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut left_out = 0;
    // The last notice is kept for saying what was left out, an error for saying that it could not be checked.
    let errors = if report.verdict == Verdict::Error { SHOWN - 1 } else { SHOWN };
    for (level, command, shown) in
        [(Level::Deny, "error", errors), (Level::Warn, "warning", SHOWN), (Level::Note, "notice", SHOWN - 1)]
    {
        let findings: Vec<&Finding> = report.findings.iter().filter(|finding| finding.level == level).collect();
        for finding in findings.iter().take(shown) {
            annotation(command, finding, out)?;
        }
        left_out += findings.len().saturating_sub(shown);
    }
    if left_out > 0 {
        let more = plural(left_out as u64, "more finding", "more findings");
        writeln!(out, "::notice title=forebear::{more}; the whole list is in the log and in the summary of the job")?;
    }
    if report.verdict == Verdict::Error {
        writeln!(out, "::error title=forebear::could not check, so this counts as blocked")?;
    }
    Ok(())
}

/// Writes that a check could not be made.
pub fn github_failure(message: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "::error title=forebear::{}", data(&format!("could not check, so this counts as blocked: {message}")))
}

/// Writes text to the log of a step so that no line of it is taken for a command: neither `::command::` at the start of
/// a line nor the older `##[command]` anywhere in it.
pub fn github_log(text: &str, out: &mut dyn Write) -> io::Result<()> {
    for line in text.lines() {
        writeln!(out, "| {}", line.replace("##[", "# #["))?;
    }
    Ok(())
}

fn annotation(command: &str, finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let mut properties = Vec::new();
    if let Some(path) = &finding.path {
        properties.push(format!("file={}", property(path)));
        if let Some(line) = finding.line {
            properties.push(format!("line={line}"));
        }
    }
    properties.push(format!("title={}", property(finding.rule.id())));
    let also: Vec<String> = finding.related.iter().map(|related| format!("\nalso: {}", also(related))).collect();
    let message = data(&format!("{}{}\nhelp: {}", finding.message, also.concat(), finding.remedy));
    writeln!(out, "::{command} {}::{message}", properties.join(","))
}

/// Escapes the text of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes the value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use insta::assert_snapshot;

    use super::*;
    use crate::reports::samples::{blocked, joined};

    fn written(report: &Report) -> String {
        let mut out = Vec::new();
        github(report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_finding_becomes_an_annotation() {
        assert_snapshot!(written(&blocked()), @r#"
        ::error file=checkpoints/orca/model.safetensors,title=undeclared-lineage::checkpoints/orca/model.safetensors is consistent with derivation from Qwen/Qwen2.5-0.5B (derived), which is not declared for this path%0Ahelp: declare it in policy.toml:%0A[[model]]%0Apaths = ["checkpoints/orca/**"]%0Aorigin = "derived"%0Abases = [{ id = "Qwen/Qwen2.5-0.5B", relation = "finetune" }]
        ::error file=checkpoints/orca/model.safetensors,title=missing-notice::the notice of Qwen/Qwen2.5-0.5B is not in the tree%0Ahelp: add the notice to NOTICE, beside the checkpoint or at the root
        ::warning file=README.md,line=3,title=card-mismatch::the card names no base_model%0Ahelp: add `base_model: Qwen/Qwen2.5-0.5B`
        "#);
    }

    #[test]
    fn what_supports_a_finding_is_in_its_annotation() {
        assert_snapshot!(written(&joined()), @r#"
        ::error file=checkpoints/orca/model.safetensors,title=undeclared-lineage::checkpoints/orca/model.safetensors is consistent with derivation from Qwen/Qwen2.5-0.5B (derived), which is not declared for this path%0Aalso: card-mismatch: the card names no base_model (README.md:3)%0Ahelp: declare it in policy.toml:%0A[[model]]%0Apaths = ["checkpoints/orca/**"]%0Aorigin = "derived"%0Abases = [{ id = "Qwen/Qwen2.5-0.5B", relation = "finetune" }]
        ::error file=checkpoints/orca/model.safetensors,title=missing-notice::the notice of Qwen/Qwen2.5-0.5B is not in the tree%0Ahelp: add the notice to NOTICE, beside the checkpoint or at the root
        "#);
    }

    #[test]
    fn hostile_text_cannot_make_a_command_of_its_own() {
        let mut report = blocked();
        report.findings.truncate(1);
        report.findings[0].path = Some("a,b:c%\r\n::error::x".to_owned());
        report.findings[0].message = "m\n::set-output name=x::y".to_owned();
        report.findings[0].remedy = "r".to_owned();
        assert_snapshot!(written(&report), @"::error file=a%2Cb%3Ac%25%0D%0A%3A%3Aerror%3A%3Ax,title=undeclared-lineage::m%0A::set-output name=x::y%0Ahelp: r");
    }

    #[test]
    fn what_github_would_drop_is_counted() {
        let mut report = blocked();
        let deny = report.findings.remove(0);
        report.findings = vec![deny; 13];
        let text = written(&report);
        assert_eq!(text.lines().filter(|line| line.starts_with("::error ")).count(), 10);
        assert!(text.ends_with(
            "::notice title=forebear::3 more findings; the whole list is in the log and in the summary of the job\n"
        ));
    }

    #[test]
    fn a_log_gives_no_commands() {
        let mut out = Vec::new();
        github_log("::stop-commands::x\na ##[add-mask]b", &mut out).unwrap();
        github_failure("a\n::error::b%", &mut out).unwrap();
        assert_snapshot!(String::from_utf8(out).unwrap(), @"
        | ::stop-commands::x
        | a # #[add-mask]b
        ::error title=forebear::could not check, so this counts as blocked: a%0A::error::b%25
        ");
    }

    #[test]
    fn with_many_findings_an_error_is_kept_for_saying_that_it_could_not_be_checked() {
        let mut report = Report { verdict: Verdict::Error, ..blocked() };
        report.findings = vec![report.findings.remove(0); 13];
        assert_eq!(written(&report).lines().filter(|line| line.starts_with("::error ")).count(), 10);
    }

    #[test]
    fn a_check_that_failed_is_an_error() {
        let report = Report { verdict: Verdict::Error, findings: Vec::new(), ..blocked() };
        assert_snapshot!(written(&report), @"::error title=forebear::could not check, so this counts as blocked");
    }
}
