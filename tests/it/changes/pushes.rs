// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! One test for each thing git may tell a pre-push hook.

use forebear::changes::{PreCommit, ProblemKind, Repository, parse_push_lines};

use super::asking::{brought, paths, push, pushed};
use crate::git_harness::Sandbox;

#[test]
fn every_ref_of_a_push_is_looked_at() {
    let sandbox = Sandbox::new();
    let (git, _) = pushed(&sandbox, &[]);
    git.put("b", "2");
    git.git("checkout --quiet -b side HEAD~1");
    git.put("c", "3");
    let published = push(&git, &["origin", "main", "side"]);
    assert_eq!(published.scope.refs, ["refs/heads/main", "refs/heads/side"]);
    assert_eq!(published.scope.commits, 2);
    assert_eq!(brought(&published.snapshots[0]), ["b=2"]);
    assert_eq!(brought(&published.snapshots[1]), ["c=3"]);
    assert_eq!(paths(&published.snapshots[1]), ["a", "c", "keep"], "the whole tip is listed");
}

#[test]
fn an_empty_input_is_nothing_to_push_and_said() {
    let sandbox = Sandbox::new();
    let (git, _) = pushed(&sandbox, &[]);
    let published = push(&git, &["origin", "main"]);
    assert!(published.snapshots.is_empty() && published.problems.is_empty());
    assert!(published.remarks[0].starts_with("nothing to push"), "{:?}", published.remarks);
}

#[test]
fn a_new_branch_brings_what_no_branch_of_the_remote_has() {
    let sandbox = Sandbox::new();
    let (git, _) = pushed(&sandbox, &[]);
    git.git("checkout --quiet -b feature");
    git.put("b", "2");
    let published = push(&git, &["origin", "feature"]);
    assert_eq!(published.scope.commits, 1);
    assert_eq!(brought(&published.snapshots[0]), ["b=2"]);
    git.git("branch same main");
    let published = push(&git, &["origin", "same"]);
    assert_eq!(published.scope.commits, 0);
    assert_eq!(paths(&published.snapshots[0]), ["a", "keep"], "a branch without new commits is still looked at");
}

#[test]
fn the_first_push_of_all_brings_every_file_of_the_root() {
    let sandbox = Sandbox::new();
    let server = sandbox.bare("server.git", &[]);
    let git = sandbox.init("work", &[]);
    git.put("a", "1");
    git.run(["remote", "add", "origin", &server.path.to_string_lossy()]);
    let published = push(&git, &["origin", "main"]);
    assert_eq!(brought(&published.snapshots[0]), ["a=1"]);
    assert!(published.snapshots[0].base_commit.is_none());
}

#[test]
fn a_delete_is_skipped_and_the_update_beside_it_is_not() {
    let sandbox = Sandbox::new();
    let (git, _) = pushed(&sandbox, &[]);
    git.git("push --quiet origin main:old");
    git.put("b", "2");
    let published = push(&git, &["origin", ":old", "main"]);
    assert_eq!(published.snapshots.len(), 1);
    assert_eq!(brought(&published.snapshots[0]), ["b=2"]);
    assert!(published.remarks.iter().any(|remark| remark.contains("refs/heads/old would be deleted")));
    let published = push(&git, &["origin", ":old"]);
    assert!(published.snapshots.is_empty() && published.problems.is_empty());
}

#[test]
fn sha256_repositories_are_read_like_others() {
    let sandbox = Sandbox::new();
    let (git, _) = pushed(&sandbox, &["--object-format=sha256"]);
    let tip = git.put("b", "2");
    assert_eq!(tip.len(), 64);
    git.git("branch feature");
    git.git("push --quiet origin main~1:refs/heads/old");
    let published = push(&git, &["origin", "main", "feature", ":old"]);
    assert_eq!(published.snapshots.len(), 2);
    assert_eq!(brought(&published.snapshots[0]), brought(&published.snapshots[1]).as_slice());
    let file = published.snapshots[0].files.iter().find(|file| file.path == "b").unwrap();
    assert_eq!(file.commit.as_deref(), Some(tip.as_str()));
}

