// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Changes to a registry that is a folder.
//!
//! In: a base to add or an id to remove. Out: the folder changed as one step: content-addressed files are
//! placed first and the index is replaced last, so a killed process leaves at most files that no base names.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::archive::{self, Imported};
use super::base::NewBase;
use super::error::RegistryError;
use super::index::{self, Entry};
use super::registry::{short, unknown};
use super::seal::SIGNATURE;
use super::store::{INDEX, Store};
use super::stored::{Kind, Stored};
use crate::documents::TokenizerPrint;

/// Held by whoever changes the registry. It is never deleted: deleting a lock file races with its next holder.
const LOCK: &str = ".lock";
/// Keeps from git what is no part of the registry.
const IGNORED: &str = ".gitignore";
/// How the names of files begin that are not written yet.
const TEMPORARY: &str = ".new-";

/// A registry that can be changed.
#[derive(Clone, Debug)]
pub struct RegistryFolder {
    path: PathBuf,
}

impl RegistryFolder {
    /// Opens a registry for changes.
    pub fn open(path: &Path) -> Result<Self, RegistryError> {
        let folder = Self { path: path.to_owned() };
        folder.entries()?;
        Ok(folder)
    }

    /// Opens a registry for changes; makes an empty one if the folder is missing or empty.
    pub fn open_or_create(path: &Path) -> Result<Self, RegistryError> {
        let folder = Self { path: path.to_owned() };
        fs::create_dir_all(path).map_err(|error| RegistryError::io(path.display(), error))?;
        let _lock = folder.lock()?;
        match folder.entries() {
            Err(RegistryError::NotARegistry { .. }) if folder.is_empty()? => {
                folder.place(IGNORED, format!("{LOCK}\n{TEMPORARY}*\n").as_bytes())?;
                folder.write_index(&BTreeMap::new())?;
            }
            entries => drop(entries?),
        }
        Ok(folder)
    }

    /// Adds a base; what was said before of the same fingerprint under the same id is replaced.
    ///
    /// Returns the entry as it stands in the index.
    pub fn add(&self, base: &NewBase) -> Result<Entry, RegistryError> {
        let bad = |id: &str, reason| RegistryError::BadId { id: id.escape_debug().to_string(), reason };
        for id in std::iter::once(&base.id).chain(&base.derived_from) {
            if let Some(reason) = index::id_fault(id) {
                return Err(bad(id, reason));
            }
        }
        let headers = (!base.headers.is_empty())
            .then(|| serde_json::to_vec_pretty(&base.headers))
            .transpose()
            .map_err(|error| RegistryError::io("headers", error.into()))?;
        let _lock = self.lock()?;
        let mut entries = self.entries()?;
        let fingerprint = named(Kind::Fingerprint, &base.fingerprint);
        let license = base.license_text.as_deref().map(|text| named(Kind::License, text.as_bytes()));
        let notice = base.notice.as_deref().map(|text| named(Kind::Notice, text.as_bytes()));
        let headers = headers.as_deref().map(|bytes| named(Kind::Headers, bytes));
        let tokenizer = base.tokenizer.as_ref().map(TokenizerPrint::to_bytes);
        let tokenizer = tokenizer.as_deref().map(|bytes| named(Kind::Tokenizer, bytes));
        let entry = Entry {
            id: base.id.clone(),
            license: base.license.clone(),
            source: base.source.clone(),
            revision: base.revision.clone(),
            fingerprint: fingerprint.0.clone(),
            parameters: base.parameters,
            architecture: base.architecture.clone(),
            added: base.added.clone(),
            license_text: license.as_ref().map(|(stored, _)| stored.clone()),
            notice: notice.as_ref().map(|(stored, _)| stored.clone()),
            headers: headers.as_ref().map(|(stored, _)| stored.clone()),
            tokenizer: tokenizer.as_ref().map(|(stored, _)| stored.clone()),
            derived_from: base.derived_from.clone(),
        };
        self.refuse_other(&entries, &entry)?;
        let beside = [license, notice, headers, tokenizer].into_iter().flatten();
        for (stored, bytes) in std::iter::once(fingerprint).chain(beside) {
            if bytes.len() as u64 > stored.kind.limit() {
                let reason = format!("longer than {} bytes", stored.kind.limit());
                let error = io::Error::new(io::ErrorKind::FileTooLarge, reason);
                return Err(RegistryError::io(self.path.join(stored.to_string()).display(), error));
            }
            self.place(&stored.to_string(), bytes)?;
        }
        let replaced = entries.insert(entry.id.clone(), entry.clone());
        self.write_index(&entries)?;
        if let Some(replaced) = replaced {
            self.sweep(&replaced, &entries)?;
        }
        Ok(entry)
    }

