// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Micro.
fn main() {
    divan::main();
}

/// Nothing.
#[divan::bench]
fn nothing() {
    forebear::fingerprint::splitmix64(divan::black_box(3));
}
