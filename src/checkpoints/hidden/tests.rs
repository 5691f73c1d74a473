// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Ways of hiding a model in another file, and files that hide none.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::io::{Cursor, Write};

use bzip2::write::BzEncoder;
use data_encoding::{BASE64, BASE64URL, HEXLOWER, HEXUPPER};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use lzma_rust2::{XzOptions, XzWriter};
use proptest::prelude::*;
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

use super::{Looked, Piece, look, pieces};
use crate::changes::Content;

/// A small model: a header of weights and 3 KiB of numbers without a form.
fn model() -> Vec<u8> {
    let header = br#"{"w":{"dtype":"U8","shape":[3072],"data_offsets":[0,3072]}}"#;
    [&(header.len() as u64).to_le_bytes()[..], header, &noise(3072)].concat()
}

fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..len).map(|_| next()).collect()
}

fn zip(members: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, bytes) in members {
        let mut header = vec![0; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
        header[156] = b'0';
        header[257..262].copy_from_slice(b"ustar");
        out.extend(header);
        out.extend_from_slice(bytes);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut writer = ZlibEncoder::new(Vec::new(), Compression::default());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn zstandard(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut writer = XzWriter::new(Vec::new(), XzOptions::with_preset(0)).unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut writer = BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn said(bytes: impl Into<Vec<u8>>) -> (bool, String) {
    match look(&Content::memory(bytes.into())).unwrap() {
        Looked::Found(unread) => (unread.certain, unread.reason),
        other => (false, format!("{other:?}")),
    }
}

#[track_caller]
fn found(bytes: impl Into<Vec<u8>>, words: &str) {
    let (certain, reason) = said(bytes);
    assert!(certain && reason.contains(words), "{certain} {reason}");
}

#[test]
fn models_in_containers_are_found_whatever_they_are_called() {
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        found(zip(&[("a.txt", b"hello"), ("notes", &model())], method), "holds notes, a safetensors file");
    }
    found(tar(&[("a.txt", b"hello"), ("notes", &model())]), "holds notes, a safetensors file");
    found(gzip(&model()), "holds gzip, a safetensors file");
    found(zlib(&model()), "holds zlib, a safetensors file");
    found(zstandard(&model()), "holds Zstandard, a safetensors file");
    found(xz(&model()), "holds xz, a safetensors file");
    found(bzip2(&model()), "holds bzip2, a safetensors file");
    found(xz(&tar(&[("x", &model())])), "holds xz in x, a safetensors file");
    found(bzip2(&tar(&[("x", &model())])), "holds bzip2 in x, a safetensors file");
    found([xz(b"padding"), xz(&model())].concat(), "header of a safetensors file");
    found([bzip2(b"padding"), bzip2(&model())].concat(), "header of a safetensors file");
    found(gzip(&tar(&[("x", &model())])), "holds gzip in x, a safetensors file");
    found(zstandard(&tar(&[("x", &gzip(&model()))])), "gzip, a safetensors file");
}

#[test]
fn damage_behind_a_model_hides_nothing() {
    for (whole, cut) in [(gzip(&model()), 6), (zlib(&model()), 3), (xz(&model()), 20), (zstandard(&model()), 1)] {
        found(&whole[..whole.len() - cut], "a safetensors file");
    }
    let packed = gzip(&tar(&[("x", &model())]));
    found(&packed[..packed.len() - 6], "holds gzip in x, a safetensors file");
    // The checksum of the member, in its own header and in the directory.
    let whole = zip(&[("x", &model())], CompressionMethod::Deflated);
    let mut damaged = whole.clone();
    let directory = whole.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    for at in [14, directory + 16] {
        damaged[at] ^= 0xff;
    }
    found(damaged, "holds x, a safetensors file");
}

#[test]
fn three_archives_deep_is_searched_and_more_is_refused() {
    let mut bytes = zip(&[("inner", &model())], CompressionMethod::Deflated);
    for _ in 0..2 {
        bytes = zip(&[("x.zip", &bytes)], CompressionMethod::Stored);
    }
    found(bytes.clone(), "holds x.zip in x.zip in inner, a safetensors file");
    for _ in 0..5 {
        bytes = zip(&[("x.zip", &bytes)], CompressionMethod::Stored);
    }
    found(bytes, "archives stand in one another more than three deep");
    let mut bytes = b"nothing".to_vec();
    for _ in 0..10 {
        bytes = gzip(&bytes);
    }
    found(bytes, "archives stand in one another");
}

#[test]
fn an_archive_behind_or_before_other_bytes_is_searched() {
    let archive = zip(&[("x", &model())], CompressionMethod::Deflated);
    found([b"#!/bin/sh\nexit\n".to_vec(), archive.clone()].concat(), "holds x, a safetensors file");
    found([archive, vec![7; 5000]].concat(), "holds x, a safetensors file");
}

#[test]
fn one_byte_before_a_model_hides_nothing() {
    found([b"\0".to_vec(), model()].concat(), "safetensors file at byte");
    let header = b"{\"w\": {\"dtype\": \"U8\", \"shape\": [3072], \"data_offsets\" :\n  [ 0, 3072]}}";
    let spaced = [b"x", &(header.len() as u64).to_le_bytes()[..], header, &noise(3072)].concat();
    found(spaced, "safetensors file at byte");
    let gguf = [b"GGUF\x03\0\0\0".to_vec(), 5_u64.to_le_bytes().to_vec(), 9_u64.to_le_bytes().to_vec()].concat();
    for before in [1, 63, (1 << 20) - 40, (1 << 20) - 3, (1 << 20) + 1] {
        found([vec![0; before], gguf.clone()].concat(), &format!("GGUF file at byte {before}"));
    }
}

#[test]
fn spelled_out_weights_are_found_in_every_dress() {
    let lines = |text: &str| {
        text.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line).into_owned()).collect::<Vec<_>>()
    };
    let text = BASE64.encode(&model());
    let notebook = format!(
        "{{\"cells\": [{{\"outputs\": [{{\"data\": {{\"application/octet-stream\": [\n    \"{}\\n\"\n]}}}}]}}]}}",
        lines(&text).join("\\n\",\n    \"")
    );
    for dressed in [
        text.clone(),
        notebook,
        lines(&text).join("\r\n"),
        format!("import base64\nWEIGHTS_OF_THE_MODEL = \"{text}\"\n"),
        format!("w = (\n    '{}'\n)", lines(&text).join("'\n    '")),
        format!("{{\"w\": \"{}\"}}", text.replace('/', "\\/")),
        BASE64URL.encode(&model()),
        HEXLOWER.encode(&model()),
        HEXUPPER.encode(&model()),
        format!("<img src=\"data:application/octet-stream;base64,{text}\">"),
        BASE64.encode(&gzip(&model())),
        BASE64.encode(&zip(&[("x", &model())], CompressionMethod::Deflated)),
    ] {
        found(dressed, "a safetensors file");
    }
}

