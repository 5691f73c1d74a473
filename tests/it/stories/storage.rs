// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Weights in Git LFS, with the real git-lfs: these tests fail where it is not installed.

use std::fs;
use std::path::PathBuf;

use forebear::changes::lfs;

use super::release::{DECLARED, ORCA, add, policy, put_in_order, start, weights};
use crate::push::{Watched, joined, rules};

/// A repository with the base registered, `checkpoints/` in Git LFS, and git-lfs's own hook under ours.
fn with_lfs(policy: &str) -> Watched {
    let watched = Watched::unwatched(&[]);
    watched.git.git("lfs install --local");
    watched.install();
    start(&watched, Some(policy));
    watched.git.git("lfs track checkpoints/**/*.safetensors");
    watched
}

/// The LFS object of the weights, in a store.
fn object(watched: &Watched, store: &str) -> PathBuf {
    let pointer = watched.git.command("git").args(["cat-file", "blob", &format!("HEAD:{ORCA}")]).output().unwrap();
    let sha256 = lfs::parse_strict(&pointer.stdout).expect("git holds a pointer").sha256;
    watched.sandbox.path(store).join("objects").join(&sha256[..2]).join(&sha256[2..4]).join(sha256)
}

fn replace(path: &PathBuf, bytes: Option<&[u8]>) {
    fs::remove_file(path).unwrap();
    if let Some(bytes) = bytes {
        fs::write(path, bytes).unwrap();
    }
}

#[test]
fn weights_in_lfs_are_looked_at_and_then_uploaded() {
    let watched = with_lfs(&policy("").replace("\"allow\"", "\"deny\""));
    add(&watched, "F1-cpt");
    watched.git.commit("Add Orca");
    let pushed = watched.push(&["origin", "main"]);
    pushed.blocked(1, &["missing-license-text", "missing-notice", "undeclared-lineage"]);
    assert!(!object(&watched, "server.git/lfs").exists(), "a blocked push uploads nothing");
    put_in_order(&watched);
    watched.git.put("policy.toml", policy(DECLARED).replace("\"allow\"", "\"deny\""));
    watched.push(&["origin", "main"]).passed();
    assert_eq!(fs::read(object(&watched, "server.git/lfs")).unwrap(), weights("F1-cpt"), "git-lfs ran after us");
}

#[test]
fn objects_in_another_storage_are_looked_at() {
    let watched = with_lfs(&policy(""));
    watched.git.run(["config", "lfs.storage", &watched.sandbox.path("store").to_string_lossy()]);
    add(&watched, "F1-cpt");
    watched.git.commit("Add Orca");
    assert!(object(&watched, "store").is_file());
    let rules = ["missing-license-text", "missing-notice", "undeclared-lineage"];
    watched.push(&["origin", "main"]).blocked(1, &rules);
}

#[test]
fn a_missing_object_could_not_be_checked() {
    let watched = with_lfs(&policy(""));
    add(&watched, "F1-cpt");
    watched.git.commit("Add Orca");
    replace(&object(&watched, "work/.git/lfs"), None);
    let pushed = watched.push(&["origin", "main"]);
    pushed.blocked(2, &["missing-lfs-object"]).says("git lfs fetch").says("could not check");
    let (code, report) = watched.forebear(&["check", "--tree", "HEAD", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!((code, report["verdict"].as_str()), (2, Some("error")));
}

#[test]
fn an_altered_object_could_not_be_checked() {
    let watched = with_lfs(&policy(""));
    add(&watched, "F2");
    watched.git.commit("Add Orca");
    let mut bytes = weights("F2");
    *bytes.last_mut().unwrap() ^= 1;
    let object = object(&watched, "work/.git/lfs");
    replace(&object, Some(&bytes));
    watched.push(&["origin", "main"]).blocked(2, &["unverifiable-artifact"]).says(ORCA);
    replace(&object, Some(b"short"));
    let pushed = watched.push(&["origin", "main"]);
    assert_eq!((pushed.succeeded, pushed.code), (false, Some(2)), "{}", pushed.all);
    replace(&object, Some(&weights("F2")));
    watched.push(&["origin", "main"]).passed();
}

#[test]
fn unchanged_objects_that_were_not_fetched_are_said_and_a_release_check_needs_them() {
    let watched = with_lfs(&policy(""));
    add(&watched, "F2");
    watched.git.commit("Add Orca");
    watched.push(&["origin", "main"]).passed();
    watched.git.put("src/train.py", "print('hello')\n");
    replace(&object(&watched, "work/.git/lfs"), None);
    let pushed = watched.push(&["origin", "main", "main:copy"]);
    let remark = "note: Git LFS objects of files that are unchanged here were not looked at";
    pushed.passed().says(remark);
    assert_eq!(joined(&pushed.said).matches(remark).count(), 1, "{}", pushed.said);
    let (code, said) = watched.forebear(&["check", "--tree", "HEAD"]);
    assert_eq!((code, rules(&said, "deny").join(" ")), (2, "missing-lfs-object".to_owned()), "{said}");
}

#[test]
fn weights_beside_lfs_are_warned_of() {
    let watched = with_lfs("schema = 1\n");
    watched.git.put("other/model.safetensors", weights("F2"));
    let pushed = watched.push(&["origin", "main"]);
    assert_eq!(pushed.passed().rules("warn"), ["checkpoint-outside-lfs"], "{}", pushed.said);
    add(&watched, "F2");
    watched.git.git("rm --quiet -r other");
    watched.git.commit("Move it into LFS");
    let pushed = watched.push(&["origin", "main"]);
    assert_eq!(pushed.passed().rules("warn"), [""; 0], "{}", pushed.said);
}
