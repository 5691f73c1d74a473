// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Makes the built-in prints of model code, and prints the tables in `docs/code-origin.md`.
//!
//! ```text
//! code_origin build OUT PACKAGE=FOLDER…       prints of unpacked packages; the newest first
//! code_origin table FOLDER [PACKAGE]          every file of one package attributed, renamed, and left out
//! code_origin pairs FILE…                     the families of single files
//! code_origin rename FILE                     the file without comments at its top and with every name replaced
//! ```
//! A package is `transformers`, `vllm` or `megatron-core`; files of any other are attributed, and have no family.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a table is printed")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;
use std::{fs, io};

use forebear::bases::{built_in_code, encode_code};
use forebear::code::{Attribution, CodeCorpus, CodeOrigin, CodePrints, Kind, Language, headers, lex};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["build", out, packages @ ..] if !packages.is_empty() => build(Path::new(out), packages),
        ["table", folder] => table(Path::new(folder), "transformers"),
        ["table", folder, package] => table(Path::new(folder), package),
        ["pairs", files @ ..] => pairs(files),
        ["rename", file] => fs::read_to_string(file).map(|text| print!("{}", renamed(&text))),
        _ => {
            eprintln!(
                "usage: code_origin build OUT PACKAGE=FOLDER… | table FOLDER [PACKAGE] | pairs FILE… | rename FILE"
            );
            return ExitCode::FAILURE;
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// One source file of a package.
struct Source {
    path: String,
    family: Option<String>,
    text: String,
    prints: CodePrints,
}

fn sources(folder: &Path, package: &str) -> io::Result<Vec<Source>> {
    let mut paths = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "py") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    let read = |path: PathBuf| -> io::Result<Option<Source>> {
        let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
        let family = family(package, &name);
        if family.is_none() && KNOWN.iter().any(|(known, ..)| *known == package) {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
        let prints = CodePrints::of(&name, &text);
        Ok(Some(Source { path: name, family, text, prints }))
    };
    paths.into_iter().filter_map(|path| read(path).transpose()).collect()
}

/// Packages that are built in, and the license they state.
const KNOWN: &[(&str, &str)] =
    &[("transformers", "Apache-2.0"), ("vllm", "Apache-2.0"), ("megatron-core", "Apache-2.0 AND BSD-3-Clause")];

/// The family of a file by its path; `None` if it is not model code.
fn family(package: &str, path: &str) -> Option<String> {
    let mut parts = path.rsplit('/');
    let name = parts.next()?.strip_suffix(".py")?;
    let folder = parts.next()?;
    match package {
        "transformers" if name.starts_with("modeling_") => {
            Some(if path.contains("/models/") { folder } else { "transformers" }.to_owned())
        }
        "vllm" if path.contains("model_executor/models/") && name != "__init__" => Some(match name {
            "interfaces"
            | "interfaces_base"
            | "utils"
            | "registry"
            | "adapters"
            | "module_mapping"
            | "vision"
            | "transformers"
            | "medusa"
            | "eagle"
            | "constant_size_cache" => "vllm".to_owned(),
            "gpt_j" => "gptj".to_owned(),
            "commandr" => "cohere".to_owned(),
            name => name.to_owned(),
        }),
        "megatron-core"
            if ["core/models/", "core/transformer/", "core/ssm/"].iter().any(|part| path.contains(part)) =>
        {
            Some(package.to_owned())
        }
        _ => None,
    }
}

fn build(out: &Path, packages: &[&str]) -> io::Result<()> {
    let mut known: BTreeMap<String, (CodeOrigin, CodePrints)> = BTreeMap::new();
    for argument in packages {
        let (package, folder) = argument.split_once('=').ok_or_else(|| io::Error::other("expected PACKAGE=FOLDER"))?;
        let license = KNOWN.iter().find(|(known, _)| *known == package).map(|(_, license)| *license);
        let license = license.ok_or_else(|| io::Error::other(format!("unknown package {package}")))?;
        for source in sources(Path::new(folder), package)? {
            let Some(family) = source.family else { continue };
            let id = if family == package { family.clone() } else { format!("{package}/{family}") };
            let (origin, prints) = known.entry(id.clone()).or_default();
            prints.add(&source.prints);
            if origin.copyright.is_empty() {
                let line = headers(&source.text).copyright.into_iter().next().map(|(_, line)| line);
                let copyright = line.unwrap_or_default();
                *origin = CodeOrigin { id, family, license: license.to_owned(), copyright };
            }
        }
    }
    let mut corpus = CodeCorpus::default();
    for (origin, prints) in known.into_values() {
        corpus.add(origin, &prints.prints);
    }
    let bytes = encode_code(&corpus);
    println!("{} origins, {} prints, {} bytes", corpus.origins().len(), corpus.len(), bytes.len());
    fs::write(out, bytes)
}

/// Whether the first company of an attribution has the family in it.
fn first_is(found: &Attribution, family: &str) -> (bool, bool) {
    let company = found.candidates.get(..found.together.min(found.candidates.len())).unwrap_or_default();
    let first = found.candidates.first().is_some_and(|best| best.family == family);
    (first, company.iter().any(|candidate| candidate.family == family))
}

fn table(folder: &Path, package: &str) -> io::Result<()> {
    let started = Instant::now();
    let sources = sources(folder, package)?;
    let corpus = built_in_code();
    let attributed: Vec<Attribution> = sources.iter().map(|source| corpus.attribute(&source.prints)).collect();
    let seconds = started.elapsed().as_secs_f64();
    let bytes: usize = sources.iter().map(|source| source.text.len()).sum();
    println!("{} files, {bytes} bytes, read and attributed in {seconds:.2} s", sources.len());
    let known: BTreeSet<&str> = corpus.origins().iter().map(|origin| origin.family.as_str()).collect();
    println!("files attributed to a family: {}", attributed.iter().filter(|found| found.families().is_some()).count());
    let said = |source: &Source, found: &Attribution, how: &str| {
        let Some(families) = found.families() else { return };
        let names: Vec<String> =
            families.iter().map(|family| format!("{} {:.2}", family.family, family.share)).collect();
        println!("  {how}: {} → {} (margin {:.2})", source.path, names.join(" / "), found.margin);
    };
    let Some(_) = sources.iter().find(|source| source.family.is_some()) else {
        for (source, found) in sources.iter().zip(&attributed) {
            said(source, found, "attributed");
        }
        return Ok(());
    };
    let records = records(folder)?;
    let mut rows = [[0_usize; 3]; 2];
    let mut wrong = 0;
    let mut counted = 0;
    let mut margins: Vec<f64> = Vec::new();
    let (mut left_out, mut recorded) = (0, 0);
    for (source, found) in sources.iter().zip(&attributed) {
        let Some(family) = source.family.as_deref().filter(|family| known.contains(family)) else { continue };
        counted += 1;
        let changed = corpus.attribute(&CodePrints::of(&source.path, &renamed(&source.text)));
        for (row, found) in rows.iter_mut().zip([found, &changed]) {
            let (first, company) = first_is(found, family);
            for (cell, yes) in row.iter_mut().zip([first, company, found.families().is_some()]) {
                *cell += usize::from(yes);
            }
            wrong += usize::from(!company && found.families().is_some());
        }
        if !first_is(found, family).0 {
            println!("  not first: {}: {}", source.path, candidates(found));
        }
        margins.push(found.margin);
        let without = corpus.attribute_without(&source.prints, &|origin| origin.family == family);
        if let Some(families) = without.families() {
            left_out += 1;
            if families.iter().any(|other| related(&records, family, &other.family)) {
                recorded += 1;
            } else {
                said(source, &without, "left out, and no record");
            }
        }
    }
    margins.sort_by(f64::total_cmp);
    let quantile = |part: usize| margins.get(margins.len() * part / 100).copied().unwrap_or_default();
    println!("| {counted} files of a known family | rank 1 | rank 1 or the same code | said | said, and wrong |");
    println!("|---|---|---|---|---|");
    println!("| as they are | {} | {} | {} | {wrong} of both |", rows[0][0], rows[0][1], rows[0][2]);
    println!("| header gone, every name replaced | {} | {} | {} | |", rows[1][0], rows[1][1], rows[1][2]);
    println!("margins: {:.2} at 1 %, {:.2} at 10 %, {:.2} at 50 %", quantile(1), quantile(10), quantile(50));
    println!(
        "own family left out: {left_out} attributed, {recorded} of them to a family that the package records as kin"
    );
    Ok(())
}

fn candidates(found: &Attribution) -> String {
    let all: Vec<String> = found
        .candidates
        .iter()
        .map(|candidate| format!("{} {:.2} ({})", candidate.family, candidate.share, candidate.shared))
        .collect();
    format!(
        "margin {:.2}, {} together, {} telling prints: {}",
        found.margin,
        found.together,
        found.telling,
        all.join(", ")
    )
}

fn pairs(files: &[&str]) -> io::Result<()> {
    for file in files {
        let text = fs::read_to_string(file)?;
        for (how, text) in [("as it is", text.clone()), ("renamed", renamed(&text))] {
            let found = built_in_code().attribute(&CodePrints::of(file, &text));
            let said: Option<Vec<&str>> =
                found.families().map(|all| all.iter().map(|candidate| candidate.family.as_str()).collect());
            println!("{file}, {how}: said {said:?}; {}", candidates(&found));
        }
    }
    Ok(())
}

/// What a package says itself of who copied from whom: families beside families.
fn records(folder: &Path) -> io::Result<BTreeMap<String, BTreeSet<String>>> {
    let mut records: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let own = next.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let stem = name.strip_suffix(".py").unwrap_or_default().to_owned();
            // One folder a family in transformers, one file a family in vLLM.
            let in_folder = name.starts_with("modeling_") || name.starts_with("modular_");
            let own = if in_folder { own } else { stem };
            if path.extension().is_none_or(|extension| extension != "py") || own.starts_with("__") {
                continue;
            }
            let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
            for line in text.lines().map(str::trim) {
                let relative = if in_folder { "from .." } else { "from ." };
                let of = line
                    .split_once("transformers.models.")
                    .filter(|_| line.starts_with('#') || line.starts_with("from"))
                    .or_else(|| line.strip_prefix(relative).map(|rest| ("", rest.trim_start_matches('.'))));
                let Some((_, rest)) = of else { continue };
                let rest = rest.strip_prefix("models.").unwrap_or(rest).trim_start_matches("deprecated.");
                let other: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if !other.is_empty() && other != own {
                    records.entry(own.clone()).or_default().insert(other.clone());
                    records.entry(other).or_default().insert(own.clone());
                }
            }
        }
    }
    for neither in ["auto", "utils", "generation", "cache_utils", "activations", "interfaces", "vision"] {
        records.remove(neither);
        for others in records.values_mut() {
            others.remove(neither);
        }
    }
    Ok(records)
}

