// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! GGUF files → one checkpoint.

use std::collections::HashSet;

use serde_json::Value;

use super::header::{self, Header, Info};
use super::{config, fields::Entry};
use crate::checkpoints::{Checkpoint, CheckpointError, CheckpointFile, Dtype, Encoding, Extent, Format, Tensor};

/// Opens a GGUF file, or the parts of a split one in order.
///
/// Metadata come from the first part. Tensors of big-endian files are listed and, unless they are single bytes,
/// not decoded.
pub(crate) fn open(files: &[CheckpointFile]) -> Result<Checkpoint, CheckpointError> {
    let headers =
        files.iter().map(|file| header::read(file.content.open()?.as_ref())).collect::<Result<Vec<_>, _>>()?;
    let first = headers.first().ok_or_else(|| CheckpointError::MissingPart("GGUF file".to_owned()))?;
    check_split(files, &headers)?;
    let mut names = HashSet::new();
    let mut tensors = Vec::new();
    for (file, header) in headers.iter().enumerate() {
        for info in &header.tensors {
            if !names.insert(info.name.as_str()) {
                return Err(malformed(format!("tensor {} is in two parts", info.name)));
            }
            tensors.push(tensor(info, file, header.big_endian));
        }
    }
    Ok(Checkpoint {
        path: files.first().map(|file| file.path.clone()).unwrap_or_default(),
        format: Format::Gguf,
        files: files.to_vec(),
        tensors,
        metadata: first.entries.iter().map(|(key, entry)| (key.clone(), entry.text())).collect(),
        config: Some(config::config(&first.entries)),
        hazards: Vec::new(),
    })
}

fn tensor(info: &Info, file: usize, big_endian: bool) -> Tensor {
    let encoding = match plain(info.kind.id) {
        Some(dtype) if dtype.size() == 1 => Encoding::Plain(dtype),
        _ if big_endian => Encoding::Unread("its file is big-endian; convert it to little-endian".to_owned()),
        Some(dtype) => Encoding::Plain(dtype),
        None => Encoding::Ggml(info.kind.id),
    };
    Tensor {
        name: info.name.clone(),
        shape: info.shape.clone(),
        encoding,
        parts: vec![Extent::Plain { file, offset: info.offset, len: info.len }],
        strides: None,
    }
}

/// ggml types that are numbers one after another.
fn plain(id: u32) -> Option<Dtype> {
    Some(match id {
        0 => Dtype::F32,
        1 => Dtype::F16,
        24 => Dtype::I8,
        25 => Dtype::I16,
        26 => Dtype::I32,
        27 => Dtype::I64,
        28 => Dtype::F64,
        30 => Dtype::Bf16,
        _ => return None,
    })
}

/// Compares the parts at hand with what each says about the split (`split.no`, `split.count`, `split.tensors.count`).
fn check_split(files: &[CheckpointFile], headers: &[Header]) -> Result<(), CheckpointError> {
    let tensors: usize = headers.iter().map(|header| header.tensors.len()).sum();
    for (i, (file, header)) in files.iter().zip(headers).enumerate() {
        let number = |key: &str| header.entries.get(key).and_then(Entry::value).and_then(Value::as_u64);
        let count = number("split.count").filter(|&count| count > 0).unwrap_or(1);
        if count > files.len() as u64 {
            return Err(CheckpointError::MissingPart(missing_part(files, headers, file, count)));
        }
        if count != files.len() as u64 {
            return Err(malformed(format!("{} is one of {count} parts, not of {}", file.path, files.len())));
        }
        if let Some(place) = number("split.no").filter(|&place| place != i as u64) {
            return Err(malformed(format!("{} is part {place} and stands at {i}", file.path)));
        }
        if let Some(promised) = number("split.tensors.count").filter(|&promised| promised != tensors as u64) {
            return Err(malformed(format!("{promised} tensors are promised and {tensors} are there")));
        }
    }
    Ok(())
}

