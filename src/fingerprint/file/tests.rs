// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Fingerprints written, read again, and damaged.

use proptest::prelude::*;

use crate::fingerprint::hashes::MatrixHashes;
use crate::fingerprint::mixing::splitmix64;
use crate::fingerprint::sketch::{AttentionRows, Circuit, LayerSketch, Rows, Sketch, Unit};
use crate::fingerprint::{Fingerprint, MatrixPrint, Needles, Samples, Source, VectorPrint};

fn example() -> Fingerprint {
    Fingerprint {
        name: "model.safetensors".into(),
        sources: vec![Source { path: "model.safetensors".into(), sha256: "ab".repeat(32), size: 9 }],
        matrices: vec![MatrixPrint {
            name: "w".into(),
            layer: Some(3),
            rows: 70,
            columns: 64,
            hashes: MatrixHashes { rows: vec![1, 2], columns: vec![9], ..MatrixHashes::default() },
            samples: Samples { centred: vec![-3, 4], raw: vec![0.5] },
            needles: Some(Needles { channels: 2, rows: vec![1, 2, 3, 4] }),
            ..MatrixPrint::default()
        }],
        vectors: vec![VectorPrint {
            name: "n".into(),
            values: vec![half::f16::from_f32(1.5)],
            len: 1,
            ..VectorPrint::default()
        }],
        sketches: vec![sketch(1, 2, 2, 5, 3), Sketch { centred_norm: true, ..sketch(2, 1, 1, 4, 0) }],
        ..Fingerprint::default()
    }
}

/// A sketch of some values and of these lengths.
fn sketch(seed: u64, layers: u32, units: u32, neurons: usize, pairs: u32) -> Sketch {
    let bytes = |count: usize, part: u64| -> Vec<i8> {
        (0..count as u64).map(|at| splitmix64(seed << 40 ^ part << 32 ^ at) as i8).collect()
    };
    let rows = |count: usize, columns: u32, part| Rows { columns, values: bytes(count * columns as usize, part) };
    let triangle = neurons * neurons.saturating_sub(1) / 2;
    let unit = |expert| Unit {
        expert: Some(expert),
        neurons: 99,
        gated: true,
        indices: (0..neurons as u32).rev().collect(),
        gate: rows(neurons, 3, 1),
        up: rows(neurons, 3, 2),
        down: rows(neurons, 3, 3),
        words: rows(neurons, 5, 4),
        word_scales: (0..neurons).map(|at| at as f32 / 3.0).collect(),
        gate_gram: bytes(triangle, 5),
        up_gram: Vec::new(),
        down_gram: bytes(triangle, 6),
    };
    let size = 2 * pairs as usize;
    let circuit = Circuit {
        head: 4,
        rotary_pairs: pairs + 1,
        pairs,
        hermitian: bytes(size * size.saturating_sub(1), 7),
        symmetric: bytes(size * (size + 1), 8),
        form: bytes(4 * size * size, 9),
        form_scale: 0.25,
    };
    let attention = AttentionRows { query: rows(2, 3, 10), value: rows(1, 3, 11), ..AttentionRows::default() };
    let layer = |layer| LayerSketch {
        layer: 2 * layer,
        units: (0..units).map(unit).collect(),
        attention: (layer > 0).then(|| attention.clone()),
        circuits: vec![circuit.clone(); layer as usize],
        responses: vec![3; layer as usize],
    };
    Sketch {
        stack: "model.layers".into(),
        hidden: 64,
        depth: 9,
        layers: (0..layers).map(layer).collect(),
        ..Sketch::default()
    }
}

fn with(sketch: Sketch) -> Fingerprint {
    Fingerprint { sketches: vec![sketch], ..example() }
}

#[test]
fn a_fingerprint_survives_its_file_and_gives_the_same_bytes_again() {
    let bytes = example().to_bytes().unwrap_or_default();
    let read = Fingerprint::from_bytes(&bytes);
    assert_eq!(read.as_ref().ok(), Some(&example()));
    assert_eq!(read.and_then(|read| read.to_bytes()).ok(), Some(bytes));
}

