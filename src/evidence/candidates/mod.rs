// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Which bases of a large registry are worth the complete tests.
//!
//! In: the bases, and a file in the cache. Out: the comparisons of a suspect with the bases that a short record does
//! not rule out, and how many there were of each.
//!
//! A [`Record`] is made of a base's fingerprint and of nothing else. Four signals are read from it: shared row and
//! column hashes (`lines`), signs at the same places (`places`), attention heads in any coordinates (`heads`), and
//! neurons in any coordinates (`neurons`). `choose` keeps what any of them speaks for, and the best of each. The index
//! only leaves bases out: what is said of a pair comes from the complete tests, corrected for all bases there are.

mod choose;
mod file;
mod heads;
mod known;
mod lines;
mod neurons;
mod places;
mod projection;
mod record;
#[cfg(test)]
mod tests;

pub use choose::{Asked, BEST, Choice, Plain, SIGNALS, Signal};
pub use file::{Index, Key};
pub use known::{Candidates, EVERY, Examined, Found, KnownBase};
pub use record::Record;
