// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Weights packed several to a word: GPTQ, AWQ, bitsandbytes 4-bit and gpt-oss MXFP4.
//!
//! In: the packed parts of one tensor. Out: its values, as the float tensor they were made from would be laid out.

use super::decode::room;
use super::parts::Parts;
use super::{CheckpointError, Dtype};

/// Inputs unpacked for every output before going on: the transposition then stays in the nearest cache.
const STRETCH: usize = 32;

/// Unpacks GPTQ: `x[o, i] = scale[g(i), o]·(q[i, o] − zero[g(i), o])`.
///
/// Parts: `qweight` i32 [in·bits/32, out], a bit stream along the input; `qzeros` i32 [groups, out·bits/32], a bit
/// stream along the output; `scales` [groups, out]; optionally `g_idx` i32 `[in]`, the group of each input.
pub(super) fn gptq(
    parts: &Parts<'_>,
    bits: u32,
    zero_minus_one: bool,
    scale: Dtype,
    out: &mut Vec<f32>,
) -> Result<(), CheckpointError> {
    let (rows, columns) = parts.matrix()?;
    let width = bits as usize;
    if !matches!(bits, 2 | 3 | 4 | 8) || !(columns * width).is_multiple_of(32) || !(rows * width).is_multiple_of(32) {
        return Err(parts.malformed(&format!("{rows} × {columns} values of {bits} bits do not fill words")));
    }
    let codes = words(parts.sized(0, columns * width / 32 * rows, 4)?);
    let groups = groups(parts, rows, scale)?;
    let zeros = words(parts.sized(1, groups * (rows * width / 32), 4)?);
    let scales = parts.values(2, scale, groups * rows)?;
    let group_of = group_indices(parts, columns, groups)?;
    let mask = (1u32 << bits) - 1;
    let mut zero_points = vec![0.0; groups * rows];
    for (zeros, stream) in zero_points.chunks_exact_mut(rows).zip(zeros.chunks_exact(rows * width / 32)) {
        for (o, zero) in zeros.iter_mut().enumerate() {
            let stored = stream_value(bits, o, |word| stream[word]);
            *zero = (if zero_minus_one { (stored + 1) & mask } else { stored }) as f32;
        }
    }
    let out = room(out, rows * columns);
    for (stretch, group_of) in group_of.chunks(STRETCH).enumerate() {
        for o in 0..rows {
            let start = stretch * STRETCH;
            let run = &mut out[o * columns + start..][..group_of.len()];
            for (i, (x, &group)) in run.iter_mut().zip(group_of).enumerate() {
                let code = stream_value(bits, start + i, |word| codes[word * rows + o]);
                *x = scales[group * rows + o] * (code as f32 - zero_points[group * rows + o]);
            }
        }
    }
    Ok(())
}

/// Unpacks AWQ's GEMM layout: `x[o, i] = scale[g(i), o]·(q[i, o] − zero[g(i), o])`.
///
/// Parts: `qweight` i32 [in, out/8], `qzeros` i32 [groups, out/8], `scales` [groups, out]. Nibble k of a word holds
/// output `[0, 2, 4, 6, 1, 3, 5, 7][k]` of its eight.
pub(super) fn awq(parts: &Parts<'_>, bits: u32, scale: Dtype, out: &mut Vec<f32>) -> Result<(), CheckpointError> {
    /// Nibble that holds output o mod 8: the inverse of the packing order 0 2 4 6 1 3 5 7.
    const NIBBLE: [usize; 8] = [0, 4, 1, 5, 2, 6, 3, 7];
    let (rows, columns) = parts.matrix()?;
    if bits != 4 || rows % 8 != 0 {
        return Err(parts.malformed(&format!("{rows} outputs of {bits} bits do not fill words")));
    }
    let codes = words(parts.sized(0, columns * (rows / 8), 4)?);
    let groups = groups(parts, rows, scale)?;
    let zeros = words(parts.sized(1, groups * (rows / 8), 4)?);
    let scales = parts.values(2, scale, groups * rows)?;
    let out = room(out, rows * columns);
    let eighth = rows / 8;
    for start in (0..columns).step_by(STRETCH) {
        let end = columns.min(start + STRETCH);
        for (o, row) in out.chunks_exact_mut(columns).enumerate() {
            let shift = 4 * NIBBLE[o % 8];
            for (i, x) in (start..end).zip(&mut row[start..end]) {
                let group = i / columns.div_ceil(groups);
                let (code, zero) =
                    (codes[i * eighth + o / 8] >> shift & 15, zeros[group * eighth + o / 8] >> shift & 15);
                *x = scales[group * rows + o] * (code as i32 - zero as i32) as f32;
            }
        }
    }
    Ok(())
}

