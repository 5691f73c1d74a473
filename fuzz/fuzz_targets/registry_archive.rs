// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! An exported registry as bytes if the first is even, else an archive around an index and a license. It is placed whole or
//! not at all.

#![no_main]

use std::io::Cursor;

use forebear::bases::{Registry, RegistryFolder};
use forebear_fuzz::{build, cut};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let held = match first % 2 {
        0 => rest.to_vec(),
        _ => {
            let (index, other) = cut(rest);
            build::zip(
                &[("index.toml", index), ("code.toml", other), ("../evil", other)][..usize::from(1 + first / 2 % 3)],
                false,
            )
        }
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("registry");
    let registry = RegistryFolder::open_or_create(&path).expect("an empty registry");
    match registry.import(Cursor::new(held)) {
        Ok(imported) => {
            let placed = Registry::open(std::slice::from_ref(&path)).expect("what was placed can be read");
            assert_eq!(placed.len(), imported.added.len());
            assert!(placed.verify().expect("it can be verified").is_empty());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    assert!(!folder.path().join("evil").exists(), "a member left the registry");
});
