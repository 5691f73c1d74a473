// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What git tells pre-push and pre-receive hooks: written again, the lines say the same.

#![no_main]

use std::fmt::Write as _;

use forebear::changes::{parse_push_lines, parse_receive_lines};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(lines) = parse_push_lines(bytes) {
        let mut written = String::new();
        for line in &lines {
            writeln!(written, "{} {} {} {}", line.local_ref, line.local_id, line.remote_ref, line.remote_id).unwrap();
        }
        assert_eq!(parse_push_lines(written.as_bytes()).expect("what was read can be read again"), lines);
    }
    if let Ok(lines) = parse_receive_lines(bytes) {
        let mut written = String::new();
        for line in &lines {
            writeln!(written, "{} {} {}", line.old_id, line.new_id, line.reference).unwrap();
        }
        assert_eq!(parse_receive_lines(written.as_bytes()).expect("what was read can be read again"), lines);
    }
});
