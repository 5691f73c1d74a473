// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The public page of every rule: a [`Rule`] in, Markdown out. `docs/rules/` holds the same text, which a test asserts.

use super::finding::{Level, Rule};
use super::{
    card_mismatch, checkpoint_outside_lfs, contradicted_declaration, foreign_copyright_undeclared, foreign_identifier,
    from_scratch_contradicted, hook_bypassed, license_conflict, missing_attribution, missing_display_text,
    missing_header, missing_license_text, missing_notice, name_rule, notice_removed, restrictions_not_passed_on,
    stripped_header, unattested_obligation, undeclared_code_origin, undeclared_lineage, undeclared_teacher,
    undeclared_tokenizer_origin, unmarked_modification, unreadable, unsatisfiable_obligations, unsupported_declaration,
    wrong_notice_text,
};

/// What a rule says of itself.
pub(super) struct Page {
    pub(super) what: &'static str,
    pub(super) why: &'static str,
    pub(super) example: &'static str,
    pub(super) fix: &'static str,
    /// Clauses of licenses behind the rule; empty if there are none.
    pub(super) clauses: &'static str,
}

/// Returns the page of a rule, as Markdown.
pub fn page(rule: Rule) -> String {
    let Page { what, why, example, fix, clauses } = content(rule);
    let level = match rule.default_level() {
        Level::Deny => "deny: blocks the release",
        Level::Warn => "warn: said, does not block",
        Level::Note => "note: said, and of no consequence",
    };
    let clauses = if clauses.is_empty() {
        String::new()
    } else {
        format!(
            "## Clauses behind it\n\n{clauses} The finding cites the clause of the license at hand. Not legal advice.\n\n"
        )
    };
    let (id, summary, waive) = (rule.id(), rule.summary(), waive(rule));
    format!(
        "# {id}\n\n{summary}\n\nDefault level: {level}.\n\n## What it checks\n\n{what}\n\n## Why it matters\n\n{why}\n\n\
         {clauses}## Example\n\n```text\n{example}\n```\n\n## How to fix it\n\n{fix}\n\n## How to waive it\n\n{waive}\n"
    )
}

fn waive(rule: Rule) -> String {
    if matches!(rule, Rule::PolicyWeakened | Rule::ExpiredWaiver | Rule::UnusedWaiver) {
        return "This rule watches the policy itself and cannot be waived; its level can be set in `[rules]` or on the command line."
            .into();
    }
    format!(
        "For one model and for a time, in `policy.toml`:\n\n```toml\n[[waiver]]\nrule = \"{}\"\nmodel = \"sha256:...\"    # \
         the content id that the finding prints; leave it out to cover every model\nowner = \"release-team@acme.example\"\n\
         reason = \"research-only branch, not distributed\"\nexpires = 2026-12-31\n```\n\nAn expired or unused waiver is itself a \
         finding. To change the rule's level for the whole repository, set it under `[rules]`.",
        rule.id()
    )
}

fn content(rule: Rule) -> Page {
    match rule {
        Rule::UndeclaredLineage => undeclared_lineage::PAGE,
        Rule::ContradictedDeclaration => contradicted_declaration::PAGE,
        Rule::UnsupportedDeclaration => unsupported_declaration::PAGE,
        Rule::FromScratchContradicted => from_scratch_contradicted::PAGE,
        Rule::CardMismatch => card_mismatch::PAGE,
        Rule::UndeclaredTeacher => undeclared_teacher::PAGE,
        Rule::UndeclaredTokenizerOrigin => undeclared_tokenizer_origin::PAGE,
        Rule::MissingLicenseText => missing_license_text::PAGE,
        Rule::MissingNotice => missing_notice::PAGE,
        Rule::WrongNoticeText => wrong_notice_text::PAGE,
        Rule::MissingAttribution => missing_attribution::PAGE,
        Rule::MissingDisplayText => missing_display_text::PAGE,
        Rule::NameRule => name_rule::PAGE,
        Rule::RestrictionsNotPassedOn => restrictions_not_passed_on::PAGE,
        Rule::LicenseConflict => license_conflict::PAGE,
        Rule::UnsatisfiableObligations => unsatisfiable_obligations::PAGE,
        Rule::UnattestedObligation => unattested_obligation::PAGE,
        Rule::UnmarkedModification => unmarked_modification::PAGE,
        Rule::NoticeRemoved => notice_removed::PAGE,
        Rule::MissingHeader => missing_header::PAGE,
        Rule::StrippedHeader => stripped_header::PAGE,
        Rule::ForeignCopyrightUndeclared => foreign_copyright_undeclared::PAGE,
        Rule::UndeclaredCodeOrigin => undeclared_code_origin::PAGE,
        Rule::ForeignIdentifier => foreign_identifier::PAGE,
        Rule::UnverifiableArtifact => unreadable::UNVERIFIABLE,
        Rule::MissingLfsObject => unreadable::MISSING_LFS,
        Rule::UnsafePickle => unreadable::UNSAFE_PICKLE,
        Rule::CheckpointOutsideLfs => checkpoint_outside_lfs::PAGE,
        Rule::HookBypassed => hook_bypassed::PAGE,
        Rule::ExpiredWaiver => EXPIRED_WAIVER,
        Rule::UnusedWaiver => UNUSED_WAIVER,
        Rule::PolicyWeakened => POLICY_WEAKENED,
    }
}

