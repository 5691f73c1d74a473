// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Folds packed or scaled weights and the tensors that belong to them into the weight they stand for.
//!
//! In: the tensors of a safetensors checkpoint as stored. Out: the same tensors, where `X.qweight`, `X.scales`, …
//! have become one `X.weight` that decodes to floats. A layout that is recognised and cannot be decoded is kept with
//! an encoding that says so, so that it is never mistaken for plain numbers.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use super::{CheckpointError, CheckpointFile, Dtype, Encoding, Extent, Tensor};

/// Folds all tensors that have companions; the others stay as they are, in their order.
pub(super) fn fold(
    tensors: Vec<Tensor>,
    files: &[CheckpointFile],
    config: Option<&Value>,
) -> Result<Vec<Tensor>, CheckpointError> {
    let fold = Fold {
        by_name: tensors.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect(),
        files,
        quantization: config.and_then(|config| config.get("quantization_config")),
    };
    let mut replaced: HashMap<&str, Tensor> = HashMap::new();
    let mut consumed: HashSet<&str> = HashSet::new();
    for tensor in &tensors {
        if let Some(Folded { tensor: logical, companions }) = fold.one(tensor)? {
            if logical.name != tensor.name && fold.by_name.contains_key(logical.name.as_str()) {
                let reason = format!("tensor {} is stored plain and packed", logical.name);
                return Err(CheckpointError::Malformed { format: "safetensors", offset: 0, reason });
            }
            consumed.extend(companions);
            replaced.insert(&tensor.name, logical);
        }
    }
    if replaced.is_empty() {
        return Ok(tensors);
    }
    let kept = tensors.iter().filter(|tensor| !consumed.contains(tensor.name.as_str()));
    Ok(kept.map(|tensor| replaced.remove(tensor.name.as_str()).unwrap_or_else(|| tensor.clone())).collect())
}

/// A logical tensor and the names it has used up.
struct Folded<'a> {
    tensor: Tensor,
    companions: Vec<&'a str>,
}

struct Fold<'a> {
    by_name: HashMap<&'a str, &'a Tensor>,
    files: &'a [CheckpointFile],
    quantization: Option<&'a Value>,
}

/// Suffixes of a scale after the name of the tensor it belongs to: compressed-tensors and vLLM, DeepSeek, MLX-like
/// exports, quanto (`._data` and `._scale`), plain `.scale`.
const SCALES: [&str; 5] = ["_scale", "_scale_inv", "_scales", ".scale", ".scales"];

impl<'a> Fold<'a> {
    /// Returns what `tensor` stands for, if it is the values of a packed or scaled weight.
    fn one(&self, tensor: &'a Tensor) -> Result<Option<Folded<'a>>, CheckpointError> {
        if let Some(stem) = tensor.name.strip_suffix(".qweight") {
            return Ok(Some(self.qweight(tensor, stem)));
        }
        if let Some(stem) = tensor.name.strip_suffix("_blocks")
            && let Some(scales) = self.get(&format!("{stem}_scales"))
            && tensor.encoding == Encoding::Plain(Dtype::U8)
        {
            return Ok(Some(mxfp4(tensor, stem, scales)));
        }
        if tensor.name.ends_with(".weight_packed") {
            return Ok(Some(unread(
                tensor,
                "compressed-tensors packing is not decoded; publish the float weights too",
            )));
        }
        match tensor.encoding {
            Encoding::Plain(Dtype::U8) if self.get(&format!("{}.absmax", tensor.name)).is_some() => {
                self.bits_and_bytes(tensor).map(Some)
            }
            Encoding::Plain(dtype @ (Dtype::I8 | Dtype::U8 | Dtype::F8E4M3 | Dtype::F8E5M2)) => {
                self.eight_bits(tensor, dtype)
            }
            _ => Ok(None),
        }
    }

    fn get(&self, name: &str) -> Option<&'a Tensor> {
        self.by_name.get(name).copied()
    }