/// Name of the first part that is not there: from the pattern `…-00001-of-00003.gguf` if the file follows it.
fn missing_part(files: &[CheckpointFile], headers: &[Header], file: &CheckpointFile, count: u64) -> String {
    let place = |header: &Header| header.entries.get("split.no").and_then(Entry::value).and_then(Value::as_u64);
    let held: HashSet<u64> = headers.iter().filter_map(place).collect();
    let missing = (0..count).find(|place| !held.contains(place)).unwrap_or(files.len() as u64) + 1;
    let suffix = format!("-of-{count:05}.gguf");
    let stem = file.path.strip_suffix(&suffix).and_then(|stem| stem.rsplit_once('-'));
    match stem {
        Some((stem, _)) => format!("{stem}-{missing:05}{suffix}"),
        None => format!("part {missing} of {count} of {}", file.path),
    }
}

fn malformed(reason: String) -> CheckpointError {
    CheckpointError::Malformed { format: "gguf", offset: 0, reason }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::changes::Content;
    use crate::checkpoints::{Reader, Scratch};

    /// Writes GGUF, in either byte order.
    #[derive(Default)]
    struct Writer {
        big_endian: bool,
        version: Option<u32>,
        keys: Vec<Vec<u8>>,
        tensors: Vec<(String, Vec<u64>, u32, u64)>,
        data: Vec<u8>,
    }

    impl Writer {
        fn n<const N: usize>(&self, little: [u8; N]) -> Vec<u8> {
            let mut bytes = little.to_vec();
            if self.big_endian {
                bytes.reverse();
            }
            bytes
        }

        fn text(&self, text: &str) -> Vec<u8> {
            [self.n((text.len() as u64).to_le_bytes()), text.into()].concat()
        }

        fn key(mut self, key: &str, kind: u32, value: Vec<u8>) -> Self {
            self.keys.push([self.text(key), self.n(kind.to_le_bytes()), value].concat());
            self
        }

        fn text_key(self, key: &str, value: &str) -> Self {
            let value = self.text(value);
            self.key(key, 8, value)
        }

        fn u32_key(self, key: &str, value: u32) -> Self {
            let value = self.n(value.to_le_bytes());
            self.key(key, 4, value)
        }

        fn tensor(mut self, name: &str, reversed: &[u64], kind: u32, data: &[u8]) -> Self {
            self.data.resize(self.data.len().next_multiple_of(32), 0);
            self.tensors.push((name.to_owned(), reversed.to_vec(), kind, self.data.len() as u64));
            self.data.extend(data);
            self
        }

        fn bytes(&self) -> Vec<u8> {
            let mut out = [b"GGUF".to_vec(), self.n(self.version.unwrap_or(3).to_le_bytes())].concat();
            out.extend(self.n((self.tensors.len() as u64).to_le_bytes()));
            out.extend(self.n((self.keys.len() as u64).to_le_bytes()));
            out.extend(self.keys.concat());
            for (name, shape, kind, offset) in &self.tensors {
                out.extend(self.text(name));
                out.extend(self.n((shape.len() as u32).to_le_bytes()));
                for extent in shape {
                    out.extend(self.n(extent.to_le_bytes()));
                }
                out.extend(self.n(kind.to_le_bytes()));
                out.extend(self.n(offset.to_le_bytes()));
            }
            out.resize(out.len().next_multiple_of(32), 0);
            [out, self.data.clone()].concat()
        }

        fn file(&self, path: &str) -> CheckpointFile {
            in_memory(path, self.bytes())
        }
    }

    fn in_memory(path: &str, bytes: Vec<u8>) -> CheckpointFile {
        let size = bytes.len() as u64;
        CheckpointFile { path: path.to_owned(), content: Content::memory(bytes), size, expected_sha256: None }
    }

    fn refusal(writer: &Writer) -> String {
        open(&[writer.file("m.gguf")]).unwrap_err().to_string()
    }

    fn f32s(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|x| x.to_le_bytes()).collect()
    }

    fn small() -> Writer {
        Writer::default()
            .text_key("general.architecture", "llama")
            .u32_key("llama.embedding_length", 64)
            .u32_key("llama.attention.head_count", 4)
            .key("llama.attention.layer_norm_rms_epsilon", 6, 1e-5f32.to_le_bytes().to_vec())
            .key("tokenizer.ggml.tokens", 9, [&8u32.to_le_bytes()[..], &99u64.to_le_bytes(), &[0; 99 * 8]].concat())
            .key("tags", 9, [&8u32.to_le_bytes()[..], &1u64.to_le_bytes(), &1u64.to_le_bytes(), b"x"].concat())
            .key("list", 9, [&4u32.to_le_bytes()[..], &2u64.to_le_bytes(), &[7, 0, 0, 0, 8, 0, 0, 0]].concat())
            .tensor("a", &[3, 2], 0, &f32s(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))
            .tensor("b", &[32], 8, &[&[0, 0x3c][..], &[2; 32]].concat())
    }

    #[test]
    fn shapes_are_turned_round_and_values_decoded() {
        for version in [2, 3] {
            let checkpoint = open(&[Writer { version: Some(version), ..small() }.file("m.gguf")]).unwrap();
            let [a, b] = checkpoint.tensors.as_slice() else { unreachable!("two tensors") };
            assert_eq!((a.shape.as_slice(), &a.encoding), (&[2, 3][..], &Encoding::Plain(Dtype::F32)));
            assert_eq!(b.encoding, Encoding::Ggml(8));
            let reader = Reader::open(&checkpoint).unwrap();
            let (mut scratch, mut out) = (Scratch::default(), Vec::new());
            reader.tensor(a, &mut scratch, &mut out).unwrap();
            assert_eq!(out, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
            reader.tensor(b, &mut scratch, &mut out).unwrap();
            assert_eq!(out, [2.0; 32]);
        }
    }

    #[test]
    fn metadata_become_text_and_a_config() {
        let checkpoint = open(&[small().file("m.gguf")]).unwrap();
        assert_eq!(checkpoint.metadata["general.architecture"], "llama");
        assert_eq!(checkpoint.metadata["tokenizer.ggml.tokens"], "[99 × string]");
        assert_eq!(checkpoint.metadata["list"], "[7,8]");
        assert_eq!(checkpoint.metadata["tags"], "[\"x\"]");
        let config = json!({
            "gguf": true, "architectures": ["llama"], "model_type": "llama", "hidden_size": 64,
            "num_attention_heads": 4, "rms_norm_eps": 0.00001, "head_dim": 16, "vocab_size": 99,
        });
        assert_eq!(checkpoint.config, Some(config));
    }

    #[test]
    fn big_endian_headers_are_read_and_their_tensors_refused() {
        let writer = Writer { big_endian: true, ..Writer::default() }
            .text_key("general.architecture", "llama")
            .tensor("a", &[1], 0, &[0; 4])
            .tensor("b", &[1], 24, &[5]);
        let checkpoint = open(&[writer.file("m.gguf")]).unwrap();
        assert_eq!(checkpoint.metadata["general.architecture"], "llama");
        assert!(matches!(checkpoint.tensors[0].encoding, Encoding::Unread(_)));
        assert_eq!(checkpoint.tensors[1].encoding, Encoding::Plain(Dtype::I8));
    }

    #[test]
    fn what_contradicts_the_format_is_refused() {
        let tensor = |kind, shape: &[u64]| Writer::default().tensor("a", shape, kind, &[0; 64]);
        let mut overlapping = tensor(0, &[16]).tensor("b", &[1], 0, &[0; 4]);
        overlapping.tensors[1].3 = 32;
        let mut misaligned = tensor(0, &[1]);
        misaligned.tensors[0].3 = 4;
        let mut outside = tensor(0, &[1]);
        outside.tensors[0].3 = 1 << 40;
        for (writer, reason) in [
            (overlapping, "overlaps"),
            (misaligned, "not aligned"),
            (outside, "past the end"),
            (tensor(0, &[1 << 20]), "past the end"),
            (tensor(0, &[1 << 40, 1 << 40]), "overflows"),
            (tensor(8, &[31]), "whole blocks"),
            (tensor(77, &[1]), "type 77 is unknown"),
            (tensor(0, &[1, 1, 1, 1, 1]), "5 dimensions"),
            (tensor(0, &[1]).tensor("a", &[1], 0, &[0; 4]), "tensor a is given twice"),
            (tensor(0, &[1]).u32_key("k", 1).u32_key("k", 1), "key k is given twice"),
            (tensor(0, &[1]).u32_key("general.alignment", 3), "power of two"),
            (tensor(0, &[1]).key("k", 13, Vec::new()), "unknown type 13"),
            (Writer { version: Some(1), ..tensor(0, &[1]) }, "version 1"),
        ] {
            let error = refusal(&writer);
            assert!(error.contains(reason), "{error} lacks {reason}");
        }
    }

    #[test]
    fn counts_larger_than_the_file_are_refused() {
        for at in [8, 16] {
            let mut bytes = small().bytes();
            bytes[at..at + 8].copy_from_slice(&u64::MAX.to_le_bytes());
            let error = open(&[in_memory("m.gguf", bytes)]).unwrap_err().to_string();
            assert!(error.contains("more than there is room for"), "{error}");
        }
        let list = [&4u32.to_le_bytes()[..], &u64::MAX.to_le_bytes()].concat();
        assert!(refusal(&Writer::default().key("k", 9, list)).contains("longer than the file"));
    }

    fn part(place: u16, name: &str) -> Writer {
        Writer::default()
            .key("split.no", 2, place.to_le_bytes().to_vec())
            .key("split.count", 2, 2u16.to_le_bytes().to_vec())
            .key("split.tensors.count", 5, 2i32.to_le_bytes().to_vec())
            .tensor(name, &[1], 0, &[0; 4])
    }

    #[test]
    fn parts_of_a_split_are_joined_in_order() {
        let (first, second) = (part(0, "a").file("m-00001-of-00002.gguf"), part(1, "b").file("m-00002-of-00002.gguf"));
        let checkpoint = open(&[first.clone(), second.clone()]).unwrap();
        assert_eq!(checkpoint.tensors.len(), 2);
        assert!(matches!(checkpoint.tensors[1].parts[0], Extent::Plain { file: 1, .. }));
        let missing = |files: &[CheckpointFile]| open(files).unwrap_err().to_string();
        assert_eq!(missing(std::slice::from_ref(&first)), "m-00002-of-00002.gguf is named and missing");
        assert_eq!(missing(std::slice::from_ref(&second)), "m-00001-of-00002.gguf is named and missing");
        assert!(missing(&[second, first.clone()]).contains("is part 1 and stands at 0"));
        let twin = part(1, "a").file("m-00002-of-00002.gguf");
        assert!(missing(&[first, twin]).contains("tensor a is in two parts"));
    }

    proptest! {
        #[test]
        fn any_flip_or_cut_of_a_file_is_an_error_or_a_value(at in 0usize..2000, bits in 1u8..=255, cut in any::<bool>()) {
            let mut bytes = small().bytes();
            let at = at % bytes.len();
            if cut { bytes.truncate(at) } else { bytes[at] ^= bits }
            if let Ok(checkpoint) = open(&[in_memory("m.gguf", bytes)]) {
                let reader = Reader::open(&checkpoint).unwrap();
                for tensor in &checkpoint.tensors {
                    let mut out = Vec::new();
                    if reader.tensor(tensor, &mut Scratch::default(), &mut out).is_ok() {
                        prop_assert_eq!(out.len() as u64, tensor.elements());
                    }
                }
            }
        }
    }
}
