// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Archives and compressed files in which a model may be hidden: as bytes, and inside a whole gzip stream, whose contents
//! are then what is mutated.

#![no_main]

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use forebear_fuzz::{file, look};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // A byte in front keeps the kept corpus, which is in a repository that is checked, from being what it tries.
    let Some((first, rest)) = bytes.split_first() else { return };
    let packed = if first % 2 == 0 {
        rest.to_vec()
    } else {
        let mut writer = GzEncoder::new(Vec::new(), Compression::fast());
        writer.write_all(rest).and_then(|()| writer.finish()).unwrap_or_default()
    };
    look(&[file("notes.txt", packed)]);
});
