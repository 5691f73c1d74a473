// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The summary of a job, in GitHub's Markdown.
//!
//! In: a [`Report`]. Out: at most a megabyte, since a longer summary is not shown at all: the verdict, the graph of
//! lineage, the models with their numbers beside the null, the findings with what to do, the obligations. What does not
//! fit is counted.

use std::io::{self, Write};

use super::headline::Headline;
use super::markdown::{block, code, text};
use super::mermaid::mermaid;
use super::report::{Report, ReportedModel};
use super::text::{also, log10_p, plural};
use crate::evidence::Evidence;
use crate::findings::{Finding, Level, Obligation, ObligationState};

/// GitHub's limit is 1 MiB a step; what says that something was left out needs room too.
const MOST_BYTES: usize = (1 << 20) - (16 << 10);
/// A single entry is never longer.
const MOST_ENTRY: usize = 48 << 10;

/// Writes the summary.
pub fn summary(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let headline = Headline::of(report);
    let mut page = Page::default();
    page.add(&format!(
        "## {} {}: {}\n\n{}\n\n",
        headline.mark,
        report.tool.name,
        headline.word,
        text(&headline.sentence)
    ));
    if let Some(drawn) = mermaid(report) {
        page.add(&format!("{drawn}\n"));
    }
    let findings: Vec<String> = report.findings.iter().map(finding).collect();
    page.list("### Findings\n\n", &findings, "more finding", "more findings");
    let head = "### Models\n\n| model | nearest base | relation | log10 p | against the null | effect | declared |\n                |---|---|---|---|---|---|---|\n";
    page.list(head, &report.models.iter().flat_map(rows).collect::<Vec<_>>(), "more row", "more rows");
    let head = "### Obligations\n\n| | model | base and license | obligation | where |\n|---|---|---|---|---|\n";
    page.list(
        head,
        &report.obligations.iter().map(obligation).collect::<Vec<_>>(),
        "more obligation",
        "more obligations",
    );
    let waived: Vec<String> = report
        .waived
        .iter()
        .map(|one| format!("- {} {}: {}\n", code(one.rule.id()), place(one), text(&one.message)))
        .collect();
    page.list("### Waived\n\n", &waived, "more waived finding", "more waived findings");
    let known: Vec<String> = report.baselined.iter().map(|one| known(one, report)).collect();
    page.list("### Known by the baseline\n\n", &known, "more known finding", "more known findings");
    let remarks: Vec<String> = report.remarks.iter().map(|remark| format!("- {}\n", text(remark))).collect();
    page.list("### Remarks\n\n", &remarks, "more remark", "more remarks");
    page.add(&format!("{}\n", foot(report)));
    out.write_all(page.markdown.as_bytes())
}

/// Writes the summary of a check that could not be made.
pub fn summary_failure(message: &str, out: &mut dyn Write) -> io::Result<()> {
    let message: String = message.chars().take(MOST_ENTRY / 8).collect();
    writeln!(out, "## ? forebear: could not check, so this counts as blocked\n\n{}", block(&message))
}

/// Markdown that is not longer than it may be.
#[derive(Default)]
struct Page {
    markdown: String,
}

impl Page {
    fn add(&mut self, entry: &str) -> bool {
        let fits = self.markdown.len() + entry.len() <= MOST_BYTES;
        if fits {
            self.markdown.push_str(entry);
        }
        fits
    }

    /// A section; what does not fit is counted.
    fn list(&mut self, head: &str, entries: &[String], one: &str, many: &str) {
        if entries.is_empty() {
            return;
        }
        let mut written = 0;
        if self.add(head) {
            written = entries.iter().take_while(|entry| self.add(entry)).count();
        }
        let left = entries.len() - written;
        if left > 0 {
            // Beyond the limit by a line, for which room was kept.
            for part in ["\n", &plural(left as u64, one, many), "; all of it is in the report.\n"] {
                self.markdown.push_str(part);
            }
        }
        self.markdown.push('\n');
    }
}

