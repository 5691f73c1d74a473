// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Checkpoints whose names tell nothing.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::made::Made;

/// In the order of the alphabet, as safetensors are written.
const SORTED: [(&str, &[u64]); 10] = [
    ("model.embed_tokens.weight", &[50, 16]),
    ("model.layers.#.input_layernorm.weight", &[16]),
    ("model.layers.#.mlp.down_proj.weight", &[16, 40]),
    ("model.layers.#.mlp.gate_proj.weight", &[40, 16]),
    ("model.layers.#.mlp.up_proj.weight", &[40, 16]),
    ("model.layers.#.post_attention_layernorm.weight", &[16]),
    ("model.layers.#.self_attn.k_proj.weight", &[8, 16]),
    ("model.layers.#.self_attn.o_proj.weight", &[16, 16]),
    ("model.layers.#.self_attn.q_proj.weight", &[16, 16]),
    ("model.layers.#.self_attn.v_proj.weight", &[8, 16]),
];
/// In the order of the code, as PyTorch keeps them; every head has its own key.
const CODED: [(&str, &[u64]); 9] = [
    ("model.layers.#.self_attn.q_proj.weight", &[16, 16]),
    ("model.layers.#.self_attn.k_proj.weight", &[16, 16]),
    ("model.layers.#.self_attn.v_proj.weight", &[16, 16]),
    ("model.layers.#.self_attn.o_proj.weight", &[16, 16]),
    ("model.layers.#.mlp.gate_proj.weight", &[40, 16]),
    ("model.layers.#.mlp.up_proj.weight", &[40, 16]),
    ("model.layers.#.mlp.down_proj.weight", &[16, 40]),
    ("model.layers.#.input_layernorm.weight", &[16]),
    ("model.layers.#.post_attention_layernorm.weight", &[16]),
];

/// The renamed checkpoint gives the layers of the named one.
fn is_the_same(tensors: &[(&str, &[u64])], name: impl Fn(usize, &str) -> String) {
    let named = Made::layered(None, tensors).layer();
    let renamed = Made::layered(None, tensors).renamed(name).layer();
    let (ours, theirs) = (named.attention.unwrap(), renamed.attention.unwrap());
    assert_eq!(
        (ours.query, ours.key, ours.value, ours.output),
        (theirs.query, theirs.key, theirs.value, theirs.output)
    );
    let (ours, theirs) = (&named.units[0], &renamed.units[0]);
    assert_eq!((&ours.gate, &ours.up, &ours.down), (&theirs.gate, &theirs.up, &theirs.down));
}

#[test]
fn nonsense_with_a_number_a_layer_is_read() {
    for tensors in [SORTED.as_slice(), &CODED] {
        // Ten names a layer, the number of the layer kept.
        is_the_same(tensors, |at, name| {
            let layer = name.split('.').nth(2).filter(|part| part.parse::<u32>().is_ok());
            layer
                .map_or_else(|| format!("zz{at}"), |layer| format!("foo{layer}_{}", char::from(b'a' + (at % 26) as u8)))
        });
    }
}

#[test]
fn nonsense_without_any_order_in_the_names_is_read() {
    for tensors in [SORTED.as_slice(), &CODED] {
        is_the_same(tensors, |at, _| format!("p{at:04}"));
        is_the_same(tensors, |at, _| (0..6).map(|k| char::from(b'a' + ((at * 7 + k * 5) % 26) as u8)).collect());
    }
}

#[test]
fn experts_and_fused_matrices_are_read() {
    let mut tensors = SORTED.to_vec();
    tensors.extend([
        ("model.layers.#.mlp.experts.1.down_proj.weight", [16, 40].as_slice()),
        ("model.layers.#.mlp.experts.1.gate_proj.weight", &[40, 16]),
        ("model.layers.#.mlp.experts.1.up_proj.weight", &[40, 16]),
    ]);
    let made = Made::layered(None, &tensors).renamed(|at, _| format!("p{at:04}"));
    assert_eq!(made.layer().units.iter().map(|unit| unit.expert).collect::<Vec<_>>(), [Some(0), Some(1)]);

    let fused: [(&str, &[u64]); 4] =
        [("h.#.down", &[16, 40]), ("h.#.both", &[80, 16]), ("h.#.out", &[16, 16]), ("h.#.qkv_", &[32, 16])];
    let made = Made::layered(None, &fused);
    let layer = made.layer();
    assert_eq!(layer.units[0].gate, made.stored("h.1.both").picked(0..40));
    assert_eq!(layer.attention.unwrap().value, made.stored("h.1.qkv_").picked(24..32));
}

#[test]
fn tensors_that_do_not_repeat_are_left_alone() {
    let made = Made::new(None, &[("a", &[16, 40]), ("b", &[40, 16]), ("c", &[16, 16])]);
    let count = made.see(|layers| layers.stacks().len());
    assert_eq!(count, 0);
}
