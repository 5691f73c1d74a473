// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The structure of a derivation: which layer goes back to which, what was dropped, repeated, put in, widened.
//!
//! In: pairs of layers and units that are found beyond chance, by whatever mechanism. Out: a [`Structure`]. It describes
//! a relation that other numbers have shown and is no evidence itself.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::comparison::LayerEffect;
use super::relation::ranges;

/// How the parts of the suspect go back to those of the base.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema, PartialEq)]
pub struct Structure {
    /// Each layer of the suspect that goes back to one of the base, with the one it goes back to.
    pub layer_map: Vec<LayerEffect>,
    /// Layers of the base to which no layer of the suspect goes back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped_layers: Vec<u32>,
    /// Layers of the suspect that go back to no layer of the base.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inserted_layers: Vec<u32>,
    /// Layers of the base to which several layers of the suspect go back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub duplicated_layers: Vec<u32>,
    /// Whether the layers stand in another order.
    #[serde(default)]
    pub reordered: bool,
    /// Neurons of the feed-forward blocks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub neurons: Option<NeuronMap>,
    /// Experts that go back to a feed-forward block of the base.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub experts: Vec<ExpertOrigin>,
    /// Parts of the suspect whose values are the base's: frozen, or never trained on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unchanged_parts: Vec<String>,
    /// Parts of the suspect outside its layers that are not the base's: a new embedding, a grafted tower.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub new_parts: Vec<String>,
    /// What speaks for which of the two came first. Weights alone do not settle it: dates do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub direction_hints: Vec<String>,
    /// The same in sentences.
    pub summary: Vec<String>,
    /// The effect of every pair of layers, found or not, by mechanism.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heat_maps: Vec<HeatMap>,
}

/// The effect of one mechanism for every pair of layers.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema, PartialEq)]
pub struct HeatMap {
    /// Mechanism.
    pub mechanism: String,
    /// Layers of the base: the rows.
    pub base_layers: Vec<u32>,
    /// Layers of the suspect: the columns.
    pub suspect_layers: Vec<u32>,
    /// Effects, 0 to 1, to three decimals.
    pub effect: Vec<Vec<f64>>,
}

impl HeatMap {
    pub(super) fn new(
        mechanism: &str,
        base_layers: &BTreeSet<u32>,
        suspect_layers: &BTreeSet<u32>,
        effect: impl Fn(u32, u32) -> f64,
    ) -> Self {
        let rounded = |base: u32, suspect: u32| (effect(base, suspect).clamp(0.0, 1.0) * 1000.0).round() / 1000.0;
        Self {
            mechanism: mechanism.to_owned(),
            base_layers: base_layers.iter().copied().collect(),
            suspect_layers: suspect_layers.iter().copied().collect(),
            effect: base_layers
                .iter()
                .map(|base| suspect_layers.iter().map(|suspect| rounded(*base, *suspect)).collect())
                .collect(),
        }
    }
}

/// How the neurons of the feed-forward blocks go back to the base's.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema, PartialEq)]
pub struct NeuronMap {
    /// Neurons of a block of the base.
    pub base: u32,
    /// Neurons of a block of the suspect.
    pub suspect: u32,
    /// Share of the salient neurons of the base that are found again.
    pub found: f64,
    /// Share of those that stand at the same index.
    pub in_place: f64,
}

/// A layer whose experts go back to a feed-forward block of the base.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq)]
pub struct ExpertOrigin {
    /// Layer of the suspect.
    pub suspect_layer: u32,
    /// Layer of the base.
    pub base_layer: u32,
    /// Experts of the suspect that go back to it.
    pub experts: Vec<u32>,
    /// Expert of the base; `null` for a dense block.
    pub base_expert: Option<u32>,
    /// Whether what the experts of the layer have in common goes back to it.
    pub common: bool,
}

/// A feed-forward unit of the suspect that goes back to one of the base.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct UnitMatch {
    pub(super) base_layer: u32,
    pub(super) suspect_layer: u32,
    pub(super) base_expert: Option<u32>,
    pub(super) suspect_expert: Option<u32>,
    /// Whether the suspect's unit is what the experts of a layer have in common.
    pub(super) common: bool,
    pub(super) base_neurons: u32,
    pub(super) suspect_neurons: u32,
    /// Neurons looked for.
    pub(super) sampled: usize,
    /// Those that were found: index in the base, index in the suspect.
    pub(super) pairs: Vec<(u32, u32)>,
}

