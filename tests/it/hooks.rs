// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The installed hook, run by real pushes; a shell script stands in for the program and writes down what it is told.

use std::fs;
use std::path::PathBuf;

use forebear::changes::{HookMethod, HookState, HookStatus, InstallOptions, Repository};

use crate::git_harness::{Git, Sandbox, executable};

/// A repository with one commit and a remote, and the stand-in program.
struct Story {
    sandbox: Sandbox,
    git: Git,
    server: Git,
    program: PathBuf,
}

impl Story {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let server = sandbox.bare("server.git", &[]);
        let git = sandbox.init("it's work", &[]);
        git.put("a", "1");
        git.run(["remote", "add", "origin", &format!("file://{}", server.path.display())]);
        let program = sandbox.path("bin dir/fore'bear");
        let story = Self { sandbox, git, server, program };
        story.program_exits(0);
        story
    }

    fn program_exits(&self, code: u8) {
        let script = self.recorder("program", code);
        fs::create_dir_all(self.program.parent().unwrap()).unwrap();
        fs::write(&self.program, script).unwrap();
        executable(&self.program);
    }

    /// A script that writes its arguments and standard input to a file.
    fn recorder(&self, name: &str, code: u8) -> String {
        let log = self.sandbox.path(&format!("{name}.log"));
        format!("#!/bin/sh\n{{ echo \"$@\"; cat; }} >'{}'\nexit {code}\n", log.display())
    }

    fn log(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.sandbox.path(&format!("{name}.log"))).ok()
    }

    fn repository(&self) -> Repository {
        Repository::discover(&self.git.path).unwrap()
    }

    fn install(&self) -> HookStatus {
        self.install_by(Some(HookMethod::File))
    }

    fn install_by(&self, method: Option<HookMethod>) -> HookStatus {
        self.repository().install(&InstallOptions { binary: self.program.clone(), method }).unwrap()
    }

    /// What git tells a hook about the push of `main` as a new branch.
    fn told(&self) -> String {
        format!("refs/heads/main {} refs/heads/main {}\n", self.git.id("main"), "0".repeat(40))
    }

    fn url(&self) -> String {
        self.git.git("config remote.origin.url")
    }

    fn arrived(&self) -> bool {
        self.server.try_run(["rev-parse", "--verify", "--quiet", "refs/heads/main"]).status.success()
    }
}

#[test]
fn the_program_gets_gits_words_and_lines() {
    let story = Story::new();
    let status = story.install();
    assert_eq!(status.state, HookState::Installed(HookMethod::File));
    assert_eq!(status.binary.as_deref(), Some(story.program.as_path()));
    assert!(status.problems.is_empty() && !status.shared && !status.from_hooks_path, "{status:?}");
    story.git.git("push --quiet --dry-run origin main");
    let expected = format!("hook pre-push origin {}\n{}", story.url(), story.told());
    assert_eq!(story.log("program").unwrap(), expected);
    assert!(!story.arrived());
    story.git.git("push --quiet origin main");
    assert!(story.arrived());
}

#[test]
fn a_blocked_push_runs_nothing_after_the_program_and_keeps_its_exit_code() {
    let story = Story::new();
    story.git.hook(".git/hooks/pre-push", story.recorder("theirs", 0).trim_start_matches("#!/bin/sh\n"));
    story.install();
    for code in [1, 2, 3] {
        story.program_exits(code);
        assert!(!story.git.try_run(["push", "origin", "main"]).status.success());
        let hook = Git::pipe(story.git.command(story.git.path.join(".git/hooks/pre-push")), b"");
        assert_eq!(hook.status.code(), Some(i32::from(code)));
    }
    assert!(story.log("theirs").is_none() && !story.arrived());
}

#[test]
fn a_missing_program_blocks_with_one_line() {
    let story = Story::new();
    story.install();
    fs::remove_file(&story.program).unwrap();
    let output = story.git.try_run(["push", "--quiet", "origin", "main"]);
    let words = String::from_utf8(output.stderr).unwrap();
    let ours: Vec<&str> =
        words.lines().filter(|line| line.starts_with("forebear: push blocked: no forebear")).collect();
    assert_eq!(ours.len(), 1, "{words}");
    assert!(!output.status.success() && !story.arrived());
    let status = story.repository().hook_status().unwrap();
    assert_eq!(status.problems.len(), 1, "{status:?}");
}

