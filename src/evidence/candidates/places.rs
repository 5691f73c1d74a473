// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Signal: signs at the same places of matrices of one shape, and of feed-forward rows whatever the shape.
//!
//! In: matrices. Out of a base: the signs of the first 128 doubly centred samples, which choose partners in the complete
//! test too; the places that test there are not looked at. Of gate, up, and down also the signs of two rows in the first
//! 64 channels, which stand where they stood when a model is widened. Out of both, with
//! z = (agreeing − disagreeing)/√128: by shape, for each matrix of the base z of the best of n candidates less √(2 ln n),
//! of which the largest, and their sum over √m; and in place, for matrices of one role, layer, and shape, the sum of z
//! over √m, which sees a common initialisation too.

use std::collections::BTreeMap;

use crate::fingerprint::{MATCHING, MatrixPrint, Needles, Samples, fnv1a64};

/// Matrices of a base whose signs are kept.
const MATRICES: usize = 64;
/// Matrices of one shape of a suspect that are looked at: models of many experts have tens of thousands.
const CANDIDATES: usize = 512;
/// Matrices of a base whose rows are looked at.
const NEEDLES: usize = 24;
/// Channels of a row, of which two make the signs.
const CHANNELS: usize = 64;

/// Signs of one matrix, with hashes of its shape and of where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Lower half of a hash of the shape, longer side first; zero for rows.
    pub(super) shape: u32,
    /// The same of role, layer, and shape.
    pub(super) stand: u32,
    /// One bit a sample: whether it is above zero.
    pub(super) signs: u128,
}

/// The signs to keep of a base.
pub(super) fn of_base(matrices: &[&MatrixPrint]) -> Vec<Place> {
    let sampled: Vec<Place> = matrices.iter().filter_map(|matrix| sampled(matrix, &matrix.samples)).collect();
    let rows: Vec<Place> = matrices.iter().filter_map(|matrix| rows(matrix)).collect();
    let kept = |places: &[Place], most| -> Vec<Place> {
        super::record::spread(places.len(), most).into_iter().filter_map(|at| places.get(at).copied()).collect()
    };
    [kept(&sampled, MATRICES), kept(&rows, NEEDLES)].concat()
}

fn sampled(matrix: &MatrixPrint, samples: &Samples) -> Option<Place> {
    let (long, short) = matrix.canonical_shape();
    let shape = fnv1a64(format!("{long}x{short}").as_bytes()) as u32;
    Some(Place { shape, stand: stand(matrix, shape), signs: signs(samples.centred.get(..MATCHING)?.iter()) })
}

/// Two rows of a matrix of a dense gated block.
fn rows(matrix: &MatrixPrint) -> Option<Place> {
    let Needles { rows, channels, .. } = matrix.needles.as_ref()?;
    let row = |at: usize| rows.get(at * channels..at * channels + CHANNELS.min(*channels));
    let (first, second) = (row(0)?, row(1)?);
    let signs = signs(first.iter().chain(second));
    (first.len() == CHANNELS).then(|| Place { shape: 0, stand: stand(matrix, 0), signs })
}

fn stand(matrix: &MatrixPrint, shape: u32) -> u32 {
    fnv1a64(format!("{} {:?} {:?} {shape}", matrix.role.name(), matrix.layer, matrix.expert).as_bytes()) as u32
}

fn signs<'a>(values: impl Iterator<Item = &'a i8>) -> u128 {
    values.fold(0, |signs, value| signs << 1 | u128::from(*value > 0))
}

/// Signs of a suspect, by shape and by where they stand.
pub(super) struct Places {
    by_shape: BTreeMap<u32, Vec<u128>>,
    by_stand: BTreeMap<u32, u128>,
}

/// What signs say of a base.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Agreement {
    /// Of the matrix that agrees best.
    pub(super) best: f32,
    /// Of all matrices together.
    pub(super) all: f32,
    /// Of all that stand in the same place.
    pub(super) in_place: f32,
}

impl Places {
    /// Those of all matrices, square ones both ways.
    pub(super) fn of(matrices: &[&MatrixPrint]) -> Self {
        let mut by_shape: BTreeMap<u32, Vec<u128>> = BTreeMap::new();
        let mut by_stand = BTreeMap::new();
        for matrix in matrices {
            let both = [&matrix.samples, &matrix.transposed].into_iter().filter_map(|samples| sampled(matrix, samples));
            for place in both {
                by_shape.entry(place.shape).or_default().push(place.signs);
                by_stand.entry(place.stand).or_insert(place.signs);
            }
            by_stand.extend(rows(matrix).map(|place| (place.stand, place.signs)));
        }
        for list in by_shape.values_mut() {
            let chosen = super::record::spread(list.len(), CANDIDATES);
            *list = chosen.into_iter().filter_map(|at| list.get(at).copied()).collect();
        }
        Self { by_shape, by_stand }
    }

    /// How well a base agrees; none if neither shape nor place is common.
    pub(super) fn agreement(&self, base: &[Place]) -> Option<Agreement> {
        let z = |differing: u32| (MATCHING as f32 - 2.0 * differing as f32) / (MATCHING as f32).sqrt();
        let (mut best, mut by_shape, mut in_place) = (f32::MIN, Sum::default(), Sum::default());
        for place in base {
            if let Some(signs) = self.by_stand.get(&place.stand) {
                in_place.add(z((signs ^ place.signs).count_ones()));
            }
            let candidates = self.by_shape.get(&place.shape).map(Vec::as_slice).unwrap_or_default();
            if let Some(fewest) = candidates.iter().map(|signs| (signs ^ place.signs).count_ones()).min() {
                let beyond = z(fewest) - (2.0 * (candidates.len().max(2) as f32).ln()).sqrt();
                best = best.max(beyond);
                by_shape.add(beyond);
            }
        }
        let any = by_shape.count + in_place.count > 0;
        any.then(|| Agreement { best, all: by_shape.over_root(), in_place: in_place.over_root() })
    }

    /// Whether there is anything to compare.
    pub(super) fn is_empty(&self) -> bool {
        self.by_stand.is_empty()
    }
}

/// A sum of numbers of one standard deviation.
#[derive(Default)]
struct Sum {
    sum: f32,
    count: usize,
}

impl Sum {
    fn add(&mut self, value: f32) {
        self.sum += value;
        self.count += 1;
    }

    /// The sum over the root of how many there are, which again has that standard deviation.
    fn over_root(&self) -> f32 {
        self.sum / (self.count.max(1) as f32).sqrt()
    }
}
