// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! safetensors files → one checkpoint.

use std::collections::{BTreeMap, HashMap, HashSet};

use safetensors::Dtype as Stored;
use serde_json::Value;

use super::companions;
use super::header::{self, Entry, Header, malformed};
use crate::checkpoints::{Checkpoint, CheckpointError, CheckpointFile, Dtype, Encoding, Extent, Format, Tensor};

/// Opens a safetensors file, or the shards of a model in order.
///
/// `index` is the parsed `*.safetensors.index.json`, `config` the parsed `config.json`: both are checked against
/// what the files hold. Packed and scaled weights are folded with their scales into the tensors they stand for.
pub(crate) fn open(
    files: &[CheckpointFile],
    index: Option<&Value>,
    config: Option<&Value>,
) -> Result<Checkpoint, CheckpointError> {
    let headers =
        files.iter().map(|file| header::read(file.content.open()?.as_ref())).collect::<Result<Vec<_>, _>>()?;
    let first = files.first().ok_or_else(|| CheckpointError::MissingPart("safetensors file".to_owned()))?;
    if let Some(index) = index {
        check_index(index, files, &headers)?;
    }
    let mut seen = HashSet::new();
    let mut tensors = Vec::new();
    for (file, header) in headers.iter().enumerate() {
        for entry in &header.tensors {
            if !seen.insert(entry.name.as_str()) {
                return Err(malformed(0, format!("tensor {} is in two shards", entry.name)));
            }
            tensors.push(tensor(entry, file, header.data));
        }
    }
    let tensors = companions::fold(tensors, files, config)?;
    Ok(Checkpoint {
        path: first.path.clone(),
        format: Format::Safetensors,
        files: files.to_vec(),
        tensors,
        metadata: merge_metadata(files, &headers),
        config: config.cloned(),
        hazards: Vec::new(),
    })
}

fn tensor(entry: &Entry, file: usize, data: u64) -> Tensor {
    let encoding = match dtype(entry.dtype) {
        Some(dtype) => Encoding::Plain(dtype),
        None => Encoding::Unread(format!("its type {:?} is not decoded; convert it to BF16", entry.dtype)),
    };
    let (start, end) = entry.range;
    Tensor {
        name: entry.name.clone(),
        shape: entry.shape.clone(),
        encoding,
        parts: vec![Extent::Plain { file, offset: data + start, len: end - start }],
        strides: None,
    }
}

fn dtype(stored: Stored) -> Option<Dtype> {
    Some(match stored {
        Stored::F64 => Dtype::F64,
        Stored::F32 => Dtype::F32,
        Stored::F16 => Dtype::F16,
        Stored::BF16 => Dtype::Bf16,
        Stored::F8_E4M3 => Dtype::F8E4M3,
        Stored::F8_E5M2 => Dtype::F8E5M2,
        Stored::I64 => Dtype::I64,
        Stored::I32 => Dtype::I32,
        Stored::I16 => Dtype::I16,
        Stored::I8 => Dtype::I8,
        Stored::U64 => Dtype::U64,
        Stored::U32 => Dtype::U32,
        Stored::U16 => Dtype::U16,
        Stored::U8 => Dtype::U8,
        Stored::BOOL => Dtype::Bool,
        _ => return None,
    })
}