#[test]
fn an_annotated_tag_brings_the_commits_only_it_carries() {
    let sandbox = Sandbox::new();
    let (git, _) = pushed(&sandbox, &[]);
    git.git("checkout --quiet --detach");
    git.put("b", "2");
    git.git("tag -a v1 -m release");
    git.git("tag -a v1-signed-off v1 -m again");
    git.git("checkout --quiet main");
    let published = push(&git, &["origin", "v1", "v1-signed-off"]);
    assert_eq!(published.scope.refs, ["refs/tags/v1", "refs/tags/v1-signed-off"]);
    assert_eq!(brought(&published.snapshots[0]), ["b=2"]);
    assert_eq!(brought(&published.snapshots[1]), ["b=2"]);
}

#[test]
fn tags_of_trees_and_blobs_are_looked_at() {
    let sandbox = Sandbox::new();
    let (git, _) = pushed(&sandbox, &[]);
    git.git("tag tree HEAD^{tree}");
    git.git("tag -a blob HEAD:a -m weights");
    let published = push(&git, &["origin", "tree", "blob"]);
    let by_label = |label: &str| published.snapshots.iter().find(|snapshot| snapshot.label == label).unwrap();
    assert_eq!(brought(by_label("refs/tags/tree")), ["a=1", "keep=k"]);
    assert_eq!(brought(by_label("refs/tags/blob")), ["refs/tags/blob=1"]);
}

#[test]
fn a_local_ref_may_hold_spaces() {
    let sandbox = Sandbox::new();
    let (git, _) = pushed(&sandbox, &[]);
    git.write("b", "2").commit("fix bug of old");
    git.write("c", "3").commit("later");
    let told = git.told(&["origin", "HEAD^{/fix bug}:refs/heads/main"]);
    assert!(told.input.starts_with(b"HEAD^{/fix bug} "), "git puts the spaces there");
    let published = push(&git, &["origin", "HEAD^{/fix bug}:refs/heads/main"]);
    assert_eq!(brought(&published.snapshots[0]), ["b=2"]);
}

#[test]
fn a_push_by_url_uses_the_remote_with_that_url_or_all_of_them() {
    let sandbox = Sandbox::new();
    let (git, server) = pushed(&sandbox, &[]);
    git.git("checkout --quiet -b feature");
    git.put("b", "2");
    let url = server.path.to_string_lossy().into_owned();
    let published = push(&git, &[&url, "feature"]);
    assert_eq!((published.scope.commits, published.remarks.len()), (1, 0));
    let other = sandbox.bare("other.git", &[]);
    let url = other.path.to_string_lossy().into_owned();
    let published = push(&git, &[&url, "feature"]);
    assert_eq!(published.scope.commits, 1, "not the whole history");
    assert!(published.remarks[0].contains("no configured remote has this URL"), "{:?}", published.remarks);
}

#[test]
fn only_the_remote_pushed_to_counts_as_published() {
    let sandbox = Sandbox::new();
    let (git, _) = pushed(&sandbox, &[]);
    let public = sandbox.bare("public.git", &[]);
    git.run(["remote", "add", "public", &public.path.to_string_lossy()]);
    let published = push(&git, &["public", "main"]);
    assert_eq!(brought(&published.snapshots[0]), ["a=1", "keep=k"]);
}

#[test]
fn a_forced_push_over_an_unknown_commit_falls_back_and_says_so() {
    let sandbox = Sandbox::new();
    let (git, server) = pushed(&sandbox, &[]);
    let other = sandbox.clone_of(&server.path.to_string_lossy(), "other", &[]);
    other.put("theirs", "t");
    other.git("push --quiet origin main");
    git.put("b", "2");
    let published = push(&git, &["--force", "origin", "main"]);
    assert_eq!(brought(&published.snapshots[0]), ["b=2"]);
    assert_eq!(published.problems.len(), 1);
    assert_eq!(published.problems[0].kind, ProblemKind::UnknownRemote);
    assert_eq!(published.snapshots[0].base_commit, Some(git.id("origin/main")));
}

