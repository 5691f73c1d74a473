// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Files of parts of fingerprints: as bytes if the first is even, else one of two whole ones with some bytes changed. A part
//! is never taken for a fingerprint, and altered ones do not merge.

#![no_main]

use std::sync::OnceLock;

use forebear::fingerprint::{Fingerprint, Part, PartOf, Progress, compute_part, merge_parts};
use forebear_fuzz::{edited, file, look, model};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let [one, other] = whole();
    let held = match first % 2 {
        0 => rest.to_vec(),
        _ => edited(one.clone(), rest),
    };
    if let Ok(part) = Part::from_bytes(&held) {
        assert!(Fingerprint::from_bytes(&held).is_err());
        assert_eq!(Part::from_bytes(&part.to_bytes().expect("it can be written")).as_ref().ok(), Some(&part));
        let other = Part::from_bytes(other).expect("the other part can be read");
        let merged = merge_parts(vec![part, other]);
        assert!(merged.is_ok() || held != *one, "two whole parts do not merge");
    }
});

fn whole() -> &'static [Vec<u8>; 2] {
    static WHOLE: OnceLock<[Vec<u8>; 2]> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let values: Vec<u8> = (0..=255_u8).map(|at| at.wrapping_mul(37)).collect();
        let opened = look(&[file("model.safetensors", model(2, &values))]);
        [1, 2].map(|number| {
            let of = PartOf::new(number, 2).expect("one of two");
            let part = compute_part(&opened[0], of, &Progress::default()).expect("it can be measured");
            part.to_bytes().expect("what was measured can be written")
        })
    })
}
