// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Prints what the needle search says of pairs of models.
//!
//! ```text
//! needle_table [--detail lite|base|full] BASE SUSPECT…
//! ```
//! A model is a folder with one checkpoint, or a fingerprint file. The base is reduced as asked (`base` if nothing is),
//! the suspects are compared in full.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a table is printed")]

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use forebear::changes;
use forebear::evidence::{NeedleEvidence, needle_search};
use forebear::fingerprint::{Detail, Fingerprint, Progress, collect};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (detail, models) = match arguments.as_slice() {
        [flag, name, models @ ..] if flag == "--detail" => (
            match name.as_str() {
                "lite" => Detail::Lite,
                "full" => Detail::Full,
                _ => Detail::Base,
            },
            models,
        ),
        models => (Detail::Base, models),
    };
    let [base, suspects @ ..] = models else {
        eprintln!("usage: needle_table [--detail lite|base|full] BASE SUSPECT…");
        return ExitCode::FAILURE;
    };
    let base = match load(base) {
        Ok(print) => print.reduced(detail),
        Err(error) => {
            eprintln!("{base}: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!(
        "| suspect | floor | feed-forward log10 p | e | found | z | attention log10 p | e | found | z | seconds |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    for suspect in suspects {
        match load(suspect) {
            Ok(print) => row(&base, &print, suspect),
            Err(error) => println!("| {suspect} | {error} |"),
        }
    }
    ExitCode::SUCCESS
}

fn load(path: &str) -> Result<Fingerprint, String> {
    let path = Path::new(path);
    if path.is_file() {
        return Fingerprint::read(path).map_err(|error| error.to_string());
    }
    let published = changes::folder(path).map_err(|error| error.to_string())?;
    let files = published.snapshots.first().map(|snapshot| snapshot.files.as_slice()).unwrap_or_default();
    let mut found = collect(files, None, &Progress::default());
    match (found.models.pop(), found.unread.pop()) {
        (Some(model), _) => Ok(model.fingerprint),
        (_, Some(unread)) => Err(unread.error.to_string()),
        _ => Err("no checkpoint found".into()),
    }
}

fn row(base: &Fingerprint, suspect: &Fingerprint, name: &str) {
    for ours in &base.sketches {
        for theirs in &suspect.sketches {
            let started = Instant::now();
            let Some(found) = needle_search(theirs, ours) else { continue };
            let cells = |evidence: Option<&NeedleEvidence>| {
                evidence.map_or("– | – | – | –".to_owned(), |e| {
                    let log10_p = e.ln_p / std::f64::consts::LN_10;
                    format!("{log10_p:.1} | {:.3} | {:.2} | {:.1}", e.effect, e.found, e.permutation_z)
                })
            };
            println!(
                "| {} {} | {:.1} | {} | {} | {:.2} |",
                Path::new(name).file_name().map_or_else(|| name.into(), |name| name.to_string_lossy()),
                theirs.stack,
                found.floor,
                cells(found.feed_forward.as_ref()),
                cells(found.attention.as_ref()),
                started.elapsed().as_secs_f64(),
            );
        }
    }
}
