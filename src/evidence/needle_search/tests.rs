// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Made-up stacks: related, unrelated, and with what breaks the symmetry of signs.

use super::{NeedleEvidence, NeedleSearch, needle_search};
use crate::fingerprint::{AttentionRows, LayerSketch, Rows, Sketch, Unit, splitmix64};

const CHANNELS: u32 = 64;

/// Random rows; `common` is added to every entry.
fn rows(seed: u64, count: usize, common: i16) -> Rows {
    let value =
        |at: usize| (0..4).map(|part| (splitmix64(seed << 24 ^ part << 20 ^ at as u64) % 33) as i16 - 16).sum::<i16>();
    Rows { columns: CHANNELS, values: (0..count * CHANNELS as usize).map(|at| (value(at) + common) as i8).collect() }
}

fn stack(seed: u64, common: i16) -> Sketch {
    let layer = |layer: u32| {
        let part = |part: u64, count| rows(seed << 12 ^ u64::from(layer) << 6 ^ part, count, common);
        let unit = Unit { gated: true, gate: part(1, 90), up: part(2, 90), down: part(3, 90), ..Unit::default() };
        let attention = AttentionRows { query: part(4, 30), key: part(5, 30), value: part(6, 30), output: part(7, 30) };
        LayerSketch { layer, units: vec![unit], attention: Some(attention), ..LayerSketch::default() }
    };
    Sketch { hidden: CHANNELS, depth: 3, layers: (0..3).map(layer).collect(), ..Sketch::default() }
}

/// The rows in another order, every one with this sign, and some noise.
fn disguised(rows: &Rows, sign: i8, seed: u64) -> Rows {
    let count = rows.count();
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|at| splitmix64(*at as u64));
    let noise = |at: usize| (splitmix64(seed << 32 ^ at as u64) % 31) as i8 - 15;
    let values = order.iter().flat_map(|at| rows.row(*at)).enumerate();
    Rows { columns: rows.columns, values: values.map(|(at, x)| (x / 2 * sign).saturating_add(noise(at))).collect() }
}

/// Layers turned round, two experts a layer, neurons in another order, up and down with their signs turned, noise.
fn derived(base: &Sketch) -> Sketch {
    let layer = |(at, layer): (usize, &LayerSketch)| {
        let expert = |expert: u32| {
            let seed = 9 + u64::from(expert);
            let unit = layer.units.first().cloned().unwrap_or_default();
            let [up, down] = [&unit.up, &unit.down].map(|rows| disguised(rows, -1, seed));
            Unit { expert: Some(expert), gate: disguised(&unit.gate, 1, seed), up, down, ..unit }
        };
        let attention = layer.attention.as_ref().map(|attention| {
            let [query, key, value, output] = attention.roles().map(|rows| disguised(rows, -1, 7));
            AttentionRows { query, key, value, output }
        });
        LayerSketch { layer: at as u32, units: vec![expert(0), expert(1)], attention, ..LayerSketch::default() }
    };
    Sketch { layers: base.layers.iter().rev().enumerate().map(layer).collect(), ..base.clone() }
}

fn both(found: Option<&NeedleSearch>) -> Vec<&NeedleEvidence> {
    found.into_iter().flat_map(|found| [&found.feed_forward, &found.attention]).flatten().collect()
}

#[test]
fn finds_needles_in_any_order_of_layers_experts_and_neurons_under_either_sign() {
    let base = stack(1, 0);
    let found = needle_search(&derived(&base), &base);
    let evidence = both(found.as_ref());
    assert_eq!(evidence.iter().map(|e| e.needles).collect::<Vec<_>>(), [3 * 64, 3 * 4 * 24]);
    for evidence in evidence {
        assert!(evidence.ln_p < -14.0 && evidence.effect > 0.5 && evidence.found > 0.9, "{evidence:?}");
        assert!(evidence.permutation_z > 20.0, "{}", evidence.permutation_z);
        for (base, suspect) in (0..9).map(|at| (at / 3, at % 3)) {
            let same = base + suspect == 2;
            let effect = evidence.heat.at(base, suspect);
            assert!(if same { effect > 0.5 } else { effect.abs() < 0.1 }, "{base} {suspect} {effect}");
        }
    }
    assert!(found.is_some_and(|found| found.channels == 32 && (found.floor + 6.949).abs() < 0.001));
}

