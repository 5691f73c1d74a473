// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Runs the real program over a folder, bounded, and reads what it says.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::command_line::forebear;

/// Address space of the program, in kilobytes: two threads of it reserve a quarter without touching it.
const MEMORY: &str = "1048576";
/// What a debug build on a busy machine may need for the largest of these files; most take a tenth of a second.
const TIME: Duration = Duration::from_mins(1);

/// A folder that was scanned.
pub(super) struct Scan {
    pub(super) code: Option<i32>,
    pub(super) report: Value,
    said: String,
}

/// A folder of these files.
pub(super) fn folder<B: AsRef<[u8]>>(files: &[(&str, B)]) -> TempDir {
    let folder = tempdir().unwrap();
    for (path, bytes) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

/// What `check` says of these files.
pub(super) fn scan<B: AsRef<[u8]>>(files: &[(&str, B)]) -> Scan {
    scan_folder(folder(files).path())
}

/// What `check` says of a folder: no crash, no internal error, no number that is none, within bounds.
pub(super) fn scan_folder(folder: &Path) -> Scan {
    let began = Instant::now();
    let program = forebear(folder);
    let mut bounded = std::process::Command::new("sh");
    let limit = format!("ulimit -v {MEMORY} && exec \"$0\" \"$@\"");
    bounded.args(["-c", &limit]).arg(program.get_program()).current_dir(folder).env_clear();
    bounded.envs(program.get_envs().filter_map(|(name, value)| value.map(|value| (name, value))));
    bounded.args(["check", "--path", ".", "--no-cache", "--format", "json"]);
    let output = bounded.output().expect("the program ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let code = output.status.code();
    assert!(matches!(code, Some(0..=2)), "{code:?}: {said}");
    assert!(began.elapsed() < TIME, "it took {:?}", began.elapsed());
    let report = match serde_json::from_slice(&output.stdout) {
        Ok(report) => report,
        Err(error) => panic!("no report: {error}: {said}"),
    };
    Scan { code, report, said }
}

impl Scan {
    /// Messages of the findings of a file, each with its rule and level.
    pub(super) fn of(&self, path: &str) -> Vec<String> {
        let findings = self.report["findings"].as_array().expect("findings");
        let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        let own = findings.iter().filter(|finding| finding["path"] == path);
        own.map(|finding| {
            format!("{} [{}]: {}", text(finding, "level"), text(finding, "rule"), text(finding, "message"))
        })
        .collect()
    }

    /// A file that could not be checked blocks, and the finding says so in these words.
    #[track_caller]
    pub(super) fn refuses(&self, path: &str, words: &str) -> &Self {
        let told = self.of(path);
        let denied = told.iter().find(|finding| finding.starts_with("deny [un") && finding.contains(words));
        assert!(denied.is_some(), "{path}: {words:?} is not said: {told:?}\n{}", self.said);
        assert!(matches!(self.code, Some(1 | 2)), "{:?}", self.code);
        let remedies = self.report["findings"].as_array().expect("findings").iter();
        assert!(remedies.filter(|finding| finding["path"] == path).all(|finding| finding["remedy"] != ""));
        self
    }

    /// A model was read.
    #[track_caller]
    pub(super) fn reads(&self, path: &str) -> &Self {
        let models = self.report["models"].as_array().expect("models");
        assert!(models.iter().any(|model| model["path"] == path), "{path} is not read: {:?}", self.of(path));
        self
    }
}