    /// `X.qweight`: GPTQ, AWQ, or 8-bit values with `X.scale`.
    fn qweight(&self, qweight: &'a Tensor, stem: &str) -> Folded<'a> {
        if let Encoding::Plain(dtype @ (Dtype::I8 | Dtype::U8)) = qweight.encoding {
            let scale = SCALES.iter().find_map(|suffix| self.get(&format!("{stem}{suffix}")));
            let folded = scale.and_then(|scale| scaled(qweight, dtype, scale, stem, None));
            return folded.unwrap_or_else(|| unread(qweight, "no scale fits it; publish the float weights too"));
        }
        let method = |name: &str| self.quantization.and_then(|q| q.get(name)).and_then(Value::as_str);
        if matches!(method("checkpoint_format"), Some(format) if format.contains("marlin")) {
            return unread(qweight, "Marlin packing is not decoded; publish the GPTQ weights");
        }
        let [zeros, scales, groups] = ["qzeros", "scales", "g_idx"].map(|part| self.get(&format!("{stem}.{part}")));
        let (Some(zeros), Some(scales)) = (zeros, scales) else {
            return unread(qweight, "its zero points or scales are not there");
        };
        let minus_one = method("checkpoint_format") != Some("gptq_v2");
        let Some((encoding, shape)) = packed_layout(qweight, zeros, scales, minus_one) else {
            return unread(qweight, "its shape fits neither GPTQ nor AWQ");
        };
        let grouped = groups.filter(|_| matches!(encoding, Encoding::Gptq { .. }));
        let parts: Vec<&Tensor> = [Some(qweight), Some(zeros), Some(scales), grouped].into_iter().flatten().collect();
        Folded {
            tensor: Tensor { name: format!("{stem}.weight"), shape, encoding, parts: extents(&parts), strides: None },
            companions: [Some(zeros), Some(scales), groups].into_iter().flatten().map(|t| t.name.as_str()).collect(),
        }
    }

    /// `X` with an 8-bit type and `X_scale` or the like, bitsandbytes' `X.SCB`, or quanto's `X._data` and `X._scale`.
    fn eight_bits(&self, tensor: &'a Tensor, dtype: Dtype) -> Result<Option<Folded<'a>>, CheckpointError> {
        let stem = tensor.name.strip_suffix("._data");
        if let Some(stem) = stem
            && let Some(scale) = self.get(&format!("{stem}._scale"))
        {
            let folded = scaled(tensor, dtype, scale, stem, None);
            return Ok(Some(folded.unwrap_or_else(|| unread(tensor, "its scale does not fit it"))));
        }
        if dtype == Dtype::I8
            && let Some(stem) = tensor.name.strip_suffix(".weight")
            && let Some(scale) = self.get(&format!("{stem}.SCB"))
        {
            return self.absolute_maxima(tensor, scale).map(Some);
        }
        let scale = SCALES.iter().find_map(|suffix| self.get(&format!("{}{suffix}", tensor.name)));
        let Some(scale) = scale else { return Ok(None) };
        let folded = scaled(tensor, dtype, scale, &tensor.name, self.tile());
        Ok(Some(folded.unwrap_or_else(|| unread(tensor, "its scales do not fit its shape"))))
    }

    /// LLM.int8(): x = q·SCB[row]/127, `SCB` being the largest magnitude of the row.
    fn absolute_maxima(&self, tensor: &'a Tensor, maxima: &'a Tensor) -> Result<Folded<'a>, CheckpointError> {
        let rows = tensor.shape.first().copied().unwrap_or(0);
        if maxima.encoding != Encoding::Plain(Dtype::F32) || maxima.elements() != rows {
            return Ok(unread(tensor, "its scales do not fit its shape"));
        }
        let bytes = self.bytes(maxima, rows.saturating_mul(4))?;
        let scales = bytes.as_chunks::<4>().0.iter().flat_map(|b| (f32::from_le_bytes(*b) / 127.0).to_le_bytes());
        let scales: Arc<[u8]> = scales.collect::<Vec<u8>>().into();
        let (values, scale) = (Dtype::I8, Dtype::F32);
        let mut logical = tensor.clone();
        logical.encoding = Encoding::Scaled { values, scale, zero: None, axis: Some(0) };
        logical.parts.push(Extent::Inline(scales));
        Ok(Folded { tensor: logical, companions: vec![&maxima.name] })
    }

    /// NF4 and FP4: `X.weight` with `.absmax`, `.quant_map`, `.quant_state.bitsandbytes__nf4` (JSON), and for nested
    /// scales `.nested_absmax` and `.nested_quant_map`.
    fn bits_and_bytes(&self, tensor: &'a Tensor) -> Result<Folded<'a>, CheckpointError> {
        let part = |suffix: &str| self.get(&format!("{}.{suffix}", tensor.name));
        let state = ["nf4", "fp4"].iter().find_map(|kind| part(&format!("quant_state.bitsandbytes__{kind}")));
        let (Some(state), Some(table), Some(scales)) = (state, part("quant_map"), part("absmax")) else {
            return Ok(unread(tensor, "part of its bitsandbytes state is not there"));
        };
        let nested = part("nested_absmax").zip(part("nested_quant_map"));
        let parsed = serde_json::from_slice(&self.bytes(state, 1 << 16)?).ok();
        let Some((shape, encoding)) = parsed.as_ref().and_then(|state| lookup_layout(state, nested.is_some())) else {
            return Ok(unread(tensor, "its bitsandbytes state is not understood"));
        };
        let mut parts = vec![tensor, table, scales];
        parts.extend(nested.iter().flat_map(|(maxima, table)| [*table, *maxima]));
        let companions = parts.iter().skip(1).chain([&state]).map(|tensor| tensor.name.as_str()).collect();
        let logical = Tensor { name: tensor.name.clone(), shape, encoding, parts: extents(&parts), strides: None };
        Ok(Folded { tensor: logical, companions })
    }

    /// The bytes of a small tensor, of at most `limit` bytes.
    fn bytes(&self, tensor: &Tensor, limit: u64) -> Result<Vec<u8>, CheckpointError> {
        let [Extent::Plain { file, offset, len }] = tensor.parts.as_slice() else { return Ok(Vec::new()) };
        let Some(stored) = self.files.get(*file).filter(|_| *len <= limit) else { return Ok(Vec::new()) };
        let mut bytes = vec![0; *len as usize];
        stored.content.open()?.read_exact_at(*offset, &mut bytes)?;
        Ok(bytes)
    }

    /// Rows and columns that share a scale, from the configuration.
    fn tile(&self) -> Option<(usize, usize)> {
        let size = self.quantization?.get("weight_block_size")?.as_array()?;
        match size.as_slice() {
            [rows, columns] => Some((rows.as_u64()? as usize, columns.as_u64()? as usize)),
            _ => None,
        }
    }
}

/// Tells GPTQ from AWQ by the shapes, and returns the logical shape `[out, in]`.
fn packed_layout(
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

/// gpt-oss: `X_blocks` u8 [.., out, groups, 16] and `X_scales` u8 [.., out, groups] make X [.., out, 32·groups].
fn mxfp4<'a>(blocks: &'a Tensor, stem: &str, scales: &'a Tensor) -> Folded<'a> {
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
fn scaled<'a>(
    tensor: &'a Tensor,
    values: Dtype,
    scales: &'a Tensor,
    name: &str,
    tile: Option<(usize, usize)>,
) -> Option<Folded<'a>> {
    let scale = float(scales)?;
    let mut logical = tensor.clone();
    name.clone_into(&mut logical.name);
    logical.encoding = if let Some(axis) = scale_axis(&tensor.shape, &scales.shape) {
        Encoding::Scaled { values, scale, zero: None, axis }
    } else {
        Encoding::BlockScaled { values, scale, block: scale_tile(&tensor.shape, &scales.shape, tile)? }
    };
    logical.parts.extend(scales.parts.iter().cloned());
    Some(Folded { tensor: logical, companions: vec![&scales.name] })
}

/// `Some(None)`: one scale for all. `Some(Some(axis))`: the scales broadcast along every other axis.
fn scale_axis(shape: &[u64], scales: &[u64]) -> Option<Option<usize>> {
    if scales.iter().all(|&extent| extent == 1) {
        return Some(None);
    }
    if let [rows] = scales {
        return (shape.first() == Some(rows)).then_some(Some(0));
    }
    let mut varying = scales.iter().enumerate().filter(|(_, extent)| **extent != 1);
    match (varying.next(), varying.next()) {
        (Some((axis, extent)), None) if scales.len() == shape.len() && shape[axis] == *extent => Some(Some(axis)),
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
fn lookup_layout(state: &Value, nested: bool) -> Option<(Vec<u64>, Encoding)> {
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

fn float(tensor: &Tensor) -> Option<Dtype> {
    match tensor.encoding {
        Encoding::Plain(dtype @ (Dtype::F64 | Dtype::F32 | Dtype::F16 | Dtype::Bf16)) => Some(dtype),
        _ => None,
    }
}

fn extents(tensors: &[&Tensor]) -> Vec<Extent> {
    tensors.iter().flat_map(|tensor| tensor.parts.iter().cloned()).collect()
}

fn unread<'a>(tensor: &Tensor, reason: &str) -> Folded<'a> {
    let tensor = Tensor { encoding: Encoding::Unread(reason.to_owned()), ..tensor.clone() };
    Folded { tensor, companions: Vec::new() }
}
