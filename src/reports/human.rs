// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A report for people.
//!
//! In: a [`Report`]. Out: one block a finding (claim, place, evidence beside its null, obligation, what to
//! do now), one line a model, and a summary line that also says what was not found.

use std::io::{self, Write};

use annotate_snippets::{Group, Level, Origin};

use super::compare::hanging;
use super::report::{Report, ReportedModel, Verdict};
use super::text::{Look, also, bytes, harmless, log10_p, plural, wrap};
use crate::evidence::{Comparison, Evidence};
use crate::findings::{self, Finding};

/// log10 p above which a mechanism saw nothing worth a sentence.
const SILENT: f64 = -1.0;

/// Writes a report for people.
pub fn human(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    for finding in &report.findings {
        writeln!(out, "{}\n", block(finding, look))?;
    }
    for finding in &report.waived {
        hanging(&format!("waived[{}]: {}", finding.rule.id(), finding.message), 0, 4, look, out)?;
    }
    for remark in &report.remarks {
        hanging(&format!("note: {remark}"), 0, 4, look, out)?;
    }
    for model in &report.models {
        hanging(&descent_of(model), 0, 4, look, out)?;
    }
    if !(report.waived.is_empty() && report.remarks.is_empty() && report.models.is_empty()) {
        writeln!(out)?;
    }
    summary(report, look, out)
}

fn block(finding: &Finding, look: Look) -> String {
    let (level, name) = match finding.level {
        findings::Level::Deny => (Level::ERROR, "deny"),
        findings::Level::Warn => (Level::WARNING, "warn"),
        findings::Level::Note => (Level::NOTE, "note"),
    };
    let id = finding.rule.id();
    let (title, more) = title(&finding.message, name.len() + id.len() + 4, look);
    let mut group = Group::with_title(level.with_name(name).primary_title(title).id(id));
    if let Some(path) = &finding.path {
        let origin = Origin::path(harmless(path));
        group = group.element(match finding.line {
            Some(line) => origin.line(line as usize),
            None => origin,
        });
    }
    for evidence in &finding.evidence {
        group = group.element(said("evidence", &evidence_lines(evidence, look)));
    }
    if !finding.structure.is_empty() {
        let lines = finding.structure.iter().flat_map(|text| wrap(&harmless(text), look.beside(16)));
        group = group.element(said("structure", &lines.collect::<Vec<_>>()));
    }
    if let Some(obligation) = &finding.obligation {
        let clause = finding.clause.as_ref().map(|clause| format!(" ({clause})")).unwrap_or_default();
        let of = finding.base.as_ref().map(|base| format!(" of {base}")).unwrap_or_default();
        group = group.element(said("obligation", &[harmless(&format!("{obligation}{clause}{of}"))]));
    }
    for related in &finding.related {
        group = group.element(said("also", &wrap(&harmless(&also(related)), look.beside(12))));
    }
    if !finding.model_ids.is_empty() {
        let ids: Vec<String> = finding.model_ids.iter().map(|id| harmless(id)).collect();
        group = group.element(said("model", &ids)); // what a waiver is keyed to
    }
    group = group.element(Level::HELP.message(remedy(&finding.remedy, look).join("\n")));
    let rendered = look.renderer().render(&[group]);
    match rendered.split_once('\n') {
        Some((first, rest)) if !more.is_empty() => format!("{first}\n{more}{rest}"),
        _ => rendered,
    }
}

/// The message as far as it goes beside the rule, and its further lines, which begin near the left.
fn title(message: &str, beside: usize, look: Look) -> (String, String) {
    let text = harmless(message);
    let first = wrap(&text, look.beside(beside)).into_iter().next().unwrap_or_default();
    let words = first.split_whitespace().count();
    let rest: Vec<&str> = text.split_whitespace().skip(words).collect();
    let more = wrap(&rest.join(" "), look.beside(4));
    let lines = more.iter().map(|line| look.strong(line));
    (first, lines.fold(String::new(), |text, line| text + "    " + &line + "\n"))
}

