// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Every needle of a base in every layer of a suspect.
//!
//! In: two sketches. Out: a [`NeedleSearch`]. Suspect layers are taken one after another, needles of the base at the
//! same time; sums run in the order of the base's layers, so the number of threads does not show.

use rayon::prelude::*;

use super::PERMUTATION_Z;
use super::halves::{Bundle, Cut, Half};
use super::matching::{Candidates, Choice, Needles, choose};
use super::sums::{Partner, Sums, cosine};
use crate::evidence::order::{ORDERED, neighbours};
use crate::evidence::tails::rademacher;
use crate::fingerprint::{AttentionRows, BASE_ATTENTION_ROWS, BASE_NEEDLES, LayerSketch, NEEDLES_KEPT, Rows, Sketch};

/// Units of a base's layer whose needles are looked for.
const BASE_UNITS: usize = 4;
/// Fewest channels on which a search makes sense.
const FEWEST_CHANNELS: usize = 16;

/// Outcome of the search.
#[derive(Clone, Debug, PartialEq)]
pub struct NeedleSearch {
    /// Rows of the feed-forward blocks; `None` if one side has none.
    pub feed_forward: Option<NeedleEvidence>,
    /// Rows of the attention projections; `None` if one side has none.
    pub attention: Option<NeedleEvidence>,
    /// Channels that test, each with one sign under the null.
    pub channels: usize,
    /// Smallest log10 p that this many channels can give.
    pub floor: f64,
    /// Whether both networks subtract a mean over the channels, so that the permutation z decides too.
    pub centred: bool,
}

/// What the needles of one kind say.
#[derive(Clone, Debug, PartialEq)]
pub struct NeedleEvidence {
    /// ln p, not corrected for anything.
    pub ln_p: f64,
    /// Mean cosine of the needles and their partners on the testing channels.
    pub effect: f64,
    /// Share of needles with a cosine above 0.35.
    pub found: f64,
    /// Needles looked for.
    pub needles: usize,
    /// z against permutations of the channels, a null that holds under LayerNorm too.
    pub permutation_z: f64,
    /// Mean cosine by pair of layers, unbiased by the search.
    pub heat: Heat,
}

/// A number for every pair of layers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heat {
    /// Numbers of the base's layers.
    pub base_layers: Vec<u32>,
    /// Numbers of the suspect's layers.
    pub suspect_layers: Vec<u32>,
    /// One number a pair, base layer by base layer.
    pub values: Vec<f64>,
}

impl Heat {
    /// The number of the `base`-th and `suspect`-th layer; zero beyond the end.
    pub fn at(&self, base: usize, suspect: usize) -> f64 {
        self.values.get(base * self.suspect_layers.len() + suspect).copied().unwrap_or_default()
    }
}

/// Looks for the needles of `base` among the rows of `suspect`; `None` if there are too few channels.
pub fn needle_search(suspect: &Sketch, base: &Sketch) -> Option<NeedleSearch> {
    let channels = channels(suspect)?.min(channels(base)?);
    let cut = Cut { channels, centred: suspect.centred_norm && base.centred_norm };
    if channels < FEWEST_CHANNELS {
        return None;
    }
    let gated = [suspect, base].iter().all(|sketch| gated(sketch));
    let units = |layer, most, rows| feed_forward(layer, gated, most, rows);
    let feed_forward = run(
        &[layers(base, |layer| units(layer, BASE_UNITS, BASE_NEEDLES))],
        &[layers(suspect, |layer| units(layer, usize::MAX, NEEDLES_KEPT))],
        cut,
    );
    let roles = |sketch, most| -> Vec<Layers<'_>> {
        (0..4).map(|role| layers(sketch, |layer| projection(layer, role, most))).collect()
    };
    let attention = run(&roles(base, BASE_ATTENTION_ROWS), &roles(suspect, usize::MAX), cut);
    let width = cut.width(Half::Testing);
    Some(NeedleSearch {
        feed_forward,
        attention,
        channels: width,
        floor: -(width as f64) / (2.0 * std::f64::consts::LN_10),
        centred: cut.centred,
    })
}

/// Bundles of rows by layer number.
type Layers<'a> = Vec<(u32, Vec<Bundle<'a>>)>;

