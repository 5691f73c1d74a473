// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Reads the values of pieces.
//!
//! In: an [`Entry`]. Out: a [`Matrix`] as stored. One expert of a stacked tensor is read alone where the encoding
//! allows it; the last tensor that had to be decoded whole is kept, for its other pieces.

use std::sync::{Arc, Mutex, PoisonError};

use super::matrix::Matrix;
use super::stack::Entry;
use crate::checkpoints::{Checkpoint, Encoding, Extent, Reader, Scratch, Tensor, ggml_type};
use crate::fingerprint::pieces::Take;
use crate::fingerprint::pool::Pool;
use crate::fingerprint::record::FingerprintError;

/// The values of a checkpoint.
pub(super) struct Source<'a> {
    checkpoint: &'a Checkpoint,
    reader: &'a Reader,
    last: Mutex<Option<(usize, Arc<Vec<f32>>)>>,
    /// Memory of matrices that are done with.
    pub(super) pool: Pool<f32>,
    scratch: Mutex<Vec<Scratch>>,
}

impl<'a> Source<'a> {
    /// Reads from an open checkpoint.
    pub(super) fn new(checkpoint: &'a Checkpoint, reader: &'a Reader) -> Self {
        Self { checkpoint, reader, last: Mutex::new(None), pool: Pool::new(usize::MAX), scratch: Mutex::default() }
    }

    /// The piece, by rows.
    pub(super) fn matrix(&self, entry: &Entry) -> Result<Matrix, FingerprintError> {
        let Some(tensor) = self.checkpoint.tensors.get(entry.tensor) else { return Ok(Matrix::default()) };
        let (rows, columns) = (entry.piece.rows as usize, entry.piece.columns as usize);
        if entry.piece.take == Take::Whole {
            return Ok(Matrix::new(self.decoded(tensor)?, rows, columns));
        }
        if let Take::Block { start } = entry.piece.take
            && let Some(window) = window(tensor, start, entry.piece.rows.saturating_mul(entry.piece.columns))
        {
            return Ok(Matrix::new(self.decoded(&window)?, rows, columns));
        }
        let whole = self.kept(entry.tensor, tensor)?;
        let mut scratch = Vec::new();
        let taken = entry.piece.extract(&whole, &mut scratch).map(<[f32]>::to_vec).unwrap_or_default();
        Ok(Matrix::new(taken, rows, columns))
    }

    fn decoded(&self, tensor: &Tensor) -> Result<Vec<f32>, FingerprintError> {
        let mut values = self.pool.take(usize::try_from(tensor.elements()).unwrap_or(usize::MAX));
        let lock = || self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scratch = lock().pop().unwrap_or_default();
        self.reader.tensor(tensor, &mut scratch, &mut values)?;
        lock().push(scratch);
        Ok(values)
    }

    fn kept(&self, at: usize, tensor: &Tensor) -> Result<Arc<Vec<f32>>, FingerprintError> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((index, values)) = last.as_ref()
            && *index == at
        {
            return Ok(Arc::clone(values));
        }
        *last = None;
        let values = Arc::new(self.decoded(tensor)?);
        *last = Some((at, Arc::clone(&values)));
        Ok(values)
    }
}

/// A tensor that holds `count` elements from `start` of another alone, if these are a run of bytes.
fn window(tensor: &Tensor, start: u64, count: u64) -> Option<Tensor> {
    let [Extent::Plain { file, offset, len }] = tensor.parts.as_slice() else { return None };
    let (values, bytes) = match &tensor.encoding {
        Encoding::Plain(dtype) if tensor.strides.is_none() => (1, dtype.size() as u64),
        Encoding::Ggml(id) => ggml_type(*id).map(|known| (known.values as u64, known.bytes as u64))?,
        _ => return None,
    };
    if !start.is_multiple_of(values) || !count.is_multiple_of(values) {
        return None;
    }
    let (first, length) = ((start / values).checked_mul(bytes)?, (count / values).checked_mul(bytes)?);
    if first.checked_add(length)? > *len {
        return None;
    }
    Some(Tensor {
        name: tensor.name.clone(),
        shape: vec![count],
        encoding: tensor.encoding.clone(),
        parts: vec![Extent::Plain { file: *file, offset: offset.checked_add(first)?, len: length }],
        strides: None,
    })
}
