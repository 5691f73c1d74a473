// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Archives that unpack to far more than they are, hold themselves, or show two readers two things.

use std::io::{Cursor, Write as _};

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

use super::containers::safetensors;
use super::scan::scan;

/// An archive of these members.
pub(super) fn archive(members: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A gigabyte of zeros as raw deflate, in a megabyte.
fn gigabyte() -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    let block = vec![0; 1 << 20];
    for _ in 0..1024 {
        encoder.write_all(&block).unwrap();
    }
    encoder.finish().unwrap()
}

/// A zip archive whose one member says that it unpacks to so many bytes.
fn promised(name: &str, stream: &[u8], size: u32) -> Vec<u8> {
    let numbers = [0, stream.len() as u32, size].map(u32::to_le_bytes).concat();
    let common = [&b"\x14\0\0\0\x08\0\0\0\0\0"[..], &numbers, &(name.len() as u16).to_le_bytes(), &[0; 2]].concat();
    let local = [b"PK\x03\x04", &common[..], name.as_bytes(), stream].concat();
    let central = [b"PK\x01\x02\x14\0", &common[..], &[0; 14], name.as_bytes()].concat();
    let end = [
        &b"PK\x05\x06\0\0\0\0\x01\0\x01\0"[..],
        &(central.len() as u32).to_le_bytes(),
        &(local.len() as u32).to_le_bytes(),
        &[0; 2],
    ];
    [local, central, end.concat()].concat()
}

#[test]
fn compressed_members_are_bounded_by_what_they_say_and_by_what_weights_are() {
    let bomb = gigabyte();
    let cases = [
        // It says what it is, which no pickle and no array may be.
        ("pickle/pytorch_model.bin", promised("archive/data.pkl", &bomb, 1 << 30)),
        ("array/weights.npz", promised("w.npy", &bomb, 1 << 30)),
        // It says that it is small.
        ("small/pytorch_model.bin", promised("archive/data.pkl", &bomb, 1000)),
        ("small/weights.npz", promised("w.npy", &bomb, 1000)),
        // It says that it is larger than deflate can make it.
        ("large/pytorch_model.bin", promised("archive/data.pkl", &bomb[..1000], u32::MAX - 1)),
    ];
    let scanned = scan(&cases);
    for (path, _) in cases {
        scanned.refuses(path, "");
    }
}

#[test]
fn compressed_files_are_refused_and_not_unpacked() {
    let mut gz = GzEncoder::new(Vec::new(), Compression::best());
    gz.write_all(&vec![0; 64 << 20]).unwrap();
    let cases = [
        ("model.safetensors.gz", gz.finish().unwrap()),
        ("model.pt", b"\x28\xb5\x2f\xfd\xa4\xff\xff\xff\xff".repeat(100)),
        ("model.ckpt", b"\xfd7zXZ\0\0".repeat(100)),
    ];
    let scanned = scan(&cases);
    for (path, _) in cases {
        scanned.refuses(path, "compressed");
    }
}

#[test]
fn nested_and_overlapping_archives_are_refused() {
    let mut nested = archive(&[("archive/data.pkl", b"\x80\x02N.")], CompressionMethod::Stored);
    for _ in 0..50 {
        nested = archive(&[("inner/pytorch_model.bin", &nested)], CompressionMethod::Stored);
    }
    // Two records of the directory, one place: each reader takes the bytes for itself (Fifield, "A better zip bomb", 2019).
    let one = promised("archive/data.pkl", b"\x03\0", 0);
    let start = one.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    let end = one.windows(4).position(|four| four == b"PK\x05\x06").unwrap();
    let record = &one[start..end];
    let mut overlapping = [&one[..end], record].concat();
    let directory = (2 * record.len() as u32).to_le_bytes();
    overlapping
        .extend([&b"PK\x05\x06\0\0\0\0\x02\0\x02\0"[..], &directory, &(start as u32).to_le_bytes(), &[0; 2]].concat());
    let scanned = scan(&[("nested/pytorch_model.bin", nested), ("overlap/pytorch_model.bin", overlapping)]);
    scanned.refuses("nested/pytorch_model.bin", "").refuses("overlap/pytorch_model.bin", "");
}

#[test]
fn a_file_that_is_two_formats_is_read_as_neither_or_both() {
    let call = b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00id\x85R.";
    let evil = archive(&[("archive/data.pkl", call), ("archive/version", b"3\n")], CompressionMethod::Stored);
    let header = r#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;
    let weights = safetensors(header, &[0; 8]);
    let inside =
        safetensors(&format!(r#"{{"w":{{"dtype":"U8","shape":[{0}],"data_offsets":[0,{0}]}}}}"#, evil.len()), &evil);
    let scanned = scan(&[
        // An archive behind a format that is read from the front.
        ("a/model.safetensors", [&weights[..], &evil].concat()),
        ("b/model.gguf", [&b"GGUF\x03\0\0\0"[..], &[0; 16], &evil].concat()),
        ("c/model.pkl", [&b"\x80\x02N."[..], &evil].concat()),
        // A whole archive as the bytes of a tensor: what begins as safetensors is read as that.
        ("d/pytorch_model.bin", inside),
        // A pickle that stands in front of one.
        ("e/pytorch_model.bin", [&evil[..], call].concat()),
    ]);
    for path in ["a/model.safetensors", "b/model.gguf", "c/model.pkl", "e/pytorch_model.bin"] {
        scanned.refuses(path, "");
    }
    scanned.reads("d/pytorch_model.bin");
}
