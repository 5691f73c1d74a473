// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Blocks of one remote file on this machine's disk, so that what is read twice is fetched once.
//!
//! The file has no name and is gone with the process. A spool that cannot be written is given up: the bytes are
//! fetched again instead.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::blocks::range;

/// What is kept of one file.
#[derive(Default)]
pub(super) struct Spool {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    file: Option<File>,
    held: BTreeSet<u64>,
    given_up: bool,
}

impl Spool {
    /// Keeps a block, if there is room.
    pub(super) fn put(
        &self,
        number: u64,
        bytes: &[u8],
        size: u64,
        folder: Option<&Path>,
        used: &AtomicU64,
        limit: u64,
    ) {
        let (Some(folder), Ok(mut inner)) = (folder, self.inner.lock()) else { return };
        let len = bytes.len() as u64;
        if inner.given_up || inner.held.contains(&number) || used.fetch_add(len, Ordering::Relaxed) + len > limit {
            return;
        }
        match inner.write(range(number, size).start, bytes, folder) {
            Ok(()) => {
                inner.held.insert(number);
            }
            Err(error) => {
                tracing::warn!("bytes needed twice are fetched twice: {} cannot be written: {error}", folder.display());
                *inner = Inner { given_up: true, ..Inner::default() };
            }
        }
    }

    /// A block that was kept.
    pub(super) fn get(&self, number: u64, size: u64) -> Option<Vec<u8>> {
        let mut inner = self.inner.lock().ok()?;
        if !inner.held.contains(&number) {
            return None;
        }
        let range = range(number, size);
        let mut bytes = vec![0; (range.end - range.start) as usize];
        let file = inner.file.as_mut()?;
        file.seek(SeekFrom::Start(range.start)).ok()?;
        file.read_exact(&mut bytes).ok()?;
        Some(bytes)
    }
}

impl Inner {
    fn write(&mut self, offset: u64, bytes: &[u8], folder: &Path) -> io::Result<()> {
        if self.file.is_none() {
            std::fs::create_dir_all(folder)?;
            self.file = Some(tempfile::tempfile_in(folder)?);
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(bytes)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::super::blocks::{BLOCK, HEAD};
    use super::*;

    #[test]
    fn blocks_come_back_as_they_were_until_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let (spool, used, size) = (Spool::default(), AtomicU64::new(0), HEAD + BLOCK + 3);
        spool.put(1, b"abc", size, Some(folder.path()), &used, 3);
        spool.put(0, &vec![7; BLOCK as usize], size, Some(folder.path()), &used, 3);
        assert_eq!(spool.get(1, size), Some(b"abc".to_vec()));
        assert_eq!(spool.get(0, size), None);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_spool_that_cannot_be_written_keeps_nothing_and_fails_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let spool = Spool::default();
        spool.put(0, b"abc", HEAD + 3, Some(&file), &AtomicU64::new(0), 100);
        assert_eq!(spool.get(0, HEAD + 3), None);
    }
}
