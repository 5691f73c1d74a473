// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Another program on the same folders: modelDNA 0.1.0 (PyPI `modeldna`), run as its command line is.
//!
//! In: a Python that has it, and two folders. Out: its verdict and probability. It runs offline and with a home of its
//! own, so that nothing of an earlier run is seen.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Serialize;
use serde_json::Value;

use crate::error::Error;

/// Runs modelDNA.
#[derive(Clone, Debug)]
pub struct ModelDna {
    python: PathBuf,
    home: PathBuf,
}

/// What modelDNA says of a pair.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// Its verdict; `ERROR` where it stopped.
    pub verdict: String,
    /// Its probability of descent.
    pub probability: Option<f64>,
}

impl Verdict {
    /// Whether the verdict is one of descent. `SAME_FAMILY_UNRESOLVED` is its abstention.
    pub fn is_descent(&self) -> bool {
        ["EXACT_COPY", "QUANTIZED_COPY", "FINE_TUNE", "SAME_LINEAGE", "LIKELY_MERGE"].contains(&self.verdict.as_str())
    }
}

impl ModelDna {
    /// Uses the modelDNA that `python` imports; `home` is an empty folder it may write to.
    pub fn new(python: &Path, home: &Path) -> Result<Self, Error> {
        let found = Self { python: python.to_owned(), home: home.to_owned() };
        let output = found.run(&["--version"])?;
        if output.1.contains("0.1.0") {
            return Ok(found);
        }
        let reason = format!("modelDNA 0.1.0 was not found: {}", output.1.trim());
        Err(Error::Program { program: python.display().to_string(), reason })
    }

    /// Asks whether the model in `suspect` descends from the one in `candidate`.
    pub fn compare(&self, suspect: &Path, candidate: &Path) -> Result<Verdict, Error> {
        let paths = [suspect, candidate].map(|path| path.display().to_string());
        let (_, output) = self.run(&["compare", &paths[0], &paths[1], "--json"])?;
        Ok(parse(&output))
    }

    /// Exit code and output.
    fn run(&self, arguments: &[&str]) -> Result<(Option<i32>, String), Error> {
        let output = Command::new(&self.python)
            .args(["-c", "from modeldna.cli import app; app()"])
            .args(arguments)
            .env("HOME", &self.home)
            .env("XDG_CACHE_HOME", &self.home)
            .env("HF_HUB_OFFLINE", "1")
            .env("COLUMNS", "10000")
            .output()
            .map_err(|error| Error::Program {
                program: self.python.display().to_string(),
                reason: error.to_string(),
            })?;
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        if text.trim().is_empty() {
            text = String::from_utf8_lossy(&output.stderr).into_owned();
        }
        Ok((output.status.code(), text))
    }
}

fn parse(output: &str) -> Verdict {
    let json: Value = serde_json::from_str(output).unwrap_or_default();
    let said = json.pointer("/verdict/verdict").and_then(Value::as_str);
    Verdict {
        verdict: said.unwrap_or("ERROR").to_owned(),
        probability: json.pointer("/verdict/probability").and_then(Value::as_f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_read_and_an_error_is_one() {
        let said = parse(r#"{"verdict": {"verdict": "SAME_LINEAGE", "probability": 0.98}}"#);
        assert_eq!(said, Verdict { verdict: "SAME_LINEAGE".into(), probability: Some(0.98) });
        assert!(said.is_descent());
        assert_eq!(parse("Traceback").verdict, "ERROR");
        assert!(!parse(r#"{"verdict": {"verdict": "SAME_FAMILY_UNRESOLVED"}}"#).is_descent());
    }
}
