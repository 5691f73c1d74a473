// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A registry is listed, checked, damaged, carried elsewhere, and emptied.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

use forebear::bases::{NewBase, RegistryFolder};
use insta::assert_snapshot;
use tempfile::{TempDir, tempdir};

use crate::command_line::{failure, forebear, stdout};

/// A folder with a registry of two bases. Their fingerprints are only carried here, never read.
fn registry() -> TempDir {
    let folder = tempdir().unwrap();
    let registry = RegistryFolder::open_or_create(&folder.path().join("registry")).unwrap();
    for (id, license) in [("acme/whale", "mit"), ("acme/orca", "apache-2.0")] {
        let base = NewBase {
            id: id.to_owned(),
            license: license.to_owned(),
            source: Some(format!("https://hub.example/{id}")),
            fingerprint: format!("fingerprint of {id}").into_bytes(),
            parameters: 494_032_768,
            architecture: "Qwen2ForCausalLM".to_owned(),
            added: "2026-01-10".to_owned(),
            license_text: Some("one\ntwo\n".to_owned()),
            derived_from: vec!["acme/older".to_owned()],
            ..NewBase::default()
        };
        registry.add(&base).unwrap();
    }
    folder
}

fn fingerprint_of(folder: &Path, id: &str) -> std::path::PathBuf {
    let facts: serde_json::Value =
        serde_json::from_str(&stdout(folder, &["registry", "show", id, "--format", "json"])).unwrap();
    folder.join(format!("registry/fingerprints/{}.safetensors", facts["sha256"].as_str().unwrap()))
}

#[test]
fn bases_are_listed_and_shown() {
    let folder = registry();
    assert_snapshot!(stdout(folder.path(), &["registry", "list"]), @"
    acme/orca   apache-2.0, Qwen2ForCausalLM, 494,032,768 parameters
    acme/whale  mit, Qwen2ForCausalLM, 494,032,768 parameters
    2 bases
    ");
    let shown = stdout(folder.path(), &["registry", "show", "acme/orca"]);
    assert_snapshot!(shown, @"
    id            acme/orca
    license       apache-2.0
    source        https://hub.example/acme/orca
    revision      not recorded
    architecture  Qwen2ForCausalLM
    parameters    494,032,768 parameters
    fingerprint   sha256:cf6b7bbb4e9788e1f7c8140319ecec84cc84dd52a1b5a1fe67c466ed13ff6ee2
    added         2026-01-10
    derived from  acme/older
    license text  2 lines
    notice        not recorded
    headers       0 files
    tokenizer     not recorded
    registry      ./registry
    ");
}

#[test]
fn a_base_that_is_not_there_is_answered_with_the_closest() {
    let folder = registry();
    let (code, said) = failure(folder.path(), &["registry", "show", "acme/orka"]);
    assert_eq!(code, Some(2));
    assert_snapshot!(said, @"error: no base `acme/orka` in the registry; did you mean `acme/orca`?");
}

#[test]
fn damage_blocks_and_says_what_to_do() {
    let folder = registry();
    assert_snapshot!(stdout(folder.path(), &["registry", "verify"]), @"2 bases, 0 faults");
    fs::write(fingerprint_of(folder.path(), "acme/orca"), "other").unwrap();
    let output = forebear(folder.path()).args(["registry", "verify"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("(acme/orca)") && said.contains("help: restore the file"), "{said}");
    let (code, said) = failure(folder.path(), &["registry", "show", "acme/orca"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("is damaged"), "{said}");
}

#[test]
fn a_mistake_in_the_index_is_underlined() {
    let folder = registry();
    let index = folder.path().join("registry/index.toml");
    let text = fs::read_to_string(&index).unwrap();
    fs::write(&index, text.replacen("license =", "licence =", 1)).unwrap();
    let (code, said) = failure(folder.path(), &["--registry", "registry", "registry", "list"]);
    assert_eq!(code, Some(2));
    assert_snapshot!(said, @r#"
    error: unknown field `licence`, expected one of `id`, `license`, `source`, `revision`, `sha256`,
           `fingerprint`, `parameters`, `architecture`, `added`, `license_text`, `notice`, `headers`,
           `tokenizer`, `derived_from`
     --> registry/index.toml:6:1
      |
    6 | licence = "apache-2.0"
      | ^^^^^^^
    "#);
}

#[test]
fn a_registry_is_carried_elsewhere() {
    let (here, there) = (registry(), tempdir().unwrap());
    let archive = there.path().join("bases.zip");
    let archive = archive.to_str().unwrap();
    let said = stdout(here.path(), &["registry", "export", archive]);
    assert!(said.starts_with("wrote 2 bases to "), "{said}");
    let said = stdout(there.path(), &["--registry", "copy", "registry", "import", archive]);
    assert_eq!(said, "added 2 bases to copy (new), 0 already there\n");
    let copied = stdout(there.path(), &["--registry", "copy", "registry", "list"]);
    assert_eq!(copied, stdout(here.path(), &["registry", "list"]));
    let said = stdout(there.path(), &["--registry", "copy", "registry", "remove", "acme/orca"]);
    assert_eq!(said, "removed acme/orca from copy\n");
    assert!(stdout(there.path(), &["--registry", "copy", "registry", "list"]).ends_with("\n1 base\n"));
    assert!(stdout(there.path(), &["--registry", "copy", "registry", "verify"]).ends_with("0 faults\n"));
}

#[test]
fn a_registry_that_was_named_must_be_there() {
    let folder = tempdir().unwrap();
    let (code, said) = failure(folder.path(), &["--registry", "nowhere", "registry", "list"]);
    assert_eq!(code, Some(2));
    assert_snapshot!(said, @"error: nowhere is not a registry: it has no index.toml");
}

#[test]
fn a_registry_keeps_of_a_base_what_a_fingerprint_of_that_detail_keeps() {
    let folder = tempdir().unwrap();
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/demo/F1");
    let model = model.to_str().unwrap();
    let sizes = ["lite", "base", "full"].map(|detail| {
        stdout(folder.path(), &["fingerprint", model, "-o", detail, "--detail", detail]);
        fs::metadata(folder.path().join(detail)).unwrap().len()
    });
    assert!(sizes.is_sorted() && sizes[0] < sizes[1], "{sizes:?}");
    stdout(folder.path(), &["fingerprint", model, "-o", "unasked"]);
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    assert!(read("unasked") == read("full"), "a file keeps everything if nothing else is asked");

    let add = ["--registry", "registry", "registry", "add", model, "--id", "acme/F1", "--license", "Apache-2.0"];
    fs::create_dir(folder.path().join("registry")).unwrap();
    stdout(folder.path(), &add);
    assert!(fs::read(fingerprint_of(folder.path(), "acme/F1")).unwrap() == read("base"));
}
