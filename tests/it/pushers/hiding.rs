// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Weights under other names, in other files, and in pieces.

use std::io::{Cursor, Write};

use bzip2::write::BzEncoder;
use data_encoding::BASE64;
use flate2::Compression;
use flate2::write::GzEncoder;
use lzma_rust2::{XzOptions, XzWriter};
use zip::write::SimpleFileOptions;

use super::{UNDECLARED, UNSEEN};
use crate::push::Watched;
use crate::stories::release::{policy, repository, weights};

fn zip(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file(name, SimpleFileOptions::default()).unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap().into_inner()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut writer = XzWriter::new(Vec::new(), XzOptions::with_preset(1)).unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut writer = BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

/// Made by the tar program, like a release.
fn tar_gz(watched: &Watched, name: &str, bytes: &[u8]) -> Vec<u8> {
    let folder = watched.sandbox.path("tar");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(name), bytes).unwrap();
    let mut tar = watched.git.command("tar");
    let output = tar.args(["-czf", "-", "-C"]).arg(&folder).arg(name).output().unwrap();
    assert!(output.status.success());
    output.stdout
}

/// Commits files, pushes them, and takes them back.
#[track_caller]
fn pushed(watched: &Watched, files: &[(&str, Vec<u8>)]) -> crate::push::Pushed {
    for (path, bytes) in files {
        watched.git.write(path, bytes);
    }
    watched.git.commit("Nothing to see here");
    let pushed = watched.push(&["origin", "main"]);
    watched.git.git("reset --quiet --hard origin/main");
    pushed
}

#[test]
fn under_another_name() {
    let watched = repository(Some(&policy("")));
    for name in ["notes.txt", "table.dat", "README"] {
        let pushed = pushed(&watched, &[(name, weights("F1-cpt"))]);
        pushed.blocked(1, &UNDECLARED).says(name);
    }
}

#[test]
fn in_an_archive() {
    let watched = repository(Some(&policy("")));
    let model = weights("F1-cpt");
    let nested = zip("inner", &zip("notes", &zip("data", &model)));
    let deeper = (0..8).fold(zip("x", &model), |bytes, _| zip("x", &bytes));
    let long = [vec![0; 33 << 20], model.clone()].concat();
    let cases: [(&str, Vec<u8>, &str); 10] = [
        ("photos.zip", zip("data", &model), "holds data, a safetensors file"),
        ("notes.txt", zip("data", &model), "holds data, a safetensors file"),
        ("backup.tgz", tar_gz(&watched, "data", &model), "holds gzip in data, a safetensors file"),
        ("log.gz", gzip(&model), "holds gzip, a safetensors file"),
        ("log.xz", xz(&model), "holds xz, a safetensors file"),
        ("log.bz2", bzip2(&model), "holds bzip2, a safetensors file"),
        ("zeros.gz", gzip(&long), "holds gzip, other bytes, and then a header of a safetensors file"),
        ("old.zip", nested, "holds inner in notes in data, a safetensors file"),
        ("older.zip", deeper, "archives stand in one another more than three deep"),
        ("tool", [b"#!/bin/sh\nexit 0\n".to_vec(), zip("data", &model)].concat(), "holds data, a safetensors file"),
    ];
    for (name, bytes, words) in cases {
        pushed(&watched, &[(name, bytes)]).blocked(2, &UNSEEN).says(name).says(words);
    }
}

#[test]
fn behind_one_byte() {
    let watched = repository(Some(&policy("")));
    let behind = [vec![0], weights("F1-cpt")].concat();
    pushed(&watched, &[("noise", behind)]).blocked(2, &UNSEEN).says("header of a safetensors file");
}

