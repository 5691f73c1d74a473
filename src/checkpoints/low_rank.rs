// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A matrix with a low-rank update: W + scale·B·A.
//!
//! In: the bytes of W, A, and B. Out: the sum. B·A is computed a block of rows at a time, so that memory stays near that
//! of W.

use nalgebra::{DMatrix, DMatrixView};

use super::{CheckpointError, LowRank, Tensor, decode};

/// Rows of the update computed at a time.
const BLOCK: usize = 256;

/// Decodes the three, and adds the product to `out`.
pub(super) fn decode_low_rank(
    update: &LowRank,
    parts: &[impl AsRef<[u8]>],
    out: &mut Vec<f32>,
) -> Result<(), CheckpointError> {
    let LowRank { base, a, b, scale, turned } = update;
    let ([rank, inputs], [outputs, also]) = (sides(a)?, sides(b)?);
    let (rows, columns) = if *turned { (inputs, outputs) } else { (outputs, inputs) };
    if rank != also || sides(base)? != [rows, columns] || rank == 0 {
        return Err(malformed(base, "the shapes of an adapter do not fit"));
    }
    let of_base = base.parts.len();
    let (whole, rest) = parts.split_at_checked(of_base).ok_or_else(|| malformed(base, "parts are missing"))?;
    let (of_a, of_b) = rest.split_at_checked(a.parts.len()).ok_or_else(|| malformed(a, "parts are missing"))?;
    let (mut thin, mut tall) = (Vec::new(), Vec::new());
    // Both are bounded by their bytes; the product by W, which is decoded first.
    decode(base, whole, out)?;
    decode(a, of_a, &mut thin)?;
    decode(b, of_b, &mut tall)?;
    // By columns, a matrix kept by rows is its transpose: A is seen as Aᵀ [in, rank], B as Bᵀ [rank, out].
    let a_turned = DMatrixView::from_slice(&thin, inputs, rank);
    let b_turned = DMatrixView::from_slice(&tall, rank, outputs);
    for (block, lines) in out.chunks_mut(BLOCK * columns).enumerate() {
        let (first, count) = (block * BLOCK, lines.len() / columns);
        // Rows of the sum, as columns: (BA)ᵀ = AᵀBᵀ, or BA itself where it is turned.
        let product: DMatrix<f32> = if *turned {
            b_turned.transpose() * a_turned.rows(first, count).transpose()
        } else {
            a_turned * b_turned.columns(first, count)
        };
        for (value, change) in lines.iter_mut().zip(product.as_slice()) {
            *value += scale * change;
        }
    }
    Ok(())
}

fn sides(tensor: &Tensor) -> Result<[usize; 2], CheckpointError> {
    match tensor.shape.as_slice() {
        &[rows, columns] if rows > 0 && columns > 0 => Ok([rows as usize, columns as usize]),
        _ => Err(malformed(tensor, "the shape is not that of a matrix")),
    }
}

fn malformed(tensor: &Tensor, reason: &str) -> CheckpointError {
    let reason = format!("tensor {}: {reason}", tensor.name);
    CheckpointError::Malformed { format: "adapter", offset: 0, reason }
}
