// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What must be shown: prescribed sentences ("Built with …"), and credit.

use crate::findings::finding::{Level, Rule};
use crate::licenses::{ObligationKind, phrase_holds};

use super::case::Case;
use super::shelf::{Leaf, Shelf, quoted, squashed};
use super::state::State;

/// One of the license's sentences in a card or README, or attested for a place that no tool sees.
pub(super) fn display(case: &Case) -> State {
    let texts = &case.license.display_texts;
    for text in texts {
        let holds = |page: &str| phrase_holds(page, text);
        if let Some(leaf) = case.shelf.pages().find(|leaf| holds(leaf.text)) {
            return State::met(Some(leaf.place(holds)), format!("shows {}", quoted(text)));
        }
    }
    if let Some(attested) = case.attested() {
        return attested;
    }
    let page = Shelf::file_for(case.shelf.pages(), "README.md");
    let wanted: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    let sentence = texts.first().map_or("", String::as_str);
    let remedy = format!("add to {page}:\n{sentence}");
    let nowhere = "no card or README beside the weights or above them shows it";
    match case.kind {
        ObligationKind::DisplayTextAtScale => {
            let what = format!("{nowhere}, and policy.toml does not attest it: {}", case.license.scale_clause);
            State::open(what, case.attest_remedy())
        }
        ObligationKind::EncouragedDisplay => {
            let what = format!("{nowhere}; the license encourages {} and does not ask for it", wanted.join(" or "));
            State::missing(Rule::MissingDisplayText, what, remedy).capped(Some(Level::Note))
        }
        ObligationKind::PublicStatement if case.shelf.pages().next().is_none() => State::open(
            "there is no card or README to carry it, and policy.toml does not attest it",
            case.attest_remedy(),
        ),
        _ => State::missing(
            Rule::MissingDisplayText,
            format!("{nowhere}, and policy.toml attests no other place"),
            remedy,
        ),
    }
}

/// Creator, license, and source are named.
pub(super) fn attribution(case: &Case) -> State {
    let names = names_of(case);
    let (owed, license) = (case.owed, case.license);
    let names_base = |text: &str| {
        let text = squashed(text);
        names.iter().any(|name| text.contains(name.as_str()))
    };
    let mut terms: Vec<String> =
        license.names.iter().chain([&license.spdx, &license.id]).map(|name| squashed(name)).collect();
    terms.extend(
        license.address().map(|link| squashed(link.trim_start_matches("https://").trim_end_matches("legalcode"))),
    );
    let names_license = |leaf: &Leaf| {
        let text = squashed(leaf.text);
        terms.iter().any(|term| !term.is_empty() && text.contains(term.as_str()))
    };
    let credit = case.shelf.own_words().find(|leaf| names_base(leaf.text));
    match credit {
        Some(leaf) if case.shelf.all().any(|leaf| names_license(&leaf)) => {
            State::met(Some(leaf.place(names_base)), format!("names {} and its license", owed.id))
        }
        found => {
            let what = match found {
                Some(leaf) => format!("{} names {}, and nothing names its license", leaf.path, owed.id),
                None => format!("no notice, card or README beside the weights or above them names {}", owed.id),
            };
            let file = Shelf::file_for(case.shelf.notices(), "NOTICE");
            let source = owed
                .base
                .and_then(|base| base.source.as_deref())
                .map(|source| format!(", {source}"))
                .unwrap_or_default();
            let link = license.address().map(|link| format!(" ({link})")).unwrap_or_default();
            let line = format!("Based on {}{source}, licensed under {}{link}.", owed.id, license.title());
            State::missing(Rule::MissingAttribution, what, format!("add to {file}:\n{line}")).doubtful()
        }
    }
}

/// The names by which texts may speak of the base: its ids and their last parts, squashed.
pub(super) fn names_of(case: &Case) -> Vec<String> {
    let aliases = case.owed.base.map(|base| base.aliases.as_slice()).unwrap_or_default();
    let ids = std::iter::once(case.owed.id).chain(aliases.iter().map(String::as_str));
    let both = ids.flat_map(|id| [id, id.rsplit('/').next().unwrap_or(id)]);
    // A name of two letters is in any text.
    both.map(squashed).filter(|name| name.len() > 2).collect()
}
