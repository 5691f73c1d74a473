// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `config.json` and `adapter_config.json`: read, or a problem.

#![no_main]

use forebear::documents::read;
use forebear_fuzz::file;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (documents, problems) = read(&[file("config.json", bytes), file("a/adapter_config.json", bytes)]);
    assert_eq!(documents.configs.len() + problems.len(), 2);
});
