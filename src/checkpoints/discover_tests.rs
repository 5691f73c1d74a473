// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What is found among files: by content, in groups, and what is said of the rest.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::io::{Cursor, Write};

use proptest::prelude::*;

use super::discover::{Discovery, discover};
use super::{CheckpointError, Format, open};
use crate::changes::{Content, File, FileState, LfsPointer};

fn file(path: &str, bytes: impl Into<Vec<u8>>) -> File {
    let bytes: Vec<u8> = bytes.into();
    File::present(path.to_owned(), String::new(), bytes.len() as u64, Content::memory(bytes))
}

fn missing(path: &str) -> File {
    let lfs = Some(LfsPointer { sha256: "0".repeat(64), size: 1 });
    File { state: FileState::MissingLfs, lfs, ..file(path, "") }
}

fn safetensors() -> Vec<u8> {
    let header = br#"{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#;
    [&(header.len() as u64).to_le_bytes()[..], header, &[7]].concat()
}

fn zip(names: &[&str]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for name in names {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(b"x").unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Bytes without a form, as many as are asked for.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..len).map(|_| next() | 1).collect()
}

fn onnx() -> Vec<u8> {
    // ir_version 8, and a graph with one initializer "w" of two bytes.
    let tensor = [0x08, 0x02, 0x10, 0x02, 0x42, 0x01, b'w', 0x4a, 0x02, 1, 2];
    let graph = [&[0x2a, tensor.len() as u8][..], &tensor].concat();
    [&[0x08, 0x08, 0x3a, graph.len() as u8][..], &graph].concat()
}

/// The same with its two bytes in another file.
fn onnx_outside(location: &str) -> Vec<u8> {
    let entry = [&[0x0a, 8][..], b"location", &[0x12, location.len() as u8], location.as_bytes()].concat();
    let tensor =
        [&[0x08, 0x02, 0x10, 0x02, 0x42, 0x01, b'w', 0x70, 0x01, 0x6a, entry.len() as u8][..], &entry].concat();
    let graph = [&[0x2a, tensor.len() as u8][..], &tensor].concat();
    [&[0x08, 0x08, 0x3a, graph.len() as u8][..], &graph].concat()
}

fn formats(found: &Discovery) -> Vec<Format> {
    found.groups.iter().map(|group| group.format).collect()
}

