// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What every released model owes the licenses of its bases, and whether it is there.
//!
//! In: [`super::Facts`]. Out: the [`Ledger`], one row a model, base, license and obligation, each with a state and
//! what was seen. One checker a group of obligations; the rules draw their findings from the rows.

mod case;
mod changes;
mod clashes;
mod debts;
mod gaps;
mod ledger;
mod names;
mod near;
mod notices;
mod said;
mod shelf;
mod shown;
mod state;
mod terms;
mod texts;
mod words;

#[cfg(test)]
mod tests;

pub use gaps::{Debt, Gap};
pub use ledger::{Ledger, Obligation, ObligationState, Whereabouts};
pub(super) use terms::Own;
