// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Encoders, pairs of encoder and decoder, and towers beside a language model.

#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::json;

use super::made::Made;

#[test]
fn bert_norms_the_sum_and_folds_nothing() {
    let made = Made::layered(
        Some(json!({"model_type": "bert", "hidden_size": 8, "num_attention_heads": 2})),
        &[
            ("embeddings.word_embeddings.weight", &[20, 8]),
            ("embeddings.position_embeddings.weight", &[16, 8]),
            ("embeddings.LayerNorm.weight", &[8]),
            ("encoder.layer.#.attention.self.query.weight", &[8, 8]),
            ("encoder.layer.#.attention.self.key.weight", &[8, 8]),
            ("encoder.layer.#.attention.self.value.weight", &[8, 8]),
            ("encoder.layer.#.attention.output.dense.weight", &[8, 8]),
            ("encoder.layer.#.attention.output.LayerNorm.weight", &[8]),
            ("encoder.layer.#.attention.output.LayerNorm.bias", &[8]),
            ("encoder.layer.#.intermediate.dense.weight", &[32, 8]),
            ("encoder.layer.#.output.dense.weight", &[8, 32]),
            ("encoder.layer.#.output.LayerNorm.weight", &[8]),
            ("encoder.layer.#.output.LayerNorm.bias", &[8]),
        ],
    );
    let layer = made.layer();
    let attention = layer.attention.unwrap();
    assert_eq!(attention.query, made.stored("encoder.layer.1.attention.self.query.weight"));
    assert_eq!(attention.output, made.stored("encoder.layer.1.attention.output.dense.weight").turned());
    assert_eq!(attention.heads.map(|heads| (heads.query, heads.rotary)), Some((2, 0)));
    assert_eq!(layer.units[0].gate, made.stored("encoder.layer.1.intermediate.dense.weight"));
    assert_eq!(layer.units[0].down, made.stored("encoder.layer.1.output.dense.weight").turned());
    made.see(|layers| {
        assert!(layers.centred_norm());
        assert_eq!(layers.final_gain().unwrap(), Vec::<f32>::new());
    });
}

#[test]
fn t5_has_two_stacks_and_attention_between_them_is_left_out() {
    let mut tensors: Vec<(String, Vec<u64>)> = vec![("shared.weight".to_owned(), vec![20, 8])];
    for number in 0..2 {
        for (stack, last) in [("encoder", 1), ("decoder", 2)] {
            let layer = format!("{stack}.block.{number}.layer");
            for part in ["q", "k", "v", "o"] {
                tensors.push((format!("{layer}.0.SelfAttention.{part}.weight"), vec![8, 8]));
                if last == 2 {
                    tensors.push((format!("{layer}.1.EncDecAttention.{part}.weight"), vec![8, 8]));
                }
            }
            for norm in 0..=last {
                tensors.push((format!("{layer}.{norm}.layer_norm.weight"), vec![8]));
            }
            tensors.push((format!("{layer}.{last}.DenseReluDense.wi_0.weight"), vec![12, 8]));
            tensors.push((format!("{layer}.{last}.DenseReluDense.wi_1.weight"), vec![12, 8]));
            tensors.push((format!("{layer}.{last}.DenseReluDense.wo.weight"), vec![8, 12]));
        }
    }
    let list: Vec<(&str, &[u64])> = tensors.iter().map(|(name, shape)| (name.as_str(), shape.as_slice())).collect();
    let made = Made::new(Some(json!({"model_type": "t5", "d_model": 8, "num_heads": 2, "d_kv": 4})), &list);
    made.see(|layers| {
        assert_eq!(layers.stacks(), ["decoder.block", "encoder.block"]);
        for (stack, last) in [("encoder", 1), ("decoder", 2)] {
            let layer = layers.layer(&format!("{stack}.block"), 1).unwrap();
            let attention = layer.attention.unwrap();
            let query = made.stored(&format!("{stack}.block.1.layer.0.SelfAttention.q.weight"));
            let gain = made.values(&format!("{stack}.block.1.layer.0.layer_norm.weight"));
            assert_eq!(attention.query, query.scaled(&gain));
            assert_eq!(attention.heads.map(|heads| heads.rotary), Some(0));
            let gate = made.stored(&format!("{stack}.block.1.layer.{last}.DenseReluDense.wi_0.weight"));
            let gain = made.values(&format!("{stack}.block.1.layer.{last}.layer_norm.weight"));
            assert_eq!(layer.units[0].gate, gate.scaled(&gain));
        }
        assert!(!layers.centred_norm_of("encoder.block"));
    });
}

