// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A waiver ends when its day is over where the check runs, whatever day a commit says it is.

use super::UNDECLARED;
use crate::push::Watched;
use crate::stories::release::{TERN, add, policy, repository};

fn waivers(expires: &str) -> String {
    let waiver = |rule| {
        format!(
            "[[waiver]]\nrule = \"{rule}\"\nbase = \"{TERN}\"\nowner = \"legal\"\nreason = \"r\"\nexpires = {expires}\n\n"
        )
    };
    policy(&UNDECLARED.map(waiver).concat())
}

/// Commits a derivative as of a date, as its author and its committer.
fn commit_as_of(watched: &Watched, date: &str) {
    add(watched, "F1-cpt");
    watched.git.git("add --all");
    let mut commit = watched.git.command("git");
    commit.args(["commit", "--quiet", "-m", "Add Orca"]).env("GIT_AUTHOR_DATE", date).env("GIT_COMMITTER_DATE", date);
    assert!(commit.status().unwrap().success());
}

#[test]
fn a_commit_from_before_does_not_bring_a_waiver_back() {
    let watched = repository(Some(&waivers("2020-06-30")));
    for date in ["2020-06-01T00:00:00Z", "2099-01-01T00:00:00Z", "1970-01-02T00:00:00Z"] {
        commit_as_of(&watched, date);
        let rules = [&["expired-waiver"][..], &UNDECLARED].concat();
        watched.push(&["origin", "main"]).blocked(1, &rules);
        watched.git.git("reset --quiet --hard origin/main");
    }
}

#[test]
fn a_commit_from_the_future_does_not_end_one() {
    let watched = repository(Some(&waivers("2098-12-31")));
    commit_as_of(&watched, "2099-06-01T00:00:00Z");
    watched.push(&["origin", "main"]).passed().says("3 waived");
}
