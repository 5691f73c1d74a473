// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What the owner of a repository decided counts, and a push cannot change it for itself.

use std::fs;

use super::release::{ORCA, TERN, add, policy, register, repository};
use crate::push::{Watched, joined};

const ALL_ALLOWED: &str = "[rules]\ncheckpoint-outside-lfs = \"allow\"\nundeclared-lineage = \"allow\"\n\
                           missing-notice = \"allow\"\nmissing-license-text = \"warn\"\n";
const UNDECLARED: [&str; 3] = ["missing-license-text", "missing-notice", "undeclared-lineage"];

/// Waivers of all that is wrong with an undeclared derivative of Tern.
fn waivers(expires: &str) -> String {
    let waiver = |rule| {
        format!(
            "[[waiver]]\nrule = \"{rule}\"\nbase = \"{TERN}\"\nowner = \"legal@acme.example\"\nreason = \"research\"\n\
             expires = {expires}\n\n"
        )
    };
    UNDECLARED.map(waiver).concat()
}

fn with_rules(rules: &str) -> String {
    policy("").replace("[rules]\ncheckpoint-outside-lfs = \"allow\"\n", rules)
}

#[test]
fn a_push_cannot_lower_a_rule_for_itself() {
    let watched = repository(Some(&policy("")));
    add(&watched, "F1-cpt");
    watched.git.put("policy.toml", with_rules(ALL_ALLOWED));
    let pushed = watched.push(&["origin", "main"]);
    let rules = ["missing-license-text", "missing-notice", "policy-weakened", "undeclared-lineage"];
    pushed.blocked(1, &rules).says("policy.toml lowers undeclared-lineage from deny to allow");
    pushed.says("policy.toml lowers missing-license-text from deny to warn");
    watched.git.git("rm --quiet policy.toml");
    watched.git.commit("Remove the policy");
    watched.push(&["origin", "main"]).blocked(1, &rules).says("policy.toml is removed by the push");
}

#[test]
fn a_waiver_in_the_same_push_does_not_apply() {
    let watched = repository(Some(&policy("")));
    add(&watched, "F1-cpt");
    watched.git.put("policy.toml", policy(&waivers("2099-12-31")));
    let pushed = watched.push(&["origin", "main"]);
    pushed.blocked(1, &["missing-license-text", "missing-notice", "policy-weakened", "undeclared-lineage"]);
    pushed.says("policy.toml adds a waiver of undeclared-lineage by legal@acme.example");
}

#[test]
fn a_waiver_of_the_base_side_applies_until_it_expires() {
    let watched = repository(Some(&policy(&waivers("2099-12-31"))));
    add(&watched, "F1-cpt");
    watched.git.commit("Add Orca");
    let pushed = watched.push(&["origin", "main"]);
    pushed.passed().says("3 waived").says(&format!("waived[undeclared-lineage]: {ORCA}"));

    let watched = repository(Some(&policy(&waivers("2026-01-31"))));
    add(&watched, "F1-cpt");
    watched.git.commit("Add Orca");
    let pushed = watched.push(&["origin", "main"]);
    pushed.blocked(1, &["expired-waiver", "missing-license-text", "missing-notice", "undeclared-lineage"]);
    pushed.says("the waiver of undeclared-lineage by legal@acme.example expired on 2026-01-31 --> policy.toml");
}

#[test]
fn a_waiver_that_covers_nothing_is_said() {
    let watched = repository(Some(&policy(&waivers("2099-12-31"))));
    add(&watched, "F2");
    watched.git.commit("Add Orca");
    let pushed = watched.push(&["origin", "main"]);
    assert_eq!(pushed.passed().rules("warn"), ["unused-waiver"], "{}", pushed.said);
}

#[test]
fn a_push_cannot_take_a_base_away_from_itself() {
    let watched = repository(Some(&policy("")));
    add(&watched, "F1-cpt");
    let (code, said) = watched.forebear(&["registry", "remove", TERN]);
    assert_eq!(code, 0, "{said}");
    watched.git.commit("Add Orca, forget Tern");
    let pushed = watched.push(&["origin", "main"]);
    pushed.blocked(1, &["missing-license-text", "missing-notice", "policy-weakened", "undeclared-lineage"]);
    pushed.says(&format!("registry/index.toml removes the base {TERN}"));
    watched.git.git("rm --quiet -r registry");
    watched.git.commit("Remove the registry");
    let pushed = watched.push(&["origin", "main"]);
    pushed.blocked(1, &["missing-license-text", "missing-notice", "policy-weakened", "undeclared-lineage"]);
}

