// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Tensor names → the part of the network they belong to.
//!
//! In: a name as a checkpoint stores it. Out: a [`Place`]: stack, layer, expert, role. Names are a help and never
//! needed: a tensor without a role is still compared, by its shape.

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
    /// Gain of the norm before attention.
    NormAttention,
    /// Gain of the norm before the feed-forward block.
    NormFeedForward,
    /// Gain of the last norm.
    NormFinal,
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
            Self::NormAttention | Self::NormFeedForward | Self::NormFinal => "norm",
            Self::Other => "other",
        }
    }
}

/// Where in the network a tensor stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// What stands before the layer number: one name a stack of layers (encoder, decoder, vision tower).
    pub stack: String,
    /// Layer number, from 0.
    pub layer: Option<u32>,
    /// Expert number, from 0; `None` in a dense block.
    pub expert: Option<u32>,
    /// Part played.
    pub role: Role,
    /// Whether it is a bias vector.
    pub bias: bool,
    /// Whether all experts of the layer are stacked along the first axis.
    pub stacked_experts: bool,
}

/// Suffixes of names, after the layer number, without `.weight` or `.bias`. The first that fits decides, so
/// longer ones stand first. Families: Hugging Face decoders and encoders, GPT-2, T5, BLOOM, Whisper, GGUF, Llama's own.
const SUFFIXES: &[(&str, Role)] = &[
    ("query_key_value", Role::FusedQkv),
    ("qkv_proj", Role::FusedQkv),
    ("c_attn", Role::FusedQkv),
    ("attn_qkv", Role::FusedQkv),
    ("wqkv", Role::FusedQkv),
    ("in_proj", Role::FusedQkv),
    ("in_proj_weight", Role::FusedQkv),
    ("attn.qkv", Role::FusedQkv),
    ("gate_up_proj", Role::FusedGateUp),
    ("ffn_gate_up", Role::FusedGateUp),
    ("q_proj", Role::Query),
    ("self.query", Role::Query),
    ("attn_q", Role::Query),
    ("attention.wq", Role::Query),
    ("q_lin", Role::Query),
    ("selfattention.q", Role::Query),
    ("attention.query", Role::Query),
    ("k_proj", Role::Key),
    ("self.key", Role::Key),
    ("attn_k", Role::Key),
    ("attention.wk", Role::Key),
    ("k_lin", Role::Key),
    ("selfattention.k", Role::Key),
    ("attention.key", Role::Key),
    ("v_proj", Role::Value),
    ("self.value", Role::Value),
    ("attn_v", Role::Value),
    ("attention.wv", Role::Value),
    ("v_lin", Role::Value),
    ("selfattention.v", Role::Value),
    ("attention.value", Role::Value),
    ("attention.output.dense", Role::Output),
    ("self_attention.dense", Role::Output),
    ("attention.dense", Role::Output),
    ("attn.c_proj", Role::Output),
    ("o_proj", Role::Output),
    ("attn.out_proj", Role::Output),
    ("attn_output", Role::Output),
    ("attention.wo", Role::Output),
    ("out_lin", Role::Output),
    ("selfattention.o", Role::Output),
    ("mlp.gate", Role::Router),
    ("block_sparse_moe.gate", Role::Router),
    ("ffn_gate_inp", Role::Router),
    ("router", Role::Router),
    ("gate_proj", Role::Gate),
    ("ffn_gate_exps", Role::Gate),
    ("ffn_gate", Role::Gate),
    ("feed_forward.w1", Role::Gate),
    ("wi_0", Role::Gate),
    ("up_proj", Role::Up),
    ("ffn_up_exps", Role::Up),
    ("ffn_up", Role::Up),
    ("feed_forward.w3", Role::Up),
    ("wi_1", Role::Up),
    ("densereludense.wi", Role::Up),
    ("intermediate.dense", Role::Up),
    ("c_fc", Role::Up),
    ("fc1", Role::Up),
    ("lin1", Role::Up),
    ("dense_h_to_4h", Role::Up),
    ("down_proj", Role::Down),
    ("ffn_down_exps", Role::Down),
    ("ffn_down", Role::Down),
    ("feed_forward.w2", Role::Down),
    ("densereludense.wo", Role::Down),
    ("output.dense", Role::Down),
    ("mlp.c_proj", Role::Down),
    ("fc2", Role::Down),
    ("lin2", Role::Down),
    ("dense_4h_to_h", Role::Down),
    ("input_layernorm", Role::NormAttention),
    ("attn_norm", Role::NormAttention),
    ("attention_norm", Role::NormAttention),
    ("ln_1", Role::NormAttention),
    ("post_attention_layernorm", Role::NormFeedForward),
    ("pre_feedforward_layernorm", Role::NormFeedForward),
    ("ffn_norm", Role::NormFeedForward),
    ("ln_2", Role::NormFeedForward),
];

/// Names outside any layer.
const GLOBALS: &[(&str, Role)] = &[
    ("embed_tokens", Role::Embedding),
    ("token_embd", Role::Embedding),
    ("wte", Role::Embedding),
    ("word_embeddings", Role::Embedding),
    ("tok_embeddings", Role::Embedding),
    ("shared", Role::Embedding),
    ("lm_head", Role::Head),
    ("output", Role::Head),
    ("embed_out", Role::Head),
    ("norm", Role::NormFinal),
    ("output_norm", Role::NormFinal),
    ("ln_f", Role::NormFinal),
    ("final_layernorm", Role::NormFinal),
];

/// Expert matrices of Mixtral-like files: `w1` gate, `w3` up, `w2` down.
const EXPERT_SUFFIXES: &[(&str, Role)] = &[("w1", Role::Gate), ("w3", Role::Up), ("w2", Role::Down)];

