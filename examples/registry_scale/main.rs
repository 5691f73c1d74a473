// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Prints the tables in `docs/scale.md`: what it takes to identify a model among many bases, and what the index loses.
//!
//! ```text
//! cargo run --release --example registry_scale -- [--most N] [--decoys N] [FOLDER…]
//! ```
//! A FOLDER holds one folder a model. Those whose names have no `+` are bases; all are suspects, so that disguised copies
//! can stand beside what they were made from (`bench-lineage launder`). Without a folder the models bundled with
//! forebear are taken. `--most` is the largest registry (100000), `--decoys` how many bases nobody trained the others
//! are looked for among (10000).

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "tables are printed")]

mod decoys;
mod recall;
mod timing;

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use forebear::changes;
use forebear::evidence::candidates::{Candidates, Record};
use forebear::fingerprint::{Detail, Fingerprint, Progress, collect};
use rayon::prelude::*;

use decoys::{Extent, Pool};
use recall::Named;
use timing::Place;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<bool> {
    let mut arguments = std::env::args().skip(1);
    let (mut most, mut decoys, mut folders) = (100_000, 10_000, Vec::new());
    while let Some(argument) = arguments.next() {
        let mut number = || -> Result<usize> { Ok(arguments.next().ok_or("a number is missing")?.parse()?) };
        match argument.as_str() {
            "--most" => most = number()?,
            "--decoys" => decoys = number()?,
            "--one" => {
                let count = number()?;
                timing::measure(count, &Place(arguments.next().ok_or("a folder is missing")?.into()))?;
                return Ok(true);
            }
            folder => folders.push(PathBuf::from(folder)),
        }
    }
    if folders.is_empty() {
        println!("No folder of trained families was given: the models bundled with forebear are taken.\n");
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        folders = vec![root.join("data/demo"), root.join("tests/fixtures/zoo")];
    }
    let models = models(&folders)?;
    let bases: Vec<Named> = models
        .iter()
        .filter(|(name, _)| !name.contains('+'))
        .map(|(name, print)| (name.clone(), print.reduced(Detail::Base)))
        .collect();
    println!("{} models, of which {} are bases.\n", models.len(), bases.len());
    let pool = Pool::of(bases.iter().map(|(_, print)| print.clone()).collect());
    times(&models, &bases, &pool, most)?;
    let records: Vec<Arc<Record>> = (1_000_000..1_000_000 + decoys as u64)
        .into_par_iter()
        .map(|number| Arc::new(Record::of(&pool.decoy(number, Extent::ForRecord))))
        .collect();
    Ok(recall::print(&models, &bases, &records))
}

/// Prints the table of times.
fn times(models: &[Named], bases: &[Named], pool: &Pool, most: usize) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let place = Place(folder.path().to_owned());
    fs::create_dir(place.bases())?;
    for (name, print) in bases {
        let print = Fingerprint { name: name.clone(), ..print.clone() };
        fs::write(place.bases().join(name), print.to_bytes()?)?;
    }
    let suspect = models.iter().find(|(name, _)| name.ends_with("-sft")).or(models.first()).ok_or("no model")?;
    fs::write(place.suspect(), suspect.1.to_bytes()?)?;
    let real = Place::prints(&place.bases())?;
    println!("The suspect is {}.\n", suspect.0);
    timing::heading();
    let (mut made, mut before) = (Vec::new(), 0);
    for count in [10, 1_000, 10_000, 100_000].into_iter().filter(|count| *count <= most) {
        let registry = timing::registry(count, real.get(..10).unwrap_or(&real), pool, Extent::ForRecord);
        let started = Instant::now();
        if count > 64 {
            Candidates::open(registry.iter().collect(), Some(&place.index()))?;
            made.push(format!("{} records in {:.0} s", count - before, started.elapsed().as_secs_f64()));
            before = count;
        }
        drop(registry);
        timing::line(count, &place)?;
    }
    println!("\nMade before, with the decoys they are of: {}.\n", made.join(", "));
    Ok(())
}

/// The models of folders, by name.
fn models(folders: &[PathBuf]) -> Result<Vec<Named>> {
    let mut paths: BTreeMap<String, PathBuf> = BTreeMap::new();
    for folder in folders {
        for entry in fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))? {
            let path = entry?.path();
            if path.join("config.json").is_file() {
                paths.insert(path.file_name().unwrap_or_default().to_string_lossy().into_owned(), path);
            }
        }
    }
    let mut models = Vec::new();
    for (name, path) in paths {
        let published = changes::folder(&path)?;
        let files = published.snapshots.first().map(|snapshot| snapshot.files.as_slice()).unwrap_or_default();
        let model = collect(files, None, &Progress::default()).models.pop();
        let print = model.ok_or_else(|| format!("{}: no model", path.display()))?.fingerprint;
        models.push((name.clone(), Fingerprint { name, ..print }));
    }
    if models.is_empty() { Err("no model in these folders".into()) } else { Ok(models) }
}