/// What is known of a pair of models.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen<'a> {
    /// Numbers of the base's layers.
    pub(super) base_layers: BTreeSet<u32>,
    /// Numbers of the suspect's layers.
    pub(super) suspect_layers: BTreeSet<u32>,
    /// Pairs of layers that are found beyond chance.
    pub(super) cells: &'a [LayerEffect],
    /// Units that are.
    pub(super) units: &'a [UnitMatch],
    /// Routed experts of the suspect that are found on their own: layer and expert of the base, of the suspect.
    pub(super) experts: &'a [(u32, Option<u32>, u32, u32)],
    /// Parts of the suspect that are unchanged, and those that are new.
    pub(super) unchanged: Vec<String>,
    pub(super) new: Vec<String>,
    /// Whether the suspect alone is quantized.
    pub(super) quantized: bool,
    pub(super) heat_maps: Vec<HeatMap>,
}

/// Describes the derivation.
pub(super) fn structure(seen: Seen) -> Structure {
    let mut map: BTreeMap<u32, LayerEffect> = BTreeMap::new();
    for cell in seen.cells {
        let best = map.entry(cell.suspect_layer).or_insert(*cell);
        if cell.effect > best.effect {
            *best = *cell;
        }
    }
    let layer_map: Vec<LayerEffect> = map.into_values().collect();
    let mut uses: BTreeMap<u32, u32> = BTreeMap::new();
    let mut firsts = Vec::new();
    for cell in &layer_map {
        let count = uses.entry(cell.base_layer).or_default();
        if *count == 0 {
            firsts.push(cell.base_layer);
        }
        *count += 1;
    }
    let found: BTreeSet<u32> = layer_map.iter().map(|cell| cell.suspect_layer).collect();
    let mut structure = Structure {
        dropped_layers: seen.base_layers.iter().filter(|layer| !uses.contains_key(layer)).copied().collect(),
        inserted_layers: seen.suspect_layers.difference(&found).copied().collect(),
        duplicated_layers: uses.iter().filter(|(_, count)| **count > 1).map(|(layer, _)| *layer).collect(),
        reordered: !firsts.is_sorted(),
        neurons: neurons(&seen, &layer_map),
        experts: experts(&seen, &layer_map),
        unchanged_parts: seen.unchanged,
        new_parts: seen.new,
        heat_maps: seen.heat_maps,
        layer_map,
        ..Structure::default()
    };
    if structure.layer_map.is_empty() {
        structure.dropped_layers.clear();
        structure.inserted_layers.clear();
    }
    structure.direction_hints = hints(&structure, seen.quantized);
    structure.summary = summary(&structure);
    structure
}

/// Units of layers that go back to one another, dense on both sides or not.
fn neurons(seen: &Seen, layer_map: &[LayerEffect]) -> Option<NeuronMap> {
    let units: Vec<&UnitMatch> = seen.units.iter().filter(|unit| mapped(unit, layer_map)).collect();
    let first = units.first()?;
    let sampled: usize = units.iter().map(|unit| unit.sampled).sum();
    let pairs: Vec<&(u32, u32)> = units.iter().flat_map(|unit| &unit.pairs).collect();
    let in_place = pairs.iter().filter(|(base, suspect)| base == suspect).count();
    Some(NeuronMap {
        base: first.base_neurons,
        suspect: first.suspect_neurons,
        found: pairs.len() as f64 / sampled.max(1) as f64,
        in_place: in_place as f64 / pairs.len().max(1) as f64,
    })
}

fn mapped(unit: &UnitMatch, layer_map: &[LayerEffect]) -> bool {
    layer_map.iter().any(|cell| (cell.base_layer, cell.suspect_layer) == (unit.base_layer, unit.suspect_layer))
}

