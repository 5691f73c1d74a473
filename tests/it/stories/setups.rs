// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The cases of `docs/pre-push.md` about where is pushed from and to, and what else is installed, one function each.

use std::fs;

use forebear::changes::{HookMethod, InstallOptions, Repository};

use super::release::{ORCA, weights};
use super::rows::{BLOCKS, somebody_pushes};
use super::table::{Row, commit_derivative, strict, strict_with};
use crate::git_harness::Git;
use crate::push::Watched;

/// A clone of depth 1 with the hook.
fn shallow_clone(watched: &Watched) -> Git {
    watched.git.put("a", "1");
    watched.git.git("push --quiet --no-verify origin main");
    let url = format!("file://{}", watched.server.path.display());
    let clone = watched.sandbox.clone_of(&url, "shallow", &["--depth=1"]);
    install_in(watched, &clone);
    clone.put(ORCA, weights("F1-cpt"));
    clone
}

pub(super) fn shallow() -> Row {
    let watched = strict();
    let pushed = watched.push_from(&shallow_clone(&watched), &["origin", "main"]);
    pushed.blocked(1, &BLOCKS).says("1 commit,");
    assert_eq!(pushed.rules("warn"), [""; 0], "{}", pushed.said);
    Row::of("a shallow clone, and a range inside it", &pushed)
}

pub(super) fn shallow_to_the_edge() -> Row {
    let watched = strict();
    let clone = shallow_clone(&watched);
    let other = watched.sandbox.bare("other.git", &[]);
    // A server takes a shallow history only if it is told to.
    other.git("config receive.shallowUpdate true");
    let pushed = watched.push_from(&clone, &[&other.path.to_string_lossy(), "main"]);
    assert!(pushed.rules("deny").contains(&"undeclared-lineage".to_owned()), "{}", pushed.all);
    clone.run(["remote", "add", "other", &other.path.to_string_lossy()]);
    let pushed = watched.push_from(&clone, &["other", "main"]);
    pushed.blocked(1, &["undeclared-lineage", "unverifiable-artifact"]).says("git fetch --unshallow");
    Row::of("a shallow clone, and a range that reaches its edge", &pushed)
}

pub(super) fn linked_work_tree() -> Row {
    let watched = strict();
    watched.git.git("worktree add --quiet -b side ../linked");
    let linked = watched.sandbox.open("linked");
    linked.put(ORCA, weights("F1-cpt"));
    let pushed = watched.push_from(&linked, &["origin", "side"]);
    pushed.blocked(1, &BLOCKS).says("1 commit,");
    Row::of("a linked work tree", &pushed)
}

pub(super) fn stale_and_behind() -> Row {
    let watched = strict();
    somebody_pushes(&watched);
    watched.git.git("checkout --quiet -b feature");
    commit_derivative(&watched);
    let pushed = watched.push(&["origin", "feature"]);
    pushed.blocked(1, &BLOCKS).says("1 commit,");
    Row::of("remote-tracking refs behind the server", &pushed)
}

pub(super) fn stale_and_gone() -> Row {
    let watched = strict();
    commit_derivative(&watched);
    watched.git.git("push --quiet --no-verify origin main:gone");
    watched.server.git("update-ref -d refs/heads/gone");
    let pushed = watched.push(&["origin", "main"]);
    pushed.blocked(1, &BLOCKS);
    Row::of("a remote-tracking ref of a branch that the server has no more", &pushed)
}

fn install_in(watched: &Watched, git: &Git) {
    let options = InstallOptions { binary: watched.program(), method: Some(HookMethod::File) };
    Repository::discover(&git.path).unwrap().install(&options).unwrap();
}

pub(super) fn bare() -> Row {
    let watched = strict();
    commit_derivative(&watched);
    let url = watched.git.git("config remote.origin.url");
    let bare = watched.sandbox.clone_of("work", "bare.git", &["--bare"]);
    bare.git(&format!("remote set-url origin {url}"));
    install_in(&watched, &bare);
    let pushed = watched.push_from(&bare, &["origin", "main"]);
    pushed.blocked(1, &BLOCKS);
    Row::of("a push from a bare repository", &pushed)
}

