// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Stored bytes → f32 values.
//!
//! In: a tensor's description and the bytes of its parts. Out: its values in logical row-major order, whatever
//! the encoding. Sizes are compared before anything is allocated.

use std::sync::LazyLock;

use half::f16;
use half::slice::HalfFloatSliceExt as _;

use super::{CheckpointError, Dtype, Encoding, Tensor, ggml, packed};

/// Decodes `tensor` from the bytes of its parts into `out`, which is resized to the number of elements.
///
/// Wide integers and f64 are rounded to f32. Returns [`CheckpointError::Malformed`] if the parts do not have the
/// sizes that the shape and encoding ask for, and [`CheckpointError::Unsupported`] for what is not decoded.
pub fn decode(tensor: &Tensor, parts: &[impl AsRef<[u8]>], out: &mut Vec<f32>) -> Result<(), CheckpointError> {
    let parts = Parts { tensor, parts: parts.iter().map(AsRef::as_ref).collect() };
    match &tensor.encoding {
        Encoding::Plain(dtype) => numbers(&parts, *dtype, out),
        Encoding::Ggml(id) => blocks(&parts, *id, out),
        Encoding::Scaled { values, scale, zero, axis } => scaled(&parts, *values, *scale, *zero, *axis, out),
        Encoding::BlockScaled { values, scale, block } => block_scaled(&parts, *values, *scale, *block, out),
        Encoding::Gptq { bits, zero_minus_one, scale } => {
            parts.contiguous()?;
            packed::gptq(&parts, *bits, *zero_minus_one, *scale, out)
        }
        Encoding::Awq { bits, scale } => {
            parts.contiguous()?;
            packed::awq(&parts, *bits, *scale, out)
        }
        Encoding::Lookup { block, nested } => {
            parts.contiguous()?;
            packed::lookup(&parts, *block, *nested, out)
        }
        Encoding::Affine { bits, scale } => {
            parts.contiguous()?;
            packed::affine(&parts, *bits, *scale, out)
        }
        Encoding::Mxfp4 => {
            parts.contiguous()?;
            packed::mxfp4(&parts, out)
        }
        Encoding::Unread(reason) => Err(parts.unsupported(reason)),
    }
}

/// The bytes of a tensor's parts, with the errors that concern them.
pub(super) struct Parts<'a> {
    tensor: &'a Tensor,
    parts: Vec<&'a [u8]>,
}

impl<'a> Parts<'a> {
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

