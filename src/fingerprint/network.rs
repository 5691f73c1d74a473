// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Facts about a network from its config, and what splitting its tensors needs of them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::pieces::Heads;
use crate::checkpoints::{Checkpoint, Format};

/// Architecture facts; each is `None` where the config does not tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// First of `architectures`, else `model_type`, else `unknown`.
    pub architecture: String,
    /// Width of the residual stream.
    pub hidden_size: Option<u64>,
    /// Width of the feed-forward block.
    pub intermediate_size: Option<u64>,
    /// Layers.
    pub layers: Option<u64>,
    /// Query heads.
    pub heads: Option<u64>,
    /// Key/value heads.
    pub kv_heads: Option<u64>,
    /// Dimension of a head.
    pub head_dim: Option<u64>,
    /// Tokens.
    pub vocabulary: Option<u64>,
    /// Routed experts a layer.
    pub experts: Option<u64>,
}

/// Model types whose fused query/key/value rows are interleaved by key/value head, in Hugging Face's files.
/// llama.cpp's converter takes them apart.
const INTERLEAVED: &[&str] =
    &["gpt_neox", "gpt_neox_japanese", "bloom", "falcon", "refinedweb", "refinedwebmodel", "internlm2", "persimmon"];
/// GGUF architectures whose query and key rows llama.cpp's converter permutes.
const PERMUTED: &[&str] = &[
    "llama",
    "mistral",
    "granite",
    "granitemoe",
    "minicpm",
    "deci",
    "xverse",
    "olmo",
    "arctic",
    "arcee",
    "smollm3",
    "deepseek",
    "chameleon",
    "bailingmoe",
    "internlm2",
    "baichuan",
];

impl Network {
    /// Reads the facts from a checkpoint's config.
    pub fn of(checkpoint: &Checkpoint) -> Self {
        let Some(config) = &checkpoint.config else {
            return Self { architecture: "unknown".into(), ..Self::default() };
        };
        // Multimodal configs keep the language model's facts one level down.
        let inner = config.get("text_config").filter(|inner| inner.get("hidden_size").is_some()).unwrap_or(config);
        let number = |names: &[&str]| names.iter().find_map(|name| inner.get(name).and_then(Value::as_u64));
        let architecture = config
            .get("architectures")
            .and_then(|list| list.get(0))
            .or_else(|| config.get("model_type"))
            .and_then(Value::as_str)
            .unwrap_or("unknown");
        Self {
            architecture: architecture.chars().filter(|c| !c.is_control()).take(80).collect(),
            hidden_size: number(&["hidden_size", "n_embd", "d_model", "dim"]),
            intermediate_size: number(&["intermediate_size", "n_inner", "d_ff", "ffn_dim", "encoder_ffn_dim"]),
            layers: number(&["num_hidden_layers", "n_layer", "num_layers", "encoder_layers"]),
            heads: number(&["num_attention_heads", "n_head", "num_heads", "n_heads", "encoder_attention_heads"]),
            kv_heads: number(&["num_key_value_heads", "num_kv_heads", "multi_query_group_num", "n_head_kv"]),
            head_dim: number(&["head_dim", "d_kv", "kv_channels"]),
            vocabulary: number(&["vocab_size"]),
            experts: number(&["num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts"]),
        }
    }

    /// What splitting fused tensors needs.
    pub(in crate::fingerprint) fn heads_for(&self, checkpoint: &Checkpoint) -> Heads {
        let model_type = checkpoint
            .config
            .as_ref()
            .and_then(|config| config.get("model_type"))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_ascii_lowercase();
        let is_gguf = checkpoint.format == Format::Gguf;
        let says = |key| checkpoint.config.as_ref().and_then(|config| config.get(key)).and_then(Value::as_bool);
        // Falcon's first generation shares one key/value head and counts as many as there are query heads.
        let shares_one = says("multi_query") == Some(true) && says("new_decoder_architecture") != Some(true);
        Heads {
            query: self.heads,
            key_value: if shares_one { Some(1) } else { self.kv_heads },
            permuted_rows: is_gguf && PERMUTED.contains(&model_type.as_str()),
            interleaved_qkv: !is_gguf && INTERLEAVED.contains(&model_type.as_str()),
            interleaved_gate_up: model_type == "gpt_oss",
            hidden: self.hidden_size,
        }
    }

    /// The facts as (name, value), for comparison and display.
    pub fn facts(&self) -> Vec<(&'static str, u64)> {
        [
            ("hidden_size", self.hidden_size),
            ("intermediate_size", self.intermediate_size),
            ("layers", self.layers),
            ("heads", self.heads),
            ("kv_heads", self.kv_heads),
            ("head_dim", self.head_dim),
            ("vocabulary", self.vocabulary),
            ("experts", self.experts),
        ]
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| (name, value)))
        .collect()
    }
}