/// A finding: one line, and under it the evidence and what to do.
fn finding(finding: &Finding) -> String {
    let mark = match finding.level {
        Level::Deny => "❌ denied",
        Level::Warn => "⚠️ warns",
        Level::Note => "ℹ️ note",
    };
    let clause = finding.clause.as_ref().map(|clause| format!(" ({})", text(clause))).unwrap_or_default();
    let also: String =
        finding.related.iter().flat_map(|related| ["also: ".into(), text(&also(related)), "<br>\n".into()]).collect();
    let evidence: String = finding.evidence.iter().map(numbers).collect();
    let whole = format!(
        "<details{}><summary>{mark}: {} {}{clause}: {}</summary>\n<br>\n\n{also}{evidence}\nTo do:\n\n{}\n\n</details>\n\n",
        if finding.level == Level::Deny { " open" } else { "" },
        code(finding.rule.id()),
        place(finding),
        text(&finding.message),
        block(&finding.remedy)
    );
    if whole.len() <= MOST_ENTRY {
        return whole;
    }
    format!("- {mark}: {} (too long for this page; it is in the report)\n", code(finding.rule.id()))
}

/// A finding that the baseline lets pass, with the reason if there is one.
fn known(one: &Finding, report: &Report) -> String {
    let reason = report.reason(one).map(|reason| format!(" — {}", text(reason))).unwrap_or_default();
    format!("- ☑️ known: {} {}: {}{reason}\n", code(one.rule.id()), place(one), text(&one.message))
}

/// A statistic beside its null.
fn numbers(evidence: &Evidence) -> String {
    format!(
        "{}: log10 p {} against: {}; effect {:.2}, n {}<br>\n",
        code(&evidence.mechanism),
        log10_p(evidence.log10_p),
        text(&evidence.null),
        evidence.effect,
        evidence.n
    )
}

fn place(finding: &Finding) -> String {
    match (&finding.path, finding.line) {
        (Some(path), Some(line)) => format!("at {}", code(&format!("{path}:{line}"))),
        (Some(path), None) => format!("at {}", code(path)),
        (None, _) => String::new(),
    }
}

/// Rows of the table: one a base there is evidence for, or one that says that there is none.
fn rows(model: &ReportedModel) -> Vec<String> {
    let name = code(&model.path);
    if model.matches.is_empty() {
        let said = match model.searched as u64 {
            0 => "not compared: no base is registered".to_owned(),
            searched => format!("no evidence found among {}", plural(searched, "base", "bases")),
        };
        let declared: Vec<String> = model.declared.iter().map(|base| code(base)).collect();
        return vec![format!("| {name} | {said} | | | | | {} |\n", declared.join(", "))];
    }
    let row = |found: &crate::evidence::Comparison| {
        // The number is that of all mechanisms; the null shown is that of the one which says most.
        let strongest = found.mechanisms.iter().filter(|one| one.log10_p.is_some_and(|p| !p.is_nan()));
        let strongest = strongest.min_by(|a, b| a.log10_p.unwrap_or(0.0).total_cmp(&b.log10_p.unwrap_or(0.0)));
        let null = strongest.map_or_else(|| "—".to_owned(), |one| text(&one.null));
        let declared = if model.declared.contains(&found.base) { "yes" } else { "no" };
        format!(
            "| {name} | {} | {} | {} | {null} | {:.2} | {declared} |\n",
            code(&found.base),
            found.relation.name(),
            log10_p(found.log10_p),
            found.effect
        )
    };
    model.matches.iter().take(3).map(row).collect()
}

