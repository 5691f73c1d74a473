// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Pairs of models that were drawn apart, of kinds that make a test of descent err if anything does.
//!
//! In: a kind, a seed, and a number of pairs. Out: for each kind and mechanism the p-values before the correction for
//! the number of mechanisms, what was said of the pairs, and whether a p-value is smaller than it should be. The two
//! models of a pair share what the kind says that unrelated models share (a profile of scales, a mask, a table), and no
//! weight. Every pair is two fresh models, so that pairs are independent and limits on rates mean what they say.

mod draw;
mod kinds;
mod run;
mod tables;

pub use draw::{Drawn, SHAPES, Shape};
pub use kinds::{KINDS, Kind};
pub use run::{Outcome, Said, pair, run};
pub use tables::{complaints, markdown};
