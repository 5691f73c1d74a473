// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A model card that says less than policy.toml, or another license or relation, made to agree with it.
//!
//! policy.toml is what the owner declared and what the weights were checked against, so it is believed; a base that only
//! the card names is not taken away.

use crate::documents::Card;
use crate::findings::{DeclaredModel, Finding, Rule, same_base};
use crate::licenses::{LicenseData, lookup, same_license};

use super::front;
use super::plan::Round;

/// Values of `license` that the Hugging Face Hub knows, among those in the license data; others are `license_name`.
const HUB: [&str; 25] = [
    "apache-2.0",
    "apple-amlr",
    "bigcode-openrail-m",
    "bigscience-bloom-rail-1.0",
    "bigscience-openrail-m",
    "bsd-2-clause",
    "bsd-3-clause",
    "cc-by-4.0",
    "cc-by-nc-4.0",
    "cc-by-nc-nd-4.0",
    "cc-by-nc-sa-4.0",
    "cc-by-sa-4.0",
    "creativeml-openrail-m",
    "fair-noncommercial-research-license",
    "gemma",
    "isc",
    "llama2",
    "llama3",
    "llama3.1",
    "llama3.2",
    "llama3.3",
    "llama4",
    "mit",
    "openrail",
    "openrail++",
];

const BY_HAND: &str = "its front matter is written in a way that is not edited";

/// Makes the card of a finding agree with policy.toml.
pub(super) fn agree(round: &mut Round<'_, '_>, finding: &Finding) -> Result<(), String> {
    let either = || "the card and policy.toml disagree; which is right, only you can say".to_owned();
    let facts = round.facts;
    let path = finding.path.as_deref().ok_or_else(either)?;
    if !facts.documents.cards.iter().any(|card| card.path == path) {
        return Err(either());
    }
    let mut text = round.working.text(path)?.ok_or_else(either)?;
    let mut card = read(path, &text)?;
    let of_card = |model: &str| facts.documents.card_for(model).is_some_and(|card| card.path == path);
    let models = facts.models.iter().filter(|model| of_card(&model.path));
    let entries: Vec<&DeclaredModel> = models.filter_map(|model| facts.declared.model_for(&model.path)).collect();
    for entry in &entries {
        let declared = |claim: &str| entry.bases.iter().any(|base| same_base(facts, &base.id, claim));
        if let Some(claim) = card.base_models.iter().find(|claim| !declared(&claim.value)) {
            return Err(format!(
                "the card names {}, and policy.toml does not; which is right, only you can say",
                claim.value
            ));
        }
    }
    for entry in entries {
        text = lineage(round, &card, entry, text)?;
        card = read(path, &text)?;
    }
    if let Some(release) = &facts.declared.release.license
        && let Some(claim) = card.license_id().filter(|claim| !same_license(&claim.value, release))
    {
        let open = |other: &Finding| matches!(other.rule, Rule::LicenseConflict | Rule::RestrictionsNotPassedOn);
        if round.findings.iter().any(open) {
            return Err(format!(
                "the card says {} and policy.toml {release}; first settle which terms the bases allow",
                claim.value
            ));
        }
        text = license(&text, release)?;
        let now = read(path, &text)?;
        now.license_id().filter(|claim| same_license(&claim.value, release)).ok_or(BY_HAND)?;
    }
    round.working.set(path, text, Rule::CardMismatch)
}

fn read(path: &str, text: &str) -> Result<Card, String> {
    Card::parse(path, text.to_owned()).ok().flatten().ok_or_else(|| BY_HAND.to_owned())
}

/// Bases and relation of one entry, in the card.
fn lineage(round: &Round<'_, '_>, card: &Card, entry: &DeclaredModel, text: String) -> Result<String, String> {
    let lineage: Vec<_> = entry.bases.iter().filter(|base| base.relation.is_weight_lineage()).collect();
    let named = |id: &str| card.base_models.iter().any(|claim| same_base(round.facts, id, &claim.value));
    let missing: Vec<&str> = lineage.iter().map(|base| base.id.as_str()).filter(|id| !named(id)).collect();
    let mut after = text;
    if !missing.is_empty() {
        let last = card.base_models.last().map(|claim| (claim.line as usize).saturating_sub(1));
        after = front::extend(&after, "base_model", &missing, last).ok_or(BY_HAND)?;
        let now = read(&card.path, &after)?;
        let wanted: Vec<&str> =
            card.base_models.iter().map(|claim| claim.value.as_str()).chain(missing.iter().copied()).collect();
        if !now.base_models.iter().map(|claim| claim.value.as_str()).eq(wanted) {
            return Err(BY_HAND.to_owned());
        }
    }
    let Some(first) = lineage.first() else { return Ok(after) };
    let agrees = |value: &str| {
        lineage.iter().any(|base| {
            value.eq_ignore_ascii_case(base.relation.card_name()) || value.eq_ignore_ascii_case(base.relation.name())
        })
    };
    let wrong = card.relation.as_ref().is_some_and(|claim| !agrees(&claim.value));
    // A card that gets its first base gets the relation with it.
    let new = card.relation.is_none() && card.base_models.is_empty() && !missing.is_empty();
    if wrong || new {
        after = front::set(&after, "base_model_relation", first.relation.card_name()).ok_or(BY_HAND)?;
        let now = read(&card.path, &after)?;
        now.relation.filter(|claim| agrees(&claim.value)).ok_or(BY_HAND)?;
    }
    Ok(after)
}

/// The release's license, in the words of the Hub.
fn license(text: &str, release: &str) -> Result<String, String> {
    let known = lookup(release);
    let hub = known.and_then(|license| license.hf_ids.iter().find(|id| HUB.contains(&id.as_str())));
    let edited = if let Some(id) = hub {
        front::set(text, "license", id)
            .and_then(|text| front::remove(&text, "license_name"))
            .and_then(|text| front::remove(&text, "license_link"))
    } else {
        let link = known.and_then(LicenseData::address).unwrap_or("LICENSE");
        front::set(text, "license", "other")
            .and_then(|text| front::set(&text, "license_name", release))
            .and_then(|text| front::set(&text, "license_link", link))
    };
    edited.ok_or_else(|| BY_HAND.to_owned())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::licenses::all;

    #[test]
    fn every_value_of_the_hub_is_in_the_license_data() {
        for id in HUB {
            assert!(all().iter().any(|license| license.hf_ids.iter().any(|other| other == id)) || id == "isc", "{id}");
        }
    }

    #[test]
    fn a_license_is_named_as_the_hub_names_it() {
        let card = "---\nlicense: other # ours\nlicense_name: qwen\nlicense_link: LICENSE\n---\n";
        assert_eq!(license(card, "Apache-2.0").unwrap(), "---\nlicense: apache-2.0 # ours\n---\n");
        let after = license("---\nlicense: mit\n---\n", "qwen").unwrap();
        assert_eq!(read("README.md", &after).unwrap().license_id().unwrap().value, "qwen");
        assert!(after.contains("license: other\nlicense_name: qwen\nlicense_link: "), "{after}");
    }
}