fn obligation(one: &Obligation) -> String {
    let mark = match one.state {
        ObligationState::Met => "✅ met",
        ObligationState::Missing => "❌ missing",
        ObligationState::NeedsAttestation => "❔ to be attested",
        ObligationState::Unsatisfiable => "❌ cannot be met",
    };
    let clause = one.clause.as_ref().map(|clause| format!(" ({})", text(clause))).unwrap_or_default();
    let place = one.place.as_ref().map_or_else(String::new, |place| match place.line {
        Some(line) => code(&format!("{}:{line}", place.path)),
        None => code(&place.path),
    });
    format!(
        "| {mark} | {} | {}, {} | {}{clause}: {} | {place} |\n",
        code(&one.model),
        code(&one.base),
        code(&one.license),
        code(&one.kind),
        text(&one.what)
    )
}

fn foot(report: &Report) -> String {
    let judged = report.judged_by.as_ref();
    let policies = judged.map(|judged| judged.policies.join("; ")).filter(|list| !list.is_empty());
    let policy = policies.map(|list| format!("; policy: {}", text(&list))).unwrap_or_default();
    format!(
        "<sub>{} {}; {} for {}; {}{policy}</sub>",
        report.tool.name,
        report.tool.version,
        text(&report.scope.kind),
        code(&report.scope.refs.join(", ")),
        plural(report.scope.files, "file", "files"),
    )
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::reports::samples::{blocked, known_and_new};

    fn written(report: &Report) -> String {
        let mut out = Vec::new();
        summary(report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn verdict_models_findings_and_obligations_are_told() {
        let text = written(&blocked());
        assert!(text.starts_with("## ✕ forebear: Blocked\n\n2 findings are denied, 1 warns;"), "{text}");
        for wanted in [
            "```mermaid\nflowchart LR\n",
            "❌ denied: <code>undeclared&#45;lineage</code> at <code>checkpoints/orca/model&#46;safetensors</code>: ",
            "log10 p −41.2 against: signs of sampled weights of two unrelated trainings agree by chance; effect 0.87",
            "<pre>declare it in policy.toml:\n[[model]]\n",
            "| derived | −41.2 | signs of sampled weights of two unrelated trainings agree by chance | 0.87 | no |\n",
            "| ✅ met | ",
            "| ❌ missing | ",
            "### Remarks",
        ] {
            assert!(text.contains(wanted), "{wanted}\n{text}");
        }
    }

    #[test]
    fn known_findings_stand_by_themselves() {
        let page = written(&known_and_new(2));
        assert!(
            page.starts_with("## ✓ forebear: Passed\n\nNothing is denied, 1 warns, 2 known by baseline;"),
            "{page}"
        );
        let (findings, known) = page.split_once("### Known by the baseline\n\n- ☑️ known: <code>undeclared").unwrap();
        assert!(!findings.contains("❌ denied") && known.contains("— reviewed &#60;by legal&#62;"), "{page}");
        assert_eq!(known.matches("☑️ known").count(), 1, "{page}");
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let mut report = blocked();
        report.findings = vec![report.findings.remove(0); 3000];
        report.findings[0].remedy = "x".repeat(2 << 20);
        let text = written(&report);
        assert!(text.len() <= 1 << 20, "{}", text.len());
        assert!(text.contains("too long for this page"));
        assert!(text.contains(" more findings; all of it is in the report.\n"));
        assert!(text.contains(" more obligations; all of it is in the report.\n"));
    }

    #[test]
    fn hostile_names_are_shown_and_do_nothing() {
        let mut report = blocked();
        report.models[0].path = "|</code><img src=x>\n## Passed @octocat".to_owned();
        report.findings[0].message = "</summary>[x](http://evil)".to_owned();
        report.findings[0].remedy = "</pre><h1>".to_owned();
        let text = written(&report);
        for markup in ["<img", "\n## Passed", "http://", "<h1>", " @octocat"] {
            assert!(!text.contains(markup), "{markup}\n{text}");
        }
    }

    #[test]
    fn a_check_that_failed_says_why() {
        let mut out = Vec::new();
        summary_failure("no base: <b>", &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("counts as blocked") && text.contains("no base: &lt;b&gt;"), "{text}");
    }
}