#[test]
fn spelled_out_in_text() {
    let watched = repository(Some(&policy("")));
    let text = BASE64.encode(&weights("F1-cpt"));
    let lines: Vec<String> =
        text.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    let notebook = format!("{{\"cells\":[{{\"outputs\":[\n\"{}\"\n]}}],\"nbformat\":4}}", lines.join("\\n\",\n\""));
    for (name, bytes) in [
        ("demo.ipynb", notebook),
        ("weights.py", format!("import base64\nWEIGHTS = \"\"\"\n{}\n\"\"\"\n", lines.join("\n"))),
        ("table.json", format!("{{\"rows\": \"{text}\"}}")),
    ] {
        let pushed = pushed(&watched, &[(name, bytes.into_bytes())]);
        pushed.blocked(2, &UNSEEN).says(name).says("encoded text from line").says("a safetensors file");
    }
}

#[test]
fn in_pieces() {
    let watched = repository(Some(&policy("")));
    let model = weights("F1-cpt");
    // Large ones, the first of which looks like a model, and small ones that look like nothing.
    for (len, suffix, words) in
        [(100_000, "part-a", "malformed safetensors"), (1000, "", "it is one file: a safetensors file")]
    {
        let parts: Vec<(String, Vec<u8>)> = model
            .chunks(len)
            .enumerate()
            .map(|(at, part)| {
                (
                    if suffix.is_empty() {
                        format!("d/m.{at:04}")
                    } else {
                        format!("d/m.{suffix}{}", (b'a' + at as u8) as char)
                    },
                    part.to_vec(),
                )
            })
            .collect();
        let files: Vec<(&str, Vec<u8>)> = parts.iter().map(|(path, part)| (path.as_str(), part.clone())).collect();
        pushed(&watched, &files).blocked(2, &UNSEEN).says(words);
    }
}

#[test]
fn in_a_container_that_is_not_unpacked() {
    let watched = repository(Some(&policy("")));
    watched.git.put("model", weights("F1-cpt"));
    watched.git.git("bundle create --quiet ../model.bundle main");
    watched.git.git("reset --quiet --hard origin/main");
    let bundle = std::fs::read(watched.sandbox.path("model.bundle")).unwrap();
    let packed =
        [b"7z\xbc\xaf\x27\x1c".to_vec(), weights("F1-cpt").into_iter().map(|byte| byte ^ 0x55).collect()].concat();
    for (name, bytes) in [("notes.bundle", bundle), ("notes.7z", packed)] {
        let pushed = pushed(&watched, &[(name, bytes)]);
        assert_eq!(pushed.passed().rules("warn"), UNSEEN, "{}", pushed.all);
        pushed.says(name).says("not searched");
        // It was let through: the next case starts from there.
        watched.git.git("fetch --quiet");
        watched.git.git("reset --quiet --hard origin/main");
    }
}

#[test]
fn kept_from_git_lfs() {
    let watched = repository(Some(&policy("").replace("\"allow\"", "\"deny\"")));
    watched.git.write(".gitattributes", "*.safetensors filter=lfs\nhidden.safetensors !filter\n");
    let pushed = pushed(&watched, &[("hidden.safetensors", weights("F1-cpt"))]);
    let rules = [&["checkpoint-outside-lfs"][..], &UNDECLARED].concat();
    pushed.blocked(1, &rules);
}

#[test]
fn ordinary_archives_and_notebooks_pass() {
    let watched = repository(Some(&policy("")));
    let png: Vec<u8> = b"\x89PNG\r\n\x1a\n"
        .iter()
        .copied()
        .chain((0..60_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8))
        .collect();
    let notebook =
        format!("{{\"cells\":[{{\"outputs\":[{{\"data\":{{\"image/png\":\"{}\"}}}}]}}]}}", BASE64.encode(&png));
    let files = [
        ("plots.ipynb", notebook.into_bytes()),
        ("plots.zip", zip("a.png", &png)),
        ("src.tar.gz", tar_gz(&watched, "a.py", b"print('words')\n")),
        ("page_1.txt", b"one".to_vec()),
        ("page_2.txt", b"two".to_vec()),
    ];
    let pushed = pushed(&watched, &files);
    assert_eq!(pushed.passed().rules("warn"), [""; 0], "{}", pushed.all);
}
