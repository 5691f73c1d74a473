// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Evidence and obligations → findings.
//!
//! One rule a file: what it says of itself ([`pages`]) and its check. In: [`Facts`], and the [`Ledger`] of what is owed
//! to licenses, which is drawn from them once. Out: [`Finding`]s at their rules' default levels; policy decides the rest. A finding is about the user's model; an error is about us
//! failing to look. The three rules about the policy itself are checked in `policy`.

mod card_mismatch;
mod checkpoint_outside_lfs;
mod claimed;
mod contradicted_declaration;
mod declared;
mod facts;
mod finding;
mod foreign_copyright_undeclared;
mod foreign_identifier;
mod from_scratch_contradicted;
mod hook_bypassed;
mod joined;
mod license_conflict;
mod licenses_said;
mod lineage;
mod missing_attribution;
mod missing_display_text;
mod missing_header;
mod missing_license_text;
mod missing_notice;
mod name_rule;
mod notice_removed;
mod origins;
mod owed;
mod own;
pub mod pages;
mod restrictions_not_passed_on;
mod stated;
mod stripped_header;
mod unattested_obligation;
mod undeclared_code_origin;
mod undeclared_lineage;
mod undeclared_teacher;
mod undeclared_tokenizer_origin;
mod unmarked_modification;
mod unreadable;
mod unsatisfiable_obligations;
mod unsupported_declaration;
mod wrong_notice_text;

#[cfg(test)]
pub(crate) mod samples;

pub use declared::{Declarations, DeclaredBase, DeclaredModel, DeclaredRelation, Origin, Release};
pub use facts::{
    BaseFacts, Facts, FormerText, ModelFacts, SourceFacts, TokenizerFacts, TokenizerOrigin, UnverifiableFacts,
    UnverifiableKind, all,
};
pub use finding::{Finding, Level, Rule};
pub(crate) use hook_bypassed::finding as hook_bypassed;
pub use joined::{Related, join};
pub(crate) use lineage::{proposed, quoted, same_base, snippet};
pub(crate) use missing_header::silent as silent_sources;
pub use owed::{Debt, Gap, Ledger, Obligation, ObligationState, Whereabouts};
pub use pages::page;
