// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Every file of a registry, checked against its digest.
//!
//! In: one registry. Out: the files that are missing, altered, or named by no base.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use super::code_store;
use super::error::RegistryError;
use super::index;
use super::store::{INDEX, Store};
use super::stored::{Kind, Stored};

/// Something wrong with one file of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Registry concerned.
    pub store: String,
    /// File concerned, relative to the registry.
    pub file: String,
    /// Bases that name the file.
    pub bases: Vec<String>,
    /// What is wrong.
    pub kind: FaultKind,
}

/// What can be wrong with a file of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Named by the index, and not there.
    Missing,
    /// There, with another digest than its name says.
    Altered {
        /// Digest of what is there.
        found: String,
    },
    /// There, and it cannot be read.
    Unreadable {
        /// Why, in a fragment.
        reason: String,
    },
    /// There, and named by no base: left by an interrupted change.
    Orphan,
}

impl Fault {
    /// One line: what to do now.
    pub fn remedy(&self) -> String {
        match self.kind {
            FaultKind::Orphan => format!("delete {}; nothing refers to it", self.file),
            FaultKind::Unreadable { .. } => format!("make {} readable", self.file),
            FaultKind::Missing | FaultKind::Altered { .. } => match self.bases.first() {
                Some(id) => format!(
                    "restore the file (`git restore`), or `forebear registry remove {id}` and add the base again"
                ),
                None => "restore the file".to_owned(),
            },
        }
    }
}

/// Checks one registry.
pub(super) fn verify(store: &Store) -> Result<Vec<Fault>, RegistryError> {
    let entries = index::parse(&store.file_name(INDEX), &store.index()?)?;
    let code = code_store::list(store)?;
    let of_code: Vec<(Stored, &str)> =
        code.values().filter_map(|entry| Some((entry.stored()?, entry.id.as_str()))).collect();
    let named: BTreeSet<&Stored> =
        entries.values().flat_map(index::Entry::files).chain(of_code.iter().map(|(stored, _)| stored)).collect();
    let mut faults = Vec::new();
    for stored in &named {
        let kind = match store.digest(stored) {
            Ok(Some(found)) if found == stored.sha256() => continue,
            Ok(Some(found)) => FaultKind::Altered { found },
            Ok(None) => FaultKind::Missing,
            Err(error) => FaultKind::Unreadable { reason: error.to_string() },
        };
        let bases = entries.values().filter(|entry| entry.files().any(|file| file == *stored));
        let code = of_code.iter().filter(|(file, _)| file == *stored).map(|(_, id)| (*id).to_owned());
        let bases = bases.map(|entry| entry.id.clone()).chain(code).collect();
        faults.push(Fault { store: store.name(), file: stored.to_string(), bases, kind });
    }
    if let Store::Folder(folder) = store {
        let named: BTreeSet<String> = named.iter().map(ToString::to_string).collect();
        for file in files(folder).map_err(|error| RegistryError::io(folder.display(), error))? {
            if !named.contains(&file) {
                faults.push(Fault { store: store.name(), file, bases: Vec::new(), kind: FaultKind::Orphan });
            }
        }
    }
    Ok(faults)
}

/// Everything in the folders of a registry, sorted. Files beside the index are the owner's own.
fn files(folder: &Path) -> io::Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for kind in Kind::ALL {
        let listing = match fs::read_dir(folder.join(kind.folder())) {
            Ok(listing) => listing,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for file in listing {
            found.insert(format!("{}/{}", kind.folder(), file?.file_name().to_string_lossy()));
        }
    }
    Ok(found)
}
