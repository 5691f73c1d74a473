// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What a container says of itself in words: the text metadata of safetensors and GGUF, without the tensors.
//!
//! In: bytes. Out: keys and values, as many as stand in the part that is read. A damaged header gives what came before
//! the damage: that the file is damaged is told where its tensors are read.

use std::collections::BTreeMap;
use std::io;

use serde_json::Value;

use super::gguf;
use crate::changes::Content;

/// Most bytes read from the beginning of a file.
const HEAD: usize = 4 << 20;

/// The text metadata of a safetensors or GGUF file; empty for any other.
pub fn labels(content: &Content) -> io::Result<BTreeMap<String, String>> {
    let start = content.head(9)?;
    Ok(match start.as_slice() {
        [b'G', b'G', b'U', b'F', ..] => gguf::labels(&content.head(HEAD)?),
        [length @ .., b'{'] if length.len() == 8 => {
            let length = length.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
            let whole = usize::try_from(length).ok().filter(|length| *length <= HEAD).map(|length| length + 8);
            whole.map(|whole| content.head(whole)).transpose()?.map(|bytes| safetensors(&bytes)).unwrap_or_default()
        }
        _ => BTreeMap::new(),
    })
}

fn safetensors(bytes: &[u8]) -> BTreeMap<String, String> {
    let header: Option<Value> = bytes.get(8..).and_then(|json| serde_json::from_slice(json).ok());
    let metadata = header.as_ref().and_then(|header| header.get("__metadata__")).and_then(Value::as_object);
    let text = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
    metadata.into_iter().flatten().filter_map(text).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn read(bytes: Vec<u8>) -> BTreeMap<String, String> {
        labels(&Content::memory(bytes)).unwrap()
    }

    #[test]
    fn metadata_of_safetensors_are_read_without_its_tensors() {
        let json =
            br#"{"__metadata__":{"base_model":"a/b","n":3},"w":{"dtype":"F32","shape":[9],"data_offsets":[0,36]}}"#;
        let bytes = [(json.len() as u64).to_le_bytes().as_slice(), json].concat();
        assert_eq!(read(bytes), BTreeMap::from([("base_model".to_owned(), "a/b".to_owned())]));
    }

    #[test]
    fn keys_of_gguf_are_read_as_far_as_they_go() {
        let mut bytes = b"GGUF\x03\0\0\0".to_vec();
        bytes.extend([0_u64.to_le_bytes(), 9_u64.to_le_bytes()].concat());
        for text in ["general.name", "Orca"] {
            bytes.extend((text.len() as u64).to_le_bytes());
            bytes.extend(text.as_bytes());
            if text == "general.name" {
                bytes.extend(8_u32.to_le_bytes());
            }
        }
        assert_eq!(read(bytes), BTreeMap::from([("general.name".to_owned(), "Orca".to_owned())]));
    }

    #[test]
    fn hostile_beginnings_say_nothing() {
        for bytes in
            [vec![], b"GGUF".to_vec(), vec![0xff; 64], [&[0xff; 8][..], b"{"].concat(), b"GGUF\x03\0\0\0\xff".to_vec()]
        {
            assert_eq!(read(bytes), BTreeMap::new());
        }
    }
}
