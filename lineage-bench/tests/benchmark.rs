// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The benchmark, the calibration, and the command line on a zoo of the models this repository carries.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use lineage_bench::bench::{Options, run, summaries};
use lineage_bench::cases::{Truth, cases};
use lineage_bench::zoo::Zoo;
use lineage_bench::{calibrate, power, report};

/// A folder with copies of some bundled models.
fn zoo(names: &[&str]) -> tempfile::TempDir {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        let bundled = ["data/demo", "tests/fixtures/zoo"].map(|place| root.join(place).join(name));
        let source = bundled.iter().find(|path| path.is_dir()).expect("a bundled model");
        let target = folder.path().join(name);
        fs::create_dir(&target).unwrap();
        for entry in fs::read_dir(source).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), target.join(entry.file_name())).unwrap();
        }
    }
    folder
}

fn read(folder: &tempfile::TempDir) -> Zoo {
    Zoo::read(&[folder.path()]).unwrap()
}

fn options(only: &str) -> Options {
    Options { only: Some(only.into()), seed: 1, ..Options::default() }
}

fn program(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bench-lineage")).args(arguments).output().unwrap()
}

#[test]
fn every_kind_of_case_is_asked_about() {
    let folder = zoo(&["F1", "F1-sft", "F1-moe", "F1-reseed", "F1-distil", "F2"]);
    let zoo = read(&folder);
    let cases = cases(&zoo).unwrap();
    let truth =
        |label: &str| cases.iter().find(|case| case.label() == label).map(|case| (case.base.name.clone(), case.truth));
    for label in ["F1 residual-rotation", "F1-sft", "F1-sft laundered-all", "F1 merge-50 F2", "F1-moe densify"] {
        assert_eq!(truth(label), Some(("F1".into(), Truth::Descends)), "{label}");
    }
    for label in ["F2", "F2 laundered-all", "F1-distil", "F1-distil laundered-all"] {
        assert_eq!(truth(label), Some(("F1".into(), Truth::Unrelated)), "{label}");
    }
    assert_eq!(truth("F1-reseed"), Some(("F1".into(), Truth::SameInitialisation)));
    assert_eq!(truth("F1"), None);
}

#[test]
fn rows_and_their_summary_say_what_was_found_and_what_was_not() {
    let folder = zoo(&["F1", "F1-sft", "F2"]);
    let mut printed = Vec::new();
    let mut rows = run(&read(&folder), &options("F1 F1-sft"), &mut |row| printed.push(report::row(row))).unwrap();
    assert_eq!(printed.len(), 2);
    assert!(printed[0].starts_with("| F1 | F1-sft | descends | derived | "), "{}", printed[0]);
    let columns = |line: &str| line.matches('|').count();
    assert_eq!(columns(&printed[0]), columns(report::header().lines().next().unwrap()));

    rows.truncate(1);
    rows.extend(run(&read(&folder), &options("F1 F2"), &mut |_| ()).unwrap());
    let summaries = summaries(&rows);
    assert_eq!(summaries[0].descends, (1, 0));
    assert_eq!(summaries[0].unrelated, (2, 0));
    assert_eq!(summaries[0].auc, Some(1.0));
    assert!(report::summary(&summaries).contains("| forebear | 1.000 | 0 of 1 | 0 of 2 |"));
}

#[test]
fn a_row_is_the_same_on_every_run() {
    let folder = zoo(&["F1", "F1-sft"]);
    let once = || run(&read(&folder), &options("F1 F1-sft laundered-all"), &mut |_| ()).unwrap().remove(0).comparison;
    assert_eq!(once(), once());
}

