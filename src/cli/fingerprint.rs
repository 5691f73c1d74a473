// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear fingerprint`: a checkpoint's fingerprint, as a file.
//!
//! In: checkpoint files, folders of shards, or adapters. Out: what they are, and a fingerprint file if asked; or one part of
//! that file, for several machines to make together, and the file that the parts make.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, ValueEnum};
use forebear::fingerprint::{Detail, Fingerprint, MOST_PARTS, PartOf};
use forebear::reports::{self, FingerprintReport, SCHEMA_VERSION, bytes, harmless, plural};
use serde::Serialize;

use super::arguments::Globals;
use super::load;
use super::online;
use super::output::{Output, write_file};
use super::run::Outcome;

/// Fingerprint a checkpoint
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Checkpoint files, folders of shards, or adapters; with --merge-parts, parts
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
    /// Do one part of the work, such as 2/5, and write it to the file: --merge-parts makes the fingerprint
    #[arg(long, value_name = "I/N", value_parser = part, requires = "save", conflicts_with_all = ["detail", "merge_into"])]
    pub(crate) part: Option<PartOf>,
    /// The paths are all parts of one fingerprint: write what they make to the file
    #[arg(long, requires = "save", conflicts_with_all = ["part", "merge_into"])]
    pub(crate) merge_parts: bool,
}

/// What `fingerprint --part` says.
#[derive(Serialize)]
struct PartReport {
    /// Version of this format.
    schema_version: u32,
    /// Path of the checkpoint.
    path: String,
    /// Which part.
    part: u32,
    /// Of how many.
    parts: u32,
    /// Files that were hashed.
    files: u64,
    /// Matrices that were measured.
    matrices: u64,
    /// Layers that were sketched.
    layers: u64,
    /// Bytes read in the pass.
    bytes_read: u64,
    /// Wall-clock seconds.
    seconds: f64,
    /// Where the part was written.
    file: String,
}

/// Reads `2/5`.
fn part(text: &str) -> Result<PartOf, String> {
    let numbers = text.split_once('/').and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
    numbers
        .and_then(|(number, of)| PartOf::new(number, of))
        .ok_or_else(|| format!("which part of how many (1 to {MOST_PARTS}), such as 2/5"))
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
    if let Some(part) = arguments.part {
        return run_part(arguments, part, globals);
    }
    if arguments.merge_parts {
        return run_merge(arguments, globals);
    }
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
        let given = online::url(path).map_or_else(|| path.display().to_string(), |_| print.name.clone());
        told(&print, given, started, file.as_deref(), as_json, &mut out)?;
    }
    out.finish()?;
    Ok(Outcome::Pass)
}

/// Does one part of the work.
fn run_part(arguments: &Arguments, part: PartOf, globals: &Globals) -> anyhow::Result<Outcome> {
    let as_json = globals.json()?;
    let [path] = arguments.paths.as_slice() else { anyhow::bail!("--part takes one checkpoint") };
    let Some(file) = &arguments.save else { anyhow::bail!("--part needs --save") };
    let mut out = Output::open(globals)?;
    let started = Instant::now();
    let made = load::part_of(path, part, globals)?;
    write_file(file, &made.to_bytes()?)?;
    let found = made.found();
    let report = PartReport {
        schema_version: SCHEMA_VERSION,
        path: found.name.clone(),
        part: made.number(),
        parts: made.of(),
        files: found.sources.len() as u64,
        matrices: found.matrices.len() as u64,
        layers: found.sketches.iter().map(|sketch| sketch.layers.len() as u64).sum(),
        bytes_read: made.bytes_read(),
        seconds: started.elapsed().as_secs_f64(),
        file: file.display().to_string(),
    };
    if as_json {
        reports::json(&report, &mut out)?;
    } else {
        writeln!(out, "{}, part {} of {}", harmless(&report.path), report.part, report.parts)?;
        writeln!(out, "  hashed        {}", plural(report.files, "file", "files"))?;
        writeln!(out, "  measured      {}", plural(report.matrices, "matrix", "matrices"))?;
        writeln!(out, "  sketched      {}", plural(report.layers, "layer", "layers"))?;
        writeln!(out, "  read          {} in {:.1} s", bytes(report.bytes_read), report.seconds)?;
        writeln!(out, "  written to    {}", report.file)?;
    }
    out.finish()?;
    Ok(Outcome::Pass)
}

/// Merges parts.
fn run_merge(arguments: &Arguments, globals: &Globals) -> anyhow::Result<Outcome> {
    let as_json = globals.json()?;
    let Some(file) = &arguments.save else { anyhow::bail!("--merge-parts needs --save") };
    let mut out = Output::open(globals)?;
    let started = Instant::now();
    let print = load::merged_parts(&arguments.paths)?;
    write_file(file, &print.reduced(arguments.detail.into()).to_bytes()?)?;
    told(&print, print.name.clone(), started, Some(file), as_json, &mut out)?;
    out.finish()?;
    Ok(Outcome::Pass)
}

/// Says what a fingerprint is of.
fn told(
    print: &Fingerprint,
    path: String,
    started: Instant,
    file: Option<&Path>,
    as_json: bool,
    out: &mut Output,
) -> anyhow::Result<()> {
    let report = FingerprintReport {
        schema_version: SCHEMA_VERSION,
        path,
        sha256: print.model_id().trim_start_matches("sha256:").to_owned(),
        tensors: print.tensor_count,
        parameters: print.parameters,
        architecture: print.architecture().to_owned(),
        bytes_read: print.bytes_read,
        seconds: started.elapsed().as_secs_f64(),
        file: file.map(|file| file.display().to_string()),
    };
    if as_json { Ok(reports::json(&report, out)?) } else { human(&report, print, out) }
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
