// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `config.json` up to the first zero beside packed weights: quantization settings choose how they are decoded.

#![no_main]

use forebear_fuzz::{build, cut, file, look};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (config, header) = cut(bytes);
    look(&[file("config.json", config), file("model.safetensors", build::safetensors(header, &[0x41; 512]))]);
});
