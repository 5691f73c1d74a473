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

use super::layouts::{Folded, affine, extents, lookup_layout, mxfp4, packed_layout, scaled, unread, with_zeros};
use crate::checkpoints::{CheckpointError, CheckpointFile, Dtype, Encoding, Extent, Tensor};

/// Folds all tensors that have companions; the others stay as they are, in their order.
pub(super) fn fold(
    tensors: Vec<Tensor>,
    files: &[CheckpointFile],
    config: Option<&Value>,
) -> Result<Vec<Tensor>, CheckpointError> {
    let fold = Fold {
        by_name: tensors.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect(),
        files,
        quantization: config
            .and_then(|config| config.get("quantization_config").or_else(|| config.get("quantization"))),
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
        if let Some(stem) = tensor.name.strip_suffix(".weight_packed") {
            return self.compressed_tensors(tensor, stem).map(Some);
        }
        if tensor.encoding == Encoding::Plain(Dtype::U32)
            && let Some(stem) = tensor.name.strip_suffix(".weight")
            && let Some(scales) = self.get(&format!("{stem}.scales"))
        {
            return Ok(Some(self.mlx(tensor, stem, scales)));
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
        let mut folded = scaled(tensor, dtype, scale, &tensor.name, self.tile());
        if let Some(zeros) = self.get(&format!("{}_zero_point", tensor.name)) {
            folded = folded.and_then(|folded| with_zeros(folded, scale, zeros));
        }
        Ok(Some(folded.unwrap_or_else(|| unread(tensor, "its scales or zero points do not fit its shape"))))
    }

    /// LLM.int8(): `x = q·SCB[row]/127`, `SCB` being the largest magnitude of the row.
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

    /// compressed-tensors: `X.weight_packed` i32, `X.weight_scale`, and the true shape in `X.weight_shape`.
    fn compressed_tensors(&self, packed: &'a Tensor, stem: &str) -> Result<Folded<'a>, CheckpointError> {
        let part = |suffix: &str| self.get(&format!("{stem}.weight_{suffix}"));
        if part("zero_point").is_some() || part("g_idx").is_some() {
            return Ok(unread(packed, "zero points and reordered groups are not decoded; publish the float weights"));
        }
        let (Some(scales), Some(shape)) = (part("scale"), part("shape")) else {
            return Ok(unread(packed, "its scales or shape are not there"));
        };
        let bytes = self.bytes(shape, 64)?;
        let shape_values = bytes.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect();
        let folded = affine(packed, Dtype::I32, shape_values, &[scales], &format!("{stem}.weight"));
        Ok(folded.map_or_else(
            || unread(packed, "its shape, codes and scales do not fit one another"),
            |mut folded| {
                folded.companions.push(&shape.name);
                folded
            },
        ))
    }

    /// MLX: `X.weight` u32, `X.scales` and `X.biases`, one for each `group_size` values of a row.
    fn mlx(&self, packed: &'a Tensor, stem: &str, scales: &'a Tensor) -> Folded<'a> {
        let group = self.quantization.and_then(|q| q.get("group_size")).and_then(Value::as_u64).unwrap_or(64);
        let mut shape = packed.shape.clone();
        if let (Some(last), Some(groups)) = (shape.last_mut(), scales.shape.last()) {
            *last = groups.saturating_mul(group);
        }
        let folded = self
            .get(&format!("{stem}.biases"))
            .and_then(|biases| affine(packed, Dtype::U32, shape, &[scales, biases], &packed.name));
        folded.unwrap_or_else(|| unread(packed, "its codes, scales and biases do not fit one another"))
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use serde_json::{Value, json};

    use crate::changes::Content;
    use crate::checkpoints::safetensors::open;
    use crate::checkpoints::{Checkpoint, CheckpointFile, Reader, Scratch};

    /// A safetensors file of (name, type, shape, bytes).
    fn file(tensors: &[(&str, &str, &[u64], Vec<u8>)]) -> CheckpointFile {
        let mut header = serde_json::Map::new();
        let mut data = Vec::<u8>::new();
        for (name, dtype, shape, bytes) in tensors {
            let start = data.len();
            data.extend(bytes);
            let entry = json!({"dtype": dtype, "shape": shape, "data_offsets": [start, data.len()]});
            header.insert((*name).to_owned(), entry);
        }
        let header = Value::Object(header).to_string();
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.into_bytes());
        bytes.extend(data);
        let size = bytes.len() as u64;
        CheckpointFile { path: "m.safetensors".into(), content: Content::memory(bytes), size, expected_sha256: None }
    }

    fn f32s(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|x| x.to_le_bytes()).collect()
    }

    fn words(values: &[u32]) -> Vec<u8> {
        values.iter().flat_map(|x| x.to_le_bytes()).collect()
    }

    fn decoded(checkpoint: &Checkpoint, name: &str) -> Vec<f32> {
        let tensor = checkpoint.tensors.iter().find(|t| t.name == name).unwrap();
        let mut out = Vec::new();
        Reader::open(checkpoint).unwrap().tensor(tensor, &mut Scratch::default(), &mut out).unwrap();
        out
    }

    fn names(checkpoint: &Checkpoint) -> Vec<&str> {
        checkpoint.tensors.iter().map(|tensor| tensor.name.as_str()).collect()
    }

    /// Packs `bits`-bit values low bits first.
    fn stream(bits: usize, values: impl Iterator<Item = u32>) -> Vec<u32> {
        let flat: Vec<bool> = values.flat_map(|v| (0..bits).map(move |b| v >> b & 1 == 1)).collect();
        flat.chunks(32).map(|c| c.iter().enumerate().fold(0, |word, (i, &bit)| word | u32::from(bit) << i)).collect()
    }

    #[test]
    fn gptq_of_every_width_gives_back_what_was_packed() {
        let (inputs, outputs, groups) = (64usize, 32usize, 2usize);
        for bits in [2usize, 3, 4, 8] {
            let code = |i: usize, o: usize| ((i * 7 + o * 13 + i * o) % (1 << bits)) as u32;
            let zero = |g: usize, o: usize| ((g + o) % (1 << bits)) as u32;
            let scale = |g: usize, o: usize| 0.25 + (g * 32 + o) as f32;
            let group = |i: usize| i % groups;
            let by_output: Vec<Vec<u32>> =
                (0..outputs).map(|o| stream(bits, (0..inputs).map(|i| code(i, o)))).collect();
            let qweight: Vec<u32> =
                (0..inputs * bits / 32).flat_map(|row| by_output.iter().map(move |words| words[row])).collect();
            let mask = (1u32 << bits) - 1;
            let qzeros: Vec<u32> = (0..groups)
                .flat_map(|g| stream(bits, (0..outputs).map(move |o| zero(g, o).wrapping_sub(1) & mask)))
                .collect();
            let scales: Vec<f32> = (0..groups).flat_map(|g| (0..outputs).map(move |o| scale(g, o))).collect();
            let g_idx: Vec<u32> = (0..inputs).map(|i| group(i) as u32).collect();
            let packed = [(inputs * bits / 32) as u64, outputs as u64];
            let file = file(&[
                ("l.qweight", "I32", &packed, words(&qweight)),
                ("l.qzeros", "I32", &[groups as u64, (outputs * bits / 32) as u64], words(&qzeros)),
                ("l.scales", "F32", &[groups as u64, outputs as u64], f32s(&scales)),
                ("l.g_idx", "I32", &[inputs as u64], words(&g_idx)),
            ]);
            let checkpoint = open(&[file], None, None).unwrap();
            assert_eq!(names(&checkpoint), ["l.weight"]);
            assert_eq!(checkpoint.tensors[0].shape, [outputs as u64, inputs as u64]);
            let want: Vec<f32> = (0..outputs)
                .flat_map(|o| {
                    (0..inputs).map(move |i| scale(group(i), o) * (code(i, o) as f32 - zero(group(i), o) as f32))
                })
                .collect();
            assert_eq!(decoded(&checkpoint, "l.weight"), want, "{bits} bits");
        }
    }

    #[test]
    fn awq_gives_back_what_was_packed() {
        let (inputs, outputs) = (48usize, 16usize);
        let order = [0, 2, 4, 6, 1, 3, 5, 7];
        let code = |i: usize, o: usize| ((i * 5 + o * 3) % 16) as u32;
        let zero = |g: usize, o: usize| ((g * 2 + o) % 16) as u32;
        let scale = |g: usize, o: usize| 0.5 + (g + o) as f32;
        let pack = |value: &dyn Fn(usize) -> u32| -> Vec<u32> {
            (0..outputs / 8)
                .map(|block| (0..8).fold(0, |word, k| word | value(block * 8 + order[k]) << (4 * k)))
                .collect()
        };
        let qweight: Vec<u32> = (0..inputs).flat_map(|i| pack(&|o| code(i, o))).collect();
        let qzeros: Vec<u32> = (0..3).flat_map(|g| pack(&|o| zero(g, o))).collect();
        let scales: Vec<f32> = (0..3).flat_map(|g| (0..outputs).map(move |o| scale(g, o))).collect();
        let file = file(&[
            ("l.qweight", "I32", &[48, 2], words(&qweight)),
            ("l.qzeros", "I32", &[3, 2], words(&qzeros)),
            ("l.scales", "F32", &[3, 16], f32s(&scales)),
        ]);
        let checkpoint = open(&[file], None, None).unwrap();
        let want: Vec<f32> = (0..outputs)
            .flat_map(|o| (0..inputs).map(move |i| scale(i / 16, o) * (code(i, o) as f32 - zero(i / 16, o) as f32)))
            .collect();
        assert_eq!(decoded(&checkpoint, "l.weight"), want);
    }

    #[test]
    fn eight_bit_weights_take_their_scales_along() {
        let file = file(&[
            ("a.weight", "I8", &[2, 3], vec![1, 2, 3, 255, 254, 253]),
            ("a.weight_scale", "F32", &[2, 1], f32s(&[0.5, 2.0])),
            ("b.weight.qweight", "I8", &[2, 1, 2], vec![1, 2, 3, 4]),
            ("b.weight.scale", "F32", &[2, 1, 1], f32s(&[1.0, 10.0])),
            ("c.weight", "I8", &[2, 2], vec![127, 1, 2, 127]),
            ("c.SCB", "F32", &[2], f32s(&[1.0, 254.0])),
            ("d.weight._data", "I8", &[2], vec![4, 5]),
            ("d.weight._scale", "F32", &[], f32s(&[3.0])),
            ("e.weight", "I8", &[2], vec![4, 5]),
            ("e.weight_scale", "F32", &[2], f32s(&[2.0, 3.0])),
            ("e.weight_zero_point", "I8", &[2], vec![1, 255]),
            ("norm", "F32", &[1], f32s(&[7.0])),
        ]);
        let checkpoint = open(&[file], None, None).unwrap();
        assert_eq!(names(&checkpoint), ["a.weight", "b.weight", "c.weight", "d.weight", "e.weight", "norm"]);
        assert_eq!(decoded(&checkpoint, "a.weight"), [0.5, 1.0, 1.5, -2.0, -4.0, -6.0]);
        assert_eq!(decoded(&checkpoint, "b.weight"), [1.0, 2.0, 30.0, 40.0]);
        assert_eq!(decoded(&checkpoint, "c.weight"), [1.0, 1.0 / 127.0, 4.0, 254.0]);
        assert_eq!(decoded(&checkpoint, "d.weight"), [12.0, 15.0]);
        assert_eq!(decoded(&checkpoint, "e.weight"), [6.0, 18.0]);
        assert_eq!(decoded(&checkpoint, "norm"), [7.0]);
    }

    #[test]
    fn tiles_may_be_cut_off_at_the_edges() {
        // 0x38 is 1.0 in E4M3.
        let file = file(&[
            ("w.weight", "F8_E4M3", &[3, 5], vec![0x38; 15]),
            ("w.weight_scale_inv", "F32", &[2, 3], f32s(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])),
        ]);
        let config = json!({"quantization_config": {"weight_block_size": [2, 2]}});
        let checkpoint = open(&[file], None, Some(&config)).unwrap();
        let top = [1.0, 1.0, 2.0, 2.0, 3.0];
        assert_eq!(decoded(&checkpoint, "w.weight"), [top, top, [4.0, 4.0, 5.0, 5.0, 6.0]].concat());
    }

    #[test]
    fn four_bit_codes_are_looked_up() {
        let table: Vec<f32> = (0..16).map(|i| i as f32).collect();
        let state = br#"{"quant_type":"nf4","blocksize":2,"shape":[2,2],"nested_blocksize":2,"nested_offset":0.5}"#;
        let scale_table: Vec<f32> = (0..256).map(|i| i as f32).collect();
        let file = file(&[
            ("w.weight", "U8", &[2, 1], vec![0x12, 0x34]),
            ("w.weight.absmax", "U8", &[2], vec![1, 2]),
            ("w.weight.nested_absmax", "F32", &[1], f32s(&[10.0])),
            ("w.weight.nested_quant_map", "F32", &[256], f32s(&scale_table)),
            ("w.weight.quant_map", "F32", &[16], f32s(&table)),
            ("w.weight.quant_state.bitsandbytes__nf4", "U8", &[state.len() as u64], state.to_vec()),
        ]);
        let checkpoint = open(&[file], None, None).unwrap();
        assert_eq!(names(&checkpoint), ["w.weight"]);
        assert_eq!(decoded(&checkpoint, "w.weight"), [10.5, 21.0, 61.5, 82.0]);
    }

    #[test]
    fn words_of_mlx_and_compressed_tensors_are_unpacked() {
        let codes = stream(4, (0..128).map(|i| i % 16));
        let file = file(&[
            ("a.weight", "U32", &[1, 16], words(&codes)),
            ("a.scales", "F32", &[1, 2], f32s(&[1.0, 2.0])),
            ("a.biases", "F32", &[1, 2], f32s(&[-3.0, 0.0])),
            ("b.weight_packed", "I32", &[2, 8], words(&codes)),
            ("b.weight_scale", "F32", &[2, 1], f32s(&[1.0, 0.5])),
            ("b.weight_shape", "I64", &[2], [2u64, 64].iter().flat_map(|n| n.to_le_bytes()).collect()),
        ]);
        let checkpoint = open(&[file], None, None).unwrap();
        assert_eq!(names(&checkpoint), ["a.weight", "b.weight"]);
        let code = |i: usize| (i % 16) as f32;
        let mlx: Vec<f32> = (0..128).map(|i| if i < 64 { code(i) - 3.0 } else { 2.0 * code(i) }).collect();
        assert_eq!(decoded(&checkpoint, "a.weight"), mlx);
        let symmetric: Vec<f32> = (0..128).map(|i| (code(i) - 8.0) * if i < 64 { 1.0 } else { 0.5 }).collect();
        assert_eq!(decoded(&checkpoint, "b.weight"), symmetric);
    }

    #[test]
    fn experts_in_mxfp4_are_unpacked() {
        let file =
            file(&[("e_blocks", "U8", &[1, 1, 2, 16], vec![0x21; 32]), ("e_scales", "U8", &[1, 1, 2], vec![127, 129])]);
        let checkpoint = open(&[file], None, None).unwrap();
        assert_eq!(checkpoint.tensors[0].shape, [1, 1, 64]);
        let want: Vec<f32> = (0..64).map(|i| [0.5, 1.0][i % 2] * if i < 32 { 1.0 } else { 4.0 }).collect();
        assert_eq!(decoded(&checkpoint, "e"), want);
    }

    #[test]
    fn what_does_not_fit_is_never_taken_for_plain_numbers() {
        let file = file(&[
            ("a.weight", "I8", &[2, 3], vec![0; 6]),
            ("a.weight_scale", "F32", &[4], f32s(&[0.0; 4])),
            ("b.qweight", "I32", &[2, 3], vec![0; 24]),
        ]);
        let checkpoint = open(&[file], None, None).unwrap();
        let reader = Reader::open(&checkpoint).unwrap();
        for name in ["a.weight", "b.qweight"] {
            let tensor = checkpoint.tensors.iter().find(|tensor| tensor.name == name).unwrap();
            let error = reader.tensor(tensor, &mut Scratch::default(), &mut Vec::new()).unwrap_err().to_string();
            assert!(error.contains("cannot be verified"), "{error}");
        }
    }

    #[test]
    fn a_weight_both_plain_and_packed_is_malformed() {
        let file = file(&[
            ("a.qweight", "I8", &[2], vec![0; 2]),
            ("a.scale", "F32", &[1], f32s(&[1.0])),
            ("a", "I8", &[1], vec![0]),
        ]);
        assert!(open(&[file], None, None).unwrap_err().to_string().contains("plain and packed"));
    }
}
