// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! safetensors, one file or sharded.
//!
//! In: the files of one model, the index beside them, the configuration. Out: a [`Checkpoint`](super::Checkpoint)
//! in which packed and scaled weights have been folded with their scales into the tensors they stand for.

mod companions;
mod header;
mod layouts;
mod open;

pub(crate) use open::open;
