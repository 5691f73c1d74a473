// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The sentence that a license wants in a notice file, and the NOTICE file that a base came with.

use crate::findings::declared::DeclaredRelation;
use crate::findings::finding::{Level, Rule};
use crate::licenses::{LicenseData, NoticeScope, containment, normalize, notice_holds};

use super::case::Case;
use super::debts::Debtor;
use super::near::near;
use super::shelf::{Leaf, Shelf, paragraphs};
use super::state::State;

/// Share of the base's NOTICE that must be reproduced: it may be wrapped anew and stand among others.
const REPRODUCED: f64 = 0.95;

/// The sentence that the license prescribes.
pub(super) fn sentence(case: &Case) -> State {
    let license = case.license;
    let holds = |text: &str| notice_holds(text, license);
    if let Some(leaf) = case.shelf.notices().find(|leaf| holds(leaf.text)) {
        return State::met(Some(leaf.place(holds)), "holds the notice");
    }
    let cap = scope_cap(license, &case.debtor);
    let file = Shelf::file_for(case.shelf.notices(), "NOTICE");
    // The notice of another license of this model is in order as it is.
    let theirs =
        case.all.iter().filter(|owed| owed.debtors.iter().any(|debtor| debtor.model.path == case.debtor.model.path));
    let others: Vec<&LicenseData> = theirs
        .flat_map(|owed| owed.licenses.iter().copied())
        .filter(|other| other.id != license.id && !other.notice_text.is_empty())
        .collect();
    let left: Vec<(&str, String)> = case.shelf.notices().map(|leaf| (leaf.path, without(leaf.text, &others))).collect();
    let mut wordings = std::iter::once(&license.notice_text).chain(&license.notice_text_alternatives);
    let leaves = || left.iter().map(|(path, text)| Leaf { path, text });
    if let Some(found) = wordings.find_map(|wording| near(leaves(), wording)) {
        let what = format!("{} comes near to it, with other words: {}", found.path, found.difference);
        let remedy = format!(
            "write in {}, in place of what stands at line {}:\n{}",
            found.path, found.line, license.notice_text
        );
        let state = State::missing(Rule::WrongNoticeText, what, remedy).at(&found.path, Some(found.line)).capped(cap);
        return if found.marks_only { state.doubtful() } else { state };
    }
    let mut what = String::from("no notice file beside the weights or above them holds it");
    if let Some(page) = case.shelf.pages().find(|leaf| holds(leaf.text)) {
        what = format!("{what}; it stands in {}, which is not a notice file", page.path);
    }
    State::missing(Rule::MissingNotice, what, format!("add to {file}:\n{}", license.notice_text)).capped(cap)
}

/// The NOTICE file that the base came with.
pub(super) fn upstream(case: &Case) -> State {
    // A sentence of the license's own stands for the whole file (Yi).
    if !case.license.notice_text.is_empty() {
        return sentence(case);
    }
    let Some(base) = case.owed.base else {
        let what = format!("{} is not registered, so whether it came with a NOTICE file is not known", case.owed.id);
        return case.attested_or(&what).capped(Some(Level::Note));
    };
    let Some(notice) = base.notice_text.as_deref().map(str::trim).filter(|notice| !notice.is_empty()) else {
        return State::met(None, format!("{} is registered without a NOTICE file", case.owed.id));
    };
    let wanted = normalize(notice);
    let holds = |text: &str| normalize(text).contains(&wanted);
    for leaf in case.shelf.notices() {
        if holds(leaf.text) {
            return State::met(Some(leaf.place(holds)), "reproduces the base's NOTICE");
        }
        if containment(notice, leaf.text) >= REPRODUCED {
            return State::met(Some(leaf.place(|_| false)), "reproduces the base's NOTICE");
        }
    }
    let file = Shelf::file_for(case.shelf.notices(), "NOTICE");
    let what = "no notice file beside the weights or above them holds it";
    State::missing(Rule::MissingNotice, what, format!("add to {file}:\n{notice}"))
        .capped(scope_cap(case.license, &case.debtor))
}

/// The text with the lines and paragraphs left empty that hold the notice of one of these licenses.
fn without(text: &str, others: &[&LicenseData]) -> String {
    let holds = |text: &str| others.iter().any(|other| notice_holds(text, other));
    let mut lines: Vec<&str> = text.lines().map(|line| if holds(line) { "" } else { line }).collect();
    for (first, block) in paragraphs(&lines.join("\n")) {
        if holds(&block) {
            let from = (first as usize).saturating_sub(1);
            lines.iter_mut().skip(from).take(block.lines().count()).for_each(|line| *line = "");
        }
    }
    lines.join("\n")
}

/// Where the clause's wording does not clearly reach this kind of derivative, the finding warns.
fn scope_cap(license: &LicenseData, debtor: &Debtor) -> Option<Level> {
    let beside = matches!(debtor.relation, Some(DeclaredRelation::Adapter | DeclaredRelation::Distilled));
    let doubtful = match license.notice_scope {
        NoticeScope::Derivatives | NoticeScope::None => false,
        NoticeScope::CopiesOfMaterials => beside,
        NoticeScope::ModelOnly => !debtor.copy,
        NoticeScope::Unknown => true,
    };
    doubtful.then_some(Level::Warn)
}
