// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! DSSE envelopes: as bytes if the first is even, else one around the rest in base64. Written again, they say the same.

#![no_main]

use forebear::attest::{Envelope, EnvelopeSignature, PAYLOAD_TYPE, Statement, envelopes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let held = match first % 2 {
        0 => rest.to_vec(),
        _ => {
            let signatures = vec![EnvelopeSignature { keyid: String::new(), sig: rest.to_vec() }];
            let envelope = Envelope { payload_type: PAYLOAD_TYPE.to_owned(), payload: rest.to_vec(), signatures };
            assert_eq!(Envelope::parse(envelope.to_line().as_bytes()).ok(), Some(envelope.clone()));
            envelope.to_line().into_bytes()
        }
    };
    for envelope in envelopes(&held).into_iter().flatten() {
        assert_eq!(Envelope::parse(envelope.to_line().as_bytes()).ok().as_ref(), Some(&envelope));
        assert!(!envelope.to_line().contains('\n'));
        assert!(envelope.signed_bytes().ends_with(&envelope.payload));
        let _ = serde_json::from_slice::<Statement>(&envelope.payload);
    }
});
