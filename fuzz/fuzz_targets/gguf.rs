// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! GGUF: as bytes if the first is even, else built from keys, values and tensors that the rest chooses. The same header is
//! read as weights, as a vocabulary, and for its labels.

#![no_main]

use arbitrary::Unstructured;
use forebear::changes::Content;
use forebear::checkpoints::labels;
use forebear::documents::tokenizers;
use forebear_fuzz::{build, file, look};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let held = match first % 2 {
        0 => rest.to_vec(),
        _ => build::gguf(&mut Unstructured::new(rest)).unwrap_or_default(),
    };
    let files = [file("m.gguf", held.clone())];
    look(&files);
    for tokenizer in tokenizers(&files) {
        assert!(tokenizer.in_checkpoint, "{tokenizer:?}");
    }
    labels(&Content::memory(held)).expect("memory can be read");
});
