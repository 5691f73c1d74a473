// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Git LFS, with the real git-lfs: these tests fail where it is not installed.

use std::path::PathBuf;

use forebear::changes::{File, FileState, ProblemKind, Published, Repository, folder, lfs};

use super::asking::{push, pushed};
use crate::git_harness::{Git, Sandbox};

/// A pushed repository whose `*.bin` files are in LFS.
fn with_lfs(sandbox: &Sandbox) -> Git {
    let (git, _) = pushed(sandbox, &[]);
    git.git("lfs install --local --skip-repo");
    git.git("lfs track *.bin");
    git.put("README", "lfs");
    git
}

fn the_file<'a>(published: &'a Published, path: &str) -> &'a File {
    published.snapshots[0].files.iter().find(|file| file.path == path).unwrap()
}

#[test]
fn a_pointer_is_resolved_to_the_local_object() {
    let sandbox = Sandbox::new();
    let git = with_lfs(&sandbox);
    git.put("model.bin", "weights");
    let pointer = lfs::parse_strict(git.run(["show", "HEAD:model.bin"]).as_bytes());
    assert!(pointer.is_none(), "trimmed text is not canonical");
    let repository = Repository::discover(&git.path).unwrap();
    git.git("reset --quiet --soft HEAD~1");
    let staged = repository.staged().unwrap();
    git.commit("again");
    for published in [push(&git, &["origin", "main"]), repository.tree("HEAD").unwrap(), staged] {
        let file = the_file(&published, "model.bin");
        assert_eq!(file.content().unwrap().read(99).unwrap(), b"weights");
        assert_eq!(file.size, 7);
        let pointer = file.lfs.as_ref().unwrap();
        assert_eq!(file.id, format!("sha256:{}", pointer.sha256));
        let shown = git.command("git").args(["cat-file", "blob", "HEAD:model.bin"]).output().unwrap().stdout;
        assert_eq!(lfs::parse_strict(&shown).as_ref(), Some(pointer));
        assert!(file.lfs_attribute);
    }
    let in_folder = folder(&git.path).unwrap();
    assert!(the_file(&in_folder, "model.bin").lfs.is_none(), "the work tree holds the object itself");
}

#[test]
fn a_missing_or_damaged_object_is_never_present() {
    let sandbox = Sandbox::new();
    let git = with_lfs(&sandbox);
    git.put("model.bin", "weights");
    let found = push(&git, &["origin", "main"]);
    let sha256 = the_file(&found, "model.bin").lfs.clone().unwrap().sha256;
    let object: PathBuf = git.path.join(".git/lfs/objects").join(&sha256[..2]).join(&sha256[2..4]).join(&sha256);
    std::fs::remove_file(&object).unwrap();
    std::fs::write(&object, "short").unwrap();
    let published = push(&git, &["origin", "main"]);
    assert!(matches!(the_file(&published, "model.bin").state, FileState::MissingLfs));
    assert_eq!(published.problems[0].kind, ProblemKind::Unreadable);
    std::fs::remove_file(&object).unwrap();
    let published = push(&git, &["origin", "main"]);
    let file = the_file(&published, "model.bin");
    assert!(matches!(file.state, FileState::MissingLfs) && file.content().is_none());
    assert_eq!((file.size, file.lfs.is_some(), published.problems.len()), (7, true, 0));
}

#[test]
fn objects_are_found_in_lfs_storage_and_from_a_linked_work_tree() {
    let sandbox = Sandbox::new();
    let git = with_lfs(&sandbox);
    let elsewhere = sandbox.path("elsewhere");
    for (number, storage) in [elsewhere.to_string_lossy().into_owned(), "beside".to_owned()].iter().enumerate() {
        git.run(["config", "lfs.storage", storage]);
        let content = format!("weights {number}");
        git.put("model.bin", &content);
        assert!(!git.path.join(".git/lfs/objects").join("aa").exists());
        let published = push(&git, &["origin", "main"]);
        assert_eq!(the_file(&published, "model.bin").content().unwrap().read(99).unwrap(), content.as_bytes());
    }
    assert!(elsewhere.join("objects").is_dir() && git.path.join(".git/beside/objects").is_dir());
    git.git("worktree add --quiet -b side ../linked");
    let published = push(&sandbox.open("linked"), &["origin", "side"]);
    assert_eq!(the_file(&published, "model.bin").content().unwrap().read(99).unwrap(), b"weights 1");
}

#[test]
fn objects_of_an_alternate_are_found() {
    let sandbox = Sandbox::new();
    let git = with_lfs(&sandbox);
    git.put("model.bin", "weights");
    let clone = sandbox.clone_of(&git.path.to_string_lossy(), "clone", &["--shared", "--no-checkout"]);
    let published = Repository::discover(&clone.path).unwrap().tree("HEAD").unwrap();
    assert_eq!(the_file(&published, "model.bin").content().unwrap().read(99).unwrap(), b"weights");
}

#[test]
fn a_raw_checkpoint_shows_beside_the_attribute_it_broke() {
    let sandbox = Sandbox::new();
    let git = with_lfs(&sandbox);
    let raw = "raw weights that never met the filter";
    let mut command = git.command("git");
    command.args(["hash-object", "-w", "--stdin", "--no-filters"]);
    let blob = String::from_utf8(Git::pipe(command, raw.as_bytes()).stdout).unwrap();
    git.run(["update-index", "--add", "--cacheinfo", &format!("100644,{},sub/raw.bin", blob.trim())]);
    git.git("commit --quiet -m raw");
    git.write("sub/raw.bin", raw).write("free/.gitattributes", "*.bin -filter").write("free/x.bin", "raw by choice");
    git.git("add free");
    git.git("commit --quiet -m free");
    let published = push(&git, &["origin", "main"]);
    let broken = the_file(&published, "sub/raw.bin");
    assert!(broken.lfs.is_none() && broken.lfs_attribute);
    assert_eq!(broken.content().unwrap().read(99).unwrap(), raw.as_bytes());
    let free = the_file(&published, "free/x.bin");
    assert!(free.lfs.is_none() && !free.lfs_attribute, "a nested override counts");
}

#[test]
fn attributes_are_those_of_the_commit_that_brought_a_version() {
    let sandbox = Sandbox::new();
    let git = with_lfs(&sandbox);
    git.put("sub/gone.bin", "weights");
    git.git("rm --quiet sub/gone.bin .gitattributes");
    git.put("sub/gone.bin", "raw");
    let published = push(&git, &["origin", "main"]);
    let versions: Vec<(bool, bool, bool)> = published.snapshots[0]
        .files
        .iter()
        .filter(|file| file.path == "sub/gone.bin")
        .map(|file| (file.at_tip, file.lfs_attribute, file.lfs.is_some()))
        .collect();
    assert_eq!(versions, [(true, false, false), (false, true, true)]);
}

#[test]
fn a_pointer_in_a_plain_folder_counts_as_missing() {
    let sandbox = Sandbox::new();
    let git = with_lfs(&sandbox);
    git.put("model.bin", "weights");
    let clone = sandbox.clone_of(&git.path.to_string_lossy(), "clone", &["--config", "filter.lfs.smudge="]);
    std::fs::remove_dir_all(clone.path.join(".git")).unwrap();
    let published = folder(&clone.path).unwrap();
    let file = the_file(&published, "model.bin");
    assert!(matches!(file.state, FileState::MissingLfs) && file.size == 7);
}
