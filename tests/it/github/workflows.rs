// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What must hold of every workflow here, and of those that docs/github.md gives to others.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::runner::action;

/// Name and content of every workflow that is kept or shown.
fn workflows() -> Vec<(String, Value)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = vec![("action.yml".to_owned(), action())];
    for entry in fs::read_dir(root.join(".github/workflows")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        found.push((path.display().to_string(), serde_saphyr::from_str(&text).unwrap()));
    }
    let page = fs::read_to_string(root.join("docs/github.md")).unwrap();
    for (at, block) in page.split("```yaml\n").skip(1).enumerate() {
        let text = block.split("```").next().unwrap();
        found.push((format!("docs/github.md, example {}", at + 1), serde_saphyr::from_str(text).unwrap()));
    }
    assert!(found.len() >= 5);
    found
}

/// Every value of a key, wherever it stands.
fn all<'a>(value: &'a Value, key: &str, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(object) => {
            for (name, inner) in object {
                if name == key {
                    found.extend(inner.as_str());
                }
                all(inner, key, found);
            }
        }
        Value::Array(list) => list.iter().for_each(|inner| all(inner, key, found)),
        _ => {}
    }
}

#[test]
fn every_action_of_others_is_pinned_to_a_commit() {
    let mut others = 0;
    for (name, workflow) in workflows() {
        let mut used = Vec::new();
        all(&workflow, "uses", &mut used);
        for action in used.into_iter().filter(|action| *action != "./" && !action.starts_with("forebear/forebear@")) {
            let (_, commit) = action.split_once('@').unwrap_or_default();
            let pinned = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(pinned, "{name}: {action} can change without anybody here noticing");
            others += 1;
        }
    }
    assert!(others > 5);
}

#[test]
fn no_workflow_has_more_rights_than_it_says() {
    for (name, workflow) in workflows().into_iter().filter(|(_, workflow)| workflow.get("jobs").is_some()) {
        assert_eq!(workflow["permissions"], serde_json::json!({}), "{name}");
        for (job, content) in workflow["jobs"].as_object().unwrap() {
            // Making a release is writing one; no other job may change the repository.
            let makes_release = name.ends_with("release.yml") && job == "github";
            let allowed: &[Option<&str>] = if makes_release { &[Some("write")] } else { &[None, Some("read")] };
            assert!(allowed.contains(&content["permissions"]["contents"].as_str()), "{name}, {job}");
        }
    }
}

#[test]
fn what_a_stranger_wrote_is_never_part_of_a_script() {
    for (name, workflow) in workflows() {
        let mut scripts = Vec::new();
        all(&workflow, "run", &mut scripts);
        assert!(scripts.iter().all(|script| !script.contains("${{")), "{name}");
    }
}
