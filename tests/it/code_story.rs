// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Model code is registered, renamed, and told again; names left behind are quoted.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use tempfile::{TempDir, tempdir};

use crate::command_line::{failure, forebear, stdout};

/// Code that is long and varied enough to be told by: every function computes something else.
pub(crate) fn code() -> String {
    let mut text = String::from("# Copyright 2024 The Whale team\nimport torch\nfrom torch import nn\n\n");
    let operations = ["+", "-", "*", "/", "@", "%"];
    for index in 0..30_usize {
        let operation = |at: usize| operations[(index / 6_usize.pow(at as u32) + index * at) % 6];
        let (one, two, three) = (operation(0), operation(1), operation(2));
        writeln!(
            text,
            "class WhaleBlock{index}(nn.Module):\n    def forward(self, hidden, mask, scale={index}):\n        query = self.query(hidden) \
             {one} mask\n        key = self.key(query {two} hidden).view(-1, {index}, scale)\n        if key is None:\n            \
             return query {three} scale\n        return torch.softmax(query {two} key {one} {index}.5, dim=-1)\n"
        )
        .unwrap();
    }
    text
}

pub(crate) fn renamed() -> String {
    [
        ("# Copyright 2024 The Whale team\n", ""),
        ("Whale", "Orca"),
        ("self", "this"),
        ("hidden", "states"),
        ("query", "alpha"),
        ("key", "beta"),
        ("mask", "gate"),
        ("scale", "width"),
    ]
    .iter()
    .fold(code(), |text, (from, to)| text.replace(from, to))
}

/// A registry that knows the code, and beside it what would be published.
fn story(published: &[(&str, &str)]) -> TempDir {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("modeling_whale.py"), code()).unwrap();
    let added = stdout(
        folder.path(),
        &["registry", "add-code", "modeling_whale.py", "--id", "acme/whale", "--license", "MIT", "--registry", "known"],
    );
    assert!(added.starts_with("added code of acme/whale to known: "), "{added}");
    fs::create_dir(folder.path().join("orca")).unwrap();
    for (name, text) in published {
        fs::write(folder.path().join("orca").join(name), text).unwrap();
    }
    folder
}

fn messages(folder: &Path) -> String {
    let output =
        forebear(folder).args(["check", "--path", "orca", "--registry", "known", "--format", "json"]).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let line = |finding: &serde_json::Value| {
        format!("{}: {}", finding["level"].as_str().unwrap(), finding["message"].as_str().unwrap())
    };
    findings.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn renamed_code_without_its_header_is_told_of() {
    let folder = story(&[("modeling_orca.py", &renamed())]);
    assert_snapshot!(messages(folder.path()), @"warn: modeling_orca.py is consistent with derivation from the code of whale (acme/whale, MIT): it holds 1.00 of what is telling in it, the best other family 0.00; nothing in its header, its comments, a notice or policy.toml says so");
}

#[test]
fn code_that_keeps_its_header_is_in_order() {
    let kept = format!("# Copyright 2024-2026 The Whale team\n# Changed by Orca, 2026.\n{}", renamed());
    let folder = story(&[("modeling_orca.py", &kept)]);
    assert_snapshot!(messages(folder.path()), @"");
}

#[test]
fn names_left_behind_are_quoted() {
    let folder = story(&[
        ("modeling_orca.py", "from torch import nn\n\nclass Qwen2Attention(nn.Module):\n    pass\n"),
        ("train.sh", "torchrun train.py --load $CKPT/deepseekv3\n"),
    ]);
    assert_snapshot!(messages(folder.path()), @"
    warn: modeling_orca.py:3 defines a class with a name of Qwen, which nothing declares: class Qwen2Attention(nn.Module):
    warn: train.sh:1 names a checkpoint or run of DeepSeek, which nothing declares: torchrun train.py --load $CKPT/deepseekv3
    ");
}

#[test]
fn code_is_listed_and_too_little_of_it_is_refused() {
    let folder = story(&[]);
    assert_snapshot!(stdout(folder.path(), &["registry", "list", "--registry", "known"]), @"
    code of acme/whale: family whale, MIT, 1 source file
    0 bases
    ");
    fs::write(folder.path().join("small.py"), "x = 1\n").unwrap();
    let small = ["registry", "add-code", "small.py", "--id", "acme/small", "--license", "MIT", "--registry", "known"];
    let (code, message) = failure(folder.path(), &small);
    assert_eq!(code, Some(2));
    assert_snapshot!(message, @"error: small.py holds too little code to be told again (0 prints, at least 24 are needed)");
}

#[test]
fn code_in_a_registry_is_verified_carried_and_removed() {
    let folder = story(&[]);
    let said = |arguments: &[&str]| {
        let output = forebear(folder.path()).args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (_, archive) = said(&["--registry", "known", "registry", "export", "code.zip"]);
    assert_eq!(archive, "wrote 0 bases and the code of 1 model to code.zip\n");
    let (_, imported) = said(&["--registry", "copy", "registry", "import", "code.zip"]);
    assert_eq!(imported, "added 0 bases and the code of 1 model to copy (new), 0 already there\n");
    let (_, list) = said(&["--registry", "copy", "registry", "list", "--format", "json"]);
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list["code"][0]["id"], "acme/whale");
    assert_eq!(said(&["--registry", "copy", "registry", "verify"]).0, Some(0));

    let prints =
        folder.path().join("copy/code").join(format!("{}.prints", list["code"][0]["sha256"].as_str().unwrap()));
    let mut bytes = fs::read(&prints).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&prints, bytes).unwrap();
    let (code, faults) = said(&["--registry", "copy", "registry", "verify"]);
    assert_eq!(code, Some(1));
    assert!(faults.contains("altered: copy/code/") && faults.contains("(acme/whale)"), "{faults}");
    let (_, removed) = said(&["--registry", "copy", "registry", "remove", "acme/whale"]);
    assert_eq!(removed, "removed the code of acme/whale from copy\n");
    assert!(!prints.exists());
    assert_eq!(said(&["--registry", "copy", "registry", "remove", "acme/whale"]).0, Some(2));
}
