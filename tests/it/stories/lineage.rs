// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Derivatives that are found, however they are stored, and independent models that are left alone.

use insta::assert_snapshot;
use safetensors::SafeTensors;

use super::release::{DECLARED, FROM_SCRATCH, ORCA, TERN, add, policy, put_in_order, repository, weights};
use crate::push::Watched;

#[test]
fn an_undeclared_derivative_is_blocked_until_it_is_in_order() {
    let watched = repository(Some(&policy("")));
    let before = watched.on_server("refs/heads/main");
    add(&watched, "F1-cpt");
    watched.git.commit("Add Orca");
    let pushed = watched.push(&["origin", "main"]);
    pushed.blocked(1, &["missing-license-text", "missing-notice", "undeclared-lineage"]);
    assert_snapshot!(pushed.outline(), @r#"
    deny[undeclared-lineage]: checkpoints/orca/model.safetensors is consistent with derivation from northwind/Tern (derived, log10 p […] northwind/Tern is not declared for this path --> checkpoints/orca/model.safetensors = help: add to policy.toml: [[model]] paths = ["checkpoints/orca/model.safetensors"] origin = "derived" bases = [{ id = "northwind/Tern", relation = "finetune" }]
    deny[missing-license-text]: checkpoints/orca/model.safetensors: the license of northwind/Tern (Apache-2.0) asks for a copy of its text (§4(a)), and no license file beside the weights or above them holds it --> checkpoints/orca/model.safetensors = help: run: mkdir -p LICENSES && forebear explain apache-2.0 --text > LICENSES/apache-2.0.txt
    deny[missing-notice]: checkpoints/orca/model.safetensors: the license of northwind/Tern (Apache-2.0) asks for its NOTICE to be reproduced (§4(d)), and no notice file beside the weights or above them holds it --> checkpoints/orca/model.safetensors = help: add to NOTICE: Tern Copyright 2026 Northwind Research
    checkpoints/orca/model.safetensors (safetensors, 250,944 parameters): consistent with derivation from northwind/Tern (derived, log10 p […] not declared)
    blocked: 3 denied 1 checkpoint (507.1 kB), 9 files, 1 commit, compared with 1 base in […] s
    "#);
    assert_eq!(watched.on_server("refs/heads/main"), before, "nothing arrived");

    watched.git.put("policy.toml", policy(DECLARED));
    watched.push(&["origin", "main"]).blocked(1, &["missing-license-text", "missing-notice"]);

    put_in_order(&watched);
    let tip = watched.git.commit("Ship license and notice");
    let pushed = watched.push(&["origin", "main"]);
    pushed.passed();
    assert_snapshot!(pushed.outline(), @"
    checkpoints/orca/model.safetensors (safetensors, 250,944 parameters): consistent with derivation from northwind/Tern (derived, log10 p […] declared)
    passed: nothing denied 1 checkpoint (507.1 kB), 11 files, 3 commits, compared with 1 base in […] s (1 cached)
    ");
    assert_eq!(watched.on_server("refs/heads/main"), Some(tip));
}

#[test]
fn a_claim_of_training_from_scratch_is_contradicted() {
    let watched = repository(Some(&policy("")));
    add(&watched, "F1-sft");
    watched.git.put("policy.toml", policy(FROM_SCRATCH));
    let pushed = watched.push(&["origin", "main"]);
    pushed.blocked(1, &["from-scratch-contradicted", "missing-license-text", "missing-notice"]);
    pushed.says(&format!("{ORCA} is declared to be from scratch and is consistent with derivation from {TERN}"));
}

#[test]
fn weights_without_an_extension_are_found() {
    let watched = repository(Some(&policy("")));
    watched.git.put("assets/blob", weights("F1-sft"));
    let pushed = watched.push(&["origin", "main"]);
    pushed.blocked(1, &["missing-license-text", "missing-notice", "undeclared-lineage"]).says("assets/blob");
}

#[test]
fn shards_are_one_model() {
    let watched = repository(Some(&policy("")));
    let bytes = weights("F1-cpt");
    let all = SafeTensors::deserialize(&bytes).unwrap();
    let mut index = serde_json::Map::new();
    for part in 1..=2_usize {
        let name = format!("model-{part:05}-of-00002.safetensors");
        let views = all.tensors().into_iter().enumerate().filter(|(at, _)| at % 2 + 1 == part).map(|(_, one)| one);
        let views: Vec<_> = views.collect();
        index.extend(views.iter().map(|(tensor, _)| (tensor.clone(), name.clone().into())));
        watched.git.write(&format!("checkpoints/orca/{name}"), safetensors::serialize(views, None).unwrap());
    }
    let index = serde_json::json!({ "metadata": {}, "weight_map": index });
    watched.git.put("checkpoints/orca/model.safetensors.index.json", index.to_string());
    let pushed = watched.push(&["origin", "main"]);
    pushed.blocked(1, &["missing-license-text", "missing-notice", "undeclared-lineage"]).says("1 checkpoint (");
    watched.git.git("rm --quiet checkpoints/orca/model-00002-of-00002.safetensors");
    watched.git.commit("Lose a shard");
    let pushed = watched.push(&["origin", "main"]);
    assert_eq!((pushed.succeeded, pushed.rules("deny").contains(&"unverifiable-artifact".to_owned())), (false, true));
}

#[test]
fn a_checkpoint_that_came_and_went_inside_the_push_is_found() {
    let watched = repository(Some(&policy("")));
    add(&watched, "F1-cpt");
    watched.git.commit("Add Orca");
    watched.git.git("rm --quiet -r checkpoints");
    watched.git.commit("Remove Orca");
    let pushed = watched.push(&["origin", "main"]);
    assert!(!pushed.succeeded && pushed.rules("deny").contains(&"undeclared-lineage".to_owned()), "{}", pushed.all);
    let (code, said) = watched.forebear(&["check", "--tree", "HEAD"]);
    assert_eq!(code, 0, "the tree itself is clean: {said}");
}

#[test]
fn a_merge_that_brings_weights_of_its_own_is_found() {
    let watched = repository(Some(&policy("")));
    watched.git.git("checkout --quiet -b side");
    watched.git.put("a", "1");
    watched.git.git("checkout --quiet main");
    watched.git.put("b", "2");
    watched.git.git("merge --quiet --no-commit --no-ff side");
    add(&watched, "F1-cpt");
    watched.git.commit("Merge, and more");
    watched.git.git("rm --quiet -r checkpoints");
    watched.git.commit("Remove Orca");
    let pushed = watched.push(&["origin", "main"]);
    assert!(!pushed.succeeded && pushed.rules("deny").contains(&"undeclared-lineage".to_owned()), "{}", pushed.all);
}

#[test]
fn a_replaced_object_hides_nothing() {
    let watched = repository(Some(&policy("")));
    add(&watched, "F1-cpt");
    watched.git.commit("Add Orca");
    let blob = watched.git.id(&format!("HEAD:{ORCA}"));
    let other = watched.git.id("HEAD:README.md");
    watched.git.git(&format!("replace {blob} {other}"));
    watched.push(&["origin", "main"]).blocked(1, &["missing-license-text", "missing-notice", "undeclared-lineage"]);
}

#[test]
fn a_path_does_not_speak_to_the_terminal() {
    let watched = repository(Some(&policy("")));
    watched.git.put("näïve folder/\u{1b}[2Jorca", weights("F1-cpt"));
    let pushed = watched.push(&["origin", "main"]);
    pushed.blocked(1, &["missing-license-text", "missing-notice", "undeclared-lineage"]).says("näïve folder/");
    assert!(!pushed.said.contains('\u{1b}'), "{}", pushed.said);
}

#[test]
fn a_tree_without_files_is_no_error() {
    let watched = Watched::new();
    watched.git.commit("Nothing");
    watched.push(&["origin", "main"]).passed().says("scanned 0 artifacts, 0 files, 1 commit");
}

#[test]
fn other_kinds_of_derivatives_are_found() {
    for model in ["F1-moe", "F1-deep", "F1-frozen", "F1-hwide", "F1-merge"] {
        let watched = repository(Some(&policy("")));
        add(&watched, model);
        watched.git.commit("Add Orca");
        let pushed = watched.push(&["origin", "main"]);
        assert!(pushed.rules("deny").contains(&"undeclared-lineage".to_owned()), "{model}: {}", pushed.all);
    }
}

#[test]
fn independent_models_pass_and_nothing_is_claimed() {
    for model in ["F2", "F3", "F1-distil"] {
        let watched = repository(Some(&policy(FROM_SCRATCH)));
        add(&watched, model);
        watched.git.commit("Add Orca");
        no_evidence(&watched);
    }
}

fn no_evidence(watched: &Watched) {
    let pushed = watched.push(&["origin", "main"]);
    pushed.passed().says("no evidence found of descent from any of 1 base");
    let findings: Vec<_> = ["deny", "warn"].iter().flat_map(|level| pushed.rules(level)).collect();
    assert_eq!(findings, [""; 0], "{}", pushed.said);
}
