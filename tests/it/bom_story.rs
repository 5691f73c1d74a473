// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear bom`: what it writes from a tree, and that the same tree gives the same bytes.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::tempdir;

use crate::command_line::{failure, forebear, stdout};

/// A folder with a declared derivative, and a registry with its base beside it.
fn derivative(folder: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let release = folder.join("release");
    fs::create_dir(&release).unwrap();
    for file in ["model.safetensors", "config.json"] {
        fs::copy(root.join("data/demo/F1-cpt").join(file), release.join(file)).unwrap();
    }
    fs::write(release.join("README.md"), "---\nlicense: mit\ndatasets:\n- acme/data\n---\n# Orca\n").unwrap();
    fs::write(
        release.join("policy.toml"),
        "schema = 1\n[release]\nname = \"acme/Orca\"\nlicense = \"MIT\"\n[[model]]\npaths = [\"*\"]\nbases = [{ id = \"demo/base\", relation = \"continued-pretraining\" }]\n",
    )
    .unwrap();
    let base = root.join("data/demo/F1");
    let add = ["registry", "add", base.to_str().unwrap(), "--id", "demo/base", "--license", "mit"];
    stdout(folder, &[&add[..], &["--registry", "bases", "--no-cache"]].concat());
}

const OF: [&str; 5] = ["--path", "release", "--registry", "bases", "--no-cache"];

#[test]
fn a_declared_base_is_an_ancestor_with_its_evidence() {
    let folder = tempdir().unwrap();
    derivative(folder.path());
    let write = |arguments: &[&str]| {
        let output = forebear(folder.path()).args([&["bom"], arguments, &OF[..]].concat()).output().unwrap();
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let cyclonedx = write(&[]);
    assert_eq!(cyclonedx["specVersion"], "1.6");
    let component = &cyclonedx["components"][0];
    assert_eq!(component["pedigree"]["ancestors"][0]["name"], "demo/base");
    let described = component["pedigree"]["ancestors"][0]["description"].as_str().unwrap();
    assert!(described.starts_with("declared, and the weights are consistent with derivation from it"), "{described}");
    assert_eq!(component["modelCard"]["modelParameters"]["datasets"][0]["name"], "acme/data");
    assert_eq!(component["licenses"][0]["expression"], "MIT");
    assert_eq!(component["hashes"][0]["content"].as_str().unwrap().len(), 64);
    assert_eq!(write(&[]), cyclonedx, "the same bytes");

    let spdx = write(&["--format", "spdx", "--created", "2026-01-31T12:00:00Z"]);
    let graph = spdx["@graph"].as_array().unwrap();
    assert_eq!(graph[0]["created"], "2026-01-31T12:00:00Z");
    assert!(graph.iter().any(|one| one["relationshipType"] == "descendantOf"));
}

#[test]
fn a_saved_report_makes_the_same_document() {
    let folder = tempdir().unwrap();
    derivative(folder.path());
    let run = |arguments: &[&str]| forebear(folder.path()).args(arguments).output().unwrap().stdout;
    run(&[&["check"], &OF[..], &["--format", "json", "--output", "r.json"]].concat());
    assert_eq!(run(&[&["bom"], &OF[..]].concat()), run(&["bom", "--from", "r.json"]));
    let (code, said) = failure(folder.path(), &["bom", "--from", "r.json", "--format", "sarif"]);
    assert!(code == Some(2) && said.contains("forebear check"), "{said}");
    let output =
        forebear(folder.path()).args(["bom", "--from", "r.json"]).env("SOURCE_DATE_EPOCH", "0").output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().contains("\"timestamp\": \"1970-01-01T00:00:00Z\""));
    let output =
        forebear(folder.path()).args(["bom", "--from", "r.json"]).env("SOURCE_DATE_EPOCH", "x").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}
