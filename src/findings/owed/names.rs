// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What a license says of the derivative's name.

use crate::findings::declared::DeclaredRelation;
use crate::findings::finding::Rule;

use super::case::Case;
use super::ledger::Whereabouts;
use super::shelf::squashed;
use super::state::State;

/// The name must begin with a word.
pub(super) fn prefix(case: &Case) -> State {
    let wanted = &case.license.naming_rule.value;
    if case.debtor.copy {
        return State::met(None, "the weights are the base's own: no model was made from it");
    }
    let Some((name, place)) = release_name(case) else {
        return unnamed(&format!("begins with {wanted}"));
    };
    if begins(name, wanted) {
        return State::met(Some(place), format!("the release is named {name}"));
    }
    let what = format!("the release is named {name}");
    let full = case.facts.declared.release.name.as_deref().unwrap_or(name);
    let renamed = full.strip_suffix(name).unwrap_or_default();
    let remedy = format!(
        "give the release another name wherever it is published, and set under [release] in policy.toml:\nname = \"{renamed}{}-{name}\"",
        wanted.replace(' ', "-")
    );
    let state = State::missing(Rule::NameRule, what, remedy).at(&place.path, None);
    // Whether a copy in fewer bits is a model made from the base is arguable.
    if case.debtor.relation == Some(DeclaredRelation::Quantized) { state.doubtful() } else { state }
}

/// The name must not be this word's own.
pub(super) fn forbidden(case: &Case) -> State {
    let unwanted = &case.license.naming_rule.value;
    let Some((name, place)) = release_name(case) else {
        return unnamed(&format!("does not have {unwanted} as its primary part"));
    };
    if !begins(name, unwanted) {
        return State::met(Some(place), format!("the release is named {name}"));
    }
    let remedy = format!(
        "give the release a name that does not begin with {unwanted}, wherever it is published, and set it under [release] in policy.toml"
    );
    State::missing(Rule::NameRule, format!("the release is named {name}"), remedy).at(&place.path, None)
}

fn unnamed(wanted: &str) -> State {
    let what = format!("policy.toml does not say what the release is named, so whether it {wanted} is not known");
    let remedy = "set under [release] in policy.toml:\nname = \"ORGANIZATION/NAME\"";
    State::missing(Rule::NameRule, what, remedy).doubtful().at("policy.toml", None)
}

/// The last part of the release's name.
fn release_name<'a>(case: &Case<'a, '_>) -> Option<(&'a str, Whereabouts)> {
    let name = case.facts.declared.release.name.as_deref()?;
    let place = Whereabouts { path: "policy.toml".into(), line: None };
    name.trim().rsplit('/').next().map(|name| (name, place))
}

/// Whether a name begins with a word, whatever stands between its letters: `Llama-3-Orca` begins with `Llama 3`, and
/// `Llama-30B` does not.
pub(super) fn begins(name: &str, word: &str) -> bool {
    let (name, word) = (squashed(name), squashed(word));
    let digit = |character: Option<char>| character.is_some_and(|character| character.is_ascii_digit());
    name.strip_prefix(&word).is_some_and(|rest| !(digit(word.chars().last()) && digit(rest.chars().next())))
}

#[cfg(test)]
mod tests {
    use super::begins;

    #[test]
    fn a_name_begins_with_a_word_in_any_spelling() {
        assert!(begins("Llama-3-Orca", "Llama 3") && begins("llama3.orca", "Llama 3") && begins("Llama", "Llama"));
        assert!(begins("HyperCLOVAX-Orca", "HyperCLOVA X"));
        assert!(!begins("Orca-Llama", "Llama") && !begins("Llama-30B", "Llama 3") && !begins("", "Llama"));
    }
}
