// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Decoders: where gains go, how fused tensors are split, how heads and their rotary rows are told.

#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};

use super::made::Made;
use crate::checkpoints::Format;
use crate::fingerprint::sketch::canonical::layer::HeadLayout;
use crate::fingerprint::sketch::canonical::matrix::Matrix;

const LLAMA: [(&str, &[u64]); 11] = [
    ("model.embed_tokens.weight", &[20, 8]),
    ("model.layers.#.input_layernorm.weight", &[8]),
    ("model.layers.#.mlp.down_proj.weight", &[8, 12]),
    ("model.layers.#.mlp.gate_proj.weight", &[12, 8]),
    ("model.layers.#.mlp.up_proj.weight", &[12, 8]),
    ("model.layers.#.post_attention_layernorm.weight", &[8]),
    ("model.layers.#.self_attn.k_proj.weight", &[4, 8]),
    ("model.layers.#.self_attn.o_proj.weight", &[8, 8]),
    ("model.layers.#.self_attn.q_proj.weight", &[8, 8]),
    ("model.layers.#.self_attn.q_proj.bias", &[8]),
    ("model.layers.#.self_attn.v_proj.weight", &[4, 8]),
];

fn config(kind: &str) -> Value {
    json!({"model_type": kind, "hidden_size": 8, "num_attention_heads": 2, "num_key_value_heads": 1, "rope_theta": 1e4})
}

fn plus_one(gain: &[f32]) -> Vec<f32> {
    gain.iter().map(|gain| gain + 1.0).collect()
}

#[test]
fn llama_reads_through_its_gains_and_writes_without() {
    let made = Made::layered(Some(config("llama")), &LLAMA);
    let layer = made.layer();
    let attention = layer.attention.unwrap();
    let before = made.values("model.layers.1.input_layernorm.weight");
    let between = made.values("model.layers.1.post_attention_layernorm.weight");
    assert_eq!(attention.query, made.stored("model.layers.1.self_attn.q_proj.weight").scaled(&before));
    assert_eq!(attention.key, made.stored("model.layers.1.self_attn.k_proj.weight").scaled(&before));
    assert_eq!(attention.output, made.stored("model.layers.1.self_attn.o_proj.weight").turned());
    assert_eq!(attention.heads, Some(HeadLayout { query: 2, key_value: 1, dim: 4, rotary: 4 }));
    let unit = &layer.units[0];
    assert_eq!(unit.gate, made.stored("model.layers.1.mlp.gate_proj.weight").scaled(&between));
    assert_eq!(unit.up, Some(made.stored("model.layers.1.mlp.up_proj.weight").scaled(&between)));
    assert_eq!(unit.down, made.stored("model.layers.1.mlp.down_proj.weight").turned());
    assert_eq!((unit.expert, unit.shared), (None, false));
    made.see(|layers| {
        assert_eq!((layers.hidden(), layers.centred_norm()), (Some(8), false));
        assert_eq!(layers.embedding().unwrap().unwrap(), made.stored("model.embed_tokens.weight"));
        assert_eq!(layers.head().unwrap(), None);
    });
}

#[test]
fn gemma_adds_one_and_norms_what_is_written() {
    let mut tensors = LLAMA.to_vec();
    tensors.extend([
        ("model.layers.#.pre_feedforward_layernorm.weight", [8].as_slice()),
        ("model.layers.#.post_feedforward_layernorm.weight", &[8]),
        ("model.layers.#.self_attn.q_norm.weight", &[4]),
        ("model.layers.#.self_attn.k_norm.weight", &[4]),
    ]);
    let made = Made::layered(Some(config("gemma3_text")), &tensors);
    let layer = made.layer();
    let attention = layer.attention.unwrap();
    let gain = |name: &str| plus_one(&made.values(&format!("model.layers.1.{name}.weight")));
    let query = made.stored("model.layers.1.self_attn.q_proj.weight").scaled(&gain("input_layernorm"));
    assert_eq!(attention.query, query.rows_scaled(&gain("self_attn.q_norm")));
    let output = made.stored("model.layers.1.self_attn.o_proj.weight").turned();
    assert_eq!(attention.output, output.scaled(&gain("post_attention_layernorm")));
    let gate = made.stored("model.layers.1.mlp.gate_proj.weight").scaled(&gain("pre_feedforward_layernorm"));
    assert_eq!(layer.units[0].gate, gate);
    let down = made.stored("model.layers.1.mlp.down_proj.weight").turned();
    assert_eq!(layer.units[0].down, down.scaled(&gain("post_feedforward_layernorm")));
}