    /// Removes a base, and the files that no other base names.
    pub fn remove(&self, id: &str) -> Result<Entry, RegistryError> {
        let _lock = self.lock()?;
        let mut entries = self.entries()?;
        let Some(removed) = entries.remove(id) else {
            return Err(unknown(id, entries.keys()));
        };
        self.write_index(&entries)?;
        self.sweep(&removed, &entries)?;
        Ok(removed)
    }

    /// Places the bases of an archive made by [`export`](super::Registry::export).
    ///
    /// Every digest is verified before anything is placed, and again while it is placed.
    pub fn import<R: Read + Seek>(&self, archive: R) -> Result<Imported, RegistryError> {
        let mut archive = archive::Archive::open(archive)?;
        archive.verify()?;
        let _lock = self.lock()?;
        let mut entries = self.entries()?;
        for entry in archive.entries().values() {
            self.refuse_other(&entries, entry)?;
        }
        let mut code = self.code()?;
        for new in archive.code().values() {
            if let Some(held) = code.get(&new.id).filter(|held| held.sha256 != new.sha256) {
                return Err(RegistryError::Exists {
                    id: new.id.clone(),
                    store: self.path.display().to_string(),
                    found: held.sha256.chars().take(12).collect(),
                    expected: new.sha256.chars().take(12).collect(),
                });
            }
        }
        let mut imported = Imported::default();
        for entry in archive.entries().clone().into_values() {
            if entries.contains_key(&entry.id) {
                imported.present.push(entry.id);
                continue;
            }
            for stored in entry.files() {
                self.take(&mut archive, stored)?;
            }
            imported.added.push(entry.id.clone());
            entries.insert(entry.id.clone(), entry);
        }
        self.write_index(&entries)?;
        for entry in archive.code().clone().into_values() {
            if code.contains_key(&entry.id) {
                continue;
            }
            if let Some(stored) = entry.stored() {
                self.take(&mut archive, &stored)?;
            }
            imported.code.push(entry.id.clone());
            code.insert(entry.id.clone(), entry);
        }
        if !imported.code.is_empty() {
            self.write_code(&code)?;
        }
        Ok(imported)
    }

    fn take<R: Read + Seek>(&self, archive: &mut archive::Archive<R>, stored: &Stored) -> Result<(), RegistryError> {
        let mut file = self.temporary(&stored.to_string())?;
        archive.copy(stored, file.as_file_mut())?;
        self.persist(file, &stored.to_string())
    }

    /// The folder as something to read.
    pub(super) fn store(&self) -> Store {
        Store::Folder(self.path.clone())
    }

    fn entries(&self) -> Result<BTreeMap<String, Entry>, RegistryError> {
        let store = self.store();
        Ok(index::parse(&store.file_name(INDEX), &store.index()?)?)
    }

    /// Waits until no other process changes the registry; the lock is let go when the file is dropped.
    pub(super) fn lock(&self) -> Result<File, RegistryError> {
        let path = self.path.join(LOCK);
        let lock = || {
            let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
            file.lock()?;
            // Whoever holds the lock is alone, so what has no name yet belongs to a process that was killed.
            for left in fs::read_dir(&self.path)?.flatten().filter(|left| is_temporary(&left.file_name())) {
                let _ = fs::remove_file(left.path());
            }
            Ok(file)
        };
        lock().map_err(|error| RegistryError::io(path.display(), error))
    }