#[test]
fn another_version_is_refused_by_name() {
    let bytes = example().to_bytes().unwrap_or_default();
    let digits = bytes.windows(13).position(|window| window == b"fingerprint/3").unwrap_or_default() + 12;
    let older: Vec<u8> = bytes.iter().enumerate().map(|(at, byte)| if at == digits { b'1' } else { *byte }).collect();
    let error = Fingerprint::from_bytes(&older).map(|_| ()).map_err(|error| error.to_string());
    let said = r#"not a usable fingerprint file: version "forebear-fingerprint/1" is not "forebear-fingerprint/3""#;
    assert_eq!(error, Err(said.to_owned()));
}

#[test]
fn lengths_that_do_not_fit_together_are_not_written() {
    let whole = || sketch(1, 2, 1, 4, 2);
    assert!(with(whole()).to_bytes().is_ok());
    let spoil: [fn(&mut Sketch); 8] = [
        |s| s.layers[1].layer = 0,
        |s| s.layers[0].units[0].indices[0] = 99,
        |s| {
            s.layers[0].units[0].indices.pop();
        },
        |s| {
            s.layers[0].units[0].gate.values.pop();
        },
        |s| {
            s.layers[0].units[0].down_gram.pop();
        },
        |s| {
            s.layers[0].units[0].word_scales.pop();
        },
        |s| s.layers[1].circuits[0].form.push(0),
        |s| s.layers[1].circuits[0].form_scale = f32::NAN,
    ];
    for (at, spoil) in spoil.iter().enumerate() {
        let mut sketch = whole();
        spoil(&mut sketch);
        assert!(with(sketch).to_bytes().is_err(), "{at}");
    }
}

#[test]
fn a_header_that_asks_for_more_than_there_is_is_refused() {
    let bytes = with(sketch(1, 2, 1, 4, 2)).to_bytes().unwrap_or_default();
    for (from, to) in [
        (r#"\"indices\":4"#, r#"\"indices\":9"#),
        (r#"\"scales\":4"#, r#"\"scales\":3"#),
        (r#"\"grams\":[6"#, r#"\"grams\":[3"#),
        (r#"\"circuits\":[[4,3,2]]"#, r#"\"circuits\":[[4,3,3]]"#),
        (r#"\"rows\":[[3,12]"#, r#"\"rows\":[[3,99]"#),
    ] {
        let at = bytes.windows(from.len()).position(|window| window == from.as_bytes());
        assert!(at.is_some(), "{from}");
        let mut spoilt = bytes.clone();
        spoilt.splice(at.unwrap_or_default()..at.unwrap_or_default() + to.len(), to.bytes());
        assert!(Fingerprint::from_bytes(&spoilt).is_err(), "{from}");
    }
}

proptest! {
    #[test]
    fn sketches_of_any_shape_survive_their_file(
        seed in 0u64..1000, layers in 0u32..4, units in 0u32..4, neurons in 0usize..9, pairs in 0u32..4,
    ) {
        let print = with(sketch(seed, layers, units, neurons, pairs));
        let bytes = print.to_bytes().unwrap_or_default();
        prop_assert_eq!(Fingerprint::from_bytes(&bytes).ok(), Some(print));
    }

    #[test]
    fn numbers_survive_to_the_last_bit(bits in 1u64..0x7ff0_0000_0000_0000, small in 1u32..0x7f80_0000) {
        let (deviation, tolerance) = (f64::from_bits(bits), f32::from_bits(small));
        let matrices = vec![MatrixPrint { tolerance, deviation, ..MatrixPrint::default() }];
        let print = Fingerprint { matrices, ..example() };
        let bytes = print.to_bytes().unwrap_or_default();
        prop_assert_eq!(Fingerprint::from_bytes(&bytes).ok(), Some(print));
    }

    #[test]
    fn damaged_bytes_are_an_error_or_a_value_and_never_a_panic(at in 0usize..8192, flip in 1u8..=255, cut in 0usize..8192) {
        let mut bytes = example().to_bytes().unwrap_or_default();
        let len = bytes.len();
        bytes[at % len] ^= flip;
        if let Ok(read) = Fingerprint::from_bytes(&bytes) {
            // What is accepted can be used and written again.
            for sketch in &read.sketches {
                prop_assert!(sketch.layers.iter().flat_map(|layer| &layer.circuits).all(|circuit| circuit.first_pairs(1).pairs <= 1));
            }
            prop_assert!(read.to_bytes().is_ok());
        }
        let _ = Fingerprint::from_bytes(&bytes[..cut % len]);
    }
}
