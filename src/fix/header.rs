// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Copyright and SPDX lines at the top of source files, as comments of their language.

use crate::findings::{Finding, Rule, silent_sources};
use crate::licenses;

use super::lines;
use super::plan::Round;

/// Gives every file that says nothing the releaser's lines. A file of which somebody else's origin is suspected is left
/// to a person: a wrong copyright line is worse than none.
pub(super) fn add(round: &mut Round<'_, '_>) -> Result<(), String> {
    let release = round.facts.declared.release;
    let Some(holder) = release.copyright.first() else { return Err("policy.toml names no holder".into()) };
    let mut words = format!("SPDX-FileCopyrightText: {} {holder}", round.wanted.year);
    if let Some(expression) = release.license.as_deref().and_then(licenses::of_code) {
        words.push_str("\nSPDX-License-Identifier: ");
        words.push_str(expression);
    }
    let suspected = |path: &str| {
        let about = |finding: &Finding| {
            matches!(finding.rule, Rule::UndeclaredCodeOrigin | Rule::ForeignIdentifier | Rule::StrippedHeader)
                && finding.path.as_deref() == Some(path)
        };
        round.findings.iter().any(about)
    };
    let mut refused = Vec::new();
    let mut done = false;
    for path in silent_sources(round.facts) {
        let edit = if suspected(path) {
            Err(format!("whose code {path} is, only you can say"))
        } else {
            top(round, path, &words, Rule::MissingHeader)
        };
        match edit {
            Ok(()) => done = true,
            Err(why) => refused.push(why),
        }
    }
    // What is refused is told in the round in which nothing else is edited.
    if done { Ok(()) } else { Err(refused.join("; ")) }
}

/// Puts lost lines back, or the one that says of a changed file that it was changed.
pub(super) fn put_back(round: &mut Round<'_, '_>, finding: &Finding) -> Result<(), String> {
    match (&finding.path, finding.paste()) {
        (Some(path), Some(words)) => top(round, path, words, finding.rule),
        _ => Err("which lines were lost is not known".into()),
    }
}

fn top(round: &mut Round<'_, '_>, path: &str, words: &str, rule: Rule) -> Result<(), String> {
    let Some(mark) = mark(path) else { return Err(format!("how a comment is written in {path} is not known")) };
    let Some(text) = round.working.text(path)? else { return Err(format!("{path} is not there")) };
    let first = first_line(&text);
    let mut comment: Vec<String> = words.lines().map(|line| format!("{mark} {line}")).collect();
    if text.lines().nth(first).is_some_and(|line| !line.trim().is_empty()) {
        comment.push(String::new());
    }
    // `lines` reads a text by its lines, so the empty one needs an end.
    let comment = comment.join("\n") + if comment.last().is_some_and(String::is_empty) { "\n" } else { "" };
    round.working.set(path, lines::insert(&text, first, &comment), rule)
}

/// The first line, from 0, before which a comment may stand: below `#!` and the line that names an encoding (PEP 263).
fn first_line(text: &str) -> usize {
    let mut lines = text.trim_start_matches('\u{FEFF}').lines();
    let (one, two) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let encoding = |line: &str| line.starts_with('#') && (line.contains("coding:") || line.contains("coding="));
    match (one.starts_with("#!"), encoding(one), encoding(two)) {
        (true, _, true) => 2,
        (true, ..) | (_, true, _) => 1,
        _ => 0,
    }
}

/// How a line of comment begins, by the file's extension; `.m` is of two languages.
fn mark(path: &str) -> Option<&'static str> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let (_, extension) = name.rsplit_once('.')?;
    Some(match extension.to_ascii_lowercase().as_str() {
        "py" | "pyi" | "pyx" | "sh" | "bash" | "jl" | "r" | "cmake" | "toml" | "yaml" | "yml" | "triton" => "#",
        "rs" | "c" | "h" | "cc" | "cpp" | "cxx" | "hpp" | "cu" | "cuh" | "js" | "ts" | "mjs" | "jsx" | "tsx"
        | "java" | "go" | "swift" | "kt" | "scala" | "mm" | "metal" | "proto" => "//",
        "lua" | "sql" => "--",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_stands_below_what_must_come_first() {
        assert_eq!(first_line("#!/usr/bin/env python\n# -*- coding: utf-8 -*-\nimport x\n"), 2);
        assert_eq!(first_line("#!/bin/sh\nset -e\n"), 1);
        assert_eq!((first_line("# coding=utf-8\n"), first_line("import x\n"), first_line("")), (1, 0, 0));
    }

    #[test]
    fn comments_are_those_of_the_language() {
        assert_eq!((mark("a/b.PY"), mark("k.cu"), mark("q.sql")), (Some("#"), Some("//"), Some("--")));
        assert_eq!((mark("x.m"), mark("Makefile")), (None, None));
    }
}