#[test]
fn the_program_is_found_on_path_when_it_moved() {
    let story = Story::new();
    story.install();
    let moved = story.sandbox.path("elsewhere/forebear");
    fs::create_dir_all(moved.parent().unwrap()).unwrap();
    fs::rename(&story.program, &moved).unwrap();
    let path = std::env::join_paths(
        [moved.parent().unwrap().to_owned()]
            .into_iter()
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let output = story.git.command("git").args(["push", "origin", "main"]).env("PATH", path.unwrap()).output().unwrap();
    assert!(output.status.success() && story.arrived());
    assert!(story.log("program").is_some());
}

#[test]
fn an_existing_hook_is_chained_and_put_back() {
    let story = Story::new();
    let theirs = story.recorder("theirs", 0);
    story.git.hook(".git/hooks/pre-push", theirs.trim_start_matches("#!/bin/sh\n"));
    let before = fs::read(story.git.path.join(".git/hooks/pre-push")).unwrap();
    assert_eq!(story.repository().hook_status().unwrap().state, HookState::Foreign);
    story.install();
    let status = story.install();
    assert!(status.chained.is_some() && status.problems.is_empty());
    story.git.git("push --quiet origin main");
    assert_eq!(story.log("theirs").unwrap(), format!("origin {}\n{}", story.url(), story.told()));
    let status = story.repository().uninstall().unwrap();
    assert_eq!((status.state, status.chained), (HookState::Foreign, None));
    assert_eq!(fs::read(story.git.path.join(".git/hooks/pre-push")).unwrap(), before);
    assert!(status.problems.is_empty(), "it may still be executed");
    story.repository().uninstall().unwrap();
    assert_eq!(fs::read(story.git.path.join(".git/hooks/pre-push")).unwrap(), before);
}

#[test]
fn a_chained_hook_still_refuses() {
    let story = Story::new();
    story.git.hook(".git/hooks/pre-push", story.recorder("theirs", 9).trim_start_matches("#!/bin/sh\n"));
    story.install();
    assert!(!story.git.try_run(["push", "origin", "main"]).status.success());
    assert!(story.log("program").is_some() && story.log("theirs").is_some() && !story.arrived());
}

#[test]
fn hooks_path_is_honored() {
    let story = Story::new();
    let outside = story.sandbox.path("outside");
    for (path, shared) in [(outside.to_string_lossy().into_owned(), true), (".hooks".to_owned(), false)] {
        story.git.run(["config", "core.hooksPath", &path]);
        let status = story.install();
        assert!(status.from_hooks_path && status.shared == shared, "{status:?}");
        assert!(status.directory.join("pre-push").is_file());
        let _ = fs::remove_file(story.sandbox.path("program.log"));
        story.git.git("push --quiet --dry-run origin main");
        assert!(story.log("program").is_some(), "git runs the hook from {path}");
        assert_eq!(story.repository().uninstall().unwrap().state, HookState::Absent);
    }
    story.git.git("config core.hooksPath /dev/null");
    assert!(story.repository().install(&InstallOptions::default()).is_err(), "a hook there would never run");
}

#[test]
fn a_linked_work_tree_shares_the_hook() {
    let story = Story::new();
    story.git.git("worktree add --quiet -b side ../linked");
    let linked = story.sandbox.open("linked");
    let repository = Repository::discover(&linked.path).unwrap();
    repository.install(&InstallOptions { binary: story.program.clone(), method: Some(HookMethod::File) }).unwrap();
    assert!(story.git.path.join(".git/hooks/pre-push").is_file());
    linked.git("push --quiet origin side");
    assert!(story.log("program").unwrap().contains("refs/heads/side"));
}

#[test]
fn the_hook_of_git_lfs_keeps_uploading() {
    let story = Story::new();
    story.git.git("lfs install --local");
    assert_eq!(story.repository().hook_status().unwrap().state, HookState::Foreign);
    uploads_through_the_hook(&story);
}

#[test]
fn lfs_objects_are_uploaded_where_git_lfs_had_no_hook() {
    let story = Story::new();
    story.git.git("lfs install --local --skip-repo");
    uploads_through_the_hook(&story);
}

/// Pushes an LFS object, first blocked, then not.
fn uploads_through_the_hook(story: &Story) {
    story.install();
    story.git.git("lfs track *.bin");
    story.git.put("model.bin", "weights");
    let stored = || story.server.path.join("lfs/objects").exists();
    story.program_exits(1);
    assert!(!story.git.try_run(["push", "origin", "main"]).status.success());
    assert!(!stored(), "a blocked push uploads nothing");
    story.program_exits(0);
    let output = story.git.try_run(["push", "origin", "main"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(stored() && story.arrived());
}

#[test]
fn a_repository_without_lfs_never_meets_git_lfs() {
    let story = Story::new();
    story.install();
    let fake = story.sandbox.path("fake");
    fs::create_dir_all(&fake).unwrap();
    fs::write(fake.join("git-lfs"), story.recorder("lfs", 1)).unwrap();
    executable(&fake.join("git-lfs"));
    let path =
        std::env::join_paths([fake].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())));
    let output = story.git.command("git").args(["push", "origin", "main"]).env("PATH", path.unwrap()).output().unwrap();
    assert!(output.status.success() && story.log("lfs").is_none());
}

#[test]
fn the_shim_runs_in_small_shells_and_cleans_up() {
    let story = Story::new();
    let shim = story.install().path.unwrap();
    let folder = story.sandbox.path("tmp");
    fs::create_dir_all(&folder).unwrap();
    for shell in [&["dash"] as &[&str], &["busybox", "sh"], &["bash", "--posix"]] {
        let mut command = story.git.command(shell[0]);
        command.args(&shell[1..]).arg(&shim).args(["origin", "a url"]).env("TMPDIR", &folder);
        let output = Git::pipe(command, story.told().as_bytes());
        assert!(output.status.success(), "{shell:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(story.log("program").unwrap(), format!("hook pre-push origin a url\n{}", story.told()));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "{shell:?} leaves nothing behind");
    }
}

#[test]
fn a_configured_hook_moves_nothing_and_is_removed_whole() {
    let story = Story::new();
    story.git.hook(".git/hooks/pre-push", story.recorder("theirs", 0).trim_start_matches("#!/bin/sh\n"));
    story.install();
    let status = story.install_by(Some(HookMethod::Config));
    assert_eq!(status.state, HookState::Installed(HookMethod::Config));
    assert!(status.chained.is_none() && status.binary.as_deref() == Some(story.program.as_path()));
    let hook = fs::read_to_string(story.git.path.join(".git/hooks/pre-push")).unwrap();
    assert_eq!(hook, story.recorder("theirs", 0).replace("exit 0\n", "exit 0\n\n"));
    assert_eq!(story.git.git("config hook.forebear.event"), "pre-push");
    // git 2.54 runs the command through the shell with the hook's words after it; so does this.
    let line = format!("{} \"$@\"", story.git.git("config hook.forebear.command"));
    let mut command = story.git.command("sh");
    command.args(["-c", &line, "sh", "origin", "a url"]);
    assert!(Git::pipe(command, story.told().as_bytes()).status.success());
    assert_eq!(story.log("program").unwrap(), format!("hook pre-push origin a url\n{}", story.told()));
    assert!(story.log("theirs").is_none(), "git runs the other hook itself");
    let old = status.git.unwrap() < (2, 54);
    assert_eq!(status.problems.len(), usize::from(old), "{:?}", status.problems);
    let status = story.repository().uninstall().unwrap();
    assert_eq!(status.state, HookState::Foreign);
    assert!(!story.git.try_run(["config", "--get-regexp", "^hook"]).status.success());
    assert!(!story.git.path.join(".git/forebear").exists());
}

#[test]
fn the_method_fits_the_git_that_runs() {
    let story = Story::new();
    let status = story.install_by(None);
    let modern = status.git.unwrap() >= (2, 54);
    let expected = if modern { HookMethod::Config } else { HookMethod::File };
    assert_eq!(status.state, HookState::Installed(expected));
}
