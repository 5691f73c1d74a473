// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! How one obligation stands: met and where, or not and what to do.

use crate::findings::finding::{Level, Rule};

use super::ledger::{ObligationState, Whereabouts};

/// How one obligation stands.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) outcome: ObligationState,
    /// Where it is met, or where the fault is.
    pub(crate) place: Option<Whereabouts>,
    /// What was seen, a fragment.
    pub(crate) what: String,
    /// Absent where it is met, or where another row tells of the same fault.
    pub(crate) failure: Option<Failure>,
}

/// What a rule says of an obligation that is not met.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) rule: Rule,
    /// One line, then what is to be pasted.
    pub(crate) remedy: String,
    /// Highest level, from the check itself; that of the license comes on top.
    pub(crate) cap: Option<Level>,
}

impl State {
    /// It is met, there.
    pub(super) fn met(place: Option<Whereabouts>, what: impl Into<String>) -> Self {
        Self { outcome: ObligationState::Met, place, what: what.into(), failure: None }
    }

    /// It is not met. The check is certain.
    pub(super) fn missing(rule: Rule, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::failing(ObligationState::Missing, rule, what, remedy)
    }

    /// Only a person can say.
    pub(super) fn open(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::failing(ObligationState::NeedsAttestation, Rule::UnattestedObligation, what, remedy)
    }

    /// Nothing that the owner does meets it.
    pub(super) fn never(rule: Rule, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::failing(ObligationState::Unsatisfiable, rule, what, remedy)
    }

    fn failing(outcome: ObligationState, rule: Rule, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        let failure = Failure { rule, remedy: remedy.into(), cap: None };
        Self { outcome, place: None, what: what.into(), failure: Some(failure) }
    }

    /// Limits the level of the finding.
    pub(super) fn capped(mut self, cap: Option<Level>) -> Self {
        if let (Some(failure), Some(cap)) = (&mut self.failure, cap) {
            failure.cap = Some(failure.cap.map_or(cap, |other| other.min(cap)));
        }
        self
    }

    /// It rests on a heuristic: warns at most.
    pub(super) fn doubtful(self) -> Self {
        self.capped(Some(Level::Warn))
    }

    /// Names the place of the fault.
    pub(super) fn at(mut self, path: &str, line: Option<u32>) -> Self {
        self.place = Some(Whereabouts { path: path.to_owned(), line });
        self
    }
}
