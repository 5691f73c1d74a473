// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! SSH signatures, armored if the first byte is odd: armored again, they are the same bytes.

#![no_main]

use forebear::attest::SshSignature;
use forebear_fuzz::text;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let read = match first % 2 {
        0 => SshSignature::parse(rest),
        _ => SshSignature::from_armored(&text(rest)),
    };
    if let Ok(signature) = read {
        let again = SshSignature::from_armored(&signature.armored()).expect("what was armored can be read");
        assert_eq!(again.as_bytes(), signature.as_bytes());
        assert!(first % 2 == 1 || signature.as_bytes() == rest);
        assert_eq!(again.fingerprint(), signature.fingerprint());
    }
});
