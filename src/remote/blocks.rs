// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Blocks of remote files in memory, and on their way there: the newest few of all files.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::future::{BoxFuture, Shared};

use super::error::RemoteError;

/// Bytes of a block.
pub(super) const BLOCK: u64 = 8 << 20;
/// Bytes fetched at first contact: most headers fit, so what only wants the header reads no more.
pub(super) const HEAD: u64 = 256 << 10;

/// A block that is there or will be.
pub(super) type Coming = Shared<BoxFuture<'static, Result<Arc<Vec<u8>>, RemoteError>>>;

/// A file, and the number of a block of it.
pub(super) type Key = (u64, u64);

/// The blocks used last. Memory is bounded by their number.
pub(super) struct Blocks {
    held: VecDeque<(Key, Coming)>,
    most: usize,
}

impl Blocks {
    pub(super) fn new(most: usize) -> Self {
        Self { held: VecDeque::new(), most }
    }

    /// The block, begun if it is not held.
    pub(super) fn get(&mut self, key: Key, begin: impl FnOnce() -> Coming) -> Coming {
        let found = self.held.iter().position(|(held, _)| *held == key).and_then(|at| self.held.remove(at));
        let (_, coming) = found.unwrap_or_else(|| (key, begin()));
        self.held.push_back((key, coming.clone()));
        while self.held.len() > self.most {
            self.held.pop_front();
        }
        coming
    }

    pub(super) fn has(&self, key: Key) -> bool {
        self.held.iter().any(|(held, _)| *held == key)
    }
}

/// Number of the block that holds the byte at `offset`, which is behind the head.
pub(super) fn number(offset: u64) -> u64 {
    offset.saturating_sub(HEAD) / BLOCK
}

/// The bytes of a block of a file.
pub(super) fn range(number: u64, size: u64) -> std::ops::Range<u64> {
    let start = HEAD.saturating_add(number.saturating_mul(BLOCK)).min(size);
    start..start.saturating_add(BLOCK).min(size)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn ready(byte: u8) -> Coming {
        std::future::ready(Ok(Arc::new(vec![byte]))).boxed().shared()
    }

    #[test]
    fn every_byte_behind_the_head_is_in_one_block() {
        let size = HEAD + 2 * BLOCK + 5;
        assert_eq!(range(0, size), HEAD..HEAD + BLOCK);
        assert_eq!(range(2, size), HEAD + 2 * BLOCK..size);
        assert_eq!((number(HEAD), number(HEAD + BLOCK - 1), number(HEAD + BLOCK)), (0, 0, 1));
        assert!(range(3, size).is_empty());
    }

    #[test]
    fn the_block_used_longest_ago_makes_room() {
        let mut blocks = Blocks::new(2);
        drop(blocks.get((0, 0), || ready(0)));
        drop(blocks.get((0, 1), || ready(1)));
        drop(blocks.get((0, 0), || ready(9)));
        drop(blocks.get((1, 0), || ready(2)));
        assert!(blocks.has((0, 0)) && blocks.has((1, 0)) && !blocks.has((0, 1)));
        let held = blocks.get((0, 0), || ready(9)).now_or_never().and_then(Result::ok);
        assert_eq!(held.map(|bytes| bytes.to_vec()), Some(vec![0]));
    }
}
