// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Weights where git keeps things: in tags, messages, links, and objects that are replaced or cut off.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use data_encoding::BASE64;

use super::{UNDECLARED, UNSEEN};
use crate::git_harness::Git;
use crate::push::{Watched, rules};
use crate::stories::release::{add, policy, repository, weights};

/// Strict about every ref.
fn strict() -> Watched {
    repository(Some(&policy("").replace("branches = [\"main\"]\n", "")))
}

/// The id of a blob of weights that no tree holds.
fn blob(watched: &Watched) -> String {
    let mut command = watched.git.command("git");
    command.args(["hash-object", "-w", "--stdin"]);
    let output = Git::pipe(command, &weights("F1-cpt"));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn in_what_tags_stand_for() {
    let watched = strict();
    let blob = blob(&watched);
    let mut command = watched.git.command("git");
    command.arg("mktree");
    let tree = Git::pipe(command, format!("100644 blob {blob}\tnotes\n").as_bytes());
    let tree = String::from_utf8_lossy(&tree.stdout).trim().to_owned();
    watched.git.git(&format!("tag -a -m words heavy {blob}"));
    watched.git.git("tag -a -m words chain heavy");
    watched.git.git("tag -a -m words longer chain");
    watched.git.git(&format!("tag -a -m words wood {tree}"));
    for tag in ["heavy", "longer", "wood"] {
        watched.push(&["origin", tag]).blocked(1, &UNDECLARED);
        assert_eq!(watched.on_server(&format!("refs/tags/{tag}")), None);
    }
}

#[test]
fn in_the_message_of_a_tag_or_a_commit() {
    let watched = strict();
    let message = watched.sandbox.path("message");
    fs::write(&message, BASE64.encode(&weights("F1-cpt"))).unwrap();
    let message = message.to_string_lossy().into_owned();
    watched.git.run(["tag", "-a", "-F", &message, "v1"]);
    watched.git.git("tag -a -m words v2 v1");
    for tag in ["v1", "v2"] {
        let pushed = watched.push(&["origin", tag]);
        pushed.blocked(2, &UNSEEN).says("tag ").says("encoded text from line").says("a safetensors file");
    }
    watched.git.run(["commit", "--quiet", "--allow-empty", "-F", &message]);
    watched.push(&["origin", "main"]).blocked(2, &UNSEEN).says("commit ").says("a safetensors file");
}

#[test]
fn in_what_calls_itself_a_link() {
    let watched = strict();
    let blob = blob(&watched);
    watched.git.git(&format!("update-index --add --cacheinfo 120000,{blob},link"));
    watched.git.git("commit --quiet -m Link");
    watched.push(&["origin", "main"]).blocked(1, &UNDECLARED).says("link");
}

#[test]
fn behind_a_link_or_in_a_submodule() {
    let watched = strict();
    let outside = watched.sandbox.path("elsewhere.safetensors");
    fs::write(&outside, weights("F1-cpt")).unwrap();
    std::os::unix::fs::symlink(&outside, watched.git.path.join("link.safetensors")).unwrap();
    watched.git.commit("Link");
    // Nothing but the name of the place is published.
    watched.push(&["origin", "main"]).passed().says("named and not followed: 1 symbolic link");
    let other = watched.sandbox.init("other", &[]);
    let commit = other.put("model.safetensors", weights("F1-cpt"));
    watched.git.git(&format!("update-index --add --cacheinfo 160000,{commit},vendor/model"));
    watched.git.git("commit --quiet -m Submodule");
    let pushed = watched.push(&["origin", "main"]);
    assert_eq!(pushed.passed().rules("warn"), UNSEEN, "{}", pushed.all);
    pushed
        .says("vendor/model cannot be verified: it is a submodule")
        .says(&format!("forebear check --tree {}", &commit[..12]));
}

#[test]
fn on_a_second_ref_and_on_one_made_again() {
    let watched = strict();
    watched.git.put("README.md", "# More words");
    watched.git.git("branch innocent");
    add(&watched, "F1-cpt");
    watched.git.commit("Add Orca");
    watched.push(&["origin", "innocent", "main:second"]).blocked(1, &UNDECLARED);
    assert_eq!((watched.on_server("innocent"), watched.on_server("second")), (None, None));
    watched.push(&["origin", "innocent:side"]).passed();
    watched.push(&["origin", ":side"]).passed();
    watched.push(&["origin", "main:side"]).blocked(1, &UNDECLARED);
    watched.push(&["--force", "origin", "main:innocent", "+innocent:third"]).blocked(1, &UNDECLARED);
    assert_eq!(watched.on_server("side"), None);
}

#[test]
fn on_the_last_of_many_refs() {
    let watched = strict();
    let clean = watched.git.id("main");
    add(&watched, "F1-cpt");
    watched.git.commit("Add Orca");
    let mut refs: Vec<String> = (0..20).map(|at| format!("{clean}:refs/heads/side{at:02}")).collect();
    refs.push("main:refs/heads/z".to_owned());
    let arguments: Vec<&str> = std::iter::once("origin").chain(refs.iter().map(String::as_str)).collect();
    let pushed = watched.push(&arguments);
    pushed.blocked(1, &UNDECLARED).says("1 commit,").says("compared with 1 base");
    assert_eq!((watched.on_server("side00"), watched.on_server("z")), (None, None));
    watched.push(&arguments[..arguments.len() - 1]).passed();
}

#[test]
fn under_names_that_are_no_text_and_look_the_same() {
    let watched = strict();
    for (name, model) in [(&b"m\xff"[..], "F2"), (b"m\xfe", "F1-cpt"), (b"m\xfd\nok\x1b[2J", "F2")] {
        fs::write(watched.git.path.join(OsStr::from_bytes(name)), weights(model)).unwrap();
    }
    watched.git.commit("Names");
    let pushed = watched.push(&["origin", "main"]);
    pushed.blocked(1, &UNDECLARED).says("northwind/Tern");
    assert!(!pushed.said.contains('\u{1b}') && !pushed.said.contains("\nok"), "{}", pushed.said);
}

/// Adds weights in one commit and takes them away in the next; returns the published commit, and both.
fn came_and_went(watched: &Watched) -> [String; 3] {
    let start = watched.git.id("HEAD");
    add(watched, "F1-cpt");
    let with = watched.git.commit("Add Orca");
    watched.git.git("rm --quiet -r checkpoints");
    [start, with, watched.git.commit("Never mind")]
}

#[test]
fn in_a_commit_that_grafts_and_replacements_skip() {
    let watched = strict();
    let [start, with, tip] = came_and_went(&watched);
    fs::create_dir_all(watched.git.path.join(".git/info")).unwrap();
    fs::write(watched.git.path.join(".git/info/grafts"), format!("{tip} {start}\n")).unwrap();
    assert_eq!(watched.git.git("rev-list --count origin/main..main"), "1", "git itself is fooled");
    let pushed = watched.push(&["origin", "main"]);
    assert!(!pushed.succeeded && pushed.rules("deny") == UNDECLARED, "{}", pushed.all);
    fs::remove_file(watched.git.path.join(".git/info/grafts")).unwrap();
    watched.git.git(&format!("replace --graft {tip} {start}"));
    let pushed = watched.push(&["origin", "main"]);
    assert!(!pushed.succeeded && pushed.rules("deny") == UNDECLARED, "{}", pushed.all);
    watched.git.git(&format!("replace -d {tip}"));
    watched.git.git(&format!("replace {with}^{{tree}} {start}^{{tree}}"));
    let pushed = watched.push(&["origin", "main"]);
    assert!(!pushed.succeeded && pushed.rules("deny") == UNDECLARED, "{}", pushed.all);
}

#[test]
fn with_the_environment_of_git_set_otherwise() {
    let watched = strict();
    let [start, _, tip] = came_and_went(&watched);
    let grafts = watched.sandbox.path("grafts");
    fs::write(&grafts, format!("{tip} {start}\n")).unwrap();
    watched.git.git(&format!("replace --graft {tip} {start}"));
    let empty = watched.sandbox.path("empty");
    fs::create_dir_all(&empty).unwrap();
    let grafts = grafts.to_string_lossy().into_owned();
    let empty = empty.to_string_lossy().into_owned();
    let sets: [&[(&str, &str)]; 8] = [
        &[("GIT_GRAFT_FILE", &grafts)],
        &[("GIT_REPLACE_REF_BASE", "refs/replace/")],
        &[("GIT_NO_REPLACE_OBJECTS", "1")],
        &[("GIT_ALTERNATE_OBJECT_DIRECTORIES", &empty)],
        &[("GIT_CEILING_DIRECTORIES", "/")],
        &[("GIT_NAMESPACE", "elsewhere")],
        &[("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "core.useReplaceRefs"), ("GIT_CONFIG_VALUE_0", "true")],
        &[("GIT_LITERAL_PATHSPECS", "1"), ("GIT_OPTIONAL_LOCKS", "0"), ("GIT_FLUSH", "1")],
    ];
    for set in sets {
        let output =
            watched.git.command("git").args(["push", "origin", "main"]).envs(set.iter().copied()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && rules(&said, "deny") == UNDECLARED, "{set:?}: {said}");
        assert_eq!(watched.on_server("main"), Some(start.clone()), "{set:?}");
    }
}

#[test]
fn past_a_hook_that_is_not_run() {
    let watched = strict();
    let config = watched.sandbox.path("config");
    fs::write(&config, "[core]\n\thooksPath = /dev/null\n").unwrap();
    let include = format!("include.path={}", config.display());
    let ways: [&[&str]; 4] = [
        &["push", "--no-verify", "origin", "main:a"],
        &["-c", "core.hooksPath=/dev/null", "push", "origin", "main:b"],
        &["-c", &include, "push", "origin", "main:c"],
        &["-c", "alias.p=push --no-verify", "p", "origin", "main:d"],
    ];
    add(&watched, "F1-cpt");
    let tip = watched.git.commit("Add Orca");
    for (way, name) in ways.iter().zip(["a", "b", "c", "d"]) {
        let _ = fs::remove_file(watched.sandbox.path("log.code"));
        assert!(watched.git.try_run(way.iter()).status.success());
        assert_eq!(watched.on_server(name).as_deref(), Some(tip.as_str()), "the hook cannot know");
        assert!(!watched.sandbox.path("log.code").exists());
        // What runs on the other side does.
        let clone = watched.sandbox.clone_of(&watched.server.path.to_string_lossy(), name, &["--branch", name]);
        let output = clone.command(env!("CARGO_BIN_EXE_forebear")).args(["check", "--tree", "HEAD"]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!((output.status.code(), rules(&said, "deny").join(" ")), (Some(1), UNDECLARED.join(" ")), "{said}");
    }
}
