// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The circuit test on the small trained families of the repository.

use std::f64::consts::LN_10;
use std::path::Path;

use super::{CircuitTest, circuit};
use crate::changes;
use crate::fingerprint::{Circuit, Progress, Sketch, collect};

fn sketch(path: &str) -> Sketch {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let files = changes::folder(&path).ok().and_then(|published| published.snapshots.into_iter().next());
    let files = files.map(|snapshot| snapshot.files).unwrap_or_default();
    let model = collect(&files, None, &Progress::default()).models.pop();
    model.and_then(|model| model.fingerprint.sketches.into_iter().next()).unwrap_or_default()
}

fn base() -> Sketch {
    sketch("data/demo/F1")
}

fn of(suspect: &Sketch, base: &Sketch) -> CircuitTest {
    circuit(suspect, base).unwrap_or_default()
}

/// Every layer's heads turned by other phases and in another order, and the layers renumbered: what is free.
fn disguised(mut sketch: Sketch) -> Sketch {
    for layer in &mut sketch.layers {
        layer.layer = 40 - layer.layer;
        layer.circuits.reverse();
        for circuit in &mut layer.circuits {
            circuit.head += 7;
            *circuit = turned(circuit);
        }
    }
    sketch.layers.reverse();
    sketch
}

/// A quarter turn of every odd pair, which companded values bear without loss: z → i·z.
fn turned(circuit: &Circuit) -> Circuit {
    let size = 2 * circuit.pairs as usize;
    let quarter = |value: [i8; 2], turns: usize| match turns % 4 {
        0 => value,
        1 => [-value[1], value[0]],
        2 => [-value[0], -value[1]],
        _ => [value[1], -value[0]],
    };
    // Rows of the Hermitian entries are conjugated.
    let hermitian = |row: usize, column: usize| 4 + column % 2 - row % 2;
    let symmetric = |row: usize, column: usize| column % 2 + row % 2;
    let apply = |values: &[i8], turns: Vec<usize>| -> Vec<i8> {
        values.chunks_exact(2).zip(turns).flat_map(|(value, turns)| quarter([value[0], value[1]], turns)).collect()
    };
    let strict = (0..size).flat_map(|column| (0..column).map(move |row| hermitian(row, column)));
    let whole = (0..size).flat_map(|column| (0..=column).map(move |row| symmetric(row, column)));
    let places = || (0..size).flat_map(|row| (0..size).map(move |column| (row, column)));
    let form = places().map(|(r, c)| hermitian(r, c)).chain(places().map(|(r, c)| symmetric(r, c)));
    Circuit {
        hermitian: apply(&circuit.hermitian, strict.collect()),
        symmetric: apply(&circuit.symmetric, whole.collect()),
        form: apply(&circuit.form, form.collect()),
        ..circuit.clone()
    }
}

#[test]
fn descendants_are_seen() {
    let base = base();
    for (name, least) in [("F1-sft", -50.0), ("F1-deep", -45.0), ("F1-moe", -25.0), ("F1-merge", -50.0)] {
        let found = of(&sketch(&format!("tests/fixtures/zoo/{name}")), &base);
        assert!(found.ln_p / LN_10 < least && found.hit_layers >= 3 && found.effect > 0.3, "{name}: {found:?}");
        assert!(found.ln_p_signs / LN_10 < -2.5, "{name}");
    }
}

#[test]
fn independent_models_are_not() {
    let base = base();
    for name in ["F2", "F3", "F1-distil", "F1-reseed"] {
        let found = of(&sketch(&format!("tests/fixtures/zoo/{name}")), &base);
        assert_eq!((found.candidates, found.pairs, found.matches.len()), (16, 8, 16), "{name}");
        assert!(found.ln_p / LN_10 > -2.0 && found.effect < 0.1 && found.hit_layers == 0, "{name}: {found:?}");
    }
}

#[test]
fn phases_order_and_numbers_of_heads_and_layers_say_nothing() {
    let base = base();
    let found = of(&disguised(base.clone()), &base);
    assert!(found.effect > 0.999 && found.hit_share == 1.0, "{found:?}");
    for layer in found.layers() {
        assert_eq!(layer.suspect_layer, 40 - layer.base_layer);
        assert!(layer.heads.iter().all(|(base, suspect)| *suspect == base + 7), "{layer:?}");
    }
    assert_eq!(found.layers().len(), 4);
}

#[test]
fn the_result_does_not_depend_on_the_number_of_threads() -> Result<(), rayon::ThreadPoolBuildError> {
    let (base, suspect) = (base(), sketch("tests/fixtures/zoo/F1-moe"));
    let with = |threads| -> Result<CircuitTest, rayon::ThreadPoolBuildError> {
        Ok(rayon::ThreadPoolBuilder::new().num_threads(threads).build()?.install(|| of(&suspect, &base)))
    };
    assert_eq!(with(1)?, with(5)?);
    Ok(())
}

#[test]
fn heads_of_another_size_are_not_comparable_and_broken_ones_left_out() {
    let base = base();
    let mut other = base.clone();
    other.layers.iter_mut().flat_map(|layer| &mut layer.circuits).for_each(|circuit| circuit.rotary_pairs = 64);
    assert_eq!(circuit(&other, &base), None);
    assert_eq!(circuit(&Sketch::default(), &base), None);

    let mut broken = base.clone();
    for (at, circuit) in broken.layers.iter_mut().flat_map(|layer| &mut layer.circuits).enumerate() {
        match at % 3 {
            0 => circuit.form.truncate(9),
            1 => circuit.hermitian.clear(),
            _ => {}
        }
    }
    assert_eq!(of(&broken, &base).candidates, 5);
    for circuit in broken.layers.iter_mut().flat_map(|layer| &mut layer.circuits) {
        circuit.pairs = u32::MAX;
    }
    assert_eq!(circuit(&broken, &base), None);
    assert_eq!(circuit(&base, &broken), None);
}
