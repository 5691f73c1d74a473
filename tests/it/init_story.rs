// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear init` in a repository with a checkpoint, a card, and a remote, up to the push that it stops.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

use insta::assert_snapshot;

use crate::command_line::{forebear, stdout};
use crate::git_harness::{Git, Sandbox};

const CARD: &str = "---\nlicense: apache-2.0\nbase_model: northwind/Tern-250K\n---\n# Orca\n";

/// A repository that publishes a derivative of a registered base, with a remote that has nothing yet.
fn repository(sandbox: &Sandbox) -> Git {
    sandbox.bare("acme/orca.git", &[]);
    let git = sandbox.init("work", &[]);
    git.run(["remote", "add", "hub", &format!("file://{}", sandbox.path("acme/orca.git").display())]);
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/demo");
    let weights = git.path.join("checkpoints/orca");
    fs::create_dir_all(&weights).unwrap();
    for name in ["model.safetensors", "config.json"] {
        fs::copy(data.join("F1-cpt").join(name), weights.join(name)).unwrap();
    }
    fs::write(git.path.join("README.md"), CARD).unwrap();
    let base = data.join("F1/model.safetensors");
    let add = ["registry", "add", base.to_str().unwrap(), "--id", "northwind/Tern-250K", "--license", "Apache-2.0"];
    stdout(&git.path, &add);
    git
}

#[test]
fn a_repository_is_looked_at_and_the_hook_is_installed() {
    let sandbox = Sandbox::new();
    let git = repository(&sandbox);
    let said = stdout(&git.path, &["init", "--yes"]).replace(&git.path.display().to_string(), "[work]");
    assert_snapshot!(said, @"
    wrote [work]/policy.toml for 1 model; read it and correct what was guessed
    installed [work]/.git/hooks/pre-push

    next: `forebear check --path .` says what a push would be told
    ");

    let policy = fs::read_to_string(git.path.join("policy.toml")).unwrap();
    let parsed: toml::Table = toml::from_str(&policy).unwrap();
    assert_eq!(parsed["release"]["name"].as_str(), Some("acme/orca"), "the remote's name");
    assert_eq!(parsed["release"]["license"].as_str(), Some("apache-2.0"), "the card's license");
    assert_eq!(parsed["release"]["branches"][0].as_str(), Some("main"), "the branch that is checked out");
    assert_eq!(parsed["model"].as_array().map(Vec::len), Some(1), "a registry's fingerprints are no models");
    assert_eq!(parsed["model"][0]["paths"][0].as_str(), Some("checkpoints/orca/**"));
    assert_eq!(parsed["model"][0]["bases"][0]["id"].as_str(), Some("northwind/Tern-250K"));

    let doctor = stdout(&git.path, &["doctor", "--no-cache"]);
    assert!(!doctor.contains("fail"), "{doctor}");
    let again = stdout(&git.path, &["init", "--yes"]);
    assert!(!again.contains("wrote ") && !again.contains("installed "), "{again}");

    // The lineage is declared by the card; what the base's license asks for is not shipped.
    git.run(["add", "--all"]);
    git.run(["commit", "--quiet", "--message", "Publish"]);
    let pushed = git.try_run(["push", "hub", "main"]);
    let said = String::from_utf8(pushed.stderr).unwrap();
    assert!(!pushed.status.success(), "{said}");
    assert!(said.contains("deny[missing-license-text]") && !said.contains("[undeclared-lineage]"), "{said}");
    let checked = forebear(&git.path).args(["check", "--tree", "HEAD"]).output().unwrap();
    assert_eq!(checked.status.code(), Some(1), "the same without the hook");
}

#[test]
fn a_model_without_a_card_is_not_called_from_scratch() {
    let sandbox = Sandbox::new();
    let git = repository(&sandbox);
    fs::remove_file(git.path.join("README.md")).unwrap();
    let said = stdout(&git.path, &["init"]);
    assert!(said.contains("checkpoints/orca/**: no card names a base"), "{said}");
    let policy = fs::read_to_string(git.path.join("policy.toml")).unwrap();
    let parsed: toml::Table = toml::from_str(&policy).unwrap();
    assert_eq!(parsed["model"][0]["origin"].as_str(), Some("derived"));
    assert_eq!(parsed["model"][0]["bases"].as_array().map(Vec::len), Some(0));
    let checked = forebear(&git.path).args(["check", "--path", "."]).output().unwrap();
    let told = String::from_utf8(checked.stdout).unwrap();
    assert!(told.contains("deny[undeclared-lineage]"), "{told}");
}
