// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Which versions of which files a range brings, in all the ways of asking.

use forebear::changes::{ChangesError, ProblemKind, Published, Repository, folder};

use super::asking::{brought, paths, push, pushed};
use crate::git_harness::{Git, Sandbox};

#[test]
fn an_evil_merge_is_found_and_a_clean_one_brings_nothing() {
    let sandbox = Sandbox::new();
    let (git, _) = pushed(&sandbox, &[]);
    git.git("checkout --quiet -b side");
    git.put("s", "side");
    git.git("checkout --quiet main");
    git.put("m", "main");
    git.git("push --quiet origin main side");
    git.git("merge --quiet --no-commit side");
    let clean = git.commit("clean merge");
    let published = push(&git, &["origin", "main"]);
    assert_eq!(published.scope.commits, 2, "the merge, and the commit new to this branch");
    assert_eq!(brought(&published.snapshots[0]), ["s=side"]);
    git.git("push --quiet origin main");
    git.git("checkout --quiet side");
    git.put("s2", "more");
    git.git("push --quiet origin side");
    git.git("checkout --quiet main");
    git.git("merge --quiet --no-commit side");
    git.write("smuggled", "weights");
    let evil = git.commit("evil merge");
    let published = Repository::discover(&git.path).unwrap().range("side..main").unwrap();
    let merge = published.snapshots[0].files.iter().find(|file| file.path == "smuggled").unwrap();
    assert_eq!(merge.commit.as_deref(), Some(evil.as_str()));
    let clean = Repository::discover(&git.path).unwrap().range(&format!("{clean}^1..{clean}")).unwrap();
    assert_eq!(brought(&clean.snapshots[0]), ["s=side"]);
}

#[test]
fn what_came_and_went_inside_the_range_is_listed() {
    let sandbox = Sandbox::new();
    let (git, _) = pushed(&sandbox, &[]);
    let first = git.put("weights", "leaked");
    git.put("weights", "leaked twice");
    git.put("a", "2");
    git.git("rm --quiet weights");
    git.put("a", "1");
    let published = push(&git, &["origin", "main"]);
    let snapshot = &published.snapshots[0];
    assert_eq!(brought(snapshot), ["[a=2]", "[weights=leaked]", "[weights=leaked twice]"].map(String::from).as_slice());
    assert_eq!(paths(snapshot)[..2], ["a", "keep"], "the tip comes first");
    let leaked = snapshot.files.iter().find(|file| file.path == "weights" && file.size == 6).unwrap();
    assert_eq!(leaked.commit.as_deref(), Some(first.as_str()));
    let a = snapshot.files.iter().find(|file| file.path == "a" && file.at_tip).unwrap();
    assert!(!a.introduced && a.previous.is_none(), "changed and changed back: nothing new at the tip");
}

#[test]
fn every_way_of_asking_sees_the_same_files() {
    let sandbox = Sandbox::new();
    let (git, _) = pushed(&sandbox, &[]);
    git.write("a", "2").write("dir/b", "3").git("rm --quiet keep");
    git.git("add --all");
    let all = |published: &Published| -> Vec<(String, Vec<u8>)> {
        let files = published.snapshots[0].files.iter().filter(|file| file.at_tip);
        files.map(|file| (file.path.clone(), file.content().unwrap().read(99).unwrap())).collect()
    };
    let repository = Repository::discover(&git.path).unwrap();
    let staged = repository.staged().unwrap();
    git.commit("two");
    let ways = [
        push(&git, &["origin", "main"]),
        repository.range("origin/main..main").unwrap(),
        repository.range("origin/main...").unwrap(),
        repository.unpushed().unwrap(),
    ];
    for way in &ways {
        assert_eq!(all(way), all(&staged), "{:?}", way.scope);
        assert_eq!(brought(&way.snapshots[0]), brought(&staged.snapshots[0]));
        assert_eq!(way.snapshots[0].removed[0].0, "keep");
    }
    assert_eq!(staged.snapshots[0].removed[0].1.read(9).unwrap(), b"k");
    assert_eq!(all(&repository.tree("HEAD").unwrap()), all(&staged));
    assert_eq!(all(&folder(&git.path).unwrap()), all(&staged));
    assert_eq!(repository.tree("HEAD").unwrap().snapshots[0].base_commit, None);
}

