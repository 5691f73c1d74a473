// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Code of base models in a registry: `code.toml`, a readable list, and one file of prints an entry.
//!
//! In: a registry. Out: [`CodeEntry`]s, and a corpus of the built-in prints and theirs. Prints are named by their
//! SHA-256 and verified on every read; a registry without `code.toml` holds no code.

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};

use super::code::{built_in_code, decode_code, encode_code};
use super::error::RegistryError;
use super::folder::RegistryFolder;
use super::index::id_fault;
use super::registry::Registry;
use super::store::Store;
use super::stored::{Kind, Stored};
use crate::code::{CodeCorpus, CodeOrigin, CodePrints};

/// The list of code in a registry.
pub(super) const LIST: &str = "code.toml";
/// Bytes above which the list is refused.
pub(super) const LIMIT: u64 = 16 << 20;

/// What a registry says of one model's code.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct CodeEntry {
    /// Id, usually that of the model.
    pub id: String,
    /// Origins of one family do not compete with each other.
    pub family: String,
    /// SPDX license expression.
    pub license: String,
    /// A copyright line of its files; empty if they have none.
    #[serde(default)]
    pub copyright: String,
    /// SHA-256 of the file of prints, lower-case hex.
    pub sha256: String,
    /// Number of source files.
    pub files: u64,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct List {
    schema: i64,
    #[serde(default)]
    code: Vec<CodeEntry>,
}

impl CodeEntry {
    /// The file of its prints; `None` if its digest is none.
    pub(super) fn stored(&self) -> Option<Stored> {
        Stored::parse(&format!("code/{}.prints", self.sha256))
    }
}

impl RegistryFolder {
    /// Adds code; what was there under the same id is replaced.
    pub fn add_code(&self, origin: &CodeOrigin, prints: &CodePrints, files: u64) -> Result<CodeEntry, RegistryError> {
        if let Some(reason) = id_fault(&origin.id) {
            return Err(RegistryError::BadId { id: origin.id.escape_debug().to_string(), reason });
        }
        let mut corpus = CodeCorpus::default();
        corpus.add(origin.clone(), &prints.prints);
        let bytes = encode_code(&corpus);
        let stored = Stored::of(Kind::Code, &bytes);
        let entry = CodeEntry {
            id: origin.id.clone(),
            family: origin.family.clone(),
            license: origin.license.clone(),
            copyright: origin.copyright.clone(),
            sha256: stored.sha256().to_owned(),
            files,
        };
        let _lock = self.lock()?;
        let mut entries = self.code()?;
        let replaced = entries.insert(entry.id.clone(), entry.clone());
        self.place(&stored.to_string(), &bytes)?;
        self.write_code(&entries)?;
        if let Some(replaced) = replaced {
            self.sweep_code(&replaced, &entries)?;
        }
        Ok(entry)
    }

    /// Removes the code of this id, and its prints unless another entry names them; `None` if there is none.
    pub fn remove_code(&self, id: &str) -> Result<Option<CodeEntry>, RegistryError> {
        let _lock = self.lock()?;
        let mut entries = self.code()?;
        let Some(removed) = entries.remove(id) else { return Ok(None) };
        self.write_code(&entries)?;
        self.sweep_code(&removed, &entries)?;
        Ok(Some(removed))
    }

    /// What the registry says of code, by id.
    pub(super) fn code(&self) -> Result<BTreeMap<String, CodeEntry>, RegistryError> {
        list(&self.store())
    }

    pub(super) fn write_code(&self, entries: &BTreeMap<String, CodeEntry>) -> Result<(), RegistryError> {
        self.place(LIST, render(entries)?.as_bytes())
    }

    fn sweep_code(&self, gone: &CodeEntry, entries: &BTreeMap<String, CodeEntry>) -> Result<(), RegistryError> {
        let named = entries.values().any(|entry| entry.sha256 == gone.sha256);
        gone.stored().filter(|_| !named).map_or(Ok(()), |stored| self.delete(&stored))
    }
}

impl Registry {
    /// What the registries say of code, by id; where two say something of one id, the first counts.
    pub fn code_entries(&self) -> Result<Vec<CodeEntry>, RegistryError> {
        Ok(self.code_entries_with_stores()?.into_iter().map(|(entry, _)| entry).collect())
    }

    /// The built-in prints of code, and those of the registries.
    pub fn code_corpus(&self) -> Result<CodeCorpus, RegistryError> {
        let mut corpus = built_in_code().clone();
        for (entry, store) in self.code_entries_with_stores()? {
            let read = read(store, &entry)?;
            let (_, _, stored) = read.parts();
            let prints: Vec<u32> = stored.into_iter().map(|(print, _)| print).collect();
            let CodeEntry { id, family, license, copyright, .. } = entry;
            corpus.add(CodeOrigin { id, family, license, copyright }, &prints);
        }
        Ok(corpus)
    }