pub(super) fn partial_clone() -> Row {
    let watched = strict();
    watched.server.git("config uploadpack.allowFilter true");
    let url = watched.git.git("config remote.origin.url");
    let clone = watched.sandbox.clone_of(&url, "partial", &["--filter=blob:none"]);
    install_in(&watched, &clone);
    clone.put(ORCA, weights("F1-cpt"));
    let pushed = watched.push_from(&clone, &["origin", "main"]);
    pushed.blocked(1, &BLOCKS);
    Row::of("a partial clone (`--filter=blob:none`)", &pushed)
}

/// Moves the gate from the repository to the server.
fn guard(watched: &Watched) {
    fs::remove_file(watched.git.path.join(".git/hooks/pre-push")).unwrap();
    let quarantined = "test -n \"$GIT_QUARANTINE_PATH\" || exit 9";
    let script = format!("{quarantined}\nexec '{}' hook pre-receive", watched.program().display());
    watched.server.hook("hooks/pre-receive", &script);
}

pub(super) fn pre_receive() -> Row {
    let watched = strict();
    let before = watched.on_server("main");
    guard(&watched);
    commit_derivative(&watched);
    let pushed = watched.push(&["origin", "main"]);
    pushed.blocked(1, &BLOCKS).says("1 commit,");
    assert_eq!(watched.on_server("main"), before);
    Row::of("`forebear hook pre-receive` on the server, which reads git's quarantine", &pushed)
}

pub(super) fn pre_receive_first() -> Row {
    let watched = strict();
    watched.server.git("update-ref -d refs/heads/main");
    guard(&watched);
    commit_derivative(&watched);
    let pushed = watched.push(&["origin", "main", "main:copy"]);
    pushed.blocked(1, &BLOCKS);
    assert_eq!((watched.on_server("main"), watched.on_server("copy")), (None, None));
    Row::of("`forebear hook pre-receive`, and the first push to the server", &pushed)
}

pub(super) fn hooks_path() -> Row {
    let watched = Watched::unwatched(&[]);
    watched.git.git("config core.hooksPath .githooks");
    watched.install();
    let watched = strict_with(watched);
    assert!(watched.git.path.join(".githooks/pre-push").is_file());
    commit_derivative(&watched);
    let pushed = watched.push(&["origin", "main"]);
    pushed.blocked(1, &BLOCKS);
    Row::of("`core.hooksPath`", &pushed)
}

pub(super) fn chained() -> Row {
    let watched = Watched::unwatched(&[]);
    let log = watched.sandbox.path("theirs");
    watched.git.hook(".git/hooks/pre-push", &format!("cat >'{}'", log.display()));
    watched.install();
    let watched = strict_with(watched);
    commit_derivative(&watched);
    watched.push(&["origin", "main"]).blocked(1, &BLOCKS);
    assert!(!log.exists(), "what is blocked goes no further");
    watched.git.git("reset --quiet --hard HEAD~1");
    watched.git.put("a", "1");
    let pushed = watched.push(&["origin", "main"]);
    pushed.passed();
    assert_eq!(fs::read_to_string(log).unwrap(), pushed.told);
    Row::of("a hook that was there before; the push is in order", &pushed)
        .and("then the other hook gets the same lines; of a push that is blocked it hears nothing")
}

pub(super) fn git_lfs() -> Row {
    let watched = Watched::unwatched(&[]);
    watched.git.git("lfs install --local");
    watched.install();
    let watched = strict_with(watched);
    watched.git.git("lfs track checkpoints/**");
    let tip = commit_derivative(&watched);
    let objects = watched.server.path.join("lfs/objects");
    watched.push(&["origin", "main"]).blocked(1, &BLOCKS);
    assert!(!objects.exists());
    watched.git.git(&format!("reset --quiet --hard {tip}~1"));
    watched.git.git("lfs track checkpoints/**");
    watched.git.put(ORCA, weights("F2"));
    let pushed = watched.push(&["origin", "main"]);
    pushed.passed();
    assert!(objects.is_dir());
    Row::of("git-lfs's hook was there before; the push is in order", &pushed)
        .and("then git-lfs uploads the objects; of a push that is blocked it uploads none")
}
