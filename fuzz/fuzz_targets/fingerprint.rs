// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Fingerprint files: as bytes if the first is even, else a whole one with some bytes changed. What is read is what was
//! written, and can be compared.

#![no_main]

use std::sync::OnceLock;

use forebear::evidence::compare;
use forebear::fingerprint::{Fingerprint, Progress, compute};
use forebear_fuzz::{edited, file, look, model};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let held = match first % 2 {
        0 => rest.to_vec(),
        _ => edited(whole().clone(), rest),
    };
    if let Ok(print) = Fingerprint::from_bytes(&held) {
        let written = print.to_bytes().expect("what was read can be written");
        let again = Fingerprint::from_bytes(&written).expect("what was written can be read");
        assert_eq!(again.to_bytes().expect("it can be written again"), written);
        // Comparing costs a hundred times as much as reading.
        if *first >= 0xf0 {
            let ours = Fingerprint::from_bytes(whole()).expect("the whole one can be read");
            let compared = serde_json::to_value(compare(&print, &ours, 1)).expect("a comparison is JSON");
            assert!(compared["effect"].is_number(), "{compared}");
        }
    }
});

fn whole() -> &'static Vec<u8> {
    static WHOLE: OnceLock<Vec<u8>> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let values: Vec<u8> = (0..=255_u8).map(|at| at.wrapping_mul(37)).collect();
        let opened = look(&[file("model.safetensors", model(2, &values))]);
        let print = compute(&opened[0], &Progress::default()).expect("it can be measured");
        print.to_bytes().expect("what was measured can be written")
    })
}
