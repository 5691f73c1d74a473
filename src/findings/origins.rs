// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Whether anybody says where code comes from: declarations, cards, notices, headers and comments.
//!
//! In: facts, and a family. Out: yes or no. The two rules about code are silent where it is said anywhere.

use crate::code::{Candidate, Family, Headers, families_named, names};

use super::facts::{Facts, SourceFacts};

/// Every id by which the owner says what the release is or descends from.
pub(super) fn told_ids<'a>(facts: &Facts<'a>) -> Vec<&'a str> {
    let declared = facts.declared.models.iter().flat_map(|model| &model.bases).map(|base| base.id.as_str());
    let known = declared.clone().filter_map(|id| facts.bases.get(id)).flat_map(|base| {
        let others = base.aliases.iter().chain(&base.ancestors);
        others.map(String::as_str).chain(base.source.as_deref())
    });
    let carded = facts.documents.cards.iter().flat_map(|card| &card.base_models).map(|claim| claim.value.as_str());
    facts.declared.release.name.as_deref().into_iter().chain(declared).chain(known).chain(carded).collect()
}

/// Whether a family is among what the owner tells.
pub(super) fn is_told(facts: &Facts, family: &Family) -> bool {
    told_ids(facts).iter().any(|id| family.is_named_in(id))
        || facts.documents.notices.iter().any(|notice| family.is_named_in(&notice.text))
}

/// Whether the source file, a notice, or a declaration says that its code is the candidate's.
pub(super) fn is_credited(facts: &Facts, source: &SourceFacts, candidate: &Candidate) -> bool {
    let origin = &candidate.origin;
    let kept = !origin.copyright.is_empty()
        && source.headers.lost_from(&Headers::from_lines([origin.copyright.as_str()])).is_empty();
    if kept {
        return true;
    }
    let package = origin.id.split('/').next().unwrap_or_default();
    let mut words = vec![candidate.family.as_str(), package];
    if package == "transformers" {
        words.extend(["huggingface", "hugging face"]);
    }
    let said = |text: &str| {
        words.iter().any(|word| names(text, word))
            || families_named(&candidate.family).iter().any(|f| f.is_named_in(text))
    };
    let copyright = source.headers.copyright.iter().map(|(_, line)| line.as_str());
    copyright.chain(source.credits.iter().map(String::as_str)).any(said)
        || told_ids(facts).into_iter().any(said)
        || facts.documents.notices.iter().any(|notice| said(&notice.text))
}
