// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Verdict → people and machines.
//!
//! In: a [`Report`], a comparison, or an identification, with every number in it decided. Out: text for one
//! kind of reader, one file a format. Nothing is computed here and nothing is printed: writers are given.

mod block;
mod bom;
mod checklist;
mod compare;
mod error;
mod excerpt;
mod github;
mod gitlab;
mod headline;
mod html;
mod human;
mod identify;
mod json;
mod junit;
mod manner;
mod markdown;
mod markup;
mod mermaid;
mod report;
#[cfg(test)]
mod samples;
mod sarif;
mod summary;
mod svg;
mod text;

pub use bom::{cyclonedx, spdx};
pub use checklist::checklist;
pub use compare::compare;
pub use error::{SourceError, source_error};
pub use github::{github, github_failure, github_log};
pub use gitlab::gitlab;
pub use html::html;
pub use human::{brief, human, human_as};
pub use identify::identify;
pub use json::json;
pub use junit::junit;
pub use manner::{Detail, Manner};
pub use report::{
    CompareReport, FingerprintReport, Glanced, IdentifyReport, JudgedBy, JudgedDigest, Report, ReportedBase,
    ReportedBaseline, ReportedFile, ReportedModel, ReportedReason, ReportedRelease, ReportedWaiver, SCHEMA_VERSION,
    Scope, Stats, Tool, Verdict,
};
pub use sarif::sarif;
pub use summary::{summary, summary_failure};
pub use svg::svg;
pub use text::{Look, bytes, harmless, plural};
