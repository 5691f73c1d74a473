// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A report for people.
//!
//! In: a [`Report`]. Out: one block a finding (claim, place, evidence beside its null, obligation, what to
//! do now), one line a model, and a summary line that also says what was not found.

use std::io::{self, Write};

use super::block::block;
use super::compare::hanging;
use super::headline::known;
use super::identify::examined;
use super::manner::{Detail, Manner};
use super::report::{Report, ReportedModel, Verdict};
use super::text::{Look, bytes, log10_p, plural};
use crate::evidence::Comparison;
use crate::findings::{Finding, Level};

/// Writes a report for people, as they are told who ask for nothing in particular.
pub fn human(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    human_as(report, &Manner::plain(look), out)
}

/// Writes a report for people.
pub fn human_as(report: &Report, manner: &Manner, out: &mut dyn Write) -> io::Result<()> {
    let look = manner.look;
    if manner.detail == Detail::Less {
        return less(report, manner, out);
    }
    for finding in &report.findings {
        writeln!(out, "{}\n", block(finding, manner))?;
    }
    aside("waived", &report.waived, look, out)?;
    if manner.detail >= Detail::More || report.baselined.len() <= FEW {
        aside("known", &report.baselined, look, out)?;
    }
    for remark in &report.remarks {
        hanging(&format!("note: {remark}"), 0, 4, look, out)?;
    }
    for model in &report.models {
        hanging(&descent_of(model), 0, 4, look, out)?;
        if manner.detail >= Detail::More {
            let further = model.matches.iter().skip(1);
            further.map(|other| descent(other, model, 0)).try_for_each(|line| hanging(&line, 4, 8, look, out))?;
        }
    }
    if !(report.waived.is_empty()
        && report.baselined.is_empty()
        && report.remarks.is_empty()
        && report.models.is_empty())
    {
        writeln!(out)?;
    }
    summary(report, look, out)
}

/// Writes the findings in one line each, and the summary: for those who asked for something else.
pub fn brief(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    for finding in report.findings.iter().take(BRIEF) {
        hanging(&format!("{}[{}]: {}", finding.level.name(), finding.rule.id(), finding.message), 0, 4, look, out)?;
    }
    match report.findings.len().saturating_sub(BRIEF) as u64 {
        0 => {}
        more => writeln!(out, "and {}", plural(more, "more finding", "more findings"))?,
    }
    summary(report, look, out)
}

/// Findings of a brief report.
const BRIEF: usize = 6;

/// Known findings up to this number are named one by one.
const FEW: usize = 5;

/// What blocks, and nothing where nothing does.
fn less(report: &Report, manner: &Manner, out: &mut dyn Write) -> io::Result<()> {
    for finding in report.findings.iter().filter(|finding| finding.level == Level::Deny) {
        writeln!(out, "{}\n", block(finding, manner))?;
    }
    if report.verdict == Verdict::Pass { Ok(()) } else { summary(report, manner.look, out) }
}

/// Findings that are told in one line, because somebody answers for them.
fn aside(name: &str, findings: &[Finding], look: Look, out: &mut dyn Write) -> io::Result<()> {
    findings
        .iter()
        .map(|finding| format!("{name}[{}]: {}", finding.rule.id(), finding.message))
        .try_for_each(|line| hanging(&line, 0, 4, look, out))
}

fn descent_of(model: &ReportedModel) -> String {
    let about = format!("{}, {}", model.format, plural(model.parameters, "parameter", "parameters"));
    let said = match model.matches.first() {
        Some(best) => descent(best, model, model.matches.len().saturating_sub(1) as u64),
        None if model.searched == 0 => "not compared".to_owned(),
        None => {
            format!("no evidence found of descent from any of {}", plural(model.searched as u64, "base", "bases"))
        }
    };
    format!("{} ({about}): {said}", model.path)
}

fn descent(best: &Comparison, model: &ReportedModel, others: u64) -> String {
    let declared = if model.declared.contains(&best.base) { "declared" } else { "not declared" };
    let more = if others == 0 { String::new() } else { format!("; {}", plural(others, "more match", "more matches")) };
    let numbers = format!("{}, log10 p {}, {declared}", best.relation.name(), log10_p(best.log10_p));
    if best.relation.is_descent() {
        format!("consistent with derivation from {} ({numbers}){more}", best.base)
    } else {
        format!("nearest base {} ({numbers}){more}", best.base)
    }
}

