// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Containers around mutated contents, so that a mutation is not lost to a length or a checksum in front of it.
//!
//! In: what stands inside. Out: the bytes of a file.

use std::io::Write as _;

use arbitrary::{Result, Unstructured};
use flate2::Compression;
use flate2::write::DeflateEncoder;

/// A safetensors file with this header and these bytes of tensors.
pub fn safetensors(header: &[u8], data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header, data].concat()
}

/// A `.npy` file, version 1.0, with this header.
pub fn npy(header: &[u8], data: &[u8]) -> Vec<u8> {
    let length = (header.len().min(usize::from(u16::MAX)) as u16).to_le_bytes();
    [&b"\x93NUMPY\x01\x00"[..], &length, header, data].concat()
}

/// A zip archive with these members; those of which `deflate` says so are compressed. Readers here do not look at
/// checksums, so there are none.
pub fn zip(members: &[(&str, &[u8])], deflate: bool) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in members {
        let stored = if deflate { deflated(content) } else { content.to_vec() };
        let method: u16 = if deflate { 8 } else { 0 };
        let offset = bytes.len() as u32;
        let mut common = Vec::new();
        for short in [20, 0, method, 0, 0] {
            common.extend(short.to_le_bytes());
        }
        for long in [0, stored.len() as u32, content.len() as u32] {
            common.extend(long.to_le_bytes());
        }
        common.extend((name.len() as u16).to_le_bytes());
        common.extend(0_u16.to_le_bytes());
        bytes.extend([b"PK\x03\x04", &common[..], name.as_bytes(), &stored].concat());
        directory
            .extend([b"PK\x01\x02\x14\x00", &common[..], &[0; 10], &offset.to_le_bytes(), name.as_bytes()].concat());
    }
    let (offset, count) = (bytes.len() as u32, members.len() as u16);
    bytes.extend(&directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([count.to_le_bytes(), count.to_le_bytes()].concat());
    bytes.extend([(directory.len() as u32).to_le_bytes(), offset.to_le_bytes()].concat());
    bytes.extend([0, 0]);
    bytes
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.unwrap_or_default()
}

/// A GGUF file with keys, values and tensors that were chosen, and counts that mostly agree with them.
pub fn gguf(choices: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let (mut keys, mut tensors) = (Vec::new(), Vec::new());
    let key_count = choices.int_in_range(0..=8)?;
    for _ in 0..key_count {
        string(&mut keys, key(choices)?);
        let kind = choices.int_in_range(0..=13)?;
        keys.extend(u32::to_le_bytes(kind));
        value(choices, kind, 0, &mut keys)?;
    }
    let tensor_count = choices.int_in_range(0..=4)?;
    let mut offset = 0_u64;
    for _ in 0..tensor_count {
        string(
            &mut tensors,
            choices.choose(&["token_embd.weight", "blk.0.attn_q.weight", "blk.0.ffn_up.weight", "x"])?,
        );
        let axes = choices.int_in_range(0..=4)?;
        tensors.extend(u32::to_le_bytes(axes));
        let mut elements = 1_u64;
        for _ in 0..axes {
            let extent = *choices.choose(&[1, 2, 32, 256, 0, 1 << 61, u64::MAX])?;
            tensors.extend(u64::to_le_bytes(extent));
            elements = elements.saturating_mul(extent);
        }
        tensors.extend(u32::to_le_bytes(choices.int_in_range(0..=40)?));
        let odd = choices.ratio(1_u8, 16_u8)?;
        tensors.extend(u64::to_le_bytes(if odd { choices.arbitrary()? } else { offset }));
        offset = offset.saturating_add(elements.min(1 << 12).next_multiple_of(32));
    }
    let lies = choices.ratio(1_u8, 16_u8)?;
    let counts = if lies { choices.arbitrary()? } else { [tensor_count, key_count] };
    let mut bytes = [&b"GGUF"[..], &choices.int_in_range(1..=4_u32)?.to_le_bytes()].concat();
    bytes.extend(counts.iter().flat_map(|count: &u64| count.to_le_bytes()));
    bytes.extend([keys, tensors].concat());
    bytes.resize(bytes.len().next_multiple_of(32), 0);
    let rest = choices.len();
    bytes.extend(choices.bytes(rest)?);
    Ok(bytes)
}

