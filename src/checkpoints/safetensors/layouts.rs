// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Layouts of packed and scaled weights.
//!
//! In: stored tensors that belong together. Out: the logical tensor they make, if their types and shapes fit.

use serde_json::Value;

use crate::checkpoints::{Dtype, Encoding, Extent, Tensor};

/// A logical tensor and the names it has used up.
pub(super) struct Folded<'a> {
    pub(super) tensor: Tensor,
    pub(super) companions: Vec<&'a str>,
}

/// Tells GPTQ from AWQ by the shapes, and returns the logical shape `[out, in]`.
pub(super) fn packed_layout(
    qweight: &Tensor,
    zeros: &Tensor,
    scales: &Tensor,
    zero_minus_one: bool,
) -> Option<(Encoding, Vec<u64>)> {
    let ([packed_in, columns], [_, packed_out], [_, outputs]) =
        (qweight.shape.as_slice(), zeros.shape.as_slice(), scales.shape.as_slice())
    else {
        return None;
    };
    let scale = float(scales)?;
    if [qweight, zeros].iter().any(|tensor| tensor.encoding != Encoding::Plain(Dtype::I32)) || *outputs == 0 {
        return None;
    }
    if columns == outputs {
        let bits = packed_out.checked_mul(32)? / outputs;
        let inputs = packed_in.checked_mul(32)?.checked_div(bits)?;
        let bits = u32::try_from(bits).ok()?;
        return Some((Encoding::Gptq { bits, zero_minus_one, scale }, vec![*outputs, inputs]));
    }
    let awq = columns.checked_mul(8)? == *outputs && packed_out == columns;
    awq.then(|| (Encoding::Awq { bits: 4, scale }, vec![*outputs, *packed_in]))
}

/// Codes in words with scales (and biases) for stretches of a row; the bits follow from the shapes.
pub(super) fn affine<'a>(
    packed: &'a Tensor,
    words: Dtype,
    shape: Vec<u64>,
    companions: &[&'a Tensor],
    name: &str,
) -> Option<Folded<'a>> {
    let scale = float(companions.first()?)?;
    let bits = packed.shape.last()?.checked_mul(32)?.checked_div(*shape.last()?)?;
    let bits = u32::try_from(bits).ok().filter(|bits| (2..=8).contains(bits))?;
    let same = companions.iter().all(|tensor| float(tensor) == Some(scale));
    if packed.encoding != Encoding::Plain(words) || !same {
        return None;
    }
    let mut parts = packed.parts.clone();
    parts.extend(extents(companions));
    let encoding = Encoding::Affine { bits, scale };
    Some(Folded {
        tensor: Tensor { name: name.to_owned(), shape, encoding, parts, strides: None },
        companions: companions.iter().map(|tensor| tensor.name.as_str()).collect(),
    })
}

/// gpt-oss: `X_blocks` u8 [.., out, groups, 16] and `X_scales` u8 [.., out, groups] make X [.., out, 32·groups].
pub(super) fn mxfp4<'a>(blocks: &'a Tensor, stem: &str, scales: &'a Tensor) -> Folded<'a> {
    let shape = match blocks.shape.split_last() {
        Some((16, outer)) if outer == scales.shape && scales.encoding == Encoding::Plain(Dtype::U8) => outer,
        _ => return unread(blocks, "its scales do not fit its blocks"),
    };
    let Some((groups, outer)) = shape.split_last() else { return unread(blocks, "its shape is empty") };
    let shape = outer.iter().copied().chain([groups.saturating_mul(32)]).collect();
    let parts = extents(&[blocks, scales]);
    Folded {
        tensor: Tensor { name: stem.to_owned(), shape, encoding: Encoding::Mxfp4, parts, strides: None },
        companions: vec![&scales.name],
    }
}

