// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Prints the circuit test of pairs of models: the attention tables in `docs/evidence.md`.
//!
//! ```text
//! circuit_table BASE SUSPECT…           each suspect against one base
//! circuit_table --all MODEL…            every ordered pair
//! circuit_table --forced MODEL…         every ordered pair, heads of different sizes compared as if they were of one
//! circuit_table --within PARTS MODEL…   layers of one model, dealt to so many parts, against one another
//! ```
//! A model is a file or a folder with one checkpoint. The last form is a null, and so is the one before it.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a table is printed")]

use std::f64::consts::LN_10;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use forebear::changes;
use forebear::evidence::circuit;
use forebear::fingerprint::{Progress, Sketch, collect, splitmix64};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["--all", models @ ..] => all(models, false),
        ["--forced", models @ ..] => all(models, true),
        ["--within", parts, models @ ..] => match parts.parse() {
            Ok(parts) => within(models, parts),
            Err(_) => usage(),
        },
        [base, suspects @ ..] if !suspects.is_empty() => one_base(base, suspects),
        _ => usage(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> Result<(), String> {
    Err("usage: circuit_table BASE SUSPECT… | --all MODEL… | --forced MODEL… | --within PARTS MODEL…".into())
}

/// The first stack with circuits at a path.
fn load(path: &str) -> Result<Sketch, String> {
    let published = changes::folder(Path::new(path)).map_err(|error| error.to_string())?;
    let files = published.snapshots.first().map(|snapshot| snapshot.files.as_slice()).unwrap_or_default();
    let model = collect(files, None, &Progress::default()).models.pop().ok_or(format!("{path}: no checkpoint"))?;
    let found =
        model.fingerprint.sketches.into_iter().find(|s| s.layers.iter().any(|layer| !layer.circuits.is_empty()));
    found.ok_or(format!("{path}: no rotary attention"))
}

fn name(path: &str) -> &str {
    Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or(path)
}

fn header() {
    println!("| base | suspect | log10 p | T | κ | T/K | r_w | hits | layers | o | signs log10 p | seconds |");
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
}

fn row(base: &str, suspect: &str, ours: &Sketch, theirs: &Sketch) {
    let started = Instant::now();
    match circuit(theirs, ours) {
        Some(test) => println!(
            "| {base} | {suspect} | {:.1} | {:.1} | {:.2} | {:.2} | {:.3} | {:.2} | {} | {:.2} | {:.1} | {:.1} |",
            test.ln_p / LN_10,
            test.statistic,
            test.kappa,
            test.statistic / test.scale,
            test.effect,
            test.hit_share,
            test.hit_layers,
            test.alignment,
            test.ln_p_signs / LN_10,
            started.elapsed().as_secs_f64()
        ),
        None => println!("| {base} | {suspect} | not comparable | | | | | | | | | |"),
    }
}

fn one_base(base: &str, suspects: &[&str]) -> Result<(), String> {
    let ours = load(base)?;
    header();
    for suspect in suspects {
        row(name(base), name(suspect), &ours, &load(suspect)?);
    }
    Ok(())
}

fn all(models: &[&str], forced: bool) -> Result<(), String> {
    let mut sketches = Vec::new();
    for model in models {
        let mut sketch = load(model)?;
        if forced {
            for circuit in sketch.layers.iter_mut().flat_map(|layer| &mut layer.circuits) {
                circuit.rotary_pairs = 0;
            }
        }
        sketches.push((name(model), sketch));
    }
    header();
    for (base, ours) in &sketches {
        for (suspect, theirs) in &sketches {
            if base != suspect {
                row(base, suspect, ours, theirs);
            }
        }
    }
    Ok(())
}

fn within(models: &[&str], parts: u64) -> Result<(), String> {
    header();
    for model in models {
        let sketch = load(model)?;
        // A fixed shuffle, so that a part is not one end of the network.
        let part = |layer: u32| splitmix64(u64::from(layer)) % parts.max(1);
        let of = |wanted: u64| Sketch {
            layers: sketch.layers.iter().filter(|layer| part(layer.layer) == wanted).cloned().collect(),
            ..sketch.clone()
        };
        for ours in 0..parts {
            for theirs in (0..parts).filter(|theirs| *theirs != ours) {
                let label = |part| format!("{} {part}", name(model));
                row(&label(ours), &label(theirs), &of(ours), &of(theirs));
            }
        }
    }
    Ok(())
}
