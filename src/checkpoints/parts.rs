// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The bytes of one tensor's parts, checked against the sizes that its shape and encoding ask for.

use super::decode::plain;
use super::{CheckpointError, Dtype, Tensor};

/// The bytes of a tensor's parts, with the errors that concern them.
pub(super) struct Parts<'a> {
    /// Whose parts they are.
    pub(super) tensor: &'a Tensor,
    parts: Vec<&'a [u8]>,
}

impl<'a> Parts<'a> {
    /// Pairs `tensor` with the bytes of its parts.
    pub(super) fn new(tensor: &'a Tensor, parts: &'a [impl AsRef<[u8]>]) -> Self {
        Self { tensor, parts: parts.iter().map(AsRef::as_ref).collect() }
    }

    /// Returns part `index`.
    pub(super) fn part(&self, index: usize) -> Result<&'a [u8], CheckpointError> {
        self.parts.get(index).copied().ok_or_else(|| self.malformed(&format!("part {index} is not there")))
    }

    /// Returns part `index`, which must hold exactly `count` values of `size` bytes.
    pub(super) fn sized(&self, index: usize, count: usize, size: usize) -> Result<&'a [u8], CheckpointError> {
        let bytes = self.part(index)?;
        if count.checked_mul(size) != Some(bytes.len()) {
            let held = bytes.len();
            return Err(self.malformed(&format!("part {index} holds {held} bytes, not {count} × {size}")));
        }
        Ok(bytes)
    }

    /// Returns part `index` decoded as `count` plain numbers.
    pub(super) fn values(&self, index: usize, dtype: Dtype, count: usize) -> Result<Vec<f32>, CheckpointError> {
        let bytes = self.sized(index, count, dtype.size())?;
        let mut values = vec![0.0; count];
        plain(dtype, bytes, &mut values);
        Ok(values)
    }

    /// How many parts there are.
    pub(super) fn count(&self) -> usize {
        self.parts.len()
    }

    /// Number of elements of the tensor.
    pub(super) fn elements(&self) -> Result<usize, CheckpointError> {
        // A sixteenth of the address space is more than any file, and leaves room to multiply by a value's size.
        let elements = self.tensor.elements();
        usize::try_from(elements)
            .ok()
            .filter(|&n| n < usize::MAX / 16)
            .ok_or_else(|| self.malformed("the shape overflows"))
    }

    /// The extent of the last axis, and how many rows of it there are; neither is zero.
    pub(super) fn rows(&self) -> Result<(usize, usize), CheckpointError> {
        let elements = self.elements()?;
        match self.tensor.shape.last() {
            Some(&columns) if elements > 0 => Ok((elements / columns as usize, columns as usize)),
            _ => Err(self.malformed("the shape is empty")),
        }
    }

    /// The tensor's rows and columns, for encodings that are matrices by nature.
    pub(super) fn matrix(&self) -> Result<(usize, usize), CheckpointError> {
        self.elements()?;
        match self.tensor.shape.as_slice() {
            &[rows, columns] if rows > 0 && columns > 0 => Ok((rows as usize, columns as usize)),
            _ => Err(self.malformed("the shape is not that of a matrix")),
        }
    }

    /// Refuses strided views, which packed encodings do not have.
    pub(super) fn contiguous(&self) -> Result<(), CheckpointError> {
        if self.tensor.strides.is_some() { Err(self.unsupported("a strided view of packed values")) } else { Ok(()) }
    }

    /// An error that says what is wrong with this tensor's bytes.
    pub(super) fn malformed(&self, reason: &str) -> CheckpointError {
        let reason = format!("tensor {}: {reason}", self.tensor.name);
        CheckpointError::Malformed { format: "tensor data", offset: 0, reason }
    }

    /// An error that says why this tensor is not decoded.
    pub(super) fn unsupported(&self, reason: &str) -> CheckpointError {
        CheckpointError::Unsupported { what: format!("tensor {}", self.tensor.name), reason: reason.to_owned() }
    }
}