/// The layers that have something to look for or in.
fn layers<'a>(sketch: &'a Sketch, bundles: impl Fn(&'a LayerSketch) -> Vec<Bundle<'a>>) -> Layers<'a> {
    let found = sketch.layers.iter().map(|layer| (layer.layer, bundles(layer)));
    found.filter(|(_, bundles)| !bundles.is_empty()).collect()
}

/// Channels that all rows of a sketch have; `None` if it has no rows.
fn channels(sketch: &Sketch) -> Option<usize> {
    let units = sketch.layers.iter().flat_map(|layer| &layer.units).flat_map(|unit| [&unit.gate, &unit.up, &unit.down]);
    let attention = sketch.layers.iter().filter_map(|layer| layer.attention.as_ref()).flat_map(AttentionRows::roles);
    units.chain(attention).filter(|rows| rows.count() > 0).map(|rows| rows.columns as usize).min()
}

fn gated(sketch: &Sketch) -> bool {
    sketch.layers.iter().flat_map(|layer| &layer.units).all(|unit| unit.gated)
}

/// The first `most` units of a layer.
fn feed_forward(layer: &LayerSketch, gated: bool, most: usize, rows: usize) -> Vec<Bundle<'_>> {
    let units = layer.units.iter().take(most);
    units
        .filter_map(|unit| {
            let signed: Vec<&Rows> = if gated { vec![&unit.up, &unit.down] } else { vec![&unit.down] };
            Bundle::new(Some(&unit.gate), signed, rows)
        })
        .collect()
}

/// One attention projection of a layer.
fn projection(layer: &LayerSketch, role: usize, most: usize) -> Vec<Bundle<'_>> {
    let rows = layer.attention.as_ref().and_then(|attention| attention.roles().get(role).copied());
    rows.and_then(|rows| Bundle::new(None, vec![rows], most)).into_iter().collect()
}

/// Needles of one bundle of the base, on their way through the suspect's layers.
struct Task<'a> {
    base_layer: u32,
    bundle: &'a Bundle<'a>,
    needles: Needles,
    /// For each needle the layer, by place, in which it stands out most, and its choice there.
    best: Vec<Option<(usize, Choice)>>,
}

/// Searches in each kind of rows apart and sums over all of them.
fn run(base: &[Layers<'_>], suspect: &[Layers<'_>], cut: Cut) -> Option<NeedleEvidence> {
    let mut sums = Sums::new(cut.width(Half::Testing));
    let mut heat: Vec<Heat> = Vec::new();
    for (ours, theirs) in base.iter().zip(suspect) {
        if ours.is_empty() || theirs.is_empty() {
            continue;
        }
        let mut tasks: Vec<Task<'_>> = ours
            .par_iter()
            .flat_map_iter(|(layer, bundles)| {
                bundles.iter().map(|bundle| Task {
                    base_layer: *layer,
                    bundle,
                    needles: Needles::new(bundle, cut),
                    best: vec![None; bundle.count],
                })
            })
            .collect();
        heat.push(search(&mut tasks, theirs, cut));
        let parts: Vec<Sums> = tasks.par_iter().map(|task| task.sums(theirs, cut)).collect();
        for part in &parts {
            sums.add(part);
        }
    }
    if sums.needles == 0 {
        return None;
    }
    let needles = sums.needles as f64;
    let permutation_z = sums.permutation_z();
    let (sum, squares) = sums.channels.iter().fold((0.0, 0.0), |(sum, squares), x| (sum + x, squares + x * x));
    let silenced = cut.centred && permutation_z < PERMUTATION_Z || ordered(base, suspect, cut);
    Some(NeedleEvidence {
        ln_p: if silenced { 0.0 } else { rademacher(sum, squares) },
        effect: sums.cosines / needles,
        found: sums.found as f64 / needles,
        needles: sums.needles,
        permutation_z,
        heat: mean(&heat),
    })
}

