// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Many commits, files, and refs: memory grows with none of them times another (`contrib/load` measures large ones).

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use super::world::said;
use crate::git_harness::{Git, Sandbox};

const COMMITS: usize = 2000;
const FILES: usize = 4000;
const REFS: usize = 50;

/// A history of many commits over many files, and branches that grow from its end.
fn history(git: &Git) {
    let mut text = String::new();
    let mut commit = |mark: usize, reference: &str, from: usize, files: &mut dyn Iterator<Item = (String, String)>| {
        let from = if from == 0 { String::new() } else { format!("from :{from}\n") };
        let time = 1_700_000_000 + mark;
        writeln!(text, "commit {reference}\nmark :{mark}\ncommitter A <a@example.com> {time} +0000\ndata 1\nx\n{from}")
            .unwrap();
        // What stands between the parent and the files is not asked for.
        let end = text.trim_end().len();
        text.truncate(end);
        text.push('\n');
        for (path, body) in files {
            write!(text, "M 100644 inline {path}\ndata {}\n{body}\n", body.len()).unwrap();
        }
    };
    let file = |at: usize, value: usize| (format!("d{}/f{at}.py", at % 40), format!("# file {at}\nx = {value}\n"));
    commit(1, "refs/heads/main", 0, &mut (0..FILES).map(|at| file(at, 0)));
    for mark in 2..=COMMITS {
        commit(mark, "refs/heads/main", mark - 1, &mut std::iter::once(file(mark * 7919 % FILES, mark)));
    }
    for at in 0..REFS {
        let path = (format!("side/{at}.py"), format!("x = {at}\n"));
        commit(COMMITS + 1 + at, &format!("refs/heads/side/{at}"), COMMITS, &mut std::iter::once(path));
    }
    let mut import = git.command("git");
    import.args(["fast-import", "--quiet"]);
    let output = Git::pipe(import, text.as_bytes());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Runs the hook on lines; returns what it said, and the most memory it had, in bytes.
fn push(git: &Git, lines: &str) -> (String, u64) {
    let mut command = git.command(env!("CARGO_BIN_EXE_forebear"));
    command.args(["hook", "pre-push", "none", "file:///none", "--no-cache"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        let kilobytes: u64 = line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or_default();
        peak = peak.max(kilobytes * 1024);
        sleep(Duration::from_millis(3));
    }
    let (code, _, words) = said(&child.wait_with_output().unwrap());
    assert_eq!(code, 0, "{words}");
    (words, peak)
}

#[test]
fn many_refs_of_a_large_tree_are_not_held_at_once() {
    let sandbox = Sandbox::new();
    let git = sandbox.init("work", &[]);
    history(&git);
    let tip = git.id("main");
    let zero = "0".repeat(tip.len());
    let (words, whole) = push(&git, &format!("refs/heads/main {tip} refs/heads/main {zero}\n"));
    assert!(words.contains("2,000 commits"), "{words}");
    assert!(whole < 256 << 20, "{whole} bytes for one branch");
    let lines = |count: usize| {
        let line = |at: usize| {
            let id = git.id(&format!("side/{at}"));
            format!("refs/heads/side/{at} {id} refs/heads/side/{at} {tip}\n")
        };
        (0..count).map(line).collect::<Vec<_>>().concat()
    };
    let (_, few) = push(&git, &lines(8));
    let (words, many) = push(&git, &lines(REFS));
    assert!(words.contains(&format!("{REFS} commits")), "{words}");
    // Held at once they would be 50 MiB: 200,000 files of some 270 bytes.
    assert!(many < few + (24 << 20), "{few} bytes for 8 refs, {many} for {REFS}");
}
