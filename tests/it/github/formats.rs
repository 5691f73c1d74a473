// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! SARIF against its schema, and GitLab's Code Quality against the fields that it documents.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::tempdir;

use crate::command_line::{forebear, stdout};

/// What the program writes about a checkpoint that nobody declared, in a format.
fn written(format: &str) -> String {
    let folder = tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let base = root.join("data/demo/F1");
    let add = ["registry", "add", base.to_str().unwrap(), "--id", "demo/base", "--license", "apache-2.0"];
    stdout(folder.path(), &[&add[..], &["--registry", "bases", "--no-cache"]].concat());
    let release = folder.path().join("a release, 100%");
    fs::create_dir(&release).unwrap();
    fs::copy(root.join("data/demo/F1-cpt/model.safetensors"), release.join("model.safetensors")).unwrap();
    fs::write(release.join("broken.safetensors"), "no checkpoint").unwrap();
    let check = ["check", "--path", "a release, 100%", "--registry", "bases", "--no-cache", "--format", format];
    let output = forebear(folder.path()).args(check).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn sarif_is_what_its_schema_asks_for() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/sarif/sarif-2.1.0-rtm.5.json");
    let schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let validator = jsonschema::options().with_draft(jsonschema::Draft::Draft4).build(&schema).unwrap();
    let mut document: Value = serde_json::from_str(&written("sarif")).unwrap();
    let faults: Vec<String> =
        validator.iter_errors(&document).map(|fault| format!("{fault} at {}", fault.instance_path())).collect();
    assert_eq!(faults, Vec::<String>::new());
    let run = &document["runs"][0];
    assert!(run["results"].as_array().unwrap().len() >= 2);
    for rule in run["tool"]["driver"]["rules"].as_array().unwrap() {
        assert!(rule["help"]["markdown"].as_str().unwrap().contains("## "), "{rule}");
    }
    for result in run["results"].as_array().unwrap() {
        let print = result["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap();
        assert_eq!(print, format!("{}:1", result["partialFingerprints"]["forebear/v1"].as_str().unwrap()));
    }
    document["runs"][0]["results"][0]["level"] = "fatal".into();
    assert!(!validator.is_valid(&document), "the schema sees what is wrong");
}

#[test]
fn gitlab_gets_the_fields_that_it_documents() {
    let issues: Vec<Value> = serde_json::from_str(&written("gitlab")).unwrap();
    assert!(issues.len() >= 2);
    for issue in &issues {
        for field in ["/description", "/check_name", "/fingerprint", "/severity", "/location/path"] {
            assert!(issue.pointer(field).and_then(Value::as_str).is_some_and(|text| !text.is_empty()), "{field}");
        }
        assert!(issue["location"]["lines"]["begin"].as_u64().unwrap() >= 1);
    }
}