fn summary(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let (denied, warned) = (report.count(Level::Deny) as u64, report.count(Level::Warn) as u64);
    let mut said = Vec::new();
    if denied > 0 || report.verdict == Verdict::Pass {
        said.push(if denied == 0 { "nothing denied".to_owned() } else { format!("{denied} denied") });
    }
    if warned > 0 {
        said.push(plural(warned, "warning", "warnings"));
    }
    if !report.waived.is_empty() {
        said.push(format!("{} waived", report.waived.len()));
    }
    if !report.baselined.is_empty() {
        said.push(known(report));
    }
    match report.models.iter().filter(|model| model.searched == 0).count() {
        0 => {}
        all if all == report.models.len() => said.push("descent not checked".to_owned()),
        some => said.push(format!("descent of {some} not checked")),
    }
    let verdict = match report.verdict {
        // Only an audit passes what is denied.
        Verdict::Pass if denied > 0 => "audited, and nothing is blocked",
        Verdict::Pass => "passed",
        Verdict::Block => "blocked",
        Verdict::Error => "could not check, so this counts as blocked",
    };
    let outcome = if said.is_empty() { String::new() } else { format!(": {}", said.join(", ")) };
    let (outcome, scanned) = (format!("{verdict}{outcome}"), scanned(report));
    let shown = outcome.replacen(verdict, &look.strong(verdict), 1);
    if outcome.chars().count() + 3 + scanned.chars().count() <= look.width {
        return writeln!(out, "{shown} — {scanned}");
    }
    writeln!(out, "{shown}")?;
    hanging(&scanned, 4, 4, look, out)
}