fn experts(seen: &Seen, layer_map: &[LayerEffect]) -> Vec<ExpertOrigin> {
    /// Layers of the suspect and of the base, and its expert.
    type Place = (u32, u32, Option<u32>);
    let in_map =
        |base: u32, suspect: u32| layer_map.iter().any(|cell| (cell.base_layer, cell.suspect_layer) == (base, suspect));
    let mut origins: BTreeMap<Place, (BTreeSet<u32>, bool)> = BTreeMap::new();
    for (base_layer, base_expert, suspect_layer, expert) in seen.experts {
        if in_map(*base_layer, *suspect_layer) {
            origins.entry((*suspect_layer, *base_layer, *base_expert)).or_default().0.insert(*expert);
        }
    }
    for unit in seen.units.iter().filter(|unit| unit.common && in_map(unit.base_layer, unit.suspect_layer)) {
        origins.entry((unit.suspect_layer, unit.base_layer, unit.base_expert)).or_default().1 = true;
    }
    origins
        .into_iter()
        .map(|((suspect_layer, base_layer, base_expert), (experts, common))| ExpertOrigin {
            suspect_layer,
            base_layer,
            experts: experts.into_iter().collect(),
            base_expert,
            common,
        })
        .collect()
}

/// Structural hints only: the statistics of trained weights (kurtosis, norms) move either way.
fn hints(structure: &Structure, quantized: bool) -> Vec<String> {
    let mut hints = Vec::new();
    let mut hint = |holds: bool, text: &str| {
        if holds {
            hints.push(text.to_owned());
        }
    };
    hint(!structure.duplicated_layers.is_empty(), "one layer of the base is there several times");
    hint(
        structure
            .experts
            .iter()
            .any(|origin| (origin.common || origin.experts.len() > 1) && origin.base_expert.is_none()),
        "several experts go back to one dense block of the base",
    );
    hint(
        !structure.dropped_layers.is_empty() && structure.inserted_layers.is_empty(),
        "layers of the base are missing and none are new",
    );
    hint(
        structure.neurons.is_some_and(|neurons| neurons.suspect < neurons.base),
        "the feed-forward blocks are narrower than the base's",
    );
    hint(quantized, "only the suspect is quantized");
    hints
}

fn summary(structure: &Structure) -> Vec<String> {
    let mut said = Vec::new();
    let list = |layers: &[u32]| ranges(&layers.iter().copied().collect());
    if !structure.layer_map.is_empty() {
        said.push(format!("layers {}", runs(&structure.layer_map)));
    }
    let mut say = |layers: &[u32], text: &str| {
        if !layers.is_empty() {
            said.push(format!("{text}: {}", list(layers)));
        }
    };
    say(&structure.dropped_layers, "layers of the base that are not found");
    say(&structure.inserted_layers, "layers of the suspect that go back to none of the base");
    say(&structure.duplicated_layers, "layers of the base that are there several times");
    if structure.reordered {
        said.push("the layers stand in another order".into());
    }
    if let Some(neurons) = structure.neurons {
        let change = match neurons.suspect.cmp(&neurons.base) {
            std::cmp::Ordering::Less => format!("narrowed from {} to {} neurons", neurons.base, neurons.suspect),
            std::cmp::Ordering::Greater => format!("widened from {} to {} neurons", neurons.base, neurons.suspect),
            std::cmp::Ordering::Equal => format!("{} neurons wide as the base's", neurons.base),
        };
        said.push(format!(
            "feed-forward blocks: {change}; {:.0} % of the salient neurons are found, {:.0} % of those in their place",
            100.0 * neurons.found,
            100.0 * neurons.in_place
        ));
    }
    if !structure.experts.is_empty() {
        let dense = structure.experts.iter().all(|origin| origin.base_expert.is_none());
        let layers: BTreeSet<u32> = structure.experts.iter().map(|origin| origin.suspect_layer).collect();
        let most = structure.experts.iter().map(|origin| origin.experts.len()).max().unwrap_or_default();
        let common = structure.experts.iter().any(|origin| origin.common);
        let what = match (most, common) {
            (0, _) => "what they have in common goes".to_owned(),
            (1, false) => "one of a layer goes".to_owned(),
            (most, false) => format!("up to {most} of a layer go"),
            (most, true) => format!("what they have in common, and up to {most} of a layer on their own, go"),
        };
        said.push(format!(
            "experts: {what} back to {} of the base, in layers {}",
            if dense { "the dense feed-forward block" } else { "an expert" },
            ranges(&layers)
        ));
    }
    if !structure.unchanged_parts.is_empty() {
        said.push(format!("unchanged: {}", structure.unchanged_parts.join(", ")));
    }
    if !structure.new_parts.is_empty() {
        said.push(format!("not the base's: {}", structure.new_parts.join(", ")));
    }
    said.push(match structure.direction_hints.as_slice() {
        [] => "direction not determined by the weights".into(),
        hints => {
            format!("direction not determined by the weights; hints that the base came first: {}", hints.join("; "))
        }
    });
    said
}