fn key<'a>(choices: &mut Unstructured<'a>) -> Result<&'a str> {
    const KEYS: &[&str] = &[
        "general.architecture",
        "general.alignment",
        "general.license",
        "llama.block_count",
        "llama.embedding_length",
        "llama.attention.head_count",
        "llama.attention.head_count_kv",
        "tokenizer.ggml.model",
        "tokenizer.ggml.tokens",
        "tokenizer.ggml.merges",
        "tokenizer.ggml.token_type",
        "split.count",
        "split.no",
    ];
    if choices.ratio(1_u8, 8_u8)? { choices.arbitrary() } else { choices.choose(KEYS).copied() }
}

/// A value of a kind (§ "gguf_metadata_value_type" of docs/gguf.md).
fn value(choices: &mut Unstructured<'_>, kind: u32, depth: u32, out: &mut Vec<u8>) -> Result<()> {
    match kind {
        0 | 1 | 7 => out.push(choices.arbitrary()?),
        2 | 3 => out.extend(choices.arbitrary::<[u8; 2]>()?),
        4..=6 => out.extend(u32::to_le_bytes(choices.int_in_range(0..=64)?)),
        8 => string(out, choices.arbitrary()?),
        9 if depth < 4 => {
            let inner = choices.int_in_range(0..=13)?;
            let count = choices.int_in_range(0..=6_u64)?;
            let lies = choices.ratio(1_u8, 16_u8)?;
            out.extend(u32::to_le_bytes(inner));
            out.extend(if lies { choices.arbitrary()? } else { count }.to_le_bytes());
            for _ in 0..count {
                value(choices, inner, depth + 1, out)?;
            }
        }
        _ => out.extend(choices.arbitrary::<[u8; 8]>()?),
    }
    Ok(())
}

fn string(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

/// A pickle: opcodes with arguments that fit them, between a protocol and a stop (`pickletools.opcodes`).
pub fn pickle(choices: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    const GLOBALS: &[&str] = &[
        "torch._utils\n_rebuild_tensor_v2",
        "torch._utils\n_rebuild_parameter",
        "torch\nFloatStorage",
        "torch\nSize",
        "collections\nOrderedDict",
        "os\nsystem",
        "builtins\neval",
        "numpy\ndtype",
        "numpy.core.multiarray\n_reconstruct",
        "_codecs\nencode",
    ];
    const PLAIN: &[u8] = b"(012NR}]t)l)eusaboQ\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x92\x93\x94d\x97\x98";
    let mut bytes = vec![0x80, choices.int_in_range(0..=5)?];
    while !choices.is_empty() {
        match choices.int_in_range(0..=15_u8)? {
            0 | 1 => bytes.extend([b"c", choices.choose(GLOBALS)?.as_bytes(), b"\n"].concat()),
            2 => bytes.extend([b'K', choices.arbitrary()?]),
            3 => {
                let text: &[u8] =
                    choices.choose(&[&b"storage"[..], b"0", b"cpu", b"weight", b"os", b"system", b"f4"])?;
                bytes.extend([&[0x8c, text.len() as u8], text].concat());
            }
            4 => bytes.extend([&b"J"[..], &choices.arbitrary::<[u8; 4]>()?].concat()),
            5 => bytes.extend([&b"X"[..], &choices.arbitrary::<[u8; 4]>()?].concat()),
            6 => bytes.extend([*choices.choose(b"qh")?, choices.int_in_range(0..=9)?]),
            7 => bytes.extend([&[0x95][..], &choices.arbitrary::<[u8; 8]>()?].concat()),
            8 => bytes.push(choices.arbitrary()?),
            9 => bytes.extend(b"X\x07\0\0\0storage"),
            _ => bytes.push(*choices.choose(PLAIN)?),
        }
    }
    bytes.push(b'.');
    Ok(bytes)
}
