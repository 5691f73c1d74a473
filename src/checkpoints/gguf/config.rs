// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! GGUF metadata → the names that `config.json` uses.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::fields::Entry;

/// Keys after `{architecture}.`, as in `docs/gguf.md` and `gguf-py/gguf/constants.py`, with their names in `config.json`.
const NAMES: [(&str, &str); 22] = [
    ("embedding_length", "hidden_size"),
    ("feed_forward_length", "intermediate_size"),
    ("block_count", "num_hidden_layers"),
    ("attention.head_count", "num_attention_heads"),
    ("attention.head_count_kv", "num_key_value_heads"),
    ("attention.key_length", "head_dim"),
    ("attention.value_length", "v_head_dim"),
    ("attention.q_lora_rank", "q_lora_rank"),
    ("attention.kv_lora_rank", "kv_lora_rank"),
    ("attention.sliding_window", "sliding_window"),
    ("attention.layer_norm_rms_epsilon", "rms_norm_eps"),
    ("attention.layer_norm_epsilon", "layer_norm_eps"),
    ("context_length", "max_position_embeddings"),
    ("vocab_size", "vocab_size"),
    ("expert_count", "num_experts"),
    ("expert_used_count", "num_experts_per_tok"),
    ("expert_feed_forward_length", "moe_intermediate_size"),
    ("rope.freq_base", "rope_theta"),
    ("rope.dimension_count", "rotary_dim"),
    ("ssm.state_size", "state_size"),
    ("ssm.conv_kernel", "conv_kernel"),
    ("ssm.inner_size", "ssm_inner_size"),
];

/// Returns the configuration, with `"gguf": true` because converters permute the query and key rows of llama-like
/// models.
pub(super) fn config(entries: &BTreeMap<String, Entry>) -> Value {
    let mut config = Map::new();
    config.insert("gguf".to_owned(), true.into());
    if let Some(Value::String(architecture)) = entries.get("general.architecture").and_then(Entry::value) {
        config.insert("architectures".to_owned(), json!([architecture]));
        config.insert("model_type".to_owned(), architecture.as_str().into());
        for (key, name) in NAMES {
            if let Some(value) = entries.get(&format!("{architecture}.{key}")).and_then(Entry::value) {
                config.insert(name.to_owned(), value.clone());
            }
        }
    }
    fill_in(&mut config, entries);
    Value::Object(config)
}

/// Adds what follows from other keys: heads share the width evenly, and every token has a row.
fn fill_in(config: &mut Map<String, Value>, entries: &BTreeMap<String, Entry>) {
    let number = |config: &Map<String, Value>, name: &str| config.get(name).and_then(Value::as_u64);
    if let (None, Some(width), Some(heads)) =
        (config.get("head_dim"), number(config, "hidden_size"), number(config, "num_attention_heads"))
        && heads > 0
        && width % heads == 0
    {
        config.insert("head_dim".to_owned(), (width / heads).into());
    }
    if let (None, Some(tokens)) =
        (config.get("vocab_size"), entries.get("tokenizer.ggml.tokens").and_then(Entry::count))
    {
        config.insert("vocab_size".to_owned(), tokens.into());
    }
}
