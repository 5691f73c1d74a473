// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! License texts and notices: what they are, and the copyright lines in them.

#![no_main]

use forebear::licenses::{all, copyright_lines, identify, normalize, notice_holds, readings};
use forebear_fuzz::text;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = text(bytes);
    let once = normalize(&text);
    assert!(once.len() <= 4 * text.len() + 16, "normalising multiplies");
    identify(&text);
    readings(&text);
    assert!(copyright_lines(&text).len() <= text.lines().count() + 1);
    for license in all().iter().take(4) {
        notice_holds(&text, license);
    }
});
