// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! safetensors: a header in JSON up to the first zero, then the tensors. The length in front is computed.

#![no_main]

use forebear_fuzz::{build, cut, file, look};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (header, data) = cut(bytes);
    look(&[file("model.safetensors", build::safetensors(header, data))]);
});
