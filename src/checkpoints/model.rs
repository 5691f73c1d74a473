// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What every container format is turned into: named tensors that say where their bytes are.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::changes::Content;

/// Tensors of one file, at most: twice what the largest public models have in all their shards, so that a header of tiny
/// entries cannot fill the memory.
pub(super) const TENSORS: usize = 1 << 18;

/// One model as stored: one file, or a set of shards that belong together.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// Path of the file, or of the index or first shard of a set.
    pub path: String,
    /// Container format.
    pub format: Format,
    /// The files that hold the bytes, in shard order. [`Extent`]s index this list.
    pub files: Vec<CheckpointFile>,
    /// Tensors, in the order in which they stand in the files.
    pub tensors: Vec<Tensor>,
    /// Text metadata: safetensors `__metadata__`, GGUF keys and values (scalars as text), ONNX properties.
    pub metadata: BTreeMap<String, String>,
    /// `config.json` (or `adapter_config.json`) beside the weights, as parsed JSON; GGUF keys are mapped to the same names.
    pub config: Option<serde_json::Value>,
    /// Things in the container that are dangerous to load; they do not keep the tensors from being read.
    pub hazards: Vec<Hazard>,
}

impl Checkpoint {
    /// What the metadata say of the license, by key: `general.license` of GGUF, `license` of safetensors and ONNX.
    /// Values that are whole texts are left out.
    pub fn licenses(&self) -> Vec<(String, String)> {
        const LONGEST: usize = 200;
        let speaks = |key: &str| key.rsplit('.').next().is_some_and(|last| matches!(last, "license" | "licence"));
        let named = |key: &str| key.ends_with("license.name") || key.ends_with("license_name");
        let value = |value: &String| !value.trim().is_empty() && value.len() <= LONGEST;
        let entries = self.metadata.iter().filter(|(key, text)| (speaks(key) || named(key)) && value(text));
        entries.map(|(key, text)| (key.clone(), text.trim().to_owned())).collect()
    }
}

/// One file of a [`Checkpoint`].
#[derive(Clone, Debug)]
pub struct CheckpointFile {
    /// Path inside the repository or folder.
    pub path: String,
    /// Its bytes.
    pub content: Content,
    /// Size in bytes.
    pub size: u64,
    /// Digest promised by a Git LFS pointer, to be verified in the pass.
    pub expected_sha256: Option<String>,
}

/// Container formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// safetensors, one file or sharded.
    Safetensors,
    /// GGUF, one file or split.
    Gguf,
    /// PyTorch zip archive with a pickle.
    TorchZip,
    /// PyTorch before 1.6: magic number, pickles, storages.
    TorchLegacy,
    /// TorchScript archive.
    TorchScript,
    /// ONNX, with or without external data.
    Onnx,
    /// NumPy `.npz` or `.npy`.
    Numpy,
}

impl Format {
    /// Name shown to people and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors",
            Self::Gguf => "gguf",
            Self::TorchZip => "torch",
            Self::TorchLegacy => "torch-legacy",
            Self::TorchScript => "torchscript",
            Self::Onnx => "onnx",
            Self::Numpy => "numpy",
        }
    }
}

/// One logical tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Name as stored.
    pub name: String,
    /// Logical shape, row-major as PyTorch and NumPy print it (GGUF's reversed order is undone).
    pub shape: Vec<u64>,
    /// How the bytes become numbers.
    pub encoding: Encoding,
    /// Where the bytes are: the values first, then what `encoding` needs (scales, zero points, group indices).
    pub parts: Vec<Extent>,
    /// Element strides into the decoded values when they are not contiguous row-major (views in pickles).
    pub strides: Option<Vec<u64>>,
}

impl Tensor {
    /// Number of elements; saturates, so that a hostile shape is larger than any file.
    pub fn elements(&self) -> u64 {
        self.shape.iter().fold(1, |product: u64, &extent| product.saturating_mul(extent))
    }
}

/// How stored bytes become numbers. Every variant decodes to f32.
#[derive(Clone, Debug, PartialEq)]
pub enum Encoding {
    /// One number after another, little-endian.
    Plain(Dtype),
    /// ggml blocks of this type id (`ggml_type`), row by row.
    Ggml(u32),
    /// GPTQ: `qweight` (I32, packed along the input), `qzeros`, `scales`, optional `g_idx`; decoded as [out, in].
    Gptq {
        /// Bits a value: 2, 3, 4 or 8.
        bits: u32,
        /// Whether the stored zero point is one less than the true one (the v1 layout).
        zero_minus_one: bool,
        /// Type of the scales.
        scale: Dtype,
    },
    /// AWQ GEMM: `qweight` (I32, packed along the output in the order 0 2 4 6 1 3 5 7), `qzeros`, `scales`; decoded as [out, in].
    Awq {
        /// Bits a value: 4.
        bits: u32,
        /// Type of the scales.
        scale: Dtype,
    },
    /// Integers times a scale, with an optional zero point: `parts` = values, scale, [zero point].
    Scaled {
        /// Type of the values.
        values: Dtype,
        /// Type of the scale.
        scale: Dtype,
        /// Type of the zero point, if there is one.
        zero: Option<Dtype>,
        /// Axis of the tensor along which scales differ; `None`: one scale for all.
        axis: Option<usize>,
    },
    /// Numbers times a scale for each tile of the last two axes: `parts` = values, scale (row-major over tiles).
    BlockScaled {
        /// Type of the values.
        values: Dtype,
        /// Type of the scales.
        scale: Dtype,
        /// Rows and columns of a tile; those at the edges may be smaller.
        block: (usize, usize),
    },
    /// Two 4-bit codes a byte, the high one first, looked up in a table of 16 and scaled (bitsandbytes NF4 and FP4):
    /// `parts` = codes, table (F32), scales (F32), or codes, table, scale codes (U8), scale table (F32, 256),
    /// scales of scales (F32).
    Lookup {
        /// Values that share a scale.
        block: usize,
        /// If scales are themselves codes: how many share a scale, and the offset added to each.
        nested: Option<(usize, f32)>,
    },
    /// Codes packed along the last axis into 32-bit words, low bits first, with a scale for each stretch of a row:
    /// `parts` = codes, scales, and either biases (x = scale·q + bias, MLX) or nothing (x = scale·(q − 2^(bits−1)),
    /// compressed-tensors).
    Affine {
        /// Bits a value.
        bits: u32,
        /// Type of the scales and biases.
        scale: Dtype,
    },
    /// MXFP4 as in gpt-oss: `parts` = codes (two E2M1 numbers a byte, the low one first), scales (E8M0, one for 32 values).
    Mxfp4,
    /// A matrix with the product of two thin ones added: `parts` = those of the matrix, of A, of B.
    LowRank(Box<LowRank>),
    /// Recognised and not decoded, with the reason; every attempt to decode is an error, never silence.
    Unread(String),
}

