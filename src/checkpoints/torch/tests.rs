// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Small PyTorch files in each layout, written here, and what must be refused.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::io::{Cursor, Write};

use proptest::prelude::*;
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

use super::super::{Checkpoint, CheckpointError, CheckpointFile, Dtype, Encoding, Extent, Format};
use super::*;
use crate::changes::Content;

fn text(word: &str) -> Vec<u8> {
    [&[b'X'][..], &(word.len() as u32).to_le_bytes(), word.as_bytes()].concat()
}

fn number(value: u32) -> Vec<u8> {
    [&[b'J'][..], &value.to_le_bytes()].concat()
}

fn tuple(values: &[u32]) -> Vec<u8> {
    let numbers: Vec<u8> = values.iter().flat_map(|value| number(*value)).collect();
    [&b"("[..], &numbers, b"t"].concat()
}

/// `_rebuild_tensor_v2(storage, offset, size, stride, False, OrderedDict())`.
fn tensor(class: &str, key: &str, elements: u32, offset: u32, size: &[u32], stride: &[u32], tail: &[u8]) -> Vec<u8> {
    let global = format!("ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\n{class}\n");
    let storage = [text(key), text("cpu"), number(elements), tail.to_vec(), b"tQ".to_vec()].concat();
    let rest = [number(offset), tuple(size), tuple(stride), b"\x89ccollections\nOrderedDict\n)RtR".to_vec()].concat();
    [global.into_bytes(), storage, rest].concat()
}

fn dict(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let items: Vec<u8> = entries.iter().flat_map(|(key, value)| [text(key), value.clone()].concat()).collect();
    [&b"\x80\x02}("[..], &items, b"u."].concat()
}