/// Unpacks MLX and compressed-tensors: x = scale·q + bias, or scale·(q − 2^(bits−1)) if there are no biases.
pub(super) fn affine(parts: &Parts<'_>, bits: u32, scale: Dtype, out: &mut Vec<f32>) -> Result<(), CheckpointError> {
    let (rows, columns) = parts.rows()?;
    let width = bits as usize;
    if !(2..=8).contains(&bits) || !(columns * width).is_multiple_of(32) {
        return Err(parts.malformed(&format!("rows of {columns} values of {bits} bits do not fill words")));
    }
    let row_words = columns * width / 32;
    let codes = words(parts.sized(0, rows * row_words, 4)?);
    let groups = parts.part(1)?.len() / (rows * scale.size());
    if groups == 0 || columns % groups != 0 {
        return Err(parts.malformed(&format!("{groups} scales do not divide a row of {columns}")));
    }
    let scales = parts.values(1, scale, rows * groups)?;
    let biases = match parts.count() {
        2 => scales.iter().map(|scale| -scale * (1u32 << (bits - 1)) as f32).collect(),
        _ => parts.values(2, scale, rows * groups)?,
    };
    let group = columns / groups;
    for (r, row) in room(out, rows * columns).chunks_exact_mut(columns).enumerate() {
        let codes = &codes[r * row_words..][..row_words];
        for (i, x) in row.iter_mut().enumerate() {
            let at = r * groups + i / group;
            *x = scales[at] * stream_value(bits, i, |word| codes[word]) as f32 + biases[at];
        }
    }
    Ok(())
}

/// Unpacks bitsandbytes NF4 and FP4: `x[i] = table[code[i]]·scale[i / block]`.
pub(super) fn lookup(
    parts: &Parts<'_>,
    block: usize,
    nested: Option<(usize, f32)>,
    out: &mut Vec<f32>,
) -> Result<(), CheckpointError> {
    let elements = parts.elements()?;
    if block == 0 || nested.is_some_and(|(size, _)| size == 0) {
        return Err(parts.malformed("blocks are empty"));
    }
    let codes = parts.sized(0, elements.div_ceil(2), 1)?;
    let table = parts.values(1, Dtype::F32, 16)?;
    let blocks = elements.div_ceil(block);
    let scales = match nested {
        None => parts.values(2, Dtype::F32, blocks)?,
        Some((size, offset)) => {
            let scale_table = parts.values(3, Dtype::F32, 256)?;
            let outer = parts.values(4, Dtype::F32, blocks.div_ceil(size))?;
            let scale_codes = parts.sized(2, blocks, 1)?.iter().enumerate();
            scale_codes.map(|(i, &code)| scale_table[code as usize] * outer[i / size] + offset).collect()
        }
    };
    for (i, x) in room(out, elements).iter_mut().enumerate() {
        let shift = if i % 2 == 0 { 4 } else { 0 };
        *x = table[(codes[i / 2] >> shift & 15) as usize] * scales[i / block];
    }
    Ok(())
}

/// Unpacks gpt-oss MXFP4: x = 2^(e − 127)·E2M1, the low half of a byte first, one exponent for 32 values.
pub(super) fn mxfp4(parts: &Parts<'_>, out: &mut Vec<f32>) -> Result<(), CheckpointError> {
    const E2M1: [f32; 16] = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, -0.0, -0.5, -1.0, -1.5, -2.0, -3.0, -4.0, -6.0];
    let elements = parts.elements()?;
    let codes = parts.sized(0, elements.div_ceil(2), 1)?;
    let exponents = parts.sized(1, elements.div_ceil(32), 1)?;
    for ((run, codes), &exponent) in room(out, elements).chunks_mut(32).zip(codes.chunks(16)).zip(exponents) {
        let scale = 2f64.powi(i32::from(exponent) - 127) as f32;
        for (pair, &byte) in run.chunks_mut(2).zip(codes) {
            for (x, code) in pair.iter_mut().zip([byte & 15, byte >> 4]) {
                *x = scale * E2M1[code as usize];
            }
        }
    }
    Ok(())
}

/// Number of quantization groups, from the size of the scales.
fn groups(parts: &Parts<'_>, rows: usize, scale: Dtype) -> Result<usize, CheckpointError> {
    match parts.part(2)?.len() / (rows * scale.size()) {
        0 => Err(parts.malformed("there are no scales")),
        groups => Ok(groups),
    }
}

fn group_indices(parts: &Parts<'_>, columns: usize, groups: usize) -> Result<Vec<usize>, CheckpointError> {
    if parts.count() < 4 {
        return Ok((0..columns).map(|i| i / columns.div_ceil(groups)).collect());
    }
    let indices: Vec<usize> = words(parts.sized(3, columns, 4)?).into_iter().map(|index| index as usize).collect();
    if indices.iter().any(|&index| index >= groups) {
        return Err(parts.malformed("a group index has no scale"));
    }
    Ok(indices)
}

fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect()
}

/// Value `index` of a stream of `bits`-bit values, low bits first, that may cross from one word into the next.
fn stream_value(bits: u32, index: usize, word: impl Fn(usize) -> u32) -> u32 {
    let start = index * bits as usize;
    let (at, shift) = (start / 32, start as u32 % 32);
    let mut value = word(at) >> shift;
    if shift + bits > 32 {
        value |= word(at + 1) << (32 - shift);
    }
    value & ((1 << bits) - 1)
}
