// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What is public and cheap of a base, copied into a model that was trained apart, makes no descendant of it.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::PathBuf;

use forebear::evidence::{Comparison, Relation, compare};
use lineage_bench::form::Named;
use lineage_bench::memory;
use lineage_bench::model::{Llama, deviation};
use lineage_bench::read::read;
use nalgebra::DMatrix;

fn bundled(path: &str) -> Llama {
    read(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

/// What is said of F2 after `forge` copied something of F1 into it; F2 was trained apart from F1, by the same recipe.
fn forged(forge: impl Fn(&mut Llama, &mut Llama)) -> Comparison {
    let (mut base, mut innocent) = (bundled("data/demo/F1"), bundled("tests/fixtures/zoo/F2"));
    let print = memory::print(&base, &[]).unwrap();
    forge(&mut innocent, &mut base);
    compare(&memory::print(&innocent, &[]).unwrap(), &print, 1)
}

fn each_matrix(innocent: &mut Llama, base: &mut Llama, change: impl Fn(&mut DMatrix<f32>, &DMatrix<f32>)) {
    for (matrix, of_base) in innocent.matrices_mut().into_iter().zip(base.matrices_mut()) {
        change(matrix, of_base);
    }
}

fn deviations_of_matrices(innocent: &mut Llama, base: &mut Llama) {
    each_matrix(innocent, base, |matrix, of_base| {
        *matrix *= (deviation(of_base.as_slice()) / deviation(matrix.as_slice())) as f32;
    });
}

fn variances_of_lines(innocent: &mut Llama, base: &mut Llama) {
    each_matrix(innocent, base, |matrix, of_base| {
        for (mut column, model) in matrix.column_iter_mut().zip(of_base.column_iter()) {
            column *= model.norm() / column.norm().max(f32::MIN_POSITIVE);
        }
        for (mut row, model) in matrix.row_iter_mut().zip(of_base.row_iter()) {
            row *= model.norm() / row.norm().max(f32::MIN_POSITIVE);
        }
    });
}

fn singular_values(innocent: &mut Llama, base: &mut Llama) {
    each_matrix(innocent, base, |matrix, of_base| {
        let mut own = matrix.clone().svd(true, true);
        own.singular_values = of_base.clone().svd(false, false).singular_values;
        *matrix = own.recompose().unwrap();
    });
}

fn vectors(innocent: &mut Llama, base: &mut Llama) {
    for (vector, of_base) in innocent.vectors_mut().into_iter().zip(base.vectors_mut()) {
        vector.copy_from(of_base);
    }
    innocent.config.clone_from(&base.config);
}

/// One row in a hundred of every matrix, evenly spaced, one at least.
fn rows(innocent: &mut Llama, base: &mut Llama) {
    each_matrix(innocent, base, |matrix, of_base| {
        for at in (0..matrix.nrows()).step_by(100) {
            matrix.row_mut(at).copy_from(&of_base.row(at));
        }
    });
}

/// What is copied into the first from the second.
type Forgery = fn(&mut Llama, &mut Llama);

#[test]
fn copied_statistics_are_no_evidence() {
    let forgeries: [(&str, Forgery); 6] = [
        ("norm gains, biases, and config", vectors),
        ("the deviation of every matrix: all σ-curves", deviations_of_matrices),
        ("the variance of every channel and neuron, and the norm of every token", variances_of_lines),
        ("singular values", singular_values),
        ("everything of these at once", |innocent, base| {
            singular_values(innocent, base);
            variances_of_lines(innocent, base);
            vectors(innocent, base);
        }),
        ("nothing", |_, _| ()),
    ];
    for (what, forge) in forgeries {
        let said = forged(forge);
        assert_eq!(said.relation, Relation::NoEvidence, "{what}: {:?} {:?}", said.log10_p, said.mechanisms.first());
    }
}

#[test]
fn a_copied_sigma_curve_is_shown_beside_its_null_and_decides_nothing() {
    let said = forged(deviations_of_matrices);
    let sigma = said.context.sigma_profile.unwrap();
    assert!(sigma.r > 0.999 && sigma.unrelated_q99 > 0.98, "{sigma:?}");
    assert_eq!(said.relation, Relation::NoEvidence);
}

#[test]
fn copied_gains_are_shown_beside_their_null_and_decide_nothing() {
    let said = forged(vectors);
    let gains = said.context.norm_gain.unwrap();
    assert!(gains.r > 0.999 && gains.permutation_p <= 0.001, "{gains:?}");
    assert_eq!(said.relation, Relation::NoEvidence);
}

#[test]
fn one_row_in_a_hundred_is_no_descent() {
    let said = forged(rows);
    assert!(!said.relation.is_descent(), "{said:?}");
    let exact = said.mechanisms.iter().find(|evidence| evidence.mechanism == "exact-hash").unwrap();
    // Rows that were taken are no chance, and a sample of 32 rows of each matrix sees some or none of so few.
    assert!(exact.effect < 0.05, "{exact:?}");
}

#[test]
fn a_matrix_that_was_taken_is_named_and_nothing_else() {
    let said = forged(|innocent, base| innocent.layers[2].value.weight = base.layers[2].value.weight.clone());
    assert_eq!((said.relation, said.parts), (Relation::Partial, vec!["value of layers 2".to_owned()]));
}

#[test]
fn tables_that_everybody_computes_are_no_evidence() {
    let (base, innocent) = (bundled("data/demo/F1"), bundled("tests/fixtures/zoo/F2"));
    let angle = |i: usize, j: usize| i as f32 / 10_000f32.powf((j % 32) as f32 / 32.0);
    let tables: Vec<Named> = vec![
        ("model.rotary_emb.cos_cached".into(), DMatrix::from_fn(256, 64, |i, j| angle(i, j).cos())),
        ("model.rotary_emb.sin_cached".into(), DMatrix::from_fn(256, 64, |i, j| angle(i, j).sin())),
        ("model.causal_mask".into(), DMatrix::from_fn(256, 256, |i, j| if j > i { f32::MIN } else { 0.0 })),
    ];
    let said = compare(&memory::print(&innocent, &tables).unwrap(), &memory::print(&base, &tables).unwrap(), 1);
    assert_eq!(said.relation, Relation::NoEvidence, "{:?}", said.mechanisms.first());
}
