// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Transforms that keep the outputs do, and the others do not; all of them make models with shapes that fit.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::path::PathBuf;

use lineage_bench::forward::{logits, relative_error};
use lineage_bench::model::Llama;
use lineage_bench::read::read;
use lineage_bench::transforms::{Needs, Outputs, TRANSFORMS, find};
use lineage_bench::write::write;

const TOKENS: [usize; 24] =
    [1, 17, 300, 4, 4, 511, 0, 92, 250, 33, 18, 77, 401, 402, 403, 9, 12, 260, 5, 64, 128, 256, 31, 2];

fn fixture(path: &str) -> Llama {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    read(&root.join(path)).expect(path)
}

#[test]
fn the_forward_pass_gives_what_another_program_gives() {
    // Logits of tokens 0, 1, 100, 511 after the first and the last token, from a forward pass in numpy (f64).
    let expected = [
        (
            "data/demo/F1",
            [
                [-6.242_400_901_34, 1.178_938_430_595, -3.956_514_269_54, -2.651_675_090_46],
                [-7.745_592_836_13, 1.364_372_767_635, -4.249_656_976_86, -1.245_178_225_24],
            ],
        ),
        (
            "tests/fixtures/zoo/F1-moe",
            [
                [-9.107_210_573_04, -0.149_508_998_98, -8.504_152_667_08, -1.452_575_579_85],
                [-9.057_002_193_84, 0.641_412_324_601, -7.692_353_516_6, -3.158_936_411_49],
            ],
        ),
    ];
    for (path, expected) in expected {
        let found = logits(&fixture(path), &TOKENS[..8]);
        for (position, expected) in [0, 7].into_iter().zip(expected) {
            for (token, expected) in [0, 1, 100, 511].into_iter().zip(expected) {
                let found = found[(position, token)];
                // Both sum in f64; the constants are given to ten digits.
                assert!((found - expected).abs() < 1e-8, "{path} {position} {token}: {found}, not {expected}");
            }
        }
    }
}

#[test]
fn what_keeps_the_outputs_keeps_them_and_what_does_not_changes_them() {
    let dense = fixture("data/demo/F1");
    let experts = fixture("tests/fixtures/zoo/F1-moe");
    let other = fixture("tests/fixtures/zoo/F2");
    let mut kept = 0;
    for (model, name) in [(&dense, "F1"), (&experts, "F1-moe")] {
        let before = logits(model, &TOKENS);
        for transform in TRANSFORMS.iter().filter(|t| t.needs != Needs::Other || name == "F1") {
            if !transform.fits(model, Some(&other)) {
                continue;
            }
            let after = transform.apply(model, 3, Some(&other)).unwrap();
            let error = relative_error(&logits(&after.model, &TOKENS).columns(0, 512).into_owned(), &before);
            match transform.outputs {
                Outputs::Kept => {
                    kept += 1;
                    assert!(error <= 1e-4, "{name} {}: {error}", transform.name);
                }
                Outputs::Changed => assert!(error > 1e-3, "{name} {}: {error}", transform.name),
            }
        }
    }
    assert!(kept > 30);
}

#[test]
fn what_moves_values_moves_them() {
    // A disguise that did nothing would keep the outputs too.
    let model = fixture("data/demo/F1");
    for name in ["rename", "reshard", "fuse-phi3", "fuse-neox"] {
        let done = find(name).unwrap().apply(&model, 1, None).unwrap();
        assert_ne!(done.form, lineage_bench::form::Form::default(), "{name}");
    }
    let moved = TRANSFORMS.iter().filter(|t| t.needs == Needs::Any && t.outputs == Outputs::Kept).skip(5);
    for transform in moved {
        assert_ne!(transform.apply(&model, 1, None).unwrap().model, model, "{}", transform.name);
    }
}

#[test]
fn a_written_folder_reads_as_the_model_that_was_written() {
    let folder = tempfile::tempdir().unwrap();
    for path in ["data/demo/F1", "tests/fixtures/zoo/F1-deep", "tests/fixtures/zoo/F1-moe"] {
        let model = fixture(path);
        for name in ["none", "reshard", "residual-rotation", "hidden-append", "ffn-duplicate", "new-vocabulary"] {
            let done = find(name).unwrap().apply(&model, 1, None).unwrap();
            let place = folder.path().join(format!("{path}-{name}"));
            write(&done.model, done.form, &place).unwrap();
            let again = read(&place).unwrap();
            assert_eq!(Llama { config: model.config.clone(), ..again }, done.model, "{path} {name}");
        }
    }
}

#[test]
fn a_seed_decides_the_copy() {
    let model = fixture("data/demo/F1");
    let all = find("laundered-all").unwrap();
    let copy = |seed| all.apply(&model, seed, None).unwrap();
    assert_eq!(copy(1), copy(1));
    assert_ne!(copy(1), copy(2));
}

#[test]
fn every_written_folder_is_one_forebear_reads() {
    let folder = tempfile::tempdir().unwrap();
    let model = fixture("data/demo/F1");
    let other = fixture("tests/fixtures/zoo/F2");
    for transform in TRANSFORMS.iter().filter(|transform| transform.fits(&model, Some(&other))) {
        let done = transform.apply(&model, 1, Some(&other)).unwrap();
        let place = folder.path().join(transform.name);
        write(&done.model, done.form, &place).unwrap();
        let print = lineage_bench::measure::fingerprint(&place).expect(transform.name);
        assert!(print.matrices.len() > 4, "{}", transform.name);
    }
}

#[test]
fn transforms_that_need_something_say_so() {
    let model = fixture("data/demo/F1");
    for name in ["densify", "merge-50"] {
        let refused = find(name).unwrap().apply(&model, 1, None).unwrap_err();
        assert!(refused.to_string().starts_with(&format!("{name} does not apply: ")), "{refused}");
    }
    let wider = fixture("tests/fixtures/zoo/F1-hwide");
    assert!(find("merge-50").unwrap().apply(&model, 1, Some(&wider)).is_err());
    assert!(find("polish").is_err());
}
