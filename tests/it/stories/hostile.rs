// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Files that cannot be read, and files that want to be run.

use std::io::Write;
use std::path::Path;

use zip::write::SimpleFileOptions;

use super::release::{ORCA, policy, repository, weights};

#[test]
fn truncated_weights_could_not_be_checked() {
    let watched = repository(Some(&policy("")));
    let bytes = weights("F1-cpt");
    watched.git.put(ORCA, &bytes[..bytes.len() / 2]);
    let pushed = watched.push(&["origin", "main"]);
    pushed.blocked(2, &["unverifiable-artifact"]).says("could not check, so this counts as blocked");
    assert!(pushed.said.contains(ORCA), "{}", pushed.said);
}

#[test]
fn a_format_that_is_not_read_could_not_be_checked() {
    let watched = repository(Some(&policy("")));
    watched.git.put("mobile/orca.tflite", [&b"\x1c\0\0\0TFL3"[..], &[0; 4096]].concat());
    let pushed = watched.push(&["origin", "main"]);
    pushed.blocked(2, &["unverifiable-artifact"]).says("TFLite");
}

#[test]
fn a_pickle_that_runs_commands_is_blocked_and_never_run() {
    for zipped in [false, true] {
        let watched = repository(Some(&policy("")));
        let canary = watched.sandbox.path("canary");
        let pickle = pickle_that_touches(&canary);
        watched.git.put("checkpoints/pytorch_model.bin", if zipped { torch_zip(&pickle) } else { pickle });
        let pushed = watched.push(&["origin", "main"]);
        assert!(!pushed.succeeded && pushed.rules("deny").contains(&"unsafe-pickle".to_owned()), "{}", pushed.all);
        pushed.says("os.system");
        assert!(!canary.exists(), "the pickle was run");
    }
}

/// `os.system("touch PATH")`, as protocol 2 writes it.
fn pickle_that_touches(path: &Path) -> Vec<u8> {
    let command = format!("touch {}", path.display());
    let length = u32::try_from(command.len()).unwrap().to_le_bytes();
    [&b"\x80\x02cos\nsystem\nX"[..], &length, command.as_bytes(), b"\x85R."].concat()
}

/// What `torch.save` writes, with this pickle in it.
fn torch_zip(pickle: &[u8]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in [("archive/data.pkl", pickle), ("archive/version", b"3\n")] {
        archive
            .start_file(name, SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored))
            .unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}