    fn is_empty(&self) -> Result<bool, RegistryError> {
        let listing = fs::read_dir(&self.path).map_err(|error| RegistryError::io(self.path.display(), error))?;
        // The first steps of making one may have been the last of a process that was killed.
        let begun = |name: &OsStr| name == LOCK || name == IGNORED || is_temporary(name);
        Ok(listing.flatten().all(|file| begun(&file.file_name())))
    }

    /// One id never changes its weights silently.
    fn refuse_other(&self, entries: &BTreeMap<String, Entry>, new: &Entry) -> Result<(), RegistryError> {
        let held = entries.values().find(|held| held.id.eq_ignore_ascii_case(&new.id));
        match held {
            Some(held) if held.id != new.id => Err(RegistryError::Respelled {
                id: new.id.clone(),
                held: held.id.clone(),
                store: self.path.display().to_string(),
            }),
            Some(held) if held.fingerprint != new.fingerprint => Err(RegistryError::Exists {
                id: new.id.clone(),
                store: self.path.display().to_string(),
                found: short(&held.fingerprint),
                expected: short(&new.fingerprint),
            }),
            _ => Ok(()),
        }
    }

    /// Deletes the files of an entry that is gone, unless another entry names them.
    fn sweep(&self, gone: &Entry, entries: &BTreeMap<String, Entry>) -> Result<(), RegistryError> {
        let kept: BTreeSet<&Stored> = entries.values().flat_map(Entry::files).collect();
        gone.files().filter(|stored| !kept.contains(stored)).try_for_each(|stored| self.delete(stored))
    }

    pub(super) fn delete(&self, stored: &Stored) -> Result<(), RegistryError> {
        let path = self.path.join(stored.to_string());
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(RegistryError::io(path.display(), error)),
            _ => Ok(()),
        }
    }

    /// What is to be signed, and then the signature over it, armored: a change of the registry in between is seen.
    pub fn sign<E: From<RegistryError>>(&self, sign: impl FnOnce(&[u8]) -> Result<String, E>) -> Result<(), E> {
        let _lock = self.lock()?;
        let statement = Store::Folder(self.path.clone()).seal()?.statement;
        self.place(SIGNATURE, sign(&statement)?.as_bytes())?;
        Ok(())
    }

    fn write_index(&self, entries: &BTreeMap<String, Entry>) -> Result<(), RegistryError> {
        let text = index::render(entries).map_err(|error| RegistryError::io(INDEX, io::Error::other(error)))?;
        self.place(INDEX, text.as_bytes())
    }

    pub(super) fn place(&self, name: &str, bytes: &[u8]) -> Result<(), RegistryError> {
        let mut file = self.temporary(name)?;
        file.write_all(bytes).map_err(|error| RegistryError::io(self.path.join(name).display(), error))?;
        self.persist(file, name)
    }

    /// A file in the registry itself, so that giving it its name is one step. It is gone if it is not given one.
    fn temporary(&self, name: &str) -> Result<NamedTempFile, RegistryError> {
        let path = self.path.join(name);
        let make = || {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            let mut builder = tempfile::Builder::new();
            builder.prefix(TEMPORARY);
            // Temporary files are private by default; a registry is meant to be shared, within the umask.
            #[cfg(unix)]
            builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
            builder.tempfile_in(&self.path)
        };
        make().map_err(|error| RegistryError::io(path.display(), error))
    }

    fn persist(&self, file: NamedTempFile, name: &str) -> Result<(), RegistryError> {
        let path = self.path.join(name);
        let persist = || {
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|error| error.error)?;
            Ok(())
        };
        persist().map_err(|error| RegistryError::io(path.display(), error))
    }
}

fn is_temporary(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(TEMPORARY.as_bytes())
}

fn named(kind: Kind, bytes: &[u8]) -> (Stored, &[u8]) {
    (Stored::of(kind, bytes), bytes)
}