#[test]
fn ordinary_files_are_not_accused() {
    let png = [b"\x89PNG\r\n\x1a\n".to_vec(), noise(40_000)].concat();
    let notebook = format!("{{\"cells\": [{{\"image/png\": \"{}\"}}]}}", BASE64.encode(&png));
    let digests: String =
        (0..500_u32).map(|at| [&format!("{:064x}", at.wrapping_mul(2_654_435_761)), "  file\n"].concat()).collect();
    let words = "a_rather_long_identifier_of_some_program, another_rather_long_identifier\n".repeat(200);
    let minified = "function(a){return a.b(c)+d/e-f_g}".repeat(300);
    let keys = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKq3kQ9iEo0r0b8pYw1xQ user@host\n".repeat(100);
    for text in
        [notebook, digests, words, minified, keys, String::from("short"), "A".repeat(100_000), "f".repeat(100_000)]
    {
        assert_eq!(
            look(&Content::memory(text.clone().into_bytes())).unwrap(),
            Looked::Opaque,
            "{}",
            &text[..20.min(text.len())]
        );
    }
    let office = zip(&[("word/document.xml", b"<w/>"), ("media/a.png", &png)], CompressionMethod::Deflated);
    let sources = gzip(&tar(&[("src/lib.rs", b"fn main() {}"), ("README.md", b"# Words")]));
    for container in [office, sources, gzip(b"text")] {
        assert_eq!(look(&Content::memory(container)).unwrap(), Looked::Clean);
    }
    assert_eq!(look(&Content::memory(png)).unwrap(), Looked::Opaque);
    assert_eq!(look(&Content::memory(*b"data_offsets GGUF of a program\0")).unwrap(), Looked::Opaque);
}

#[test]
fn what_is_not_searched_is_said() {
    let packed = |magic: &[u8]| said([magic, &noise(20_000)].concat());
    for magic in [&b"7z\xbc\xaf\x27\x1c"[..], b"Rar!", b"\x04\x22\x4d\x18"] {
        let (certain, reason) = packed(magic);
        assert!(!certain && reason.contains("not searched"), "{reason}");
    }
    let (certain, reason) = said(b"# v2 git bundle\n".iter().copied().chain(noise(20_000)).collect::<Vec<u8>>());
    assert!(!certain && reason.contains("objects of git"), "{reason}");
    let whole = gzip(&noise(20_000));
    let (certain, reason) = said(&whole[..whole.len() / 2]);
    assert!(!certain && reason.contains("no whole gzip stream"), "{reason}");
    for (whole, words) in [(xz(&noise(20_000)), "no whole xz stream"), (bzip2(&noise(20_000)), "no whole bzip2 stream")]
    {
        let (certain, reason) = said(&whole[..whole.len() / 2]);
        assert!(!certain && reason.contains(words), "{reason}");
    }
    let (certain, reason) = said(&zip(&[("x", &noise(20_000))], CompressionMethod::Deflated)[..10_000]);
    assert!(!certain && reason.contains("directory cannot be read"), "{reason}");
}

