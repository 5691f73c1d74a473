// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The server's side, and what git's environment says to hooks. Git runs this very test binary as the hook: the
//! variables cannot be set inside a test, and git sets them better than a test would.

use std::env;
use std::io::Read;
use std::path::Path;

use forebear::changes::{Published, Repository, parse_push_lines, parse_receive_lines};

use super::asking::{brought, pushed};
use crate::git_harness::{Git, Sandbox};

/// Set for the test binary when git runs it as a hook: where to write what it saw.
const REPORT: &str = "FOREBEAR_TEST_REPORT";

/// Installs this test as a hook that reports to a file, and returns the file.
fn report_from(git: &Git, hook: &str, test: &str, sandbox: &Sandbox) -> std::path::PathBuf {
    let report = sandbox.path("report");
    let binary = env::current_exe().unwrap();
    let script = format!(
        "{REPORT}='{}' exec '{}' --exact changes::servers::{test} --nocapture >&2",
        report.display(),
        binary.display()
    );
    git.hook(hook, &script);
    report
}

fn in_hook(look: impl FnOnce(&[u8]) -> Published) -> bool {
    let Some(report) = env::var_os(REPORT) else { return false };
    let mut input = Vec::new();
    std::io::stdin().read_to_end(&mut input).unwrap();
    let published = look(&input);
    let words: Vec<String> = published.snapshots.iter().flat_map(brought).collect();
    std::fs::write(report, format!("{} commits: {}", published.scope.commits, words.join(" "))).unwrap();
    true
}

#[test]
fn quarantined_objects_are_read_before_a_server_takes_them() {
    if in_hook(|input| {
        assert!(env::var_os("GIT_QUARANTINE_PATH").is_some(), "git quarantines pushed objects");
        Repository::discover(Path::new(".")).unwrap().receive(&parse_receive_lines(input).unwrap()).unwrap()
    }) {
        return;
    }
    let sandbox = Sandbox::new();
    let (git, server) = pushed(&sandbox, &[]);
    let test = "quarantined_objects_are_read_before_a_server_takes_them";
    let report = report_from(&server, "hooks/pre-receive", test, &sandbox);
    git.put("b", "2");
    git.git("push --quiet origin main");
    assert_eq!(std::fs::read_to_string(&report).unwrap(), "1 commits: b=2");
    git.git("checkout --quiet -b feature");
    git.put("c", "3");
    git.git("push --quiet origin feature");
    assert_eq!(std::fs::read_to_string(&report).unwrap(), "1 commits: c=3", "a new ref hides all refs of the server");
}

#[test]
fn a_refused_push_leaves_the_server_as_it_was() {
    let sandbox = Sandbox::new();
    let (git, server) = pushed(&sandbox, &[]);
    let line = format!("{} {} refs/heads/main\n", git.id("HEAD"), "0".repeat(40));
    let repository = Repository::discover(&server.path).unwrap();
    let published = repository.receive(&parse_receive_lines(line.as_bytes()).unwrap()).unwrap();
    assert!(published.snapshots.is_empty() && published.remarks[0].contains("would be deleted"));
    let unknown = format!("{} {} refs/heads/main\n", git.id("HEAD"), "1".repeat(40));
    assert!(repository.receive(&parse_receive_lines(unknown.as_bytes()).unwrap()).is_err(), "fails closed");
}

#[test]
fn a_hook_in_a_linked_work_tree_is_told_where_it_is() {
    if in_hook(|input| {
        assert!(env::var_os("GIT_DIR").is_some(), "git sets GIT_DIR for hooks in linked work trees");
        let repository = Repository::discover(Path::new("/")).unwrap();
        repository.push("origin", "", &parse_push_lines(input).unwrap()).unwrap()
    }) {
        return;
    }
    let sandbox = Sandbox::new();
    let (git, _) = pushed(&sandbox, &[]);
    git.git("worktree add --quiet -b side ../linked");
    let test = "a_hook_in_a_linked_work_tree_is_told_where_it_is";
    let report = report_from(&git, ".git/hooks/pre-push", test, &sandbox);
    let linked = sandbox.open("linked");
    linked.put("b", "2");
    linked.git("push --quiet origin side");
    assert_eq!(std::fs::read_to_string(&report).unwrap(), "1 commits: b=2");
}