#[test]
fn a_forced_push_is_compared_with_the_remote_tip_it_replaces() {
    let sandbox = Sandbox::new();
    let (git, _) = pushed(&sandbox, &[]);
    git.write("LICENSE", "full text").put("b", "2");
    git.git("push --quiet origin main");
    git.git("reset --quiet --hard HEAD~1");
    git.put("b", "other");
    let published = push(&git, &["--force", "origin", "main"]);
    let snapshot = &published.snapshots[0];
    assert_eq!(brought(snapshot), ["b=other"]);
    let b = snapshot.files.iter().find(|file| file.path == "b").unwrap();
    assert_eq!(b.previous.as_ref().unwrap().read(9).unwrap(), b"2");
    assert_eq!(snapshot.removed.len(), 1);
    assert_eq!(snapshot.removed[0].0, "LICENSE");
}

#[test]
fn a_shallow_clone_is_a_problem_only_where_the_range_reaches_its_edge() {
    let sandbox = Sandbox::new();
    let (git, server) = pushed(&sandbox, &[]);
    git.put("b", "2");
    git.git("push --quiet origin main");
    let url = format!("file://{}", server.path.display());
    let shallow = sandbox.clone_of(&url, "shallow", &["--depth=1"]);
    shallow.put("c", "3");
    let published = push(&shallow, &["origin", "main"]);
    assert_eq!(published.problems.len(), 0, "{:?}", published.problems);
    assert_eq!(brought(&published.snapshots[0]), ["c=3"]);
    let other = sandbox.bare("other.git", &[]);
    shallow.run(["remote", "add", "other", &other.path.to_string_lossy()]);
    let published = push(&shallow, &["other", "main"]);
    assert_eq!(published.problems[0].kind, ProblemKind::Shallow);
    assert!(published.problems[0].remedy.contains("git fetch --unshallow"));
    assert_eq!(brought(&published.snapshots[0]), ["a=1", "b=2", "c=3", "keep=k"], "the edge counts as a root");
}

#[test]
fn a_mirror_push_skips_remote_tracking_refs() {
    let sandbox = Sandbox::new();
    let (git, _) = pushed(&sandbox, &[]);
    git.put("b", "2");
    let published = push(&git, &["--mirror", "origin"]);
    assert_eq!(published.scope.refs, ["refs/heads/main"]);
    assert!(published.remarks.iter().any(|remark| remark.starts_with("refs/remotes/origin/main")));
}

#[test]
fn a_mirror_of_another_remotes_branches_is_looked_at() {
    let sandbox = Sandbox::new();
    let (git, _) = pushed(&sandbox, &[]);
    git.git("checkout --quiet -b secret");
    git.put("secret", "weights");
    git.git("push --quiet origin secret");
    git.git("checkout --quiet main");
    git.git("branch --quiet -D secret");
    let public = sandbox.bare("public.git", &[]);
    git.run(["remote", "add", "public", &public.path.to_string_lossy()]);
    let published = push(&git, &["--mirror", "public"]);
    let secret = published.snapshots.iter().find(|snapshot| snapshot.label == "refs/remotes/origin/secret").unwrap();
    assert!(brought(secret).contains(&"secret=weights".to_owned()));
}

#[test]
fn a_linked_work_tree_reads_the_common_repository() {
    let sandbox = Sandbox::new();
    let (git, _) = pushed(&sandbox, &[]);
    git.git("worktree add --quiet -b side ../linked");
    let linked = sandbox.open("linked");
    linked.put("b", "2");
    let published = push(&linked, &["origin", "side"]);
    assert_eq!(brought(&published.snapshots[0]), ["b=2"]);
    let repository = Repository::discover(&linked.path).unwrap();
    assert_eq!(repository.common_dir(), git.path.join(".git"));
    assert_eq!(repository.work_dir().unwrap(), linked.path);
    assert_eq!(repository.head_branch().unwrap().as_deref(), Some("refs/heads/side"));
}

