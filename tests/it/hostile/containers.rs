// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Headers that lie: lengths, counts, offsets, names.

use std::fmt::Write as _;

use super::scan::scan;

/// A safetensors file with this header and so many bytes of tensors.
pub(super) fn safetensors(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data].concat()
}

/// One tensor of F32 in so many bytes from an offset.
fn tensor(name: &str, shape: &str, start: u64, end: u64) -> String {
    format!(r#""{name}":{{"dtype":"F32","shape":{shape},"data_offsets":[{start},{end}]}}"#)
}

/// A GGUF header with these counts, and what follows it.
fn gguf(tensors: u64, keys: u64, rest: &[u8]) -> Vec<u8> {
    [&b"GGUF\x03\0\0\0"[..], &tensors.to_le_bytes(), &keys.to_le_bytes(), rest].concat()
}

fn gguf_text(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat()
}

#[test]
fn safetensors_headers_that_lie_are_refused() {
    let whole = tensor("w", "[2]", 0, 8);
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("2^63", [&(1_u64 << 63).to_le_bytes()[..], b"{}"].concat(), "safetensors"),
        ("max", [&u64::MAX.to_le_bytes()[..], b"{}"].concat(), "safetensors"),
        ("short", [&100_u64.to_le_bytes()[..], b"{}"].concat(), "safetensors"),
        ("overlap", safetensors(&format!("{{{},{}}}", whole, tensor("v", "[2]", 4, 12)), &[0; 12]), "v"),
        ("alias", safetensors(&format!("{{{},{}}}", whole, tensor("v", "[2]", 0, 8)), &[0; 8]), "v"),
        ("hole", safetensors(&format!("{{{}}}", tensor("w", "[2]", 4, 12)), &[0; 12]), "w"),
        ("backwards", safetensors(&format!("{{{}}}", tensor("w", "[2]", 8, 0)), &[0; 8]), "w"),
        ("past", safetensors(&format!("{{{}}}", tensor("w", "[4]", 0, 16)), &[0; 8]), ""),
        ("trailing", safetensors(&format!("{{{whole}}}"), &[0; 16]), ""),
        ("elements", safetensors(&format!("{{{}}}", tensor("w", "[4294967296,4294967296]", 0, 8)), &[0; 8]), "w"),
        ("negative", safetensors(&format!("{{{}}}", tensor("w", "[-2]", 0, 8)), &[0; 8]), ""),
        ("twice", safetensors(&format!("{{{whole},{whole}}}"), &[0; 8]), "w"),
        ("utf8", [&8_u64.to_le_bytes()[..], b"{\"\xff\xfe\":1", &[0; 8]].concat(), ""),
    ];
    let files: Vec<(String, Vec<u8>)> =
        cases.iter().map(|(name, bytes, _)| (format!("{name}/model.safetensors"), bytes.clone())).collect();
    let scanned = scan(&files.iter().map(|(path, bytes)| (path.as_str(), bytes)).collect::<Vec<_>>());
    for ((_, _, words), (path, _)) in cases.iter().zip(&files) {
        scanned.refuses(path, words);
    }
}

/// A header of so many tensors of one byte each, and the bytes.
fn many(count: usize) -> Vec<u8> {
    let mut header = String::from("{");
    for at in 0..count {
        let comma = if at == 0 { "" } else { "," };
        write!(header, r#"{comma}"{at}":{{"dtype":"U8","shape":[1],"data_offsets":[{at},{}]}}"#, at + 1).unwrap();
    }
    header.push('}');
    safetensors(&header, &vec![1; count])
}

#[test]
fn a_million_tensors_are_refused() {
    scan(&[("model.safetensors", many(1_000_000))]).refuses("model.safetensors", "more than any model has");
}

#[test]
fn fifty_thousand_tensors_are_read_within_bounds() {
    scan(&[("model.safetensors", many(50_000))]).reads("model.safetensors");
}

#[test]
fn gguf_counts_that_no_file_holds_are_refused() {
    let key = gguf_text("general.architecture");
    let endless = [&key[..], &9_u32.to_le_bytes(), &8_u32.to_le_bytes(), &(1_u64 << 61).to_le_bytes()].concat();
    let nested: Vec<u8> =
        (0..100_000).flat_map(|_| [9_u32.to_le_bytes().to_vec(), 1_u64.to_le_bytes().to_vec()].concat()).collect();
    let tensor = |axes: &[u64], offset: u64| {
        let axes: Vec<u8> = (axes.len() as u32)
            .to_le_bytes()
            .into_iter()
            .chain(axes.iter().flat_map(|axis| axis.to_le_bytes()))
            .collect();
        [gguf_text("w"), axes, 0_u32.to_le_bytes().to_vec(), offset.to_le_bytes().to_vec(), vec![0; 64]].concat()
    };
    let cases = [
        ("tensors.gguf", gguf(1 << 61, 0, &[])),
        ("keys.gguf", gguf(0, 1 << 61, &[])),
        ("array.gguf", gguf(0, 1, &endless)),
        ("text.gguf", gguf(0, 1, &(1_u64 << 61).to_le_bytes())),
        ("nested.gguf", gguf(0, 1, &[&key[..], &9_u32.to_le_bytes(), &nested].concat())),
        ("shape.gguf", gguf(1, 0, &tensor(&[1 << 32, 1 << 32], 0))),
        ("offset.gguf", gguf(1, 0, &tensor(&[4], u64::MAX - 7))),
        ("axes.gguf", gguf(1, 0, &tensor(&[1; 64], 0))),
    ];
    let scanned = scan(&cases);
    for (path, _) in &cases {
        scanned.refuses(path, "gguf");
    }
}

#[test]
fn numpy_headers_that_lie_are_refused() {
    let npy = |header: &str, data: &[u8]| {
        [&b"\x93NUMPY\x01\0"[..], &(header.len() as u16).to_le_bytes(), header.as_bytes(), data].concat()
    };
    let array = |shape: &str| format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n");
    let cases = [
        ("past.npy", npy(&array("(4,)"), &[0; 8])),
        ("huge.npy", npy(&array("(18446744073709551615, 2)"), &[0; 8])),
        ("zeros.npy", npy(&array("(9223372036854775807, 0)"), &[0; 8])),
        (
            "code.npy",
            npy("{'descr': __import__('os').system('id'), 'fortran_order': False, 'shape': (1,), }\n", &[0; 4]),
        ),
        ("objects.npy", npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n", b"\x80\x02cos\nsystem\n.")),
        ("length.npy", b"\x93NUMPY\x02\0\xff\xff\xff\xff{}".to_vec()),
    ];
    let scanned = scan(&cases);
    for (path, _) in cases {
        scanned.refuses(path, "");
    }
}
