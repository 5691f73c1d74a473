// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Small ONNX models, written field by field.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use proptest::prelude::*;

use super::super::{Checkpoint, CheckpointError, CheckpointFile, Dtype, Encoding, Extent};
use super::*;
use crate::changes::Content;

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 0x7f {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

fn integer(number: u64, value: u64) -> Vec<u8> {
    [varint(number << 3), varint(value)].concat()
}

fn bytes(number: u64, value: &[u8]) -> Vec<u8> {
    [varint(number << 3 | 2), varint(value.len() as u64), value.to_vec()].concat()
}

fn tensor(name: &str, data_type: u64, dims: &[u64], data: &[u8]) -> Vec<u8> {
    let dims: Vec<u8> = dims.iter().flat_map(|dim| integer(1, *dim)).collect();
    [dims, integer(2, data_type), bytes(8, name.as_bytes()), data.to_vec()].concat()
}

fn raw(name: &str, data_type: u64, dims: &[u64], data: &[u8]) -> Vec<u8> {
    bytes(5, &tensor(name, data_type, dims, &bytes(9, data)))
}

fn node(operator: &str, inputs: &[&str], output: &str, attributes: &[u8]) -> Vec<u8> {
    let inputs: Vec<u8> = inputs.iter().flat_map(|input| bytes(1, input.as_bytes())).collect();
    let rest = [bytes(2, output.as_bytes()), bytes(4, operator.as_bytes()), attributes.to_vec()].concat();
    bytes(1, &[inputs, rest].concat())
}

fn model(graph: &[Vec<u8>]) -> Vec<u8> {
    let property = [bytes(1, b"character"), bytes(2, b"abc")].concat();
    [integer(1, 8), bytes(2, b"pytorch"), bytes(7, &graph.concat()), bytes(14, &property)].concat()
}

fn file(path: &str, data: Vec<u8>) -> CheckpointFile {
    let size = data.len() as u64;
    CheckpointFile { path: path.to_owned(), content: Content::memory(data), size, expected_sha256: None }
}

fn open_graph(graph: &[Vec<u8>]) -> Result<Checkpoint, CheckpointError> {
    open(vec![file("m/model.onnx", model(graph))])
}

fn values(checkpoint: &Checkpoint, tensor: usize, part: usize) -> Vec<u8> {
    match &checkpoint.tensors[tensor].parts[part] {
        Extent::Plain { file, offset, len } => {
            let mut data = vec![0; *len as usize];
            checkpoint.files[*file].content.open().unwrap().read_exact_at(*offset, &mut data).unwrap();
            data
        }
        Extent::Inline(data) => data.to_vec(),
        Extent::Deflated { .. } => panic!("deflated"),
    }
}

#[test]
fn raw_float_and_varint_data_are_found() {
    let checkpoint = open_graph(&[
        raw("a", 1, &[2], &[1, 2, 3, 4, 5, 6, 7, 8]),
        bytes(5, &tensor("b", 1, &[2], &bytes(4, &[9; 8]))),
        bytes(5, &tensor("c", 3, &[3], &bytes(5, &[varint(1), varint(u64::MAX), varint(2)].concat()))),
        bytes(5, &tensor("d", 7, &[1], &integer(7, 300))),
        raw("scalar", 1, &[], &[0; 4]),
    ])
    .unwrap();
    let names: Vec<&str> = checkpoint.tensors.iter().map(|tensor| tensor.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "d"]);
    assert_eq!(values(&checkpoint, 0, 0), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(values(&checkpoint, 1, 0), [9; 8]);
    assert_eq!(values(&checkpoint, 2, 0), [1, 255, 2]);
    assert_eq!(values(&checkpoint, 3, 0), [44, 1, 0, 0, 0, 0, 0, 0]);
    assert_eq!(checkpoint.metadata["character"], "abc");
    assert_eq!(checkpoint.metadata["producer_name"], "pytorch");
}

#[test]
fn constants_and_subgraphs_are_searched() {
    let constant = [bytes(1, b"value"), bytes(5, &tensor("", 1, &[1], &bytes(9, &[7; 4])))].concat();
    let inner = [node("Constant", &[], "inner.weight", &bytes(5, &constant)), raw("w", 1, &[1], &[8; 4])].concat();
    let branch = [bytes(1, b"then_branch"), bytes(6, &inner)].concat();
    let checkpoint = open_graph(&[raw("w", 1, &[1], &[6; 4]), node("If", &["x"], "y", &bytes(5, &branch))]).unwrap();
    let found: Vec<(String, u8)> = checkpoint
        .tensors
        .iter()
        .enumerate()
        .map(|(index, tensor)| (tensor.name.clone(), values(&checkpoint, index, 0)[0]))
        .collect();
    let expected = [("w", 6), ("inner.weight", 7), ("w#2", 8)].map(|(name, value)| (name.to_owned(), value));
    assert_eq!(found, expected);
}

#[test]
fn weights_that_are_cast_and_multiplied_are_scaled() {
    let checkpoint = open_graph(&[
        raw("w_q", 3, &[2, 3], &[1, 2, 3, 4, 5, 6]),
        raw("w_scale", 1, &[1, 3], &[1; 12]),
        node("Cast", &["w_q"], "w_f", b""),
        node("Mul", &["w_f", "w_scale"], "w_out", b""),
    ])
    .unwrap();
    assert_eq!(checkpoint.tensors.len(), 1);
    assert_eq!(checkpoint.tensors[0].name, "w");
    let scaled = Encoding::Scaled { values: Dtype::I8, scale: Dtype::F32, zero: None, axis: Some(1) };
    assert_eq!(checkpoint.tensors[0].encoding, scaled);
    assert_eq!(values(&checkpoint, 0, 1), [1; 12]);
}

#[test]
fn integer_products_find_their_scale_by_name_or_by_use() {
    let by_name = open_graph(&[
        raw("w_quantized", 3, &[2, 3], &[1; 6]),
        raw("w_scale", 1, &[], &[0; 4]),
        raw("w_zero_point", 3, &[], &[0]),
        node("MatMulInteger", &["x", "w_quantized", "x_zero_point", "w_zero_point"], "y", b""),
    ])
    .unwrap();
    let scaled = Encoding::Scaled { values: Dtype::I8, scale: Dtype::F32, zero: Some(Dtype::I8), axis: None };
    assert_eq!(by_name.tensors[0].encoding, scaled);
    let by_use = open_graph(&[
        raw("w", 2, &[2, 3], &[1; 6]),
        raw("s", 1, &[3], &[0; 12]),
        node("MatMulInteger", &["x", "w"], "y", b""),
        node("Cast", &["y"], "y_f", b""),
        node("Mul", &["x_scale", "s"], "scale", b""),
        node("Mul", &["y_f", "scale"], "out", b""),
    ])
    .unwrap();
    let scaled = Encoding::Scaled { values: Dtype::U8, scale: Dtype::F32, zero: None, axis: Some(1) };
    assert_eq!(by_use.tensors[0].encoding, scaled);
    assert_eq!(by_use.tensors.len(), 1);
}

#[test]
fn dequantized_weights_keep_their_axis() {
    let axis = [bytes(1, b"axis"), integer(3, 0)].concat();
    let checkpoint = open_graph(&[
        raw("w", 3, &[2, 3], &[1; 6]),
        raw("s", 10, &[2], &[0; 4]),
        raw("z", 3, &[2], &[0; 2]),
        node("DequantizeLinear", &["w", "s", "z"], "y", &bytes(5, &axis)),
        raw("rows", 2, &[5, 2], &[1; 10]),
        raw("t", 1, &[], &[0; 4]),
        node("Gather", &["rows", "ids"], "picked", b""),
        node("DequantizeLinear", &["picked", "t"], "embedded", b""),
    ])
    .unwrap();
    let first = Encoding::Scaled { values: Dtype::I8, scale: Dtype::F16, zero: Some(Dtype::I8), axis: Some(0) };
    let second = Encoding::Scaled { values: Dtype::U8, scale: Dtype::F32, zero: None, axis: None };
    assert_eq!(checkpoint.tensors[0].encoding, first);
    assert_eq!(checkpoint.tensors[1].encoding, second);
}

fn external(location: &str, offset: &str) -> Vec<u8> {
    let entry = |key: &str, value: &str| bytes(13, &[bytes(1, key.as_bytes()), bytes(2, value.as_bytes())].concat());
    let data = [entry("location", location), entry("offset", offset), entry("length", "8"), integer(14, 1)].concat();
    bytes(5, &tensor("w", 1, &[2], &data))
}

#[test]
fn external_data_is_read_from_its_file() {
    let data: Vec<u8> = (0..16).collect();
    let files = vec![file("m/model.onnx", model(&[external("./model.data", "4")])), file("m/model.data", data)];
    let checkpoint = open(files).unwrap();
    assert_eq!(values(&checkpoint, 0, 0), [4, 5, 6, 7, 8, 9, 10, 11]);
}

#[test]
fn external_data_never_leaves_its_folder_or_its_file() {
    for location in ["../secret", "/etc/passwd", "a/../../b", "c:\\x", "", "model.onnx"] {
        let files = vec![file("m/model.onnx", model(&[external(location, "0")])), file("secret", vec![0; 64])];
        assert!(open(files).is_err(), "{location}");
    }
    for offset in ["9", "18446744073709551615", "x"] {
        let files = vec![file("m/model.onnx", model(&[external("d", offset)])), file("m/d", vec![0; 16])];
        assert!(matches!(open(files), Err(CheckpointError::Malformed { .. })), "{offset}");
    }
    let missing = open(vec![file("m/model.onnx", model(&[external("d", "0")]))]);
    assert!(matches!(missing, Err(CheckpointError::MissingPart(path)) if path == "m/d"));
}

#[test]
fn shapes_that_contradict_their_data_are_refused() {
    for dims in [&[3][..], &[1 << 40, 1 << 40], &[u64::MAX]] {
        assert!(matches!(open_graph(&[raw("a", 1, dims, &[0; 8])]), Err(CheckpointError::Malformed { .. })));
    }
}

#[test]
fn models_of_packed_blocks_are_unsupported() {
    let graph =
        [raw("w", 2, &[64], &[0; 64]), raw("s", 1, &[2], &[0; 8]), node("MatMulNBits", &["x", "w", "s"], "y", b"")];
    assert!(matches!(open_graph(&graph), Err(CheckpointError::Unsupported { .. })));
    assert!(matches!(open_graph(&[raw("w", 22, &[64], &[0; 32])]), Err(CheckpointError::Unsupported { .. })));
}

#[test]
fn only_models_pass_for_models() {
    let check = |data: Vec<u8>| is_model(&*Content::memory(data).open().unwrap());
    assert!(check(model(&[raw("a", 1, &[1], &[0; 4])])));
    assert!(!check(b"Hello, this is a text file that has nothing to do with it\n".to_vec()));
    assert!(!check(integer(1, 8)));
    assert!(!check([integer(1, 8), bytes(7, b"not a graph")].concat()));
    assert!(!check([model(&[raw("a", 1, &[1], &[0; 4])]), vec![0xff]].concat()));
}

proptest! {
    #[test]
    fn any_flip_gives_a_checkpoint_or_an_error(at in any::<prop::sample::Index>(), mask in 1_u8..) {
        let mut data = model(&[
            raw("w_q", 3, &[2, 3], &[1, 2, 3, 4, 5, 6]),
            raw("w_scale", 1, &[1, 3], &[1; 12]),
            bytes(5, &tensor("c", 3, &[3], &bytes(5, &[1, 2, 3]))),
            node("Cast", &["w_q"], "w_f", b""),
            node("Mul", &["w_f", "w_scale"], "w_out", b""),
        ]);
        let at = at.index(data.len());
        data[at] ^= mask;
        let size = data.len() as u64;
        if let Ok(checkpoint) = open(vec![file("m.onnx", data)]) {
            for extent in checkpoint.tensors.iter().flat_map(|tensor| &tensor.parts) {
                let end = if let Extent::Plain { offset, len, .. } = extent { offset + len } else { 0 };
                prop_assert!(end <= size);
            }
        }
    }

    #[test]
    fn any_bytes_give_a_checkpoint_or_an_error(data in proptest::collection::vec(any::<u8>(), 0..300)) {
        drop(open(vec![file("m.onnx", data)]));
    }
}
