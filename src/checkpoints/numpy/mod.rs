// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! NumPy `.npy` and `.npz`.
//!
//! In: one file. Out: a [`Checkpoint`](super::Checkpoint) with one tensor an array (NEP 1, versions 1.0 to 3.0).
//! Arrays of objects are pickles and refused.

mod header;
mod open;

pub(crate) use open::open;
