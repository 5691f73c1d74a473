// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! One tensor's name → its place.
//!
//! In: a name as a checkpoint stores it. Out: a [`Place`]: stack, layer, expert, role. Names are a help and never
//! needed: a tensor without a role is still compared, by its shape.

use super::names::{CROSS, EXPERT_SUFFIXES, GLOBALS, LAYER_WORDS, SHARED, SUFFIXES};
use super::role::Role;

/// Where in the network a tensor stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// What stands before the layer number: one name a stack of layers (encoder, decoder, vision tower).
    pub stack: String,
    /// Layer number, from 0.
    pub layer: Option<u32>,
    /// Expert number, from 0; `None` in a dense block.
    pub expert: Option<u32>,
    /// Whether it belongs to an expert that sees every token, beside those that are routed.
    pub shared_expert: bool,
    /// Whether it belongs to attention to another stack.
    pub cross_attention: bool,
    /// Part played.
    pub role: Role,
    /// Whether it is a bias vector.
    pub bias: bool,
    /// Whether all experts of the layer are stacked along the first axis.
    pub stacked_experts: bool,
}

impl Place {
    /// Reads a tensor's name. Never fails: an unknown name has the role [`Role::Other`].
    pub fn of(name: &str) -> Self {
        let lower = name.to_ascii_lowercase();
        let (stem, bias) = strip_leaf(&lower);
        let parts: Vec<&str> = stem.split(['.', '/']).collect();
        let layer_at = layer_position(&parts);
        let layer = layer_at.and_then(|at| parts.get(at)?.parse().ok());
        let expert = parts.iter().position(|part| *part == "experts").and_then(|at| parts.get(at + 1)?.parse().ok());
        let shared_expert = parts.iter().any(|part| SHARED.contains(part)) || stem.ends_with("_shexp");
        let cross_attention = parts.iter().any(|part| CROSS.contains(part) || part.starts_with("cross_attn_"));
        let stacked_experts = expert.is_none()
            && (stem.ends_with("_exps") || stem.contains(".experts.") || stem.contains("block_sparse_moe."));
        let tail = layer_at.map_or_else(|| stem.to_owned(), |at| parts.get(at + 1..).unwrap_or_default().join("."));
        let stack = layer_at.and_then(|at| parts.get(..at)).map(|head| head.join(".")).unwrap_or_default();
        let place =
            Self { layer, expert, shared_expert, cross_attention, role: Role::Other, bias, stacked_experts, stack };
        let inside = || {
            lookup(SUFFIXES, &tail).or_else(|| {
                let expert = expert.or(stacked_experts.then_some(0));
                expert.and_then(|_| lookup(EXPERT_SUFFIXES, &tail))
            })
        };
        if let Some(role) = layer.and_then(|_| inside()) {
            return Self { role, ..place };
        }
        // The second norm of an encoder's layer in T5; in a decoder it belongs to attention to the encoder.
        if layer.is_some() && tail == "layer.1.layer_norm" && is_encoder(&place.stack) {
            return Self { role: Role::NormFeedForward, ..place };
        }
        // A number may stand before the whole network: sentence-transformers write `0.auto_model.embeddings`.
        match lookup(GLOBALS, stem) {
            Some(role) if layer.is_none() || layer_at == Some(0) => {
                Self { role, layer: None, stack: String::new(), ..place }
            }
            _ => place,
        }
    }
}

fn is_encoder(stack: &str) -> bool {
    stack.split('.').any(|part| part.starts_with("enc"))
}

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
            ("model.decoder.layers.1.self_attn.out_proj.weight", Some(1), None, Role::Output, false),
            ("model.layers.61.self_attn.kv_a_proj_with_mqa.weight", Some(61), None, Role::KeyValueLatent, false),
            ("encoder.block.2.layer.1.layer_norm.weight", Some(2), None, Role::NormFeedForward, false),
            ("decoder.block.2.layer.1.layer_norm.weight", Some(2), None, Role::Other, false),
            ("0.auto_model.embeddings.word_embeddings.weight", None, None, Role::Embedding, false),
            ("bert.embeddings.LayerNorm.weight", None, None, Role::Other, false),
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
    fn attention_to_another_stack_and_shared_experts_are_noticed() {
        for name in [
            "decoder.block.2.layer.1.EncDecAttention.q.weight",
            "model.decoder.layers.1.encoder_attn.q_proj.weight",
            "dec.blk.0.cross_attn_q.weight",
        ] {
            assert!(Place::of(name).cross_attention, "{name}");
        }
        assert!(!Place::of("model.decoder.layers.1.self_attn.q_proj.weight").cross_attention);
        for name in ["model.layers.3.mlp.shared_experts.up_proj.weight", "blk.3.ffn_up_shexp.weight"] {
            let place = Place::of(name);
            assert_eq!((place.shared_expert, place.role, place.expert), (true, Role::Up, None), "{name}");
        }
        assert_eq!(Place::of("model.layers.3.mlp.shared_expert_gate.weight").role, Role::Other);
    }

    #[test]
    fn stacked_experts_are_noticed() {
        assert!(Place::of("blk.0.ffn_gate_exps.weight").stacked_experts);
        assert!(Place::of("model.layers.0.mlp.experts.gate_up_proj").stacked_experts);
        assert!(!Place::of("model.layers.0.mlp.experts.1.up_proj.weight").stacked_experts);
    }
}