/// Whisper and BART: one set of names; a last norm beside the stack says that blocks are normed before.
fn whisper(last_norm: bool) -> Made {
    let mut tensors: Vec<(&str, &[u64])> = vec![
        ("model.decoder.embed_tokens.weight", &[20, 8]),
        ("model.decoder.embed_positions.weight", &[16, 8]),
        ("model.decoder.layers.#.self_attn_layer_norm.weight", &[8]),
        ("model.decoder.layers.#.self_attn_layer_norm.bias", &[8]),
        ("model.decoder.layers.#.self_attn.q_proj.weight", &[8, 8]),
        ("model.decoder.layers.#.self_attn.k_proj.weight", &[8, 8]),
        ("model.decoder.layers.#.self_attn.v_proj.weight", &[8, 8]),
        ("model.decoder.layers.#.self_attn.out_proj.weight", &[8, 8]),
        ("model.decoder.layers.#.encoder_attn.q_proj.weight", &[8, 8]),
        ("model.decoder.layers.#.encoder_attn.out_proj.weight", &[8, 8]),
        ("model.decoder.layers.#.encoder_attn_layer_norm.weight", &[8]),
        ("model.decoder.layers.#.fc1.weight", &[32, 8]),
        ("model.decoder.layers.#.fc2.weight", &[8, 32]),
        ("model.decoder.layers.#.final_layer_norm.weight", &[8]),
    ];
    if last_norm {
        tensors.push(("model.decoder.layer_norm.weight", &[8]));
    }
    let kind = if last_norm { "whisper" } else { "bart" };
    Made::layered(Some(json!({"model_type": kind, "d_model": 8, "decoder_attention_heads": 2})), &tensors)
}

#[test]
fn whisper_is_normed_before_and_bart_after() {
    let made = whisper(true);
    let layer = made.layer();
    let query = made.stored("model.decoder.layers.1.self_attn.q_proj.weight");
    let gain = made.values("model.decoder.layers.1.self_attn_layer_norm.weight");
    let attention = layer.attention.unwrap();
    assert_eq!(attention.query, query.clone().scaled(&gain).centred());
    assert_eq!(attention.heads.map(|heads| (heads.query, heads.rotary)), Some((2, 0)));
    let inner = made.stored("model.decoder.layers.1.fc1.weight");
    let gain = made.values("model.decoder.layers.1.final_layer_norm.weight");
    assert_eq!(layer.units[0].gate, inner.scaled(&gain).centred());
    assert_eq!(whisper(false).layer().attention.unwrap().query, query);
}

#[test]
fn a_tower_is_a_stack_of_its_own_width() {
    let mut tensors: Vec<(String, Vec<u64>)> = vec![
        ("language_model.model.embed_tokens.weight".to_owned(), vec![20, 16]),
        ("vision_model.embeddings.position_embedding.weight".to_owned(), vec![9, 8]),
        ("vision_model.post_layernorm.weight".to_owned(), vec![8]),
    ];
    for number in 0..2 {
        for (stack, d) in [("vision_model.encoder.layers", 8), ("language_model.model.layers", 16)] {
            for part in ["q_proj", "k_proj", "v_proj"] {
                tensors.push((format!("{stack}.{number}.self_attn.{part}.weight"), vec![d, d]));
            }
            let output = if d == 8 { "out_proj" } else { "o_proj" };
            tensors.push((format!("{stack}.{number}.self_attn.{output}.weight"), vec![d, d]));
        }
        let tower = format!("vision_model.encoder.layers.{number}");
        tensors.push((format!("{tower}.layer_norm1.weight"), vec![8]));
        tensors.push((format!("{tower}.layer_norm1.bias"), vec![8]));
        tensors.push((format!("{tower}.layer_norm2.weight"), vec![8]));
        tensors.push((format!("{tower}.mlp.fc1.weight"), vec![32, 8]));
        tensors.push((format!("{tower}.mlp.fc2.weight"), vec![8, 32]));
        let layer = format!("language_model.model.layers.{number}");
        tensors.push((format!("{layer}.input_layernorm.weight"), vec![16]));
        tensors.push((format!("{layer}.mlp.gate_proj.weight"), vec![24, 16]));
        tensors.push((format!("{layer}.mlp.up_proj.weight"), vec![24, 16]));
        tensors.push((format!("{layer}.mlp.down_proj.weight"), vec![16, 24]));
    }
    let list: Vec<(&str, &[u64])> = tensors.iter().map(|(name, shape)| (name.as_str(), shape.as_slice())).collect();
    let config = json!({"model_type": "llava", "text_config": {"model_type": "llama", "hidden_size": 16,
        "num_attention_heads": 2}, "vision_config": {"model_type": "clip_vision_model", "hidden_size": 8,
        "num_attention_heads": 4}});
    let made = Made::new(Some(config), &list);
    made.see(|layers| {
        let (tower, language) = ("vision_model.encoder.layers", "language_model.model.layers");
        assert_eq!(layers.stacks(), [language, tower]);
        assert_eq!(
            (layers.hidden_of(tower), layers.hidden_of(language), layers.hidden()),
            (Some(8), Some(16), Some(16))
        );
        assert_eq!((layers.centred_norm_of(tower), layers.centred_norm_of(language)), (true, false));
        let heads = |stack| layers.attention(stack, 1).unwrap().unwrap().heads.unwrap();
        assert_eq!((heads(tower).query, heads(tower).rotary), (4, 0));
        assert_eq!((heads(language).query, heads(language).rotary), (2, 8));
        assert_eq!(layers.embedding_of(tower).unwrap(), None);
        assert!(layers.embedding_of(language).unwrap().is_some());
        let inner = made.stored("vision_model.encoder.layers.1.mlp.fc1.weight");
        let gain = made.values("vision_model.encoder.layers.1.layer_norm2.weight");
        assert_eq!(layers.layer(tower, 1).unwrap().units[0].gate, inner.scaled(&gain).centred());
    });
}
