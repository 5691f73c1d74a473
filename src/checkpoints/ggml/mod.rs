// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The block types of ggml: names, sizes and values.
//!
//! In: the type id and bytes of a GGUF tensor. Out: f32 values, in the order in which they are stored.
//! Layouts follow `ggml-common.h`, arithmetic `ggml-quants.c` (both of ggml, as of 2026); the tests compare
//! every type with the numbers of the Python package `gguf`.

mod codebook;
mod dequantize;
mod grids;
mod kquants;
mod legacy;
mod types;

pub(crate) use dequantize::dequantize;
pub(crate) use types::{GgmlType, ggml_type};
