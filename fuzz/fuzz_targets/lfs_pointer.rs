// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Git LFS pointers: a strict one is one that git-lfs sees as well, and without extensions it is what is written of it.

#![no_main]

use forebear::changes::lfs::{encode, parse, parse_strict};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // The kept corpus is in a repository that is checked: a byte in front keeps it from being what it tries.
    let Some((_, bytes)) = bytes.split_first() else { return };
    let Some(pointer) = parse(bytes) else {
        assert!(parse_strict(bytes).is_none());
        return;
    };
    let written = encode(&pointer);
    assert_eq!(parse_strict(written.as_bytes()).as_ref(), Some(&pointer));
    if parse_strict(bytes).is_some() && !bytes.windows(4).any(|window| window == b"ext-") {
        assert_eq!(written.as_bytes(), bytes);
    }
});
