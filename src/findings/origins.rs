// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Whether anybody says where code comes from: declarations, cards, notices, headers and comments.
//!
//! In: facts, and a family. Out: yes or no. The two rules about code are silent where it is said anywhere.

use crate::code::{Candidate, Family, Folded, Headers, families_named};

use super::facts::{Facts, SourceFacts};

/// What the owner tells of the whole release.
pub(super) struct Told {
    /// Whether anything is declared: with nothing declared, nothing is contradicted.
    pub(super) anything: bool,
    text: Folded,
}

impl Told {
    /// Ids that say what the release is or descends from, and the notices that go with it.
    pub(super) fn of(facts: &Facts) -> Self {
        let declared = facts.declared.models.iter().flat_map(|model| &model.bases).map(|base| base.id.as_str());
        let known = declared.clone().filter_map(|id| facts.bases.get(id)).flat_map(|base| {
            let others = base.aliases.iter().chain(&base.ancestors);
            others.map(String::as_str).chain(base.source.as_deref())
        });
        let carded = facts.documents.cards.iter().flat_map(|card| &card.base_models).map(|claim| claim.value.as_str());
        let name = facts.declared.release.name.as_deref().into_iter();
        let mut said: Vec<&str> = name.chain(declared).chain(known).chain(carded).collect();
        let anything = !said.is_empty();
        said.extend(facts.documents.notices.iter().map(|notice| notice.text.as_str()));
        Self { anything, text: Folded::of(&said.join("\n")) }
    }

    /// Whether a family is among what is told.
    pub(super) fn family(&self, family: &Family) -> bool {
        self.text.tells_family(family)
    }

    /// Whether a word or an id is among what is told.
    pub(super) fn names(&self, word: &str) -> bool {
        self.text.names(word)
    }

    /// Whether the source file, a notice, or a declaration says that its code is the candidate's.
    pub(super) fn credits(&self, source: &SourceFacts, candidate: &Candidate) -> bool {
        credited(&self.text, candidate) || credited_in_file(source, candidate)
    }
}

/// Whether the header or a comment of the source file says that its code is the candidate's.
pub(super) fn credited_in_file(source: &SourceFacts, candidate: &Candidate) -> bool {
    let line = Headers::from_lines([candidate.origin.copyright.as_str()]);
    let kept = !line.is_empty() && source.headers.lost_from(&line).is_empty();
    kept || credited(&in_file(source), candidate)
}

fn credited(text: &Folded, candidate: &Candidate) -> bool {
    let origin = &candidate.origin;
    let package = origin.id.split('/').next().unwrap_or_default();
    let mut words = vec![candidate.family.as_str(), package];
    if package == "transformers" {
        words.extend(["huggingface", "hugging face"]);
    }
    let families = families_named(&candidate.family);
    words.iter().any(|word| text.names(word)) || families.iter().any(|family| text.names_family(family))
}

/// Copyright lines and credits of a source file.
pub(super) fn in_file(source: &SourceFacts) -> Folded {
    let copyright = source.headers.copyright.iter().map(|(_, line)| line.as_str());
    Folded::of(&copyright.chain(source.credits.iter().map(String::as_str)).collect::<Vec<_>>().join("\n"))
}
