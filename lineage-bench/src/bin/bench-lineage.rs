// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The program: parse, call, exit.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it prints tables")]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use lineage_bench::launder::launder;
use lineage_bench::transforms::TRANSFORMS;

/// Disguises models of known ancestry and measures what lineage tests say of them.
#[derive(Debug, Parser)]
#[command(name = "bench-lineage", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a disguised copy of a Hugging Face folder
    Launder {
        /// Folder with config.json and safetensors
        source: PathBuf,
        /// Folder to write
        target: PathBuf,
        /// One of those `transforms` lists
        #[arg(long, default_value = "laundered-all")]
        transform: String,
        /// What the random numbers depend on
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// The model it is merged with, for merges
        #[arg(long)]
        with: Option<PathBuf>,
    },
    /// List the transforms
    Transforms,
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-lineage: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Launder { source, target, transform, seed, with } => {
            launder(&source, &target, &transform, seed, with.as_deref())?;
        }
        Command::Transforms => TRANSFORMS.iter().for_each(|transform| println!("{}", transform.name)),
    }
    Ok(())
}
