// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What is said aloud when nothing is wrong, so that silence never passes for a check.

use insta::assert_snapshot;

use super::release::{add, policy, repository};
use crate::push::Watched;

#[test]
fn without_a_registry_the_report_says_that_nothing_was_compared() {
    let watched = Watched::new();
    add(&watched, "F1-cpt");
    watched.git.commit("Add Orca");
    let pushed = watched.push(&["origin", "main"]);
    pushed.passed().says("note: no base model is registered, so the weights were compared with nothing");
}

#[test]
fn a_push_without_models_says_that_none_was_scanned() {
    let watched = repository(Some(&policy("")));
    watched.git.put("src/train.py", "print('hello')\n");
    let pushed = watched.push(&["origin", "main"]);
    pushed.passed();
    assert_snapshot!(pushed.outline(), @"passed: nothing denied scanned 0 artifacts, 8 files, 1 commit in […] s");
}

#[test]
fn what_went_past_the_hook_is_caught_by_the_release_check() {
    let watched = repository(Some(&policy("")));
    add(&watched, "F1-cpt");
    watched.git.commit("Add Orca");
    let pushed = watched.push(&["--no-verify", "origin", "main"]);
    assert_eq!((pushed.succeeded, pushed.code), (true, None), "git runs no hook");
    let (code, said) = watched.forebear(&["check", "--tree", "HEAD"]);
    assert_eq!(code, 1, "{said}");
    let rules = ["missing-license-text", "missing-notice", "undeclared-lineage"];
    assert_eq!(crate::push::rules(&said, "deny"), rules, "{said}");
    // The next push does not bring the weights again, and still the tree it publishes is not in order.
    watched.git.put("src/train.py", "print('hello')\n");
    let pushed = watched.push(&["origin", "main"]);
    assert_eq!((pushed.succeeded, pushed.rules("deny")), (false, rules.map(str::to_owned).to_vec()), "{}", pushed.said);
}
