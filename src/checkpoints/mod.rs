// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Files → tensors.
//!
//! In: files of a snapshot. Out: [`Checkpoint`]s, found by content and not by name, whose tensors can be
//! decoded to f32 one at a time. Nothing is executed, and no length read from a file is trusted.

mod adapter;
mod archive;
mod decode;
mod discover;
#[cfg(test)]
mod discover_tests;
mod ggml;
mod gguf;
mod hidden;
mod labels;
mod low_rank;
mod model;
mod numpy;
mod onnx;
mod open;
mod packed;
mod parts;
mod pickle;
pub(crate) mod protobuf;
mod raw;
mod read;
mod safetensors;
mod shared;
mod sniff;
mod torch;

pub use adapter::{Adapter, Target, adapter, merged_adapter};
pub use decode::decode;
pub use discover::{Discovery, Group, Unverifiable, discover};
pub(crate) use ggml::ggml_type;
pub(crate) use gguf::{GgufVocabulary, vocabulary as gguf_vocabulary};
pub use labels::labels;
pub use model::{
    Checkpoint, CheckpointError, CheckpointFile, Dtype, Encoding, Extent, Format, Hazard, LowRank, Tensor,
};
pub use open::open;
pub use read::{Reader, Scratch};
pub(crate) use sniff::is_checkpoint_name;
