// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Prints what the Gram test alone says of each suspect against one base, with the time it takes.
//!
//! ```text
//! gram_table BASE SUSPECT…
//! ```
//! A model is a file or a folder with one checkpoint.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a table is printed")]

use std::f64::consts::LN_10;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use forebear::changes;
use forebear::evidence::gram;
use forebear::fingerprint::{Progress, Sketch, collect};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((base, suspects)) = arguments.split_first() else {
        eprintln!("usage: gram_table BASE SUSPECT…");
        return ExitCode::FAILURE;
    };
    let (bases, seconds) = match load(base) {
        Ok(loaded) => loaded,
        Err(error) => {
            eprintln!("{base}: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!("base {base}, read in {seconds:.1} s\n");
    println!("| suspect | stack | log10 p | r | agree | largest z | rms z | tests | read s | ms a test |");
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for suspect in suspects {
        match load(suspect) {
            Ok((sketches, seconds)) => {
                for (base, suspected) in bases.iter().flat_map(|base| sketches.iter().map(move |s| (base, s))) {
                    row(suspect, base, suspected, seconds);
                }
            }
            Err(error) => println!("| {suspect} | {error} | | | | | | | | |"),
        }
    }
    ExitCode::SUCCESS
}

fn row(name: &str, base: &Sketch, suspect: &Sketch, seconds: f64) {
    let name = Path::new(name).file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let stacks = format!("{} → {}", base.stack, suspect.stack);
    let start = Instant::now();
    let Some(test) = gram(suspect, base) else {
        println!("| {name} | {stacks} | not comparable | | | | | | | |");
        return;
    };
    let largest = test.cells.iter().map(|cell| cell.z).fold(f64::NEG_INFINITY, f64::max);
    println!(
        "| {name} | {stacks} | {:.1} | {:.3} | {:.2} | {largest:.1} | {:.2} | {} | {seconds:.2} | {:.2} |",
        test.ln_p / LN_10,
        test.effect,
        test.agree,
        test.rms_z,
        test.tests,
        start.elapsed().as_secs_f64() * 1000.0 / test.tests as f64
    );
}

/// Sketches of the only checkpoint at a path, and the seconds that took.
fn load(path: &str) -> Result<(Vec<Sketch>, f64), String> {
    let start = Instant::now();
    let published = changes::folder(Path::new(path)).map_err(|error| error.to_string())?;
    let files = published.snapshots.first().map(|snapshot| snapshot.files.as_slice()).unwrap_or_default();
    let mut found = collect(files, None, &Progress::default());
    let model = found.models.pop().ok_or("no checkpoint that can be read")?;
    Ok((model.fingerprint.sketches, start.elapsed().as_secs_f64()))
}
