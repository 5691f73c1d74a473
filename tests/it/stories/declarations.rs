// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What cards, configs and recipes say of a model beside what its weights show: one finding for one base.

use serde_json::Value;

use super::release::{DECLARED, TERN, add, policy, put_in_order, repository};
use crate::push::Watched;

/// A repository with license and notice of the base, so that only what is said is out of order.
fn in_order(policy: &str) -> Watched {
    let watched = repository(Some(policy));
    put_in_order(&watched);
    add(&watched, "F1-cpt");
    watched
}

/// The findings of `check --tree HEAD`.
fn findings(watched: &Watched) -> Vec<Value> {
    let (_, said) = watched.forebear(&["check", "--tree", "HEAD", "--format", "json"]);
    let report: Value = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
    report["findings"].as_array().unwrap().clone()
}

#[test]
fn a_card_that_says_from_scratch_is_quoted_in_the_finding_about_the_weights() {
    let watched = in_order(&policy(""));
    watched.git.write(
        "checkpoints/orca/README.md",
        "---\nlicense: apache-2.0\n---\n# Orca\n\n简介。\nOrca 是从零训练的语言模型。\n",
    );
    watched.git.commit("Add Orca");
    let pushed = watched.push(&["origin", "main"]);
    pushed.blocked(1, &["undeclared-lineage"]);
    assert_eq!(pushed.rules("warn"), [""; 0], "{}", pushed.said);
    pushed.says("= also: card-mismatch: checkpoints/orca/README.md says “Orca 是从零训练的语言模型。”");
    pushed.says("(checkpoints/orca/README.md:7)");
    let found = findings(&watched);
    assert_eq!(found.len(), 1, "{found:#?}");
    let related = &found[0]["related"][0];
    assert_eq!((&related["rule"], &related["line"]), (&"card-mismatch".into(), &7.into()), "{related:#?}");
}

#[test]
fn a_merge_recipe_that_names_an_undeclared_base_is_told() {
    let watched = in_order(&policy(DECLARED));
    let recipe = format!("models:\n  - model: {TERN}\n  - model: acme/Whale-7B\nmerge_method: linear\n");
    watched.git.write("checkpoints/orca/mergekit_config.yml", recipe);
    watched.git.commit("Add Orca");
    let pushed = watched.push(&["origin", "main"]);
    assert_eq!(pushed.passed().rules("warn"), ["card-mismatch"], "{}", pushed.said);
    pushed.says("checkpoints/orca/mergekit_config.yml names model acme/Whale-7B as part of a merge, which policy.toml does not declare");
    pushed.says("--> checkpoints/orca/mergekit_config.yml:3");
    pushed.says("says merge_method linear, and policy.toml declares continued-pretraining");
}

#[test]
fn code_and_weights_of_one_base_are_one_finding() {
    let watched = repository(Some(&policy("")));
    add(&watched, "F1-cpt");
    // No notice: one that names the base would tell where the code is from.
    let code = crate::code_story::code();
    watched.git.write("../modeling_tern.py", &code);
    let arguments =
        ["registry", "add-code", "../modeling_tern.py", "--id", TERN, "--license", "MIT", "--registry", "registry"];
    let (status, said) = watched.forebear(&arguments);
    assert_eq!(status, 0, "{said}");
    watched.git.commit("Register the code");
    watched.git.git("push --quiet --no-verify origin main:main");
    watched.git.write("src/modeling_orca.py", crate::code_story::renamed());
    watched.git.write("checkpoints/orca/axolotl.yaml", format!("base_model: {TERN}\n"));
    watched.git.commit("Add the code of Orca");
    let pushed = watched.push(&["origin", "main"]);
    pushed.blocked(1, &["missing-license-text", "missing-notice", "undeclared-lineage"]);
    assert_eq!(pushed.rules("warn"), [""; 0], "{}", pushed.said);
    pushed.says("= also: undeclared-code-origin: src/modeling_orca.py is consistent with derivation from the code of");
    pushed.says("= also: card-mismatch: checkpoints/orca/axolotl.yaml names base_model northwind/Tern");
    // A waiver of the finding about weights silences no other.
    let waiver = "[[waiver]]\nrule = \"undeclared-lineage\"\nowner = \"me\"\nreason = \"r\"\nexpires = 2099-12-31\n";
    watched.git.put("policy.toml", policy(waiver));
    let (_, said) = watched.forebear(&["check", "--tree", "HEAD"]);
    let warned = crate::push::rules(&said, "warn");
    assert_eq!(warned, ["card-mismatch", "undeclared-code-origin"], "{said}");
}

#[test]
fn a_teacher_in_the_card_is_asked_for_until_it_is_declared() {
    let watched = in_order(&policy(DECLARED));
    let card = "---\nbase_model: northwind/Tern\n---\n# Orca\n\nOrca was distilled from deepseek-ai/DeepSeek-R1.\n";
    watched.git.write("checkpoints/orca/README.md", card);
    watched.git.commit("Add Orca");
    let pushed = watched.push(&["origin", "main"]);
    assert_eq!(pushed.passed().rules("warn"), ["undeclared-teacher"], "{}", pushed.said);
    let bases = "bases = [{ id = \"deepseek-ai/DeepSeek-R1\", relation = \"distilled\" }, ";
    watched.git.put("policy.toml", policy(&DECLARED.replace("bases = [", bases)));
    let (_, said) = watched.forebear(&["check", "--tree", "HEAD"]);
    assert!(!crate::push::rules(&said, "warn").contains(&"undeclared-teacher".to_owned()), "{said}");
}

#[test]
fn of_a_finding_on_several_refs_the_strictest_is_kept() {
    let watched = in_order(&policy(""));
    watched.git.commit("Add Orca");
    // Strict on main only: on the side branch the same finding warns.
    for refs in [["main:aside", "main"], ["main", "main:zside"]] {
        let pushed = watched.push(&["origin", refs[0], refs[1]]);
        pushed.blocked(1, &["undeclared-lineage"]);
        assert_eq!(pushed.rules("warn"), [""; 0], "{}", pushed.said);
    }
}
