// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What the action looks at for each event, how deep it makes a clone for it, and what it says.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::runner::{Event, Ran, run};
use crate::command_line::forebear;
use crate::git_harness::{Git, Sandbox};

const MODEL: &str = "checkpoints/orca/model.safetensors";
const ZERO: &str = "0000000000000000000000000000000000000000";

/// A repository on a server, with a base in its registry, and a branch with a checkpoint that nobody declared.
struct Hub {
    sandbox: Sandbox,
    git: Git,
    url: String,
    main: String,
    feature: String,
}

impl Hub {
    /// With some commits before, so that a shallow clone has something to leave out.
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let server = sandbox.bare("server.git", &[]);
        let git = sandbox.init("work", &[]);
        let url = format!("file://{}", server.path.display());
        git.run(["remote", "add", "origin", &url]);
        for at in 0..5 {
            git.put("README.md", format!("# Orca {at}\n"));
        }
        let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/demo/F1");
        let add = ["registry", "add", base.to_str().unwrap(), "--id", "demo/base", "--license", "mit", "--no-cache"];
        forebear(&git.path).args(add).args(["--registry", "registry"]).assert().success();
        git.write(
            "policy.toml",
            "schema = 1\n[release]\nbranches = [\"main\"]\n[rules]\ncheckpoint-outside-lfs = \"allow\"\n",
        );
        let main = git.commit("policy and registry");
        git.git("push --quiet origin main");
        git.git("checkout --quiet -b feature");
        let model = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("data/demo/F1-cpt/model.safetensors")).unwrap();
        git.put("notes.md", "one\n");
        let feature = git.put(MODEL, model);
        git.git("push --quiet origin feature");
        Self { sandbox, git, url, main, feature }
    }

    /// Merges the branch as GitHub does for a pull request; returns the commit.
    fn merged(&self) -> String {
        self.git.git("checkout --quiet --detach main");
        self.git.git("merge --quiet --no-ff --no-edit feature");
        self.git.git("push --quiet origin HEAD:refs/pull/1/merge");
        self.git.id("HEAD")
    }

    /// What actions/checkout leaves: one commit, nothing else.
    fn checkout(&self, reference: &str, name: &str) -> Git {
        let clone = self.sandbox.init(name, &[]);
        clone.run(["remote", "add", "origin", &self.url]);
        clone.run(["fetch", "--quiet", "--no-tags", "--depth=1", "origin", reference]);
        clone.git("checkout --quiet --detach FETCH_HEAD");
        clone
    }

    fn pull_request(&self) -> Value {
        json!({
            "repository": {"default_branch": "main"},
            "pull_request": {"commits": 2, "base": {"ref": "main", "sha": self.main},
                "head": {"sha": self.feature, "repo": {"full_name": "stranger/fork"}}},
        })
    }

    fn push(before: &str, after: &str) -> Value {
        json!({"before": before, "after": after, "repository": {"default_branch": "main"}})
    }
}

fn blocked(ran: &Ran) {
    assert_eq!(ran.code, 1, "{}", ran.log);
    assert_eq!(ran.outputs["check.verdict"], "block");
    assert!(ran.summary.starts_with("## ✕ forebear: Blocked\n"), "{}", ran.summary);
    let errors = ran.annotations("error");
    assert!(
        errors.iter().any(|line| line.starts_with(&format!("::error file={MODEL},title=undeclared-lineage::"))),
        "{errors:?}"
    );
    assert!(ran.outputs["check.report.text"].contains("✕ Blocked"));
    let sarif: Value = serde_json::from_str(&ran.outputs["check.sarif.text"]).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert!(results.iter().any(|result| result["ruleId"] == "undeclared-lineage"), "{sarif}");
    let used: Vec<&str> = ran.used.iter().map(|(name, _)| name.split('@').next().unwrap()).collect();
    assert_eq!(used, ["actions/cache", "actions/upload-artifact", "github/codeql-action/upload-sarif"]);
    assert_eq!(ran.used[2].1["sarif_file"], ran.outputs["check.sarif"].as_str());
    assert!(ran.used[0].1["key"].as_str().unwrap().starts_with("Linux-forebear-"));
}

#[test]
fn a_pull_request_from_a_fork_is_checked_in_a_shallow_clone_without_a_token() {
    let hub = Hub::new();
    let merge = hub.merged();
    let clone = hub.checkout("refs/pull/1/merge", "clone");
    let event =
        Event { name: "pull_request", reference: "refs/pull/1/merge", commit: &merge, payload: hub.pull_request() };
    let ran = run(&clone, &event, &[("token", "")]);
    blocked(&ran);
    assert!(ran.summary.contains("```mermaid\n") && ran.summary.contains("<code>demo/base</code>"), "{}", ran.summary);
    // Deep enough, and no deeper than it has to be.
    assert_eq!(clone.git("rev-parse --is-shallow-repository"), "true");
}

#[test]
fn a_push_to_a_release_branch_of_the_policy_blocks_and_elsewhere_warns() {
    let hub = Hub::new();
    let clone = hub.checkout("feature", "clone");
    let push = |reference| Event {
        name: "push",
        reference,
        commit: &hub.feature,
        payload: Hub::push(&hub.main, &hub.feature),
    };
    blocked(&run(&clone, &push("refs/heads/main"), &[]));
    let elsewhere = run(&clone, &push("refs/heads/feature"), &[]);
    assert_eq!((elsewhere.code, elsewhere.outputs["check.verdict"].as_str()), (0, "pass"), "{}", elsewhere.log);
    assert!(elsewhere.annotations("error").is_empty());
    assert!(!elsewhere.annotations("warning").is_empty());
}

