// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The cases of `docs/pre-push.md`, one function each.

use std::fs;
use std::thread;

use forebear::changes::{HookMethod, InstallOptions, Repository};

use super::release::{ORCA, weights};
use super::table::{Row, commit_derivative, strict, strict_with};
use crate::git_harness::Git;
use crate::push::Watched;

const BLOCKS: [&str; 1] = ["undeclared-lineage"];

/// Runs every case, two at a time.
pub(super) fn all() -> Vec<Row> {
    let cases: [fn() -> Row; 34] = [
        one_ref,
        several_refs,
        nothing_to_push,
        not_a_fast_forward,
        new_branch,
        new_branch_without_commits,
        first_push,
        delete,
        delete_and_update,
        sha256,
        annotated_tag,
        tag_of_a_tree,
        tag_of_a_blob,
        name_with_spaces,
        url,
        url_of_a_remote,
        forced,
        forced_over_an_unknown_commit,
        shallow,
        shallow_to_the_edge,
        mirror,
        all_and_tags,
        dry_run,
        no_verify,
        linked_work_tree,
        stale_and_behind,
        stale_and_gone,
        bare,
        partial_clone,
        pre_receive,
        pre_receive_first,
        hooks_path,
        chained,
        git_lfs,
    ];
    let (first, second) = cases.split_at(cases.len() / 2);
    let run = |cases: &[fn() -> Row]| cases.iter().map(|case| case()).collect::<Vec<_>>();
    let (mut rows, rest) = thread::scope(|scope| {
        let rest = scope.spawn(|| run(second));
        (run(first), rest.join().expect("the other half ends"))
    });
    rows.extend(rest);
    rows
}

fn one_ref() -> Row {
    let watched = strict();
    let before = watched.on_server("main");
    commit_derivative(&watched);
    let pushed = watched.push(&["origin", "main"]);
    pushed.blocked(1, &BLOCKS);
    assert_eq!(watched.on_server("main"), before);
    Row::of("one ref", &pushed)
}

fn several_refs() -> Row {
    let watched = strict();
    let before = watched.on_server("main");
    watched.git.put("a", "1");
    watched.git.git("checkout --quiet -b side");
    commit_derivative(&watched);
    let pushed = watched.push(&["origin", "main", "side"]);
    pushed.blocked(1, &BLOCKS);
    assert_eq!((watched.on_server("main"), watched.on_server("side")), (before, None));
    Row::of("several refs, the first of them in order", &pushed)
}

fn nothing_to_push() -> Row {
    let pushed = strict().push(&["origin", "main"]);
    pushed.passed();
    Row::of("nothing to push", &pushed)
}

fn not_a_fast_forward() -> Row {
    let watched = strict();
    watched.git.put("a", "1");
    watched.git.git("push --quiet --no-verify origin main");
    watched.git.git("reset --quiet --hard HEAD~1");
    commit_derivative(&watched);
    let pushed = watched.push(&["origin", "main"]);
    assert_eq!((pushed.succeeded, pushed.code, pushed.told.as_str()), (false, Some(0), ""), "{}", pushed.all);
    Row::of("not a fast-forward, and not forced", &pushed).and("git itself refuses the push")
}

fn new_branch() -> Row {
    let watched = strict();
    watched.git.git("checkout --quiet -b feature");
    commit_derivative(&watched);
    let pushed = watched.push(&["origin", "feature"]);
    pushed.blocked(1, &BLOCKS).says("1 commit,");
    assert_eq!(watched.on_server("feature"), None);
    Row::of("a new branch", &pushed)
}

fn new_branch_without_commits() -> Row {
    let watched = strict();
    commit_derivative(&watched);
    watched.git.git("push --quiet --no-verify origin main");
    let pushed = watched.push(&["origin", "main:copy"]);
    pushed.blocked(1, &BLOCKS);
    Row::of("a new branch without new commits, of weights that went past the hook", &pushed)
}

fn first_push() -> Row {
    let watched = strict();
    commit_derivative(&watched);
    let other = watched.sandbox.bare("other.git", &[]);
    watched.git.run(["remote", "add", "other", &other.path.to_string_lossy()]);
    let pushed = watched.push(&["other", "main"]);
    pushed.blocked(1, &BLOCKS).says("2 commits");
    Row::of("the first push to a remote", &pushed)
}

fn delete() -> Row {
    let watched = strict();
    watched.git.git("push --quiet --no-verify origin main:old");
    let pushed = watched.push(&["origin", ":old"]);
    pushed.passed();
    assert_eq!(watched.on_server("old"), None);
    Row::of("a delete", &pushed)
}

