// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! ONNX as bytes, with a file of external data beside it and one that it must not reach.

#![no_main]

use forebear_fuzz::{file, look};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // The kept corpus is in a repository that is checked: a byte in front keeps it from being what it tries.
    let Some((_, bytes)) = bytes.split_first() else { return };
    let files = [file("m/model.onnx", bytes), file("m/weights.data", vec![1; 64]), file("secret.data", vec![2; 64])];
    for checkpoint in look(&files) {
        let outside = checkpoint.files.iter().find(|file| !file.path.starts_with("m/"));
        assert!(outside.is_none(), "{outside:?}");
    }
});