#[test]
fn a_push_cannot_take_code_away_from_itself() {
    let watched = repository(Some(&policy("")));
    fs::write(watched.git.path.join("modeling_whale.py"), crate::code_story::code()).unwrap();
    let add = ["registry", "add-code", "modeling_whale.py", "--id", "acme/whale", "--license", "MIT"];
    assert_eq!(watched.forebear(&add).0, 0);
    watched.git.commit("Know the code of Whale");
    watched.push(&["origin", "main"]).passed();
    assert_eq!(watched.forebear(&["registry", "remove", "acme/whale"]).0, 0);
    watched.git.commit("Forget it");
    let pushed = watched.push(&["origin", "main"]);
    pushed.blocked(1, &["policy-weakened"]);
    pushed.says("registry/code.toml removes the code of acme/whale");
}

#[test]
fn a_push_cannot_swap_a_fingerprint_for_itself() {
    let watched = repository(Some(&policy("")));
    add(&watched, "F1-cpt");
    fs::remove_dir_all(watched.git.path.join("registry")).unwrap();
    register(&watched, TERN, "F3");
    watched.git.commit("Add Orca, register another model as Tern");
    let pushed = watched.push(&["origin", "main"]);
    pushed.blocked(1, &["missing-license-text", "missing-notice", "policy-weakened", "undeclared-lineage"]);
    pushed.says(&format!("replaces the fingerprint of the base {TERN}"));
}

#[test]
fn a_push_cannot_rewrite_what_the_registry_says_of_a_base() {
    let watched = repository(Some(&policy("")));
    let index = watched.git.path.join("registry/index.toml");
    let text = fs::read_to_string(&index).unwrap();
    let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with("notice")).collect();
    assert_ne!(kept.len(), text.lines().count(), "{text}");
    fs::write(&index, kept.join("\n")).unwrap();
    add(&watched, "F1-cpt");
    watched.git.commit("Add Orca, forget Tern's notice");
    let pushed = watched.push(&["origin", "main"]);
    pushed.blocked(1, &["missing-license-text", "missing-notice", "policy-weakened", "undeclared-lineage"]);
    pushed.says(&format!("changes what the registry says of the base {TERN}"));
}

#[test]
fn a_fingerprint_altered_in_place_could_not_be_checked() {
    let watched = repository(Some(&policy("")));
    let folder = watched.git.path.join("registry/fingerprints");
    let file = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&file, bytes).unwrap();
    add(&watched, "F1-cpt");
    watched.git.commit("Add Orca, alter Tern");
    let pushed = watched.push(&["origin", "main"]);
    assert_ne!(pushed.code, Some(0), "{}", pushed.all);
    assert!(!pushed.succeeded);
}

#[test]
fn bases_in_the_push_count_at_once() {
    let watched = repository(Some(&policy("")));
    register(&watched, "acme/Heron", "F2");
    watched.git.put("checkpoints/orca/model.safetensors", super::release::weights("F2"));
    let pushed = watched.push(&["origin", "main"]);
    assert!(!pushed.succeeded && pushed.rules("deny").contains(&"undeclared-lineage".to_owned()), "{}", pushed.all);
    pushed.says("has the same values as acme/Heron").says("compared with 2 bases");
}

#[test]
fn what_a_release_is_strict_about_warns_elsewhere() {
    let watched = repository(Some(&policy("")));
    add(&watched, "F1-cpt");
    watched.git.commit("Add Orca");
    let pushed = watched.push(&["origin", "main:research"]);
    assert_eq!(pushed.passed().rules("warn"), UNDECLARED, "{}", pushed.said);
    watched.push(&["origin", "main"]).blocked(1, &UNDECLARED);
    let pushed = watched.push(&["origin", "main:research", "main"]);
    pushed.blocked(1, &UNDECLARED);
    assert_eq!(watched.on_server("research"), Some(watched.git.id("main")), "from before");
}

