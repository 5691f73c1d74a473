// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Digests of the bytes that two parts of a fingerprint have to do with.
//!
//! In: the bytes of a file as they pass by, or those of a tensor. Out: a SHA-256 for each range that one part measures and
//! another hashes as a piece of the file. Where the two are equal, what was measured is what was hashed.

use std::collections::VecDeque;

use sha2::{Digest as _, Sha256};

use super::record::{FingerprintError, hex};
use super::share::{Range, stored_at};
use crate::checkpoints::{Checkpoint, Extent};

/// Digests by tensor and part of the tensor.
pub(super) type Witnesses = Vec<((usize, usize), String)>;

/// Bytes read at a time.
const CHUNK: u64 = 1 << 20;

/// Digests ranges of a file while the file passes by. Ranges may overlap.
pub(super) struct Watch {
    /// By first byte.
    ahead: VecDeque<Range>,
    open: Vec<(Range, Sha256)>,
    done: Witnesses,
}

impl Watch {
    /// Watches ranges, which are ordered by first byte.
    pub(super) fn new(ranges: Vec<Range>) -> Self {
        Self { ahead: ranges.into(), open: Vec::new(), done: Witnesses::new() }
    }

    /// Takes the bytes that begin at `at`, which come in order and without gaps.
    pub(super) fn saw(&mut self, at: u64, bytes: &[u8]) {
        let end = at + bytes.len() as u64;
        while let Some(range) = self.ahead.pop_front_if(|range| range.start < end) {
            self.open.push((range, Sha256::new()));
        }
        for (range, hasher) in &mut self.open {
            let from = range.start.saturating_sub(at) as usize;
            let to = (range.end.min(end) - at) as usize;
            hasher.update(bytes.get(from..to).unwrap_or_default());
        }
        for (range, hasher) in self.open.extract_if(.., |(range, _)| range.end <= end) {
            self.done.push((range.key, hex(&hasher.finalize())));
        }
    }

    /// The digests of all ranges; those at the very end of the file may be empty.
    pub(super) fn finished(mut self) -> Witnesses {
        let empty = self.ahead.into_iter().map(|range| (range, Sha256::new()));
        for (range, hasher) in self.open.into_iter().chain(empty) {
            self.done.push((range.key, hex(&hasher.finalize())));
        }
        self.done
    }
}

/// The digest of the bytes of an extent as they are stored; `bytes` are those it unpacks to.
pub(super) fn witness(checkpoint: &Checkpoint, extent: &Extent, bytes: &[u8]) -> Result<String, FingerprintError> {
    let compressed = matches!(extent, Extent::Deflated { .. }).then(|| stored_at(extent)).flatten();
    let Some((file, start, end)) = compressed else { return Ok(hex(&Sha256::digest(bytes))) };
    let Some(about) = checkpoint.files.get(file) else {
        return Err(FingerprintError::Damaged("file list is inconsistent".into()));
    };
    let content = about.content.open()?;
    let (mut hasher, mut at) = (Sha256::new(), start);
    let mut buffer = vec![0; CHUNK.min(end - start) as usize];
    while at < end {
        let count = (end - at).min(CHUNK) as usize;
        let Some(window) = buffer.get_mut(..count) else { break };
        content.read_exact_at(at, window)?;
        hasher.update(&*window);
        at += count as u64;
    }
    Ok(hex(&hasher.finalize()))
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::{Range, Watch, hex};

    #[test]
    fn ranges_are_digested_however_the_bytes_arrive() {
        let bytes: Vec<u8> = (0..=99).collect();
        let ranges = [(0usize, 0u64, 40u64), (1, 7, 7), (2, 7, 93), (3, 30, 31), (4, 90, 100), (5, 100, 100)];
        let expected: Vec<((usize, usize), String)> = ranges
            .iter()
            .map(|(tensor, start, end)| ((*tensor, 0), hex(&Sha256::digest(&bytes[*start as usize..*end as usize]))))
            .collect();
        for step in [1, 3, 33, 100] {
            let all = ranges.iter().map(|(tensor, start, end)| Range { key: (*tensor, 0), start: *start, end: *end });
            let mut watch = Watch::new(all.collect());
            for (at, chunk) in bytes.chunks(step).enumerate() {
                watch.saw((at * step) as u64, chunk);
            }
            let mut found = watch.finished();
            found.sort();
            assert_eq!(found, expected, "{step}");
        }
    }
}