fn delete_and_update() -> Row {
    let watched = strict();
    watched.git.git("push --quiet --no-verify origin main:old");
    commit_derivative(&watched);
    let pushed = watched.push(&["origin", ":old", "main"]);
    pushed.blocked(1, &BLOCKS);
    assert!(watched.on_server("old").is_some());
    Row::of("a delete and an update", &pushed)
}

fn sha256() -> Row {
    let watched = Watched::unwatched(&["--object-format=sha256"]);
    watched.install();
    let watched = strict_with(watched);
    watched.git.git("push --quiet --no-verify origin main:old");
    watched.git.git("checkout --quiet -b feature");
    commit_derivative(&watched);
    let pushed = watched.push(&["origin", ":old", "feature"]);
    pushed.blocked(1, &BLOCKS);
    Row::of("a SHA-256 repository: a delete and a new branch", &pushed)
}

fn annotated_tag() -> Row {
    let watched = strict();
    watched.git.git("checkout --quiet --detach");
    commit_derivative(&watched);
    watched.git.git("tag -a v1 -m release");
    let pushed = watched.push(&["origin", "v1"]);
    pushed.blocked(1, &BLOCKS).says("1 commit,");
    assert!(pushed.told.contains(&watched.git.id("v1^{tag}")), "git gives the tag object");
    Row::of("an annotated tag of a commit that no branch holds", &pushed)
}

fn tag_of_a_tree() -> Row {
    let watched = strict();
    commit_derivative(&watched);
    watched.git.git("tag tree HEAD^{tree}");
    let pushed = watched.push(&["origin", "tree"]);
    pushed.blocked(1, &BLOCKS);
    Row::of("a tag of a tree", &pushed)
}

fn tag_of_a_blob() -> Row {
    let watched = strict();
    commit_derivative(&watched);
    watched.git.git(&format!("tag blob HEAD:{ORCA}"));
    let pushed = watched.push(&["origin", "blob"]);
    // A blob has no license beside it.
    pushed.blocked(1, &["missing-license-text", "missing-notice", "undeclared-lineage"]);
    Row::of("a tag of a blob that is a checkpoint", &pushed)
}

fn name_with_spaces() -> Row {
    let watched = strict();
    super::release::add(&watched, "F1-cpt");
    watched.git.commit("fix bug");
    let pushed = watched.push(&["origin", "HEAD^{/fix bug}:refs/heads/x"]);
    pushed.blocked(1, &BLOCKS);
    assert!(pushed.told.starts_with("HEAD^{/fix bug} "), "{}", pushed.told);
    Row::of("a local name with spaces", &pushed)
}

fn url() -> Row {
    let watched = strict();
    commit_derivative(&watched);
    let other = watched.sandbox.bare("other.git", &[]);
    let pushed = watched.push(&[&other.path.to_string_lossy(), "main"]);
    pushed.blocked(1, &BLOCKS).says("1 commit,");
    Row::of("a push to a URL that no remote has", &pushed)
}

fn url_of_a_remote() -> Row {
    let watched = strict();
    watched.git.git("checkout --quiet -b feature");
    commit_derivative(&watched);
    let pushed = watched.push(&[&watched.git.git("config remote.origin.url"), "feature"]);
    pushed.blocked(1, &BLOCKS).says("1 commit,");
    Row::of("a push to the URL of a remote", &pushed)
}

fn forced() -> Row {
    let watched = strict();
    watched.git.put("a", "1");
    watched.git.git("push --quiet --no-verify origin main");
    watched.git.git("reset --quiet --hard HEAD~1");
    commit_derivative(&watched);
    let pushed = watched.push(&["--force", "origin", "main"]);
    pushed.blocked(1, &BLOCKS);
    Row::of("a forced push", &pushed)
}

/// Somebody else's push to `main`, which the watched repository has not fetched.
fn somebody_pushes(watched: &Watched) -> Git {
    let other = watched.sandbox.clone_of(&watched.server.path.to_string_lossy(), "other", &[]);
    other.put("theirs", "t");
    other.git("push --quiet origin main");
    other
}

fn forced_over_an_unknown_commit() -> Row {
    let watched = strict();
    somebody_pushes(&watched);
    let before = watched.on_server("main");
    commit_derivative(&watched);
    let pushed = watched.push(&["--force", "origin", "main"]);
    pushed.blocked(1, &BLOCKS).says("1 commit,");
    assert_eq!(watched.on_server("main"), before);
    Row::of("a forced push over a commit that was never fetched", &pushed)
}

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

fn shallow() -> Row {
    let watched = strict();
    let pushed = watched.push_from(&shallow_clone(&watched), &["origin", "main"]);
    pushed.blocked(1, &BLOCKS).says("1 commit,");
    assert_eq!(pushed.rules("warn"), [""; 0], "{}", pushed.said);
    Row::of("a shallow clone, and a range inside it", &pushed)
}

