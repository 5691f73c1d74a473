// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The index of a registry and its list of code: no file outside the registry is asked for, and what is exported can be
//! read again.

#![no_main]

use std::io;
use std::sync::Arc;

use forebear::bases::{ReadStored, Registry, Store};
use forebear_fuzz::cut;
use libfuzzer_sys::fuzz_target;

struct Files(Vec<u8>, Vec<u8>);

impl ReadStored for Files {
    fn read(&self, path: &str, _limit: u64) -> io::Result<Option<Vec<u8>>> {
        assert!(!path.contains("..") && !path.starts_with('/'), "{path} is asked for");
        Ok(match path {
            "index.toml" => Some(self.0.clone()),
            _ if path.ends_with(".toml") || path.ends_with(".json") => Some(self.1.clone()),
            _ => None,
        })
    }
}

fuzz_target!(|bytes: &[u8]| {
    let (index, code) = cut(bytes);
    let store = Store::Reader("registry".to_owned(), Arc::new(Files(index.to_vec(), code.to_vec())));
    let Ok(registry) = Registry::gather(vec![store]) else { return };
    for base in registry.list() {
        assert!(registry.get(&base.entry.id).is_some());
        let path = base.entry.fingerprint.to_string();
        assert_eq!(forebear::bases::Stored::parse(&path).as_ref(), Some(&base.entry.fingerprint));
    }
    let _ = (registry.verify(), registry.code_entries(), registry.code_corpus(), registry.tokenizers());
});