/// "0–3 → 0–3, 2–3 → 4–5": base layers, then those of the suspect that go back to them.
fn runs(map: &[LayerEffect]) -> String {
    map.chunk_by(|a, b| {
        b.base_layer == a.base_layer.wrapping_add(1) && b.suspect_layer == a.suspect_layer.wrapping_add(1)
    })
    .filter_map(|run| {
        let (first, last) = (run.first()?, run.last()?);
        let span = |from: u32, to: u32| if from == to { from.to_string() } else { format!("{from}–{to}") };
        let (base, suspect) = (span(first.base_layer, last.base_layer), span(first.suspect_layer, last.suspect_layer));
        Some(format!("{base} → {suspect}"))
    })
    .collect::<Vec<_>>()
    .join(", ")
}

#[cfg(test)]
mod tests {
    use insta::assert_debug_snapshot;

    use super::{Seen, Structure, UnitMatch, structure};
    use crate::evidence::comparison::LayerEffect;

    fn of(base_layers: u32, suspect_layers: u32, map: &[(u32, u32)], units: &[UnitMatch]) -> Structure {
        let cells: Vec<LayerEffect> = map
            .iter()
            .map(|(base_layer, suspect_layer)| LayerEffect {
                base_layer: *base_layer,
                suspect_layer: *suspect_layer,
                effect: 0.9,
            })
            .collect();
        structure(Seen {
            base_layers: (0..base_layers).collect(),
            suspect_layers: (0..suspect_layers).collect(),
            cells: &cells,
            units,
            ..Seen::default()
        })
    }

    #[test]
    fn depth_upscaling_repeats_layers_and_is_no_reordering() {
        let map = [(0, 0), (1, 1), (2, 2), (1, 3), (2, 4), (3, 5)];
        let found = of(4, 6, &map, &[]);
        assert_eq!((found.duplicated_layers.as_slice(), found.reordered), ([1, 2].as_slice(), false));
        assert_debug_snapshot!(found.summary, @r#"
        [
            "layers 0–2 → 0–2, 1–3 → 3–5",
            "layers of the base that are there several times: 1–2",
            "direction not determined by the weights; hints that the base came first: one layer of the base is there several times",
        ]
        "#);
    }

    #[test]
    fn dropped_inserted_and_reordered_layers_are_told() {
        let found = of(4, 4, &[(3, 0), (0, 1), (1, 3)], &[]);
        assert_eq!(
            (found.dropped_layers.as_slice(), found.inserted_layers.as_slice()),
            ([2].as_slice(), [2].as_slice())
        );
        assert!(found.reordered);
    }

    #[test]
    fn experts_of_one_dense_block_are_gathered() {
        let unit = |expert| UnitMatch {
            suspect_expert: Some(expert),
            base_neurons: 100,
            suspect_neurons: 100,
            sampled: 2,
            pairs: vec![(1, 1), (2, 3)],
            ..UnitMatch::default()
        };
        let found = structure(Seen {
            base_layers: [0].into(),
            suspect_layers: [0].into(),
            cells: &[LayerEffect { base_layer: 0, suspect_layer: 0, effect: 0.9 }],
            units: &[unit(0)],
            experts: &[(0, None, 0, 0), (0, None, 0, 2)],
            ..Seen::default()
        });
        assert_eq!(found.experts[0].experts, [0, 2]);
        assert_debug_snapshot!(found.summary, @r#"
        [
            "layers 0 → 0",
            "feed-forward blocks: 100 neurons wide as the base's; 100 % of the salient neurons are found, 50 % of those in their place",
            "experts: up to 2 of a layer go back to the dense feed-forward block of the base, in layers 0",
            "direction not determined by the weights; hints that the base came first: several experts go back to one dense block of the base",
        ]
        "#);
    }

    #[test]
    fn nothing_found_claims_nothing() {
        assert_eq!(of(4, 4, &[], &[]).layer_map, []);
        assert!(of(4, 4, &[], &[]).inserted_layers.is_empty());
    }
}