#[test]
fn a_new_branch_is_compared_with_the_default_branch_and_a_new_release_branch_and_tag_as_a_whole() {
    let hub = Hub::new();
    let clone = hub.checkout("feature", "clone");
    let push =
        |reference| Event { name: "push", reference, commit: &hub.feature, payload: Hub::push(ZERO, &hub.feature) };
    let topic = run(&clone, &push("refs/heads/topic"), &[]);
    assert_eq!(topic.code, 0, "{}", topic.log);
    assert!(!topic.annotations("warning").is_empty());
    blocked(&run(&clone, &push("refs/heads/release/1"), &[]));
    blocked(&run(&clone, &push("refs/tags/v1"), &[]));
    let strict = run(&clone, &push("refs/heads/topic"), &[("release-branches", "x/* topic")]);
    blocked(&strict);
}

#[test]
fn a_run_by_hand_checks_the_whole_tree_and_a_clean_push_passes() {
    let hub = Hub::new();
    let clone = hub.checkout("feature", "clone");
    let payload = json!({"repository": {"default_branch": "main"}});
    let by_hand = Event {
        name: "workflow_dispatch",
        reference: "refs/heads/feature",
        commit: &hub.feature,
        payload: payload.clone(),
    };
    blocked(&run(&clone, &by_hand, &[]));

    let clone = hub.checkout("main", "clean");
    let parent = hub.git.id("main^");
    let push =
        Event { name: "push", reference: "refs/heads/main", commit: &hub.main, payload: Hub::push(&parent, &hub.main) };
    let ran = run(&clone, &push, &[]);
    assert_eq!((ran.code, ran.outputs["check.verdict"].as_str()), (0, "pass"), "{}", ran.log);
    assert!(ran.summary.starts_with("## ✓ forebear: Passed\n"), "{}", ran.summary);

    let deleted =
        Event { name: "push", reference: "refs/heads/old", commit: &hub.main, payload: Hub::push(&parent, ZERO) };
    let ran = run(&clone, &deleted, &[]);
    assert_eq!(ran.code, 0, "{}", ran.log);
    assert!(ran.summary.contains("was deleted"), "{}", ran.summary);
}

#[test]
fn what_cannot_be_had_is_said_and_blocks() {
    let hub = Hub::new();
    let clone = hub.checkout("feature", "clone");
    clone.run(["remote", "set-url", "origin", "file:///no/such/server"]);
    let event = Event {
        name: "push",
        reference: "refs/heads/main",
        commit: &hub.feature,
        payload: Hub::push(&hub.main, &hub.feature),
    };
    let ran = run(&clone, &event, &[]);
    assert_eq!((ran.code, ran.outputs["prepare.verdict"].as_str()), (2, "error"), "{}", ran.log);
    assert!(ran.annotations("error")[0].contains("fetch-depth: 0"), "{}", ran.log);
    assert!(ran.summary.contains("could not check, so this counts as blocked"));

    // Another commit than the event's is checked out: nothing of it would be looked at.
    let other = Event { commit: &hub.main, payload: Hub::push(&hub.main, &hub.main), ..event };
    let ran = run(&clone, &other, &[]);
    assert_eq!(ran.code, 2, "{}", ran.log);
    assert!(ran.log.contains("is not the one that the event is about"), "{}", ran.log);
}

#[test]
fn git_lfs_objects_of_the_range_are_fetched_and_no_others() {
    let hub = Hub::new();
    hub.git.git("checkout --quiet main");
    hub.git.git("lfs install --local --skip-repo");
    hub.git.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n");
    let before = hub.git.put("old.bin", vec![1; 5000]);
    let after = hub.git.put("new, one.bin", vec![2; 5000]);
    hub.git.git("lfs push --all origin main");
    hub.git.git("push --quiet --no-verify origin main");
    let clone = hub.checkout("main", "clone");
    let event =
        Event { name: "push", reference: "refs/heads/main", commit: &after, payload: Hub::push(&before, &after) };
    let ran = run(&clone, &event, &[]);
    assert_eq!(ran.outputs["check.verdict"], "pass", "{}", ran.log);
    let objects = clone.command("find").args([".git/lfs/objects", "-type", "f"]).output().unwrap().stdout;
    assert_eq!(String::from_utf8(objects).unwrap().lines().count(), 1, "{}", ran.log);
    assert!(ran.log.contains("unchanged here were not looked at"), "{}", ran.log);
}

#[test]
fn a_head_that_is_itself_a_merge_does_not_shorten_what_is_looked_at() {
    let hub = Hub::new();
    hub.git.git("checkout --quiet feature");
    hub.git.git("checkout --quiet -b side main");
    hub.git.put("side.md", "side\n");
    hub.git.git("checkout --quiet feature");
    hub.git.git("merge --quiet --no-ff --no-edit side");
    let head = hub.git.id("HEAD");
    hub.git.git("push --quiet origin feature");
    let clone = hub.checkout("feature", "clone");
    let mut payload = hub.pull_request();
    payload["pull_request"]["head"]["sha"] = head.as_str().into();
    let event = Event { name: "pull_request_target", reference: "refs/heads/main", commit: &hub.main, payload };
    blocked(&run(&clone, &event, &[]));
}