fn shallow_to_the_edge() -> Row {
    let watched = strict();
    let clone = shallow_clone(&watched);
    let other = watched.sandbox.bare("other.git", &[]);
    // A server takes a shallow history only if it is told to.
    other.git("config receive.shallowUpdate true");
    let pushed = watched.push_from(&clone, &[&other.path.to_string_lossy(), "main"]);
    assert!(pushed.rules("deny").contains(&"undeclared-lineage".to_owned()), "{}", pushed.all);
    clone.run(["remote", "add", "other", &other.path.to_string_lossy()]);
    let pushed = watched.push_from(&clone, &["other", "main"]);
    pushed.blocked(1, &BLOCKS).says("git fetch --unshallow");
    assert_eq!(pushed.rules("warn"), ["unverifiable-artifact"], "{}", pushed.said);
    Row::of("a shallow clone, and a range that reaches its edge", &pushed)
}

fn mirror() -> Row {
    let watched = strict();
    commit_derivative(&watched);
    let pushed = watched.push(&["--mirror", "origin"]);
    pushed.blocked(1, &BLOCKS);
    Row::of("`--mirror`", &pushed)
}

fn all_and_tags() -> Row {
    let watched = strict();
    watched.git.git("checkout --quiet -b side");
    watched.git.put("a", "1");
    watched.git.git("checkout --quiet --detach main");
    commit_derivative(&watched);
    watched.git.git("tag v1");
    let pushed = watched.push(&["origin", "--all"]);
    pushed.passed();
    let pushed = watched.push(&["origin", "--tags"]);
    pushed.blocked(1, &BLOCKS);
    Row::of("`--tags`, after `--all` passed", &pushed)
}

fn dry_run() -> Row {
    let watched = strict();
    commit_derivative(&watched);
    let pushed = watched.push(&["--dry-run", "origin", "main"]);
    pushed.blocked(1, &BLOCKS);
    Row::of("`--dry-run`", &pushed)
}

fn no_verify() -> Row {
    let watched = strict();
    let tip = commit_derivative(&watched);
    let pushed = watched.push(&["--no-verify", "origin", "main"]);
    assert_eq!((pushed.code, watched.on_server("main")), (None, Some(tip)));
    let (code, said) = watched.forebear(&["check", "--tree", "HEAD"]);
    assert_eq!((code, crate::push::rules(&said, "deny").join(" ")), (1, BLOCKS.join(" ")), "{said}");
    let more = "`forebear check --tree HEAD` in continuous integration ends with 1: `undeclared-lineage`";
    Row::of("`--no-verify`", &pushed).and(more)
}

fn linked_work_tree() -> Row {
    let watched = strict();
    watched.git.git("worktree add --quiet -b side ../linked");
    let linked = watched.sandbox.open("linked");
    linked.put(ORCA, weights("F1-cpt"));
    let pushed = watched.push_from(&linked, &["origin", "side"]);
    pushed.blocked(1, &BLOCKS).says("1 commit,");
    Row::of("a linked work tree", &pushed)
}

fn stale_and_behind() -> Row {
    let watched = strict();
    somebody_pushes(&watched);
    watched.git.git("checkout --quiet -b feature");
    commit_derivative(&watched);
    let pushed = watched.push(&["origin", "feature"]);
    pushed.blocked(1, &BLOCKS).says("1 commit,");
    Row::of("remote-tracking refs behind the server", &pushed)
}

fn stale_and_gone() -> Row {
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

fn bare() -> Row {
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

fn partial_clone() -> Row {
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

fn pre_receive() -> Row {
    let watched = strict();
    let before = watched.on_server("main");
    guard(&watched);
    commit_derivative(&watched);
    let pushed = watched.push(&["origin", "main"]);
    pushed.blocked(1, &BLOCKS).says("1 commit,");
    assert_eq!(watched.on_server("main"), before);
    Row::of("`forebear hook pre-receive` on the server, which reads git's quarantine", &pushed)
}

fn pre_receive_first() -> Row {
    let watched = strict();
    watched.server.git("update-ref -d refs/heads/main");
    guard(&watched);
    commit_derivative(&watched);
    let pushed = watched.push(&["origin", "main", "main:copy"]);
    pushed.blocked(1, &BLOCKS);
    assert_eq!((watched.on_server("main"), watched.on_server("copy")), (None, None));
    Row::of("`forebear hook pre-receive`, and the first push to the server", &pushed)
}

fn hooks_path() -> Row {
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

fn chained() -> Row {
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

fn git_lfs() -> Row {
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
