// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! An adapter: its config up to the first zero, then its header. It is merged into a base of two matrices.

#![no_main]

use forebear::checkpoints::{adapter, merged_adapter};
use forebear_fuzz::{build, check, cut, file, look};
use libfuzzer_sys::fuzz_target;

const BASE: &[u8] = br#"{"model.layers.0.self_attn.q_proj.weight":{"dtype":"F32","shape":[4,8],"data_offsets":[0,128]},"model.layers.0.self_attn.v_proj.weight":{"dtype":"F32","shape":[4,8],"data_offsets":[128,256]}}"#;

fuzz_target!(|bytes: &[u8]| {
    let (config, header) = cut(bytes);
    let files = [
        file("adapter_config.json", config),
        file("adapter_model.safetensors", build::safetensors(header, &[0x3c; 256])),
    ];
    let base = look(&[file("model.safetensors", build::safetensors(BASE, &[0x3c; 256]))]);
    let base = base.first().expect("the base can be read");
    for adapted in look(&files) {
        let targets = adapter(&adapted).map(|adapter| adapter.targets.len());
        let merged = merged_adapter(&adapted, base);
        assert!(targets.is_some() || merged.is_err(), "what is no adapter was merged");
        if let Ok(merged) = merged {
            check(&merged);
        }
    }
});
