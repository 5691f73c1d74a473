// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The print of a tokenizer, as a registry keeps it: as bytes if the first is even, else a whole one with some bytes changed.
//! What is read is what was written.

#![no_main]

use std::sync::OnceLock;

use forebear::documents::{TokenizerMatch, TokenizerPrint, tokenizers};
use forebear_fuzz::{edited, file};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let held = match first % 2 {
        0 => rest.to_vec(),
        _ => edited(whole().clone(), rest),
    };
    if let Some(print) = TokenizerPrint::from_bytes(&held) {
        assert_eq!(TokenizerPrint::from_bytes(&print.to_bytes()).as_ref(), Some(&print));
        let ours = TokenizerPrint::from_bytes(whole()).expect("the whole one can be read");
        TokenizerMatch::of(&print, &ours);
    }
});

fn whole() -> &'static Vec<u8> {
    static WHOLE: OnceLock<Vec<u8>> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let pieces: Vec<String> = (0..300).map(|at| format!(r#""piece{at}":{at}"#)).collect();
        let json = format!(r#"{{"model":{{"vocab":{{{}}},"merges":["p i","pi e"]}}}}"#, pieces.join(","));
        let found = tokenizers(&[file("tokenizer.json", json)]);
        found[0].print.as_ref().expect("it can be read").to_bytes()
    })
}
