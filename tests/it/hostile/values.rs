// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Weights that are no numbers: what is said of them is, and it is not that they descend from anything.

use std::fs;

use serde_json::Value;

use super::containers::safetensors;
use super::scan::{folder, scan};
use crate::command_line::forebear;

const NAMES: [&str; 7] = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];
const SIDE: usize = 64;

/// A model of two layers whose values come from a function of their place.
fn model(value: impl Fn(usize) -> f32) -> Vec<u8> {
    let mut entries = Vec::new();
    let mut data = Vec::new();
    for layer in 0..2 {
        for (at, name) in NAMES.iter().enumerate() {
            let block = if at < 4 { "self_attn" } else { "mlp" };
            let start = data.len();
            for place in 0..SIDE * SIDE {
                data.extend(value(start / 4 + place).to_le_bytes());
            }
            let key = format!("model.layers.{layer}.{block}.{name}.weight");
            let end = data.len();
            entries
                .push(format!(r#""{key}":{{"dtype":"F32","shape":[{SIDE},{SIDE}],"data_offsets":[{start},{end}]}}"#));
        }
    }
    safetensors(&format!("{{{}}}", entries.join(",")), &data)
}

/// Numbers that look drawn from a distribution, of a seed.
fn drawn(seed: usize) -> impl Fn(usize) -> f32 {
    move |place| {
        let mixed = (place + seed * 0x1234_5678_9abc).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ((mixed >> 40) as f32 / 8_388_608.0 - 1.0) * 0.05
    }
}

#[test]
fn weights_that_are_no_numbers_are_compared_without_one_that_is_none() {
    let base = drawn(1);
    let kinds: [(&str, Vec<u8>); 8] = [
        ("nan", model(|_| f32::NAN)),
        ("infinite", model(|place| if place % 2 == 0 { f32::INFINITY } else { f32::NEG_INFINITY })),
        ("denormal", model(|place| f32::from_bits(1 + (place % 7) as u32))),
        ("zero", model(|_| 0.0)),
        ("minus", model(|_| -0.0)),
        ("largest", model(|place| if place % 3 == 0 { f32::MAX } else { f32::MIN })),
        ("constant", model(|_| 1.0)),
        ("some", model(|place| if place % 1000 == 0 { f32::NAN } else { drawn(2)(place) })),
    ];
    let held = folder(&[("base/model.safetensors", model(&base))]);
    for (name, bytes) in &kinds {
        let path = held.path().join(name);
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("model.safetensors"), bytes).unwrap();
    }
    for (suspect, other) in
        kinds.iter().map(|(name, _)| (*name, "base")).chain([("zero", "minus"), ("base", "nan"), ("nan", "infinite")])
    {
        let output = forebear(held.path()).args(["compare", suspect, other, "--no-cache", "--format", "json"]).output();
        let output = output.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(matches!(output.status.code(), Some(0..=2)), "{suspect} {other}: {said}");
        if output.status.code() == Some(2) {
            assert!(said.contains(suspect) || said.contains(other), "{suspect} {other}: {said}");
            continue;
        }
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(numbers(&report), 0, "{suspect} {other}: {report}");
        let relation = report["relation"].as_str().unwrap_or_default();
        let unproven = ["no-evidence", "inconclusive"].contains(&relation);
        assert!(unproven || suspect == "zero" && other == "minus", "{suspect} {other}: {relation}");
    }
}

/// Numbers that JSON has no word for: serde writes `null` for them, where a number has to be.
fn numbers(report: &Value) -> usize {
    let effect = report["effect"].is_null();
    let mechanisms = report["mechanisms"].as_array().into_iter().flatten();
    let missing = mechanisms.filter(|one| one["effect"].is_null() || one["n"].is_null());
    usize::from(effect) + missing.count()
}

#[test]
fn they_pass_through_the_gate_without_a_crash() {
    let scanned = scan(&[
        ("nan/model.safetensors", model(|_| f32::NAN)),
        ("zero/model.safetensors", model(|_| 0.0)),
        ("infinite/model.safetensors", model(|_| f32::INFINITY)),
    ]);
    for path in ["nan/model.safetensors", "zero/model.safetensors", "infinite/model.safetensors"] {
        scanned.reads(path);
    }
}
