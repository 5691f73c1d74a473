// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! PyTorch files: zip archives, TorchScript archives, the legacy layout, and bare pickles.
//!
//! In: the shards of one model. Out: its tensors as views of storages. `open` reads the containers, `tree` walks what
//! their pickles hold, `rebuild` knows the functions that make tensors, `place` says where the bytes are.

mod legacy;
mod open;
mod place;
mod rebuild;
#[cfg(test)]
mod tests;
mod tree;

pub(super) use open::open;