fn scanned(report: &Report) -> String {
    let scope = &report.scope;
    let mut said = Vec::new();
    if report.models.is_empty() {
        said.push("scanned 0 artifacts".to_owned());
    } else {
        let size = bytes(report.models.iter().map(|model| model.bytes).sum());
        said.push(format!("{} ({size})", plural(report.models.len() as u64, "checkpoint", "checkpoints")));
    }
    said.push(plural(scope.files, "file", "files"));
    if scope.commits > 0 {
        said.push(plural(scope.commits, "commit", "commits"));
    }
    let bases = report.models.iter().map(|model| model.searched).max();
    if let Some(bases) = bases.filter(|bases| *bases > 0) {
        said.push(format!("compared with {}", plural(bases as u64, "base", "bases")));
        let fewest = report.models.iter().filter_map(|model| model.bases.as_ref()).min_by_key(|bases| bases.compared);
        said.extend(fewest.map(examined));
    }
    let cached =
        if report.stats.cache_hits > 0 { format!(" ({} cached)", report.stats.cache_hits) } else { String::new() };
    format!("{} in {:.1} s{cached}", said.join(", "), report.stats.seconds)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use insta::assert_snapshot;

    use super::*;
    use crate::reports::Stats;
    use crate::reports::samples::blocked;

    /// The same, with what a waiver is keyed to.
    fn waivable() -> Report {
        let mut report = blocked();
        report.findings[0].model_ids = vec!["sha256:00".to_owned()];
        report
    }

    fn shown(report: &Report, look: Look) -> String {
        let mut text = Vec::new();
        human(report, look, &mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_blocked_push_says_what_where_why_and_what_to_do() {
        assert_snapshot!(shown(&waivable(), Look::default()), @r#"
        deny[undeclared-lineage]: checkpoints/orca/model.safetensors is consistent with derivation from
            Qwen/Qwen2.5-0.5B (derived), which is not declared for this path
        --> checkpoints/orca/model.safetensors
         = evidence: aligned-samples, log10 p −41.2, effect 0.87, n 12,288
                     null: signs of sampled weights of two unrelated trainings agree by chance
                     11,489 of 12,288 sampled signs agree in 168 of 168 matrices
         = evidence: row-hash, log10 p —, effect 0.00, n 0
         = model: sha256:00
         = help: declare it in policy.toml:
                 [[model]]
                 paths = ["checkpoints/orca/**"]
                 origin = "derived"
                 bases = [{ id = "Qwen/Qwen2.5-0.5B", relation = "finetune" }]

        deny[missing-notice]: the notice of Qwen/Qwen2.5-0.5B is not in the tree
        --> checkpoints/orca/model.safetensors
         = obligation: notice-file (§4(d)) of Qwen/Qwen2.5-0.5B
         = help: add the notice to NOTICE, beside the checkpoint or at the root

        warn[card-mismatch]: the card names no base_model
        --> README.md:3
         = help: add `base_model: Qwen/Qwen2.5-0.5B`

        note: refs/heads/old is deleted; nothing of it is looked at
        checkpoints/orca/model.safetensors (safetensors, 494,032,768 parameters): consistent with
            derivation from Qwen/Qwen2.5-0.5B (derived, log10 p −41.2, not declared)

        blocked: 2 denied, 1 warning
            1 checkpoint (988.1 MB), 14 files, 5 commits, compared with 12 bases in 1.3 s (2 cached)
        "#);
    }

    #[test]
    fn nothing_found_is_said_aloud() {
        let report = Report {
            verdict: Verdict::Pass,
            models: Vec::new(),
            findings: Vec::new(),
            remarks: Vec::new(),
            stats: Stats { seconds: 0.04, ..Stats::default() },
            ..blocked()
        };
        assert_snapshot!(shown(&report, Look::default()), @"passed: nothing denied — scanned 0 artifacts, 14 files, 5 commits in 0.0 s");
    }

    #[test]
    fn a_pass_names_what_each_model_was_compared_with() {
        let mut report = blocked();
        let waived = report.findings.remove(0);
        report.findings.clear();
        let model = report.models.remove(0);
        report.models = vec![
            ReportedModel { declared: vec!["Qwen/Qwen2.5-0.5B".to_owned()], ..model.clone() },
            ReportedModel {
                path: "own.gguf".to_owned(),
                format: "gguf".to_owned(),
                matches: Vec::new(),
                ..model.clone()
            },
            ReportedModel { path: "new.npz".to_owned(), matches: Vec::new(), searched: 0, ..model },
        ];
        let report = Report { verdict: Verdict::Pass, waived: vec![waived], ..report };
        assert_snapshot!(shown(&report, Look::default()), @"
        waived[undeclared-lineage]: checkpoints/orca/model.safetensors is consistent with derivation
            from Qwen/Qwen2.5-0.5B (derived), which is not declared for this path
        note: refs/heads/old is deleted; nothing of it is looked at
        checkpoints/orca/model.safetensors (safetensors, 494,032,768 parameters): consistent with
            derivation from Qwen/Qwen2.5-0.5B (derived, log10 p −41.2, declared)
        own.gguf (gguf, 494,032,768 parameters): no evidence found of descent from any of 12 bases
        new.npz (safetensors, 494,032,768 parameters): not compared

        passed: nothing denied, 1 waived, descent of 1 not checked
            3 checkpoints (3.0 GB), 14 files, 5 commits, compared with 12 bases in 1.3 s (2 cached)
        ");
    }

    #[test]
    fn what_could_not_be_checked_is_not_called_a_pass() {
        let report = Report { verdict: Verdict::Error, findings: Vec::new(), ..blocked() };
        assert_snapshot!(shown(&report, Look::default()).split_once("\n\n").unwrap().1, @"
        could not check, so this counts as blocked
            1 checkpoint (988.1 MB), 14 files, 5 commits, compared with 12 bases in 1.3 s (2 cached)
        ");
    }

    #[test]
    fn color_only_paints() {
        let plain = shown(&waivable(), Look::default());
        let painted = shown(&waivable(), Look { color: true, ..Look::default() });
        assert_ne!(plain, painted);
        assert_eq!(anstream::adapter::strip_str(&painted).to_string(), plain);
    }

    #[test]
    fn findings_are_sorted_gravest_first_then_by_place() {
        let mut report = blocked();
        report.findings.reverse();
        report.sort();
        let rules: Vec<&str> = report.findings.iter().map(|finding| finding.rule.id()).collect();
        assert_eq!(rules, ["undeclared-lineage", "missing-notice", "card-mismatch"]);
    }

    #[test]
    fn hostile_paths_cannot_steer_the_terminal() {
        let mut report = blocked();
        report.findings[0].path = Some("a\u{1b}[31m\u{202e}b".to_owned());
        report.findings[0].message = "m\u{1b}]0;title\u{7}".to_owned();
        report.models[0].path = "c\r\u{9b}d".to_owned();
        let text = shown(&report, Look::default());
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    }
}
