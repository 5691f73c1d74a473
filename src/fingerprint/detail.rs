// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! How much of a model's sketches is kept.
//!
//! In: a fingerprint. Out: the same with smaller sketches. A sketch keeps everything strongest first, so less of it is
//! a prefix, and what is left can be compared with a fingerprint of any other detail.

use super::record::Fingerprint;
use super::sketch::{AttentionRows, BASE_ATTENTION_ROWS, BASE_NEEDLES, Circuit, LayerSketch, Rows, Sketch, Unit};

/// How much of the sketches to keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// At most 1 MiB: enough to find a base that is hardly changed, or to decide which to look at again.
    Lite,
    /// At most 4 MiB: what a registry keeps of a base.
    Base,
    /// Everything: what a suspect should be searched with.
    #[default]
    Full,
}

/// Query heads of a model above which a full fingerprint keeps half the rotary pairs of each.
const MANY_HEADS: usize = 1024;
/// Rotary pairs kept of a head then.
const FEWER_PAIRS: u32 = 16;

/// What is kept of a model.
struct Limits {
    /// Bytes of all sketches.
    bytes: usize,
    /// Layers with rows.
    row_layers: usize,
    /// Needles a unit.
    needles: usize,
    /// Residual channels a row.
    channels: usize,
    /// Rows of each attention projection.
    attention_rows: usize,
    /// Layers with Gram matrices.
    gram_layers: usize,
    /// Neurons a Gram matrix.
    gram_neurons: usize,
    /// Units a layer, while there is room.
    units: usize,
    /// Circuits.
    circuits: usize,
    /// Layers from which circuits are taken.
    circuit_layers: usize,
    /// Rotary pairs a circuit.
    pairs: u32,
    /// Whether responses are kept.
    responses: bool,
}

const BASE: Limits = Limits {
    bytes: 4 << 20,
    row_layers: 40,
    needles: BASE_NEEDLES,
    channels: 256,
    attention_rows: BASE_ATTENTION_ROWS,
    gram_layers: 24,
    gram_neurons: 64,
    units: 4,
    circuits: 24,
    circuit_layers: 12,
    pairs: 32,
    responses: true,
};

const LITE: Limits = Limits {
    bytes: 1 << 20,
    row_layers: 40,
    needles: 32,
    channels: 128,
    attention_rows: 8,
    gram_layers: 12,
    gram_neurons: 64,
    units: 1,
    circuits: 16,
    circuit_layers: 8,
    pairs: 16,
    responses: false,
};

impl Fingerprint {
    /// The same fingerprint with as much of its sketches as `detail` asks for, or as little as it has.
    pub fn reduced(&self, detail: Detail) -> Self {
        let sketches = match detail {
            Detail::Full => full(&self.sketches),
            Detail::Base => within(&self.sketches, &BASE),
            Detail::Lite => within(&self.sketches, &LITE),
        };
        Self { sketches, ..self.clone() }
    }
}

fn full(sketches: &[Sketch]) -> Vec<Sketch> {
    let mut sketches = sketches.to_vec();
    let layers = || sketches.iter().flat_map(|sketch| &sketch.layers);
    if layers().map(|layer| layer.circuits.len()).sum::<usize>() > MANY_HEADS {
        for circuit in sketches.iter_mut().flat_map(|s| &mut s.layers).flat_map(|layer| &mut layer.circuits) {
            *circuit = circuit.first_pairs(FEWER_PAIRS);
        }
    }
    sketches
}

/// As many units a layer as there is room for; stacks share the layers by their depth.
fn within(sketches: &[Sketch], limits: &Limits) -> Vec<Sketch> {
    let depth: usize = sketches.iter().map(|sketch| sketch.layers.len()).sum();
    let mut reduced = Vec::new();
    for units in (1..=limits.units).rev() {
        reduced = sketches.iter().map(|sketch| shorter(sketch, limits, units, depth)).collect();
        if reduced.iter().map(Sketch::bytes).sum::<usize>() <= limits.bytes {
            break;
        }
    }
    reduced
}