#[test]
fn refs_in_a_reftable_are_asked_of_git() {
    let sandbox = Sandbox::new();
    let server = sandbox.bare("server.git", &[]);
    let git = sandbox.init("work", &["--ref-format=reftable"]);
    git.put("a", "1");
    git.run(["remote", "add", "origin", &server.path.to_string_lossy()]);
    git.git("push --quiet --set-upstream origin main");
    git.git("checkout --quiet -b feature");
    git.put("b", "2");
    let published = push(&git, &["origin", "feature"]);
    assert_eq!(published.scope.commits, 1);
    assert_eq!(brought(&published.snapshots[0]), ["b=2"]);
    let repository = Repository::discover(&git.path).unwrap();
    assert_eq!(repository.head_branch().unwrap().as_deref(), Some("refs/heads/feature"));
    assert_eq!(repository.range("origin/main..HEAD").unwrap().scope.commits, 1);
    assert_eq!(repository.unpushed().unwrap().scope.commits, 1);
}

#[test]
fn policy_and_registry_come_from_the_remote_tip() {
    let sandbox = Sandbox::new();
    let (git, _) = pushed(&sandbox, &[]);
    git.write("policy.toml", "strict").write("registry/x/base.json", "{}").commit("policy");
    git.git("push --quiet origin main");
    git.write("policy.toml", "weak").write("registry/x/base.json", "changed").commit("weaken");
    git.git("branch feature");
    let published = push(&git, &["origin", "main", "feature"]);
    for snapshot in &published.snapshots {
        assert_eq!(snapshot.base_policy.as_ref().unwrap().read(99).unwrap(), b"strict", "{}", snapshot.label);
        assert_eq!(snapshot.base_files.len(), 1);
        assert_eq!(snapshot.base_files[0].0, "registry/x/base.json");
        assert_eq!(snapshot.base_files[0].1.read(99).unwrap(), b"{}");
    }
    // A branch without a common commit does not escape the remote's policy.
    git.git("checkout --quiet --orphan fresh");
    git.git("rm -r --quiet --cached .");
    git.put("policy.toml", "weakest");
    let published = push(&git, &["origin", "fresh"]);
    assert_eq!(published.snapshots[0].base_policy.as_ref().unwrap().read(99).unwrap(), b"strict");
}

#[test]
fn pre_commit_tells_the_same_in_its_environment() {
    let sandbox = Sandbox::new();
    let (git, _) = pushed(&sandbox, &[]);
    let base = git.id("HEAD");
    let tip = git.put("b", "2");
    let repository = Repository::discover(&git.path).unwrap();
    let (local, remote) = (Some("refs/heads/main"), Some("refs/heads/main"));
    let told = PreCommit { from: Some(&base), to: Some(&tip), local_branch: local, remote_branch: remote };
    let line = repository.pre_commit_line(&told).unwrap();
    let lines = parse_push_lines(&git.told(&["origin", "main"]).input).unwrap();
    assert_eq!([line], lines.as_slice());
    // Without ids (pre-commit's --all-files form) the branch itself is new.
    let line = repository.pre_commit_line(&PreCommit { from: None, to: None, ..told }).unwrap();
    assert_eq!((line.local_id.as_str(), line.is_new()), (tip.as_str(), true));
    assert!(repository.pre_commit_line(&PreCommit { to: Some("nowhere"), ..told }).is_err());
}

#[test]
fn without_arguments_the_unpushed_commits_are_looked_at() {
    let sandbox = Sandbox::new();
    let (git, _) = pushed(&sandbox, &[]);
    git.put("b", "2");
    let unpushed = || Repository::discover(&git.path).unwrap().unpushed().unwrap();
    assert_eq!(brought(&unpushed().snapshots[0]), ["b=2"]);
    git.git("branch --quiet -m main local-name");
    assert_eq!(unpushed().scope.refs, ["refs/heads/main"], "named as on the remote");
    git.git("checkout --quiet -b feature");
    git.put("c", "3");
    assert_eq!(brought(&unpushed().snapshots[0]), ["b=2", "c=3"], "no upstream: as a new branch on origin");
    let empty = sandbox.init("empty", &[]);
    let published = Repository::discover(&empty.path).unwrap().unpushed().unwrap();
    assert!(published.snapshots.is_empty() && published.remarks.len() == 1);
}
