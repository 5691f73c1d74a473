// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Source files in every language that is read: tokens lie in the text and in order, whatever it is.

#![no_main]

use forebear::code::{CodePrints, credits, headers, language, leftovers, lex};
use forebear_fuzz::text;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let path = ["m.py", "m.rs", "m.cpp", "m.ipynb", "m.js", "m.go", "m.cu", "Makefile"][usize::from(first % 8)];
    let text = text(rest);
    if let Some(language) = language(path) {
        let within = text.as_bytes().as_ptr_range();
        let mut last = within.start;
        for token in lex(&text, language) {
            let range = token.text.as_bytes().as_ptr_range();
            assert!(last <= range.start && range.end <= within.end, "{token:?} is not where it should be");
            last = range.end;
        }
    }
    let again = CodePrints::of(path, &text);
    assert_eq!(format!("{again:?}"), format!("{:?}", CodePrints::of(path, &text)));
    headers(&text);
    leftovers(path, &text);
    credits(&text);
});
