// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Pickles, never run: as bytes if the first is even, else opcodes with arguments that fit. What an unpickler would import
//! beyond tensors is said.

#![no_main]

use arbitrary::Unstructured;
use forebear::checkpoints::{discover, open};
use forebear_fuzz::{build, file, look};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let held = match first % 2 {
        0 => rest.to_vec(),
        _ => build::pickle(&mut Unstructured::new(rest)).unwrap_or_default(),
    };
    look(&[file("model.pkl", held.clone())]);
    // The same pickle after a name that no checkpoint needs: whatever follows, the name is told.
    let named = [&b"\x80\x02cos\nsystem\n0"[..], held.strip_prefix(b"\x80\x02").unwrap_or(&held)].concat();
    let files = [file("model.pkl", named)];
    let found = discover(&files);
    for group in &found.groups {
        let told = match open(&files, group) {
            Ok(checkpoint) => checkpoint.hazards.iter().any(|hazard| hazard.what.contains("os.system")),
            // A pickle that breaks off before anything is said is not read at all, which blocks as well.
            Err(error) => !error.to_string().is_empty(),
        };
        assert!(told, "os.system is not told of");
    }
});
