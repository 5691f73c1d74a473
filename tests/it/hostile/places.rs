// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Files that name other files: outside their folder, by a link, absolutely, or themselves.

use std::fs;
use std::os::unix::fs::symlink;

use super::containers::safetensors;
use super::scan::{folder, scan, scan_folder};

const HEADER: &str = r#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;

fn weights() -> Vec<u8> {
    safetensors(HEADER, &[0; 8])
}

fn index(name: &str) -> Vec<u8> {
    serde_json::json!({"weight_map": {"w": name}}).to_string().into_bytes()
}

#[test]
fn an_index_that_reaches_outside_its_folder_is_refused() {
    let names =
        ["../model.safetensors", "/etc/passwd", "a/../../model.safetensors", "C:\\model.safetensors", "a\0b", "", "."];
    for (at, name) in names.into_iter().enumerate() {
        for format in ["safetensors", "bin"] {
            let path = format!("{at}/model.{format}.index.json");
            let scanned = scan(&[(path.as_str(), index(name)), ("model.safetensors", weights())]);
            scanned.refuses(&path, "outside").reads("model.safetensors");
        }
    }
    let missing = scan(&[("m/model.safetensors.index.json", index("gone.safetensors"))]);
    missing.refuses("m/model.safetensors.index.json", "gone.safetensors");
}

#[test]
fn links_are_named_and_not_followed() {
    let outside = folder(&[("secret.safetensors", weights())]);
    let held = folder(&[("m/model.safetensors.index.json", index("shard.safetensors"))]);
    symlink(outside.path().join("secret.safetensors"), held.path().join("m/shard.safetensors")).unwrap();
    symlink(outside.path(), held.path().join("linked")).unwrap();
    symlink(".", held.path().join("loop")).unwrap();
    let scanned = scan_folder(held.path());
    scanned.refuses("m/model.safetensors.index.json", "shard.safetensors");
    assert_eq!(scanned.report["models"].as_array().map(Vec::len), Some(0), "{}", scanned.report);
    let told = scanned.of("linked");
    assert!(told.iter().any(|told| told.starts_with("warn") && told.contains("it is a link to a folder")), "{told:?}");
}

#[test]
fn a_folder_of_links_to_weights_does_not_pass() {
    // As a cache of downloads keeps them: what uploads the folder follows its links.
    let blobs = folder(&[("4f1c", weights())]);
    let held = folder(&[("README.md", b"# Orca".to_vec())]);
    symlink(blobs.path().join("4f1c"), held.path().join("model.safetensors")).unwrap();
    scan_folder(held.path()).refuses("model.safetensors", "it is a symbolic link, and what it stands for");
}

#[test]
fn a_fifo_does_not_hold_the_program_up() {
    let held = folder(&[("model.safetensors", weights())]);
    let made = std::process::Command::new("mkfifo").arg(held.path().join("pipe.safetensors")).status();
    assert!(made.is_ok_and(|status| status.success()));
    let scanned = scan_folder(held.path());
    scanned.reads("model.safetensors");
    scanned.refuses("pipe.safetensors", "special file");
}

/// An ONNX model whose one initializer lies in another file, from an offset on.
fn onnx(location: &str, offset: &str, length: &str) -> Vec<u8> {
    let field = |number: u8, bytes: &[u8]| [&[number << 3 | 2, bytes.len() as u8][..], bytes].concat();
    let entry = |key: &str, value: &str| field(13, &[field(1, key.as_bytes()), field(2, value.as_bytes())].concat());
    let entries = [entry("location", location), entry("offset", offset), entry("length", length)].concat();
    let tensor = [&b"\x08\x02\x10\x01"[..], &field(8, b"w"), &entries, b"\x70\x01"].concat();
    let node = [field(1, b"w"), field(2, b"y"), field(4, b"Identity")].concat();
    let graph = [field(1, &node), field(2, b"g"), field(5, &tensor)].concat();
    let mut model = b"\x08\x08\x3a".to_vec();
    model.extend([(graph.len() as u8 & 0x7f) | 0x80, (graph.len() >> 7) as u8]);
    [model, graph].concat()
}

#[test]
fn external_data_of_onnx_stays_beside_it_and_inside_its_file() {
    let data = ("m/data.bin", vec![0; 8]);
    let locations = ["../secret.bin", "/etc/passwd", "a/../../secret.bin", "gone.bin"];
    for location in locations {
        let scanned = scan(&[("m/model.onnx", onnx(location, "0", "8")), data.clone(), ("secret.bin", vec![1; 8])]);
        scanned.refuses("m/model.onnx", "");
    }
    for (offset, length) in [("8", "8"), ("18446744073709551615", "8"), ("-1", "8"), ("0", "18446744073709551615")] {
        scan(&[("m/model.onnx", onnx("data.bin", offset, length)), data.clone()]).refuses("m/model.onnx", "");
    }
    scan(&[("m/model.onnx", onnx("data.bin", "0", "8")), data]).reads("m/model.onnx");
}

#[test]
fn names_of_files_cannot_steer_a_terminal() {
    let held = folder::<&[u8]>(&[]);
    fs::write(held.path().join("a\u{1b}[2J\n::error::b.safetensors"), b"broken").unwrap();
    let scanned = scan_folder(held.path());
    let text = scanned.report["findings"].to_string();
    assert!(text.contains("unverifiable-artifact"), "{text}");
    assert!(!text.contains("\\u001b") && !text.contains("\\n::error"), "{text}");
}
