// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! An index of a sharded checkpoint: no shard but those beside it is opened, whatever it names.

#![no_main]

use forebear_fuzz::{build, file, look};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let shard = |name: &str| {
        let header = format!(r#"{{"{name}":{{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}}}"#);
        build::safetensors(header.as_bytes(), &[1; 8])
    };
    let files = [
        file("m/model.safetensors.index.json", bytes),
        file("m/a.safetensors", shard("a")),
        file("m/b.safetensors", shard("b")),
        file("secret.safetensors", shard("c")),
    ];
    for checkpoint in look(&files) {
        let inside = checkpoint.files.iter().all(|file| file.path.starts_with("m/"));
        assert!(inside || checkpoint.path == "secret.safetensors", "{:?}", checkpoint.files);
    }
});
