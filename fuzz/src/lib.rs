// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What the fuzz targets share.
//!
//! In: bytes that libFuzzer made up. Out: nothing, or a panic where something that must hold of every file does not.
//! Every target allocates from [`MEMORY`]: more than its limit at once ends the process, touched or not, which is what
//! AddressSanitizer's `-malloc_limit_mb` does where there is AddressSanitizer.

pub mod build;
mod look;
mod model;

use std::alloc::System;

use cap::Cap;
use forebear::changes::{Content, File};

pub use look::{check, look};
pub use model::{edited, model};

/// The most bytes a parser may hold of an input of some kilobytes.
const LIMIT: usize = 256 << 20;

/// The allocator of every target.
#[global_allocator]
pub static MEMORY: Cap<System> = Cap::new(System, LIMIT);

/// A file that a push brings.
pub fn file(path: &str, bytes: impl Into<Vec<u8>>) -> File {
    let bytes = bytes.into();
    File::present(path.to_owned(), "sha256:0".to_owned(), bytes.len() as u64, Content::memory(bytes))
}

/// The bytes up to the first zero, and those after it: two texts from one input.
pub fn cut(bytes: &[u8]) -> (&[u8], &[u8]) {
    let at = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    (&bytes[..at], bytes.get(at + 1..).unwrap_or_default())
}

/// Text, with what is no UTF-8 replaced: how documents are read.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