fn said(name: &'static str, lines: &[String]) -> annotate_snippets::Message<'static> {
    Level::NOTE.with_name(name).message(lines.join("\n"))
}

/// The numbers, then what they were measured against, then what was seen. A mechanism that saw nothing gets one line.
fn evidence_lines(evidence: &Evidence, look: Look) -> Vec<String> {
    let numbers = format!(
        "{}, log10 p {}, effect {:.2}, n {}",
        evidence.mechanism,
        log10_p(evidence.log10_p),
        evidence.effect,
        super::text::thousands(evidence.n)
    );
    let silent = evidence.log10_p.is_none_or(|p| p > SILENT);
    let more =
        if silent { Vec::new() } else { vec![format!("null: {}", clause(&evidence.null)), evidence.detail.clone()] };
    std::iter::once(numbers).chain(more).flat_map(|text| wrap(&harmless(&text), look.beside(16))).collect()
}

/// The first clause of a null; `forebear compare` and the JSON output have all of it.
fn clause(null: &str) -> &str {
    let end = [" (", ", ", "; "].iter().filter_map(|mark| null.find(mark)).min();
    end.and_then(|end| null.get(..end)).unwrap_or(null)
}

/// The first line is prose and is wrapped; a command and what follows are to be pasted and are left as they are.
fn remedy(text: &str, look: Look) -> Vec<String> {
    let text = harmless(text);
    let (prose, snippet) = text.split_once('\n').unwrap_or((&text, ""));
    let command = prose.starts_with("run: ");
    let mut lines = if command { vec![prose.to_owned()] } else { wrap(prose, look.beside(12)) };
    lines.extend(snippet.lines().map(str::to_owned));
    lines
}

fn descent_of(model: &ReportedModel) -> String {
    let about = format!("{}, {}", model.format, plural(model.parameters, "parameter", "parameters"));
    let said = match model.matches.first() {
        Some(best) => descent(best, model),
        None if model.searched == 0 => "not compared".to_owned(),
        None => {
            format!("no evidence found of descent from any of {}", plural(model.searched as u64, "base", "bases"))
        }
    };
    format!("{} ({about}): {said}", model.path)
}

fn descent(best: &Comparison, model: &ReportedModel) -> String {
    let declared = if model.declared.contains(&best.base) { "declared" } else { "not declared" };
    let others = model.matches.len().saturating_sub(1) as u64;
    let more = if others == 0 { String::new() } else { format!("; {}", plural(others, "more match", "more matches")) };
    let numbers = format!("{}, log10 p {}, {declared}", best.relation.name(), log10_p(best.log10_p));
    if best.relation.is_descent() {
        format!("consistent with derivation from {} ({numbers}){more}", best.base)
    } else {
        format!("nearest base {} ({numbers}){more}", best.base)
    }
}

fn summary(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let (denied, warned) = (report.count(findings::Level::Deny) as u64, report.count(findings::Level::Warn) as u64);
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
    match report.models.iter().filter(|model| model.searched == 0).count() {
        0 => {}
        all if all == report.models.len() => said.push("descent not checked".to_owned()),
        some => said.push(format!("descent of {some} not checked")),
    }
    let verdict = match report.verdict {
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
    use crate::reports::samples::{blocked, joined};

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
    fn a_narrow_terminal_gets_short_lines_and_an_unbroken_snippet() {
        let text = shown(&waivable(), Look { color: false, width: 60 });
        assert_snapshot!(text.split("\n\n").next().unwrap(), @r#"
        deny[undeclared-lineage]: checkpoints/orca/model.safetensors
            is consistent with derivation from Qwen/Qwen2.5-0.5B
            (derived), which is not declared for this path
        --> checkpoints/orca/model.safetensors
         = evidence: aligned-samples, log10 p −41.2, effect 0.87,
                     n 12,288
                     null: signs of sampled weights of two
                     unrelated trainings agree by chance
                     11,489 of 12,288 sampled signs agree in 168
                     of 168 matrices
         = evidence: row-hash, log10 p —, effect 0.00, n 0
         = model: sha256:00
         = help: declare it in policy.toml:
                 [[model]]
                 paths = ["checkpoints/orca/**"]
                 origin = "derived"
                 bases = [{ id = "Qwen/Qwen2.5-0.5B", relation = "finetune" }]
        "#);
    }

    #[test]
    fn what_supports_a_finding_stands_below_its_evidence() {
        let text = shown(&joined(), Look::default());
        assert_snapshot!(text.split("\n\n").next().unwrap(), @r#"
        deny[undeclared-lineage]: checkpoints/orca/model.safetensors is consistent with derivation from
            Qwen/Qwen2.5-0.5B (derived), which is not declared for this path
        --> checkpoints/orca/model.safetensors
         = evidence: aligned-samples, log10 p −41.2, effect 0.87, n 12,288
                     null: signs of sampled weights of two unrelated trainings agree by chance
                     11,489 of 12,288 sampled signs agree in 168 of 168 matrices
         = evidence: row-hash, log10 p —, effect 0.00, n 0
         = also: card-mismatch: the card names no base_model (README.md:3)
         = help: declare it in policy.toml:
                 [[model]]
                 paths = ["checkpoints/orca/**"]
                 origin = "derived"
                 bases = [{ id = "Qwen/Qwen2.5-0.5B", relation = "finetune" }]
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
