// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The Gram test: feed-forward neurons found again in any coordinates.
//!
//! In: two sketches. Out: a [`GramTest`]. `neurons` unpacks what a sketch keeps, `matching` pairs neurons by their gate
//! rows, `statistic` tests the pairing on the down rows, `combine` runs both over all pairs of layers.
//!
//! Cosines between the neurons of one block survive every rotation of the residual stream, and so do those with words
//! that the network itself brings along. Neurons are paired by words and by cosines of gate rows; signs are set by up
//! rows; what is tested are cosines of down rows, of which everything that gate and up explain, and the eight strongest
//! directions (structure that every trained network shares), have been taken away.
//!
//! **Null:** the other network was trained from its own random start. Then, given gate and up, what remains of the down
//! rows of one network is indifferent to the order of the neurons of the other, and the correlation is judged against
//! all orders of them. This is a model, not a theorem: the standard deviation is taken 1.5 times larger, and three times
//! without a gate.

mod combine;
mod matching;
mod neurons;
mod statistic;
#[cfg(test)]
mod tests;

pub(super) use combine::found_alone;
pub use combine::{GramCell, GramTest, gram};
