// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A remote file behind the interface of every other: positional reads.
//!
//! The first bytes are fetched once and kept. What is read in passing, or is long, is fetched in blocks, the next few
//! before they are asked for; what is short and read out of order is fetched as it is.

use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use futures_util::FutureExt as _;
use futures_util::future;

use super::blocks::{BLOCK, Coming, HEAD, number, range};
use super::client::{Client, runtime, wait};
use super::error::RemoteError;
use super::fetch::{Origin, Pin, Wanted, fetch, is_same};
use super::spool::Spool;
use crate::changes::{Content, Fetch, ReadAt};

/// Blocks fetched before they are asked for.
const AHEAD: u64 = 3;
/// Shortest read that is worth a block, and shortest that is worth a request.
const LONG: usize = 512 << 10;
const SHORT: u64 = 64 << 10;

/// A stretch of a file out of order: where it begins, and its bytes.
type Piece = (u64, Arc<Vec<u8>>);

/// A file elsewhere.
pub(super) struct RemoteFile {
    client: Arc<Client>,
    origin: Origin,
    /// How it is called in messages.
    url: String,
    id: u64,
    size: u64,
    pin: OnceLock<Pin>,
    /// Whether somebody will check its SHA-256, so that no mark is needed to notice a change.
    digest_known: bool,
    head: tokio::sync::OnceCell<Arc<Vec<u8>>>,
    piece: Mutex<Option<Piece>>,
    /// Where the last read ended.
    last: AtomicU64,
    spool: Spool,
}

impl RemoteFile {
    /// A file that a list told of.
    pub(super) fn listed(
        client: &Arc<Client>,
        origin: Origin,
        url: String,
        size: u64,
        pin: Option<Pin>,
        digest_known: bool,
    ) -> Arc<Self> {
        static IDS: AtomicU64 = AtomicU64::new(0);
        Arc::new(Self {
            client: Arc::clone(client),
            origin,
            url,
            id: IDS.fetch_add(1, Ordering::Relaxed),
            size,
            pin: pin.map_or_else(OnceLock::new, OnceLock::from),
            digest_known,
            head: tokio::sync::OnceCell::new(),
            piece: Mutex::new(None),
            last: AtomicU64::new(0),
            spool: Spool::default(),
        })
    }

    /// A file that only itself can tell of; the first bytes are fetched. `None` if it is not there.
    pub(super) async fn contacted(
        client: &Arc<Client>,
        origin: Origin,
        url: String,
    ) -> Result<Option<Arc<Self>>, RemoteError> {
        let wanted = Wanted { url: &url, range: 0..HEAD, size: None, pin: None };
        let (head, size, pin) = match fetch(client, &origin, wanted).await {
            Err(RemoteError::Refused { status: 404 | 410, .. }) => return Ok(None),
            answer => answer?,
        };
        if size > 0 && pin == Pin::default() {
            return Err(RemoteError::Unpinned { url });
        }
        let file = Self::listed(client, origin, url, size, Some(pin), false);
        // The cell is new and so empty.
        let _ = file.head.set(Arc::new(head));
        Ok(Some(file))
    }

