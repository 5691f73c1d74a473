// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear registry add-code`: prints of a model's source code, kept in the registry.
//!
//! In: a source file, or a folder of them. Out: the registry with prints of that code; the code itself is not kept.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use forebear::bases::{Registry, RegistryFolder};
use forebear::code::{CodeOrigin, CodePrints, headers, language};
use forebear::reports::{harmless, plural};

use super::arguments::Globals;
use super::output::{Output, read_text};
use super::places;

/// Prints of fewer than this number are too few to tell code by.
const FEWEST: usize = 24;

/// Add prints of model code
///
/// Pushed source files are compared with them. The code itself is not kept, and cannot be had from the prints.
#[derive(Args, Debug)]
pub(crate) struct AddCode {
    /// A source file, or a folder of them
    path: PathBuf,
    /// Id, usually the name of the model: `acme/orca`
    #[arg(long)]
    id: String,
    /// License of the code, an SPDX expression
    #[arg(long)]
    license: String,
    /// Family of the code; entries of one family do not compete. The last part of the id if not given
    #[arg(long)]
    family: Option<String>,
}

/// Runs the command.
pub(crate) fn add(arguments: &AddCode, globals: &Globals, out: &mut Output) -> anyhow::Result<()> {
    let mut prints = CodePrints::default();
    let mut copyright = String::new();
    let files = sources(&arguments.path)?;
    for path in &files {
        let text = read_text(path)?;
        prints.add(&CodePrints::of(&path.to_string_lossy(), &text));
        if copyright.is_empty() {
            copyright = headers(&text).copyright.into_iter().next().map(|(_, line)| line).unwrap_or_default();
        }
    }
    let count = prints.prints.len();
    if count < FEWEST {
        anyhow::bail!(
            "{} holds too little code to be told again ({}, at least {FEWEST} are needed)",
            arguments.path.display(),
            plural(count as u64, "print", "prints"),
        );
    }
    let last = arguments.id.rsplit('/').next().unwrap_or(&arguments.id);
    let origin = CodeOrigin {
        id: arguments.id.clone(),
        family: arguments.family.clone().unwrap_or_else(|| last.to_lowercase()),
        license: arguments.license.clone(),
        copyright,
    };
    let folder = places::registry_to_change(globals)?;
    let entry = RegistryFolder::open_or_create(&folder)?.add_code(&origin, &prints, files.len() as u64)?;
    let (files, prints) = (plural(entry.files, "source file", "source files"), plural(count as u64, "print", "prints"));
    writeln!(out, "added code of {} to {}: {prints} of {files}", entry.id, folder.display())?;
    Ok(())
}

/// Lists the code of the registries. Reading verifies: what is listed is there.
pub(crate) fn list(registry: &Registry, out: &mut Output) -> anyhow::Result<()> {
    let entries = registry.code_entries()?;
    if entries.is_empty() {
        return Ok(());
    }
    registry.code_corpus()?;
    for entry in entries {
        let files = plural(entry.files, "source file", "source files");
        let facts = format!("code of {}: family {}, {}, {files}", entry.id, entry.family, entry.license);
        writeln!(out, "{}", harmless(&facts))?;
    }
    Ok(())
}

/// The source files at a path, sorted. Links are not followed.
fn sources(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let kind = fs::metadata(path).with_context(|| format!("failed to read {}", path.display()))?;
    if kind.is_file() {
        let known = language(&path.to_string_lossy()).is_some();
        anyhow::ensure!(known, "{} is in no language whose code is compared", path.display());
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        let listing = fs::read_dir(&folder).with_context(|| format!("failed to read {}", folder.display()))?;
        for entry in listing {
            let entry = entry.with_context(|| format!("failed to read {}", folder.display()))?;
            let (kind, path) = (entry.file_type()?, entry.path());
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() && language(&path.to_string_lossy()).is_some() {
                found.push(path);
            }
        }
    }
    found.sort();
    anyhow::ensure!(!found.is_empty(), "{} has no source file whose code is compared", path.display());
    Ok(found)
}