impl Encoding {
    /// Whether values were rounded to a coarser grid than bf16.
    pub fn is_quantized(&self) -> bool {
        match self {
            Self::Plain(dtype) => matches!(dtype, Dtype::F8E4M3 | Dtype::F8E5M2 | Dtype::I8 | Dtype::U8),
            Self::Ggml(id) => !matches!(id, 0 | 1 | 28 | 30),
            Self::Unread(_) => false,
            Self::LowRank(update) => update.base.encoding.is_quantized(),
            _ => true,
        }
    }
}

/// W + scale·B·A: a matrix as an adapter changes it.
#[derive(Clone, Debug, PartialEq)]
pub struct LowRank {
    /// W, [out, in], or [in, out] if `turned`.
    pub base: Tensor,
    /// A, [rank, in].
    pub a: Tensor,
    /// B, [out, rank].
    pub b: Tensor,
    /// α/rank, or α/√rank.
    pub scale: f32,
    /// Whether the product is turned before it is added.
    pub turned: bool,
}

/// Plain element types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Dtype {
    F64,
    F32,
    F16,
    Bf16,
    F8E4M3,
    F8E5M2,
    I64,
    I32,
    I16,
    I8,
    U64,
    U32,
    U16,
    U8,
    Bool,
}

impl Dtype {
    /// Bytes an element.
    pub fn size(self) -> usize {
        match self {
            Self::F64 | Self::I64 | Self::U64 => 8,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F16 | Self::Bf16 | Self::I16 | Self::U16 => 2,
            Self::F8E4M3 | Self::F8E5M2 | Self::I8 | Self::U8 | Self::Bool => 1,
        }
    }

    /// Name shown to people: `F32`, `BF16`, …
    pub fn name(self) -> &'static str {
        match self {
            Self::F64 => "F64",
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
            Self::F8E4M3 => "F8_E4M3",
            Self::F8E5M2 => "F8_E5M2",
            Self::I64 => "I64",
            Self::I32 => "I32",
            Self::I16 => "I16",
            Self::I8 => "I8",
            Self::U64 => "U64",
            Self::U32 => "U32",
            Self::U16 => "U16",
            Self::U8 => "U8",
            Self::Bool => "BOOL",
        }
    }
}

/// Where a run of bytes is. All offsets are checked against the file's size when the checkpoint is opened.
#[derive(Clone, Debug, PartialEq)]
pub enum Extent {
    /// Bytes in place.
    Plain {
        /// Index into [`Checkpoint::files`].
        file: usize,
        /// Offset of the first byte.
        offset: u64,
        /// Length in bytes.
        len: u64,
    },
    /// A raw-deflate stream (a compressed zip member), optionally a window of what it unpacks to.
    Deflated {
        /// Index into [`Checkpoint::files`].
        file: usize,
        /// Offset of the compressed stream.
        offset: u64,
        /// Length of the compressed stream.
        compressed: u64,
        /// Bytes of the unpacked stream to skip (a `.npy` header).
        skip: u64,
        /// Unpacked bytes wanted after `skip`.
        len: u64,
    },
    /// Bytes that had to be unpacked while the container was read (ONNX varint data): small.
    Inline(Arc<[u8]>),
}

impl Extent {
    /// Length in bytes once unpacked.
    pub fn len(&self) -> u64 {
        match self {
            Self::Plain { len, .. } | Self::Deflated { len, .. } => *len,
            Self::Inline(bytes) => bytes.len() as u64,
        }
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Something dangerous to load in a container (a pickle that calls a function off the allow-list).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hazard {
    /// File concerned.
    pub path: String,
    /// What it does, e.g. `calls os.system`.
    pub what: String,
    /// Byte offset of the opcode in its stream.
    pub offset: u64,
}

/// Why a file that looks like a checkpoint could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The bytes contradict the format.
    #[error("malformed {format} at byte {offset}: {reason}")]
    Malformed {
        /// Format expected.
        format: &'static str,
        /// Offset in the file.
        offset: u64,
        /// What is wrong.
        reason: String,
    },
    /// A format, type or layout that is recognised and not read.
    #[error("{what} cannot be verified: {reason}")]
    Unsupported {
        /// What it is, e.g. `TFLite model`.
        what: String,
        /// Why, in a fragment.
        reason: String,
    },
    /// A pickle that goes beyond rebuilding tensors.
    #[error("unsafe pickle: {0}")]
    UnsafePickle(String),
    /// A shard or external data file that is named and not there.
    #[error("{0} is named and missing")]
    MissingPart(String),
    /// Reading failed.
    #[error("failed to read: {0}")]
    Io(#[from] std::io::Error),
}