/// Whether neighbouring channels of both sides resemble one another: those that choose then know those that test.
fn ordered(base: &[Layers<'_>], suspect: &[Layers<'_>], cut: Cut) -> bool {
    let most = |side: &[Layers<'_>]| {
        let kinds = side.iter().flat_map(|layers| {
            let bundles = || layers.iter().flat_map(|(_, bundles)| bundles);
            let kinds = bundles().map(|bundle| bundle.roles().count()).max().unwrap_or_default();
            (0..kinds).map(move |kind| {
                let rows = bundles().filter_map(move |bundle| Some((bundle.roles().nth(kind)?, bundle.count)));
                let lines = rows.flat_map(|(rows, count)| (0..count).map(move |at| rows.row(at)));
                neighbours(lines.filter_map(|line| line.get(..cut.channels)))
            })
        });
        kinds.fold(0.0, f64::max)
    };
    most(base) > ORDERED && most(suspect) > ORDERED
}

/// Sends the needles through the layers of the suspect, and returns the weighted mean cosine of every pair of layers.
fn search(tasks: &mut [Task<'_>], suspect: &Layers<'_>, cut: Cut) -> Heat {
    let mut base_layers: Vec<u32> = tasks.iter().map(|task| task.base_layer).collect();
    base_layers.dedup();
    let mut heat = Heat {
        values: vec![0.0; base_layers.len() * suspect.len()],
        suspect_layers: suspect.iter().map(|(layer, _)| *layer).collect(),
        base_layers,
    };
    for (at, (_, bundles)) in suspect.iter().enumerate() {
        let candidates = Candidates::new(bundles, cut);
        let cells: Vec<(u32, f64, f64)> = tasks
            .par_iter_mut()
            .map(|task| {
                let (weighted, weights) = task.visit(at, bundles, &candidates, cut);
                (task.base_layer, weighted, weights)
            })
            .collect();
        for (row, layer) in heat.base_layers.iter().enumerate() {
            let of_layer = cells.iter().filter(|(base, ..)| base == layer);
            let (weighted, weights) = of_layer.fold((0.0, 0.0), |(a, b), (_, c, d)| (a + c, b + d));
            if let Some(cell) = heat.values.get_mut(row * suspect.len() + at) {
                *cell = weighted / f64::max(weights, f64::MIN_POSITIVE);
            }
        }
    }
    heat
}

impl Task<'_> {
    /// Chooses partners in one layer; returns the sum of the weighted cosines and of the weights.
    fn visit(&mut self, at: usize, bundles: &[Bundle<'_>], candidates: &Candidates, cut: Cut) -> (f64, f64) {
        let (mut weighted, mut weights) = (0.0, 0.0);
        let chosen = choose(&self.needles, candidates);
        for (needle, (choice, best)) in chosen.into_iter().zip(&mut self.best).enumerate() {
            if let Some((bundle, row)) = place(bundles, choice.candidate) {
                weighted += choice.weight * cosine(self.bundle, &Partner { needle, choice, bundle, row }, cut);
                weights += choice.weight;
            }
            if best.is_none_or(|(_, earlier)| choice.weight > earlier.weight) {
                *best = Some((at, choice));
            }
        }
        (weighted, weights)
    }

    /// The sums over its needles, each with its partner in the layer where it stands out most.
    fn sums(&self, suspect: &Layers<'_>, cut: Cut) -> Sums {
        let partners: Vec<Partner<'_>> = self
            .best
            .iter()
            .enumerate()
            .filter_map(|(needle, best)| {
                let (layer, choice) = (*best)?;
                let (bundle, row) = place(&suspect.get(layer)?.1, choice.candidate)?;
                Some(Partner { needle, choice, bundle, row })
            })
            .collect();
        Sums::of(self.bundle, &partners, cut)
    }
}

/// The bundle in which a candidate stands, and its row there.
fn place<'a, 'b>(bundles: &'b [Bundle<'a>], candidate: usize) -> Option<(&'b Bundle<'a>, usize)> {
    let mut row = candidate;
    for bundle in bundles {
        if row < bundle.count {
            return Some((bundle, row));
        }
        row -= bundle.count;
    }
    None
}

/// Mean over the kinds of rows that have the same layers as the first.
fn mean(heat: &[Heat]) -> Heat {
    let Some(first) = heat.first() else { return Heat::default() };
    let same: Vec<&Heat> = heat
        .iter()
        .filter(|other| other.base_layers == first.base_layers && other.suspect_layers == first.suspect_layers)
        .collect();
    let value = |at: usize| {
        let values = same.iter().filter_map(|other| other.values.get(at));
        values.sum::<f64>() / same.len() as f64
    };
    Heat { values: (0..first.values.len()).map(value).collect(), ..first.clone() }
}
