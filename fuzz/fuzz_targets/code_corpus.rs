// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Prints of code, as a registry keeps them: as bytes if the first is even, else one of prints that the rest chooses. What
//! is read is what was written.

#![no_main]

use arbitrary::Unstructured;
use forebear::bases::{decode_code, encode_code};
use forebear::code::{CodeCorpus, CodeOrigin};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let held = match first % 2 {
        0 => rest.to_vec(),
        _ => chosen(&mut Unstructured::new(rest)).unwrap_or_default(),
    };
    if let Ok(corpus) = decode_code(&held) {
        let written = encode_code(&corpus);
        let again = decode_code(&written).expect("what was written can be read");
        assert_eq!(encode_code(&again), written);
    }
});

fn chosen(choices: &mut Unstructured<'_>) -> arbitrary::Result<Vec<u8>> {
    let mut corpus = CodeCorpus::default();
    for _ in 0..choices.int_in_range(0..=4)? {
        let origin = CodeOrigin { id: choices.arbitrary()?, family: choices.arbitrary()?, ..CodeOrigin::default() };
        corpus.add(origin, &choices.arbitrary::<Vec<u32>>()?);
    }
    let mut written = encode_code(&corpus);
    assert!(decode_code(&written).is_ok(), "what was written cannot be read");
    // One byte of a whole file is another.
    if let Some(byte) = written.get_mut(usize::from(choices.arbitrary::<u16>()?)) {
        *byte = choices.arbitrary()?;
    }
    Ok(written)
}
