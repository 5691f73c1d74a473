// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Documents that recurse, multiply, repeat themselves, or are no text.

use std::fmt::Write as _;

use super::containers::safetensors;
use super::scan::scan;

const DEEP: usize = 100_000;
const HEADER: &str = r#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;

fn nested(open: &str, middle: &str, close: &str) -> String {
    format!("{}{middle}{}", open.repeat(DEEP), close.repeat(DEEP))
}

#[test]
fn json_that_is_nested_a_hundred_thousand_times_is_refused() {
    let deep = nested("[", "", "]");
    let object = nested(r#"{"a":"#, "1", "}");
    let scanned = scan(&[
        ("header/model.safetensors", safetensors(&format!(r#"{{"__metadata__":{object}}}"#), &[])),
        ("config/config.json", deep.clone().into_bytes()),
        ("config/model.safetensors", safetensors(HEADER, &[0; 8])),
        ("index/model.safetensors.index.json", format!(r#"{{"weight_map":{deep}}}"#).into_bytes()),
        ("tokenizer/tokenizer.json", deep.into_bytes()),
    ]);
    scanned.refuses("header/model.safetensors", "").refuses("index/model.safetensors.index.json", "");
    // A config that cannot be read decides how weights are read.
    scanned.refuses("config/model.safetensors", "config.json");
    assert!(!scanned.of("tokenizer/tokenizer.json").is_empty(), "{}", scanned.report["findings"]);
}

#[test]
fn yaml_that_multiplies_or_recurses_is_a_problem_of_the_card() {
    let mut laughs = String::from("---\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for at in 1..12 {
        let references = vec![format!("*a{}", at - 1); 10].join(", ");
        writeln!(laughs, "a{at}: &a{at} [{references}]").unwrap();
    }
    laughs += "---\n# Laughs\n";
    let scanned = scan(&[
        ("laughs/README.md", laughs),
        ("itself/README.md", "---\na: &a [*a]\n---\n".to_owned()),
        ("deep/README.md", format!("---\na: {}\n---\n", nested("[", "", "]"))),
        ("keys/README.md", "---\nlicense: mit\nlicense: apache-2.0\n---\n".to_owned()),
        ("long/README.md", format!("---\na: {}\n---\n", "x".repeat(3 << 20))),
        ("tags/README.md", "---\n!!python/object/apply:os.system ['id']\n---\n".to_owned()),
    ]);
    for path in ["laughs/README.md", "itself/README.md", "deep/README.md", "long/README.md"] {
        assert!(!scanned.of(path).is_empty(), "{path}: {}", scanned.report["findings"]);
    }
}

#[test]
fn toml_that_recurses_or_repeats_is_an_error_with_a_place() {
    let held = [
        ("deep", format!("schema = 1\na = {}", nested("[", "", "]"))),
        ("dotted", format!("schema = 1\n{} = 1", vec!["a"; DEEP].join("."))),
        ("tables", format!("schema = 1\n[{}]", vec!["a"; DEEP].join("."))),
        ("twice", "schema = 1\nschema = 1\n".to_owned()),
        ("dates", "schema = 1\n[[waiver]]\nrule = \"missing-notice\"\nexpires = 9999-99-99\n".to_owned()),
    ];
    for (name, policy) in held {
        let folder = super::scan::folder(&[("policy.toml", policy)]);
        let output = crate::command_line::forebear(folder.path()).args(["check", "--path", "."]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{name}: {said}");
        assert!(said.contains("policy.toml"), "{name}: {said}");
        assert!(said.len() < 20_000, "{name}: {} bytes are said", said.len());
    }
}

#[test]
fn what_is_no_text_is_no_crash() {
    let bytes: Vec<u8> = (0..=255).cycle().take(4096).collect();
    let names = [
        "README.md",
        "LICENSE",
        "NOTICE",
        "config.json",
        "REUSE.toml",
        "a.py",
        "a.ipynb",
        "train.yaml",
        "vocab.txt",
        "merges.txt",
        "tokenizer.model",
        "x.tiktoken",
        "model.gguf.license",
        ".gitattributes",
    ];
    let files: Vec<(&str, &Vec<u8>)> = names.into_iter().map(|name| (name, &bytes)).collect();
    assert!(!scan(&files).of("config.json").is_empty());
}
