// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! One finding for people.
//!
//! In: a [`Finding`], and the text of the file it is about if it can be read. Out: one block: the claim, the place with
//! its lines, the evidence beside its null, the obligation with its clause, what else speaks for it, what to do now.

use std::borrow::Cow;

use annotate_snippets::{AnnotationKind, Group, Level, Message, Origin, Snippet};

use super::excerpt::{Excerpt, excerpt};
use super::manner::{Detail, Manner};
use super::text::{Look, also, harmless, log10_p, plural, thousands, wrap};
use crate::evidence::Evidence;
use crate::findings::{self, Finding, page};

/// log10 p above which a mechanism saw nothing worth a sentence.
const SILENT: f64 = -1.0;
/// Mechanisms that are shown unless more is asked for: the one that decides, and one more.
const MECHANISMS: usize = 2;

/// The finding as a block of lines.
pub(super) fn block(finding: &Finding, manner: &Manner) -> String {
    let look = manner.look;
    let (level, name) = match finding.level {
        findings::Level::Deny => (Level::ERROR, "deny"),
        findings::Level::Warn => (Level::WARNING, "warn"),
        findings::Level::Note => (Level::NOTE, "note"),
    };
    let id = finding.rule.id();
    let (first, more) = title(&finding.message, name.len() + id.len() + 4, look);
    let mut title = level.with_name(name).primary_title(first).id(id);
    if manner.links {
        title = title.id_url(rule_url(id));
    }
    let mut group = Group::with_title(title);
    if let Some(path) = &finding.path {
        let text = (manner.text)(path);
        group = match text.as_deref().and_then(|text| excerpt(text, finding.line, finding.span)) {
            Some(Excerpt { text, first, span }) => group.element(
                Snippet::source(text)
                    .line_start(first)
                    .path(harmless(path))
                    .annotation(AnnotationKind::Primary.span(span)),
            ),
            None => group.element(place(path, finding.line)),
        };
    }
    for (name, lines) in said(finding, manner) {
        group = group.element(Level::NOTE.with_name(name).message(lines.join("\n")));
    }
    group = group.element(help(&remedy(&finding.remedy, look)));
    let rendered = look.renderer().hyperlink(manner.links).render(&[group]);
    match rendered.split_once('\n') {
        Some((head, rest)) if !more.is_empty() => format!("{head}\n{more}{rest}"),
        _ => rendered,
    }
}

/// The public page of a rule, as this version has it.
fn rule_url(id: &str) -> String {
    let (repository, version) = (env!("CARGO_PKG_REPOSITORY"), env!("CARGO_PKG_VERSION"));
    format!("{repository}/blob/v{version}/docs/rules/{id}.md")
}

fn place(path: &str, line: Option<u32>) -> Origin<'static> {
    let origin = Origin::path(Cow::<'static, str>::Owned(harmless(path)));
    match line {
        Some(line) => origin.line(line as usize),
        None => origin,
    }
}

fn help(lines: &[String]) -> Message<'static> {
    Level::HELP.message(lines.join("\n"))
}

/// What stands between the place and the help: names, and lines.
fn said(finding: &Finding, manner: &Manner) -> Vec<(&'static str, Vec<String>)> {
    let look = manner.look;
    let mut said = Vec::new();
    let wrapped = |text: &str, name: &str| wrap(&harmless(text), look.beside(name.len() + 5));
    let shown = if manner.detail >= Detail::More { usize::MAX } else { MECHANISMS };
    for evidence in finding.evidence.iter().take(shown) {
        said.push(("evidence", evidence_lines(evidence, manner)));
    }
    if let Some(rest) = finding.evidence.get(shown.min(finding.evidence.len())..).filter(|rest| !rest.is_empty()) {
        said.push(("evidence", wrapped(&beside(rest), "evidence")));
    }
    let lines = if manner.detail >= Detail::More { usize::MAX } else { 1 };
    if !finding.structure.is_empty() {
        let structure = finding.structure.iter().take(lines);
        said.push(("structure", structure.flat_map(|text| wrapped(text, "structure")).collect()));
    }
    if let Some(obligation) = &finding.obligation {
        let clause = finding.clause.as_ref().map(|clause| format!(" ({clause})")).unwrap_or_default();
        let of = finding.base.as_ref().map(|base| format!(" of {base}")).unwrap_or_default();
        said.push(("obligation", wrapped(&format!("{obligation}{clause}{of}"), "obligation")));
    }
    if manner.detail >= Detail::More {
        let page = page(finding.rule);
        let why = page.split_once("## Why it matters\n\n").and_then(|(_, rest)| rest.split("\n\n").next());
        said.extend(why.map(|why| ("why", wrapped(why, "why"))));
    }
    for related in &finding.related {
        said.push(("also", wrapped(&also(related), "also")));
        if manner.detail >= Detail::More {
            said.push(("help", remedy(&related.remedy, look)));
        }
    }
    if !finding.model_ids.is_empty() {
        // What a waiver is keyed to: never broken, so that it can be copied.
        said.push(("model", finding.model_ids.iter().map(|id| harmless(id)).collect()));
    }
    if manner.detail >= Detail::All {
        said.push(("fingerprint", vec![harmless(&finding.fingerprint)]));
    }
    said
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

/// The numbers, then what they were measured against, then what was seen. A mechanism that saw nothing gets one line.
fn evidence_lines(evidence: &Evidence, manner: &Manner) -> Vec<String> {
    let look = manner.look;
    let numbers = format!(
        "{}, log10 p {}, effect {:.2}, n {}",
        evidence.mechanism,
        log10_p(evidence.log10_p),
        evidence.effect,
        thousands(evidence.n)
    );
    let all = manner.detail >= Detail::All;
    let null = if all { evidence.null.as_str() } else { clause(&evidence.null) };
    let more =
        if saw_nothing(evidence) && !all { Vec::new() } else { vec![format!("null: {null}"), evidence.detail.clone()] };
    std::iter::once(numbers).chain(more).flat_map(|text| wrap(&harmless(&text), look.beside(16))).collect()
}

fn saw_nothing(evidence: &Evidence) -> bool {
    evidence.log10_p.is_none_or(|p| p > SILENT)
}

/// The mechanisms that are left out, in one sentence: by name only, since a number stands beside its null or not at all.
fn beside(rest: &[Evidence]) -> String {
    let name = |evidence: &&Evidence| evidence.mechanism.clone();
    let (nothing, something): (Vec<&Evidence>, Vec<&Evidence>) = rest.iter().partition(|one| saw_nothing(one));
    let list = |all: &[&Evidence]| all.iter().map(name).collect::<Vec<_>>().join(", ");
    let mut said = Vec::new();
    if !something.is_empty() {
        let count = something.len() as u64;
        let verb = if count == 1 { "speaks" } else { "speak" };
        said.push(format!(
            "{} {verb} for it too ({})",
            plural(count, "more mechanism", "more mechanisms"),
            list(&something)
        ));
    }
    if !nothing.is_empty() {
        said.push(format!("nothing seen by {}", list(&nothing)));
    }
    format!("{}; -v shows all", said.join(", "))
}

/// The first clause of a null; `-vv`, `forebear compare` and the JSON output have all of it.
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

#[cfg(test)]
#[path = "block_tests.rs"]
mod tests;
