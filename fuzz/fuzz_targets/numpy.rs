// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! NumPy: a header up to the first zero, then the values; as an array, and in an archive, compressed and not.

#![no_main]

use forebear_fuzz::{build, cut, file, look};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (header, data) = cut(bytes);
    let array = build::npy(header, data);
    look(&[file("weights.npy", array.clone())]);
    for deflate in [false, true] {
        look(&[file("weights.npz", build::zip(&[("w.npy", &array), ("b.npy", data)], deflate))]);
    }
});
