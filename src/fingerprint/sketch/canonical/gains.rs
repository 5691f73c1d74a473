// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Gains of norms, folded into the matrices beside them.
//!
//! A block that reads the stream through a norm computes W·(γ∘x̂) = (W·diag γ)·x̂, with x̂ the stream divided by its size:
//! the columns of W take γ. Where what a block writes passes a norm, the columns of the transposed writer take γ, but for
//! the size, one number a token. Where the norm is on the sum (BERT) the stream itself carries γ and nothing is folded.

use super::facts::OnePlus;
use super::source::Source;
use super::stack::{Entry, Slots, Stack};
use crate::fingerprint::record::FingerprintError;
use crate::fingerprint::roles::Role;

/// Reads gains of a stack.
pub(super) struct Gains<'a> {
    source: &'a Source<'a>,
    one_plus: bool,
}

impl<'a> Gains<'a> {
    /// Gains of `stack`.
    pub(super) fn new(source: &'a Source<'a>, stack: &Stack) -> Self {
        let one_plus = match stack.facts.one_plus {
            OnePlus::No => false,
            OnePlus::Unbiased => !stack.biased_norm,
            OnePlus::All => true,
        };
        Self { source, one_plus }
    }

    /// The gain kept in an entry; empty if there is none.
    pub(super) fn of(&self, entry: Option<&Entry>) -> Result<Vec<f32>, FingerprintError> {
        let Some(entry) = entry else { return Ok(Vec::new()) };
        let mut values = self.source.matrix(entry)?.values;
        if self.one_plus {
            for value in &mut values {
                *value += 1.0;
            }
        }
        Ok(values)
    }

    /// The gain of a part of a layer; empty if there is none.
    pub(super) fn part(&self, slots: &Slots, role: Role) -> Result<Vec<f32>, FingerprintError> {
        self.of(slots.parts.get(&role))
    }

    /// The gain through which the feed-forward block reads: its own norm, or that of attention where both blocks read
    /// the same normalised stream (GPT-J, Falcon, Cohere, Phi).
    pub(super) fn before_feed_forward(&self, slots: &Slots) -> Result<Vec<f32>, FingerprintError> {
        let has = |role| slots.parts.contains_key(&role);
        let parallel = !has(Role::NormFeedForward) && !has(Role::NormAfterFeedForward) && !has(Role::NormResidual);
        self.part(slots, if parallel { Role::NormAttention } else { Role::NormFeedForward })
    }
}
