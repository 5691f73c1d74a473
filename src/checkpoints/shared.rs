// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Bytes that many tensors share.
//!
//! In: a checkpoint. Out: an error if reading its tensors means reading the same bytes over and over: tied weights share a
//! matrix between two or three tensors, and a few bytes of pickle can name one storage a million times.

use super::{Checkpoint, CheckpointError, Extent};

/// How often the same bytes may be read on average.
const TIMES: u64 = 8;
/// Bytes that may be read however often: small models, and scales that all tensors share.
const SLACK: u64 = 64 << 20;

/// Bounds what reading every tensor once costs by the bytes that are there.
pub(super) fn check(checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
    let mut spans: Vec<Span> =
        checkpoint.tensors.iter().flat_map(|tensor| &tensor.parts).filter_map(Span::of).collect();
    let read = spans.iter().fold(0_u64, |sum, span| sum.saturating_add(span.end - span.start));
    spans.sort_unstable();
    let (mut held, mut stream, mut reached) = (0_u64, None, 0);
    for Span { file, place, start, end } in spans {
        if stream != Some((file, place)) {
            (stream, reached) = (Some((file, place)), start);
        }
        held = held.saturating_add(end.saturating_sub(start.max(reached)));
        reached = reached.max(end);
    }
    if read > held.saturating_mul(TIMES).saturating_add(SLACK) {
        let reason = format!("its tensors name {held} bytes again and again, {read} in all; save each tensor once");
        return Err(CheckpointError::Unsupported { what: checkpoint.format.name().to_owned(), reason });
    }
    Ok(())
}

/// A stretch of a file, or of what a compressed stream in it unpacks to.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Span {
    file: usize,
    /// Where the stream stands; none of a file itself.
    place: Option<u64>,
    start: u64,
    end: u64,
}

impl Span {
    fn of(extent: &Extent) -> Option<Self> {
        match extent {
            Extent::Plain { file, offset, len } => {
                Some(Self { file: *file, place: None, start: *offset, end: offset.saturating_add(*len) })
            }
            // What is skipped is unpacked as well.
            Extent::Deflated { file, offset, skip, len, .. } => {
                Some(Self { file: *file, place: Some(*offset), start: 0, end: skip.saturating_add(*len) })
            }
            Extent::Inline(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::checkpoints::{Dtype, Encoding, Format, Tensor};

    fn checked(parts: impl IntoIterator<Item = Extent>) -> bool {
        let tensor = |part: Extent| Tensor {
            name: String::new(),
            shape: vec![part.len()],
            encoding: Encoding::Plain(Dtype::U8),
            parts: vec![part],
            strides: None,
        };
        let checkpoint = Checkpoint {
            path: String::new(),
            format: Format::TorchZip,
            files: Vec::new(),
            tensors: parts.into_iter().map(tensor).collect(),
            metadata: BTreeMap::new(),
            config: None,
            hazards: Vec::new(),
        };
        check(&checkpoint).is_ok()
    }

    #[test]
    fn tied_weights_are_read_and_a_storage_named_a_thousand_times_is_not() {
        let plain = |offset: u64| Extent::Plain { file: 0, offset, len: 64 << 20 };
        assert!(checked([plain(0), plain(0), plain(64 << 20)]));
        assert!(checked((0..1000).map(|at| plain(at << 26))));
        assert!(!checked((0..1000).map(|_| plain(0))));
        // Overlaps that are no copies, and what a stream has to unpack for each of its windows.
        assert!(!checked((0..1000).map(plain)));
        let window = |skip| Extent::Deflated { file: 0, offset: 9, compressed: 1 << 20, skip, len: 1 << 20 };
        assert!(!checked((0..1000).map(|at| window(at << 20))));
        assert!(checked([window(0), window(1 << 20)]));
    }
}
