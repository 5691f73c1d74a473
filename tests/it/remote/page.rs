// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The commands that docs/remote.md shows work.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

use tempfile::tempdir;

use super::hub::Hub;
use super::reads::base;
use super::stores::{bucket, variables};
use crate::command_line::forebear;

#[test]
fn the_commands_of_the_page_work() {
    let folder = tempdir().unwrap();
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/remote.md")).unwrap();
    let (hub, files) = (Hub::whole(), ["model.safetensors", "config.json"]);
    let files = files.map(|name| (format!("orca/{name}"), fs::read(base().join(name)).unwrap()));
    let server = bucket(files.into(), usize::MAX);
    let commands: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("$ forebear ")).collect();
    assert!(commands.len() > 4);
    for command in commands {
        let mut program = forebear(folder.path());
        program.args(command.split(' ')).envs(hub.variables()).envs(variables(&server)).assert().success();
    }
}
