// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Draws pairs and compares them.
//!
//! In: a kind, a number of pairs, a seed. Out: an [`Outcome`]. The number of a pair decides its seed, so that any pair
//! can be drawn again alone.

use std::collections::BTreeMap;

use forebear::evidence::{Comparison, Evidence, Relation, compare_uncorrected};
use rayon::prelude::*;
use serde::Serialize;

use super::draw::{Drawn, SHAPES};
use super::kinds::Kind;
use crate::error::Error;
use crate::random::Random;

/// What was said of the pairs of a kind.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The kind.
    pub kind: &'static str,
    /// Pairs.
    pub pairs: usize,
    /// Pairs by what was said of them.
    pub relations: BTreeMap<Relation, usize>,
    /// Smallest log10 p, corrected as it is reported.
    pub smallest: f64,
    /// log10 p of each mechanism before the correction for the number of mechanisms, by the pairs it was run on.
    pub mechanisms: BTreeMap<String, Vec<f64>>,
    /// Largest effect of each mechanism.
    pub effects: BTreeMap<String, f64>,
}

impl Outcome {
    /// Pairs said to descend.
    pub fn accused(&self) -> usize {
        self.relations.iter().filter(|(relation, _)| relation.is_descent()).map(|(_, count)| count).sum()
    }
}

/// What was said of one pair.
#[derive(Clone, Debug)]
pub struct Said {
    /// As it is reported.
    pub comparison: Comparison,
    /// Before the correction.
    pub uncorrected: Vec<Evidence>,
}

/// Draws `pairs` pairs of a kind and compares them.
pub fn run(kind: &Kind, pairs: usize, seed: u64) -> Result<Outcome, Error> {
    let said: Vec<Said> =
        (0..pairs).into_par_iter().map(|number| compared(kind, number, seed)).collect::<Result<_, _>>()?;
    let mut outcome = Outcome {
        kind: kind.name,
        pairs,
        relations: BTreeMap::new(),
        smallest: 0.0,
        mechanisms: BTreeMap::new(),
        effects: BTreeMap::new(),
    };
    for Said { comparison, uncorrected } in said {
        *outcome.relations.entry(comparison.relation).or_default() += 1;
        outcome.smallest = comparison.log10_p.unwrap_or(0.0).min(outcome.smallest);
        for evidence in uncorrected {
            let effect = outcome.effects.entry(evidence.mechanism.clone()).or_default();
            *effect = effect.max(evidence.effect);
            outcome.mechanisms.entry(evidence.mechanism).or_default().extend(evidence.log10_p);
        }
    }
    Ok(outcome)
}

/// The two models of a pair.
pub fn pair(kind: &Kind, number: usize, seed: u64) -> [Drawn; 2] {
    let shape = SHAPES.get(number % SHAPES.len()).copied().unwrap_or(SHAPES[0]);
    let numbers = Random::new(seed).bits() ^ (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut seeds = Random::new(numbers);
    let common = Random::new(seeds.bits());
    [(); 2].map(|()| (kind.draw)(shape, &mut common.clone(), &mut Random::new(seeds.bits())))
}

fn compared(kind: &Kind, number: usize, seed: u64) -> Result<Said, Error> {
    let [base, suspect] = pair(kind, number, seed);
    let (comparison, uncorrected) = compare_uncorrected(&suspect.print()?, &base.print()?, 1);
    Ok(Said { comparison, uncorrected })
}
