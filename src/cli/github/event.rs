// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The event that started a workflow → what has to be looked at.
//!
//! In: the event's name, the ref, and the payload, of which any text may be a stranger's. Out: a [`Scope`]. The commits
//! that a payload lists are not used: the list is cut short, and empty for tags.

use anyhow::{Context, bail};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde_json::Value;

/// What happened, as the runner tells it.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// `push`, `pull_request`, …
    pub(crate) name: String,
    /// The ref that the workflow runs for (`GITHUB_REF`).
    pub(crate) reference: String,
    /// The commit that the workflow runs for (`GITHUB_SHA`).
    pub(crate) commit: String,
    /// What the webhook said.
    pub(crate) payload: Value,
}

/// What has to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    /// The ref on which it is, or would be, published: it decides how strict the policy is.
    pub(crate) label: String,
    /// What it is compared with.
    pub(crate) since: Since,
    /// Whether the whole tree is looked at too: the release check.
    pub(crate) whole: bool,
    /// Commits that may be checked out; none: any.
    pub(crate) tips: Vec<String>,
    /// Name of the default branch, if the payload has it.
    pub(crate) default_branch: Option<String>,
    /// Number of commits, if the payload has it: how deep a shallow clone will have to be.
    pub(crate) commits: Option<u64>,
}

/// Where what is new begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    /// A commit that the ref had before, or the tip of the branch that is merged into.
    Commit(String),
    /// The ref is new: where it left the default branch.
    DefaultBranch,
    /// Nothing: only the tree is looked at.
    Beginning,
    /// A deleted ref publishes nothing.
    Deleted,
}

impl Scope {
    /// The scope of an event. `release` has the globs of branches whose tree is looked at as a whole.
    pub(crate) fn of(event: &Event, release: &[String]) -> anyhow::Result<Self> {
        let release = globs(release)?;
        let payload = &event.payload;
        let text = |pointer: &str| payload.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let id = |pointer: &str| -> anyhow::Result<String> {
            text(pointer)
                .filter(|id| is_id(id))
                .with_context(|| format!("the payload of the event `{}` has no commit at {pointer}", event.name))
        };
        let mut scope = Self {
            label: event.reference.clone(),
            since: Since::Beginning,
            whole: true,
            tips: Vec::new(),
            default_branch: text("/repository/default_branch").filter(|name| !name.is_empty()),
            commits: None,
        };
        match event.name.as_str() {
            "pull_request" | "pull_request_target" => {
                let branch = text("/pull_request/base/ref").context("the payload has no base branch")?;
                scope.since = Since::Commit(id("/pull_request/base/sha")?);
                scope.tips = vec![id("/pull_request/head/sha")?];
                // There GITHUB_SHA is the base branch, which must not be taken for what is proposed.
                if event.name == "pull_request" {
                    scope.tips.push(event.commit.clone());
                }
                scope.commits = payload.pointer("/pull_request/commits").and_then(Value::as_u64);
                scope.whole = release.is_match(&branch);
                scope.label = format!("refs/heads/{branch}");
            }
            "merge_group" => {
                scope.since = Since::Commit(id("/merge_group/base_sha")?);
                scope.tips = vec![id("/merge_group/head_sha")?];
                scope.label = text("/merge_group/base_ref").context("the payload has no base branch")?;
                scope.whole = is_release(&release, &scope.label);
            }
            "push" => {
                let before = id("/before")?;
                let after = id("/after")?;
                scope.whole = is_release(&release, &scope.label);
                scope.since = if is_zero(&after) {
                    Since::Deleted
                } else if is_zero(&before) {
                    Since::DefaultBranch
                } else {
                    Since::Commit(before)
                };
                scope.tips = vec![after, event.commit.clone()];
            }
            // Started by hand, by the clock, by a release: nothing was pushed, and the whole tree is asked about.
            "workflow_dispatch" | "schedule" | "release" | "repository_dispatch" => {}
            other => bail!(
                "the event `{other}` does not say what would be published; run on push, pull_request, merge_group, \
                 release, schedule, or workflow_dispatch"
            ),
        }
        if !scope.label.starts_with("refs/") {
            bail!("`{}` is not the full name of a ref", scope.label);
        }
        Ok(scope)
    }
}

