// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A low-rank adapter is fingerprinted merged into its base, and the model it makes is found to descend from it.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use safetensors::tensor::{Dtype, TensorView};
use tempfile::TempDir;

const WIDTH: usize = 64;
const RANK: usize = 4;

/// An adapter of the query projections of layers 0 and 1 of the demo base.
fn write_adapter(folder: &Path) {
    let values = |count: usize, seed: u32| -> Vec<u8> {
        let value = |i: usize| ((i as u32).wrapping_mul(2_654_435_761).wrapping_add(seed) >> 8) as f32 / 1.6e8 - 0.05;
        (0..count).flat_map(|i| value(i).to_le_bytes()).collect()
    };
    let mut tensors = Vec::new();
    for layer in 0..2u32 {
        let module = format!("base_model.model.model.layers.{layer}.self_attn.q_proj");
        tensors.push((format!("{module}.lora_A.weight"), vec![RANK, WIDTH], values(RANK * WIDTH, layer)));
        tensors.push((format!("{module}.lora_B.weight"), vec![WIDTH, RANK], values(RANK * WIDTH, 77 + layer)));
    }
    let views: Vec<(&String, TensorView)> = tensors
        .iter()
        .map(|(name, shape, bytes)| (name, TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap()))
        .collect();
    fs::write(folder.join("adapter_model.safetensors"), safetensors::serialize(views, None).unwrap()).unwrap();
    let config = r#"{"peft_type":"LORA","r":4,"lora_alpha":8,"base_model_name_or_path":"northwind/Tern-250K","target_modules":["q_proj"]}"#;
    fs::write(folder.join("adapter_config.json"), config).unwrap();
}

fn forebear(arguments: &[&Path]) -> String {
    let output = Command::cargo_bin("forebear").unwrap().args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn an_adapter_merged_into_its_base_descends_from_it() {
    let folder = TempDir::new().unwrap();
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/demo/F1");
    write_adapter(folder.path());
    let print = folder.path().join("merged.fingerprint");
    let path = |text: &'static str| Path::new(text);
    forebear(&[path("fingerprint"), folder.path(), path("--merge-into"), &base, path("-o"), &print]);
    let said: serde_json::Value =
        serde_json::from_str(&forebear(&[path("compare"), &print, &base, path("--format"), path("json")])).unwrap();
    assert!(["derived", "partial"].contains(&said["relation"].as_str().unwrap()), "{}", said["relation"]);
    // Two matrices of 28 were changed; the rest are the base's values.
    let exact = said["mechanisms"].as_array().unwrap().iter().find(|found| found["mechanism"] == "exact-hash").unwrap();
    let effect = exact["effect"].as_f64().unwrap();
    assert!((0.8..1.0).contains(&effect), "{effect}");
}
