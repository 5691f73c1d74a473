// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Which bases are compared completely.
//!
//! In: a suspect and records. Out: the records to keep. A base is kept when a signal speaks for it beyond a threshold,
//! or is among the best of a signal, or when nothing is known of it. The thresholds of `heads` and `neurons` are in
//! robust standard deviations of the registry itself: most of a large registry is unrelated to the suspect, and what is
//! not stands out, and is kept.

use super::lines::Lines;
use super::places::Places;
use super::record::{Record, evidence};
use super::{heads, neurons};
use crate::fingerprint::Fingerprint;
use rayon::prelude::*;

/// Bases kept by each signal at least.
pub const BEST: usize = 16;
/// Shared hashes that keep a base.
const SHARED: usize = 2;
/// Signs of one matrix that keep a base.
const ONE_MATRIX: f32 = 3.5;
/// Signs of all matrices together that keep a base.
const ALL_MATRICES: f32 = 4.0;
/// Signs of all matrices in the same place that keep a base.
const IN_PLACE: f32 = 5.0;
/// Robust standard deviations above the median of the registry that keep a base.
const STANDS_OUT: f32 = 6.0;
/// Mean cosine of heads or neurons that keeps a base, whatever the others have: a registry may hold nothing but relatives.
const ALIKE: f32 = 0.8;

/// A signal, and what is said of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    /// Shared row and column hashes.
    Lines,
    /// Signs at the same places.
    Places,
    /// Attention heads in any coordinates.
    Heads,
    /// Feed-forward neurons in any coordinates.
    Neurons,
}

/// All signals, cheapest first.
pub const SIGNALS: [Signal; 4] = [Signal::Lines, Signal::Places, Signal::Heads, Signal::Neurons];

impl Signal {
    /// Name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lines => "row-hashes",
            Self::Places => "aligned-signs",
            Self::Heads => "attention-heads",
            Self::Neurons => "neurons",
        }
    }
}

/// The signals that cost least: what a model shows that nobody disguised.
pub struct Plain {
    lines: Lines,
    places: Places,
}

impl Plain {
    /// Reads what is asked for from a fingerprint.
    pub fn of(print: &Fingerprint) -> Self {
        let matrices = evidence(print);
        Self { lines: Lines::of(&matrices), places: Places::of(&matrices) }
    }

    /// The records that one of the two speaks for beyond its threshold: relatives, and not only the best there is.
    pub fn relatives<R: AsRef<Record> + Sync>(&self, records: &[R]) -> Vec<usize> {
        let is_one =
            |record: &Record| self.scores(record).into_iter().flatten().any(|score| score.beyond == Some(true));
        (0..records.len())
            .into_par_iter()
            .filter(|at| records.get(*at).is_some_and(|one| is_one(one.as_ref())))
            .collect()
    }

    fn scores(&self, record: &Record) -> [Option<Score>; 2] {
        let shared = self.lines.shared(&record.lines);
        let lines = Score { value: shared as f32, beyond: Some(shared >= SHARED) };
        let places = self.places.agreement(&record.places).map(|found| {
            let value = (found.best / ONE_MATRIX).max(found.all / ALL_MATRICES).max(found.in_place / IN_PLACE);
            Score { value, beyond: Some(value >= 1.0) }
        });
        // A base that shares no line at all is not the best of anything.
        [(shared > 0).then_some(lines), places]
    }
}

/// A suspect, ready to be asked for.
pub struct Asked {
    plain: Plain,
    heads: heads::OfSuspect,
    neurons: Option<neurons::OfSuspect>,
}

/// The records to keep.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Choice {
    /// By place, ascending.
    pub kept: Vec<usize>,
    /// The signals that could be read of the suspect.
    pub signals: Vec<Signal>,
    /// For each of [`SIGNALS`] the records by falling score, and how many of them are beyond the threshold; those of
    /// which it says nothing are not there.
    pub order: [(Vec<usize>, usize); 4],
}

impl Asked {
    /// Reads everything that is asked for from a suspect's fingerprint.
    pub fn of(suspect: &Fingerprint) -> Self {
        Self {
            plain: Plain::of(suspect),
            heads: heads::OfSuspect::of(suspect),
            neurons: neurons::OfSuspect::of(suspect),
        }
    }

    /// Chooses among records.
    pub fn choose<R: AsRef<Record> + Sync>(&self, records: &[R]) -> Choice {
        let heads = self.heads.among(records);
        let scores: Vec<[Option<Score>; 4]> =
            records.par_iter().map(|record| self.scores(record.as_ref(), &heads)).collect();
        let order: [(Vec<usize>, usize); 4] = std::array::from_fn(|signal| {
            let of: Vec<(usize, Score)> =
                scores.iter().enumerate().filter_map(|(at, of)| Some((at, (*of.get(signal)?)?))).collect();
            ranked(of)
        });
        let blank = records.iter().enumerate().filter(|(_, record)| (*record).as_ref().is_blank()).map(|(at, _)| at);
        let best = order.iter().flat_map(|(ranked, beyond)| ranked.iter().take(BEST.max(*beyond)).copied());
        let mut kept: Vec<usize> = best.chain(blank).collect();
        kept.sort_unstable();
        kept.dedup();
        Choice { kept, signals: self.signals(), order }
    }

    fn signals(&self) -> Vec<Signal> {
        let there = [
            !self.plain.lines.is_empty(),
            !self.plain.places.is_empty(),
            !self.heads.is_empty(),
            self.neurons.is_some(),
        ];
        SIGNALS.into_iter().zip(there).filter(|(_, there)| *there).map(|(signal, _)| signal).collect()
    }

    fn scores(&self, record: &Record, heads: &heads::Centred) -> [Option<Score>; 4] {
        let [lines, places] = self.plain.scores(record);
        let relative = |value: f32| Score { value, beyond: (value >= ALIKE).then_some(true) };
        let heads = heads.likeness(&record.heads).map(relative);
        let neurons = self.neurons.as_ref().and_then(|asked| asked.likeness(&record.neurons)).map(relative);
        [lines, places, heads, neurons]
    }
}

/// What one signal says of one base.
#[derive(Clone, Copy)]
struct Score {
    value: f32,
    /// Whether it is beyond the threshold; `None` where that depends on the others.
    beyond: Option<bool>,
}

/// Records by falling score, and how many of the first are kept by the threshold.
fn ranked(mut of: Vec<(usize, Score)>) -> (Vec<usize>, usize) {
    of.sort_by(|(a, x), (b, y)| y.value.total_cmp(&x.value).then(a.cmp(b)));
    let middle = of.get(of.len() / 2).map_or(0.0, |(_, score)| score.value);
    let mut away: Vec<f32> = of.iter().map(|(_, score)| (score.value - middle).abs()).collect();
    away.sort_by(f32::total_cmp);
    let deviation = 1.4826 * away.get(away.len() / 2).copied().unwrap_or_default();
    let stands_out = |score: &Score| score.beyond.unwrap_or(score.value > middle + STANDS_OUT * deviation.max(1e-6));
    let beyond = of.iter().take_while(|(_, score)| stands_out(score)).count();
    (of.into_iter().map(|(at, _)| at).collect(), beyond)
}
