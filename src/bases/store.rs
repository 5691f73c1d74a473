// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Where the files of one registry are: a folder on disk, or anything that can read a path.
//!
//! In: a folder, or a reader of paths (a tree in git). Out: bytes, bounded in size, and verified if they
//! are content-addressed.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::RegistryError;
use super::stored::{Stored, digest_of};

/// Bytes above which an index is refused: about 100,000 bases.
const INDEX_LIMIT: u64 = 64 << 20;

/// Name of the index in a registry.
pub(super) const INDEX: &str = "index.toml";

/// Reads the file at a `/`-separated path of a registry that is not on disk.
pub trait ReadStored: Send + Sync {
    /// Returns the bytes, `None` if there is no such file, or an error if there are more than `limit`.
    fn read(&self, path: &str, limit: u64) -> io::Result<Option<Vec<u8>>>;
}

/// Where the files of one registry are.
#[derive(Clone)]
pub enum Store {
    /// A folder.
    Folder(PathBuf),
    /// Anything that can read a path, with a name for messages.
    Reader(String, Arc<dyn ReadStored>),
}

impl Store {
    /// Name shown in messages.
    pub fn name(&self) -> String {
        match self {
            Self::Folder(path) => path.display().to_string(),
            Self::Reader(name, _) => name.clone(),
        }
    }

    /// The text of the index.
    pub(super) fn index(&self) -> Result<String, RegistryError> {
        let path = self.file_name(INDEX);
        let bytes = self
            .read(INDEX, INDEX_LIMIT)
            .map_err(|error| RegistryError::io(&path, error))?
            .ok_or_else(|| RegistryError::NotARegistry { store: self.name() })?;
        String::from_utf8(bytes)
            .map_err(|_| RegistryError::io(path, io::Error::new(io::ErrorKind::InvalidData, "not UTF-8 text")))
    }

    /// The bytes of a stored file, verified against the digest in its name.
    pub(super) fn verified(&self, stored: &Stored) -> Result<Vec<u8>, RegistryError> {
        let file = stored.to_string();
        let bytes = self
            .read(&file, stored.kind.limit())
            .map_err(|error| RegistryError::io(self.file_name(&file), error))?
            .ok_or_else(|| RegistryError::Missing { store: self.name(), file: file.clone() })?;
        let found = Stored::of(stored.kind, &bytes);
        if found == *stored {
            Ok(bytes)
        } else {
            Err(RegistryError::Altered { store: self.name(), file, found: found.sha256().to_owned() })
        }
    }

    /// SHA-256 of what is stored under the name, without holding it; `None` if there is no such file.
    pub(super) fn digest(&self, stored: &Stored) -> io::Result<Option<String>> {
        match self {
            Self::Folder(folder) => match File::open(folder.join(stored.to_string())) {
                Ok(mut file) => digest_of(&mut file).map(Some),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            },
            Self::Reader(_, reader) => Ok(reader
                .read(&stored.to_string(), stored.kind.limit())?
                .map(|bytes| Stored::of(stored.kind, &bytes).sha256().to_owned())),
        }
    }

    /// Full name of a file, for messages.
    pub(super) fn file_name(&self, file: &str) -> String {
        match self {
            Self::Folder(folder) => folder.join(file).display().to_string(),
            Self::Reader(name, _) => format!("{name}:{file}"),
        }
    }

    /// The bytes of a file, `None` if there is none.
    pub(super) fn read(&self, path: &str, limit: u64) -> io::Result<Option<Vec<u8>>> {
        match self {
            Self::Folder(folder) => read_bounded(&folder.join(path), limit),
            Self::Reader(_, reader) => reader.read(path, limit),
        }
    }
}

fn read_bounded(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("longer than {limit} bytes")));
    }
    Ok(Some(bytes))
}