fn archive(pickle: &[u8], members: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in [("data.pkl", pickle)].iter().chain(members) {
        let options = SimpleFileOptions::default().compression_method(method);
        writer.start_file(format!("m/{name}"), options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn open_bytes(bytes: Vec<u8>) -> Result<Checkpoint, CheckpointError> {
    let size = bytes.len() as u64;
    let content = Content::memory(bytes);
    open(vec![CheckpointFile { path: "m.pt".to_owned(), content, size, expected_sha256: None }])
}

fn bytes_of(checkpoint: &Checkpoint, tensor: usize) -> Vec<u8> {
    match &checkpoint.tensors[tensor].parts[0] {
        Extent::Plain { file, offset, len } => {
            let mut bytes = vec![0; *len as usize];
            checkpoint.files[*file].content.open().unwrap().read_exact_at(*offset, &mut bytes).unwrap();
            bytes
        }
        Extent::Inline(bytes) => bytes.to_vec(),
        Extent::Deflated { .. } => panic!("deflated"),
    }
}

const NUMBERS: [u8; 24] = [1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0];

fn small() -> Vec<u8> {
    dict(&[
        ("a.weight", tensor("IntStorage", "0", 6, 0, &[2, 3], &[3, 1], b"")),
        ("a.row", tensor("IntStorage", "0", 6, 3, &[3], &[1], b"")),
        ("a.turned", tensor("IntStorage", "0", 6, 0, &[3, 2], &[1, 3], b"")),
    ])
}

#[test]
fn a_zip_archive_gives_views_of_its_storages() {
    let checkpoint = open_bytes(archive(&small(), &[("data/0", &NUMBERS)], CompressionMethod::Stored)).unwrap();
    assert_eq!(checkpoint.format, Format::TorchZip);
    let names: Vec<&str> = checkpoint.tensors.iter().map(|tensor| tensor.name.as_str()).collect();
    assert_eq!(names, ["a.weight", "a.row", "a.turned"]);
    assert_eq!(checkpoint.tensors[0].encoding, Encoding::Plain(Dtype::I32));
    assert_eq!(bytes_of(&checkpoint, 0), NUMBERS);
    assert_eq!(bytes_of(&checkpoint, 1), NUMBERS[12..]);
    assert_eq!(checkpoint.tensors[1].strides, None);
    assert_eq!(checkpoint.tensors[2].strides, Some(vec![1, 3]));
    assert!(checkpoint.hazards.is_empty());
}

#[test]
fn deflated_members_become_windows_of_their_stream() {
    let checkpoint = open_bytes(archive(&small(), &[("data/0", &NUMBERS)], CompressionMethod::Deflated)).unwrap();
    assert!(matches!(checkpoint.tensors[1].parts[0], Extent::Deflated { skip: 12, len: 12, .. }));
}

#[test]
fn torchscript_attributes_and_constants_are_named() {
    let view = tensor("IntStorage", "0", 6, 0, &[6], &[1], b"");
    let root =
        [b"\x80\x02c__torch__.net\nNet\n)\x81}(".to_vec(), text("weight"), view.clone(), b"ub.".to_vec()].concat();
    let constants = [b"\x80\x02".to_vec(), view, b"\x85.".to_vec()].concat();
    let members: [(&str, &[u8]); 3] = [("data/0", &NUMBERS), ("constants.pkl", &constants), ("constants/0", &NUMBERS)];
    let checkpoint = open_bytes(archive(&root, &members, CompressionMethod::Stored)).unwrap();
    assert_eq!(checkpoint.format, Format::TorchScript);
    assert_eq!(checkpoint.tensors[0].name, "weight");
    assert_eq!(checkpoint.tensors[1].name, "constants.0");
    assert!(checkpoint.hazards.is_empty());
}

#[test]
fn modules_are_named_as_their_state_dict_would_be() {
    let view = tensor("IntStorage", "0", 6, 0, &[6], &[1], b"");
    let parameters = [b"}".to_vec(), text("weight"), view, b"s".to_vec()].concat();
    let inner = [b"cnn\nLinear\n)\x81}".to_vec(), text("_parameters"), parameters, b"sb".to_vec()].concat();
    let modules = [b"}".to_vec(), text("fc"), inner, b"s".to_vec()].concat();
    let root = [b"\x80\x02cnn\nNet\n)\x81}".to_vec(), text("_modules"), modules, b"sb.".to_vec()].concat();
    let checkpoint = open_bytes(archive(&root, &[("data/0", &NUMBERS)], CompressionMethod::Stored)).unwrap();
    assert_eq!(checkpoint.tensors[0].name, "fc.weight");
    let whats: Vec<&str> = checkpoint.hazards.iter().map(|hazard| hazard.what.as_str()).collect();
    assert_eq!(whats, ["calls nn.Net", "calls nn.Linear"]);
}

fn legacy(object: &[u8], keys: &[u8], storages: &[u8]) -> Vec<u8> {
    let system = [b"\x80\x02}".to_vec(), text("little_endian"), b"\x88s.".to_vec()].concat();
    [b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.", &system[..], object, keys, storages].concat()
}

fn legacy_small(elements: u64) -> Vec<u8> {
    let view = tensor("IntStorage", "7", 6, 0, &[2, 3], &[3, 1], b"N");
    let keys = [b"\x80\x02]".to_vec(), text("7"), b"a.".to_vec()].concat();
    legacy(&dict(&[("w", view)]), &keys, &[&elements.to_le_bytes()[..], &NUMBERS].concat())
}

#[test]
fn the_legacy_layout_is_read() {
    let checkpoint = open_bytes(legacy_small(6)).unwrap();
    assert_eq!(checkpoint.format, Format::TorchLegacy);
    assert_eq!(bytes_of(&checkpoint, 0), NUMBERS);
}

#[test]
fn a_legacy_storage_past_the_end_is_refused() {
    for elements in [5, 7, u64::MAX] {
        assert!(matches!(open_bytes(legacy_small(elements)), Err(CheckpointError::Malformed { .. })));
    }
}

#[test]
fn storages_that_lie_about_their_length_are_refused() {
    for bytes in [&NUMBERS[..20], &[0; 28]] {
        let archive = archive(&small(), &[("data/0", bytes)], CompressionMethod::Stored);
        assert!(matches!(open_bytes(archive), Err(CheckpointError::Malformed { .. })));
    }
    assert!(open_bytes(archive(&small(), &[], CompressionMethod::Stored)).is_err());
}

#[test]
fn views_outside_their_storage_are_refused() {
    let outside = [
        tensor("IntStorage", "0", 6, 1, &[2, 3], &[3, 1], b""),
        tensor("IntStorage", "0", 6, 0, &[2, 3], &[4, 1], b""),
        tensor("IntStorage", "0", 6, 0x7fff_ffff, &[1], &[1], b""),
        tensor("IntStorage", "0", 6, 0, &[7], &[1], b""),
        tensor("IntStorage", "0", 6, 0, &[4, 4], &[1, 1], b""),
    ];
    for view in outside {
        let archive = archive(&dict(&[("w", view)]), &[("data/0", &NUMBERS)], CompressionMethod::Stored);
        assert!(matches!(open_bytes(archive), Err(CheckpointError::Malformed { .. })));
    }
}

#[test]
fn an_expanded_view_is_cut_to_what_is_stored() {
    let view = tensor("IntStorage", "0", 6, 0, &[0x7fff_ffff, 0x7fff_ffff, 6], &[0, 0, 1], b"");
    let checkpoint =
        open_bytes(archive(&dict(&[("w", view)]), &[("data/0", &NUMBERS)], CompressionMethod::Stored)).unwrap();
    assert_eq!(checkpoint.tensors[0].shape, [1, 1, 6]);
}

#[test]
fn big_endian_archives_are_unsupported() {
    let members: [(&str, &[u8]); 2] = [("data/0", &NUMBERS), ("byteorder", b"big")];
    let result = open_bytes(archive(&small(), &members, CompressionMethod::Stored));
    assert!(matches!(result, Err(CheckpointError::Unsupported { .. })));
}

#[test]
fn a_call_beside_tensors_is_a_hazard_and_alone_an_error() {
    let call = b"cposix\nsystem\n\x8c\x02id\x85R".to_vec();
    let both = dict(&[("x", call.clone()), ("w", tensor("IntStorage", "0", 6, 0, &[6], &[1], b""))]);
    let checkpoint = open_bytes(archive(&both, &[("data/0", &NUMBERS)], CompressionMethod::Stored)).unwrap();
    assert_eq!(checkpoint.tensors.len(), 1);
    assert_eq!(checkpoint.hazards[0].what, "calls posix.system");
    let alone = open_bytes(dict(&[("x", call.clone())]));
    assert!(matches!(alone, Err(CheckpointError::UnsafePickle(what)) if what == "calls posix.system"));
    let mut broken = dict(&[("x", call)]);
    broken.pop();
    assert!(matches!(open_bytes(broken), Err(CheckpointError::UnsafePickle(_))));
}

#[test]
fn what_follows_the_first_object_is_looked_at_as_well() {
    let call = b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00id\x85R.".to_vec();
    for first in [b"\x80\x02}.".to_vec(), legacy_small(6)] {
        let stacked = [first.clone(), b"\x80\x02N.".to_vec(), call.clone()].concat();
        let told = match open_bytes(stacked) {
            Ok(checkpoint) => checkpoint.hazards[0].what.clone(),
            Err(CheckpointError::UnsafePickle(what)) => what,
            Err(error) => panic!("{error}"),
        };
        assert_eq!(told, "calls os.system");
        assert!(open_bytes([first.clone(), b"\n\0".to_vec()].concat()).is_ok());
        let error = open_bytes([first, b"tail".to_vec()].concat()).unwrap_err().to_string();
        assert!(error.contains("no pickle"), "{error}");
    }
    assert!(open_bytes(b"N.".repeat(2000)).is_err());
}

/// `_reconstruct(ndarray, (0,), b'b')` with its state, as NumPy writes arrays in protocol 3.
fn array(shape: &[u32], fortran: bool, bytes: &[u8]) -> Vec<u8> {
    let head = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R(K\x01".to_vec();
    let dtype =
        [b"cnumpy\ndtype\n".to_vec(), text("i4"), b"\x89\x88\x87R(K\x03".to_vec(), text("<"), b"NNNtb".to_vec()]
            .concat();
    let order = if fortran { b"\x88" } else { b"\x89" };
    let data = [&b"B"[..], &(bytes.len() as u32).to_le_bytes(), bytes, b"tb"].concat();
    [head, tuple(shape), dtype, order.to_vec(), data].concat()
}

#[test]
fn arrays_in_a_bare_pickle_are_read_in_place() {
    let pickle = dict(&[("a", array(&[2, 3], false, &NUMBERS)), ("f", array(&[2, 3], true, &NUMBERS))]);
    let checkpoint = open_bytes(pickle).unwrap();
    assert_eq!(checkpoint.tensors[0].shape, [2, 3]);
    assert_eq!(bytes_of(&checkpoint, 0), NUMBERS);
    assert_eq!(checkpoint.tensors[1].strides, Some(vec![1, 2]));
    assert!(checkpoint.hazards.is_empty());
    assert!(open_bytes(dict(&[("a", array(&[2, 4], false, &NUMBERS))])).is_err());
}

#[test]
fn containers_shared_a_billion_times_are_walked_once() {
    // [[…[x, x], [x, x]…]] with x shared at every level.
    let mut bytes = b"\x80\x02]q\x00".to_vec();
    for level in 0..30_u8 {
        bytes.extend([b'0', b']', b'(', b'h', level, b'h', level, b'e', b'q', level + 1]);
    }
    bytes.push(b'.');
    assert_eq!(open_bytes(bytes).unwrap().tensors.len(), 0);
}

proptest! {
    #[test]
    fn any_flip_gives_a_checkpoint_or_an_error(at in any::<prop::sample::Index>(), mask in 1_u8.., which in 0..3) {
        let mut bytes = match which {
            0 => archive(&small(), &[("data/0", &NUMBERS)], CompressionMethod::Stored),
            1 => legacy_small(6),
            _ => dict(&[("a", array(&[2, 3], false, &NUMBERS))]),
        };
        let at = at.index(bytes.len());
        bytes[at] ^= mask;
        let size = bytes.len() as u64;
        for tensor in open_bytes(bytes).map(|checkpoint| checkpoint.tensors).unwrap_or_default() {
            prop_assert!(tensor.elements() <= size);
            if let Extent::Plain { offset, len, .. } = tensor.parts[0] {
                prop_assert!(offset + len <= size);
            }
        }
    }

    #[test]
    fn any_bytes_give_a_checkpoint_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        drop(open_bytes(bytes));
    }
}