/// A branch that a glob names, or any tag.
fn is_release(release: &GlobSet, label: &str) -> bool {
    match label.strip_prefix("refs/heads/") {
        Some(branch) => release.is_match(branch),
        None => label.starts_with("refs/tags/"),
    }
}

fn globs(patterns: &[String]) -> anyhow::Result<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let glob = GlobBuilder::new(pattern).literal_separator(true).build();
        set.add(glob.with_context(|| format!("`{pattern}` is no glob of branches"))?);
    }
    Ok(set.build()?)
}

fn is_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_zero(id: &str) -> bool {
    id.bytes().all(|byte| byte == b'0')
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;

    use super::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    const C: &str = "cccccccccccccccccccccccccccccccccccccccc";
    const ZERO: &str = "0000000000000000000000000000000000000000";

    fn of(name: &str, reference: &str, payload: Value) -> anyhow::Result<Scope> {
        let event = Event { name: name.into(), reference: reference.into(), commit: C.into(), payload };
        Scope::of(&event, &["release/**".into()])
    }

    fn pull(branch: &str) -> Value {
        json!({"pull_request": {"commits": 3, "base": {"ref": branch, "sha": A}, "head": {"sha": B}}})
    }

    #[test]
    fn a_pull_request_is_judged_as_what_it_would_bring_to_its_base_branch() {
        let scope = of("pull_request", "refs/pull/1/merge", pull("main")).unwrap();
        assert_eq!((scope.label.as_str(), scope.whole, scope.commits), ("refs/heads/main", false, Some(3)));
        assert_eq!((scope.since, scope.tips), (Since::Commit(A.into()), vec![B.to_owned(), C.to_owned()]));
        assert!(of("pull_request", "refs/pull/1/merge", pull("release/1/x")).unwrap().whole);
    }

    #[test]
    fn a_trusted_event_never_takes_the_base_branch_for_the_proposal() {
        let scope = of("pull_request_target", "refs/heads/main", pull("main")).unwrap();
        assert_eq!(scope.tips, [B]);
    }

    #[test]
    fn a_push_is_compared_with_what_the_ref_had() {
        let push = |before: &str, after: &str| json!({"before": before, "after": after, "repository": {"default_branch": "main"}});
        let main = of("push", "refs/heads/main", push(A, B)).unwrap();
        assert_eq!((main.since, main.whole), (Since::Commit(A.into()), false));
        let new = of("push", "refs/heads/release/1", push(ZERO, B)).unwrap();
        assert_eq!((new.since, new.whole), (Since::DefaultBranch, true));
        assert_eq!(new.default_branch.as_deref(), Some("main"));
        assert!(of("push", "refs/tags/v1", push(ZERO, B)).unwrap().whole);
        assert_eq!(of("push", "refs/heads/x", push(A, ZERO)).unwrap().since, Since::Deleted);
    }

    #[test]
    fn a_queue_and_a_person_are_understood() {
        let queue = json!({"merge_group": {"base_sha": A, "head_sha": B, "base_ref": "refs/heads/main"}});
        let scope = of("merge_group", "refs/heads/gh-readonly-queue/main/x", queue).unwrap();
        assert_eq!((scope.label.as_str(), scope.since), ("refs/heads/main", Since::Commit(A.into())));
        let scope = of("workflow_dispatch", "refs/heads/dev", json!({})).unwrap();
        assert_eq!((scope.since, scope.whole), (Since::Beginning, true));
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        assert!(of("issue_comment", "refs/heads/main", json!({})).is_err());
        assert!(of("push", "refs/heads/main", json!({"before": "--upload-pack=x", "after": B})).is_err());
        assert!(of("push", "main", json!({"before": A, "after": B})).is_err());
        assert!(of("pull_request", "refs/pull/1/merge", json!({})).is_err());
        let event = Event { name: "push".into(), reference: String::new(), commit: C.into(), payload: json!({}) };
        assert!(Scope::of(&event, &["a{".into()]).is_err());
    }
}
