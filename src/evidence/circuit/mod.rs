// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The circuit test: attention heads in the frame of their rotary pairs.
//!
//! In: the sketches of two stacks. Out: a [`CircuitTest`], or `None` where heads cannot be compared.
//!
//! Every circuit of the base looks for its head among all heads of the suspect. What is free in a head is one phase a
//! rotary pair; `sync` recovers the phases, and a score of the match, from the query and key vectors alone (`frame`
//! unpacks them). `test` then asks whether the value–output maps, read in the two frames, agree. `combine` joins the
//! chosen heads of all circuits. Choosing sees queries and keys, testing sees values and outputs, so choosing among
//! heads and layers costs nothing.
//!
//! **Null:** the other network was trained from its own random start; conditional on all magnitudes the phases of its
//! value–output entries are then uniform, and z has mean 0 and variance 1. In trained networks entries are not quite
//! independent, so z is divided by κ, measured in the same pair of models at heads of wrong layers, and by a safety
//! factor. The Gaussian tail is an extrapolation, not a theorem; the signs of whole circuits give a second, weaker
//! p-value that needs no κ.

mod combine;
#[cfg(test)]
mod families;
mod frame;
mod report;
mod sync;
mod test;

pub use combine::circuit;
pub use report::{CircuitMatch, CircuitTest, LayerMatch};
