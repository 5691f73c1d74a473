// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The machine that runs a workflow: what it tells a step, and where a step answers.
//!
//! In: the variables that GitHub documents. Out: the event, and lines in the files that the runner reads.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use super::event::Event;

/// Largest payload that is read; GitHub's own limit for a webhook is 25 MB.
const LARGEST: u64 = 32 << 20;

/// What the runner told this step.
pub(crate) struct Runner {
    pub(crate) event: Event,
    /// Folder in which the reports are left.
    pub(crate) folder: PathBuf,
}

impl Runner {
    /// Reads the environment.
    pub(crate) fn here() -> anyhow::Result<Self> {
        let path = PathBuf::from(variable("GITHUB_EVENT_PATH")?);
        let shown = path.display();
        let size = fs::metadata(&path).with_context(|| format!("failed to read {shown}"))?.len();
        ensure!(size <= LARGEST, "failed to read {shown}: longer than {LARGEST} bytes");
        let text = fs::read(&path).with_context(|| format!("failed to read {shown}"))?;
        Ok(Self {
            event: Event {
                name: variable("GITHUB_EVENT_NAME")?,
                reference: variable("GITHUB_REF")?,
                commit: variable("GITHUB_SHA")?,
                payload: serde_json::from_slice(&text).with_context(|| format!("{shown} is no JSON"))?,
            },
            folder: Path::new(&variable("RUNNER_TEMP")?).join("forebear"),
        })
    }
}

/// Where the runner reads answers from; they exist also where the event cannot be read.
pub(crate) struct Answers;

impl Answers {
    /// Sets outputs of the step. Names and values are ours: words, digests, and paths of the runner.
    pub(crate) fn output(pairs: &[(&str, String)]) -> anyhow::Result<()> {
        let mut text = String::new();
        for (name, value) in pairs {
            ensure!(!value.contains(['\r', '\n']), "the output {name} has more than one line");
            text.push_str(&format!("{name}={value}\n"));
        }
        append("GITHUB_OUTPUT", text.as_bytes())
    }

    /// Adds Markdown to the summary of the job.
    pub(crate) fn summary(markdown: &[u8]) -> anyhow::Result<()> {
        append("GITHUB_STEP_SUMMARY", markdown)
    }
}

/// A file that is not named is no error: older and self-hosted runners may have no summary.
fn append(name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let Some(path) = env::var_os(name).filter(|path| !path.is_empty()) else { return Ok(()) };
    let mut file = OpenOptions::new().append(true).create(true).open(&path);
    let written = file.as_mut().map_err(|error| std::io::Error::new(error.kind(), error.to_string()));
    written.and_then(|file| file.write_all(bytes)).with_context(|| format!("failed to write what {name} names"))
}

fn variable(name: &str) -> anyhow::Result<String> {
    let value = env::var(name).ok().filter(|value| !value.is_empty());
    value.with_context(|| {
        format!("{name} is not set: this command runs in a GitHub workflow; `forebear check` elsewhere")
    })
}
