// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `REUSE.toml` and `.license` files.

#![no_main]

use forebear::documents::read;
use forebear_fuzz::file;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (documents, _) = read(&[file("REUSE.toml", bytes), file("model.gguf.license", bytes)]);
    for rights in &documents.rights {
        let _ = rights.covers("model.gguf") || rights.covers("a/b/c.safetensors");
    }
    for path in ["model.gguf", "a/b"] {
        let _ = documents.licensing_of(path, None).is_unstated();
    }
});