#[test]
fn staged_files_are_compared_with_head() {
    let sandbox = Sandbox::new();
    let (git, _) = pushed(&sandbox, &[]);
    git.put("policy.toml", "of HEAD");
    git.write("policy.toml", "staged").write("untracked", "no").git("add policy.toml");
    let staged = Repository::discover(&git.path).unwrap().staged().unwrap();
    assert_eq!(brought(&staged.snapshots[0]), ["policy.toml=staged"]);
    assert_eq!(staged.snapshots[0].base_policy.as_ref().unwrap().read(99).unwrap(), b"of HEAD");
    let fresh = sandbox.init("fresh", &[]);
    fresh.write("a", "1").git("add a");
    assert_eq!(brought(&Repository::discover(&fresh.path).unwrap().staged().unwrap().snapshots[0]), ["a=1"]);
}

#[test]
fn links_and_submodules_are_named_and_not_followed() {
    let sandbox = Sandbox::new();
    let (git, _) = pushed(&sandbox, &[]);
    let commit = git.id("HEAD");
    let target = Git::pipe(
        {
            let mut command = git.command("git");
            command.args(["hash-object", "-w", "--stdin"]);
            command
        },
        b"/etc/passwd",
    );
    let target = String::from_utf8(target.stdout).unwrap();
    git.run(["update-index", "--add", "--cacheinfo", &format!("120000,{},link", target.trim())]);
    git.run(["update-index", "--add", "--cacheinfo", &format!("160000,{commit},module")]);
    git.git("commit --quiet -m links");
    let published = push(&git, &["origin", "main"]);
    assert_eq!(brought(&published.snapshots[0]), ["link=symbolic link", "module=submodule"]);
}

#[test]
fn a_replace_ref_does_not_hide_what_is_pushed() {
    let sandbox = Sandbox::new();
    let (git, _) = pushed(&sandbox, &[]);
    git.put("weights", "real");
    let harmless = git.run(["commit-tree", "HEAD~1^{tree}", "-p", "HEAD~1", "-m", "harmless"]);
    git.run(["replace", "HEAD", &harmless]);
    assert_eq!(brought(&push(&git, &["origin", "main"]).snapshots[0]), ["weights=real"]);
}

#[test]
fn a_path_that_leaves_the_repository_is_a_problem() {
    let sandbox = Sandbox::new();
    let (git, _) = pushed(&sandbox, &[]);
    let blob = git.id("HEAD:a");
    let raw: Vec<u8> = (0..40).step_by(2).map(|at| u8::from_str_radix(&blob[at..at + 2], 16).unwrap()).collect();
    let tree = [b"100644 ..\0".as_slice(), &raw].concat();
    let mut command = git.command("git");
    command.args(["hash-object", "-w", "-t", "tree", "--stdin", "--literally"]);
    let tree = String::from_utf8(Git::pipe(command, &tree).stdout).unwrap();
    let commit = git.run(["commit-tree", tree.trim(), "-p", "HEAD", "-m", "evil"]);
    let published = Repository::discover(&git.path).unwrap().range(&format!("HEAD..{commit}")).unwrap();
    assert!(published.snapshots[0].files.is_empty());
    assert_eq!(published.problems[0].kind, ProblemKind::Unreadable);
}

#[test]
fn a_tree_beyond_the_limits_is_an_error_and_not_a_long_wait() {
    let sandbox = Sandbox::new();
    let (git, _) = pushed(&sandbox, &[]);
    let name = "n".repeat(250);
    let mut line = format!("100644 blob {}\t{name}\n", git.id("HEAD:a"));
    for _ in 0..70 {
        let mut command = git.command("git");
        command.arg("mktree");
        let tree = String::from_utf8(Git::pipe(command, line.as_bytes()).stdout).unwrap();
        line = format!("040000 tree {}\t{name}\n", tree.trim());
    }
    let tree = line.split([' ', '\t']).nth(2).unwrap();
    let commit = git.run(["commit-tree", tree, "-p", "HEAD", "-m", "deep"]);
    let repository = Repository::discover(&git.path).unwrap();
    for asked in [repository.range(&format!("HEAD..{commit}")), repository.tree(&commit)] {
        assert!(matches!(asked, Err(ChangesError::TooLarge { .. })), "{asked:?}");
    }
}

