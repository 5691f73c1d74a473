// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear report`: which files it writes, from what, and with which exit code. How the page looks in a browser is
//! what `.ci/run report` tests.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

use tempfile::tempdir;

use crate::command_line::{failure, stdout};

/// A folder with a checkpoint that nobody declared, and a registry with its base beside it.
fn derivative(folder: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let release = folder.join("release");
    fs::create_dir(&release).unwrap();
    fs::copy(root.join("data/demo/F1-cpt/model.safetensors"), release.join("model.safetensors")).unwrap();
    fs::copy(root.join("data/demo/F1-cpt/config.json"), release.join("config.json")).unwrap();
    let base = root.join("data/demo/F1");
    let add = ["registry", "add", base.to_str().unwrap(), "--id", "demo/base", "--license", "mit"];
    stdout(folder, &[&add[..], &["--registry", "bases", "--no-cache"]].concat());
}

#[test]
fn a_fresh_check_and_a_saved_one_make_the_same_page() {
    let folder = tempdir().unwrap();
    derivative(folder.path());
    let of = ["--path", "release", "--registry", "bases", "--no-cache"];
    let (code, said) =
        failure(folder.path(), &[&["report"], &of[..], &["--html", "a.html", "--svg", "a.svg"]].concat());
    assert_eq!(code, Some(1), "the exit code is that of the check: {said}");
    let (code, _) =
        failure(folder.path(), &[&["check"], &of[..], &["--format", "json", "--output", "r.json"]].concat());
    assert_eq!(code, Some(1));
    stdout(folder.path(), &["report", "--from", "r.json", "--html", "b.html", "--svg", "b.svg"]);

    let lasting = |name: &str| -> Vec<String> {
        let text = fs::read_to_string(folder.path().join(name)).unwrap();
        let passing = |line: &&str| line.starts_with("<dt>Page written") || line.starts_with("<dt>Took");
        text.lines().filter(|line| !passing(line)).map(str::to_owned).collect()
    };
    assert_eq!(lasting("a.html"), lasting("b.html"));
    assert_eq!(lasting("a.svg"), lasting("b.svg"));
    let page = lasting("a.html").join("\n");
    for wanted in ["✕ Blocked", "demo/base", "class=\"chart heat\"", "class=\"chart sigma\"", "<dd>bases</dd>"] {
        assert!(page.contains(wanted), "{wanted}");
    }
}

#[test]
fn what_cannot_be_shown_is_said_and_leaves_no_file() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("bad.json"), "{}").unwrap();
    let shown = |arguments: &[&str]| {
        let (code, said) = failure(folder.path(), arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {said}");
        said
    };
    assert!(shown(&["report"]).contains("--html"));
    assert!(shown(&["report", "--html", "x", "--svg", "x", "--path", "."]).contains("the same file"));
    assert!(shown(&["report", "--html", "x", "--from", "bad.json"]).contains("is no report of a check"));
    assert!(shown(&["report", "--html", "x", "--from", "missing.json"]).contains("failed to read missing.json"));
    assert!(shown(&["report", "--html", "x", "--path", ".", "--format", "json"]).contains("forebear check"));
    assert!(shown(&["report", "--html", "x", "--from", "bad.json", "--path", "."]).contains("cannot be used with"));
    assert!(shown(&["report", "--html", "missing/x", "--path", "."]).contains("cannot write missing/x"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_report_of_another_version_is_not_guessed_at() {
    let folder = tempdir().unwrap();
    stdout(folder.path(), &["check", "--path", ".", "--format", "json", "--output", "r.json"]);
    let text = fs::read_to_string(folder.path().join("r.json")).unwrap();
    fs::write(folder.path().join("r.json"), text.replace("\"schema_version\": 1", "\"schema_version\": 2")).unwrap();
    let (code, said) = failure(folder.path(), &["report", "--from", "r.json", "--html", "x"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("schema_version 2"), "{said}");
}