/// 8-bit values with one scale, one an index of an axis, or one a tile of the last two axes.
pub(super) fn scaled<'a>(
    tensor: &'a Tensor,
    values: Dtype,
    scales: &'a Tensor,
    name: &str,
    tile: Option<(usize, usize)>,
) -> Option<Folded<'a>> {
    let scale = float(scales)?;
    let mut logical = tensor.clone();
    name.clone_into(&mut logical.name);
    logical.encoding = if scales.elements() == 1 {
        Encoding::Scaled { values, scale, zero: None, axis: None }
    } else if let Some(axis) = scale_axis(&tensor.shape, &scales.shape) {
        Encoding::Scaled { values, scale, zero: None, axis: Some(axis) }
    } else {
        Encoding::BlockScaled { values, scale, block: scale_tile(&tensor.shape, &scales.shape, tile)? }
    };
    logical.parts.extend(scales.parts.iter().cloned());
    Some(Folded { tensor: logical, companions: vec![&scales.name] })
}

/// Adds the zero points of 8-bit values, one for each scale.
pub(super) fn with_zeros<'a>(mut folded: Folded<'a>, scales: &Tensor, zeros: &'a Tensor) -> Option<Folded<'a>> {
    let Encoding::Plain(dtype) = zeros.encoding else { return None };
    match &mut folded.tensor.encoding {
        Encoding::Scaled { zero, .. } if zeros.elements() == scales.elements() => *zero = Some(dtype),
        _ => return None,
    }
    folded.tensor.parts.extend(zeros.parts.iter().cloned());
    folded.companions.push(&zeros.name);
    Some(folded)
}

/// The one axis along which scales differ, if they broadcast along every other.
fn scale_axis(shape: &[u64], scales: &[u64]) -> Option<usize> {
    if let [rows] = scales {
        return (shape.first() == Some(rows)).then_some(0);
    }
    let mut varying = scales.iter().enumerate().filter(|(_, extent)| **extent != 1);
    match (varying.next(), varying.next()) {
        (Some((axis, extent)), None) if scales.len() == shape.len() && shape[axis] == *extent => Some(axis),
        _ => None,
    }
}

/// The tile that makes the scales cover the last two axes: the configured one, 128 × 128, or an even division.
fn scale_tile(shape: &[u64], scales: &[u64], configured: Option<(usize, usize)>) -> Option<(usize, usize)> {
    let ([outer @ .., rows, columns], [scale_outer @ .., bands, tiles]) = (shape, scales) else { return None };
    if outer != scale_outer || *bands == 0 || *tiles == 0 {
        return None;
    }
    let even = ((*rows / bands) as usize, (*columns / tiles) as usize);
    [configured, Some((128, 128)), Some(even)].into_iter().flatten().find(|&(height, width)| {
        let (height, width) = (height as u64, width as u64);
        height > 0 && width > 0 && rows.div_ceil(height) == *bands && columns.div_ceil(width) == *tiles
    })
}

/// Shape and encoding from the JSON that bitsandbytes stores.
pub(super) fn lookup_layout(state: &Value, nested: bool) -> Option<(Vec<u64>, Encoding)> {
    let shape = state.get("shape")?.as_array()?.iter().map(Value::as_u64).collect::<Option<Vec<_>>>()?;
    let block = state.get("blocksize")?.as_u64()? as usize;
    let nested = if nested {
        let offset = state.get("nested_offset").and_then(Value::as_f64).unwrap_or(0.0);
        Some((state.get("nested_blocksize")?.as_u64()? as usize, offset as f32))
    } else {
        None
    };
    Some((shape, Encoding::Lookup { block, nested }))
}

/// The type of a tensor of plain floats.
pub(super) fn float(tensor: &Tensor) -> Option<Dtype> {
    match tensor.encoding {
        Encoding::Plain(dtype @ (Dtype::F64 | Dtype::F32 | Dtype::F16 | Dtype::Bf16)) => Some(dtype),
        _ => None,
    }
}

/// The parts of several tensors, one after another.
pub(super) fn extents(tensors: &[&Tensor]) -> Vec<Extent> {
    tensors.iter().flat_map(|tensor| tensor.parts.iter().cloned()).collect()
}

/// A tensor that is recognised and not decoded.
pub(super) fn unread<'a>(tensor: &Tensor, reason: &str) -> Folded<'a> {
    let tensor = Tensor { encoding: Encoding::Unread(reason.to_owned()), ..tensor.clone() };
    Folded { tensor, companions: Vec::new() }
}
