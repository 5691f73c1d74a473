// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The program: parse, call, exit.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it prints tables")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use clap::{Args, Parser, Subcommand};
use lineage_bench::launder::launder;
use lineage_bench::synthetic::{self, KINDS, Kind};
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
    /// Table of pairs, before the command if there is one: label, kind, id, id
    #[arg(long = "pairs", value_name = "FILE", default_value = "docs/pairs.tsv")]
    table: PathBuf,
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
    /// Draw pairs that share no weight, of kinds that might look alike, and ask whether p-values are what they say
    ///
    /// Exits with 1 if a pair is said to descend, or if p-values are smaller than they should be.
    Synthetic {
        /// Pairs of each kind
        #[arg(long, default_value_t = 100)]
        pairs: usize,
        /// A kind, or all of them
        #[arg(long, default_value = "all")]
        kind: String,
    },
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
        Some(Command::Calibrate) => calibration(cli),
        Some(Command::Synthetic { pairs, kind }) => synthetic(&cli.shared, *pairs, kind),
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
        pairs: tables(cli)?,
        seed: cli.shared.seed,
    };
    println!("{}", report::header());
    let rows = bench::run(&zoo(&cli.shared)?, &options, &mut |row| println!("{}", report::row(row)))?;
    let summaries = bench::summaries(&rows);
    println!("\n{}", report::summary(&summaries));
    println!("\n{} rows in {:.0} s", rows.len(), start.elapsed().as_secs_f64());
    save(&cli.shared, &(summaries, rows))
}

fn calibration(cli: &Cli) -> anyhow::Result<()> {
    let shared = &cli.shared;
    let start = Instant::now();
    let zoo = zoo(shared)?;
    let nulls = calibrate::nulls(&zoo, shared.seed, tables(cli)?.as_ref())?;
    println!("{}", calibrate::markdown(&nulls));
    let power = power::power(&zoo, shared.seed)?;
    println!("\n{}", power::markdown(&power));
    println!("\n{:.0} s", start.elapsed().as_secs_f64());
    save(shared, &(nulls, power))
}

fn synthetic(shared: &Shared, pairs: usize, kind: &str) -> anyhow::Result<()> {
    let start = Instant::now();
    let kinds: Vec<&Kind> = KINDS.iter().filter(|known| kind == "all" || known.name == kind).collect();
    let names = KINDS.map(|kind| kind.name).join(", ");
    ensure!(!kinds.is_empty(), "--kind {kind}: there is no such kind; there are all, {names}");
    let mut outcomes = Vec::new();
    for kind in kinds {
        let before = Instant::now();
        outcomes.push(synthetic::run(kind, pairs, shared.seed)?);
        eprintln!("{}: {:.0} s", kind.name, before.elapsed().as_secs_f64());
    }
    println!("{}", synthetic::markdown(&outcomes));
    eprintln!("{:.0} s", start.elapsed().as_secs_f64());
    save(shared, &outcomes)?;
    let complaints = synthetic::complaints(&outcomes);
    if !complaints.is_empty() {
        bail!("{}", complaints.join("\n"));
    }
    println!("\nno pair is said to descend, and no p-value is smaller than it should be");
    Ok(())
}

fn zoo(shared: &Shared) -> anyhow::Result<Zoo> {
    ensure!(!shared.zoo.is_empty(), "--zoo DIR is needed: a folder of models of known ancestry");
    for folder in &shared.zoo {
        ensure!(folder.is_dir(), "--zoo {}: there is no such folder", folder.display());
    }
    Ok(Zoo::read(&shared.zoo)?)
}

/// The table of pairs and the folder of its checkpoints, if a folder is given.
fn tables(cli: &Cli) -> anyhow::Result<Option<(PathBuf, PathBuf)>> {
    let Some(weights) = &cli.shared.weights else { return Ok(None) };
    ensure!(weights.is_dir(), "--weights {}: there is no such folder", weights.display());
    ensure!(cli.table.is_file(), "--pairs {}: there is no such file", cli.table.display());
    Ok(Some((cli.table.clone(), weights.clone())))
}

fn save(shared: &Shared, numbers: &impl Serialize) -> anyhow::Result<()> {
    if let Some(path) = &shared.json {
        std::fs::write(path, serde_json::to_vec_pretty(numbers)?).with_context(|| path.display().to_string())?;
    }
    Ok(())
}
