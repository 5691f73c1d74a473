// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The index file: records by what they were made from.
//!
//! In: a path in the cache, and the bases there are. Out: a record for each, read or made.
//!
//! An entry is the SHA-256 of the fingerprint file that the record was made of, the length of the record, the record, and
//! the first 16 bytes of SHA-256 over all of these. Entries are appended under a lock; from the first that is not whole
//! the file is cut off, and what is missing is made again: a damaged or stale entry is never believed. A base that is
//! added costs one entry, one that is removed is not asked for; when more than half of the file is not, it is written
//! anew. The file is a cache: it may be deleted at any time, and it is not a part of the registry, because who may
//! push a registry could push records that rule its bases out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::record::{LARGEST, Record};

/// First bytes; another version of records has another number.
const MAGIC: &[u8; 16] = b"forebear-index/1";
/// Bytes of a key.
const KEY: usize = 32;
/// Bytes of a check.
const CHECK: usize = 16;
/// Entries read or made before they are looked at or written.
const BATCH: usize = 1024;

/// SHA-256 of a fingerprint file.
pub type Key = [u8; KEY];

/// Records of all bases, in their order.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// One a base.
    pub records: Vec<Arc<Record>>,
    /// How many of them had to be made.
    pub made: usize,
}

impl Index {
    /// Reads the records of the bases with these keys, and makes those that are missing. Failing to keep them costs time
    /// later and nothing else, so only what `make` says is an error.
    pub fn open<E: Send>(
        path: Option<&Path>,
        keys: &[Key],
        make: impl Fn(usize) -> Result<Record, E> + Sync,
    ) -> Result<Self, E> {
        let wanted: BTreeSet<Key> = keys.iter().copied().collect();
        let mut known = path.map(|path| read(path, &wanted).unwrap_or_default()).unwrap_or_default();
        let mut missing = absent(keys, &known.records);
        if missing.is_empty() {
            return Ok(Self::of(keys, &known, 0));
        }
        // Whoever comes second finds what the first has made.
        let kept = path.and_then(|path| Kept::lock(path).ok());
        if let (Some(path), Some(_)) = (path, &kept) {
            known = read(path, &wanted).unwrap_or_default();
            missing = absent(keys, &known.records);
        }
        let mut kept = kept.and_then(|kept| kept.opened(&known, wanted.len()).ok());
        for batch in missing.chunks(BATCH) {
            let made: Vec<(Key, Record)> = batch
                .par_iter()
                .filter_map(|at| keys.get(*at).map(|key| make(*at).map(|record| (*key, record))))
                .collect::<Result<_, E>>()?;
            // Once a write fails no more are tried: the file is cut off there when it is read.
            kept = kept.filter(|kept| kept.append(&made).is_ok());
            known.records.extend(made.into_iter().map(|(key, record)| (key, Arc::new(record))));
        }
        Ok(Self::of(keys, &known, missing.len()))
    }

    fn of(keys: &[Key], known: &Known, made: usize) -> Self {
        let record = |key| known.records.get(key).cloned().unwrap_or_default();
        Self { records: keys.iter().map(record).collect(), made }
    }
}

fn absent(keys: &[Key], known: &BTreeMap<Key, Arc<Record>>) -> Vec<usize> {
    let mut seen = BTreeSet::new();
    (0..keys.len()).filter(|at| keys.get(*at).is_some_and(|key| !known.contains_key(key) && seen.insert(key))).collect()
}

/// What a file holds.
#[derive(Default)]
struct Known {
    records: BTreeMap<Key, Arc<Record>>,
    /// Bytes up to the first entry that is not whole.
    whole: u64,
    /// Entries there, wanted or not.
    entries: usize,
}

fn read(path: &Path, wanted: &BTreeSet<Key>) -> io::Result<Known> {
    let mut reader = BufReader::with_capacity(1 << 20, File::open(path)?);
    let mut magic = [0; MAGIC.len()];
    reader.read_exact(&mut magic)?;
    let mut known = Known::default();
    if magic != *MAGIC {
        return Ok(known);
    }
    known.whole = MAGIC.len() as u64;
    loop {
        let mut batch = Vec::with_capacity(BATCH);
        while batch.len() < BATCH
            && let Some(entry) = entry(&mut reader)?
        {
            batch.push(entry);
        }
        let last = batch.len() < BATCH;
        let parsed: Vec<Option<Record>> = batch.par_iter().map(|entry| parse(entry)).collect();
        for (bytes, record) in batch.iter().zip(parsed) {
            let (Some(record), Some(key)) = (record, bytes.first_chunk::<KEY>()) else { return Ok(known) };
            if wanted.contains(key) {
                known.records.insert(*key, Arc::new(record));
            }
            known.whole += bytes.len() as u64;
            known.entries += 1;
        }
        if last {
            return Ok(known);
        }
    }
}

/// The bytes of the next entry, whole or not; none at the end, or where a length cannot be.
fn entry(reader: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::with_capacity(LARGEST / 2);
    reader.take((KEY + 4) as u64).read_to_end(&mut bytes)?;
    let length = bytes.get(KEY..).and_then(|length| length.first_chunk::<4>());
    let Some(length) = length.map(|length| u32::from_le_bytes(*length) as usize).filter(|length| *length <= LARGEST)
    else {
        return Ok(None);
    };
    reader.take((length + CHECK) as u64).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

fn parse(bytes: &[u8]) -> Option<Record> {
    let (body, check) = bytes.split_at_checked(bytes.len().checked_sub(CHECK)?)?;
    let length = body.get(KEY..)?.first_chunk::<4>()?;
    let record = body.get(KEY + 4..)?;
    let is_whole = record.len() == u32::from_le_bytes(*length) as usize && check_of(body) == check;
    is_whole.then(|| Record::from_bytes(record)).flatten()
}

fn check_of(body: &[u8]) -> [u8; CHECK] {
    Sha256::digest(body).first_chunk().copied().unwrap_or_default()
}

fn written(key: &Key, record: &Record) -> Vec<u8> {
    let record = record.to_bytes();
    let mut bytes = key.to_vec();
    bytes.extend_from_slice(&(record.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&record);
    let check = check_of(&bytes);
    bytes.extend_from_slice(&check);
    bytes
}

/// The file while nobody else writes to it.
struct Kept {
    path: PathBuf,
    _lock: File,
}

impl Kept {
    fn lock(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        // Beside the file, which is replaced at times. It is never deleted: that would race with its next holder.
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(path.with_extension("lock"))?;
        lock.lock()?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Cuts off what is not whole; writes the file anew if it is not there or most of it is not asked for.
    fn opened(self, known: &Known, wanted: usize) -> io::Result<Self> {
        if known.whole == 0 || known.entries > 2 * known.records.len() + wanted {
            let folder = self.path.parent().unwrap_or(Path::new("."));
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(MAGIC)?;
            for (key, record) in &known.records {
                file.write_all(&written(key, record))?;
            }
            file.persist(&self.path).map_err(|error| error.error)?;
        } else {
            OpenOptions::new().write(true).open(&self.path)?.set_len(known.whole)?;
        }
        Ok(self)
    }

    fn append(&self, made: &[(Key, Record)]) -> io::Result<()> {
        let bytes: Vec<u8> = made.iter().flat_map(|(key, record)| written(key, record)).collect();
        let mut file = OpenOptions::new().write(true).open(&self.path)?;
        file.seek(SeekFrom::End(0))?;
        file.write_all(&bytes)
    }
}
