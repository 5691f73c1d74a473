// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What the library sees of real repositories, with git itself saying what a hook is told.

mod asking;
mod lfs_objects;
mod objects;
mod pushes;
mod servers;
