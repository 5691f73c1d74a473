// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The license's text and the base's copyright lines.

use crate::findings::facts::Facts;
use crate::findings::finding::{Level, Rule};
use crate::licenses::{LicenseData, ObligationKind, copyright_key, copyright_lines, find_text, text};

use super::case::Case;
use super::debts::Owed;
use super::ledger::Whereabouts;
use super::shelf::{Leaf, Shelf};
use super::state::State;

/// A copy of the license's text.
pub(super) fn copy(case: &Case) -> State {
    copy_of(case.owed, Some(case.license), case.shelf)
}

/// A copy of a license that may not be in the data; then the text registered with the base is asked for.
pub(super) fn copy_of(owed: &Owed, license: Option<&'static LicenseData>, shelf: Shelf) -> State {
    let registered = owed.base.and_then(|base| base.license_text.as_deref());
    if let Some(found) = find_text(shelf.legal().map(|leaf| (leaf.path, leaf.text)), license, registered) {
        return State::met(Some(Whereabouts { path: found.path, line: None }), "holds the text");
    }
    if let Some(place) = linked(shelf, license) {
        return State::met(Some(place), "links to the text, which the license accepts");
    }
    let name = owed.license_name();
    let file = format!("LICENSES/{}.txt", license.map_or(name, |license| &license.id).replace(['/', ' '], "-"));
    let known = license.filter(|license| text(&license.id).is_some());
    let remedy = match (known, license.and_then(LicenseData::address)) {
        (Some(known), _) => format!("run: mkdir -p LICENSES && forebear explain {} --text > {file}", known.id),
        (None, _) if registered.is_some() => {
            format!("run: mkdir -p LICENSES && forebear registry show {} --license-text > {file}", owed.id)
        }
        (None, Some(address)) => format!("copy the text from {address} to {file}"),
        (None, None) => format!("copy the license text that came with {} to {file}", owed.id),
    };
    State::missing(Rule::MissingLicenseText, "no license file beside the weights or above them holds it", remedy)
}

/// A license that is not in the data: its registered text, or the admission that nothing was checked.
pub(super) fn unknown(facts: &Facts, owed: &Owed, model: &str) -> State {
    let shelf = Shelf::of(facts.documents, model);
    if owed.base.is_some_and(|base| base.license_text.is_some()) {
        return copy_of(owed, None, shelf).capped(Some(Level::Warn));
    }
    let mut state = State::missing(
        Rule::MissingLicenseText,
        "its obligations were not checked",
        format!("read the license of {}, and register the base with its license and text", owed.id),
    );
    state.outcome = super::ledger::ObligationState::NeedsAttestation;
    state.capped(Some(Level::Note))
}

/// The base's own copyright lines.
pub(super) fn copyright(case: &Case) -> State {
    let Some(registered) = case.owed.base.and_then(|base| base.license_text.as_deref()) else {
        let what =
            format!("the license text of {} is not registered, so which notices to keep is not known", case.owed.id);
        return case.attested_or(&what).capped(Some(Level::Note));
    };
    let mut wanted = copyright_lines(registered);
    if !case.license.asks(ObligationKind::PropagateNoticeFile) {
        wanted.extend(
            case.owed.base.and_then(|base| base.notice_text.as_deref()).map(copyright_lines).unwrap_or_default(),
        );
    }
    let Some(first) = wanted.first() else {
        return State::met(None, format!("{} came with no copyright line", case.owed.id));
    };
    let lost: Vec<&str> = wanted.iter().copied().filter(|line| held(case.shelf, line).is_none()).collect();
    if lost.is_empty() {
        return State::met(held(case.shelf, first), "keeps the copyright lines");
    }
    let lines = lost.join("\n");
    let what = format!("no license, notice or card beside the weights or above them holds: {}", lost.join("; "));
    let remedy =
        format!("add above the license text in {}:\n{lines}", Shelf::file_for(case.shelf.licenses(), "LICENSE"));
    let state = State::missing(Rule::MissingAttribution, what, remedy);
    // MIT and its like: the line is part of the text to copy. Elsewhere the clause speaks of source form.
    let part_of_text =
        |clause: &str| case.license.clause(ObligationKind::LicenseCopy).is_some_and(|copy| clause.starts_with(copy));
    if case.clause().is_some_and(part_of_text) { state } else { state.doubtful() }
}

/// Where a document holds this copyright line, whatever its years and typography.
fn held(shelf: Shelf, line: &str) -> Option<Whereabouts> {
    let wanted = copyright_key(line);
    shelf.all().find_map(|leaf| {
        let at = |(index, other): (usize, &str)| {
            let same = copyright_lines(other).iter().any(|other| copyright_key(other).contains(&wanted));
            same.then(|| Whereabouts { path: leaf.path.to_owned(), line: Some(index as u32 + 1) })
        };
        leaf.text.lines().enumerate().find_map(at)
    })
}

/// Creative Commons licenses accept a link in place of the text.
fn linked(shelf: Shelf, license: Option<&LicenseData>) -> Option<Whereabouts> {
    let license = license.filter(|license| license.spdx.starts_with("CC-"))?;
    license.clause(ObligationKind::LicenseCopy)?;
    let link = license.address()?.trim_start_matches("https://").trim_end_matches("legalcode").trim_end_matches('/');
    let holds = |leaf: &Leaf| leaf.text.contains(link);
    shelf.all().find(holds).map(|leaf| leaf.place(|rest| rest.contains(link)))
}
