// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! That the model was changed must be said.

use crate::findings::finding::Rule;
use crate::licenses::{ObligationKind, normalize};

use super::case::Case;
use super::ledger::Whereabouts;
use super::shelf::{Shelf, paragraphs, quoted, squashed};
use super::shown::names_of;
use super::state::State;

/// Beginnings of words that say that something was made from something else.
const CHANGED: [&str; 22] = [
    "adapt",
    "based on",
    "built on",
    "chang",
    "continue",
    "convert",
    "derivative",
    "derived",
    "distill",
    "fine tun",
    "fine-tun",
    "finetun",
    "further",
    "lora",
    "merg",
    "modif",
    "prun",
    "quantis",
    "quantiz",
    "trained from",
    "trained on",
    "upcycl",
];

/// A statement in a notice, card or README that speaks of the base and of a change.
pub(super) fn statement(case: &Case) -> State {
    if case.kind == ObligationKind::ExplanatoryDocs && case.shelf.pages().next().is_none() {
        let attested = case.attested();
        let what = "there is no card or README beside the weights or above them";
        let remedy = format!("bring the model card of {} along as README.md, and add what was changed", case.owed.id);
        return attested.unwrap_or_else(|| State::missing(Rule::UnmarkedModification, what, remedy).doubtful());
    }
    if case.debtor.copy {
        return State::met(None, "the weights are the base's own, unchanged");
    }
    if let Some((place, words)) = said(case) {
        return State::met(Some(place), words);
    }
    if let Some(attested) = case.attested() {
        return attested;
    }
    let what =
        format!("no notice, card or README beside the weights or above them says that {} was changed", case.owed.id);
    let (file, done) = match case.kind {
        ObligationKind::ExplanatoryDocs => (Shelf::file_for(case.shelf.pages(), "README.md"), "WHAT WAS CHANGED"),
        _ => (Shelf::file_for(case.shelf.notices(), "NOTICE"), "fine-tuned by WHOM, WHEN"),
    };
    let remedy = format!("add to {file}:\nThis is a modified version of {}: {done}.", case.owed.id);
    // What is said in other words is not seen.
    State::missing(Rule::UnmarkedModification, what, remedy).doubtful()
}

fn said(case: &Case) -> Option<(Whereabouts, String)> {
    let names = names_of(case);
    let speaks_of_base = |text: &str| {
        let text = squashed(text);
        names.iter().any(|name| text.contains(name.as_str()))
    };
    for leaf in case.shelf.own_words() {
        let found = paragraphs(leaf.text).find(|(_, block)| speaks_of_base(block) && speaks_of_change(block));
        if let Some((line, block)) = found {
            let words = if block.starts_with("---") {
                "its front matter names the base and the relation".into()
            } else {
                quoted(&block)
            };
            return Some((Whereabouts { path: leaf.path.to_owned(), line: Some(line) }, words));
        }
    }
    // A card that names the base in its front matter speaks of it throughout.
    let card = case.facts.documents.card_for(&case.debtor.model.path)?;
    if !card.base_models.iter().any(|claim| speaks_of_base(&claim.value)) {
        return None;
    }
    let (line, block) =
        paragraphs(&card.text).find(|(_, block)| !block.starts_with("---") && speaks_of_change(block))?;
    Some((Whereabouts { path: card.path.clone(), line: Some(line) }, quoted(&block)))
}

fn speaks_of_change(text: &str) -> bool {
    let text = normalize(text);
    CHANGED.iter().any(|word| {
        text.match_indices(word)
            .any(|(at, _)| text.get(..at).and_then(|before| before.chars().last()).is_none_or(|c| !c.is_alphanumeric()))
    })
}

#[cfg(test)]
mod tests {
    use super::speaks_of_change;

    #[test]
    fn words_of_change_are_told_from_others() {
        assert!(speaks_of_change("Orca is a fine-tuned Tern.") && speaks_of_change("Quantized with llama.cpp"));
        assert!(!speaks_of_change("A language model for prose.") && !speaks_of_change("exchange rates"));
    }
}