    fn contiguous(&self) -> Result<(), CheckpointError> {
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

/// Sets the length of `out`, keeping what it has allocated.
pub(super) fn room(out: &mut Vec<f32>, elements: usize) -> &mut [f32] {
    out.truncate(elements);
    out.resize(elements, 0.0);
    out
}

/// Plain numbers, contiguous or strided.
fn numbers(parts: &Parts<'_>, dtype: Dtype, out: &mut Vec<f32>) -> Result<(), CheckpointError> {
    let elements = parts.elements()?;
    let Some(strides) = parts.tensor.strides.as_deref().filter(|s| !is_row_major(&parts.tensor.shape, s)) else {
        let bytes = parts.sized(0, elements, dtype.size())?;
        plain(dtype, bytes, room(out, elements));
        return Ok(());
    };
    let bytes = parts.part(0)?;
    let stored = bytes.len() / dtype.size();
    if elements > stored {
        return Err(parts.unsupported("the view repeats stored values"));
    }
    let mut values = vec![0.0; stored];
    plain(dtype, bytes.get(..stored * dtype.size()).unwrap_or_default(), &mut values);
    gather(parts, &values, strides, room(out, elements))
}

fn is_row_major(shape: &[u64], strides: &[u64]) -> bool {
    let mut expected = 1u64;
    shape.len() == strides.len()
        && shape.iter().zip(strides).rev().all(|(&extent, &stride)| {
            let fits = extent <= 1 || stride == expected;
            expected = expected.saturating_mul(extent);
            fits
        })
}

/// Copies a strided view, last axis innermost.
fn gather(parts: &Parts<'_>, values: &[f32], strides: &[u64], out: &mut [f32]) -> Result<(), CheckpointError> {
    let shape = &parts.tensor.shape;
    let last = shape.iter().zip(strides).try_fold(0u64, |last, (&extent, &stride)| {
        extent.saturating_sub(1).checked_mul(stride).and_then(|reach| last.checked_add(reach))
    });
    if strides.len() != shape.len() || !out.is_empty() && last.is_none_or(|last| last >= values.len() as u64) {
        return Err(parts.malformed("the strides leave the stored values"));
    }
    let (Some((&width, outer)), Some((&step, outer_strides))) = (shape.split_last(), strides.split_last()) else {
        out.copy_from_slice(&values[..out.len()]);
        return Ok(());
    };
    let mut index = vec![0u64; outer.len()];
    for row in out.chunks_exact_mut((width as usize).max(1)) {
        let start: u64 = index.iter().zip(outer_strides).map(|(i, stride)| i * stride).sum();
        for (i, x) in row.iter_mut().enumerate() {
            *x = values[(start + i as u64 * step) as usize];
        }
        for (i, &extent) in index.iter_mut().zip(outer).rev() {
            *i += 1;
            if *i < extent {
                break;
            }
            *i = 0;
        }
    }
    Ok(())
}

fn blocks(parts: &Parts<'_>, id: u32, out: &mut Vec<f32>) -> Result<(), CheckpointError> {
    parts.contiguous()?;
    let elements = parts.elements()?;
    let bytes = parts.part(0)?;
    // Every known type keeps fewer than 8 values in a byte: a larger shape is refused before it is allocated.
    if elements / 8 > bytes.len() {
        return Err(parts.malformed("the shape is larger than the data"));
    }
    ggml::dequantize(id, bytes, room(out, elements))
}

/// x = scale·(q − zero), scale and zero per tensor or per index of one axis.
fn scaled(
    parts: &Parts<'_>,
    values: Dtype,
    scale: Dtype,
    zero: Option<Dtype>,
    axis: Option<usize>,
    out: &mut Vec<f32>,
) -> Result<(), CheckpointError> {
    numbers(parts, values, out)?;
    if out.is_empty() {
        return Ok(());
    }
    let shape = &parts.tensor.shape;
    let (groups, inner) = match axis {
        None => (1, out.len()),
        Some(axis) => {
            let extent = *shape.get(axis).ok_or_else(|| parts.malformed("the axis of the scales is not there"))?;
            (extent as usize, shape[axis + 1..].iter().product::<u64>() as usize)
        }
    };
    let scales = parts.values(1, scale, groups)?;
    let zeros = zero.map(|dtype| parts.values(2, dtype, groups)).transpose()?;
    for (i, run) in out.chunks_mut(inner).enumerate() {
        let group = i % groups;
        let (scale, zero) = (scales[group], zeros.as_ref().map_or(0.0, |zeros| zeros[group]));
        for x in run {
            *x = (*x - zero) * scale;
        }
    }
    Ok(())
}

/// x = scale·q, one scale a tile of the last two axes.
fn block_scaled(
    parts: &Parts<'_>,
    values: Dtype,
    scale: Dtype,
    (tile_rows, tile_columns): (usize, usize),
    out: &mut Vec<f32>,
) -> Result<(), CheckpointError> {
    let [outer @ .., rows, columns] = parts.tensor.shape.as_slice() else {
        return Err(parts.malformed("tiles need two axes"));
    };
    if tile_rows == 0 || tile_columns == 0 {
        return Err(parts.malformed("tiles are empty"));
    }
    numbers(parts, values, out)?;
    if out.is_empty() {
        return Ok(());
    }
    let (rows, columns) = (*rows as usize, *columns as usize);
    let tiles = columns.div_ceil(tile_columns);
    let bands = rows.div_ceil(tile_rows);
    let scales = parts.values(1, scale, outer.iter().product::<u64>() as usize * bands * tiles)?;
    for (i, row) in out.chunks_exact_mut(columns).enumerate() {
        let band = i / rows * bands + i % rows / tile_rows;
        for (run, scale) in row.chunks_mut(tile_columns).zip(&scales[band * tiles..]) {
            run.iter_mut().for_each(|x| *x *= scale);
        }
    }
    Ok(())
}

/// Converts little-endian numbers one by one; `out` and `bytes` hold equally many.
pub(super) fn plain(dtype: Dtype, bytes: &[u8], out: &mut [f32]) {
    match dtype {
        Dtype::F64 => convert(bytes, out, |b| f64::from_le_bytes(b) as f32),
        Dtype::F32 => convert(bytes, out, f32::from_le_bytes),
        Dtype::F16 => halves(bytes, out),
        Dtype::Bf16 => convert(bytes, out, |b| f32::from_bits(u32::from(u16::from_le_bytes(b)) << 16)),
        Dtype::F8E4M3 => looked_up(bytes, out, &E4M3),
        Dtype::F8E5M2 => looked_up(bytes, out, &E5M2),
        Dtype::I64 => convert(bytes, out, |b| i64::from_le_bytes(b) as f32),
        Dtype::I32 => convert(bytes, out, |b| i32::from_le_bytes(b) as f32),
        Dtype::I16 => convert(bytes, out, |b| i16::from_le_bytes(b) as f32),
        Dtype::I8 => convert(bytes, out, |b| i8::from_le_bytes(b) as f32),
        Dtype::U64 => convert(bytes, out, |b| u64::from_le_bytes(b) as f32),
        Dtype::U32 => convert(bytes, out, |b| u32::from_le_bytes(b) as f32),
        Dtype::U16 => convert(bytes, out, |b| u16::from_le_bytes(b) as f32),
        Dtype::U8 => convert(bytes, out, |b| u8::from_le_bytes(b) as f32),
        Dtype::Bool => convert(bytes, out, |[b]: [u8; 1]| f32::from(b != 0)),
    }
}

fn convert<const N: usize>(bytes: &[u8], out: &mut [f32], number: impl Fn([u8; N]) -> f32) {
    for (x, bytes) in out.iter_mut().zip(bytes.as_chunks::<N>().0) {
        *x = number(*bytes);
    }
}

fn halves(bytes: &[u8], out: &mut [f32]) {
    // Through a small aligned buffer, because the fast conversion wants f16 and files promise no alignment.
    let mut buffer = [f16::ZERO; 1024];
    for (out, bytes) in out.chunks_mut(buffer.len()).zip(bytes.chunks(2 * buffer.len())) {
        let buffer = &mut buffer[..out.len()];
        for (half, bytes) in buffer.iter_mut().zip(bytes.as_chunks::<2>().0) {
            *half = f16::from_le_bytes(*bytes);
        }
        buffer.convert_to_f32_slice(out);
    }
}

fn looked_up(bytes: &[u8], out: &mut [f32], table: &[f32; 256]) {
    for (x, &byte) in out.iter_mut().zip(bytes) {
        *x = table[byte as usize];
    }
}

/// FP8 E4M3 as machine learning uses it ("FN", OCP OFP8 §5.1): no infinities, NaN only with all bits set.
static E4M3: LazyLock<[f32; 256]> = LazyLock::new(|| {
    std::array::from_fn(|byte| {
        let (exponent, mantissa) = ((byte >> 3 & 15) as i32, (byte & 7) as f32);
        let magnitude = match byte & 0x7f {
            0x7f => f32::NAN,
            _ if exponent == 0 => mantissa / 512.0,
            _ => (1.0 + mantissa / 8.0) * 2f32.powi(exponent - 7),
        };
        if byte < 128 { magnitude } else { -magnitude }
    })
});

/// FP8 E5M2: the upper byte of an f16.
static E5M2: LazyLock<[f32; 256]> =
    LazyLock::new(|| std::array::from_fn(|byte| f16::from_bits((byte as u16) << 8).to_f32()));
