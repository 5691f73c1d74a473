// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What the owner decided; findings → verdict.
//!
//! In: `policy.toml`, of the base side and of the push. Out: declarations for the rules, and for their findings
//! the levels, the waivers and the verdict. The rules about the policy itself are here.

mod attested;
mod baseline;
mod effective;
mod file;
mod model;
mod template;
mod verdict;
mod waivers;

pub use baseline::{Baseline, Known, NamedBaseline, Recorded};
pub use effective::Weakening;
pub use file::PolicyError;
pub use model::{Attest, Policy, Registry, Setting, Waiver};
pub use template::{Seen, SeenModel, init_model, init_policy};
pub use verdict::{Decided, Overrides, Verdict, Waived, apply};

pub use crate::findings::{
    Declarations, DeclaredBase, DeclaredModel as ModelPolicy, DeclaredRelation, Origin, Release,
};
