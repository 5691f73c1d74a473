// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Fingerprints, and what was concluded from them, kept under the content they were made from.
//!
//! In: the identity of a checkpoint's files and a folder. Out: what was made earlier, if it is whole. An entry
//! carries its own SHA-256 in front; a damaged one is removed and made again, never believed. Writes are atomic, so
//! two processes at once do no harm, and the folder may be deleted at any time.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::SystemTime;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::file::FORMAT;
use super::record::{Fingerprint, hex};

/// Folder of the fingerprints.
const FINGERPRINTS: &str = "fingerprints";
/// Folder of what was concluded from them.
const CONCLUSIONS: &str = "conclusions";

/// A folder of fingerprints, and of what was concluded from them.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// Bytes that are left, at most, when something is added.
    pub const LIMIT: u64 = 4_000_000_000;

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
        self.read(FINGERPRINTS, key, |body| Fingerprint::from_bytes(body).ok())
    }

    /// Keeps a fingerprint. Failing to keep it costs time later and nothing else, so the caller may ignore the error.
    pub fn put(&self, key: &str, fingerprint: &Fingerprint) -> io::Result<()> {
        self.write(FINGERPRINTS, key, &fingerprint.to_bytes().map_err(io::Error::other)?)
    }

    /// Returns what was concluded from content alone and kept under `key`, if it is there and whole.
    pub fn conclusion<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        self.read(CONCLUSIONS, key, |body| serde_json::from_slice(body).ok())
    }

    /// Keeps what was concluded from content alone: `key` has to name all of it.
    pub fn conclude<T: Serialize>(&self, key: &str, conclusion: &T) -> io::Result<()> {
        self.write(CONCLUSIONS, key, &serde_json::to_vec(conclusion)?)
    }

    fn read<T>(&self, kind: &str, key: &str, parse: impl Fn(&[u8]) -> Option<T>) -> Option<T> {
        let path = self.path(kind, key);
        let bytes = fs::read(&path).ok()?;
        let whole = bytes
            .split_at_checked(32)
            .filter(|(digest, body)| Sha256::digest(body).as_slice() == *digest)
            .and_then(|(_, body)| parse(body));
        if whole.is_some() {
            // What was used last goes last; a cache that cannot be written to is read all the same.
            let _ = File::options().append(true).open(&path).and_then(|file| file.set_modified(SystemTime::now()));
        } else {
            let _ = fs::remove_file(&path);
        }
        whole
    }

    fn write(&self, kind: &str, key: &str, body: &[u8]) -> io::Result<()> {
        let path = self.path(kind, key);
        let folder = path.parent().unwrap_or(&self.folder);
        fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(&Sha256::digest(body))?;
        file.write_all(body)?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    /// Bytes of all fingerprints and conclusions.
    pub fn size(&self) -> u64 {
        self.entries().iter().map(|(_, size, _)| size).sum()
    }

    /// Removes what was used longest ago, until at most `limit` bytes are left. What another process removes meanwhile
    /// is gone as well.
    pub fn shrink(&self, limit: u64) {
        let mut entries = self.entries();
        let mut size: u64 = entries.iter().map(|(_, size, _)| size).sum();
        entries.sort();
        for (_, bytes, path) in entries {
            if size <= limit {
                break;
            }
            size -= bytes;
            let _ = fs::remove_file(path);
        }
    }

    /// When each entry was used last, how large it is, and where.
    fn entries(&self) -> Vec<(SystemTime, u64, PathBuf)> {
        let listed = |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
        [FINGERPRINTS, CONCLUSIONS]
            .into_iter()
            .flat_map(|kind| listed(self.folder.join(kind)))
            .flat_map(|fan| listed(fan.path()))
            .filter_map(|entry| {
                let about = entry.metadata().ok().filter(fs::Metadata::is_file)?;
                Some((about.modified().ok()?, about.len(), entry.path()))
            })
            .collect()
    }

    fn path(&self, kind: &str, key: &str) -> PathBuf {
        let (fan, rest) = key.split_at_checked(2).unwrap_or(("", key));
        self.folder.join(kind).join(fan).join(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::{Cache, FINGERPRINTS, Fingerprint};

    #[test]
    fn a_damaged_entry_is_removed_and_not_believed() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        let cache = Cache::new(folder.path().to_owned());
        let key = Cache::key(&["sha256:00"], "safetensors", "");
        let print = Fingerprint { name: "m".into(), ..Fingerprint::default() };
        assert!(cache.get(&key).is_none());
        cache.put(&key, &print)?;
        assert_eq!(cache.get(&key), Some(print));
        let path = cache.path(FINGERPRINTS, &key);
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
    fn what_was_used_longest_ago_goes_first() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        let cache = Cache::new(folder.path().to_owned());
        let keys: Vec<String> = (0..4).map(|at| Cache::key(&[&at.to_string()], "search", "")).collect();
        let age = |key: &str, seconds: u64| {
            let file = std::fs::File::options().append(true).open(cache.path(super::CONCLUSIONS, key))?;
            file.set_modified(std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds))
        };
        for (at, key) in keys.iter().enumerate() {
            cache.conclude(key, &vec![at as f64 / 3.0; 100])?;
            age(key, at as u64)?;
        }
        // Reading is using.
        assert_eq!(cache.conclusion::<Vec<f64>>(&keys[0]), Some(vec![0.0; 100]));
        let one = cache.size() / 4;
        cache.shrink(cache.size() - one);
        let left: Vec<bool> = keys.iter().map(|key| cache.conclusion::<Vec<f64>>(key).is_some()).collect();
        assert!(left[0] && left[3] && !left[1], "{left:?}");
        assert_eq!(cache.conclusion::<Vec<f64>>(&keys[3]), Some(vec![1.0; 100]));
        Ok(())
    }

    #[test]
    fn keys_do_not_run_into_one_another() {
        assert_ne!(Cache::key(&["ab", "c"], "f", ""), Cache::key(&["a", "bc"], "f", ""));
        assert_ne!(Cache::key(&["a"], "f", "x"), Cache::key(&["a"], "f", ""));
    }
}
