// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Blobs that are read when somebody asks: small ones into memory, large ones through the git program into a file.

use std::io::{self, Read};
use std::process::Stdio;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use gix::ObjectId;
use tempfile::{NamedTempFile, TempPath};

use super::repository::Shared;
use super::{Content, Fetch};

/// Blobs above this size are spooled: gix inflates a blob whole, while `git cat-file` streams it.
const SPOOL_ABOVE: u64 = 64 << 20;
/// Bytes of the beginning that are kept: what a blob is shows there, and each ref of a push asks again.
const HEAD: usize = 512;

/// A blob of `repo`, not read yet.
pub(super) fn lazy(shared: &Arc<Shared>, id: ObjectId, size: u64) -> Content {
    let (spooled, head) = (Mutex::new(None), OnceLock::new());
    Content::Lazy(Arc::new(Blob { shared: Arc::clone(shared), id, size, spooled, head }))
}

#[derive(Debug)]
struct Blob {
    shared: Arc<Shared>,
    id: ObjectId,
    size: u64,
    spooled: Mutex<Option<Arc<TempPath>>>,
    head: OnceLock<Box<[u8]>>,
}

impl Fetch for Blob {
    fn size(&self) -> u64 {
        self.size
    }

    fn fetch(&self) -> io::Result<Content> {
        if self.size <= SPOOL_ABOVE {
            return Ok(Content::Memory(self.inflate()?));
        }
        let mut spooled = self.spooled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(path) = &*spooled {
            return Ok(Content::Spooled(Arc::clone(path)));
        }
        let path = Arc::new(self.spool()?);
        *spooled = Some(Arc::clone(&path));
        Ok(Content::Spooled(path))
    }

    fn head(&self, limit: usize) -> io::Result<Vec<u8>> {
        if let Some(held) = self.head.get().filter(|held| held.len() as u64 >= self.size.min(limit as u64)) {
            return Ok(held.get(..limit).unwrap_or(held).to_vec());
        }
        if self.size <= SPOOL_ABOVE {
            let bytes = self.inflate()?;
            self.head.get_or_init(|| bytes.get(..HEAD).unwrap_or(&bytes).into());
            return Ok(bytes.get(..limit).unwrap_or(&bytes).to_vec());
        }
        if let Some(path) = &*self.spooled.lock().unwrap_or_else(PoisonError::into_inner) {
            return Content::Spooled(Arc::clone(path)).head(limit);
        }
        let mut bytes = Vec::new();
        let mut child = self.cat_file().spawn()?;
        let read = child.stdout.take().map(|output| output.take(limit as u64).read_to_end(&mut bytes));
        // The program may be in the middle of a large blob; enough was read.
        let _ = child.kill();
        child.wait()?;
        read.transpose()?;
        if (bytes.len() as u64) < self.size.min(limit as u64) {
            return Err(self.unreadable("it ends early"));
        }
        Ok(bytes)
    }
}

impl Blob {
    fn inflate(&self) -> io::Result<Arc<[u8]>> {
        if let Some(content) = self.shared.kept.get(self.id) {
            return Ok(content);
        }
        let content = Arc::from(self.shared.blob(self.id).map_err(|error| self.unreadable(&error.to_string()))?);
        self.shared.kept.put(self.id, &content);
        Ok(content)
    }

    fn spool(&self) -> io::Result<TempPath> {
        let mut file = NamedTempFile::with_prefix("forebear-")?;
        let mut child = self.cat_file().spawn()?;
        let copied = child.stdout.take().map(|mut output| io::copy(&mut output, &mut file)).transpose();
        let status = child.wait()?;
        if !status.success() || copied? != Some(self.size) {
            return Err(self.unreadable("git cat-file gave something else"));
        }
        Ok(file.into_temp_path())
    }

    fn cat_file(&self) -> std::process::Command {
        let mut command = self.shared.command();
        command.args(["cat-file", "blob"]).arg(self.id.to_string()).stdout(Stdio::piped()).stderr(Stdio::null());
        command
    }

    fn unreadable(&self, reason: &str) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, format!("blob {} cannot be read: {reason}", self.id))
    }
}