fn shorter(sketch: &Sketch, limits: &Limits, units: usize, depth: usize) -> Sketch {
    let layers = sketch.layers.len();
    let share = |most: usize| (most * layers / depth.max(1)).max(1);
    let with_rows = evenly(layers, share(limits.row_layers));
    let with_grams = within_of(&with_rows, share(limits.gram_layers));
    let with_circuits = within_of(&with_rows, share(limits.circuit_layers));
    let circuits = share(limits.circuits).checked_div(with_circuits.len()).unwrap_or_default().max(1);
    let kept = with_rows.iter().filter_map(|at| {
        let layer = sketch.layers.get(*at)?;
        Some(LayerSketch {
            layer: layer.layer,
            units: layer.units.iter().take(units).map(|unit| fewer(unit, limits, with_grams.contains(at))).collect(),
            attention: layer.attention.as_ref().map(|rows| fewer_rows(rows, limits)),
            circuits: if with_circuits.contains(at) { spread(layer, circuits, limits.pairs) } else { Vec::new() },
            responses: if limits.responses { layer.responses.clone() } else { Vec::new() },
        })
    });
    Sketch { layers: kept.collect(), stack: sketch.stack.clone(), ..*sketch }
}

fn fewer(unit: &Unit, limits: &Limits, with_grams: bool) -> Unit {
    let rows = |rows: &Rows| rows.first(limits.needles, limits.channels);
    let neurons = if with_grams { limits.gram_neurons } else { 0 };
    let triangle = |gram: &[i8]| gram.iter().take(neurons * neurons.saturating_sub(1) / 2).copied().collect();
    Unit {
        expert: unit.expert,
        neurons: unit.neurons,
        gated: unit.gated,
        indices: unit.indices.iter().take(limits.needles.max(neurons)).copied().collect(),
        gate: rows(&unit.gate),
        up: rows(&unit.up),
        down: rows(&unit.down),
        words: if with_grams { unit.words.first(neurons, usize::MAX) } else { Rows::default() },
        word_scales: unit.word_scales.iter().take(neurons).copied().collect(),
        gate_gram: triangle(&unit.gate_gram),
        up_gram: triangle(&unit.up_gram),
        down_gram: triangle(&unit.down_gram),
    }
}

fn fewer_rows(rows: &AttentionRows, limits: &Limits) -> AttentionRows {
    let [query, key, value, output] = rows.roles().map(|rows| rows.first(limits.attention_rows, limits.channels));
    AttentionRows { query, key, value, output }
}

/// Circuits of `count` evenly spaced heads, the first among them: of two, head 0 and the one in the middle.
fn spread(layer: &LayerSketch, count: usize, pairs: u32) -> Vec<Circuit> {
    let heads = layer.circuits.len();
    let count = count.min(heads);
    let places = (0..count).map(|at| at * heads / count);
    places.filter_map(|at| layer.circuits.get(at)).map(|circuit| circuit.first_pairs(pairs)).collect()
}

/// `most` of the numbers below `count`, evenly spaced, first and last among them.
fn evenly(count: usize, most: usize) -> Vec<usize> {
    if count <= most {
        return (0..count).collect();
    }
    let steps = most.saturating_sub(1).max(1);
    // To the nearest, halves up.
    (0..most).map(|at| (2 * at * (count - 1) + steps) / (2 * steps)).collect()
}

