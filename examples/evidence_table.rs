// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Prints what forebear says of pairs of models: the tables in `docs/evidence.md`.
//!
//! ```text
//! evidence_table BASE SUSPECT…        each suspect against one base
//! evidence_table --all MODEL…         every ordered pair
//! evidence_table --pairs FILE FOLDER  the pairs of a table (label, kind, id, id, …) of models in FOLDER/ID/
//! ```
//! A model is a file or a folder with one checkpoint.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a table is printed")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use forebear::changes;
use forebear::evidence::{Comparison, compare};
use forebear::fingerprint::{Fingerprint, Progress, collect};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((flag, models)) if flag == "--all" => all(models),
        Some((flag, rest)) if flag == "--pairs" && rest.len() == 2 => pairs(Path::new(&rest[0]), Path::new(&rest[1])),
        Some((base, suspects)) if !suspects.is_empty() => one_base(base, suspects),
        _ => {
            eprintln!("usage: evidence_table BASE SUSPECT… | --all MODEL… | --pairs FILE FOLDER");
            ExitCode::FAILURE
        }
    }
}

/// The only checkpoint at a path.
fn load(path: &Path) -> Result<Fingerprint, String> {
    let published = changes::folder(path).map_err(|error| error.to_string())?;
    let files = published.snapshots.first().map(|snapshot| snapshot.files.as_slice()).unwrap_or_default();
    let mut found = collect(files, None, &Progress::default());
    match (found.models.pop(), found.unread.pop(), found.unverifiable.pop()) {
        (Some(model), ..) => Ok(model.fingerprint),
        (_, Some(unread), _) => Err(format!("unverifiable: {}", unread.error)),
        (_, _, Some(file)) => Err(format!("unverifiable: {} ({})", file.what, file.reason)),
        _ => Err("no checkpoint found".into()),
    }
}

fn header() {
    println!(
        "| base | suspect | relation | log10 p | effect | exact | aligned | needle in place | needle search | attention needles | gram | circuit | σ r |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
}

fn row(comparison: &Comparison, base: &str, suspect: &str) {
    let cell = |name: &str| {
        comparison
            .mechanisms
            .iter()
            .find(|m| m.mechanism == name)
            .map_or("–".to_owned(), |m| format!("{:.1}, {:.3}", m.log10_p.unwrap_or(0.0), m.effect))
    };
    println!(
        "| {base} | {suspect} | {}{} | {} | {:.3} | {} | {} | {} | {} | {} | {} | {} | {} |",
        comparison.relation.name(),
        if comparison.parts.is_empty() { String::new() } else { format!(" ({})", comparison.parts.join("; ")) },
        comparison.log10_p.map_or("–".into(), |p| format!("{p:.1}")),
        comparison.effect,
        cell("exact-hash"),
        cell("aligned-samples"),
        cell("needle-identity"),
        cell("needle-search"),
        cell("needle-attention"),
        cell("gram"),
        cell("circuit"),
        comparison.context.sigma_profile.as_ref().map_or("–".into(), |sigma| format!("{:.3}", sigma.r)),
    );
}

fn name(path: &str) -> String {
    Path::new(path).file_name().map_or_else(|| path.to_owned(), |name| name.to_string_lossy().into_owned())
}

fn one_base(base: &str, suspects: &[String]) -> ExitCode {
    header();
    let print = match load(Path::new(base)) {
        Ok(print) => print,
        Err(error) => {
            eprintln!("{base}: {error}");
            return ExitCode::FAILURE;
        }
    };
    for suspect in suspects {
        match load(Path::new(suspect)) {
            Ok(other) => row(&compare(&other, &print, 1), &name(base), &name(suspect)),
            Err(error) => println!("| {} | {} | {error} | | | | | | |", name(base), name(suspect)),
        }
    }
    ExitCode::SUCCESS
}

fn all(models: &[String]) -> ExitCode {
    header();
    let prints: Vec<(String, Result<Fingerprint, String>)> =
        models.iter().map(|path| (name(path), load(Path::new(path)))).collect();
    let mut summary = Summary::default();
    for (base, print) in &prints {
        for (suspect, other) in prints.iter().filter(|(suspect, _)| suspect != base) {
            match (print, other) {
                (Ok(print), Ok(other)) => {
                    let comparison = compare(other, print, 1);
                    row(&comparison, base, suspect);
                    summary.add(&comparison);
                }
                (Err(error), _) | (_, Err(error)) => println!("| {base} | {suspect} | {error} | | | | | | |"),
            }
        }
    }
    summary.print();
    ExitCode::SUCCESS
}

/// What a table of pairs amounts to.
#[derive(Default)]
struct Summary {
    relations: BTreeMap<&'static str, usize>,
    smallest: f64,
    /// By mechanism: pairs in which it had something to compare, and its largest effect.
    mechanisms: BTreeMap<String, (usize, f64)>,
}

impl Summary {
    fn add(&mut self, comparison: &Comparison) {
        *self.relations.entry(comparison.relation.name()).or_default() += 1;
        self.smallest = self.smallest.min(comparison.log10_p.unwrap_or(0.0));
        for evidence in &comparison.mechanisms {
            let (pairs, effect) = self.mechanisms.entry(evidence.mechanism.clone()).or_default();
            *pairs += 1;
            *effect = effect.max(evidence.effect);
        }
    }

    fn print(&self) {
        let relations: Vec<String> = self.relations.iter().map(|(name, count)| format!("{count} {name}")).collect();
        println!("\n{} ordered pairs: {}", self.relations.values().sum::<usize>(), relations.join(", "));
        println!("smallest log10 p, corrected: {:.1}", self.smallest);
        for (mechanism, (pairs, effect)) in &self.mechanisms {
            println!("{mechanism}: run on {pairs} pairs, largest effect {effect:.3}");
        }
    }
}

fn pairs(table: &Path, folder: &Path) -> ExitCode {
    let Ok(text) = std::fs::read_to_string(table) else {
        eprintln!("{} cannot be read", table.display());
        return ExitCode::FAILURE;
    };
    header();
    let mut prints: BTreeMap<String, Result<Fingerprint, String>> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [label, _, a, b, ..] = fields[..] else { continue };
        for id in [a, b] {
            let path: PathBuf = folder.join(id);
            prints.entry(id.to_owned()).or_insert_with(|| load(&path));
        }
        // The first of a pair is the base where one descends from the other.
        match (&prints[a], &prints[b]) {
            (Ok(base), Ok(suspect)) => row(&compare(suspect, base, 1), &format!("{label} {a}"), b),
            (Err(error), _) | (_, Err(error)) => println!("| {label} {a} | {b} | {error} | | | | | | |"),
        }
    }
    ExitCode::SUCCESS
}