impl Place {
    /// Reads a tensor's name. Never fails: an unknown name has the role [`Role::Other`].
    pub fn of(name: &str) -> Self {
        let lower = name.to_ascii_lowercase();
        let (stem, bias) = strip_leaf(&lower);
        let parts: Vec<&str> = stem.split(['.', '/']).collect();
        let layer_at = layer_position(&parts);
        let layer = layer_at.and_then(|at| parts.get(at)?.parse().ok());
        let expert = parts.iter().position(|part| *part == "experts").and_then(|at| parts.get(at + 1)?.parse().ok());
        let stacked_experts = expert.is_none() && (stem.ends_with("_exps") || stem.contains(".experts."));
        let tail = layer_at.map_or_else(|| stem.to_owned(), |at| parts.get(at + 1..).unwrap_or_default().join("."));
        let stack = layer_at.and_then(|at| parts.get(..at)).map(|head| head.join(".")).unwrap_or_default();
        let role = match layer {
            Some(_) => lookup(SUFFIXES, &tail)
                .or_else(|| expert.and_then(|_| lookup(EXPERT_SUFFIXES, &tail)))
                .unwrap_or_default(),
            None => lookup(GLOBALS, &tail).unwrap_or_default(),
        };
        Self { stack, layer, expert, role, bias, stacked_experts }
    }
}

/// Words after which the number of a layer stands.
const LAYER_WORDS: &[&str] = &["layers", "layer", "h", "blk", "block", "blocks", "resblocks"];

/// Index of the component that is the layer's number: the first after a word that announces one, else the first
/// number. Sentence-transformers write `0.auto_model.encoder.layer.3`, T5 `encoder.block.3.layer.0`.
fn layer_position(parts: &[&str]) -> Option<usize> {
    let is_number = |part: &&str| part.parse::<u32>().is_ok();
    parts
        .windows(2)
        .position(|pair| matches!(pair, [word, number] if LAYER_WORDS.contains(word) && is_number(number)))
        .map(|at| at + 1)
        .or_else(|| parts.iter().position(is_number))
}

fn strip_leaf(name: &str) -> (&str, bool) {
    for (suffix, bias) in [(".weight", false), (".bias", true), ("/kernel", false), ("/bias", true), ("_bias", true)] {
        if let Some(stem) = name.strip_suffix(suffix) {
            return (stem, bias);
        }
    }
    (name, false)
}

fn lookup(table: &[(&str, Role)], tail: &str) -> Option<Role> {
    table.iter().find(|(suffix, _)| ends_with_component(tail, suffix)).map(|(_, role)| *role)
}

/// Whether `tail` ends with `suffix` at a component boundary.
fn ends_with_component(tail: &str, suffix: &str) -> bool {
    tail.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with(['.', '/']))
}

#[cfg(test)]
mod tests {
    use super::{Place, Role};

    #[test]
    fn names_of_many_families_are_placed() {
        for (name, layer, expert, role, bias) in [
            ("model.layers.3.self_attn.q_proj.weight", Some(3), None, Role::Query, false),
            ("model.layers.3.self_attn.k_proj.bias", Some(3), None, Role::Key, true),
            ("blk.11.attn_output.weight", Some(11), None, Role::Output, false),
            ("blk.11.ffn_gate.weight", Some(11), None, Role::Gate, false),
            ("encoder.layer.0.attention.output.dense.weight", Some(0), None, Role::Output, false),
            ("encoder.layer.0.output.dense.weight", Some(0), None, Role::Down, false),
            ("encoder.layer.0.attention.self.query.weight", Some(0), None, Role::Query, false),
            ("transformer.h.2.mlp.c_proj.weight", Some(2), None, Role::Down, false),
            ("transformer.h.2.attn.c_attn.weight", Some(2), None, Role::FusedQkv, false),
            ("model.layers.0.mlp.experts.3.down_proj.weight", Some(0), Some(3), Role::Down, false),
            ("model.layers.0.block_sparse_moe.experts.7.w1.weight", Some(0), Some(7), Role::Gate, false),
            ("model.layers.0.mlp.gate.weight", Some(0), None, Role::Router, false),
            ("model.layers.5.mlp.gate_up_proj.weight", Some(5), None, Role::FusedGateUp, false),
            ("0.auto_model.encoder.layer.5.attention.self.query.weight", Some(5), None, Role::Query, false),
            ("encoder.block.2.layer.0.selfattention.q.weight", Some(2), None, Role::Query, false),
            ("model.embed_tokens.weight", None, None, Role::Embedding, false),
            ("output.weight", None, None, Role::Head, false),
            ("onnx::MatMul_1234", None, None, Role::Other, false),
        ] {
            let place = Place::of(name);
            assert_eq!((place.layer, place.expert, place.role, place.bias), (layer, expert, role, bias), "{name}");
        }
    }

    #[test]
    fn stacks_of_layers_are_told_apart() {
        assert_eq!(Place::of("encoder.block.2.layer.0.SelfAttention.q.weight").stack, "encoder.block");
        assert_eq!(Place::of("decoder.block.2.layer.0.SelfAttention.q.weight").stack, "decoder.block");
        assert_eq!(Place::of("model.embed_tokens.weight").stack, "");
    }

    #[test]
    fn stacked_experts_are_noticed() {
        assert!(Place::of("blk.0.ffn_gate_exps.weight").stacked_experts);
        assert!(Place::of("model.layers.0.mlp.experts.gate_up_proj").stacked_experts);
        assert!(!Place::of("model.layers.0.mlp.experts.1.up_proj.weight").stacked_experts);
    }
}