    pub(super) fn code_entries_with_stores(&self) -> Result<Vec<(CodeEntry, &Store)>, RegistryError> {
        let mut found: BTreeMap<String, (CodeEntry, &Store)> = BTreeMap::new();
        for store in self.stores() {
            for (id, entry) in list(store)? {
                found.entry(id).or_insert((entry, store));
            }
        }
        Ok(found.into_values().collect())
    }
}

/// What one registry says of code, by id.
pub(super) fn list(store: &Store) -> Result<BTreeMap<String, CodeEntry>, RegistryError> {
    let read = store.read(LIST, LIMIT).map_err(|error| RegistryError::io(store.file_name(LIST), error))?;
    read.map_or_else(|| Ok(BTreeMap::new()), |bytes| parse(&store.name(), bytes))
}

/// Reads the bytes of a list; `store` is named in errors.
pub(super) fn parse(store: &str, bytes: Vec<u8>) -> Result<BTreeMap<String, CodeEntry>, RegistryError> {
    let failed = |reason: String| RegistryError::Unusable { store: store.to_owned(), file: LIST.to_owned(), reason };
    let text = String::from_utf8(bytes).map_err(|error| failed(error.to_string()))?;
    let list: List = toml::from_str(&text).map_err(|error| failed(error.message().to_owned()))?;
    if list.schema != 1 {
        return Err(failed(format!("schema {} is not known", list.schema)));
    }
    // No list can point outside its folder.
    match list.code.iter().find(|entry| entry.stored().is_none() || id_fault(&entry.id).is_some()) {
        Some(bad) => Err(failed(format!("`{}` has no valid id and SHA-256", bad.id.escape_debug()))),
        None => Ok(list.code.into_iter().map(|entry| (entry.id.clone(), entry)).collect()),
    }
}

/// The text of a list.
pub(super) fn render(entries: &BTreeMap<String, CodeEntry>) -> Result<String, RegistryError> {
    let list = List { schema: 1, code: entries.values().cloned().collect() };
    toml::to_string_pretty(&list).map_err(|error| RegistryError::io(LIST, io::Error::other(error)))
}

fn read(store: &Store, entry: &CodeEntry) -> Result<CodeCorpus, RegistryError> {
    let missing = || RegistryError::Missing { store: store.name(), file: entry.id.clone() };
    let stored = entry.stored().ok_or_else(missing)?;
    decode_code(&store.verified(&stored)?).map_err(|error| RegistryError::Unusable {
        store: store.name(),
        file: stored.to_string(),
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::fs;

    use super::*;

    fn orca() -> (CodeOrigin, CodePrints) {
        let origin = CodeOrigin {
            id: "acme/orca".into(),
            family: "orca".into(),
            license: "MIT".into(),
            copyright: "Copyright 2024 Acme".into(),
        };
        (origin, CodePrints { prints: (0..50).collect(), tokens: 900 })
    }

    #[test]
    fn code_is_added_found_and_verified() {
        let folder = tempfile::tempdir().unwrap();
        let registry = RegistryFolder::open_or_create(folder.path()).unwrap();
        let open = || Registry::open(&[folder.path().to_owned()]).unwrap();
        assert_eq!(open().code_entries().unwrap(), []);
        let (origin, prints) = orca();
        let entry = registry.add_code(&origin, &prints, 1).unwrap();
        registry.add_code(&origin, &prints, 1).unwrap();
        assert_eq!(open().code_entries().unwrap(), std::slice::from_ref(&entry));
        let found = open().code_corpus().unwrap().attribute(&prints);
        assert_eq!(found.candidates.first().map(|best| best.family.as_str()), Some("orca"));

        let path = folder.path().join(entry.stored().unwrap().to_string());
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, bytes).unwrap();
        assert!(matches!(open().code_corpus(), Err(RegistryError::Altered { .. })));
        fs::remove_file(&path).unwrap();
        assert!(matches!(open().code_corpus(), Err(RegistryError::Missing { .. })));
    }

    #[test]
    fn a_list_that_points_outside_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        RegistryFolder::open_or_create(folder.path()).unwrap();
        let list =
            "schema = 1\n[[code]]\nid = \"a/b\"\nfamily = \"b\"\nlicense = \"MIT\"\nsha256 = \"../../x\"\nfiles = 1\n";
        fs::write(folder.path().join(LIST), list).unwrap();
        let registry = Registry::open(&[folder.path().to_owned()]).unwrap();
        assert!(matches!(registry.code_corpus(), Err(RegistryError::Unusable { .. })));
    }
}
