// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Every way in which a push may change what it is judged by: each is told, and none counts for the push itself.

use std::fs;

use super::UNDECLARED;
use crate::push::Watched;
use crate::stories::release::{TERN, add, policy, repository};

/// A change of the work tree.
type Change = Box<dyn Fn(&Watched)>;

const SIGNERS: &str = "[attest]\nallowed-signers = \"signers\"\n";

/// A derivative of Tern that nobody declares, and a change of the files beside it.
fn with_change(watched: &Watched, change: &dyn Fn(&Watched)) -> crate::push::Pushed {
    add(watched, "F1-cpt");
    change(watched);
    watched.git.commit("Tidy up");
    let pushed = watched.push(&["origin", "main"]);
    watched.git.git("reset --quiet --hard origin/main");
    watched.git.git("clean -fdxq");
    pushed
}

fn edit(watched: &Watched, path: &str, from: &str, to: &str) {
    let file = watched.git.path.join(path);
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(file, text.replace(from, to)).unwrap();
}

#[test]
fn the_policy() {
    let text = policy(SIGNERS)
        .replace("branches = [\"main\"]", "branches = [\"main\", \"r/*\"]\ncopyright = [\"Acme\"]")
        + "[registry]\npaths = [\"registry/\"]\n";
    let watched = repository(Some(&text));
    let waiver = "[[waiver]]\nrule = \"undeclared-lineage\"\nowner = \"me\"\nreason = \"r\"\nexpires = 2099-12-31\n";
    let append = |what: &'static str| {
        move |watched: &Watched| edit(watched, "policy.toml", "[registry]", &format!("{what}\n[registry]"))
    };
    let replace =
        |from: &'static str, to: &'static str| move |watched: &Watched| edit(watched, "policy.toml", from, to);
    let cases: Vec<(Change, &str)> = vec![
        (
            Box::new(|watched: &Watched| fs::remove_file(watched.git.path.join("policy.toml")).unwrap()),
            "policy.toml is removed by the push",
        ),
        (
            Box::new(|watched: &Watched| drop(watched.git.git("mv policy.toml policy.bak"))),
            "policy.toml is removed by the push",
        ),
        (Box::new(append(waiver)), "policy.toml adds a waiver of undeclared-lineage by me"),
        (
            Box::new(replace("[rules]\n", "[rules]\nundeclared-lineage = \"warn\"\n")),
            "lowers undeclared-lineage from deny to warn",
        ),
        (
            Box::new(replace("[rules]\n", "[rules]\npolicy-weakened = \"allow\"\n")),
            "lowers policy-weakened from deny to allow",
        ),
        (Box::new(replace("\"main\", ", "")), "removes the release branch pattern main"),
        (
            Box::new(replace("[\"Acme\"]", "[\"Acme\", \"Northwind Research\"]")),
            "adds the copyright holder Northwind Research",
        ),
        (Box::new(replace("\"registry/\"", "\"bases/\"")), "removes the registry path registry/"),
        (Box::new(append("[baseline]\nfile = \"known.toml\"\n")), "names a baseline, known.toml"),
        (Box::new(replace("\"signers\"", "\"mine\"")), "changes which file says whose signatures count"),
        (
            Box::new(|watched: &Watched| _ = watched.git.write("Policy.toml", "schema = 1\n")),
            "Policy.toml differs from policy.toml in case alone",
        ),
        (
            Box::new(|watched: &Watched| _ = watched.git.write("Registry/index.toml", "")),
            "Registry/index.toml differs from registry/ in case alone",
        ),
        (
            Box::new(|watched: &Watched| {
                fs::remove_file(watched.git.path.join("policy.toml")).unwrap();
                std::os::unix::fs::symlink("/dev/null", watched.git.path.join("policy.toml")).unwrap();
            }),
            "policy.toml is removed by the push",
        ),
    ];
    let rules = ["missing-license-text", "missing-notice", "policy-weakened", "undeclared-lineage"];
    for (change, words) in cases {
        let pushed = with_change(&watched, &*change);
        if words.contains("removes the registry path") {
            // The other registry is not there, and that is an error of its own.
            assert!(!pushed.succeeded && pushed.code.is_some_and(|code| code > 0), "{}", pushed.all);
            continue;
        }
        pushed.blocked(1, &rules).says(words);
    }
}

#[test]
fn declarations_that_widen_are_claims_that_the_weights_contradict() {
    let watched = repository(Some(&policy("")));
    for origin in ["origin = \"from-scratch\"\n", "origin = \"derived\"\nbases = []\n"] {
        let widened = format!("[[model]]\npaths = [\"**\"]\n{origin}");
        let pushed = with_change(&watched, &|watched| _ = watched.git.write("policy.toml", policy(&widened)));
        assert!(!pushed.succeeded && pushed.code == Some(1), "{}", pushed.all);
        pushed.says("northwind/Tern");
    }
}

#[test]
fn the_registry() {
    let watched = repository(Some(&policy("")));
    let print = fs::read_dir(watched.git.path.join("registry/fingerprints")).unwrap().next().unwrap().unwrap().path();
    let index = "registry/index.toml";
    let cases: Vec<(Change, i32, &str)> = vec![
        (
            Box::new(|watched: &Watched| drop(watched.forebear(&["registry", "remove", TERN]))),
            1,
            "removes the base northwind/Tern",
        ),
        (
            Box::new(|watched: &Watched| drop(watched.git.git("rm --quiet -r registry"))),
            1,
            "removes the base northwind/Tern",
        ),
        (
            Box::new(move |watched: &Watched| edit(watched, index, "Apache-2.0", "MIT")),
            1,
            "changes the license of the base northwind/Tern from Apache-2.0 to MIT",
        ),
        (
            Box::new(move |watched: &Watched| edit(watched, index, TERN, "northwind/Other")),
            1,
            "removes the base northwind/Tern",
        ),
        (Box::new(move |_: &Watched| fs::remove_file(&print).unwrap()), 0, ""),
        (
            Box::new(move |watched: &Watched| fs::write(watched.git.path.join(index), "entries = 7").unwrap()),
            2,
            "registry",
        ),
    ];
    for (change, code, words) in cases {
        let pushed = with_change(&watched, &*change);
        assert!(!pushed.succeeded && pushed.code.is_some_and(|found| found > 0), "{words}: {}", pushed.all);
        if code > 0 {
            assert_eq!(pushed.code, Some(code), "{}", pushed.all);
            pushed.says(words);
        }
        if code == 1 {
            assert!(UNDECLARED.iter().all(|rule| pushed.rules("deny").contains(&(*rule).to_owned())), "{}", pushed.all);
            assert!(pushed.rules("deny").contains(&"policy-weakened".to_owned()), "{}", pushed.all);
        }
    }
}

#[test]
fn a_policy_without_end() {
    let watched = repository(Some(&policy("")));
    let deep = format!("schema = 1\nx = {}{}\n", "[".repeat(100_000), "]".repeat(100_000));
    let long = format!("{}# {}\n", policy(""), "x".repeat(2 << 20));
    let many = format!("{}{}", policy(""), "[[model]]\npaths = [\"a\"]\n".repeat(20_000));
    for text in [deep, long, many] {
        let pushed = with_change(&watched, &|watched| _ = watched.git.write("policy.toml", &text));
        assert_eq!((pushed.succeeded, pushed.code), (false, Some(2)), "{}", pushed.all);
        pushed.says("policy.toml");
    }
}
