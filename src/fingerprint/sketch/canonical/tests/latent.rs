// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Latent attention.

#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::json;

use super::made::Made;
use crate::checkpoints::Format;
use crate::fingerprint::sketch::canonical::layer::HeadLayout;

/// Two heads, plain 6, rotary 4, value 8; d 16, latents 12 and 10.
const DEEPSEEK: [(&str, &[u64]); 8] = [
    ("model.layers.#.input_layernorm.weight", &[16]),
    ("model.layers.#.self_attn.q_a_proj.weight", &[12, 16]),
    ("model.layers.#.self_attn.q_a_layernorm.weight", &[12]),
    ("model.layers.#.self_attn.q_b_proj.weight", &[20, 12]),
    ("model.layers.#.self_attn.kv_a_proj_with_mqa.weight", &[14, 16]),
    ("model.layers.#.self_attn.kv_a_layernorm.weight", &[10]),
    ("model.layers.#.self_attn.kv_b_proj.weight", &[28, 10]),
    ("model.layers.#.self_attn.o_proj.weight", &[16, 16]),
];

#[test]
fn latents_are_composed_and_the_one_rotary_key_is_kept() {
    let made = Made::layered(Some(json!({"model_type": "deepseek_v3", "hidden_size": 16})), &DEEPSEEK);
    let attention = made.layer().attention.unwrap();
    assert_eq!(attention.heads, Some(HeadLayout { query: 2, key_value: 1, dim: 4, rotary: 4 }));
    let name = |part: &str| format!("model.layers.1.{part}.weight");
    let before = made.values(&name("input_layernorm"));
    let first = made.stored(&name("self_attn.q_a_proj")).scaled(&before);
    let second = made.stored(&name("self_attn.q_b_proj")).scaled(&made.values(&name("self_attn.q_a_layernorm")));
    // Rotary rows 6–9 of each head of 10, neighbouring pairs put in halves.
    let query = second.picked([6, 8, 7, 9, 16, 18, 17, 19].into_iter()).times(&first).unwrap();
    assert_eq!(attention.query, query);
    let latent = made.stored(&name("self_attn.kv_a_proj_with_mqa")).scaled(&before);
    assert_eq!(attention.key, latent.picked([10, 12, 11, 13].into_iter()));
    let inner = made.stored(&name("self_attn.kv_b_proj")).scaled(&made.values(&name("self_attn.kv_a_layernorm")));
    // Values are the last 8 of each head of 14.
    assert_eq!(attention.value, inner.picked((6..14).chain(20..28)).times(&latent.picked(0..10)).unwrap());
    assert_eq!(attention.output, made.stored(&name("self_attn.o_proj")).turned());
}

#[test]
fn a_change_of_basis_of_a_latent_changes_nothing() {
    // The norm on the latent allows permutations: rows of q_a and columns of q_b with its gain.
    let made = Made::layered(Some(json!({"model_type": "deepseek_v3", "hidden_size": 16})), &DEEPSEEK);
    let name = |part: &str| format!("model.layers.1.self_attn.{part}.weight");
    let backwards = || (0..12).rev();
    let mut again = Made::layered(Some(json!({"model_type": "deepseek_v3", "hidden_size": 16})), &DEEPSEEK);
    let gain = made.stored(&name("q_a_layernorm")).turned().picked(backwards()).turned();
    let turned = made.stored(&name("q_b_proj")).turned().picked(backwards()).turned();
    again = again.replaced(&name("q_a_proj"), &made.stored(&name("q_a_proj")).picked(backwards()));
    again = again.replaced(&name("q_b_proj"), &turned).replaced(&name("q_a_layernorm"), &gain);
    let (ours, theirs) = (made.layer().attention.unwrap().query, again.layer().attention.unwrap().query);
    // Only the order of the sums of twelve products differs.
    let worst = ours.values.iter().zip(&theirs.values).map(|(a, b)| (a - b).abs() / a.abs()).fold(0.0, f32::max);
    assert!(worst < 1e-5, "{worst}");
}

#[test]
fn gguf_keeps_values_apart_and_small_models_have_no_query_latent() {
    let made = Made::layered(
        Some(json!({"model_type": "deepseek2", "hidden_size": 16, "gguf": true})),
        &[
            ("blk.#.attn_norm.weight", &[16]),
            ("blk.#.attn_q.weight", &[20, 16]),
            ("blk.#.attn_kv_a_mqa.weight", &[14, 16]),
            ("blk.#.attn_kv_a_norm.weight", &[10]),
            ("blk.#.attn_k_b.weight", &[2, 10, 6]),
            ("blk.#.attn_v_b.weight", &[2, 8, 10]),
            ("blk.#.attn_output.weight", &[16, 16]),
        ],
    )
    .stored_as(Format::Gguf);
    let attention = made.layer().attention.unwrap();
    let before = made.values("blk.1.attn_norm.weight");
    let query = made.stored("blk.1.attn_q.weight").scaled(&before);
    assert_eq!(attention.query, query.picked([6, 8, 7, 9, 16, 18, 17, 19].into_iter()));
    assert_eq!((attention.value.rows, attention.output.rows), (16, 16));
    let latent = made.stored("blk.1.attn_kv_a_mqa.weight").scaled(&before).picked(0..10);
    let inner = &made.values("blk.1.attn_v_b.weight")[10..20];
    let gain = made.values("blk.1.attn_kv_a_norm.weight");
    let expected: f32 = (0..10).map(|k| inner[k] * gain[k] * latent.row(k)[3]).sum();
    assert!((attention.value.row(1)[3] - expected).abs() < 1e-5 * expected.abs());
}

#[test]
fn modules_that_predict_further_tokens_do_no_harm() {
    let mut tensors = DEEPSEEK.to_vec();
    tensors.extend([
        ("model.layers.1.eh_proj.weight", [16, 32].as_slice()),
        ("model.layers.1.enorm.weight", &[16]),
        ("model.layers.1.shared_head.head.weight", &[20, 16]),
        ("mtp.layers.0.self_attn.o_proj.weight", &[16, 16]),
    ]);
    let made = Made::layered(Some(json!({"model_type": "deepseek_v3", "hidden_size": 16})), &tensors);
    assert!(made.layer().attention.is_some());
}