#[test]
fn a_bomb_ends_early() {
    let zeros = vec![0; 64 << 20];
    let bomb = gzip(&zeros);
    assert!(bomb.len() < 1 << 20);
    assert_eq!(look(&Content::memory(bomb.clone())).unwrap(), Looked::Clean);
    let names: Vec<String> = (0..40).map(|at| format!("b{at}")).collect();
    let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), bomb.as_slice())).collect();
    let (certain, reason) = said(zip(&many, CompressionMethod::Stored));
    assert!(!certain && reason.contains("it unpacks to more than 1024 MiB"), "{reason}");
    // One member of a tar archive that has no end is not read to it.
    let endless = tar(&[("x", &[])]);
    let endless = [&endless[..124], b"77777777777\0", &endless[136..512]].concat();
    let mut writer = GzEncoder::new(Vec::new(), Compression::fast());
    writer.write_all(&endless).unwrap();
    for _ in 0..(2 << 30) / zeros.len() {
        writer.write_all(&zeros).unwrap();
    }
    let (certain, reason) = said(writer.finish().unwrap());
    assert!(!certain && reason.contains("it unpacks to more than 1024 MiB"), "{reason}");
}

#[test]
fn what_follows_a_long_beginning_is_searched() {
    for before in [(32 << 20) - 9, (32 << 20) + 1, 40 << 20] {
        let behind = [vec![0; before], model()].concat();
        found(gzip(&behind), &format!("safetensors file at byte {}", before + 42));
        found(
            gzip(&tar(&[("x", &behind)])),
            &format!("holds gzip in x, other bytes, and then a header of a safetensors file at byte {}", before + 42),
        );
    }
    let behind = format!("{}{}\n", "words and words\n".repeat((40 << 20) / 16), BASE64.encode(&model()));
    found(gzip(behind.as_bytes()), &format!("encoded text from line {}", (40 << 20) / 16 + 1));
}

fn set(parts: &[(&str, Vec<u8>)]) -> Vec<(usize, String)> {
    let contents: Vec<Content> = parts.iter().map(|(_, bytes)| Content::memory(bytes.clone())).collect();
    let candidates: Vec<Piece<'_>> = parts
        .iter()
        .zip(&contents)
        .enumerate()
        .map(|(file, ((path, bytes), content))| Piece {
            file,
            path,
            content,
            size: bytes.len() as u64,
            introduced: true,
        })
        .collect();
    pieces(&candidates).into_iter().map(|(file, unread)| (file, unread.reason)).collect()
}

/// Makes the name of a piece from its number.
type Name = fn(usize) -> String;

#[test]
fn pieces_are_put_together() {
    let bytes = model();
    let cut: Vec<Vec<u8>> = bytes.chunks(40).map(<[u8]>::to_vec).collect();
    let names: [Name; 5] = [
        |at| format!("w/model.part-{}{}", (b'a' + (at / 26) as u8) as char, (b'a' + (at % 26) as u8) as char),
        |at| format!("w/xa{}{}", (b'a' + (at / 26) as u8) as char, (b'a' + (at % 26) as u8) as char),
        |at| format!("w/model.{at:03}"),
        |at| format!("w/part{}.bin", at + 1),
        |at| format!("w/chunk-{at}-of-v2.dat"),
    ];
    for name in names {
        let paths: Vec<String> = (0..cut.len()).map(name).collect();
        let parts: Vec<(&str, Vec<u8>)> = paths.iter().map(String::as_str).zip(cut.iter().cloned()).collect();
        let found = set(&parts);
        assert!(
            found.len() == 1 && found[0].0 == 0 && found[0].1.contains("a safetensors file"),
            "{found:?} {}",
            paths[0]
        );
    }
    let archive = zip(&[("x", &bytes)], CompressionMethod::Deflated);
    let (one, two) = archive.split_at(archive.len() / 2);
    let found = set(&[("a.z00", one.to_vec()), ("a.z01", two.to_vec())]);
    assert!(found.len() == 1 && found[0].1.contains("holds x, a safetensors file"), "{found:?}");
}

#[test]
fn files_that_count_up_and_are_nothing_together_are_nothing() {
    let text = |at: usize| format!("{{\"page\": {at}}}").into_bytes();
    let paths: Vec<String> = (0..50).map(|at| format!("data/page_{at}.json")).collect();
    let parts: Vec<(&str, Vec<u8>)> = paths.iter().enumerate().map(|(at, path)| (path.as_str(), text(at))).collect();
    assert_eq!(set(&parts), []);
    assert_eq!(set(&[("readme", b"a".to_vec()), ("license", b"b".to_vec())]), []);
}

proptest! {
    #[test]
    fn any_bytes_give_an_answer(kind in 0_usize..6, mut bytes in proptest::collection::vec(any::<u8>(), 0..600), at in 0_usize..600, byte in any::<u8>()) {
        let whole = [
            bytes.clone(),
            zip(&[("x", &bytes)], CompressionMethod::Deflated),
            tar(&[("x", &bytes)]),
            gzip(&bytes),
            zstandard(&bytes),
            zlib(&bytes),
        ];
        bytes.clone_from(&whole[kind]);
        if !bytes.is_empty() {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        drop(look(&Content::memory(bytes)));
    }
}
