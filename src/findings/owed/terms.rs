// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The release's own license against what the base's license allows it to be.

use crate::findings::declared::DeclaredRelation;
use crate::findings::facts::Facts;
use crate::findings::finding::Rule;
use crate::licenses::{Expression, LicenseData, lookup, normalize, same_license, text};

use super::case::Case;
use super::ledger::Whereabouts;
use super::shelf::{Leaf, Shelf, paragraphs, quoted, squashed};
use super::state::State;

/// The license under which the release is published: an expression, and who says so.
pub(crate) struct Own<'a> {
    pub(crate) expression: &'a str,
    pub(crate) place: Whereabouts,
}

impl<'a> Own<'a> {
    /// What policy.toml says of the release; else what the model's card says.
    pub(crate) fn of(facts: &Facts<'a>, model: &str) -> Option<Self> {
        if let Some(expression) = facts.declared.release.license.as_deref() {
            return Some(Self { expression, place: Whereabouts { path: "policy.toml".into(), line: None } });
        }
        let card = facts.documents.card_for(model)?;
        let claim = card.license_id()?;
        Some(Self { expression: &claim.value, place: Whereabouts { path: card.path.clone(), line: Some(claim.line) } })
    }

    /// Whether every alternative has an operand of which this holds: whoever receives it may choose one.
    pub(super) fn each(&self, holds: impl Fn(&str) -> bool) -> bool {
        match Expression::parse(self.expression) {
            Ok(expression) => expression.always(&|term| holds(&term.id)),
            Err(_) => holds(self.expression),
        }
    }

    /// Every license that it names.
    fn operands(&self) -> Vec<String> {
        match Expression::parse(self.expression) {
            Ok(expression) => expression.terms().into_iter().map(|term| term.id.clone()).collect(),
            Err(_) => vec![self.expression.to_owned()],
        }
    }

    /// Whether this license is part of every alternative.
    pub(super) fn includes(&self, license: &LicenseData) -> bool {
        same_license(self.expression, &license.id) || self.each(|operand| same_license(operand, &license.id))
    }
}

/// What is known of a license by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grant {
    /// Any use, by anybody.
    Free,
    /// Some uses are excluded, commercial ones are not.
    Restricted,
    /// Commercial use is not granted.
    NonCommercial,
    Unknown,
}

fn grant(id: &str) -> Grant {
    if let Some(license) = lookup(id) {
        return match (license.non_commercial, license.use_restrictions.kind.as_str()) {
            (true, _) => Grant::NonCommercial,
            (false, "none") => Grant::Free,
            (false, _) => Grant::Restricted,
        };
    }
    match spdx::license_id(id) {
        Some(known) if known.name.contains("-NC-") || known.name.contains("-NC") => Grant::NonCommercial,
        Some(known) if known.is_osi_approved() || known.is_fsf_free_libre() => Grant::Free,
        _ => Grant::Unknown,
    }
}

/// The same terms for the derivative.
pub(super) fn same(case: &Case) -> State {
    let license = case.license;
    let Some(own) = Own::of(case.facts, &case.debtor.model.path) else {
        return undeclared(case, Rule::LicenseConflict);
    };
    let also = |operand: &str| license.same_terms_also.iter().any(|other| other.eq_ignore_ascii_case(operand));
    if own.includes(license) || own.each(also) {
        return State::met(Some(own.place), format!("the release is under {}", own.expression));
    }
    let what = format!("the release is under {}", own.expression);
    let remedy = format!(
        "release under the same terms: license = \"{}\" under [release] in policy.toml, and in the card and LICENSE",
        license.spdx
    );
    State::missing(Rule::LicenseConflict, what, remedy).at(&own.place.path, own.place.line)
}

/// No commercial use.
pub(super) fn non_commercial(case: &Case) -> State {
    let license = case.license;
    let Some(own) = Own::of(case.facts, &case.debtor.model.path) else {
        return case.attested_or("neither policy.toml nor a card says under which license the release is");
    };
    // Whether the operands of an expression add up is for a person where one of them is not known.
    let commercial = |operand: &str| matches!(grant(operand), Grant::Free | Grant::Restricted);
    if own.includes(license) || own.each(|operand| grant(operand) == Grant::NonCommercial) {
        return State::met(
            Some(own.place),
            format!("the release is under {}, which grants no commercial use either", own.expression),
        );
    }
    if !own.operands().iter().all(|operand| commercial(operand)) {
        return case.attested_or(&format!("whether {} grants commercial use is not known", own.expression));
    }
    let what = format!("the release is under {}, which grants commercial use", own.expression);
    let remedy = format!(
        "release under terms without commercial use (license = \"{}\" under [release] in policy.toml, and in the card and LICENSE), or get a \
         commercial license for {}",
        license.spdx, case.owed.id
    );
    State::never(Rule::LicenseConflict, what, remedy).at(&own.place.path, own.place.line)
}

/// Changed material may not be shared at all.
pub(super) fn no_derivatives(case: &Case) -> State {
    if case.debtor.copy {
        return State::met(None, "the weights are the base's own, unchanged");
    }
    let what = "the model is one that was changed";
    let remedy = format!("do not publish it, or get permission of the licensor of {}", case.owed.id);
    let state = State::never(Rule::UnsatisfiableObligations, what, remedy);
    // Another format alone is no adaptation: CC-BY-ND §2(a)(4).
    if case.debtor.relation == Some(DeclaredRelation::Quantized) { state.doubtful() } else { state }
}