/// Checks that every shard in `weight_map` is there and holds the tensors it should.
fn check_index(index: &Value, files: &[CheckpointFile], headers: &[Header]) -> Result<(), CheckpointError> {
    let map = index.get("weight_map").and_then(Value::as_object);
    let map = map.ok_or_else(|| malformed(0, "the index has no weight_map"))?;
    let held: HashMap<&str, HashSet<&str>> = files
        .iter()
        .zip(headers)
        .map(|(file, header)| (file_name(&file.path), header.tensors.iter().map(|t| t.name.as_str()).collect()))
        .collect();
    for (name, shard) in map {
        let shard = shard.as_str().ok_or_else(|| malformed(0, format!("the index has no shard for {name}")))?;
        let tensors = held.get(shard).ok_or_else(|| CheckpointError::MissingPart(shard.to_owned()))?;
        if !tensors.contains(name.as_str()) {
            return Err(malformed(0, format!("tensor {name} is in the index and not in {shard}")));
        }
    }
    Ok(())
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Joins the metadata of all shards; a value that contradicts an earlier one is kept beside it.
fn merge_metadata(files: &[CheckpointFile], headers: &[Header]) -> BTreeMap<String, String> {
    let mut merged = BTreeMap::new();
    for (file, header) in files.iter().zip(headers) {
        for (key, value) in &header.metadata {
            let held = merged.entry(key.clone()).or_insert_with(|| value.clone());
            if held != value {
                merged.insert(format!("{key} ({})", file_name(&file.path)), value.clone());
            }
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::changes::Content;
    use crate::checkpoints::{Reader, Scratch};

    fn file(path: &str, header: &str, data: &[u8]) -> CheckpointFile {
        let bytes = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat();
        let size = bytes.len() as u64;
        CheckpointFile { path: path.to_owned(), content: Content::memory(bytes), size, expected_sha256: None }
    }

    fn shard(path: &str, name: &str) -> CheckpointFile {
        let header = format!(r#"{{"{name}":{{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}}}"#);
        file(path, &header, &[1, 2])
    }

    fn refusal(files: &[CheckpointFile], index: Option<&Value>) -> String {
        open(files, index, None).unwrap_err().to_string()
    }

    const GOOD: &str = r#"{"__metadata__":{"license":"mit"},
        "b":{"dtype":"F16","shape":[2],"data_offsets":[4,8]},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}"#;

    #[test]
    fn tensors_come_in_the_order_of_the_data() {
        let config = json!({"model_type": "llama"});
        let checkpoint = open(&[file("m/x.safetensors", GOOD, &[0; 8])], None, Some(&config)).unwrap();
        let names: Vec<_> = checkpoint.tensors.iter().map(|tensor| tensor.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(checkpoint.metadata["license"], "mit");
        assert_eq!(checkpoint.licenses(), [("license".to_owned(), "mit".to_owned())]);
        assert_eq!(checkpoint.path, "m/x.safetensors");
        assert_eq!(checkpoint.config, Some(config));
        let mut out = Vec::new();
        let reader = Reader::open(&checkpoint).unwrap();
        reader.tensor(&checkpoint.tensors[1], &mut Scratch::default(), &mut out).unwrap();
        assert_eq!(out, [0.0, 0.0]);
    }

    #[test]
    fn what_two_readers_would_read_differently_is_refused() {
        let a = r#""a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}"#;
        for (header, data, reason) in [
            (format!("{{{a},{a}}}"), 1, "\"a\" stands twice"),
            (r#"{"__metadata__":{"x":"1","x":"2"}}"#.to_owned(), 0, "\"x\" stands twice"),
            (format!(r#"{{"__metadata__":{{}},{a},"__metadata__":{{}}}}"#), 1, "stands twice"),
            (format!("{{{a}}}"), 2, "2 bytes of data and 1 described"),
            (format!(" {{{a}}}"), 1, "does not begin with a brace"),
            (r#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,1]}}"#.to_owned(), 1, "malformed"),
            (r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#.to_owned(), 2, "malformed"),
            (r#"{"a":{"dtype":"Q9","shape":[1],"data_offsets":[0,1]}}"#.to_owned(), 1, "\"Q9\" is unknown"),
        ] {
            let error = refusal(&[file("m", &header, &vec![0; data])], None);
            assert!(error.contains(reason), "{header}: {error}");
        }
    }

    #[test]
    fn a_header_longer_than_the_file_is_refused() {
        let mut bytes = u64::MAX.to_le_bytes().to_vec();
        bytes.extend(b"{}");
        let file =
            CheckpointFile { path: "m".into(), content: Content::memory(bytes), size: 10, expected_sha256: None };
        assert!(refusal(&[file], None).contains("a header of"));
    }

    #[test]
    fn shards_and_index_must_agree() {
        let shards = [shard("d/one.safetensors", "a"), shard("d/two.safetensors", "b")];
        let index = json!({"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}});
        assert_eq!(open(&shards, Some(&index), None).unwrap().tensors.len(), 2);
        assert_eq!(refusal(&shards[..1], Some(&index)), "two.safetensors is named and missing");
        let moved = json!({"weight_map": {"a": "two.safetensors"}});
        assert!(refusal(&shards, Some(&moved)).contains("tensor a is in the index and not in two.safetensors"));
        let outside = json!({"weight_map": {"a": "../one.safetensors"}});
        assert_eq!(refusal(&shards, Some(&outside)), "../one.safetensors is named and missing");
        assert!(refusal(&shards, Some(&json!([]))).contains("no weight_map"));
        let twice = [shard("d/one.safetensors", "a"), shard("d/two.safetensors", "a")];
        assert!(refusal(&twice, None).contains("tensor a is in two shards"));
    }

    #[test]
    fn a_type_that_is_not_decoded_says_so() {
        let header = r#"{"a":{"dtype":"F8_E8M0","shape":[1],"data_offsets":[0,1]}}"#;
        let checkpoint = open(&[file("m", header, &[0])], None, None).unwrap();
        assert!(matches!(checkpoint.tensors[0].encoding, Encoding::Unread(_)));
    }

    proptest! {
        #[test]
        fn any_flip_or_cut_of_a_file_is_an_error_or_a_value(at in 0usize..200, bits in 1u8..=255, cut in any::<bool>()) {
            let whole = file("m", GOOD, &[0; 8]).content.read(1 << 20).unwrap();
            let mut bytes = whole;
            let at = at % bytes.len();
            if cut { bytes.truncate(at) } else { bytes[at] ^= bits }
            let size = bytes.len() as u64;
            let file = CheckpointFile { path: "m".into(), content: Content::memory(bytes), size, expected_sha256: None };
            if let Ok(checkpoint) = open(&[file], None, None) {
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
