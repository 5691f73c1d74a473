// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The parts that tensors play.

use serde::{Deserialize, Serialize};

/// The part a tensor plays in a transformer block, or in the network as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Query projection, [heads·head_dim, d].
    Query,
    /// Key projection, [kv_heads·head_dim, d].
    Key,
    /// Value projection, [kv_heads·head_dim, d].
    Value,
    /// Attention output projection, [d, heads·head_dim].
    Output,
    /// Query, key and value in one tensor.
    FusedQkv,
    /// Gate of a gated feed-forward block, [f, d].
    Gate,
    /// Up projection (the only inner one where there is no gate), [f, d].
    Up,
    /// Gate and up in one tensor, [2f, d].
    FusedGateUp,
    /// Down projection, [d, f].
    Down,
    /// Token embedding, [vocabulary, d].
    Embedding,
    /// Output head, [vocabulary, d].
    Head,
    /// Expert router, [experts, d].
    Router,
    /// Gain of the norm before attention, `[d]`.
    NormAttention,
    /// Gain of the norm before the feed-forward block, `[d]`.
    NormFeedForward,
    /// Gain of the last norm, `[d]`.
    NormFinal,
    /// Gain on what attention writes to the residual stream, `[d]`.
    NormAfterAttention,
    /// Gain on what the feed-forward block writes to the residual stream, `[d]`.
    NormAfterFeedForward,
    /// Gain of a norm of the sum of the stream and what is added to it (BERT), `[d]`.
    NormResidual,
    /// Gain on queries, `[head_dim]` or `[heads·head_dim]`.
    NormQuery,
    /// Gain on keys, `[head_dim]` or `[kv_heads·head_dim]`.
    NormKey,
    /// Stream → latent of the queries, [latent, d].
    QueryLatent,
    /// Gain on the latent of the queries, `[latent]`.
    NormQueryLatent,
    /// Latent → queries, [heads·(plain + rotary), latent].
    QueryFromLatent,
    /// Stream → latent of keys and values and the one rotary key, [latent + rotary, d].
    KeyValueLatent,
    /// Gain on the latent of keys and values, `[latent]`.
    NormKeyValueLatent,
    /// Latent → keys and values, [heads·(plain + value), latent].
    KeyValueFromLatent,
    /// Latent → values, [heads, value, latent].
    ValueFromLatent,
    /// Learned positions, [positions, d], or learned distances.
    Positions,
    /// Anything else.
    #[default]
    Other,
}

impl Role {
    /// Name shown to people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Key => "key",
            Self::Value => "value",
            Self::Output => "attention output",
            Self::FusedQkv => "query/key/value",
            Self::Gate => "gate",
            Self::Up => "up",
            Self::FusedGateUp => "gate/up",
            Self::Down => "down",
            Self::Embedding => "embedding",
            Self::Head => "head",
            Self::Router => "router",
            Self::NormAttention
            | Self::NormFeedForward
            | Self::NormFinal
            | Self::NormAfterAttention
            | Self::NormAfterFeedForward
            | Self::NormResidual
            | Self::NormQuery
            | Self::NormKey
            | Self::NormQueryLatent
            | Self::NormKeyValueLatent => "norm",
            Self::QueryLatent => "query latent",
            Self::QueryFromLatent => "query from latent",
            Self::KeyValueLatent => "key/value latent",
            Self::KeyValueFromLatent => "key/value from latent",
            Self::ValueFromLatent => "value from latent",
            Self::Positions => "positions",
            Self::Other => "other",
        }
    }
}