/// The base's restrictions on use are part of the release's own terms.
pub(super) fn pass_through(case: &Case) -> State {
    let license = case.license;
    let own = Own::of(case.facts, &case.debtor.model.path);
    if let Some(own) = own.as_ref().filter(|own| own.includes(license)) {
        return State::met(Some(own.place.clone()), format!("the release is under {}", own.expression));
    }
    if let Some((place, words)) = binds(license, case.shelf.licenses(), true) {
        return State::met(Some(place), words);
    }
    let Some(own) = own else { return undeclared(case, Rule::RestrictionsNotPassedOn) };
    let reference = &license.use_restrictions.reference;
    let what = format!(
        "the release is under {}, and no license file of its own takes over the restrictions ({reference})",
        own.expression
    );
    let file = Shelf::file_for(case.shelf.licenses().filter(|leaf| !leaf.path.contains('/')), "LICENSE");
    let remedy = format!(
        "set license = \"{} AND {}\" under [release] in policy.toml, name it in the card, and add to {file}:\n{}",
        own.expression,
        license.spdx,
        sentence(case)
    );
    let state = State::missing(Rule::RestrictionsNotPassedOn, what, remedy).at(&own.place.path, own.place.line);
    // A license of unknown terms may hold them in words of its own.
    if own.each(|operand| grant(operand) == Grant::Free) { state } else { state.doubtful() }
}

/// Recipients are told of the restrictions.
pub(super) fn downstream(case: &Case) -> State {
    let license = case.license;
    let card = case.facts.documents.card_for(&case.debtor.model.path);
    let claim = card.and_then(|card| Some((card, card.license_id()?)));
    if let Some((card, claim)) = claim.filter(|(_, claim)| same_license(&claim.value, &license.id)) {
        let place = Whereabouts { path: card.path.clone(), line: Some(claim.line) };
        return State::met(Some(place), format!("the card says license {}", claim.value));
    }
    let told = binds(license, case.shelf.own_words(), false).or_else(|| binds(license, case.shelf.licenses(), true));
    if let Some((place, words)) = told {
        return State::met(Some(place), words);
    }
    let what = "no notice, card or README beside the weights or above them says so";
    let file = Shelf::file_for(case.shelf.notices(), "NOTICE");
    State::missing(Rule::RestrictionsNotPassedOn, what, format!("add to {file}:\n{}", sentence(case))).doubtful()
}

fn sentence(case: &Case) -> String {
    let (title, reference) = (case.license.title(), &case.license.use_restrictions.reference);
    format!(
        "Use of this model and of its derivatives is subject to the use restrictions of the {title} ({reference}), which bind every recipient."
    )
}

/// A passage that names the license, or where its restrictions are, and says that it binds. With `not_its_own`, what
/// is in the license's text does not count: in a license file it stands there as a copy.
fn binds<'a>(
    license: &LicenseData,
    leaves: impl Iterator<Item = Leaf<'a>>,
    not_its_own: bool,
) -> Option<(Whereabouts, String)> {
    const BINDING: [&str; 9] = [
        "subject to",
        "must comply",
        "bound by",
        "bind",
        "may not be used",
        "shall not",
        "must not",
        "restrict",
        "governed by",
    ];
    let own = text(&license.id).filter(|_| not_its_own).map(normalize).unwrap_or_default();
    let reference = &license.use_restrictions.reference;
    let mut names: Vec<String> = license.names.iter().map(|name| squashed(name)).collect();
    names.extend(reference.starts_with("https://").then(|| squashed(reference.trim_start_matches("https://"))));
    let mut leaves = leaves;
    leaves.find_map(|leaf| {
        paragraphs(leaf.text).find_map(|(line, block)| {
            let plain = normalize(&block);
            let squashed = squashed(&block);
            let named = names.iter().any(|name| squashed.contains(name.as_str()));
            let holds = named && BINDING.iter().any(|word| plain.contains(word)) && !own.contains(&plain);
            holds.then(|| (Whereabouts { path: leaf.path.to_owned(), line: Some(line) }, quoted(&block)))
        })
    })
}

fn undeclared(case: &Case, rule: Rule) -> State {
    let what = "neither policy.toml nor a card says under which license the release is";
    let remedy = format!("set under [release] in policy.toml:\nlicense = \"{}\"", case.license.spdx);
    State::missing(rule, what, remedy).doubtful().at("policy.toml", None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(expression: &str) -> Own<'_> {
        Own { expression, place: Whereabouts { path: "policy.toml".into(), line: None } }
    }

    #[test]
    fn every_alternative_must_include_a_license_and_one_operand_is_enough() {
        #![expect(clippy::unwrap_used, reason = "tests")]
        let gemma = lookup("gemma").unwrap();
        assert!(own("gemma").includes(gemma) && own("Apache-2.0 AND gemma").includes(gemma));
        assert!(own("gemma AND (MIT OR ISC)").includes(gemma) && own("Gemma Terms of Use").includes(gemma));
        assert!(!own("Apache-2.0 OR gemma").includes(gemma) && !own("MIT").includes(gemma) && !own("").includes(gemma));
    }

    #[test]
    fn what_a_license_grants_is_known_or_said_not_to_be() {
        assert_eq!((grant("Apache-2.0"), grant("GPL-3.0-only")), (Grant::Free, Grant::Free));
        assert_eq!((grant("cc-by-nc-4.0"), grant("CC-BY-NC-3.0")), (Grant::NonCommercial, Grant::NonCommercial));
        assert_eq!((grant("llama3.1"), grant("LicenseRef-acme")), (Grant::Restricted, Grant::Unknown));
    }
}
