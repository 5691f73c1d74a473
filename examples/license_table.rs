// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Prints what forebear, the `spdx` crate alone, and ScanCode read in license texts: the tables in `docs/licenses.md`.
//!
//! ```text
//! license_table                       forebear and the spdx crate
//! license_table --write FOLDER        the same texts as files, for ScanCode: scancode --license --json OUT FOLDER
//! license_table --scancode OUT        with what ScanCode wrote
//! license_table --rules FOLDER        plain licenses as they are found in the wild: the rules of ScanCode
//! ```
//! The texts: every one that is built in, and plain licenses with a change that counts, or with one that does not.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a table is printed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use forebear::licenses::{all, nearest_listed, readings, text};
use serde_json::Value;

/// Score from which the spdx crate's detection is believed by the tools that use it.
const SPDX_BELIEVED: f32 = 0.8;

/// What a tool should say of a text.
enum Expected {
    /// These SPDX ids, and no other.
    Is(Vec<String>),
    /// Anything but the plain license alone.
    NotPlain(&'static str),
}

struct Case {
    name: String,
    text: String,
    expected: Expected,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        [] => table(None),
        ["--write", folder] => write(Path::new(folder)),
        ["--rules", folder] => rules(Path::new(folder)),
        ["--scancode", path] => scancode(Path::new(path)).and_then(|found| table(Some(&found))),
        _ => Err("usage: license_table [--write FOLDER | --scancode OUT | --rules FOLDER]".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn table(scancode: Option<&BTreeMap<String, String>>) -> Result<(), String> {
    let (built_in, changed) = (built_in(), changed()?);
    let with_text = all().iter().filter(|license| text(&license.id).is_some()).count();
    println!(
        "{} texts are built in, those of {with_text} of the {} licenses in the data.\n",
        built_in.len(),
        all().len()
    );
    for (title, cases) in [("Texts that are built in", built_in), ("Plain licenses, changed", changed)] {
        println!("**{title}** ({})\n", cases.len());
        println!("| text | forebear | spdx crate | ScanCode |\n|---|---|---|---|");
        let mut right = [0; 3];
        for case in &cases {
            let read = readings(&case.text);
            let ids: Vec<String> = read.iter().map(forebear::licenses::Reading::id).collect();
            let near = nearest_listed(&case.text);
            let believed: Vec<String> =
                near.iter().filter(|(_, score)| *score >= SPDX_BELIEVED).map(|(id, _)| (*id).to_owned()).collect();
            let shown = near.map_or("nothing".into(), |(id, score)| {
                format!("{} ({score:.3})", if score >= SPDX_BELIEVED { id } else { "nothing" })
            });
            let said = scancode.map(|found| found.get(&case.name).cloned().unwrap_or_default());
            let parts = said.as_deref().map(operands).unwrap_or_default();
            let verdicts = [case.is_right(&ids), case.is_right(&believed), case.is_right(&parts)];
            for (count, right) in right.iter_mut().zip(verdicts) {
                *count += usize::from(right);
            }
            let own = read.iter().map(forebear::licenses::Reading::said).collect::<Vec<_>>().join(", and ");
            let mark = |right: bool, said: &str| {
                let said: String = said.replace('|', "\\|").chars().take(160).collect();
                format!("{}{}", if right { "" } else { "✗ " }, if said.is_empty() { "nothing" } else { said.as_str() })
            };
            let [ours, crates, theirs] = verdicts;
            let other = said.map_or("not run".into(), |said| mark(theirs, &said));
            println!("| {} | {} | {} | {other} |", case.name, mark(ours, &own), mark(crates, &shown));
        }
        let [ours, crates, theirs] = right;
        let theirs = if scancode.is_some() { theirs.to_string() } else { "not run".into() };
        println!("| **right, of {}** | **{ours}** | **{crates}** | **{theirs}** |\n", cases.len());
    }
    Ok(())
}

impl Case {
    fn is_right(&self, said: &[String]) -> bool {
        let lower = |ids: &[String]| {
            // ScanCode has names of its own for licenses that came late to the SPDX list.
            let plain = |id: &String| id.to_ascii_lowercase().replace("licenseref-scancode-", "");
            let mut ids: Vec<String> = ids.iter().map(plain).collect();
            ids.sort();
            ids
        };
        match &self.expected {
            Expected::Is(ids) => lower(said) == lower(ids),
            Expected::NotPlain(id) => lower(said) != [id.to_ascii_lowercase()],
        }
    }
}

/// Every text that is built in, once.
fn built_in() -> Vec<Case> {
    let mut seen: Vec<&str> = Vec::new();
    // Where two licenses share a text, that of the list names it.
    let mut known: Vec<_> = all().iter().filter_map(|license| Some((license, text(&license.id)?))).collect();
    known.sort_by_key(|(license, _)| license.id != license.spdx.to_ascii_lowercase());
    known.retain(|(_, text)| {
        let new = !seen.contains(text);
        seen.push(text);
        new
    });
    known.sort_by_key(|(license, _)| &license.id);
    let case = |(license, text): (&forebear::licenses::LicenseData, &str)| Case {
        name: license.id.clone(),
        text: text.to_owned(),
        expected: Expected::Is(vec![license.spdx.clone()]),
    };
    known.into_iter().map(case).collect()
}

/// Plain licenses with a change. Every change is made here; the licenses are those of the first table.
fn changed() -> Result<Vec<Case>, String> {
    let of = |id: &str| text(id).ok_or_else(|| format!("{id} is not built in"));
    let (mit, apache, bsd, kimi) = (of("mit")?, of("apache-2.0")?, of("bsd-3-clause")?, of("kimi-k2-modified-mit")?);
    let without = |text: &str, from: &str, to: &str| {
        let (head, rest) = text.split_once(from).ok_or_else(|| format!("{from} is not in the text"))?;
        let (_, tail) = rest.split_once(to).ok_or_else(|| format!("{to} is not in the text"))?;
        Ok::<String, String>(format!("{head}{to}{tail}"))
    };
    let changed_in = |text: &str, from: &str, to: &str| {
        let changed = text.replace(from, to);
        (changed != text).then_some(changed).ok_or_else(|| format!("{from} is not in the text"))
    };
    let head = "MIT License\n\nCopyright (c) 2026 Acme, Inc.\n\n";
    let minimax = changed_in(kimi, "Kimi K2", "MiniMax M2")?;
    let minimax = changed_in(&minimax, "20 million", "30 million")?;
    let minimax = changed_in(&minimax, "monthly revenue", "annual recurring revenue")?;
    let commons = "\"Commons Clause\" License Condition v1.0\n\nThe Software is provided to you by the Licensor under the License, as \
                   defined below, subject to the following condition. Without limiting other conditions in the License, the \
                   grant of rights under the License will not include, and the License does not grant to you, the right to Sell \
                   the Software.\n\n";
    let is = |ids: &[&str]| Expected::Is(ids.iter().map(|id| (*id).to_owned()).collect());
    let cases = [
        (
            "MIT with a holder, in one long line",
            format!("{head}{}", mit.split_whitespace().collect::<Vec<_>>().join(" ")),
            is(&["MIT"]),
        ),
        (
            "Apache-2.0 without its appendix",
            apache.split("   APPENDIX").next().unwrap_or_default().to_owned(),
            is(&["Apache-2.0"]),
        ),
        (
            "BSD-3-Clause with a named holder",
            changed_in(bsd, "the ORGANIZATION nor", "Acme, Inc. nor")?,
            is(&["BSD-3-Clause"]),
        ),
        ("Apache-2.0 and MIT in one file", format!("{apache}\n\n---\n\n{mit}"), is(&["Apache-2.0", "MIT"])),
        (
            "Kimi K2.5",
            changed_in(kimi, "Kimi K2", "Kimi K2.5")?,
            is(&["LicenseRef-moonshot-ai-modified-mit-kimi-k2.5"]),
        ),
        ("MiniMax M2", minimax, is(&["LicenseRef-minimax-m2-modified-mit"])),
        (
            "MIT, the clause of Kimi K2 for a product that is not known",
            changed_in(kimi, "Kimi K2", "Orca 1")?,
            Expected::NotPlain("MIT"),
        ),
        (
            "MIT, one word changed (for a charge)",
            format!("{head}{}", changed_in(mit, "free of charge", "for a charge")?),
            Expected::NotPlain("MIT"),
        ),
        (
            "MIT, a clause added (no training)",
            format!("{head}{mit}\n\nThe Software shall not be used to train other models.\n"),
            Expected::NotPlain("MIT"),
        ),
        (
            "MIT, a clause put inside (non-commercial)",
            format!(
                "{head}{}",
                changed_in(mit, "furnished to do so,", "furnished to do so for noncommercial purposes only,")?
            ),
            Expected::NotPlain("MIT"),
        ),
        (
            "Apache-2.0, clause 3 (patents) removed",
            without(apache, "   3. Grant of Patent", "   4. Redistribution")?,
            Expected::NotPlain("Apache-2.0"),
        ),
        (
            "Apache-2.0, clause 6 (trademarks) removed",
            without(apache, "   6. Trademarks", "   7. Disclaimer")?,
            Expected::NotPlain("Apache-2.0"),
        ),
        (
            "Apache-2.0, one word changed (revocable)",
            changed_in(apache, "irrevocable", "revocable")?,
            Expected::NotPlain("Apache-2.0"),
        ),
        ("Apache-2.0 under the Commons Clause", format!("{commons}{apache}"), Expected::NotPlain("Apache-2.0")),
        (
            "BSD-3-Clause, a clause added (no military use)",
            changed_in(
                bsd,
                "THIS SOFTWARE IS PROVIDED",
                "4. The software must not be used for military purposes.\n\nTHIS SOFTWARE IS PROVIDED",
            )?,
            Expected::NotPlain("BSD-3-Clause"),
        ),
    ];
    Ok(cases.into_iter().map(|(name, text, expected)| Case { name: name.to_owned(), text, expected }).collect())
}

/// One folder a text: ScanCode looks at names of files too, and `LICENSE` says least.
fn write(folder: &Path) -> Result<(), String> {
    let cases = built_in().into_iter().chain(changed()?);
    for case in cases {
        let folder = folder.join(file_name(&case.name));
        fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        fs::write(folder.join("LICENSE"), &case.text).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn file_name(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || "-.+".contains(c) { c } else { '_' }).collect()
}

/// SPDX expression by the name of the text.
fn scancode(path: &Path) -> Result<BTreeMap<String, String>, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let report: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let files = report["files"].as_array().ok_or("no files in the report")?;
    let by_folder: BTreeMap<String, String> = files
        .iter()
        .filter_map(|file| {
            let folder = file["path"].as_str()?.strip_suffix("/LICENSE")?.rsplit('/').next()?;
            Some((folder.to_owned(), file["detected_license_expression_spdx"].as_str().unwrap_or_default().to_owned()))
        })
        .collect();
    let cases = built_in().into_iter().chain(changed()?);
    Ok(cases.filter_map(|case| Some((case.name.clone(), by_folder.get(&file_name(&case.name))?.clone()))).collect())
}

/// Texts of five plain licenses that ScanCode collected: how many are read as plain, and what is said of the others.
fn rules(folder: &Path) -> Result<(), String> {
    let named = [
        ("mit", "mit"),
        ("apache-2.0", "apache-2.0"),
        ("bsd-new", "bsd-3-clause"),
        ("bsd-simplified", "bsd-2-clause"),
        ("isc", "isc"),
    ];
    let mut counts: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    let mut told = Vec::new();
    let entries = fs::read_dir(folder).map_err(|error| error.to_string())?;
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        let Ok(rule) = fs::read_to_string(&path) else { continue };
        let Some((head, body)) = rule.strip_prefix("---").and_then(|rule| rule.split_once("\n---\n")) else { continue };
        let of = |key: &str| head.lines().find_map(|line| line.strip_prefix(key)).map(str::trim);
        let Some((_, id)) = named.iter().find(|(name, _)| of("license_expression:") == Some(name)) else { continue };
        if of("is_license_text:") != Some("yes") || body.split_whitespace().count() < 80 {
            continue;
        }
        let read = readings(body);
        let own = read.iter().find(|reading| reading.license.is_some_and(|license| license.id == *id));
        let kind = match own {
            Some(own) if own.is_plain() => 0,
            Some(_) => 1,
            None if read.is_empty() => 2,
            None => 3,
        };
        counts.entry(id).or_default()[kind] += 1;
        if kind != 0 {
            let said = read.iter().map(forebear::licenses::Reading::said).collect::<Vec<_>>().join(", and ");
            told.push(format!("{}: {said}", path.file_name().unwrap_or_default().to_string_lossy()));
        }
    }
    println!(
        "| license | texts | read as it, plain | read as it, with changes | nothing | another |\n|---|---|---|---|---|---|"
    );
    for (id, [plain, changed, nothing, other]) in counts {
        println!("| {id} | {} | {plain} | {changed} | {nothing} | {other} |", plain + changed + nothing + other);
    }
    println!("\n{}", told.join("\n"));
    Ok(())
}

fn operands(expression: &str) -> Vec<String> {
    let mut ids: Vec<String> = expression
        .split([' ', '(', ')'])
        .filter(|word| !matches!(*word, "" | "AND" | "OR" | "WITH"))
        .map(str::to_owned)
        .collect();
    ids.sort();
    ids.dedup();
    ids
}
