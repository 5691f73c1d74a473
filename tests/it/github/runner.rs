// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A runner: takes the steps of `action.yml`, fills in what stands in `${{ … }}`, and runs each `run:` under bash with
//! the files that GitHub documents. `uses:` steps are written down and not run.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::git_harness::Git;

/// What came of a run.
#[derive(Debug, Default)]
pub(crate) struct Ran {
    /// Exit code of the step that failed, or 0.
    pub(crate) code: i32,
    /// What all steps wrote to the log.
    pub(crate) log: String,
    /// The summary of the job.
    pub(crate) summary: String,
    /// Outputs of steps, as `step.name`.
    pub(crate) outputs: BTreeMap<String, String>,
    /// Actions that would have been used, with what they would have been given.
    pub(crate) used: Vec<(String, Value)>,
}

impl Ran {
    /// Lines of the log that are annotations of a kind.
    pub(crate) fn annotations(&self, kind: &str) -> Vec<&str> {
        let start = format!("::{kind} ");
        self.log.lines().filter(|line| line.starts_with(&start)).collect()
    }
}

/// An event, as GitHub tells it.
pub(crate) struct Event<'a> {
    pub(crate) name: &'a str,
    pub(crate) reference: &'a str,
    pub(crate) commit: &'a str,
    pub(crate) payload: Value,
}

/// The action, as it stands in the repository.
pub(crate) fn action() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("action.yml");
    serde_saphyr::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Runs the action in a clone.
pub(crate) fn run(clone: &Git, event: &Event, inputs: &[(&str, &str)]) -> Ran {
    let temp = tempfile::tempdir().unwrap();
    let file = |name: &str| temp.path().join(name);
    fs::write(file("event.json"), event.payload.to_string()).unwrap();
    let action = action();
    let mut known = BTreeMap::from([
        ("github.action_path".to_owned(), env!("CARGO_MANIFEST_DIR").to_owned()),
        ("github.action_repository".to_owned(), "forebear/forebear".to_owned()),
        ("github.token".to_owned(), String::new()),
        ("runner.os".to_owned(), "Linux".to_owned()),
        ("runner.temp".to_owned(), temp.path().display().to_string()),
    ]);
    for (name, input) in action["inputs"].as_object().unwrap() {
        let default = input["default"].as_str().unwrap();
        known.insert(format!("inputs.{name}"), filled(default, &known));
    }
    for (name, value) in [("binary", env!("CARGO_BIN_EXE_forebear"))].iter().chain(inputs) {
        assert!(known.insert(format!("inputs.{name}"), (*value).to_owned()).is_some(), "no input {name}");
    }
    let mut ran = Ran::default();
    for step in action["runs"]["steps"].as_array().unwrap() {
        // After a failure, what is left are steps that say so.
        if ran.code != 0 && !step["if"].as_str().is_some_and(|condition| condition.contains("!cancelled()")) {
            continue;
        }
        if let Some(used) = step["uses"].as_str() {
            let with = step["with"].as_object().into_iter().flatten();
            let with = with.map(|(name, value)| (name.clone(), json!(filled(value.as_str().unwrap(), &known))));
            ran.used.push((used.to_owned(), with.collect()));
            continue;
        }
        assert_eq!(step["shell"], "bash");
        let script = step["run"].as_str().unwrap();
        assert!(!script.contains("${{"), "text that GitHub fills into a script becomes code: {script}");
        fs::write(file("script"), script).unwrap();
        fs::write(file("output"), "").unwrap();
        let mut command = clone.command("bash");
        command.args(["--noprofile", "--norc", "-eo", "pipefail"]).arg(file("script")).stdin(Stdio::null());
        for (name, value) in step["env"].as_object().into_iter().flatten() {
            command.env(name, filled(value.as_str().unwrap(), &known));
        }
        let output = command
            .env("GITHUB_EVENT_PATH", file("event.json"))
            .env("GITHUB_OUTPUT", file("output"))
            .env("GITHUB_STEP_SUMMARY", file("summary"))
            .env("GITHUB_WORKSPACE", &clone.path)
            .env("RUNNER_TEMP", temp.path())
            .envs([("GITHUB_EVENT_NAME", event.name), ("GITHUB_REF", event.reference), ("GITHUB_SHA", event.commit)])
            .envs([("GITHUB_SERVER_URL", "https://github.example"), ("RUNNER_OS", "Linux"), ("RUNNER_ARCH", "X64")])
            .output()
            .unwrap();
        ran.log.push_str(&String::from_utf8_lossy(&output.stdout));
        ran.log.push_str(&String::from_utf8_lossy(&output.stderr));
        let id = step["id"].as_str().unwrap();
        for line in fs::read_to_string(file("output")).unwrap().lines() {
            let (name, value) = line.split_once('=').unwrap();
            known.insert(format!("steps.{id}.outputs.{name}"), value.to_owned());
            ran.outputs.insert(format!("{id}.{name}"), value.to_owned());
        }
        if ran.code == 0 {
            ran.code = output.status.code().unwrap();
        }
    }
    ran.summary = fs::read_to_string(file("summary")).unwrap_or_default();
    // What was left in files has to be read before the folder goes.
    for (name, path) in ran.outputs.clone() {
        if let Ok(text) = fs::read_to_string(&path)
            && name.starts_with("check.")
        {
            ran.outputs.insert(format!("{name}.text"), text);
        }
    }
    ran
}

/// Text with its expressions replaced. Only names are known, and those of later steps are empty.
fn filled(text: &str, known: &BTreeMap<String, String>) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        let (expression, after) = after.split_once("}}").unwrap();
        let name = expression.trim();
        let value = known.get(name).cloned().or_else(|| name.starts_with("steps.").then(String::new));
        filled.push_str(before);
        filled.push_str(&value.unwrap_or_else(|| panic!("the runner does not know {name}")));
        rest = after;
    }
    filled + rest
}