const EXPIRED_WAIVER: Page = Page {
    what: "Fires for every `[[waiver]]` whose `expires` date has passed. The waiver no longer applies; what it covered is found again.",
    why: "A waiver is a promise to settle something by a date. Without the date it is a hole.",
    example: "error[expired-waiver]: the waiver of undeclared-lineage by release-team@acme.example expired on 2026-12-31",
    fix: "Settle what was waived and remove the entry, or have its owner give it a new date.",
    clauses: "",
};

const UNUSED_WAIVER: Page = Page {
    what: "Fires for every `[[waiver]]` in force that covers no finding of this run: its rule did not fire, or for another model or base.",
    why: "Waivers that cover nothing today may cover something tomorrow that nobody meant to waive.",
    example: "warning[unused-waiver]: the waiver of missing-notice by release-team@acme.example matches nothing",
    fix: "Remove the entry. If the model changed, its content id changed with it: look again before waiving the new one.",
    clauses: "",
};

const POLICY_WEAKENED: Page = Page {
    what: "On a push, the policy that counts is that of the remote's tip. Fires when the pushed policy.toml is weaker: a rule's level \
           lowered, a waiver added or extended, a release branch or tag pattern removed, a registry path removed or signatures no \
           longer required, or the file removed. The weaker setting does not apply to this push.",
    why: "Whoever pushes a model must not be able to switch off, in the same push, the check of that model.",
    example: "error[policy-weakened]: policy.toml lowers undeclared-lineage from deny to warn",
    fix: "Have the change reviewed and merged on its own where the repository is reviewed, by someone who may; from then on the new \
          policy counts. Where nobody but the hook stands between a clone and the branch, `git push --no-verify` is the deliberate \
          way, and the check in CI tells of it.",
    clauses: "",
};

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::{env, fs};

    use super::*;

    /// `FOREBEAR_BLESS=1 cargo nextest run pages` rewrites the files.
    #[test]
    fn the_pages_in_docs_are_those_of_the_rules() -> Result<(), std::io::Error> {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/rules");
        let bless = env::var_os("FOREBEAR_BLESS").is_some();
        for rule in Rule::ALL {
            let path = folder.join(format!("{}.md", rule.id()));
            if bless {
                fs::create_dir_all(&folder)?;
                fs::write(&path, page(*rule))?;
            }
            let stored = fs::read_to_string(&path).unwrap_or_default();
            assert!(stored == page(*rule), "{} differs; run FOREBEAR_BLESS=1 cargo nextest run pages", path.display());
        }
        assert_eq!(fs::read_dir(&folder)?.count(), Rule::ALL.len(), "a page without a rule");
        Ok(())
    }

    #[test]
    fn every_page_has_every_section_and_ids_are_unique() {
        let mut ids: Vec<&str> = Rule::ALL.iter().map(|rule| rule.id()).collect();
        for rule in Rule::ALL {
            let text = page(*rule);
            for section in ["What it checks", "Why it matters", "Example", "How to fix it", "How to waive it"] {
                assert!(text.contains(&format!("## {section}\n")), "{}: {section}", rule.id());
            }
            assert!(text.contains(&format!("[{}]", rule.id())), "{}: the example shows the rule", rule.id());
            assert_eq!(Rule::from_id(rule.id()), Some(*rule));
        }
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), Rule::ALL.len());
    }
}
