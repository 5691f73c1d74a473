// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Tensor names → the part of the network they belong to.
//!
//! In: a name as a checkpoint stores it. Out: a [`Place`]: stack, layer, expert, role. `names` holds the words of every
//! family, `place` reads a name with them.

mod names;
mod place;
mod role;

pub use place::Place;
pub use role::Role;
