// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A repository that is taken up with findings: they pass, new ones do not, and a push cannot bring its own pardon.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

use crate::push::{Watched, rules};

const FILE: &str = "baseline.toml";

/// A repository with a checkpoint outside Git LFS, which is published and denied from now on.
fn taken_up() -> Watched {
    let watched = Watched::unwatched(&[]);
    let git = &watched.git;
    git.put("policy.toml", "schema = 1\n[rules]\ncheckpoint-outside-lfs = \"deny\"\n");
    let weights = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/demo/F1/model.safetensors");
    fs::copy(weights, git.path.join("model.safetensors")).unwrap();
    git.run(["add", "--all"]);
    git.run(["commit", "--quiet", "--message", "Add the weights"]);
    git.run(["push", "--quiet", "--set-upstream", "origin", "main"]);
    watched
}

fn denied(watched: &Watched, arguments: &[&str]) -> (i32, Vec<String>, String) {
    let (code, said) = watched.forebear(&[&["check"], arguments].concat());
    (code, rules(&said, "deny"), said)
}

#[test]
fn known_findings_pass_new_ones_do_not_and_stale_ones_are_told() {
    let watched = taken_up();
    let baseline = ["--tree", "HEAD", "--baseline", FILE];
    let (code, before, said) = denied(&watched, &["--tree", "HEAD"]);
    assert_eq!((code, before.len()), (1, 1), "{said}");
    let (code, _, said) = denied(&watched, &baseline);
    assert_eq!(code, 2, "a baseline that is not there: {said}");
    let (code, _, said) = denied(&watched, &[&baseline[..], &["--write-baseline"]].concat());
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("(1 new, 0 removed)"), "{said}");
    let (code, none, said) = denied(&watched, &baseline);
    assert_eq!((code, none.len()), (0, 0), "{said}");
    assert!(said.contains("1 known by baseline") && said.contains(&format!("known[{}]", before[0])), "{said}");

    // What is settled is stale, and goes when the file is written again.
    watched.git.run(["rm", "--quiet", "model.safetensors"]);
    watched.git.run(["commit", "--quiet", "--message", "Remove the weights"]);
    let (code, _, said) = denied(&watched, &baseline);
    assert!(code == 0 && said.contains("1 entry of the baseline is found no more"), "{said}");
    let (_, _, said) = denied(&watched, &[&baseline[..], &["--write-baseline"]].concat());
    assert!(said.contains("0 known findings (0 new, 1 removed)"), "{said}");

    // Nothing but a whole tree is recorded, and a broken file lets nothing pass.
    assert_eq!(denied(&watched, &["--baseline", FILE, "--write-baseline"]).0, 2);
    fs::write(watched.git.path.join(FILE), "schema = 1\nknow = []\n").unwrap();
    let (code, _, said) = denied(&watched, &baseline);
    assert!(code == 2 && said.contains("unknown field `know`"), "{said}");
}

#[test]
fn a_push_cannot_silence_what_it_brings() {
    let watched = taken_up();
    let (code, _, said) = denied(&watched, &["--tree", "HEAD", "--baseline", FILE, "--write-baseline"]);
    assert_eq!(code, 0, "{said}");
    let text = fs::read_to_string(watched.git.path.join(FILE)).unwrap();
    watched.git.put(FILE, &text);
    let (code, blocking, said) = denied(&watched, &["--baseline", FILE]);
    assert_eq!(code, 1, "{said}");
    assert!(blocking.contains(&"policy-weakened".to_owned()), "{said}");
    assert!(said.contains("baseline.toml adds a known finding"), "{said}");

    // Once it is where the repository is reviewed, it counts.
    watched.git.run(["push", "--quiet", "origin", "main"]);
    watched.git.put("more.txt", "nothing of interest");
    let (code, blocking, said) = denied(&watched, &["--baseline", FILE]);
    assert_eq!((code, blocking.len()), (0, 0), "{said}");
}

#[test]
fn the_policy_names_the_baseline_of_the_hook_and_a_push_cannot_add_to_it() {
    let watched = Watched::unwatched(&[]);
    let git = &watched.git;
    let policy = "schema = 1\n[rules]\ncheckpoint-outside-lfs = \"deny\"\n[baseline]\nfile = \"baseline.toml\"\n";
    git.put("policy.toml", policy);
    git.run(["push", "--quiet", "--set-upstream", "origin", "main"]);
    git.git("checkout --quiet -b weights");
    let weights = |name: &str| {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/demo").join(name).join("model.safetensors");
        fs::copy(from, git.path.join(format!("{name}.safetensors"))).unwrap();
        git.commit(name);
    };
    weights("F1");
    let (code, blocking, said) = denied(&watched, &["--tree", "HEAD"]);
    assert_eq!((code, blocking.len()), (1, 1), "{said}");
    assert!(crate::push::joined(&said).contains("baseline.toml, which is not there, so nothing is known;"), "{said}");
    let write = ["--tree", "HEAD", "--baseline", FILE, "--write-baseline"];
    assert_eq!(denied(&watched, &write).0, 0);

    // Reviewed, and on the base side before what it lets pass.
    let known = fs::read_to_string(git.path.join(FILE)).unwrap();
    git.git("checkout --quiet main");
    git.put(FILE, &known);
    git.run(["push", "--quiet", "origin", "main"]);
    git.git("merge --quiet --no-edit weights");
    watched.install();
    watched.push(&["origin", "main"]).passed().says("1 known by baseline");
    let (_, _, sarif) = denied(&watched, &["--tree", "HEAD", "--format", "sarif"]);
    assert!(sarif.contains(r#""baselineState": "unchanged""#), "{sarif}");
    let schema = include_str!("../fixtures/sarif/sarif-2.1.0-rtm.5.json");
    let schema = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::options().with_draft(jsonschema::Draft::Draft4).build(&schema).unwrap();
    assert!(validator.is_valid(&serde_json::from_str(&sarif).unwrap()), "{sarif}");

    weights("F1-cpt");
    let (code, _, said) = denied(&watched, &write);
    assert!(code == 0 && said.contains("2 known findings (1 new, 0 removed)"), "{said}");
    git.commit("Know more");
    let pushed = watched.push(&["origin", "main"]);
    pushed.blocked(1, &["checkpoint-outside-lfs", "policy-weakened"]);
    pushed.says("baseline.toml adds a known finding: checkpoint-outside-lfs of F1-cpt.safetensors");
}
