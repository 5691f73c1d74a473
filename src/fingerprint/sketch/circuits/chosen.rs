// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The circuits a base keeps.
//!
//! In: a sketch with all query heads, or one that was thinned before. Out: at most a fixed number of circuits, from
//! layers evenly spaced over the depth, first and last among them, and from heads evenly spaced over a layer. Choosing
//! again from what was chosen changes nothing.

use crate::fingerprint::sketch::record::{Circuit, Sketch};

/// Circuits a base keeps.
const CIRCUITS: usize = 24;
/// Layers they come from at most.
const LAYERS: usize = 12;

impl Sketch {
    /// The circuits to keep of a base, each with the number of its layer, in the order of the sketch.
    pub fn chosen_circuits(&self) -> Vec<(u32, &Circuit)> {
        let layers: Vec<_> = self.layers.iter().filter(|layer| !layer.circuits.is_empty()).collect();
        let places = spread(layers.len(), LAYERS);
        let heads = CIRCUITS / places.len().max(1);
        places
            .into_iter()
            .filter_map(|at| layers.get(at))
            .flat_map(|layer| {
                let places = strided(layer.circuits.len(), heads);
                places.into_iter().filter_map(|at| Some((layer.layer, layer.circuits.get(at)?)))
            })
            .collect()
    }
}

/// `kept` of the indices 0, …, n−1, evenly spaced from the first to the last.
fn spread(n: usize, kept: usize) -> Vec<usize> {
    if n <= kept {
        return (0..n).collect();
    }
    let steps = kept.saturating_sub(1).max(1);
    (0..kept).map(|at| (at * (n - 1) + steps / 2) / steps).collect()
}

/// `kept` of the indices 0, …, n−1: 0, n/kept, 2n/kept, ….
fn strided(n: usize, kept: usize) -> Vec<usize> {
    if n <= kept { (0..n).collect() } else { (0..kept).map(|at| at * n / kept).collect() }
}

#[cfg(test)]
mod tests {
    use super::{CIRCUITS, spread, strided};
    use crate::fingerprint::sketch::record::{Circuit, LayerSketch, Sketch};

    fn sketch(layers: u32, heads: u32) -> Sketch {
        let circuit = |head| Circuit { head, ..Circuit::default() };
        let layer =
            |layer| LayerSketch { layer, circuits: (0..heads).map(circuit).collect(), ..LayerSketch::default() };
        Sketch { layers: (0..layers).map(layer).collect(), ..Sketch::default() }
    }

    #[test]
    fn first_and_last_layer_are_kept() {
        assert_eq!(spread(6, 12), [0, 1, 2, 3, 4, 5]);
        assert_eq!(spread(30, 12), [0, 3, 5, 8, 11, 13, 16, 18, 21, 24, 26, 29]);
        assert_eq!(strided(28, 2), [0, 14]);
    }

    #[test]
    fn choosing_twice_changes_nothing() {
        for (layers, heads) in [(80, 64), (30, 9), (6, 4), (4, 4), (18, 4), (1, 100), (5, 7)] {
            let full = sketch(layers, heads);
            let chosen: Vec<(u32, u32)> = full.chosen_circuits().iter().map(|(l, c)| (*l, c.head)).collect();
            assert!(chosen.len() <= CIRCUITS && chosen.len() >= CIRCUITS.min((layers * heads) as usize) - 4);
            let mut thinned = full.clone();
            for layer in &mut thinned.layers {
                layer.circuits.retain(|circuit| chosen.contains(&(layer.layer, circuit.head)));
            }
            let again: Vec<(u32, u32)> = thinned.chosen_circuits().iter().map(|(l, c)| (*l, c.head)).collect();
            assert_eq!(again, chosen);
        }
    }
}
