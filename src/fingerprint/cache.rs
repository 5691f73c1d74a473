// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Fingerprints kept under the content they were made from.
//!
//! In: the identity of a checkpoint's files and a folder. Out: the fingerprint made earlier, if it is whole. An entry
//! carries its own SHA-256 in front; a damaged one is removed and made again, never believed. Writes are atomic, so
//! two processes at once do no harm, and the folder may be deleted at any time.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use super::file::FORMAT;
use super::record::{Fingerprint, hex};

/// A folder of fingerprints.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// A cache in `folder`, which is made when first written to.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The file in which the index of the bases with this name is kept. Like every entry it may be deleted at any time.
    pub fn index_file(&self, name: &str) -> PathBuf {
        self.folder.join("bases").join(name)
    }

    /// The key of a checkpoint: what identifies its files' content, its format and the version of the fingerprint.
    /// `ids` are git blob ids or `sha256:…`, in shard order; `config` is the text the tensors were split by.
    pub fn key(ids: &[&str], format: &str, config: &str) -> String {
        let mut hasher = Sha256::new();
        for part in [FORMAT, env!("CARGO_PKG_VERSION"), format, config].iter().chain(ids) {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        hex(&hasher.finalize())
    }

    /// Returns the fingerprint kept under `key`, if it is there and whole.
    pub fn get(&self, key: &str) -> Option<Fingerprint> {
        let path = self.path(key);
        let bytes = fs::read(&path).ok()?;
        let whole = bytes
            .split_at_checked(32)
            .filter(|(digest, body)| Sha256::digest(body).as_slice() == *digest)
            .and_then(|(_, body)| Fingerprint::from_bytes(body).ok());
        if whole.is_none() {
            let _ = fs::remove_file(&path);
        }
        whole
    }

    /// Keeps a fingerprint. Failing to keep it costs time later and nothing else, so the caller may ignore the error.
    pub fn put(&self, key: &str, fingerprint: &Fingerprint) -> std::io::Result<()> {
        let path = self.path(key);
        let folder = path.parent().unwrap_or(&self.folder);
        fs::create_dir_all(folder)?;
        let body = fingerprint.to_bytes().map_err(std::io::Error::other)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(&Sha256::digest(&body))?;
        file.write_all(&body)?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    fn path(&self, key: &str) -> PathBuf {
        let (fan, rest) = key.split_at_checked(2).unwrap_or(("", key));
        self.folder.join("fingerprints").join(fan).join(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::{Cache, Fingerprint};

    #[test]
    fn a_damaged_entry_is_removed_and_not_believed() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        let cache = Cache::new(folder.path().to_owned());
        let key = Cache::key(&["sha256:00"], "safetensors", "");
        let print = Fingerprint { name: "m".into(), ..Fingerprint::default() };
        assert!(cache.get(&key).is_none());
        cache.put(&key, &print)?;
        assert_eq!(cache.get(&key), Some(print));
        let path = cache.path(&key);
        let mut bytes = std::fs::read(&path)?;
        if let Some(last) = bytes.last_mut() {
            *last ^= 1;
        }
        std::fs::write(&path, bytes)?;
        assert!(cache.get(&key).is_none());
        assert!(!path.exists());
        Ok(())
    }

    #[test]
    fn keys_do_not_run_into_one_another() {
        assert_ne!(Cache::key(&["ab", "c"], "f", ""), Cache::key(&["a", "bc"], "f", ""));
        assert_ne!(Cache::key(&["a"], "f", "x"), Cache::key(&["a"], "f", ""));
    }
}
