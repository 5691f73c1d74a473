// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! GGUF, one file or split.
//!
//! In: the files of one model, in shard order. Out: a [`Checkpoint`](super::Checkpoint) whose shapes are in
//! PyTorch's order and whose configuration uses the names of `config.json`. The format is described in
//! `docs/gguf.md` of ggml; versions 2 and 3 are read.

mod config;
mod fields;
mod header;
mod labels;
mod open;
mod vocabulary;

pub(crate) use labels::labels;
pub(crate) use open::open;
pub(crate) use vocabulary::{GgufVocabulary, vocabulary};
