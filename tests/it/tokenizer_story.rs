// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A tokenizer is registered beside its weights, pushed with others, told of, and declared.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use tempfile::{TempDir, tempdir};

use crate::command_line::{forebear, stdout};
use crate::git_harness::Git;
use crate::push::Watched;

/// A `tokenizer.json` of these made words, with ids from `first`.
fn tokenizer(words: impl Iterator<Item = u32>, first: u32) -> String {
    let letter = |at: u32| char::from(b'a' + (at % 26) as u8);
    let word = |n: u32| format!("Ġ{}{}{}{}", letter(n * 7), letter(n / 26), letter(n / 676), letter(n));
    let vocabulary: serde_json::Map<_, _> =
        (first..).zip(words).map(|(id, n)| (word(n), serde_json::Value::from(id))).collect();
    serde_json::json!({"added_tokens": [], "model": {"type": "BPE", "vocab": vocabulary, "merges": []}}).to_string()
}

fn base() -> String {
    tokenizer(0..3000, 256)
}

fn model() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/demo/F1")
}

/// Puts F1 with a tokenizer in a folder and registers it as acme/whale.
fn register(folder: &Path, registry: &Path) -> String {
    let whale = folder.join("whale");
    fs::create_dir_all(&whale).unwrap();
    for name in ["config.json", "model.safetensors"] {
        fs::copy(model().join(name), whale.join(name)).unwrap();
    }
    fs::write(whale.join("tokenizer.json"), base()).unwrap();
    let add = ["registry", "add", whale.to_str().unwrap(), "--id", "acme/whale", "--license", "MIT", "--registry"];
    stdout(folder, &[add.as_slice(), &[registry.to_str().unwrap()]].concat())
}

#[test]
fn a_push_with_a_foreign_tokenizer_warns_and_with_a_declaration_does_not() {
    let watched = Watched::new();
    let git: &Git = &watched.git;
    let elsewhere = tempdir().unwrap();
    register(elsewhere.path(), &git.path.join("registry"));
    git.write("policy.toml", "schema = 1\n");
    git.commit("A registry");
    watched.push(&["origin", "main"]).passed();

    git.write("orca/tokenizer.json", tokenizer(0..4000, 256));
    git.commit("A tokenizer");
    let pushed = watched.push(&["origin", "main"]);
    assert_eq!(pushed.passed().rules("warn"), ["undeclared-tokenizer-origin"]);
    pushed.says("orca/tokenizer.json is consistent with the tokenizer of acme/whale");

    git.write("orca/tokenizer.json", tokenizer(0..4100, 256));
    git.write("policy.toml", "schema = 1\n[[model]]\npaths = [\"orca/**\"]\ntokenizer = \"acme/whale\"\n");
    git.commit("Whose it is");
    assert!(watched.push(&["origin", "main"]).passed().rules("warn").is_empty());
}

/// A registry that knows the whale, and beside it what would be published.
fn story(published: &[(&str, &str)]) -> TempDir {
    let folder = tempdir().unwrap();
    let added = register(folder.path(), Path::new("known"));
    assert_eq!(added, "added acme/whale to known, with its tokenizer\n");
    for (name, text) in published {
        let path = folder.path().join("orca").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn messages(folder: &Path) -> String {
    let output =
        forebear(folder).args(["check", "--path", "orca", "--registry", "known", "--format", "json"]).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let line = |finding: &serde_json::Value| {
        let part = |name: &str| finding[name].as_str().unwrap_or_default().to_owned();
        format!("{}: {} | {}", part("level"), part("message"), finding["evidence"][0]["detail"].as_str().unwrap_or(""))
    };
    report["findings"].as_array().unwrap().iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn ways_of_taking_a_tokenizer_over_are_told_and_an_own_one_is_not() {
    let renumbered = tokenizer(0..3000, 300);
    let own = tokenizer((0..3000).map(|n| 40_000 + n * 7919 % 4001), 256);
    let published = story(&[("shifted/tokenizer.json", &renumbered), ("own/tokenizer.json", &own)]);
    assert_snapshot!(messages(published.path()), @"warn: shifted/tokenizer.json is consistent with the tokenizer of acme/whale (all of its pieces under other ids); neither a declared base nor `tokenizer` in policy.toml names it | renumbered: 1.00 of the 3000 pieces of the base are among the 3000 here, 0.00 of the shared ones under the same id, 1.00 shifted by 44, 1.00 of neighbours in the same order (of 2048 compared)");
}

#[test]
fn a_tokenizer_that_cannot_be_read_is_said() {
    let base = base();
    let published = story(&[("tokenizer.json", &base[..base.len() / 2])]);
    let said = messages(published.path());
    assert!(
        said.starts_with("warn: tokenizer.json could not be compared with known tokenizers: it is damaged: EOF"),
        "{said}"
    );
}

#[test]
fn a_comparison_shows_the_tokenizers_beside_the_weights() {
    let folder = story(&[("tokenizer.json", &tokenizer(0..3500, 256))]);
    let orca = folder.path().join("orca");
    for name in ["config.json", "model.safetensors"] {
        fs::copy(model().join(name), orca.join(name)).unwrap();
    }
    let compare = ["compare", "orca", "acme/whale", "--registry", "known", "--format", "json"];
    let said: serde_json::Value = serde_json::from_str(&stdout(folder.path(), &compare)).unwrap();
    assert_eq!(said["context"]["tokenizer"]["kinship"], "extended");
    assert_eq!(said["context"]["tokenizer"]["base_pieces"], 3000);
    let shown = stdout(folder.path(), &["compare", "orca", "acme/whale", "--registry", "known"]);
    assert!(shown.contains("tokenizer: extended: 1.00 of the 3000 pieces"), "{shown}");
    // Beside a fingerprint lies somebody else's tokenizer; a damaged one keeps nothing from being compared.
    stdout(folder.path(), &["fingerprint", "orca", "-o", "orca/print"]);
    let compared = |suspect: &str| stdout(folder.path(), &["compare", suspect, "acme/whale", "--registry", "known"]);
    assert!(!compared("orca/print").contains("tokenizer:"));
    let whole = fs::read(orca.join("tokenizer.json")).unwrap();
    fs::write(orca.join("tokenizer.json"), &whole[..100]).unwrap();
    assert!(compared("orca").contains("identical") && !compared("orca").contains("tokenizer:"));
    fs::write(orca.join("tokenizer.json"), whole).unwrap();
    fs::remove_file(orca.join("print")).unwrap();
    let check = ["check", "--path", "orca", "--registry", "known", "--audit", "--format", "json"];
    let report: serde_json::Value = serde_json::from_str(&stdout(folder.path(), &check)).unwrap();
    assert_eq!(report["models"][0]["matches"][0]["context"]["tokenizer"]["kinship"], "extended");
    let entry = stdout(folder.path(), &["registry", "show", "acme/whale", "--registry", "known"]);
    assert!(entry.contains("tokenizer     3,000 pieces"), "{entry}");
}