#[test]
fn formats_are_recognised_by_content_under_any_name() {
    let files = [
        (safetensors(), Format::Safetensors),
        (b"GGUF\x03\0\0\0".to_vec(), Format::Gguf),
        (b"\x93NUMPY\x01\0".to_vec(), Format::Numpy),
        (zip(&["a.npy", "b.npy"]), Format::Numpy),
        (zip(&["m/data.pkl", "m/version"]), Format::TorchZip),
        (zip(&["m/data.pkl", "m/constants.pkl"]), Format::TorchScript),
        (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.".to_vec(), Format::TorchLegacy),
        (b"\x80\x04cos\nsystem\n)R\xff".to_vec(), Format::TorchLegacy),
        (onnx(), Format::Onnx),
    ];
    for (bytes, format) in files {
        let found = discover(&[file("notes/readme.txt", bytes)]);
        assert_eq!(formats(&found), [format]);
        assert!(found.unverifiable.is_empty());
    }
}

#[test]
fn text_pickles_are_recognised_by_name_and_content() {
    let call = b"cos\nsystem\n(S'id'\ntR.";
    assert_eq!(formats(&discover(&[file("model.pkl", *call)])), [Format::TorchLegacy]);
    // Any opcode may come first.
    for first in ["N0", "I1\n0", "S'x'\n0", "V\n0"] {
        let found = discover(&[file("model.pkl", [first.as_bytes(), call].concat())]);
        assert_eq!(formats(&found), [Format::TorchLegacy], "{first}");
    }
    assert!(discover(&[file("notes.pth", "import site; site.addsitedir('x')\n")]).groups.is_empty());
}

#[test]
fn models_that_are_not_read_are_named() {
    let mut tar = vec![0; 1024];
    tar[..7].copy_from_slice(b"storage");
    tar[257..262].copy_from_slice(b"ustar");
    let spec = [&6_u32.to_le_bytes()[..], &16_u16.to_le_bytes(), b"TransformerSpec\0", &[0; 8]].concat();
    let unread: [(&str, Vec<u8>, &str); 22] = [
        ("a", b"\x1c\0\0\0TFL3".to_vec(), "TFLite model"),
        ("a", b"\x89HDF\r\n\x1a\n".to_vec(), "HDF5 file (Keras)"),
        ("a.bin", b"lmgg\x01\0\0\0".to_vec(), "ggml file from before GGUF"),
        ("model.bin", spec, "CTranslate2 model"),
        ("a/saved_model.pb", b"\x08\x01".to_vec(), "TensorFlow graph"),
        ("v/variables.data-00000-of-00001", vec![0; 8], "TensorFlow checkpoint"),
        ("a.mlmodel", b"\x08\x01".to_vec(), "Core ML model"),
        ("a.mlpackage/Data/weights/weight.bin", vec![0; 8], "Core ML weights"),
        ("a.plan", vec![0; 8], "TensorRT plan"),
        ("flax_model.msgpack", b"\x81".to_vec(), "Flax msgpack file"),
        ("a.pdiparams", vec![0; 8], "PaddlePaddle parameter file"),
        ("ocp/manifest.ocdbt", vec![0; 8], "Orbax checkpoint (JAX)"),
        ("model.nemo", tar, "tar archive"),
        ("model.pt", b"7z\xbc\xaf\x27\x1c".to_vec(), "compressed file"),
        ("model.safetensors.gz", b"\x1f\x8b\x08".to_vec(), "compressed file"),
        ("x.whl", zip(&["p/model.onnx"]), "zip archive"),
        ("model.onnx", b"nonsense".to_vec(), "file named .onnx"),
        ("model.pt", vec![0; 64], "file named .pt"),
        ("weights.dat", noise(1 << 20), "binary file"),
        // Too short, or in front of an archive that a lenient reader still finds.
        ("model.pkl", b"\x80\xffN.".to_vec(), "file named .pkl"),
        ("pytorch_model.bin", [&b"head"[..], &zip(&["m/data.pkl"])].concat(), "file named as weights"),
        ("model.bin", vec![0; 2 << 20], "file named as weights"),
    ];
    for (path, bytes, what) in unread {
        let found = discover(&[file(path, bytes)]);
        assert_eq!(found.unverifiable.len(), 1, "{path}");
        assert_eq!(found.unverifiable[0].what, what);
        assert!(!found.unverifiable[0].remedy.is_empty());
        assert!(found.groups.is_empty());
    }
}

#[test]
fn other_files_are_left_alone() {
    let files = [
        file("src/main.rs", "fn main() {}"),
        file("README.md", "BERT, and so on\n"),
        file("empty.safetensors", ""),
        file("image.png", [b"\x89PNG\r\n".to_vec(), noise(2 << 20)].concat()),
        file("small.bin", noise(1000)),
        file("table.dat", "1 2 3 4 5\n".repeat(200_000)),
        file("docs.zip", zip(&["a.txt", "b/c.md"])),
        missing("model.safetensors"),
    ];
    let found = discover(&files);
    assert_eq!(found.groups, []);
    assert_eq!(found.unverifiable, []);
    assert_eq!(found.scanned, 7);
}

#[test]
fn a_pointer_in_place_of_a_model_is_named() {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n";
    let found = discover(&[file("pkg/model.onnx", pointer), file("docs/pointer.txt", pointer)]);
    assert_eq!(found.unverifiable.len(), 1);
    assert_eq!(found.unverifiable[0].reason, "is a Git LFS pointer, not a model");
}

const INDEX: &str = r#"{"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}"#;

#[test]
fn an_index_joins_its_shards() {
    let files = [
        file("m/config.json", "{}"),
        file("m/model-00001-of-00002.safetensors", safetensors()),
        file("m/model-00002-of-00002.safetensors", safetensors()),
        file("m/model.safetensors.index.json", INDEX),
    ];
    let found = discover(&files);
    assert_eq!(found.groups.len(), 1);
    let group = &found.groups[0];
    assert_eq!((group.path.as_str(), &group.files[..]), ("m/model.safetensors.index.json", &[1, 2][..]));
    assert_eq!((group.index, group.config), (Some(3), Some(0)));
}

#[test]
fn an_absent_shard_is_named_and_the_others_are_still_looked_at() {
    let files =
        [file("m/model-00001-of-00002.safetensors", safetensors()), file("m/model.safetensors.index.json", INDEX)];
    let found = discover(&files);
    assert_eq!(found.groups.len(), 1);
    assert!(found.unverifiable.iter().any(|one| one.file == 1 && one.reason.contains("model-00002-of-00002")));
    // A shard that only its LFS object lacks is somebody else's to report.
    let files = [files[0].clone(), missing("m/model-00002-of-00002.safetensors"), files[1].clone()];
    assert_eq!(discover(&files).unverifiable, []);
}

#[test]
fn an_index_that_leaves_its_folder_is_refused() {
    let files = [file("m/model.safetensors.index.json", r#"{"weight_map":{"a":"../x.safetensors"}}"#)];
    assert!(discover(&files).unverifiable[0].reason.contains("outside its folder"));
}

#[test]
fn numbered_shards_join_without_an_index() {
    let files = [
        file("m-00001-of-00002.gguf", "GGUF\x03"),
        file("m-00002-of-00002.gguf", "GGUF\x03"),
        file("n-00001-of-00003.gguf", "GGUF\x03"),
    ];
    let found = discover(&files);
    assert_eq!(found.groups[0].files, [0, 1]);
    assert_eq!(found.groups[1].files, [2]);
    assert_eq!(found.unverifiable[0].reason, "shards are absent: 00002-of-00003, 00003-of-00003");
}

#[test]
fn external_data_joins_its_model_and_never_from_elsewhere() {
    let files = [file("m/a.onnx", onnx_outside("a.data")), file("m/a.data", [5, 6])];
    let found = discover(&files);
    assert_eq!(found.groups[0].files, [0, 1]);
    let checkpoint = open(&files, &found.groups[0]).unwrap();
    assert_eq!(checkpoint.tensors[0].shape, [2]);
    let outside = discover(&[file("m/a.onnx", onnx_outside("../a.data")), file("a.data", [5, 6])]);
    assert!(outside.groups.is_empty());
    assert!(outside.unverifiable[0].reason.contains("outside its folder"));
    let absent = discover(&files[..1]);
    assert!(absent.unverifiable[0].reason.contains("m/a.data"));
    // Data large enough to pass for weights of an unknown format belongs to its model.
    let large = [file("m/a.onnx", onnx_outside("a.weights")), file("m/a.weights", noise(1 << 20))];
    assert_eq!(discover(&large).unverifiable, []);
}

#[test]
fn versions_at_the_tip_and_before_it_stay_apart() {
    let gone = |path: &str| File { at_tip: false, ..file(path, safetensors()) };
    let files = [
        file("m/config.json", "{}"),
        file("m/model-00001-of-00002.safetensors", safetensors()),
        gone("m/model-00002-of-00002.safetensors"),
    ];
    let found = discover(&files);
    assert_eq!(found.groups.iter().map(|group| group.files.clone()).collect::<Vec<_>>(), [[1], [2]]);
    assert_eq!(found.groups[1].config, Some(0));
}

#[test]
fn adapters_take_their_own_configuration_and_others_the_nearest() {
    let files = [
        file("config.json", "{}"),
        file("a/adapter_config.json", r#"{"r":8}"#),
        file("a/adapter_model.safetensors", safetensors()),
        file("a/config.json", "{}"),
        file("b/onnx/model.onnx", onnx()),
    ];
    let found = discover(&files);
    assert_eq!(found.groups[0].config, Some(1));
    assert_eq!(found.groups[1].config, Some(0));
    let checkpoint = open(&files, &found.groups[1]).unwrap();
    assert_eq!(checkpoint.config, Some(serde_json::json!({})));
}

#[test]
fn an_unsafe_pickle_is_an_error_when_it_is_opened() {
    let files = [file("model.pkl", *b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00id\x85R.")];
    let found = discover(&files);
    assert!(matches!(open(&files, &found.groups[0]), Err(CheckpointError::UnsafePickle(_))));
}

proptest! {
    #[test]
    fn any_bytes_under_any_name_are_sorted(
        bytes in proptest::collection::vec(any::<u8>(), 0..600),
        start in proptest::sample::select(vec![&b""[..], b"PK\x03\x04", b"\x80\x02", b"GGUF", b"\x08\x08", b"{\"weight_map\":{"]),
        name in proptest::sample::select(vec!["a", "m.pt", "m.onnx", "m.bin", "m.safetensors.index.json", "m-00001-of-99999.pt"]),
    ) {
        let files = [file(name, [start, &bytes].concat())];
        let found = discover(&files);
        for group in &found.groups {
            drop(open(&files, group));
        }
    }
}

#[test]
fn raw_dumps_are_told_under_any_name_and_other_binaries_are_not() {
    let with_head = |head: &[u8]| [head, &noise(1 << 20)].concat();
    let found = discover(&[
        file("weights.raw", noise(1 << 20)),
        file("orca", noise(1 << 20)),
        file("orca.tar.gz", with_head(b"\x1f\x8b\x08")),
        file("orca.bin", with_head(b"%PDF-1.7")),
        file("paper.pdf", with_head(b"%PDF-1.7")),
        file("clip.mp4", with_head(b"\0\0\0\x20ftypmp42")),
        file("corpus.txt", "Weights are numbers, and this is not. ".repeat(40_000)),
        file("small.raw", noise(1000)),
    ]);
    let told: Vec<(usize, bool)> = found.unverifiable.iter().map(|found| (found.file, found.certain)).collect();
    assert_eq!(told, [(0, false), (1, false), (2, false), (3, false)]);
}