fn within_of(places: &[usize], most: usize) -> Vec<usize> {
    evenly(places.len(), most).into_iter().filter_map(|at| places.get(at).copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sketch of the sizes that a model of this shape has.
    fn model(depth: u32, units: u32, heads: u32, pairs: u32) -> Fingerprint {
        let rows = |count: usize, columns: u32| Rows { columns, values: vec![1; count * columns as usize] };
        let unit = Unit {
            neurons: 18944,
            gated: true,
            indices: (0..512).collect(),
            gate: rows(512, 256),
            up: rows(512, 256),
            down: rows(512, 256),
            words: rows(256, 228),
            word_scales: vec![1.0; 256],
            gate_gram: vec![1; 256 * 255 / 2],
            up_gram: vec![1; 256 * 255 / 2],
            down_gram: vec![1; 256 * 255 / 2],
            ..Unit::default()
        };
        let attention =
            AttentionRows { query: rows(96, 256), key: rows(96, 256), value: rows(96, 256), output: rows(96, 256) };
        let size = 2 * pairs as usize;
        let circuit = |head| Circuit {
            head,
            rotary_pairs: 64,
            pairs,
            hermitian: vec![1; size * (size - 1)],
            symmetric: vec![1; size * (size + 1)],
            form: vec![1; 4 * size * size],
            form_scale: 1.0,
        };
        let layer = |layer| LayerSketch {
            layer,
            units: (0..units).map(|expert| Unit { expert: (units > 1).then_some(expert), ..unit.clone() }).collect(),
            attention: Some(attention.clone()),
            circuits: (0..heads).map(circuit).collect(),
            responses: vec![1; 2016],
        };
        let sketch = Sketch { hidden: 3584, depth, layers: (0..depth).map(layer).collect(), ..Sketch::default() };
        Fingerprint { sketches: vec![sketch], ..Fingerprint::default() }
    }

    fn bytes(print: &Fingerprint) -> usize {
        print.sketches.iter().map(Sketch::bytes).sum()
    }

    #[test]
    fn sketches_stay_within_their_limits() {
        // Layers, units a layer, query heads.
        let shapes = [("7B", 28, 1, 28), ("80 layers", 80, 1, 16), ("32 layers of 4 experts", 32, 4, 16)];
        let sizes = shapes.map(|(name, depth, units, heads)| {
            let print = model(depth, units, heads, 32);
            let [lite, base, full] = [Detail::Lite, Detail::Base, Detail::Full].map(|d| bytes(&print.reduced(d)));
            assert!(lite <= 1 << 20 && base <= 4 << 20, "{name}: {lite} {base}");
            format!("{name}: lite {lite}, base {base}, full {full}")
        });
        insta::assert_snapshot!(sizes.join("\n"), @"
        7B: lite 812992, base 3219424, full 37551808
        80 layers: lite 1011136, base 4131424, full 60101120
        32 layers of 4 experts: lite 879040, base 3523424, full 86524928
        ");
    }

    #[test]
    fn layers_are_evenly_spaced_with_the_first_and_the_last() {
        assert_eq!(evenly(3, 5), [0, 1, 2]);
        assert_eq!(evenly(10, 4), [0, 3, 6, 9]);
        assert_eq!(evenly(10, 1), [0]);
        let base = model(80, 1, 4, 8).reduced(Detail::Base);
        let layers = &base.sketches[0].layers;
        assert_eq!((layers.len(), layers[0].layer, layers[39].layer), (40, 0, 79));
        let with_grams: Vec<u32> =
            layers.iter().filter(|l| !l.units[0].gate_gram.is_empty()).map(|l| l.layer).collect();
        assert_eq!((with_grams.len(), with_grams[0], with_grams[23]), (24, 0, 79));
        assert_eq!(layers.iter().map(|layer| layer.circuits.len()).sum::<usize>(), 24);
        assert_eq!(base.sketches[0].depth, 80);
    }

    #[test]
    fn reducing_twice_is_reducing_once() {
        let print = model(28, 2, 4, 32);
        for detail in [Detail::Lite, Detail::Base, Detail::Full] {
            assert_eq!(print.reduced(detail).reduced(detail), print.reduced(detail));
        }
        assert_eq!(print.reduced(Detail::Base).reduced(Detail::Full), print.reduced(Detail::Base));
    }

    #[test]
    fn a_base_takes_the_first_head_and_the_middle_one() {
        let base = model(28, 1, 28, 32).reduced(Detail::Base);
        let heads: Vec<u32> = base.sketches[0].layers[0].circuits.iter().map(|circuit| circuit.head).collect();
        assert_eq!(heads, [0, 14]);
    }

    #[test]
    fn models_of_many_heads_keep_half_the_pairs() {
        let pairs = |heads| model(33, 1, heads, 32).reduced(Detail::Full).sketches[0].layers[32].circuits[0].pairs;
        assert_eq!((pairs(31), pairs(32)), (32, 16));
    }
}
