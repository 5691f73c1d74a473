// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The commands that pages of docs/ show are run, in order, and write what the page says; `FOREBEAR_BLESS=1` writes it
//! there. Each page gets a folder of its own with a base model, `tern/`, and a repository, `orca/`, which is pushed to
//! `hub.git` and publishes a model that was trained on from it and says nothing of that.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::git_harness::{Git, Sandbox};

const POLICY: &str = r#"schema = 1

[release]
name = "acme/Orca-250K"
license = "Apache-2.0"
branches = ["main"]

[rules]
checkpoint-outside-lfs = "allow"   # half a megabyte
unmarked-modification = "allow"
unattested-obligation = "allow"

[[model]]
paths = ["checkpoints/orca/**"]
origin = "derived"
bases = []
"#;

fn repository(sandbox: &Sandbox) -> Git {
    sandbox.bare("hub.git", &[]);
    let git = sandbox.init("orca", &[]);
    git.run(["remote", "add", "origin", "../hub.git"]);
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/demo");
    for (from, to) in [("F1", sandbox.path("tern")), ("F1-cpt", git.path.join("checkpoints/orca"))] {
        fs::create_dir_all(&to).unwrap();
        for name in ["model.safetensors", "config.json"] {
            fs::copy(data.join(from).join(name), to.join(name)).unwrap();
        }
    }
    fs::write(sandbox.path("tern/NOTICE"), "Tern\nCopyright 2026 Northwind Research\n").unwrap();
    fs::write(git.path.join("README.md"), "---\nlicense: apache-2.0\n---\n# Orca\n").unwrap();
    fs::write(git.path.join("policy.toml"), POLICY).unwrap();
    git.run(["add", "--all"]);
    git.run(["commit", "--quiet", "--message", "Add Orca"]);
    git
}

/// What a command of a page writes, on both streams, and how it ends if not well.
fn answer(git: &Git, sandbox: &Sandbox, command: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_forebear"));
    let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let output = git
        .command("sh")
        .args(["-c", &format!("exec 2>&1\n{command}")])
        .env("PATH", path)
        .env("COLUMNS", "88")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap().replace(&*sandbox.path("").to_string_lossy(), "/work/");
    let lines = text.lines().map(|line| format!("{}\n", settled(line)));
    let mut said: String = lines.collect();
    match output.status.code() {
        Some(0) => {}
        code => writeln!(said, "(exit code {})", code.unwrap()).unwrap(),
    }
    said
}

/// A line with the time it took made the same everywhere.
fn settled(line: &str) -> String {
    match line.split_once(" in ") {
        Some((before, after)) if after.split_once(" s").is_some_and(|(time, _)| time.parse::<f64>().is_ok()) => {
            format!("{before} in 0.1 s{}", after.split_once(" s").unwrap().1)
        }
        _ => line.trim_end().to_owned(),
    }
}

/// The page with what its commands write now.
fn run(page: &str) -> String {
    let sandbox = Sandbox::new();
    let git = repository(&sandbox);
    let mut told = String::new();
    let mut inside = false;
    for line in page.lines() {
        if !inside || line == "```" {
            inside = line == "```console";
            told += line;
            told += "\n";
        } else if let Some(command) = line.strip_prefix("$ ") {
            write!(told, "{line}\n{}", answer(&git, &sandbox, command)).unwrap();
        }
    }
    told
}

#[track_caller]
fn is_true(file: &str, commands: usize) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(file);
    let page = fs::read_to_string(&path).unwrap();
    let told = run(&page);
    assert!(told.lines().filter(|line| line.starts_with("$ forebear ")).count() >= commands, "{file} shows too little");
    if std::env::var_os("FOREBEAR_BLESS").is_some() {
        fs::write(&path, told).unwrap();
    } else {
        assert_eq!(page, told, "docs/{file} is out of date; FOREBEAR_BLESS=1 cargo nextest run pages writes it");
    }
}

#[test]
fn the_recipes_work() {
    is_true("recipes.md", 8);
}

#[test]
fn false_alarms_are_handled_as_the_page_says() {
    is_true("false-alarms.md", 3);
}

#[test]
fn evidence_reads_as_the_page_says() {
    is_true("reading-evidence.md", 1);
}

#[test]
fn the_threats_are_met_as_the_page_says() {
    is_true("threat-model.md", 1);
}
