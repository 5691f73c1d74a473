// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What is said of one model's license in its file, its card and its license text, through the program.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use safetensors::tensor::{Dtype, TensorView};
use serde_json::Value;
use tempfile::tempdir;

use crate::command_line::forebear;

fn write_model(folder: &Path, license: &str) {
    let bytes: Vec<u8> =
        (0..32 * 32_u32).flat_map(|i| ((i * 7919 % 1009) as f32 / 1009.0 - 0.5).to_le_bytes()).collect();
    let view = TensorView::new(Dtype::F32, vec![32, 32], &bytes).unwrap();
    let metadata = HashMap::from([("license".to_owned(), license.to_owned())]);
    let tensors = [("model.layers.0.self_attn.q_proj.weight", view)];
    fs::write(folder.join("model.safetensors"), safetensors::serialize(tensors, Some(metadata)).unwrap()).unwrap();
}

fn conflicts(folder: &Path) -> Vec<String> {
    let output = forebear(folder).args(["check", "--path", ".", "--format", "json", "--no-cache"]).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    let own = findings.filter(|finding| finding["rule"] == "license-conflict");
    own.map(|finding| format!("{}: {}", finding["level"].as_str().unwrap(), finding["message"].as_str().unwrap()))
        .collect()
}

#[test]
fn a_file_a_card_and_a_license_text_that_disagree_are_quoted() {
    let folder = tempdir().unwrap();
    let folder = folder.path();
    let mit = include_str!("../../data/licenses/texts/mit.txt");
    fs::write(folder.join("LICENSE"), mit).unwrap();
    fs::write(folder.join("README.md"), "---\nlicense: mit\n---\n# Orca\n").unwrap();
    write_model(folder, "mit");
    assert_eq!(conflicts(folder), [""; 0]);
    write_model(folder, "apache-2.0");
    let clause = "You shall not use the Software to train other models.";
    fs::write(folder.join("LICENSE"), format!("{mit}\n\n{clause}\n")).unwrap();
    let mut said = conflicts(folder);
    said.sort();
    insta::assert_snapshot!(said.join("\n"), @r"
    warn: README.md:2 says license mit, and LICENSE reads as mit with changes: adds “You shall not use the Software to train other models.”
    warn: README.md:2 says license mit, and model.safetensors says license apache-2.0
    ");
}
