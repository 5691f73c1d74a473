// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The tests that work on whole blocks, over all pairs of stacks of layers.
//!
//! In: two fingerprints. Out: what the needle search, the Gram test and the circuit test say of the pair of stacks that
//! agrees best. A decoder has one stack; an encoder with a decoder, or a vision tower beside a language model, has two.

use std::collections::BTreeSet;

use super::circuit::{CircuitTest, circuit};
use super::gram::{GramTest, gram};
use super::needle_search::{NeedleSearch, needle_search};
use super::tails::corrected;
use crate::fingerprint::{Fingerprint, Sketch};

/// Outcome of the tests for the pair of stacks that agrees best. Every ln p is corrected for the pairs of stacks.
#[derive(Clone, Debug, Default)]
pub(super) struct Blocks {
    /// Rows of the base searched for in the raw channels.
    pub(super) needles: Option<NeedleSearch>,
    /// Feed-forward neurons in any coordinates.
    pub(super) gram: Option<GramTest>,
    /// Attention in any coordinates.
    pub(super) circuit: Option<CircuitTest>,
    /// Numbers of the base's layers.
    pub(super) base_layers: BTreeSet<u32>,
    /// Numbers of the suspect's layers.
    pub(super) suspect_layers: BTreeSet<u32>,
}

/// Runs the tests; `None` if one of the two has no stack of layers.
pub(super) fn blocks(suspect: &Fingerprint, base: &Fingerprint) -> Option<Blocks> {
    let pairs = suspect.sketches.len() * base.sketches.len();
    let all = base.sketches.iter().flat_map(|ours| suspect.sketches.iter().map(move |theirs| (theirs, ours)));
    let mut best: Option<Blocks> = None;
    for (theirs, ours) in all {
        let found = of_stacks(theirs, ours);
        if best.as_ref().is_none_or(|best| found.smallest() < best.smallest()) {
            best = Some(found);
        }
    }
    best.map(|best| best.corrected(pairs))
}

fn of_stacks(suspect: &Sketch, base: &Sketch) -> Blocks {
    let numbers = |sketch: &Sketch| sketch.layers.iter().map(|layer| layer.layer).collect();
    Blocks {
        needles: needle_search(suspect, base),
        gram: gram(suspect, base),
        circuit: circuit(suspect, base),
        base_layers: numbers(base),
        suspect_layers: numbers(suspect),
    }
}

impl Blocks {
    /// ln of the smallest p of all tests; 0 if none could be run.
    fn smallest(&self) -> f64 {
        let needles = self.needles.iter().flat_map(|needles| needles.feed_forward.iter().chain(&needles.attention));
        let all = needles.map(|found| found.ln_p).chain(self.gram.iter().map(|found| found.ln_p));
        all.chain(self.circuit.iter().map(|found| found.ln_p)).fold(0.0, f64::min)
    }

    fn corrected(mut self, pairs: usize) -> Self {
        let correct = |ln_p: &mut f64| *ln_p = corrected(*ln_p, pairs);
        if let Some(needles) = &mut self.needles {
            needles.feed_forward.iter_mut().chain(&mut needles.attention).for_each(|found| correct(&mut found.ln_p));
        }
        self.gram.iter_mut().for_each(|found| correct(&mut found.ln_p));
        self.circuit.iter_mut().for_each(|found| correct(&mut found.ln_p));
        self
    }
}
