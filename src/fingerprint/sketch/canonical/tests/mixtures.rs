// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Mixtures of experts: routed, shared, stacked, and the dense layers among them.

#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::json;

use super::made::Made;
use crate::checkpoints::Format;
use crate::fingerprint::sketch::canonical::layer::Layer;

fn keys(layer: &Layer) -> Vec<(bool, Option<u32>, usize)> {
    layer.units.iter().map(|unit| (unit.shared, unit.expert, unit.gate.rows)).collect()
}

#[test]
fn routed_and_shared_experts_are_units_and_a_first_layer_may_be_dense() {
    let mut tensors: Vec<(String, Vec<u64>)> = vec![("model.layers.1.mlp.gate.weight".to_owned(), vec![2, 8])];
    let blocks = [
        ("model.layers.0.mlp", 24),
        ("model.layers.1.mlp.experts.0", 12),
        ("model.layers.1.mlp.experts.1", 12),
        ("model.layers.1.mlp.shared_experts", 20),
    ];
    for (block, neurons) in blocks {
        tensors.push((format!("{block}.gate_proj.weight"), vec![neurons, 8]));
        tensors.push((format!("{block}.up_proj.weight"), vec![neurons, 8]));
        tensors.push((format!("{block}.down_proj.weight"), vec![8, neurons]));
    }
    for number in 0..2 {
        tensors.push((format!("model.layers.{number}.post_attention_layernorm.weight"), vec![8]));
    }
    let list: Vec<(&str, &[u64])> = tensors.iter().map(|(name, shape)| (name.as_str(), shape.as_slice())).collect();
    let made = Made::new(Some(json!({"model_type": "deepseek_v3", "hidden_size": 8})), &list);
    let layer = made.layer();
    assert_eq!(keys(&layer), [(true, None, 20), (false, Some(0), 12), (false, Some(1), 12)]);
    let gain = made.values("model.layers.1.post_attention_layernorm.weight");
    assert_eq!(layer.units[2].up, Some(made.stored("model.layers.1.mlp.experts.1.up_proj.weight").scaled(&gain)));
    let first = made.see(|layers| layers.layer("model.layers", 0).unwrap());
    assert_eq!(keys(&first), [(false, None, 24)]);
}

#[test]
fn mixtral_and_stacked_experts_agree() {
    let mixtral = Made::layered(
        Some(json!({"model_type": "mixtral", "hidden_size": 8})),
        &[
            ("model.layers.#.block_sparse_moe.gate.weight", &[2, 8]),
            ("model.layers.#.block_sparse_moe.experts.0.w1.weight", &[12, 8]),
            ("model.layers.#.block_sparse_moe.experts.0.w2.weight", &[8, 12]),
            ("model.layers.#.block_sparse_moe.experts.0.w3.weight", &[12, 8]),
            ("model.layers.#.block_sparse_moe.experts.1.w1.weight", &[12, 8]),
            ("model.layers.#.block_sparse_moe.experts.1.w2.weight", &[8, 12]),
            ("model.layers.#.block_sparse_moe.experts.1.w3.weight", &[12, 8]),
        ],
    );
    let layer = mixtral.layer();
    assert_eq!(keys(&layer), [(false, Some(0), 12), (false, Some(1), 12)]);
    assert_eq!(layer.units[1].down, mixtral.stored("model.layers.1.block_sparse_moe.experts.1.w2.weight").turned());

    let gguf = Made::layered(
        Some(json!({"model_type": "qwen3moe", "hidden_size": 8, "gguf": true})),
        &[
            ("blk.#.ffn_norm.weight", &[8]),
            ("blk.#.ffn_gate_exps.weight", &[2, 12, 8]),
            ("blk.#.ffn_up_exps.weight", &[2, 12, 8]),
            ("blk.#.ffn_down_exps.weight", &[2, 8, 12]),
            ("blk.#.ffn_gate_shexp.weight", &[20, 8]),
            ("blk.#.ffn_up_shexp.weight", &[20, 8]),
            ("blk.#.ffn_down_shexp.weight", &[8, 20]),
        ],
    )
    .stored_as(Format::Gguf);
    let layer = gguf.layer();
    assert_eq!(keys(&layer), [(true, None, 20), (false, Some(0), 12), (false, Some(1), 12)]);
    let stacked = gguf.values("blk.1.ffn_up_exps.weight");
    let gain = gguf.values("blk.1.ffn_norm.weight");
    let expected: Vec<f32> = stacked[96..104].iter().zip(&gain).map(|(value, gain)| value * gain).collect();
    assert_eq!(layer.units[2].up.as_ref().unwrap().row(0), expected);
}

#[test]
fn square_experts_stored_inputs_first_are_turned() {
    // gpt-oss: the inner width is that of the stream, and only the fused tensor shows the layout.
    let made = Made::layered(
        Some(json!({"model_type": "gpt_oss", "hidden_size": 8, "num_attention_heads": 2})),
        &[
            ("model.layers.#.mlp.experts.gate_up_proj", &[2, 8, 16]),
            ("model.layers.#.mlp.experts.down_proj", &[2, 8, 8]),
            ("model.layers.#.mlp.router.weight", &[2, 8]),
            ("model.layers.#.self_attn.q_proj.weight", &[16, 8]),
            ("model.layers.#.self_attn.k_proj.weight", &[8, 8]),
            ("model.layers.#.self_attn.v_proj.weight", &[8, 8]),
            ("model.layers.#.self_attn.o_proj.weight", &[8, 16]),
        ],
    );
    let layer = made.layer();
    let (both, down) =
        (made.values("model.layers.1.mlp.experts.gate_up_proj"), made.values("model.layers.1.mlp.experts.down_proj"));
    let unit = &layer.units[1];
    // Expert 1: gate column 3 of 8 stands in every other of 16 columns; down row 3 as stored.
    let gate: Vec<f32> = (0..8).map(|row| both[128 + row * 16 + 6]).collect();
    assert_eq!(unit.gate.row(3), gate);
    assert_eq!(unit.down.row(3), &down[64 + 24..64 + 32]);
    assert_eq!(layer.attention.unwrap().key, made.stored("model.layers.1.self_attn.k_proj.weight"));
}
