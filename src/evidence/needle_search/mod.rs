// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The needle search: rows of a base looked for among all rows of a suspect, in the raw residual channels.
//!
//! In: the sketches of a suspect's and a base's stack. Out: a [`NeedleSearch`]: for the feed-forward and for the
//! attention rows ln p, mean cosine, and the mean cosine for every pair of layers. Finds rows in any order of neurons,
//! experts, heads, and layers; it does not find them after a permutation or rotation of the residual channels.
//!
//! **Statistic.** Even channels J₁ choose, odd channels J₂ test. For a needle i of the base, the partner in the
//! suspect, its sign, its layer, and a weight wᵢ are chosen on J₁ (`matching`). On J₂ the products xᵢⱼ of the two rows,
//! each of unit length on J₂, are averaged over gate, up, and down; Xⱼ = Σᵢ wᵢxᵢⱼ and ln p = −(ΣXⱼ)²/2ΣXⱼ² (`sums`).
//! Of n channels in J₂ no p-value is below e^(−n/2).
//!
//! **Null:** one of the two networks, say the suspect, was trained from a random start of its own. Under RMSNorm a
//! network whose residual channel j has its sign flipped in all tensors computes the same. A start with symmetric
//! signs and an optimiser that commutes with the flips then give every pattern ε of flips on J₂ the same probability,
//! given everything on J₁ and the absolute values on J₂; the rows kept, their standardisation and rounding commute with
//! flips too. Whatever the base is, Xⱼ becomes εⱼXⱼ, the choices on J₁ stay, and Hoeffding's bound for Σ εⱼXⱼ holds
//! exactly, with no correction for the rows, layers, or experts searched. Correlated needles and channels of large
//! values are accounted for by ΣXⱼ². Only one of the two networks was flipped in this argument, so **one symmetric
//! partner suffices**: the test against a LayerNorm network stands if the other network uses RMSNorm.
//!
//! **LayerNorm on both sides.** It subtracts the mean over the channels, so only permutations of the channels are
//! symmetries; a flip does not commute with the direction of all ones. Every half row then has its mean taken off,
//! and a second test, which needs permutations only, must agree: C = Σᵢ wᵢ bᵢ⊗sᵢ on J₂, T = Σ Cⱼⱼ; over uniform
//! permutations of the suspect's channels T has mean ΣC/n and variance Σd²ⱼₖ/(n−1), d the doubly centred C (Hoeffding
//! 1951). Below z = [`PERMUTATION_Z`] the p-value is 1.
//!
//! **Optimisers.** Coordinatewise ones (SGD, Adam, Lion) commute with flips and with permutations. Muon's update is an
//! odd polynomial X·p(XᵀX) of the momentum X, and Shampoo's is L^(−1/4)·G·R^(−1/4): both commute with every orthogonal
//! map of the channels, flips and permutations among them, so the null holds there as well. Block-wise preconditioners
//! and block-wise 8-bit states keep flips (as far as their codes are symmetric) and only the permutations within a
//! block. `permutation_z` is therefore given for every pair, as a second opinion.

mod halves;
mod matching;
mod search;
mod sums;
#[cfg(test)]
mod tests;

pub use search::{Heat, NeedleEvidence, NeedleSearch, needle_search};

/// Permutation z that two LayerNorm networks must reach.
const PERMUTATION_Z: f64 = 6.0;
