// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Several registries, searched together.
//!
//! In: folders, or readers of trees in git. Out: one list of bases, sorted by id. Only the indexes are
//! held; fingerprints are read one at a time, when asked for.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::io::Write;
use std::path::PathBuf;

use super::archive::{self, Exported};
use super::base::Base;
use super::error::RegistryError;
use super::index;
use super::seal::Seal;
use super::store::Store;
use super::stored::Stored;
use super::verify::{self, Fault};

/// Several registries, searched together.
#[derive(Clone, Default)]
pub struct Registry {
    bases: BTreeMap<String, Base>,
    stores: Vec<Store>,
}

impl Registry {
    /// Opens registries that are folders.
    ///
    /// One id, in any case, may stand in several registries if its fingerprint is the same; the first one is used.
    pub fn open(paths: &[PathBuf]) -> Result<Self, RegistryError> {
        Self::gather(paths.iter().cloned().map(Store::Folder).collect())
    }

    /// Opens registries wherever they are.
    pub fn gather(stores: Vec<Store>) -> Result<Self, RegistryError> {
        let mut bases: BTreeMap<String, Base> = BTreeMap::new();
        let mut spelled: BTreeMap<String, String> = BTreeMap::new();
        for store in &stores {
            for (id, entry) in index::parse(&store.file_name(super::store::INDEX), &store.index()?)? {
                let id = spelled.entry(id.to_ascii_lowercase()).or_insert(id);
                match bases.entry(id.clone()) {
                    Slot::Vacant(slot) => {
                        slot.insert(Base { entry, store: store.clone() });
                    }
                    Slot::Occupied(slot) if slot.get().entry.fingerprint == entry.fingerprint => {}
                    Slot::Occupied(slot) => {
                        return Err(RegistryError::Conflict {
                            id: entry.id,
                            first: slot.get().store.name(),
                            first_digest: short(&slot.get().entry.fingerprint),
                            second: store.name(),
                            second_digest: short(&entry.fingerprint),
                        });
                    }
                }
            }
        }
        Ok(Self { bases, stores })
    }

    /// The bases, sorted by id.
    pub fn list(&self) -> impl ExactSizeIterator<Item = &Base> {
        self.bases.values()
    }

    /// Where the registries are, in the order in which they are searched.
    pub(super) fn stores(&self) -> &[Store] {
        &self.stores
    }

    /// Number of bases.
    pub fn len(&self) -> usize {
        self.bases.len()
    }

    /// Whether there is no base.
    pub fn is_empty(&self) -> bool {
        self.bases.is_empty()
    }

    /// The base with this id.
    pub fn get(&self, id: &str) -> Option<&Base> {
        self.bases.get(id)
    }

    /// The base with this id, or an error that names the closest one.
    pub fn show(&self, id: &str) -> Result<&Base, RegistryError> {
        self.get(id).ok_or_else(|| unknown(id, self.bases.keys()))
    }

    /// What is signed of every registry, and the signatures there are.
    pub fn seals(&self) -> Result<Vec<Seal>, RegistryError> {
        self.stores.iter().map(Store::seal).collect()
    }

    /// Checks the digest of every file of every registry.
    pub fn verify(&self) -> Result<Vec<Fault>, RegistryError> {
        let mut faults = Vec::new();
        for store in &self.stores {
            faults.extend(verify::verify(store)?);
        }
        Ok(faults)
    }

    /// Writes the bases and code with these ids, or all if there are none, as one archive.
    ///
    /// The archive is a zip of stored members laid out like a registry folder; the same bases give the same bytes.
    ///
    /// An id brings the base of that name, and the code of that name.
    pub fn export(&self, ids: &[String], out: &mut impl Write) -> Result<Exported, RegistryError> {
        let code = self.code_entries_with_stores()?;
        if ids.is_empty() {
            return archive::write(&self.list().collect::<Vec<_>>(), &code, out);
        }
        let mut chosen = Vec::new();
        let mut chosen_code = Vec::new();
        for id in ids.iter().collect::<std::collections::BTreeSet<_>>() {
            let of_code = code.iter().find(|(entry, _)| entry.id == *id).cloned();
            match self.get(id) {
                None if of_code.is_some() => {}
                _ => chosen.push(self.show(id)?),
            }
            chosen_code.extend(of_code);
        }
        archive::write(&chosen, &chosen_code, out)
    }
}

/// The error for an id that is not there, with the closest one that is.
pub(super) fn unknown<'a>(id: &str, known: impl Iterator<Item = &'a String>) -> RegistryError {
    let near = known
        .map(|candidate| (strsim::jaro_winkler(&id.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(similarity, _)| *similarity > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate.clone());
    RegistryError::UnknownBase { id: id.escape_debug().to_string(), near }
}

/// Enough of a digest to tell two apart.
pub(super) fn short(stored: &Stored) -> String {
    stored.sha256().chars().take(12).collect()
}
