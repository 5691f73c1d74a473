// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Baselines: read, or an error with a place that can be shown. Against itself, nothing is weakened.

#![no_main]

use forebear::policy::{Baseline, PolicyError};
use forebear_fuzz::text;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match Baseline::parse("baseline.toml", &text(bytes)) {
        Ok(baseline) => {
            let (_, weakened) = Baseline::effective(Some(&baseline), &baseline);
            assert!(weakened.is_empty(), "{weakened:?}");
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
