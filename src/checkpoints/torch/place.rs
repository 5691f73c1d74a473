// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Views of storages and arrays → tensors that say where their bytes are.
//!
//! In: what the object tree holds, and where its storages are. Out: [`Tensor`]s, or an error for a view that does not fit
//! its storage.

use super::super::archive::Member;
use super::super::pickle::Pickle;
use super::super::{CheckpointError, Encoding, Extent, Tensor};
use super::open::malformed;
use super::tree::{Array, ArrayBytes, View};
use crate::changes::ReadAt;

const LATIN1: u64 = 64 << 20;

/// A storage, or the pickle itself: bytes that views are windows of.
#[derive(Clone, Debug)]
pub(super) enum Region {
    /// A run of file `file`.
    Plain { file: usize, offset: u64, len: u64 },
    /// A member of a zip archive in file `file`.
    Member { file: usize, member: Member },
}

impl Region {
    fn window(&self, skip: u64, len: u64) -> Option<Extent> {
        match self {
            Self::Plain { file, offset, len: held } => {
                let end = skip.checked_add(len)?;
                (end <= *held).then_some(Extent::Plain { file: *file, offset: offset.checked_add(skip)?, len })
            }
            Self::Member { file, member } => member.extent(*file, skip, len),
        }
    }

    fn offset(&self) -> u64 {
        match self {
            Self::Plain { offset, .. } => *offset,
            Self::Member { member, .. } => member.offset,
        }
    }
}

/// A view of a storage as a tensor. Axes of stride zero are cut to one element when the view would hold more elements
/// than its storage: the values are the same, and a forged shape cannot ask for more memory than the file has bytes.
pub(super) fn place(view: View, region: &Region) -> Result<Tensor, CheckpointError> {
    let View { name, storage, dtype, offset, mut shape, mut strides } = view;
    let wrong = |reason: &str| malformed("torch", region.offset(), format!("{name}: {reason}"));
    let size = dtype.size() as u64;
    let held =
        storage.elements.checked_mul(storage.dtype.size() as u64).ok_or_else(|| wrong("its storage is too long"))?;
    let start = storage
        .start
        .checked_mul(storage.dtype.size() as u64)
        .and_then(|start| offset.checked_mul(size)?.checked_add(start));
    let start = start.ok_or_else(|| wrong("its offset is too large"))?;
    let is_too_many = |shape: &[u64]| product(shape).is_none_or(|elements| elements > held / size);
    if is_too_many(&shape) && !shape.contains(&0) {
        for (extent, stride) in shape.iter_mut().zip(&strides) {
            if *stride == 0 {
                *extent = 1;
            }
        }
        if is_too_many(&shape) {
            return Err(wrong("it holds more elements than its storage"));
        }
    }
    let elements = product(&shape).unwrap_or(0);
    let mut span = u64::from(elements > 0);
    if elements > 0 {
        for (extent, stride) in shape.iter().zip(&strides) {
            let reach = (extent - 1).checked_mul(*stride).and_then(|reach| reach.checked_add(span));
            span = reach.ok_or_else(|| wrong("its strides are too large"))?;
        }
    }
    let len = span.checked_mul(size).filter(|len| start.checked_add(*len).is_some_and(|end| end <= held));
    let len = len.ok_or_else(|| wrong("it reaches outside its storage"))?;
    let (skip, len) = if elements == 0 { (0, 0) } else { (start, len) };
    let extent = region.window(skip, len).ok_or_else(|| wrong("it reaches outside its storage"))?;
    let is_row_major = strides == row_major(&shape)
        || shape.iter().zip(&strides).zip(row_major(&shape)).all(|((n, s), r)| *n == 1 || *s == r);
    if is_row_major {
        strides.clear();
    }
    let strides = (!is_row_major && elements > 0).then_some(strides);
    Ok(Tensor { name, shape, encoding: Encoding::Plain(dtype), parts: vec![extent], strides })
}

/// An array as a tensor; `base` is where the pickle itself is, `source` what it was read from.
pub(super) fn place_array(
    array: Array,
    pickle: &Pickle,
    source: &dyn ReadAt,
    base: &Region,
) -> Result<Tensor, CheckpointError> {
    let Array { name, dtype, shape, fortran, bytes } = array;
    let wrong = |reason: &str| malformed("pickle", base.offset(), format!("{name}: {reason}"));
    let wanted = product(&shape).and_then(|elements| elements.checked_mul(dtype.size() as u64));
    let wanted = wanted.ok_or_else(|| wrong("its shape is too large"))?;
    let extent = match bytes {
        ArrayBytes::Raw(span) => {
            base.window(span.offset, span.len).ok_or_else(|| wrong("it reaches outside the file"))?
        }
        ArrayBytes::Latin1(span) => {
            if span.len > LATIN1 {
                return Err(wrong("its bytes are written as more than 64 MiB of text"));
            }
            let mut text = vec![0; span.len as usize];
            source.read_exact_at(span.offset, &mut text)?;
            let text = String::from_utf8(text).map_err(|_| wrong("its bytes are written as text that is not UTF-8"))?;
            Extent::Inline(latin1(&text).ok_or_else(|| wrong("its bytes are written as text beyond Latin-1"))?.into())
        }
        ArrayBytes::HeldLatin1(id) => {
            let bytes = pickle.text(id).and_then(latin1);
            Extent::Inline(bytes.ok_or_else(|| wrong("its bytes are written as text beyond Latin-1"))?.into())
        }
    };
    if extent.len() != wanted {
        return Err(wrong("its shape contradicts its length"));
    }
    let strides = (fortran && shape.len() > 1).then(|| column_major(&shape));
    Ok(Tensor { name, shape, encoding: Encoding::Plain(dtype), parts: vec![extent], strides })
}

fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|character| u8::try_from(u32::from(character)).ok()).collect()
}

fn product(shape: &[u64]) -> Option<u64> {
    shape.iter().try_fold(1_u64, |product, extent| product.checked_mul(*extent))
}

fn row_major(shape: &[u64]) -> Vec<u64> {
    let mut strides = column_major(&shape.iter().rev().copied().collect::<Vec<_>>());
    strides.reverse();
    strides
}

fn column_major(shape: &[u64]) -> Vec<u64> {
    let mut stride = 1_u64;
    shape
        .iter()
        .map(|extent| {
            let held = stride;
            stride = stride.saturating_mul(*extent);
            held
        })
        .collect()
}