#[test]
fn pangu_norms_what_is_written_under_names_of_its_own() {
    let mut tensors = LLAMA.to_vec();
    tensors.extend([
        ("model.layers.#.pre_mlp_layernorm.weight", [8].as_slice()),
        ("model.layers.#.post_mlp_layernorm.weight", &[8]),
    ]);
    let made = Made::layered(Some(config("pangu")), &tensors);
    let layer = made.layer();
    let gain = |name: &str| made.values(&format!("model.layers.1.{name}.weight"));
    let down = made.stored("model.layers.1.mlp.down_proj.weight").turned();
    assert_eq!(layer.units[0].down, down.scaled(&gain("post_mlp_layernorm")));
    let output = made.stored("model.layers.1.self_attn.o_proj.weight").turned();
    assert_eq!(layer.attention.unwrap().output, output.scaled(&gain("post_attention_layernorm")));
}

#[test]
fn olmo_2_norms_only_what_is_written() {
    let mut tensors: Vec<_> = LLAMA.iter().copied().filter(|(name, _)| !name.contains("input_layernorm")).collect();
    tensors.push(("model.layers.#.post_feedforward_layernorm.weight", &[8]));
    tensors.push(("model.layers.#.self_attn.k_norm.weight", &[4]));
    let made = Made::layered(Some(config("olmo2")), &tensors);
    let layer = made.layer();
    let attention = layer.attention.unwrap();
    let gain = |name: &str| made.values(&format!("model.layers.1.{name}.weight"));
    assert_eq!(attention.query, made.stored("model.layers.1.self_attn.q_proj.weight"));
    let key = made.stored("model.layers.1.self_attn.k_proj.weight");
    assert_eq!(attention.key, key.rows_scaled(&gain("self_attn.k_norm")));
    assert_eq!(layer.units[0].gate, made.stored("model.layers.1.mlp.gate_proj.weight"));
    let output = made.stored("model.layers.1.self_attn.o_proj.weight").turned();
    assert_eq!(attention.output, output.scaled(&gain("post_attention_layernorm")));
}

#[test]
fn gguf_says_the_same_in_other_words_and_with_rows_permuted() {
    let tensors: [(&str, &[u64]); 12] = [
        ("token_embd.weight", &[20, 8]),
        ("blk.#.attn_norm.weight", &[8]),
        ("blk.#.ffn_down.weight", &[8, 12]),
        ("blk.#.ffn_gate.weight", &[12, 8]),
        ("blk.#.ffn_up.weight", &[12, 8]),
        ("blk.#.ffn_norm.weight", &[8]),
        ("blk.#.post_attention_norm.weight", &[8]),
        ("blk.#.post_ffw_norm.weight", &[8]),
        ("blk.#.attn_k.weight", &[4, 8]),
        ("blk.#.attn_output.weight", &[8, 8]),
        ("blk.#.attn_q.weight", &[8, 8]),
        ("blk.#.attn_v.weight", &[4, 8]),
    ];
    let mut said = config("gemma3");
    said["gguf"] = true.into();
    let made = Made::layered(Some(said), &tensors).stored_as(Format::Gguf);
    let layer = made.layer();
    let attention = layer.attention.unwrap();
    let gain = |name: &str| made.values(&format!("blk.1.{name}.weight"));
    assert_eq!(attention.query, made.stored("blk.1.attn_q.weight").scaled(&gain("attn_norm")), "1 + γ is in the file");
    assert_eq!(attention.output, made.stored("blk.1.attn_output.weight").turned().scaled(&gain("post_attention_norm")));
    assert_eq!(layer.units[0].down, made.stored("blk.1.ffn_down.weight").turned().scaled(&gain("post_ffw_norm")));

    let mut said = config("llama");
    said["gguf"] = true.into();
    let permuted = Made::layered(Some(said), &tensors).stored_as(Format::Gguf);
    let query = permuted.stored("blk.1.attn_q.weight").scaled(&gain("attn_norm"));
    let halves = query.picked([0, 2, 1, 3, 4, 6, 5, 7].into_iter());
    assert_eq!(permuted.layer().attention.unwrap().query, halves);
}

#[test]
fn gpt_2_keeps_inputs_first_and_is_blind_to_the_mean() {
    let made = Made::layered(
        Some(json!({"model_type": "gpt2", "n_embd": 8, "n_head": 2})),
        &[
            ("wte.weight", &[20, 8]),
            ("wpe.weight", &[16, 8]),
            ("h.#.ln_1.weight", &[8]),
            ("h.#.ln_1.bias", &[8]),
            ("h.#.attn.c_attn.weight", &[8, 24]),
            ("h.#.attn.c_proj.weight", &[8, 8]),
            ("h.#.ln_2.weight", &[8]),
            ("h.#.ln_2.bias", &[8]),
            ("h.#.mlp.c_fc.weight", &[8, 32]),
            ("h.#.mlp.c_proj.weight", &[32, 8]),
            ("ln_f.weight", &[8]),
            ("ln_f.bias", &[8]),
        ],
    );
    let layer = made.layer();
    let attention = layer.attention.unwrap();
    let fused = made.stored("h.1.attn.c_attn.weight").turned();
    let gain = made.values("h.1.ln_1.weight");
    assert_eq!(attention.key, fused.picked(8..16).scaled(&gain).centred());
    assert_eq!(attention.output, made.stored("h.1.attn.c_proj.weight").centred());
    assert_eq!(attention.heads, Some(HeadLayout { query: 2, key_value: 2, dim: 4, rotary: 0 }));
    let unit = &layer.units[0];
    let inner = made.stored("h.1.mlp.c_fc.weight").turned();
    assert_eq!(unit.gate, inner.scaled(&made.values("h.1.ln_2.weight")).centred());
    assert_eq!((&unit.up, &unit.down), (&None, &made.stored("h.1.mlp.c_proj.weight").centred()));
    let centred = made.see(|layers| layers.centred_norm_of("h"));
    assert!(centred);
}