#[test]
fn the_calibration_counts_pairs_of_independent_roots() {
    let folder = zoo(&["F1", "F1-sft", "F2", "F3"]);
    let nulls = calibrate::nulls(&read(&folder), 1, None).unwrap();
    // F1 and F1-sft with F2 and F3 (8 ordered pairs), F2 with F3 (2); roots F1–F2, F1–F3, F2–F3.
    assert_eq!((nulls[0].pairs, nulls[0].roots), ((10, 0), (3, 0)));
    assert_eq!((nulls[1].pairs, nulls[1].roots), ((10, 0), (3, 0)));
    let text = calibrate::markdown(&nulls);
    assert!(text.contains("suspects laundered: 10 ordered pairs from 3 pairs of independent roots"), "{text}");
    // 1 − 0.05^(1/10) and 1 − 0.05^(1/3).
    let limits =
        "0 of 10 pairs (95 % limit 2.59e-1 were they independent), in 0 of 3 pairs of roots (95 % limit 6.32e-1)";
    assert!(text.contains(limits), "{text}");
}

#[test]
fn a_table_of_pairs_is_read_where_both_are_there() {
    let folder = zoo(&["F1", "F1-sft", "F2"]);
    let table = folder.path().join("pairs.tsv");
    let lines =
        ["label\tkind\ta\tb", "P\ttuned\tF1\tF1-sft", "N\tapart\tF1\tF2", "B\t?\tF2\tF1-sft", "P\tgone\tF1\tF9"];
    fs::write(&table, lines.join("\n")).unwrap();
    let pairs = lineage_bench::bench::pairs(&table, folder.path()).unwrap();
    let found: Vec<_> = pairs.iter().map(|pair| (pair.base.as_str(), pair.suspect.as_str(), pair.truth)).collect();
    assert_eq!(found, [("F1", "F1-sft", Truth::Descends), ("F1", "F2", Truth::Unrelated)]);
    let nulls = calibrate::nulls(&read(&folder), 1, Some(&(table, folder.path().to_owned()))).unwrap();
    assert_eq!(nulls[2].pairs, (2, 0));
}

#[test]
fn the_power_table_has_every_strength_plain_and_laundered() {
    let folder = zoo(&["F1", "F1-sft"]);
    let power = power::power(&read(&folder), 1).unwrap();
    assert_eq!(power.len(), 12);
    let none = &power[0];
    assert_eq!(none.plain.relation.name(), "identical");
    assert_eq!(power::markdown(&power).lines().count(), 2 + 24);
}

#[test]
fn the_program_says_what_is_missing() {
    let said = program(&[]);
    assert!(!said.status.success());
    assert_eq!(
        String::from_utf8_lossy(&said.stderr).trim(),
        "bench-lineage: --zoo DIR is needed: a folder of models of known ancestry"
    );
    let said = program(&["--zoo", "/nowhere/at/all"]);
    assert!(String::from_utf8_lossy(&said.stderr).contains("there is no such folder"));
    let folder = zoo(&["F1", "F1-sft"]);
    let said = program(&["--zoo", &folder.path().display().to_string(), "--only", "no such row"]);
    assert!(String::from_utf8_lossy(&said.stderr).contains("no case has this pattern"));
}

#[test]
fn the_program_writes_a_laundered_folder() {
    let folder = zoo(&["F1"]);
    let (source, target) = (folder.path().join("F1"), folder.path().join("laundered"));
    let said = program(&["launder", &source.display().to_string(), &target.display().to_string(), "--seed", "5"]);
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let copy = lineage_bench::read::read(&target).unwrap();
    assert_eq!(copy.embedding.shape(), (512, 64));
    assert!(target.join("model.safetensors.index.json").is_file());
}

#[test]
fn every_source_file_says_whose_it_is_and_what_it_is_for() {
    let mut folders = vec![PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let text = fs::read_to_string(&path).unwrap();
            let lines: Vec<&str> = text.lines().take(3).collect();
            assert!(lines[0].starts_with("// SPDX-FileCopyrightText: "), "{}", path.display());
            assert_eq!(lines[1], "// SPDX-License-Identifier: Apache-2.0", "{}", path.display());
            assert!(lines[2].starts_with("//! "), "{}", path.display());
        }
    }
    assert!(files > 25);
}
