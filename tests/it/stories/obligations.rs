// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Licenses of bases: what a release lacks is told, one rule a thing, until it is in order.

use std::fs;

use forebear::licenses;

use super::release::{DECLARED, TERN, add, files, policy};
use crate::push::{Watched, rules};

/// A base under a license, what is denied and warned of a derivative that brings nothing along, and what puts it in order.
struct Story {
    license: &'static str,
    denied: &'static [&'static str],
    warned: &'static [&'static str],
    name: &'static str,
    terms: &'static str,
    notice: &'static str,
    readme: &'static str,
    attested: &'static str,
}

const CHANGED: &str = "Orca is a modified version of northwind/Tern.";

const STORIES: [Story; 6] = [
    Story {
        license: "llama3.1",
        denied: &["missing-display-text", "missing-license-text", "missing-notice", "name-rule"],
        warned: &["unattested-obligation"],
        name: "acme/Llama-Orca",
        terms: "llama3.1",
        notice: "Llama 3.1 is licensed under the Llama 3.1 Community License, Copyright (c) Meta Platforms, Inc. All Rights Reserved",
        readme: "Built with Llama",
        attested: "aup = \"legal@acme.example 2026-01-10\", mau-below-limit = \"legal@acme.example 2026-01-10\"",
    },
    Story {
        license: "gemma",
        denied: &["missing-license-text", "missing-notice", "restrictions-not-passed-on"],
        warned: &["restrictions-not-passed-on", "unattested-obligation", "unmarked-modification"],
        name: "acme/Orca",
        terms: "Apache-2.0 AND gemma",
        notice: "Gemma is provided under and subject to the Gemma Terms of Use found at ai.google.dev/gemma/terms",
        readme: CHANGED,
        attested: "aup = \"legal@acme.example 2026-01-10\"",
    },
    Story {
        license: "mit",
        denied: &["missing-attribution", "missing-license-text"],
        warned: &[],
        name: "acme/Orca",
        terms: "Apache-2.0",
        notice: "Copyright 2025 Northwind Research",
        readme: "",
        attested: "",
    },
    Story {
        license: "cc-by-nc-4.0",
        denied: &["license-conflict", "missing-license-text"],
        warned: &["missing-attribution", "unmarked-modification"],
        name: "acme/Orca",
        terms: "CC-BY-NC-4.0",
        notice: "northwind/Tern by Northwind Research, changed by Acme.",
        readme: "",
        attested: "",
    },
    Story {
        license: "exaone-1.1-nc",
        denied: &["license-conflict", "missing-license-text", "name-rule"],
        warned: &["unattested-obligation"],
        name: "acme/EXAONE-Orca",
        terms: "exaone",
        notice: "",
        readme: "",
        attested: "no-train-others = \"legal@acme.example 2026-01-10\"",
    },
    Story {
        license: "creativeml-openrail-m",
        denied: &["missing-license-text", "restrictions-not-passed-on"],
        warned: &["missing-attribution", "restrictions-not-passed-on", "unmarked-modification"],
        name: "acme/Orca",
        terms: "creativeml-openrail-m",
        notice: "Use of this model is subject to the use restrictions of the CreativeML Open RAIL-M (Attachment A).",
        readme: CHANGED,
        attested: "",
    },
];

#[test]
fn what_a_license_asks_is_told_until_it_is_there() {
    for story in &STORIES {
        let watched = Watched::new();
        register(&watched, story.license);
        add(&watched, "F1-cpt");
        watched.git.write("policy.toml", policy(DECLARED));
        watched.git.commit("Add Orca");
        let (code, said) = watched.forebear(&["check", "--tree", "HEAD"]);
        let levels = (rules(&said, "deny"), rules(&said, "warn"));
        assert_eq!((code, levels.0.as_slice()), (1, strings(story.denied).as_slice()), "{}: {said}", story.license);
        assert_eq!(levels.1, strings(story.warned), "{}: {said}", story.license);

        put_in_order(&watched, story);
        watched.git.commit("Put the release in order");
        let (code, said) = watched.forebear(&["check", "--tree", "HEAD", "--format", "json"]);
        let report: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!(code, 0, "{}: {said}", story.license);
        assert_eq!(report["findings"], serde_json::json!([]), "{}", story.license);
        let owed = report["obligations"].as_array().unwrap();
        let asked = licenses::lookup(story.license).unwrap().obligations.len();
        assert_eq!(owed.len(), asked, "{}: {owed:#?}", story.license);
        assert!(owed.iter().all(|one| one["state"] == "met"), "{}: {owed:#?}", story.license);
    }
}

