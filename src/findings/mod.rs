// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Evidence and obligations → findings.
//!
//! One rule a file: what it says of itself ([`pages`]) and its check. In: [`Facts`]. Out: [`Finding`]s at their
//! rules' default levels; policy decides the rest. A finding is about the user's model; an error is about us
//! failing to look. The three rules about the policy itself are checked in `policy`.

mod card_mismatch;
mod checkpoint_outside_lfs;
mod contradicted_declaration;
mod declared;
mod facts;
mod finding;
mod foreign_identifier;
mod from_scratch_contradicted;
mod lineage;
mod missing_header;
mod missing_license_text;
mod missing_notice;
mod obligations;
mod origins;
pub mod pages;
mod undeclared_code_origin;
mod undeclared_lineage;
mod unreadable;
mod unsupported_declaration;

#[cfg(test)]
mod samples;

pub use declared::{Declarations, DeclaredBase, DeclaredModel, DeclaredRelation, Origin, Release};
pub use facts::{BaseFacts, Facts, ModelFacts, SourceFacts, UnverifiableFacts, UnverifiableKind, all};
pub use finding::{Finding, Level, Rule};
pub use pages::page;
