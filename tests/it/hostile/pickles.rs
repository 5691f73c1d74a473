// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Pickles that would run something: what they name is told, and nothing is run. `contrib/pickle_table.py` has hundreds.

use std::fs;

use zip::CompressionMethod;

use super::bombs::archive;
use super::scan::{folder, scan, scan_folder};

#[test]
fn what_a_pickle_names_is_told_wherever_it_hides() {
    let call = b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00id\x85R.".to_vec();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("reduce.pkl", call.clone()),
        ("inst.pkl", b"(S'id'\nios\nsystem\n.".to_vec()),
        ("first.pkl", b"N0cos\nsystem\n(S'id'\ntR.".to_vec()),
        ("named.pkl", b"\x80\x02cos\nsystem\n.".to_vec()),
        ("stop.pkl", call[..call.len() - 1].to_vec()),
        ("stacked.pkl", [&b"\x80\x02}."[..], &call].concat()),
        ("text.txt", call.clone()),
        ("weights.safetensors", call.clone()),
        ("pytorch_model.bin", archive(&[("archive/data.pkl", &call)], CompressionMethod::Deflated)),
        ("script.pt", archive(&[("m/data.pkl", b"\x80\x02N."), ("m/constants.pkl", &call)], CompressionMethod::Stored)),
    ];
    let scanned = scan(&cases);
    for (path, _) in cases {
        scanned.refuses(path, "os.system");
    }
}

#[test]
fn nothing_is_run() {
    let held = folder::<&[u8]>(&[]);
    let canary = held.path().join("canary");
    let command = format!("touch {}", canary.display());
    fs::write(held.path().join("model.pkl"), format!("cos\nsystem\n(S'{command}'\ntR.")).unwrap();
    scan_folder(held.path()).refuses("model.pkl", "os.system");
    assert!(!canary.exists(), "the pickle was run");
}

#[test]
fn pickles_that_exhaust_a_reader_are_bounded() {
    let doubled: Vec<u8> = (0..60).flat_map(|_| *b"q\x00(h\x00h\x00l").collect();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("marks.pkl", [&b"\x80\x02"[..], &[b'('; 1 << 20]].concat()),
        ("tuples.pkl", [&b"\x80\x02)"[..], &[0x85; 1 << 20], b"."].concat()),
        ("doubled.pkl", [&b"\x80\x02]"[..], &doubled, b"0cos\nsystem\n)R."].concat()),
        ("length.pkl", b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f\x8e\x8e\x8e\x8e".repeat(10)),
        ("integer.pkl", [&b"\x80\x02\x8b\xff\xff\xff\x7f"[..], &[1; 1000]].concat()),
        ("objects.pkl", b"\x80\x02N.".repeat(100_000)),
    ];
    let scanned = scan(&cases);
    for (path, _) in cases.iter().filter(|(path, _)| *path != "tuples.pkl") {
        scanned.refuses(path, "");
    }
}
