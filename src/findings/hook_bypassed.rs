// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `hook-bypassed`: the tip of what is checked has no valid attestation, where one is asked for.

use super::finding::{Finding, Rule};
use super::pages::Page;

pub(super) const PAGE: Page = Page {
    what: "Fires in `forebear check` of a range or a tree when the commit at its tip has no attestation in `refs/notes/forebear` \
           that is signed by somebody whose signature counts, is about this commit, and says that the check passed. It is \
           asked for by `--require-attestation`, and in continuous integration (`CI` or `GITHUB_ACTIONS` is `true`) by \
           `[attest] required = true` in `policy.toml`. Whose signature counts is said by `[attest] allowed-signers`, a \
           file that is read from the base side where there is one, else by git's `gpg.ssh.allowedSignersFile`. The \
           hooks never fire it: they run before there is anything to attest.",
    why: "A hook on somebody's machine can be left out with `git push --no-verify`. Continuous integration checks the same \
          again; the attestation says who checked before publishing, with which registry and policy.",
    example: "warning[hook-bypassed]: commit 1f0c2d9 has no valid attestation: no note in refs/notes/forebear\n  \
              help: run forebear attest 1f0c2d9, then git push origin refs/notes/forebear",
    fix: "Run `forebear attest` on the commit, and push the note: `git push origin refs/notes/forebear`. In the workflow, \
          fetch it before the check: `git fetch origin refs/notes/forebear:refs/notes/forebear`. `[attest] sign = true` makes \
          the hook attest whatever passes.",
    clauses: "",
};

/// The finding about a commit, and why no attestation of it counts.
pub(crate) fn finding(commit: &str, reason: &str) -> Finding {
    let message = format!("commit {commit} has no valid attestation: {reason}");
    let remedy = format!("run forebear attest {commit}, then git push origin refs/notes/forebear");
    Finding::new(Rule::HookBypassed, message, remedy, &[commit])
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn the_finding_names_the_commit_and_says_what_to_do() {
        let found = finding("abc", "no note");
        assert_snapshot!(found.message, @"commit abc has no valid attestation: no note");
        assert_snapshot!(found.remedy, @"run forebear attest abc, then git push origin refs/notes/forebear");
    }
}
