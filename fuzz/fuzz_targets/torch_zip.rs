// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A PyTorch archive around a pickle: up to the first two stop opcodes, `data.pkl`; the rest, a storage.

#![no_main]

use forebear_fuzz::{build, file, look};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let at = rest.windows(2).position(|two| two == b".\0").map_or(rest.len(), |at| at + 1);
    let (pickle, storage) = rest.split_at(at);
    let storage = storage.get(1..).unwrap_or_default();
    let mut members: Vec<(&str, &[u8])> = vec![("archive/data.pkl", pickle), ("archive/data/0", storage)];
    if first & 2 != 0 {
        members.push(("archive/byteorder", b"little"));
    }
    if first & 4 != 0 {
        members.push(("archive/constants.pkl", pickle));
        members.push(("archive/constants/0", storage));
    }
    look(&[file("pytorch_model.bin", build::zip(&members, first & 1 != 0))]);
});
