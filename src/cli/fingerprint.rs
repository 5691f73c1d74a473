// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear fingerprint`: a checkpoint's fingerprint, as a file.
//!
//! In: checkpoint files, folders of shards, or adapters. Out: what they are, and a fingerprint file if asked.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, ValueEnum};
use forebear::fingerprint::{Detail, Fingerprint};
use forebear::reports::{self, FingerprintReport, SCHEMA_VERSION, bytes, harmless, plural};

use super::arguments::Globals;
use super::load;
use super::online;
use super::output::{Output, write_file};
use super::run::Outcome;

/// Fingerprint a checkpoint
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Checkpoint files, folders of shards, or adapters
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Write the fingerprint to this file, or to this folder if there are several
    #[arg(short = 'o', long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,
    /// How much the file keeps
    #[arg(long, value_enum, default_value_t, requires = "save")]
    pub(crate) detail: Keep,
    /// Base checkpoint that the adapters change: each is merged with it on the fly
    #[arg(long, value_name = "CHECKPOINT")]
    pub(crate) merge_into: Option<PathBuf>,
}

/// How much a fingerprint file keeps of the layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Keep {
    /// At most 1 MiB of sketches
    Lite,
    /// At most 4 MiB: what a registry keeps of a base
    Base,
    /// Everything: what a suspect is searched with
    #[default]
    Full,
}

impl From<Keep> for Detail {
    fn from(keep: Keep) -> Self {
        match keep {
            Keep::Lite => Self::Lite,
            Keep::Base => Self::Base,
            Keep::Full => Self::Full,
        }
    }
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, globals: &Globals) -> anyhow::Result<Outcome> {
    let as_json = globals.json()?;
    let mut out = Output::open(globals)?;
    for path in &arguments.paths {
        let started = Instant::now();
        let print = match &arguments.merge_into {
            Some(base) => load::merged_path(path, base, globals)?,
            None => load::fingerprint_path(path, globals)?,
        };
        let file = arguments.save.as_ref().map(|save| target(save, path, arguments.paths.len()));
        if let Some(file) = &file {
            write_file(file, &print.reduced(arguments.detail.into()).to_bytes()?)?;
        }
        let report = FingerprintReport {
            schema_version: SCHEMA_VERSION,
            path: online::url(path).map_or_else(|| path.display().to_string(), |_| print.name.clone()),
            sha256: print.model_id().trim_start_matches("sha256:").to_owned(),
            tensors: print.tensor_count,
            parameters: print.parameters,
            architecture: print.architecture().to_owned(),
            bytes_read: print.bytes_read,
            seconds: started.elapsed().as_secs_f64(),
            file: file.map(|file| file.display().to_string()),
        };
        if as_json {
            reports::json(&report, &mut out)?;
        } else {
            human(&report, &print, &mut out)?;
        }
    }
    out.finish()?;
    Ok(Outcome::Pass)
}

/// Several fingerprints go into a folder, each under the name of its checkpoint.
fn target(save: &Path, path: &Path, count: usize) -> PathBuf {
    if count == 1 && !save.is_dir() {
        return save.to_owned();
    }
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    save.join(format!("{name}.fingerprint.safetensors"))
}

fn human(report: &FingerprintReport, print: &Fingerprint, out: &mut Output) -> anyhow::Result<()> {
    let evidence = print.matrices.iter().filter(|matrix| matrix.is_evidence()).count();
    writeln!(out, "{}", harmless(&report.path))?;
    writeln!(out, "  sha256        {}", report.sha256)?;
    writeln!(out, "  format        {}, {}", print.format, harmless(&report.architecture))?;
    writeln!(out, "  tensors       {}", plural(report.tensors, "tensor", "tensors"))?;
    writeln!(out, "  parameters    {}", plural(report.parameters, "parameter", "parameters"))?;
    writeln!(
        out,
        "  comparable    {}, {} of them evidence of lineage",
        plural(print.matrices.len() as u64, "matrix", "matrices"),
        evidence
    )?;
    writeln!(out, "  read          {} in {:.1} s", bytes(report.bytes_read), report.seconds)?;
    if let Some(file) = &report.file {
        writeln!(out, "  written to    {file}")?;
    }
    Ok(())
}
