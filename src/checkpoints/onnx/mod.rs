// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! ONNX models, and the files that hold their external data.
//!
//! In: the files of one model. Out: its initializers and constants as tensors. `protobuf` reads the wire, `graph` the parts
//! that hold or name weights, `quantized` joins integers to their scales, `open` says where the bytes are.

mod graph;
mod open;
mod quantized;
#[cfg(test)]
mod tests;

pub(super) use graph::is_model;
pub(super) use open::{external_data, open};