#[test]
fn the_checklist_says_where_each_obligation_is_met() {
    let story = &STORIES[0];
    let watched = Watched::new();
    register(&watched, story.license);
    add(&watched, "F1-cpt");
    put_in_order(&watched, story);
    watched.git.commit("Add Orca");
    let (_, brief) = watched.forebear(&["check", "--tree", "HEAD"]);
    assert!(!brief.contains("owes to the license"), "{brief}");
    let (code, said) = watched.forebear(&["check", "--tree", "HEAD", "-v"]);
    assert_eq!(code, 0, "{said}");
    let said = crate::push::joined(&said);
    for words in [
        "checkpoints/orca/model.safetensors owes to the license of northwind/Tern (llama3.1):",
        "met display-text (§1.b.i(B)): README.md:3: shows “Built with Llama”",
        "met notice-file (§1.b.iii): NOTICE:3: holds the notice",
        "met scale-gate (§2): policy.toml: attested as mau-below-limit by legal@acme.example 2026-01-10",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[test]
fn a_notice_that_a_push_removes_is_told() {
    let watched = Watched::new();
    watched.git.write("LICENSE", "Terms of Tern\n\nCopyright (c) 2023 Northwind Research\n\nDo as you like.\n");
    watched.git.commit("Begin");
    watched.push(&["origin", "main"]).passed();
    watched.git.git("rm --quiet LICENSE");
    watched.git.commit("Clean up");
    let pushed = watched.push(&["origin", "main"]);
    assert_eq!(pushed.passed().rules("warn"), ["notice-removed"], "{}", pushed.said);
    pushed.says(
        "the push removes LICENSE, and no license or notice file holds any more: Copyright (c) 2023 Northwind Research",
    );
}

#[test]
fn headers_of_others_are_told() {
    let watched = Watched::new();
    let own = "schema = 1\n[release]\ncopyright = [\"Acme\"]\n";
    watched.git.write("policy.toml", own);
    let code = "# Copyright 2026 Acme\n# Copyright 2024 The Qwen team, Alibaba Group\nimport torch\n";
    watched.git.put("modeling.py", code);
    let pushed = watched.push(&["origin", "main"]);
    assert_eq!(pushed.passed().rules("warn"), ["foreign-copyright-undeclared"], "{}", pushed.said);
    watched.git.write("modeling.py", code.split_once('\n').unwrap().0);
    watched.git.write("policy.toml", own.replace("Acme", "Acme\", \"The Qwen team"));
    watched.git.commit("Make it ours");
    let pushed = watched.push(&["origin", "main"]);
    pushed.blocked(1, &["policy-weakened"]).says("policy.toml adds the copyright holder The Qwen team");
    assert_eq!(pushed.rules("warn"), ["stripped-header"], "{}", pushed.said);
}

fn register(watched: &Watched, license: &str) {
    let folder = watched.sandbox.path("tern");
    fs::create_dir_all(&folder).unwrap();
    for (name, bytes) in files("F1") {
        fs::write(folder.join(name), bytes).unwrap();
    }
    fs::write(folder.join("LICENSE"), text_of(license)).unwrap();
    let arguments = ["registry", "add", &folder.to_string_lossy(), "--id", TERN, "--license", license];
    let (code, said) = watched.forebear(&arguments);
    assert_eq!(code, 0, "{said}");
}

/// The license as the base has it; the copyright line of a permissive one is the base's own.
fn text_of(license: &str) -> String {
    let text = licenses::text(license).unwrap();
    if license == "mit" { format!("Copyright (c) 2025 Northwind Research\n\n{text}") } else { text.to_owned() }
}

fn put_in_order(watched: &Watched, story: &Story) {
    watched.git.write("LICENSES/tern.txt", licenses::text(story.license).unwrap());
    watched.git.write("LICENSE", licenses::text("apache-2.0").unwrap());
    watched.git.write("NOTICE", format!("Orca\n\n{}\n", story.notice));
    watched.git.write("README.md", format!("# Orca\n\n{}\n", story.readme));
    let mut declared = DECLARED.to_owned();
    if !story.attested.is_empty() {
        declared += &["attested = { ", story.attested, " }\n"].concat();
    }
    let policy = policy(&declared).replace("acme/Orca", story.name);
    watched
        .git
        .write("policy.toml", policy.replace("license = \"Apache-2.0\"", &format!("license = \"{}\"", story.terms)));
}

fn strings(items: &[&str]) -> Vec<String> {
    items.iter().map(|item| (*item).to_owned()).collect()
}
