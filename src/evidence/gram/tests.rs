// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Tests on a trained family of known ancestry: F1 and its descendants, F2 and F3 trained apart.

use std::error::Error;
use std::f64::consts::LN_10;
use std::path::Path;

use super::gram;
use crate::changes;
use crate::fingerprint::{Progress, Sketch, Unit, collect};

type Outcome = Result<(), Box<dyn Error>>;

fn load(folder: &str) -> Result<Sketch, Box<dyn Error>> {
    let published = changes::folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))?;
    let files = published.snapshots.first().map(|snapshot| snapshot.files.as_slice()).unwrap_or_default();
    let mut model = collect(files, None, &Progress::default()).models.pop().ok_or("no model")?;
    Ok(model.fingerprint.sketches.pop().ok_or("no sketch")?)
}

fn base() -> Result<Sketch, Box<dyn Error>> {
    load("data/demo/F1")
}

/// The first `count` neurons of every unit: what a base keeps.
fn shortened(sketch: &Sketch, count: usize) -> Sketch {
    let mut short = sketch.clone();
    for unit in short.layers.iter_mut().flat_map(|layer| &mut layer.units) {
        unit.indices.truncate(count);
        unit.words.values.truncate(count * unit.words.columns as usize);
        unit.word_scales.truncate(count);
        for gram in [&mut unit.gate_gram, &mut unit.up_gram, &mut unit.down_gram] {
            gram.truncate(count * (count - 1) / 2);
        }
    }
    short
}

fn change(sketch: &mut Sketch, change: impl Fn(&mut Unit)) {
    sketch.layers.iter_mut().flat_map(|layer| &mut layer.units).for_each(change);
}

#[test]
fn descendants_are_found_and_the_layers_they_come_from() -> Outcome {
    let base = base()?;
    for (name, most, agree) in [
        ("data/demo/F1-cpt", -40.0, 0.6),
        ("tests/fixtures/zoo/F1-sft", -150.0, 0.95),
        ("tests/fixtures/zoo/F1-deep", -80.0, 0.9),
    ] {
        let test = gram(&load(name)?, &base).ok_or("not comparable")?;
        assert!(test.ln_p / LN_10 < most, "{name}: {}", test.ln_p / LN_10);
        assert!(test.agree >= agree, "{name}: {}", test.agree);
        assert_eq!(test.cells.iter().filter(|cell| !cell.pairs.is_empty()).count(), base.layers.len(), "{name}");
    }
    let test = gram(&load("tests/fixtures/zoo/F1-sft")?, &base).ok_or("not comparable")?;
    for cell in test.cells.iter().filter(|cell| !cell.pairs.is_empty()) {
        assert_eq!(cell.base_layer, cell.suspect_layer);
        // Fine-tuning does not move neurons.
        assert!(cell.pairs.iter().all(|(here, there)| here == there));
    }
    Ok(())
}

#[test]
fn what_experts_have_in_common_finds_an_upcycled_model() -> Outcome {
    let (suspect, base) = (load("tests/fixtures/zoo/F1-moe")?, base()?);
    let with = gram(&suspect, &base).ok_or("not comparable")?;
    assert!(with.ln_p / LN_10 < -30.0, "{}", with.ln_p / LN_10);
    let mut without = suspect.clone();
    without.layers.iter_mut().for_each(|layer| layer.units.retain(|unit| unit.expert.is_some()));
    assert!(gram(&without, &base).is_some_and(|test| test.ln_p > 0.5 * with.ln_p));
    Ok(())
}

#[test]
fn networks_trained_apart_are_not_found() -> Outcome {
    let base = base()?;
    for name in ["F2", "F3", "F1-distil", "F1-reseed"] {
        let test = gram(&load(&format!("tests/fixtures/zoo/{name}"))?, &base).ok_or("not comparable")?;
        assert!(test.ln_p / LN_10 > -1.5, "{name}: {}", test.ln_p / LN_10);
        assert!(test.agree < 0.12 && test.rms_z < 1.5, "{name}: {test:?}");
    }
    Ok(())
}

#[test]
fn a_stored_base_can_be_the_suspect() -> Outcome {
    let (base, suspect) = (base()?, load("tests/fixtures/zoo/F1-sft")?);
    let test = gram(&shortened(&suspect, 64), &shortened(&base, 64)).ok_or("not comparable")?;
    // Salient neurons are much the same before and after.
    assert!(test.ln_p / LN_10 < -100.0, "{}", test.ln_p / LN_10);
    assert!(gram(&shortened(&suspect, 40), &base).is_none(), "fewer neurons than are looked for");
    Ok(())
}

#[test]
fn a_sketch_without_embedding_words_is_still_compared() -> Outcome {
    let (base, mut suspect) = (base()?, load("tests/fixtures/zoo/F1-sft")?);
    change(&mut suspect, |unit| {
        let width = unit.words.columns as usize;
        let half = width / 2;
        for row in unit.words.values.chunks_exact_mut(width) {
            row[half - 30..half].fill(0);
            row[width - 30..].fill(0);
        }
    });
    let test = gram(&suspect, &base).ok_or("not comparable")?;
    assert!(test.ln_p / LN_10 < -140.0, "{}", test.ln_p / LN_10);
    Ok(())
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() -> Outcome {
    let (base, suspect) = (base()?, load("data/demo/F1-cpt")?);
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build()?.install(|| gram(&suspect, &base));
    let four = rayon::ThreadPoolBuilder::new().num_threads(4).build()?.install(|| gram(&suspect, &base));
    assert_eq!(one, four);
    assert!(one.is_some());
    Ok(())
}

#[test]
fn damaged_sketches_are_not_comparable() -> Outcome {
    let (base, suspect) = (base()?, load("tests/fixtures/zoo/F2")?);
    let damages: [fn(&mut Unit); 5] = [
        |unit| unit.down_gram.truncate(50),
        |unit| unit.words.columns = 0,
        |unit| unit.indices.clear(),
        |unit| unit.gated = !unit.gated,
        |unit| *unit = Unit::default(),
    ];
    for damage in damages {
        let mut damaged = suspect.clone();
        change(&mut damaged, damage);
        assert_eq!(gram(&damaged, &base), None);
        assert_eq!(gram(&base, &damaged), None);
    }
    // Numbers that say nothing are compared, and say nothing.
    let empty: [fn(&mut Unit); 2] = [|unit| unit.word_scales.fill(f32::NAN), |unit| unit.down_gram.fill(0)];
    for make_empty in empty {
        let mut changed = suspect.clone();
        change(&mut changed, make_empty);
        assert!(gram(&changed, &base).is_none_or(|test| test.ln_p / LN_10 > -2.0));
    }
    assert_eq!(gram(&Sketch::default(), &base), None);
    Ok(())
}
