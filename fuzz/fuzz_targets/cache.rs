// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Entries of the cache: one that was altered is not believed, and is removed.

#![no_main]

use std::fs;

use forebear::evidence::Comparison;
use forebear::fingerprint::Cache;
use libfuzzer_sys::fuzz_target;
use sha2::{Digest as _, Sha256};

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let whole = first % 2 == 1;
    let held = if whole { [&Sha256::digest(rest)[..], rest].concat() } else { rest.to_vec() };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cache = Cache::new(folder.path().to_owned());
    let key = Cache::key(&["sha256:00"], "safetensors", "");
    for kind in ["fingerprints", "conclusions"] {
        let path = folder.path().join(kind).join(&key[..2]).join(&key[2..]);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, &held).expect("an entry");
        let believed = match kind {
            "fingerprints" => cache.get(&key).is_some(),
            _ => cache.conclusion::<Vec<Comparison>>(&key).is_some(),
        };
        assert_eq!(believed, path.exists(), "what is not believed is removed");
        assert!(!believed || Sha256::digest(&held[32..])[..] == held[..32], "an altered entry is believed");
    }
});
