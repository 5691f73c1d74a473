// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Any bytes under any name of a checkpoint: what they are is told from content, and labels are read from them.

#![no_main]

use forebear::changes::Content;
use forebear::checkpoints::labels;
use forebear_fuzz::{file, look};
use libfuzzer_sys::fuzz_target;

const NAMES: &[&str] = &[
    "model.safetensors",
    "model.gguf",
    "pytorch_model.bin",
    "model.pt",
    "model.ckpt",
    "model.onnx",
    "model.h5",
    "model.tflite",
    "model.msgpack",
    "w.npz",
    "w.npy",
    "m.tar",
    "m.nemo",
    "weights.dat",
    "m.llamafile",
    "README",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let name = NAMES[usize::from(*first) % NAMES.len()];
    look(&[file(name, rest)]);
    labels(&Content::memory(rest)).expect("memory can be read");
});
