// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Zip archives as bytes, under the names of the formats that are zip archives.

#![no_main]

use forebear_fuzz::{file, look};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // The kept corpus is in a repository that is checked: a byte in front keeps it from being what it tries.
    let Some((_, bytes)) = bytes.split_first() else { return };
    for name in ["pytorch_model.bin", "weights.npz", "data.zip"] {
        look(&[file(name, bytes)]);
    }
});
