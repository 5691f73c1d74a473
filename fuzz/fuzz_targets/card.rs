// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Model cards and READMEs: front matter in YAML, and what the prose says. A problem has a place in the file.

#![no_main]

use forebear::documents::read;
use forebear_fuzz::file;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u32 + 1;
    let (documents, problems) = read(&[file("README.md", bytes), file("MODEL_CARD.md", bytes)]);
    let count = documents.cards.len() + documents.readmes.len() + problems.len();
    assert_eq!(count, 2, "a document is read or a problem");
    for problem in &problems {
        assert!(problem.line.is_none_or(|line| (1..=lines).contains(&line)), "{problem:?} of {lines} lines");
        assert!(!problem.remedy.is_empty() && !problem.remedy.contains('\n'), "{problem:?}");
    }
    for stated in &documents.stated {
        assert!((1..=lines + 1).contains(&stated.line.unwrap_or(1)), "{stated:?} of {lines} lines");
    }
});
