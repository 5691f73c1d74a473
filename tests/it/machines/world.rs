// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A small repository that is checked in a moment, which can be made anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::git_harness::{Git, Sandbox};

/// Numbers that are the same every time, and of which one may ask for more.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }
}

/// A model of two blocks: numbers around zero, of 32 channels.
pub(super) fn model(seed: u64) -> Vec<u8> {
    let mut dice = Dice(seed);
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    let mut add = |name: String, rows: usize, columns: usize| {
        let start = data.len();
        for _ in 0..rows * columns {
            let sum: f32 = (0..4).map(|_| dice.below(1 << 20) as f32 / (1 << 20) as f32 - 0.5).sum();
            data.extend((sum * 0.05).to_le_bytes());
        }
        header.insert(name, json!({"dtype": "F32", "shape": [rows, columns], "data_offsets": [start, data.len()]}));
    };
    add("model.embed_tokens.weight".to_owned(), 64, 32);
    for layer in 0..2 {
        for name in ["q", "k", "v", "o"] {
            add(format!("model.layers.{layer}.self_attn.{name}_proj.weight"), 32, 32);
        }
        add(format!("model.layers.{layer}.mlp.gate_proj.weight"), 64, 32);
        add(format!("model.layers.{layer}.mlp.up_proj.weight"), 64, 32);
        add(format!("model.layers.{layer}.mlp.down_proj.weight"), 32, 64);
    }
    let header = serde_json::to_vec(&header).unwrap();
    [&(header.len() as u64).to_le_bytes()[..], &header, &data].concat()
}

/// A repository with a model, the base that it is, and a cache.
pub(super) struct World {
    pub(super) sandbox: Sandbox,
    pub(super) git: Git,
}

impl World {
    pub(super) fn new() -> Self {
        let sandbox = Sandbox::new();
        let git = sandbox.init("work", &[]);
        for (folder, seed) in [("bases/one", 1), ("bases/two", 2)] {
            let folder = sandbox.path(folder);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("model.safetensors"), model(seed)).unwrap();
        }
        git.write("m/model.safetensors", model(1));
        git.write("README.md", "---\nlicense: apache-2.0\n---\n# Orca\n");
        let world = Self { sandbox, git };
        assert_eq!(world.run(&["registry", "add", "../bases/one", "--id", "a/One", "--license", "apache-2.0"]).0, 0);
        world.git.commit("Start");
        world
    }

    /// The program, with a cache of its own.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.git.command(env!("CARGO_BIN_EXE_forebear"));
        command.args(arguments).env("FOREBEAR_CACHE", self.sandbox.path("cache"));
        command
    }

    /// Runs it: exit code, stdout, stderr.
    pub(super) fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        said(&self.command(arguments).output().unwrap())
    }

    /// The verdict on HEAD, without times and counts of what the cache knew.
    pub(super) fn verdict(&self) -> (i32, Value) {
        verdict(&self.command(&["check", "--tree", "HEAD", "--format", "json"]).output().unwrap())
    }

    /// A copy of the folder with everything, in the sandbox.
    pub(super) fn saved(&self, name: &str) -> PathBuf {
        let place = self.sandbox.path(name);
        fs::create_dir_all(&place).unwrap();
        copy(&self.git.path, &place.join("work"));
        if self.sandbox.path("cache").is_dir() {
            copy(&self.sandbox.path("cache"), &place.join("cache"));
        }
        place
    }

    /// Everything as it was when it was saved.
    pub(super) fn restore(&self, saved: &Path) {
        for name in ["work", "cache"] {
            let place = self.sandbox.path(name);
            if place.is_dir() {
                fs::remove_dir_all(&place).unwrap();
            }
            if saved.join(name).is_dir() {
                copy(&saved.join(name), &place);
            }
        }
    }
}

pub(super) fn said(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

pub(super) fn verdict(output: &Output) -> (i32, Value) {
    let (code, stdout, stderr) = said(output);
    let mut report: Value = serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout} {stderr}"));
    report["stats"] = Value::Null;
    (code, report)
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
}

/// Whether a file is one that a killed process may leave: not written to its end, and without its name.
fn is_temporary(name: &str) -> bool {
    [".new-", ".forebear-", ".tmp"].iter().any(|prefix| name.starts_with(prefix)) || name == ".lock"
}

/// Every file below a folder, but for what git keeps and what is not finished.
pub(super) fn files(top: &Path) -> BTreeMap<String, Vec<u8>> {
    let (mut found, mut pending) = (BTreeMap::new(), vec![top.to_owned()]);
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
            if path.is_dir() && (name != "objects" && name != "logs") {
                pending.push(path);
            } else if path.is_file() && !is_temporary(&name) && name != "index" {
                let name = path.strip_prefix(top).unwrap().to_string_lossy().into_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// Files without their names in a folder.
pub(super) fn temporary(folder: &Path) -> usize {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| is_temporary(name) && name != ".lock").count()
}
