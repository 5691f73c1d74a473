// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What the circuit test reports.

use std::collections::BTreeMap;

/// Outcome of the test over all circuits of a base.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CircuitTest {
    /// ln p; not corrected for other mechanisms or bases.
    pub ln_p: f64,
    /// Combined statistic T = Σ w z / √Σ w².
    pub statistic: f64,
    /// Standard deviation K that T is taken to have under the null.
    pub scale: f64,
    /// Root mean square of z at wrong layers.
    pub kappa: f64,
    /// Weighted mean correlation of the value–output maps, −1…1.
    pub effect: f64,
    /// Share of the base's circuits with z > 4κ.
    pub hit_share: f64,
    /// Layers of the base with such a circuit.
    pub hit_layers: usize,
    /// Median score of the matches, 0…1: how alike queries and keys are.
    pub alignment: f64,
    /// ln of Hoeffding's bound on the signs of the circuits: a second opinion that does not use κ.
    pub ln_p_signs: f64,
    /// Heads of the suspect.
    pub candidates: usize,
    /// Rotary pairs compared of each head.
    pub pairs: usize,
    /// One entry a circuit of the base.
    pub matches: Vec<CircuitMatch>,
}

/// A circuit of the base and the head it chose.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CircuitMatch {
    /// Layer of the base.
    pub base_layer: u32,
    /// Query head of the base.
    pub base_head: u32,
    /// Layer of the suspect.
    pub suspect_layer: u32,
    /// Query head of the suspect.
    pub suspect_head: u32,
    /// Score of the match, 0…1.
    pub alignment: f64,
    /// Weight, from the match only.
    pub weight: f64,
    /// Correlation of the value–output maps.
    pub r: f64,
    /// The same in units of its null standard deviation.
    pub z: f64,
    /// Whether z > 4κ.
    pub hit: bool,
}

/// The circuits that lead from one layer of the base to one of the suspect.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayerMatch {
    /// Layer of the base.
    pub base_layer: u32,
    /// Layer of the suspect.
    pub suspect_layer: u32,
    /// Query heads, base → suspect.
    pub heads: Vec<(u32, u32)>,
    /// Mean correlation.
    pub r: f64,
    /// Largest z.
    pub z: f64,
}

impl CircuitTest {
    /// Pairs of layers with a hit, by base layer and suspect layer; only hits are counted.
    pub fn layers(&self) -> Vec<LayerMatch> {
        let mut cells: BTreeMap<(u32, u32), LayerMatch> = BTreeMap::new();
        for found in self.matches.iter().filter(|found| found.hit) {
            let (base_layer, suspect_layer) = (found.base_layer, found.suspect_layer);
            let new = LayerMatch { base_layer, suspect_layer, z: found.z, ..LayerMatch::default() };
            let cell = cells.entry((base_layer, suspect_layer)).or_insert(new);
            cell.heads.push((found.base_head, found.suspect_head));
            cell.r += found.r;
            cell.z = cell.z.max(found.z);
        }
        let mut layers: Vec<LayerMatch> = cells.into_values().collect();
        for layer in &mut layers {
            layer.r /= layer.heads.len().max(1) as f64;
        }
        layers
    }
}
