// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A transformer of one layer, and edits of what was made of it.
//!
//! In: values. Out: the bytes of a safetensors file; or bytes with some of them changed.

use crate::build;

/// Rows and columns; one column is a vector.
const SHAPES: &[(&str, usize, usize)] = &[
    ("model.layers.0.input_layernorm.weight", 8, 1),
    ("model.layers.0.mlp.down_proj.weight", 8, 16),
    ("model.layers.0.mlp.gate_proj.weight", 16, 8),
    ("model.layers.0.mlp.up_proj.weight", 16, 8),
    ("model.layers.0.self_attn.k_proj.weight", 8, 8),
    ("model.layers.0.self_attn.o_proj.weight", 8, 8),
    ("model.layers.0.self_attn.q_proj.weight", 8, 8),
    ("model.layers.0.self_attn.v_proj.weight", 8, 8),
];

/// A model of these values, repeated until it is full, in one of four types.
pub fn model(kind: u8, values: &[u8]) -> Vec<u8> {
    let (dtype, size) = [("F32", 4), ("F16", 2), ("BF16", 2), ("F64", 8)][usize::from(kind % 4)];
    let (mut header, mut end) = (Vec::new(), 0);
    for (name, rows, columns) in SHAPES {
        let start = end;
        end += rows * columns * size;
        let shape = if *columns == 1 { format!("[{rows}]") } else { format!("[{rows},{columns}]") };
        header.push(format!(r#""{name}":{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{start},{end}]}}"#));
    }
    let repeated: Vec<u8> = values.iter().chain([&0]).copied().cycle().take(end).collect();
    build::safetensors(format!("{{{}}}", header.join(",")).as_bytes(), &repeated)
}

/// Whole bytes with some changed: three of `edits` are a place and what stands there.
pub fn edited(mut whole: Vec<u8>, edits: &[u8]) -> Vec<u8> {
    for edit in edits.as_chunks::<3>().0 {
        let at = usize::from(u16::from_le_bytes([edit[0], edit[1]])) % whole.len().max(1);
        if let Some(byte) = whole.get_mut(at) {
            *byte = edit[2];
        }
    }
    whole
}