fn fused(kind: &str, extra: &Value, qkv: &[u64]) -> (Made, Matrix) {
    let mut config = json!({"model_type": kind, "hidden_size": 8, "num_attention_heads": 2});
    for (name, value) in extra.as_object().unwrap() {
        config[name] = value.clone();
    }
    let made = Made::layered(
        Some(config),
        &[
            ("transformer.layers.#.input_layernorm.weight", &[8]),
            ("transformer.layers.#.attention.query_key_value.weight", qkv),
            ("transformer.layers.#.attention.dense.weight", &[8, 8]),
            ("transformer.layers.#.mlp.dense_h_to_4h.weight", &[24, 8]),
            ("transformer.layers.#.mlp.dense_4h_to_h.weight", &[8, 24]),
        ],
    );
    let gain = made.values("transformer.layers.1.input_layernorm.weight");
    let fused = made.stored("transformer.layers.1.attention.query_key_value.weight").scaled(&gain);
    (made, fused)
}

#[test]
fn neox_interleaves_heads_and_rotates_a_part() {
    let (made, fused) = fused("gpt_neox", &json!({"rotary_pct": 0.5}), &[24, 8]);
    let layer = made.layer();
    let attention = layer.attention.unwrap();
    assert_eq!(attention.query, fused.picked((0..4).chain(12..16)));
    assert_eq!(attention.value, fused.picked((8..12).chain(20..24)));
    assert_eq!(attention.heads, Some(HeadLayout { query: 2, key_value: 2, dim: 4, rotary: 2 }));
    let gain = made.values("transformer.layers.1.input_layernorm.weight");
    let inner = made.stored("transformer.layers.1.mlp.dense_h_to_4h.weight");
    assert_eq!(layer.units[0].gate, inner.scaled(&gain), "both blocks read one norm where there is one");
}

#[test]
fn falcon_shares_a_key_and_bloom_does_not_rotate() {
    let (made, fused) = fused_of("falcon", &json!({"multi_query": true}), 16);
    let attention = made.layer().attention.unwrap();
    assert_eq!(attention.query, fused.picked(0..8));
    assert_eq!(attention.key, fused.picked(8..12));
    assert_eq!(attention.heads, Some(HeadLayout { query: 2, key_value: 1, dim: 4, rotary: 4 }));
    let (made, _) = fused_of("bloom", &json!({}), 24);
    assert_eq!(made.layer().attention.unwrap().heads.unwrap().rotary, 0);
}

fn fused_of(kind: &str, extra: &Value, rows: u64) -> (Made, Matrix) {
    fused(kind, extra, &[rows, 8])
}

#[test]
fn chatglm_rotates_half_in_neighbouring_pairs_and_fuses_gate_and_up() {
    let made = Made::layered(
        Some(json!({"model_type": "chatglm", "hidden_size": 16, "num_attention_heads": 2, "kv_channels": 8,
            "multi_query_group_num": 1})),
        &[
            ("transformer.encoder.layers.#.input_layernorm.weight", &[16]),
            ("transformer.encoder.layers.#.post_attention_layernorm.weight", &[16]),
            ("transformer.encoder.layers.#.self_attention.query_key_value.weight", &[32, 16]),
            ("transformer.encoder.layers.#.self_attention.dense.weight", &[16, 16]),
            ("transformer.encoder.layers.#.mlp.dense_h_to_4h.weight", &[48, 16]),
            ("transformer.encoder.layers.#.mlp.dense_4h_to_h.weight", &[16, 24]),
        ],
    );
    let layer = made.layer();
    let attention = layer.attention.unwrap();
    assert_eq!(attention.heads, Some(HeadLayout { query: 2, key_value: 1, dim: 8, rotary: 4 }));
    let name = |part: &str| format!("transformer.encoder.layers.1.{part}.weight");
    let gain = made.values(&name("input_layernorm"));
    let fused = made.stored(&name("self_attention.query_key_value")).scaled(&gain);
    assert_eq!(attention.key, fused.picked([16, 18, 17, 19, 20, 21, 22, 23].into_iter()));
    let inner = made.stored(&name("mlp.dense_h_to_4h")).scaled(&made.values(&name("post_attention_layernorm")));
    assert_eq!(layer.units[0].gate, inner.picked(0..24));
    assert_eq!(layer.units[0].up, Some(inner.picked(24..48)));
}

