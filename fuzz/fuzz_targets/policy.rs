// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `policy.toml`: read, or an error with a place that can be shown; against another one, what was weakened.

#![no_main]

use forebear::policy::{Policy, PolicyError};
use forebear_fuzz::text;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = text(bytes);
    match Policy::parse("policy.toml", &text) {
        Ok(policy) => {
            let again = Policy::parse("policy.toml", &text).expect("what was read can be read again");
            assert_eq!(format!("{again:?}"), format!("{policy:?}"));
        }
        Err(error) => shown(&error),
    }
});

/// The place of an error is a stretch of the text that can be shown.
fn shown(error: &PolicyError) {
    if let Some(span) = &error.span {
        assert!(error.text.get(span.clone()).is_some(), "{span:?} of {} bytes", error.text.len());
    }
}
