// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! SentencePiece, tiktoken and `vocab.txt` as bytes.

#![no_main]

use forebear::changes::File;
use forebear::documents::{TokenizerPrint, tokenizers};
use forebear_fuzz::file;
use libfuzzer_sys::fuzz_target;

/// A print is of something, and survives being written.
fn prints(files: &[File]) {
    for tokenizer in tokenizers(files) {
        let Ok(print) = tokenizer.print else { continue };
        assert_eq!(TokenizerPrint::from_bytes(&print.to_bytes()), Some(print));
    }
}

fuzz_target!(|bytes: &[u8]| {
    prints(&[file("tokenizer.model", bytes), file("x/o200k.tiktoken", bytes), file("y/vocab.txt", bytes)]);
});
