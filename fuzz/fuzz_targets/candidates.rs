// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The index of the bases in the cache: what is not whole is made again, and an entry is what was made.

#![no_main]

use std::fs;

use forebear::evidence::candidates::{Index, Key, Record};
use libfuzzer_sys::fuzz_target;
use sha2::{Digest as _, Sha256};

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let key: Key = [7; 32];
    let mut held = Vec::new();
    if first % 2 == 1 {
        let entry = [&key[..], &(rest.len() as u32).to_le_bytes(), rest].concat();
        let check = Sha256::digest(&entry);
        held = [&b"forebear-index/1"[..], &entry, &check[..16]].concat();
    } else {
        held.extend(rest);
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("index");
    fs::write(&path, &held).expect("an index");
    let make = |_| Ok::<_, std::io::Error>(Record::default());
    let index = Index::open(Some(&path), &[key], make).expect("a record is read or made");
    assert_eq!(index.records.len(), 1);
    let again = Index::open(Some(&path), &[key], make).expect("a record is read");
    assert_eq!(format!("{:?}", again.records), format!("{:?}", index.records));
    assert_eq!(again.made, 0, "what was made is kept");
});
