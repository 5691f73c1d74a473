// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Where the bytes of one file come from, and positional reads of them.

use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

/// Positional, exact reads: the one way in which stored bytes are read.
pub trait ReadAt: Send + Sync {
    /// Length in bytes, taken when the file was opened.
    fn size(&self) -> u64;
    /// Fills `buf` from `offset`; an error if fewer bytes remain.
    fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()>;
}

/// Bytes that are fetched only when somebody asks: a git blob nobody has looked at yet, or a file elsewhere.
pub trait Fetch: Send + Sync + fmt::Debug {
    /// Size in bytes, known without fetching.
    fn size(&self) -> u64;
    /// Fetches everything, into memory or into a spooled file; cheap to repeat for large content.
    fn fetch(&self) -> io::Result<Content>;
    /// Fetches at most the first `limit` bytes.
    fn head(&self, limit: usize) -> io::Result<Vec<u8>>;
    /// Opens it for positional reads; where a part can be had without the rest, nothing else is fetched.
    fn open(&self) -> io::Result<Box<dyn ReadAt>> {
        self.fetch()?.open()
    }
}

/// The bytes of one file: on disk (work tree, LFS store, spooled blob), in memory, or not fetched yet.
#[derive(Clone, Debug)]
pub enum Content {
    /// A file that may be read in place.
    Disk(PathBuf),
    /// A file spooled from a large blob; removed when the last handle is dropped.
    Spooled(Arc<tempfile::TempPath>),
    /// A blob small enough to hold.
    Memory(Arc<[u8]>),
    /// A blob in the object database, fetched on first use.
    Lazy(Arc<dyn Fetch>),
}

impl Content {
    /// Content held in memory.
    pub fn memory(bytes: impl Into<Arc<[u8]>>) -> Self {
        Self::Memory(bytes.into())
    }

    /// Opens the bytes for positional reads.
    pub fn open(&self) -> io::Result<Box<dyn ReadAt>> {
        match self {
            Self::Disk(path) => open_disk(path),
            Self::Spooled(path) => open_disk(path),
            Self::Memory(bytes) => Ok(Box::new(Memory(Arc::clone(bytes)))),
            Self::Lazy(source) => source.open(),
        }
    }

    /// Tells a file on disk from itself after it was written to: size and time of change. Empty for what cannot change.
    pub fn stamp(&self) -> String {
        let Self::Disk(path) = self else { return String::new() };
        let changed = |metadata: &fs::Metadata| metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok();
        match fs::metadata(path) {
            Ok(metadata) => format!("{}:{:?}", metadata.len(), changed(&metadata)),
            Err(_) => String::new(),
        }
    }

    /// Size in bytes.
    pub fn size(&self) -> io::Result<u64> {
        match self {
            Self::Disk(path) => Ok(fs::metadata(path)?.len()),
            Self::Spooled(path) => Ok(fs::metadata(&**path)?.len()),
            Self::Memory(bytes) => Ok(bytes.len() as u64),
            Self::Lazy(source) => Ok(source.size()),
        }
    }

    /// Returns at most the first `limit` bytes.
    pub fn head(&self, limit: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        match self {
            Self::Disk(path) => fs::File::open(path)?.take(limit as u64).read_to_end(&mut bytes)?,
            Self::Spooled(path) => fs::File::open(&**path)?.take(limit as u64).read_to_end(&mut bytes)?,
            Self::Memory(held) => held.as_ref().take(limit as u64).read_to_end(&mut bytes)?,
            Self::Lazy(source) => return source.head(limit),
        };
        Ok(bytes)
    }

    /// Returns the whole content, or an error if it is longer than `limit` bytes.
    pub fn read(&self, limit: usize) -> io::Result<Vec<u8>> {
        let bytes = self.head(limit.saturating_add(1))?;
        if bytes.len() > limit {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("longer than {limit} bytes")));
        }
        Ok(bytes)
    }
}

fn open_disk(path: &Path) -> io::Result<Box<dyn ReadAt>> {
    let file = fs::File::open(path)?;
    let size = file.metadata()?.len();
    Ok(Box::new(Disk { file, size }))
}

struct Disk {
    file: fs::File,
    size: u64,
}

impl ReadAt for Disk {
    fn size(&self) -> u64 {
        self.size
    }

    #[cfg(unix)]
    fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.file, buf, offset)
    }

    #[cfg(windows)]
    fn read_exact_at(&self, mut offset: u64, mut buf: &mut [u8]) -> io::Result<()> {
        while !buf.is_empty() {
            match std::os::windows::fs::FileExt::seek_read(&self.file, buf, offset)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                n => {
                    buf = &mut buf[n..];
                    offset += n as u64;
                }
            }
        }
        Ok(())
    }
}

struct Memory(Arc<[u8]>);

impl ReadAt for Memory {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(buf.len() as u64).ok_or(io::ErrorKind::UnexpectedEof)?;
        let range = usize::try_from(offset).ok().zip(usize::try_from(end).ok());
        let held = range.and_then(|(start, end)| self.0.get(start..end)).ok_or(io::ErrorKind::UnexpectedEof)?;
        buf.copy_from_slice(held);
        Ok(())
    }
}
