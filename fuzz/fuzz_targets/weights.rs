// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A small transformer whose values are the input, any bits as F32, F16, BF16 or F64: what is measured of it is finite
//! enough to be written, and read back to the same bytes.

#![no_main]

use forebear::evidence::compare;
use forebear::fingerprint::{Fingerprint, Progress, compute};
use forebear_fuzz::{file, look, model};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, values)) = bytes.split_first() else { return };
    for checkpoint in look(&[file("model.safetensors", model(*kind, values))]) {
        let Ok(print) = compute(&checkpoint, &Progress::default()) else { continue };
        let written = print.to_bytes().expect("what was measured can be written");
        let read = Fingerprint::from_bytes(&written).expect("what was written can be read");
        assert_eq!(read.to_bytes().expect("it can be written again"), written);
        let compared = serde_json::to_value(compare(&print, &read, 1)).expect("a comparison is JSON");
        assert!(compared["effect"].is_number(), "{compared}");
    }
});