#[test]
fn a_branch_from_before_the_policy_does_not_escape_it() {
    let watched = repository(None);
    watched.git.git("branch old");
    watched.git.put("policy.toml", policy("").replace("\"main\"", "\"*\""));
    watched.git.git("push --quiet --no-verify origin main old");
    watched.git.git("checkout --quiet old");
    add(&watched, "F1-cpt");
    watched.git.commit("Add Orca");
    for name in ["old", "fresh"] {
        watched.push(&["origin", &format!("old:{name}")]).blocked(1, &UNDECLARED);
    }
    watched.git.put("policy.toml", with_rules(ALL_ALLOWED));
    let rules = ["missing-license-text", "missing-notice", "policy-weakened", "undeclared-lineage"];
    for name in ["old", "fresh"] {
        let pushed = watched.push(&["origin", &format!("old:{name}")]);
        pushed.blocked(1, &rules).says("policy.toml lowers undeclared-lineage from deny to allow");
    }
}

#[test]
fn a_history_of_its_own_took_nothing_away() {
    let watched = repository(Some(&policy("").replace("\"main\"", "\"*\"")));
    watched.git.git("checkout --quiet --orphan pages");
    watched.git.git("rm --quiet -r --force .");
    watched.git.put("index.html", "<p>Orca</p>");
    let pushed = watched.push(&["origin", "pages"]);
    assert_eq!(pushed.passed().rules("deny"), [""; 0], "{}", pushed.said);
    watched.git.put("model.safetensors", super::release::weights("F1-cpt"));
    watched.push(&["origin", "pages"]).blocked(1, &UNDECLARED);
}

#[test]
fn options_raise_and_lower_rules_and_an_audit_never_blocks() {
    let watched = repository(Some(&policy("")));
    add(&watched, "F1-cpt");
    watched.git.commit("Add Orca");
    let check = |options: &[&str]| {
        let (code, said) = watched.forebear(&[&["check"], options].concat());
        (code, crate::push::rules(&said, "deny").join(" "), crate::push::rules(&said, "warn").join(" "))
    };
    let answer = |code, deny: &str, warn: &str| (code, deny.to_owned(), warn.to_owned());
    assert_eq!(check(&[]), answer(1, "missing-license-text missing-notice undeclared-lineage", ""));
    let lowered = ["-W", "undeclared-lineage", "-A", "missing-notice", "-A", "missing-license-text"];
    assert_eq!(check(&lowered), answer(0, "", "undeclared-lineage"));
    assert_eq!(
        check(&[&lowered[..], &["-D", "checkpoint-outside-lfs"]].concat()),
        answer(1, "checkpoint-outside-lfs", "undeclared-lineage")
    );
    assert_eq!(check(&["--audit"]), answer(0, "missing-license-text missing-notice undeclared-lineage", ""));
}

#[test]
fn a_policy_that_is_not_valid_blocks() {
    let watched = repository(Some(&policy("")));
    watched.git.put("policy.toml", "schema = 1\n[rules]\nundeclared-linage = \"allow\"\n");
    let pushed = watched.push(&["origin", "main"]);
    assert_eq!((pushed.succeeded, pushed.code), (false, Some(2)), "{}", pushed.all);
    assert!(joined(&pushed.said).contains("policy.toml:3:1"), "{}", pushed.said);
}

/// The registry in another folder than `registry/`, named by the policy of the base side.
#[test]
fn a_registry_the_policy_names_is_read_from_the_base_side() {
    let watched = Watched::new();
    register(&watched, TERN, "F1");
    fs::rename(watched.git.path.join("registry"), watched.git.path.join("bases")).unwrap();
    watched.git.put("policy.toml", policy("[registry]\npaths = [\"bases/\"]\n"));
    watched.git.git("push --quiet --no-verify origin main");
    add(&watched, "F1-cpt");
    watched.git.git("rm --quiet -r bases");
    watched.git.put("policy.toml", policy(""));
    let pushed = watched.push(&["origin", "main"]);
    pushed.blocked(1, &["missing-license-text", "missing-notice", "policy-weakened", "undeclared-lineage"]);
}
