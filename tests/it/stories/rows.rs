// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The cases of `docs/pre-push.md` about what is pushed, one function each, and the list of all cases.

use std::thread;

use super::release::ORCA;
use super::setups;
use super::table::{Row, commit_derivative, strict, strict_with};
use crate::git_harness::Git;
use crate::push::Watched;

/// All that is wrong in most cases.
pub(super) const BLOCKS: [&str; 1] = ["undeclared-lineage"];

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
        setups::shallow,
        setups::shallow_to_the_edge,
        mirror,
        all_and_tags,
        dry_run,
        no_verify,
        setups::linked_work_tree,
        setups::stale_and_behind,
        setups::stale_and_gone,
        setups::bare,
        setups::partial_clone,
        setups::pre_receive,
        setups::pre_receive_first,
        setups::hooks_path,
        setups::chained,
        setups::git_lfs,
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
pub(super) fn somebody_pushes(watched: &Watched) -> Git {
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
