// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Training and merge configs, in YAML and JSON.

#![no_main]

use forebear::documents::read;
use forebear_fuzz::file;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    read(&[file("mergekit_config.yml", bytes), file("training_args.json", bytes), file("axolotl.yaml", bytes)]);
});
