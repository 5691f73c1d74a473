// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What a person must decide, and why, in one line a rule.

use crate::findings::Rule;
use crate::licenses::ObligationKind;

/// Why findings of this rule are never settled by an edit; `None`: some are.
pub(super) fn why(rule: Rule) -> Option<&'static str> {
    Some(match rule {
        Rule::HookBypassed => "who signs says so: `forebear attest` does it",
        Rule::MissingLicenseText
        | Rule::MissingNotice
        | Rule::WrongNoticeText
        | Rule::MissingAttribution
        | Rule::MissingDisplayText
        | Rule::RestrictionsNotPassedOn
        | Rule::UnmarkedModification
        | Rule::CardMismatch
        | Rule::MissingHeader
        | Rule::StrippedHeader
        | Rule::UndeclaredLineage => return None,
        Rule::ContradictedDeclaration | Rule::UnsupportedDeclaration | Rule::FromScratchContradicted => {
            "what the model was made from, only you can say"
        }
        Rule::NameRule => "a name is yours to choose, and is used where no tool sees it",
        Rule::UndeclaredTeacher => "what the model learned from, only you can say",
        Rule::LicenseConflict => "under which terms the release is, only you can decide",
        Rule::UnsatisfiableObligations => "no edit meets it",
        Rule::UnattestedObligation => "no tool can see whether it is met; somebody must look and say so",
        Rule::NoticeRemoved => "whether what was removed is still owed, only you can say",
        Rule::ForeignCopyrightUndeclared | Rule::UndeclaredCodeOrigin | Rule::ForeignIdentifier => {
            "where the code is from, only you can say"
        }
        Rule::UndeclaredTokenizerOrigin => "where the tokenizer is from, only you can say",
        Rule::UnverifiableArtifact | Rule::MissingLfsObject | Rule::UnsafePickle | Rule::CheckpointOutsideLfs => {
            "checkpoints are not edited"
        }
        Rule::ExpiredWaiver | Rule::UnusedWaiver | Rule::PolicyWeakened => "what the policy allows, its owner decides",
    })
}

/// Why an obligation of this kind is never met by an edit; `None`: it may be.
pub(super) fn why_kind(kind: ObligationKind) -> Option<&'static str> {
    match kind {
        ObligationKind::PassThroughRestrictions => Some("under which terms the release is, only you can decide"),
        ObligationKind::ExplanatoryDocs => Some("what was changed, only you can say"),
        _ => None,
    }
}