/// Whether one family copied from the other, or both from a third.
fn related(records: &BTreeMap<String, BTreeSet<String>>, one: &str, other: &str) -> bool {
    let (Some(ones), Some(others)) = (records.get(one), records.get(other)) else { return false };
    ones.contains(other) || ones.intersection(others).next().is_some()
}

/// The file without the comment at its top, and with every name that is no keyword replaced by a number.
fn renamed(text: &str) -> String {
    let mut names: HashMap<&str, usize> = HashMap::new();
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    for token in lex(text, Language::Python).into_iter().filter(|token| token.kind == Kind::Name) {
        // Tokens are parts of the text, in order: the next place of the token's text at or after its own line.
        let offset = token.text.as_ptr().addr() - rest.as_ptr().addr();
        let (before, after) = rest.split_at(offset);
        if out.is_empty() {
            out.extend(before.lines().filter(|line| !line.trim_start().starts_with('#')).flat_map(|line| [line, "\n"]));
            out.truncate(out.trim_end_matches('\n').len());
            out.push_str(if before.ends_with('\n') { "\n" } else { "" });
        } else {
            out.push_str(before);
        }
        let next = names.len();
        out.push('n');
        out.push_str(&names.entry(token.text).or_insert(next).to_string());
        rest = &after[token.text.len()..];
    }
    out.push_str(rest);
    out
}
