// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! fingerprint × base → numbers, each beside its null. No opinions beyond the relation's name.
//!
//! In: two fingerprints. Out: a [`Comparison`]. One file a mechanism: exact digests and row hashes (`exact`), aligned
//! samples (`aligned`), the identity needle test (`needle`), attention circuits (`circuit`). `context` holds the statistics that may warn and never
//! decide; `relation` names what the numbers amount to.

mod aligned;
mod circuit;
mod compare;
mod comparison;
mod context;
mod exact;
mod gaussian;
mod matches;
mod needle;
mod relation;
mod search;
mod tails;

pub use circuit::{CircuitMatch, CircuitTest, LayerMatch, circuit};
pub use compare::compare;
pub use comparison::{Comparison, ConfigContext, Context, Evidence, GainContext, LayerEffect, Relation, SigmaContext};
pub use search::search;
