// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Lists of a model's files that others sign: no path in one leaves its folder.

#![no_main]

use forebear::attest::{Envelope, EnvelopeSignature, Manifest, PAYLOAD_TYPE};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let held = match first % 2 {
        0 => rest.to_vec(),
        _ => {
            let signatures = vec![EnvelopeSignature { keyid: String::new(), sig: vec![1] }];
            Envelope { payload_type: PAYLOAD_TYPE.to_owned(), payload: rest.to_vec(), signatures }
                .to_line()
                .into_bytes()
        }
    };
    if let Ok(manifest) = Manifest::parse(&held) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let _ = manifest.verify(folder.path(), &["model.safetensors".to_owned()]);
    }
});