/// Under the null P(p ≤ t) ≤ t. Of 2 · 150 tests at most 300 t are below t, give or take three standard deviations.
#[test]
fn unrelated_stacks_give_p_values_that_are_not_too_small() {
    let stacks: Vec<Sketch> = (0..25).map(|seed| stack(100 + seed, 0)).collect();
    let mut p: Vec<f64> = Vec::new();
    for (at, base) in stacks.iter().enumerate() {
        for step in 1..=6 {
            let found = needle_search(&stacks[(at + step) % 25], base);
            p.extend(both(found.as_ref()).iter().map(|evidence| evidence.ln_p.exp()));
        }
    }
    assert_eq!(p.len(), 300);
    for t in [0.3f64, 0.1, 0.03, 0.01] {
        let most = 300.0 * t + 3.0 * (300.0 * t * (1.0 - t)).sqrt();
        let below = p.iter().filter(|p| **p <= t).count();
        assert!(below as f64 <= most, "{below} of 300 at {t}");
    }
    // The bound is loose, not empty: a half of p-values is at 1, the others are spread.
    assert!(p.iter().filter(|p| **p < 0.6).count() > 30);
}

/// A direction of all ones in both networks is no lineage: LayerNorm makes it, and signs are not symmetric then.
#[test]
fn a_common_mean_over_the_channels_is_no_evidence_between_layer_norms() {
    let [base, suspect] = [1, 2].map(|seed| stack(seed, 25));
    let symmetric = needle_search(&suspect, &base);
    assert!(
        both(symmetric.as_ref()).iter().all(|evidence| evidence.ln_p < -8.0),
        "the mean shows where it is not taken off"
    );
    let centred = |sketch: &Sketch| Sketch { centred_norm: true, ..sketch.clone() };
    let found = needle_search(&centred(&suspect), &centred(&base));
    assert!(both(found.as_ref()).iter().all(|e| e.ln_p == 0.0 && e.permutation_z < 6.0), "{found:?}");
    // Descent shows all the same.
    let found = needle_search(&centred(&derived(&base)), &centred(&base));
    assert!(both(found.as_ref()).iter().all(|e| e.ln_p < -13.0 && e.permutation_z > 6.0), "{found:?}");
}

#[test]
fn the_number_of_threads_does_not_show() {
    let (base, suspect) = (stack(1, 0), stack(2, 0));
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().ok()?;
        pool.install(|| needle_search(&suspect, &base))
    };
    assert_eq!(on(1), on(5));
    assert!(on(1).is_some());
}

#[test]
fn without_rows_there_is_nothing_to_say() {
    assert_eq!(needle_search(&Sketch::default(), &stack(1, 0)), None);
    let mut bare = stack(1, 0);
    bare.layers.iter_mut().for_each(|layer| layer.units.clear());
    let found = needle_search(&bare, &stack(1, 0));
    assert!(found.is_some_and(|found| found.feed_forward.is_none() && found.attention.is_some()));
}

#[test]
fn a_network_without_gates_is_searched_by_its_two_projections() {
    let mut base = stack(1, 0);
    for unit in base.layers.iter_mut().flat_map(|layer| &mut layer.units) {
        *unit = Unit { gated: false, up: Rows::default(), ..unit.clone() };
    }
    let mut suspect = derived(&base);
    for unit in suspect.layers.iter_mut().flat_map(|layer| &mut layer.units) {
        unit.up = Rows::default();
    }
    let found = needle_search(&suspect, &base);
    assert!(found.and_then(|found| found.feed_forward).is_some_and(|e| e.ln_p < -13.0 && e.found > 0.9));
}