#[test]
fn files_of_a_commit_are_read_by_path_and_by_folder() {
    let sandbox = Sandbox::new();
    let (git, _) = pushed(&sandbox, &[]);
    git.write("bases/x/one.json", "1").write("bases/two.json", "2").commit("bases");
    let repository = Repository::discover(&git.path).unwrap();
    let one = repository.file_at("HEAD", "bases/x/one.json").unwrap().unwrap();
    assert_eq!(one.read(9).unwrap(), b"1");
    assert!(repository.file_at("HEAD", "bases").unwrap().is_none(), "a folder is no file");
    assert!(repository.file_at("HEAD", "../a").unwrap().is_none());
    let names = |folder: &str| -> Vec<String> {
        repository.files_under("HEAD", folder).unwrap().into_iter().map(|(path, _)| path).collect()
    };
    assert_eq!(names("bases/"), ["bases/two.json", "bases/x/one.json"]);
    assert_eq!(names("").len(), 4);
    assert!(names("none").is_empty());
}

#[test]
fn what_cannot_be_read_is_said() {
    let sandbox = Sandbox::new();
    let (git, _) = pushed(&sandbox, &[]);
    git.put("b", "lost");
    let id = git.id("HEAD:b");
    std::fs::remove_file(git.path.join(".git/objects").join(&id[..2]).join(&id[2..])).unwrap();
    let repository = Repository::discover(&git.path).unwrap();
    let published = repository.unpushed().unwrap();
    assert_eq!((published.problems[0].kind, published.problems[0].subject.as_str()), (ProblemKind::Unreadable, "b"));
    let file = published.snapshots[0].files.iter().find(|file| file.path == "b").unwrap();
    assert!(file.content().unwrap().read(99).is_err());
    let error = repository.range("nowhere..HEAD").unwrap_err();
    assert!(error.to_string().contains("nowhere") && error.remedy().contains("fetch"));
    assert!(Repository::discover(&sandbox.path("home")).is_err());
}

#[test]
fn a_large_blob_is_spooled_and_read_in_place() {
    let sandbox = Sandbox::new();
    let (git, _) = pushed(&sandbox, &[]);
    let mut bytes = vec![0u8; (64 << 20) + 5];
    *bytes.last_mut().unwrap() = 7;
    git.put("model.bin", &bytes);
    let published = push(&git, &["origin", "main"]);
    let file = published.snapshots[0].files.iter().find(|file| file.path == "model.bin").unwrap();
    assert_eq!(file.size, bytes.len() as u64);
    let content = file.content().unwrap();
    assert_eq!(content.head(3).unwrap(), [0; 3]);
    let reader = content.open().unwrap();
    let mut last = [0];
    reader.read_exact_at(bytes.len() as u64 - 1, &mut last).unwrap();
    assert_eq!((reader.size(), last), (bytes.len() as u64, [7]));
}

#[test]
fn commit_counts_agree_with_git_and_libgit2() {
    let sandbox = Sandbox::new();
    let (git, _) = pushed(&sandbox, &[]);
    for round in 0..4 {
        git.run(["checkout", "--quiet", "-b", &format!("side{round}"), &format!("main~{}", round / 2)]);
        for step in 0..3 {
            git.put(&format!("s{round}-{step}"), "s");
        }
        git.git("checkout --quiet main");
        git.put(&format!("m{round}"), "m");
        git.run(["merge", "--quiet", "-m", "merge", &format!("side{round}")]);
        if round == 1 {
            git.git("push --quiet origin main");
        }
    }
    let repository = Repository::discover(&git.path).unwrap();
    let second = git2::Repository::open(&git.path).unwrap();
    for range in ["origin/main..main", "side0..main", "main~3..side3", "main..side1", "side2..side3"] {
        let (from, to) = range.split_once("..").unwrap();
        let by_git: u64 = git.run(["rev-list", "--count", range]).parse().unwrap();
        let mut walk = second.revwalk().unwrap();
        walk.push(second.revparse_single(to).unwrap().id()).unwrap();
        walk.hide(second.revparse_single(from).unwrap().id()).unwrap();
        assert_eq!(repository.range(range).unwrap().scope.commits, by_git, "{range}");
        assert_eq!(walk.count() as u64, by_git, "{range}");
    }
    let new: u64 = git.git("rev-list --count main --not --remotes=origin").parse().unwrap();
    assert_eq!(push(&git, &["origin", "main:new"]).scope.commits, new);
}
