// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What git gives a pre-push hook in each case, and what forebear does with it: real pushes, written down as
//! `docs/pre-push.md`. `FOREBEAR_BLESS=1` writes the page anew.

use std::fs;
use std::path::Path;

use super::release::{add, policy, put_in_order, start};
use super::rows;
use crate::push::{Pushed, Watched, joined};

/// One row of the page.
pub(super) struct Row {
    case: &'static str,
    given: String,
    did: String,
}

impl Row {
    /// A push that was let through or stopped by the program, as asserted by whoever calls.
    pub(super) fn of(case: &'static str, pushed: &Pushed) -> Self {
        Self { case, given: given(pushed), did: did(pushed) }
    }

    /// Adds what happened besides.
    pub(super) fn and(mut self, more: &str) -> Self {
        self.did = format!("{}; {more}", self.did);
        self
    }
}

/// A repository whose published `main` knows Tern and holds its license and notice, so that `undeclared-lineage` is
/// all that is wrong with an undeclared derivative; strict on every ref.
pub(super) fn strict() -> Watched {
    strict_with(Watched::new())
}

pub(super) fn strict_with(watched: Watched) -> Watched {
    put_in_order(&watched);
    start(&watched, Some(&policy("").replace("branches = [\"main\"]\n", "")));
    watched
}

/// Commits an undeclared derivative on the branch that is checked out.
pub(super) fn commit_derivative(watched: &Watched) -> String {
    add(watched, "F1-cpt");
    watched.git.commit("Add Orca")
}

#[test]
fn every_case_of_a_push_is_handled_as_the_page_says() {
    let page = page(&rows::all());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pre-push.md");
    if std::env::var_os("FOREBEAR_BLESS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    assert_eq!(page, fs::read_to_string(path).unwrap(), "FOREBEAR_BLESS=1 writes the page anew");
}

fn page(rows: &[Row]) -> String {
    let lines = rows.iter().map(|row| format!("| {} | {} | {} |\n", row.case, row.given, row.did));
    format!("{HEAD}{}", lines.collect::<String>())
}

const HEAD: &str = "<!-- SPDX-FileCopyrightText: 2026 The forebear authors -->
<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- Written by `FOREBEAR_BLESS=1 cargo nextest run every_case_of_a_push`; do not edit. -->

# What a push gives the hook, and what forebear does

Every row is a real `git push` in `tests/it/stories/rows.rs` or `setups.rs`. `A`, `B`, … stand for object ids, one letter an id
within a row; `0{40}` and `0{64}` for as many zeros. In most rows the push holds a derivative of a registered base
that `policy.toml` does not declare; license and notice of the base are in order, so `undeclared-lineage` is all that
is wrong. A push that forebear stops changes no ref of the server.

| Case | What git gives on standard input | What forebear does |
|---|---|---|
";

/// Git's lines, ids replaced by letters.
fn given(pushed: &Pushed) -> String {
    if pushed.code.is_none() {
        return "the hook is not run".into();
    }
    let mut ids: Vec<&str> = Vec::new();
    let mut lines = Vec::new();
    for line in pushed.told.lines() {
        let words = line.split(' ').map(|word| {
            let id = matches!(word.len(), 40 | 64) && word.bytes().all(|byte| byte.is_ascii_hexdigit());
            if !id {
                return word.to_owned();
            }
            if word.bytes().all(|byte| byte == b'0') {
                return format!("0{{{}}}", word.len());
            }
            let at = ids.iter().position(|known| *known == word).unwrap_or_else(|| {
                ids.push(word);
                ids.len() - 1
            });
            char::from(b'A' + u8::try_from(at).unwrap()).to_string()
        });
        lines.push(format!("`{}`", words.collect::<Vec<_>>().join(" ")));
    }
    if lines.is_empty() {
        lines.push("nothing".into());
    }
    if let [name, url] = pushed.words.as_slice()
        && name == url
    {
        lines.push("(the remote's name is its URL)".into());
    }
    lines.join("<br>")
}

/// The verdict with its rules, and the remarks.
fn did(pushed: &Pushed) -> String {
    let listed = |level| pushed.rules(level).iter().map(|rule| format!("`{rule}`")).collect::<Vec<_>>().join(", ");
    let mut said = match pushed.code {
        None => "nothing".to_owned(),
        Some(0) => "passes".to_owned(),
        Some(code) => format!("blocks with exit code {code}: {}", listed("deny")),
    };
    for (level, name) in [("warn", "warns"), ("note", "notes")] {
        if !pushed.rules(level).is_empty() {
            said = format!("{said}; {name}: {}", listed(level));
        }
    }
    for remark in remarks(&pushed.said) {
        said = format!("{said}; says: {remark}");
    }
    said
}

/// The remarks of a report: lines that start with `note: `, with the indented ones after them.
fn remarks(said: &str) -> Vec<String> {
    let mut remarks: Vec<String> = Vec::new();
    let mut inside = false;
    for line in said.lines() {
        if let Some(remark) = line.strip_prefix("note: ") {
            remarks.push(remark.to_owned());
            inside = true;
        } else if let Some(more) = line.strip_prefix("    ").filter(|_| inside) {
            let whole = remarks.pop().map(|remark| format!("{remark} {more}"));
            remarks.extend(whole);
        } else {
            inside = false;
        }
    }
    remarks.iter().map(|remark| joined(remark)).collect()
}
