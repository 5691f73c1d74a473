// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Pairs that were drawn apart are not said to descend, p-values are what they say, and it is told if they are not.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::process::Command;

use forebear::evidence::Relation;
use lineage_bench::random::Random;
use lineage_bench::synthetic::{KINDS, Outcome, complaints, markdown, pair, run};

const PAIRS: usize = 10;

#[test]
fn no_kind_of_pair_that_shares_no_weight_is_accused() {
    let outcomes: Vec<Outcome> = KINDS.iter().map(|kind| run(kind, PAIRS, 7).unwrap()).collect();
    assert_eq!(complaints(&outcomes), Vec::<String>::new());
    for outcome in &outcomes {
        assert_eq!((outcome.pairs, outcome.accused()), (PAIRS, 0), "{}", outcome.kind);
        assert_eq!(outcome.mechanisms.get("aligned-samples").map(Vec::len), Some(PAIRS), "{}", outcome.kind);
    }
    let said = markdown(&outcomes);
    assert!(said.contains(&format!("said to descend: 0 of {} pairs", PAIRS * KINDS.len())), "{said}");
}

#[test]
fn the_models_of_a_pair_share_what_the_kind_says_and_no_matrix() {
    for kind in &KINDS {
        let [a, b] = pair(kind, 3, 1);
        assert_eq!(a.model, pair(kind, 3, 1)[0].model, "{}: a pair can be drawn again", kind.name);
        assert_eq!(a.beside, b.beside, "{}", kind.name);
        let (mut a, mut b) = (a.model, b.model);
        for (one, other) in a.matrices_mut().into_iter().zip(b.matrices_mut()) {
            assert_ne!(one, other, "{}", kind.name);
        }
    }
}

/// An outcome in which one mechanism gave these values.
fn outcome(log10_p: Vec<f64>, relation: Relation) -> Outcome {
    Outcome {
        kind: "made up",
        pairs: log10_p.len(),
        relations: BTreeMap::from([(relation, log10_p.len())]),
        smallest: -0.5,
        mechanisms: BTreeMap::from([("gram".to_owned(), log10_p)]),
        effects: BTreeMap::new(),
    }
}

#[test]
fn p_values_that_are_too_small_are_complained_of() {
    let uniform = |factor: f64| -> Vec<f64> {
        let mut random = Random::new(5);
        (0..400).map(|_| ((1.0 - random.uniform()) * factor).log10()).collect()
    };
    assert_eq!(complaints(&[outcome(uniform(1.0), Relation::NoEvidence)]), Vec::<String>::new());
    let told = complaints(&[outcome(uniform(1.0 / 3.0), Relation::NoEvidence)]);
    assert!(
        told.len() == 1 && told[0].starts_with("made up: p-values of gram are smaller than they should be"),
        "{told:?}"
    );
}

#[test]
fn a_pair_that_is_said_to_descend_is_complained_of() {
    let told = complaints(&[outcome(vec![0.0; 3], Relation::Partial)]);
    assert_eq!(told, ["made up: 3 of 3 pairs are said to descend"]);
}

#[test]
fn the_command_prints_tables_and_knows_its_kinds() {
    let program =
        |arguments: &[&str]| Command::new(env!("CARGO_BIN_EXE_bench-lineage")).args(arguments).output().unwrap();
    let said = program(&["synthetic", "--pairs", "2", "--seed", "3", "--kind", "ternary"]);
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.status.success() && text.contains("| ternary | 2 | 0 | 2 | 0 | 0 | "), "{text}");
    let said = program(&["synthetic", "--kind", "no-such"]);
    assert_eq!(said.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&said.stderr).contains("there is no such kind; there are all, same-scale"));
}
