// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `tokenizer.json`, tekken, and `vocab.json` with the `merges.txt` that follows the first zero.

#![no_main]

use forebear::changes::File;
use forebear::documents::{TokenizerPrint, tokenizers};
use forebear_fuzz::{cut, file};
use libfuzzer_sys::fuzz_target;

/// A print is of something, and survives being written.
fn prints(files: &[File]) {
    for tokenizer in tokenizers(files) {
        let Ok(print) = tokenizer.print else { continue };
        assert_eq!(TokenizerPrint::from_bytes(&print.to_bytes()), Some(print));
    }
}

fuzz_target!(|bytes: &[u8]| {
    let (vocabulary, merges) = cut(bytes);
    prints(&[file("a/tokenizer.json", vocabulary), file("b/tekken.json", vocabulary)]);
    prints(&[file("vocab.json", vocabulary), file("merges.txt", merges)]);
});