    /// The file as content.
    pub(super) fn content(self: &Arc<Self>) -> Content {
        Content::Lazy(Arc::new(Handle(Arc::clone(self))))
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    async fn fetched(&self, range: Range<u64>) -> Result<Arc<Vec<u8>>, RemoteError> {
        if range.is_empty() {
            return Ok(Arc::default());
        }
        // Two requests at once may both be the first contact; what the first to end says holds for both.
        let wanted = Wanted { url: &self.url, range: range.clone(), size: Some(self.size), pin: self.pin.get() };
        let (bytes, _, pin) = fetch(&self.client, &self.origin, wanted).await?;
        if pin == Pin::default() && !self.digest_known {
            return Err(RemoteError::Unpinned { url: self.url.clone() });
        }
        if !is_same(self.pin.get_or_init(|| pin.clone()), &pin) {
            let what = "two answers at once are of two versions".to_owned();
            return Err(RemoteError::Changed { url: self.url.clone(), offset: range.start, what });
        }
        Ok(Arc::new(bytes))
    }

    async fn head(&self) -> Result<Arc<Vec<u8>>, RemoteError> {
        self.head.get_or_try_init(|| self.fetched(0..HEAD.min(self.size))).await.cloned()
    }

    /// Begins to fetch a block, unless that was begun before.
    fn block(self: &Arc<Self>, number: u64) -> Result<Coming, RemoteError> {
        let runtime = runtime()?;
        let mut blocks = self.client.blocks.lock().map_err(|_| RemoteError::Setup("a reader failed".to_owned()))?;
        Ok(blocks.get((self.id, number), || {
            if let Some(bytes) = self.spool.get(number, self.size) {
                return future::ready(Ok(Arc::new(bytes))).boxed().shared();
            }
            let file = Arc::clone(self);
            let task = runtime.spawn(async move {
                let bytes = file.fetched(range(number, file.size)).await?;
                let settings = &file.client.settings;
                let used = &file.client.spooled;
                file.spool.put(number, &bytes, file.size, settings.spool.as_deref(), used, settings.spool_limit);
                Ok(bytes)
            });
            let ended = |ended: Result<_, tokio::task::JoinError>| match ended {
                Ok(bytes) => bytes,
                Err(error) => Err(RemoteError::Setup(error.to_string())),
            };
            task.map(ended).boxed().shared()
        }))
    }

    /// A short stretch that is read out of order.
    fn piece(&self, offset: u64, len: usize) -> Result<Piece, RemoteError> {
        let end = offset + len as u64;
        let holds = |(start, bytes): &&Piece| *start <= offset && end <= start + bytes.len() as u64;
        let failed = |_| RemoteError::Setup("a reader failed".to_owned());
        let mut held = self.piece.lock().map_err(failed)?;
        if let Some(piece) = held.as_ref().filter(holds) {
            return Ok(piece.clone());
        }
        let end = end.max(offset.saturating_add(SHORT)).min(self.size);
        let piece = (offset, wait(self.fetched(offset..end))?);
        *held = Some(piece.clone());
        Ok(piece)
    }

    fn fill(self: &Arc<Self>, mut offset: u64, mut buf: &mut [u8]) -> Result<(), RemoteError> {
        let end = offset.saturating_add(buf.len() as u64);
        let sequential = self.last.swap(end, Ordering::Relaxed) == offset;
        let passing = sequential && offset >= HEAD;
        while !buf.is_empty() {
            let held = |offset| self.client.blocks.lock().is_ok_and(|blocks| blocks.has((self.id, number(offset))));
            let (start, bytes) = if offset < HEAD {
                (0, wait(self.head())?)
            } else if buf.len() >= LONG || sequential || held(offset) {
                let number = number(offset);
                let bytes = self.block(number)?;
                // Only what is sure to be read: of a stretch in passing what follows, else what is asked for now.
                let sure = if passing { self.size } else { end };
                for next in (number + 1)..=(number + AHEAD) {
                    if range(next, self.size).start < sure {
                        let _coming = self.block(next)?;
                    }
                }
                (range(number, self.size).start, wait(bytes)?)
            } else {
                self.piece(offset, buf.len())?
            };
            let skipped = usize::try_from(offset - start).unwrap_or(usize::MAX);
            let there = bytes.get(skipped..).unwrap_or_default();
            let count = there.len().min(buf.len());
            let (Some(from), true) = (there.get(..count), count > 0) else {
                return Err(RemoteError::Unexpected {
                    url: self.url.clone(),
                    offset,
                    expected: "more bytes".to_owned(),
                    found: "the end".to_owned(),
                });
            };
            let (now, rest) = buf.split_at_mut(count);
            now.copy_from_slice(from);
            buf = rest;
            offset += count as u64;
        }
        Ok(())
    }
}

/// The file as others hold it.
struct Handle(Arc<RemoteFile>);

impl fmt::Debug for Handle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({} bytes)", self.0.url, self.0.size)
    }
}

impl ReadAt for Handle {
    fn size(&self) -> u64 {
        self.0.size
    }

    fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        if offset.checked_add(buf.len() as u64).is_none_or(|end| end > self.0.size) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.0.fill(offset, buf).map_err(io::Error::other)
    }
}

impl Fetch for Handle {
    fn size(&self) -> u64 {
        self.0.size
    }

    fn fetch(&self) -> io::Result<Content> {
        self.head(usize::try_from(self.0.size).unwrap_or(usize::MAX)).map(Content::memory)
    }

    fn head(&self, limit: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; self.0.size.min(limit as u64) as usize];
        self.read_exact_at(0, &mut bytes)?;
        Ok(bytes)
    }

    fn open(&self) -> io::Result<Box<dyn ReadAt>> {
        Ok(Box::new(Self(Arc::clone(&self.0))))
    }
}

const _: () = assert!(SHORT <= HEAD && HEAD < BLOCK);
