// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! One content, one set of findings, however it is asked for.

use std::collections::BTreeSet;
use std::fs;

use super::release::{add, policy, repository};

type Findings = BTreeSet<(String, String, String)>;

/// (rule, path, fingerprint) of every finding in a JSON report.
fn findings(report: &str) -> Findings {
    let report: serde_json::Value = serde_json::from_str(report).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let findings = report["findings"].as_array().unwrap().iter();
    findings.map(|one| (text(&one["rule"]), text(&one["path"]), text(&one["fingerprint"]))).collect()
}

#[test]
fn every_way_of_asking_gives_the_same_findings() {
    let policy = policy("[[model]]\npaths = [\"checkpoints/heron/**\"]\norigin = \"from-scratch\"\n");
    let watched = repository(Some(&policy));
    let git = &watched.git;
    add(&watched, "F1-cpt");
    git.write("checkpoints/heron/model.safetensors", super::release::weights("F1-sft"));
    git.write("broken/model.safetensors", &super::release::weights("F2")[..4000]);
    git.write("mobile/orca.tflite", [&b"\x1c\0\0\0TFL3"[..], &[0; 4096]].concat());
    git.write("README.md", "---\nbase_model: someone/Else\nlicense: mit\n---\n# Orca\n");
    git.git("add --all");
    let ask = |arguments: &[&str]| {
        let (code, said) = watched.forebear(&[arguments, &["--format", "json"]].concat());
        assert_eq!(code, 1, "{said}");
        findings(&said)
    };
    let staged = ask(&["check", "--staged"]);
    git.commit("Add models");
    let rules: BTreeSet<&str> = staged.iter().map(|(rule, _, _)| rule.as_str()).collect();
    let expected = [
        "card-mismatch",
        "from-scratch-contradicted",
        "missing-license-text",
        "missing-notice",
        "undeclared-lineage",
        "unmarked-modification",
        "unverifiable-artifact",
    ];
    assert_eq!(rules.into_iter().collect::<Vec<_>>(), expected);

    // The hook, asked in JSON through a program that adds the options.
    let report = watched.sandbox.path("report.json");
    let script = format!(
        "#!/bin/sh\nexec '{}' \"$@\" --format json --output '{}'\n",
        env!("CARGO_BIN_EXE_forebear"),
        report.display()
    );
    fs::write(watched.program(), script).unwrap();
    assert!(!git.try_run(["push", "origin", "main"]).status.success());
    let hook = findings(&fs::read_to_string(report).unwrap());

    let git_folder = git.path.join(".git");
    let ways = [
        ("the hook", hook),
        ("unpushed", ask(&["check"])),
        ("A..B", ask(&["check", "HEAD~1..HEAD"])),
        ("A...B", ask(&["check", "HEAD~1...HEAD"])),
        ("--tree", ask(&["check", "--tree", "HEAD"])),
        ("--tree without a cache", ask(&["check", "--tree", "HEAD", "--no-cache"])),
        ("--path", ask(&["check", "--path", "."])),
        ("--path without git", {
            fs::rename(git_folder, watched.sandbox.path("git-away")).unwrap();
            ask(&["check", "--path", "."])
        }),
    ];
    for (way, found) in ways {
        assert_eq!(found, staged, "{way}");
    }
}
