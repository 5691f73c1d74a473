// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The program: parse, call, exit.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it prints tables")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, ensure};
use clap::{Args, Parser, Subcommand};
use lineage_bench::launder::launder;
use lineage_bench::transforms::TRANSFORMS;
use lineage_bench::zoo::Zoo;
use lineage_bench::{bench, calibrate, power, report};
use serde::Serialize;

/// Disguises models of known ancestry and measures what lineage tests say of them.
///
/// Without a command, runs the benchmark: every disguise of every base, every descendant, every model trained apart.
#[derive(Debug, Parser)]
#[command(name = "bench-lineage", version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    shared: Shared,
    /// Only rows with this in "BASE SUSPECT TRANSFORM"
    #[arg(long, value_name = "PATTERN")]
    only: Option<String>,
    /// A Python that has modeldna 0.1.0; it is asked about the same folders
    #[arg(long, value_name = "PYTHON")]
    modeldna: Option<PathBuf>,
}

#[derive(Args, Debug)]
struct Shared {
    /// Folder of models of known ancestry: one folder a model, each with a zoo.json; may be given more than once
    #[arg(long, value_name = "DIR", global = true)]
    zoo: Vec<PathBuf>,
    /// Folder of published checkpoints, one folder an id of the table of pairs
    #[arg(long, value_name = "DIR", global = true)]
    weights: Option<PathBuf>,
    /// Table of pairs: label, kind, id, id
    #[arg(long, value_name = "FILE", global = true, default_value = "docs/pairs.tsv")]
    pairs: PathBuf,
    /// Write every number to a JSON file too
    #[arg(long, value_name = "FILE", global = true)]
    json: Option<PathBuf>,
    /// What the random numbers of the transforms depend on
    #[arg(long, global = true, default_value_t = 1)]
    seed: u64,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure the null distributions and the power by strength
    Calibrate,
    /// Write a disguised copy of a Hugging Face folder
    Launder {
        /// Folder with config.json and safetensors
        source: PathBuf,
        /// Folder to write
        target: PathBuf,
        /// One of those `transforms` lists
        #[arg(long, default_value = "laundered-all")]
        transform: String,
        /// The model it is merged with, for merges
        #[arg(long)]
        with: Option<PathBuf>,
    },
    /// List the transforms
    Transforms,
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-lineage: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> anyhow::Result<()> {
    match &cli.command {
        None => benchmark(cli),
        Some(Command::Calibrate) => calibration(&cli.shared),
        Some(Command::Launder { source, target, transform, with }) => {
            Ok(launder(source, target, transform, cli.shared.seed, with.as_deref())?)
        }
        Some(Command::Transforms) => {
            for transform in TRANSFORMS {
                println!("{}", transform.name);
            }
            Ok(())
        }
    }
}

fn benchmark(cli: &Cli) -> anyhow::Result<()> {
    let start = Instant::now();
    let options = bench::Options {
        only: cli.only.clone(),
        modeldna: cli.modeldna.clone(),
        pairs: tables(&cli.shared)?,
        seed: cli.shared.seed,
    };
    println!("{}", report::header());
    let rows = bench::run(&zoo(&cli.shared)?, &options, &mut |row| println!("{}", report::row(row)))?;
    let summaries = bench::summaries(&rows);
    println!("\n{}", report::summary(&summaries));
    println!("\n{} rows in {:.0} s", rows.len(), start.elapsed().as_secs_f64());
    save(&cli.shared, &(summaries, rows))
}

fn calibration(shared: &Shared) -> anyhow::Result<()> {
    let start = Instant::now();
    let zoo = zoo(shared)?;
    let nulls = calibrate::nulls(&zoo, shared.seed, tables(shared)?.as_ref())?;
    println!("{}", calibrate::markdown(&nulls));
    let power = power::power(&zoo, shared.seed)?;
    println!("\n{}", power::markdown(&power));
    println!("\n{:.0} s", start.elapsed().as_secs_f64());
    save(shared, &(nulls, power))
}

fn zoo(shared: &Shared) -> anyhow::Result<Zoo> {
    ensure!(!shared.zoo.is_empty(), "--zoo DIR is needed: a folder of models of known ancestry");
    for folder in &shared.zoo {
        ensure!(folder.is_dir(), "--zoo {}: there is no such folder", folder.display());
    }
    Ok(Zoo::read(&shared.zoo)?)
}

/// The table of pairs and the folder of its checkpoints, if a folder is given.
fn tables(shared: &Shared) -> anyhow::Result<Option<(PathBuf, PathBuf)>> {
    let Some(weights) = &shared.weights else { return Ok(None) };
    ensure!(weights.is_dir(), "--weights {}: there is no such folder", weights.display());
    ensure!(shared.pairs.is_file(), "--pairs {}: there is no such file", shared.pairs.display());
    Ok(Some((shared.pairs.clone(), weights.clone())))
}

fn save(shared: &Shared, numbers: &impl Serialize) -> anyhow::Result<()> {
    if let Some(path) = &shared.json {
        std::fs::write(path, serde_json::to_vec_pretty(numbers)?).with_context(|| path.display().to_string())?;
    }
    Ok(())
}