#[test]
fn phi_3_and_internlm_2_are_split() {
    let made = Made::layered(
        Some(config("phi3")),
        &[
            ("model.layers.#.self_attn.qkv_proj.weight", &[16, 8]),
            ("model.layers.#.self_attn.o_proj.weight", &[8, 8]),
            ("model.layers.#.mlp.gate_up_proj.weight", &[24, 8]),
            ("model.layers.#.mlp.down_proj.weight", &[8, 12]),
        ],
    );
    let layer = made.layer();
    let fused = made.stored("model.layers.1.self_attn.qkv_proj.weight");
    assert_eq!(layer.attention.unwrap().value, fused.picked(12..16));
    assert_eq!(layer.units[0].up, Some(made.stored("model.layers.1.mlp.gate_up_proj.weight").picked(12..24)));

    let made = Made::layered(
        Some(config("internlm2")),
        &[
            ("model.layers.#.attention_norm.weight", &[8]),
            ("model.layers.#.attention.wqkv.weight", &[16, 8]),
            ("model.layers.#.attention.wo.weight", &[8, 8]),
            ("model.layers.#.feed_forward.w1.weight", &[12, 8]),
            ("model.layers.#.feed_forward.w2.weight", &[8, 12]),
            ("model.layers.#.feed_forward.w3.weight", &[12, 8]),
        ],
    );
    let layer = made.layer();
    let gain = made.values("model.layers.1.attention_norm.weight");
    let fused = made.stored("model.layers.1.attention.wqkv.weight").scaled(&gain);
    assert_eq!(layer.attention.unwrap().key, fused.picked(8..12));
    assert_eq!(layer.units[0].down, made.stored("model.layers.1.feed_forward.w2.weight").turned());
}

#[test]
fn gpt_j_rotates_neighbouring_rows_of_a_part() {
    let made = Made::layered(
        Some(json!({"model_type": "gptj", "n_embd": 16, "n_head": 2, "rotary_dim": 4})),
        &[
            ("transformer.h.#.ln_1.weight", &[16]),
            ("transformer.h.#.ln_1.bias", &[16]),
            ("transformer.h.#.attn.q_proj.weight", &[16, 16]),
            ("transformer.h.#.attn.k_proj.weight", &[16, 16]),
            ("transformer.h.#.attn.v_proj.weight", &[16, 16]),
            ("transformer.h.#.attn.out_proj.weight", &[16, 16]),
            ("transformer.h.#.mlp.fc_in.weight", &[64, 16]),
            ("transformer.h.#.mlp.fc_out.weight", &[16, 64]),
        ],
    );
    let layer = made.layer();
    let attention = layer.attention.unwrap();
    assert_eq!(attention.heads, Some(HeadLayout { query: 2, key_value: 2, dim: 8, rotary: 4 }));
    let gain = made.values("transformer.h.1.ln_1.weight");
    let query = made.stored("transformer.h.1.attn.q_proj.weight").scaled(&gain).centred();
    assert_eq!(attention.query.row(1), query.row(2));
    assert_eq!(attention.query.row(4), query.row(4));
    assert_eq!(layer.units[0].gate, made.stored("transformer.h.1.mlp.fc_in.weight").scaled(&gain).centred());
}

#[test]
fn without_a_config_heads_are_told_by_shapes() {
    let tensors: [(&str, &[u64]); 7] = [
        ("model.layers.#.input_layernorm.weight", &[128]),
        ("model.layers.#.mlp.down_proj.weight", &[128, 64]),
        ("model.layers.#.mlp.up_proj.weight", &[64, 128]),
        ("model.layers.#.self_attn.k_proj.weight", &[64, 128]),
        ("model.layers.#.self_attn.o_proj.weight", &[128, 128]),
        ("model.layers.#.self_attn.q_proj.weight", &[128, 128]),
        ("model.layers.#.self_attn.v_proj.weight", &[64, 128]),
    ];
    let heads = Made::layered(None, &tensors).layer().attention.unwrap().heads;
    assert_eq!(heads, Some(HeadLayout { query: 2, key_value: 1, dim: 64, rotary: 64 }));
    let mut biased = tensors.to_vec();
    biased.push(("model.layers.#.input_layernorm.bias", &[128]));
    assert_eq!(Made::layered(None, &biased).layer().attention.unwrap().heads, None, "nothing says that it rotates");
}
