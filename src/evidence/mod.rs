// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! fingerprint × base → numbers, each beside its null. No opinions beyond the relation's name.
//!
//! In: two fingerprints. Out: a [`Comparison`]. One file or folder a mechanism: exact digests and row hashes (`exact`),
//! aligned samples (`aligned`), needles in place (`needle`) and searched for (`needle_search`), Gram matrices of
//! feed-forward neurons (`gram`), attention circuits (`circuit`). `candidates` leaves out the bases of
//! a large registry that are not worth the tests. `context` holds the statistics that may warn and never
//! decide; `relation` names what the numbers amount to, `structure` which part goes back to which.

mod aligned;
mod assignment;
mod blocks;
pub mod candidates;
mod circuit;
mod compare;
mod comparison;
mod context;
mod describe;
mod exact;
mod gaussian;
mod gram;
mod matches;
mod mechanisms;
mod merge;
mod needle;
mod needle_search;
mod order;
mod relation;
mod search;
mod spread;
mod structure;
mod tails;
mod tier;

pub use circuit::{CircuitMatch, CircuitTest, LayerMatch, circuit};
pub use compare::{compare, compare_uncorrected};
pub use comparison::{
    Comparison, ConfigContext, Context, Evidence, GainContext, LayerEffect, MergeShare, Relation, ResponseContext,
    SigmaContext, SigmaCurve,
};
pub use gram::{GramCell, GramTest, gram};
pub use needle_search::{Heat, NeedleEvidence, NeedleSearch, needle_search};
pub use search::search;
pub use structure::{ExpertOrigin, HeatMap, NeuronMap, Structure};
pub use tier::Tier;
