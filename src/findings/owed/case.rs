// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! One question: does this model meet this obligation of this license of this base?

use jiff::civil::Date;

use crate::findings::declared::{DeclaredModel, DeclaredRelation};
use crate::findings::facts::Facts;
use crate::licenses::{LicenseData, ObligationKind};

use super::debts::{Debtor, Owed};
use super::ledger::{ObligationState, Whereabouts};
use super::shelf::Shelf;
use super::state::State;
use super::{changes, names, notices, said, shown, terms, texts};

/// One question, with what is needed to answer it.
#[derive(Clone, Copy)]
pub(super) struct Case<'a, 'f> {
    pub(super) facts: &'f Facts<'a>,
    pub(super) owed: &'f Owed<'a>,
    /// All that is owed, by this model and others.
    pub(super) all: &'f [Owed<'a>],
    pub(super) license: &'static LicenseData,
    pub(super) kind: ObligationKind,
    pub(super) debtor: Debtor<'a>,
    pub(super) shelf: Shelf<'a>,
}

impl<'a> Case<'a, '_> {
    /// The answer.
    pub(super) fn state(&self) -> State {
        match self.kind {
            ObligationKind::LicenseCopy => texts::copy(self),
            ObligationKind::RetainNotices => texts::copyright(self),
            ObligationKind::NoticeFile => notices::sentence(self),
            ObligationKind::PropagateNoticeFile => notices::upstream(self),
            ObligationKind::DisplayText
            | ObligationKind::DisplayTextAtScale
            | ObligationKind::EncouragedDisplay
            | ObligationKind::PublicStatement => shown::display(self),
            ObligationKind::Attribution => shown::attribution(self),
            ObligationKind::NamePrefix => names::prefix(self),
            ObligationKind::NameForbidden => names::forbidden(self),
            ObligationKind::ModifiedFilesNotice
            | ObligationKind::ModificationStatement
            | ObligationKind::IndicateChanges
            | ObligationKind::ExplanatoryDocs => changes::statement(self),
            ObligationKind::PassThroughRestrictions => terms::pass_through(self),
            ObligationKind::DownstreamNotice => terms::downstream(self),
            ObligationKind::SameTerms => terms::same(self),
            ObligationKind::NonCommercial => terms::non_commercial(self),
            ObligationKind::NoDerivativeSharing => terms::no_derivatives(self),
            ObligationKind::NoTrainOthers
            | ObligationKind::Aup
            | ObligationKind::ScaleGate
            | ObligationKind::Territory
            | ObligationKind::Registration
            | ObligationKind::CiteInPublication
            | ObligationKind::ContentFilters => said::by_a_person(self),
        }
    }

    /// Met if somebody attests it in the policy; open otherwise.
    pub(super) fn attested_or(&self, what: &str) -> State {
        let early = self.word().filter(|(_, who)| day(who).is_some_and(|day| day > self.facts.today));
        let what = match early {
            Some((name, who)) => format!("policy.toml attests {name} on a day that has not come ({who})"),
            None => what.to_owned(),
        };
        self.attested().unwrap_or_else(|| State::open(what, self.attest_remedy()))
    }

    /// Met by somebody's word, if there is one.
    pub(super) fn attested(&self) -> Option<State> {
        let (name, who) = self.word()?;
        if day(who)? > self.facts.today {
            return None;
        }
        let place = Whereabouts { path: "policy.toml".into(), line: None };
        Some(State::met(Some(place), format!("attested as {name} by {who}")))
    }

    /// The obligation, as it is attested, and who says so and when.
    fn word(&self) -> Option<(&'a str, &'a str)> {
        let words = &self.entry()?.attested;
        let (name, who) = self.kind.attested_as().find_map(|name| words.get_key_value(name))?;
        Some((name, who))
    }

    /// What to write so that it is attested.
    pub(super) fn attest_remedy(&self) -> String {
        let name = self.kind.attested_as().next().unwrap_or(self.kind.name());
        let (place, line) = match self.entry() {
            Some(entry) if !entry.attested.is_empty() => {
                ("to `attested` of its [[model]] entry", format!("{name} = \"WHO 2026-01-31\""))
            }
            _ => ("to its [[model]] entry", format!("attested = {{ {name} = \"WHO 2026-01-31\" }}")),
        };
        format!("once somebody has looked, add {place} in policy.toml who says so and when:\n{line}")
    }

    pub(super) fn clause(&self) -> Option<&'static str> {
        self.license.clause(self.kind)
    }

    fn entry(&self) -> Option<&'a DeclaredModel> {
        self.facts.declared.model_for(&self.debtor.model.path)
    }

    /// What the row depends on beside base, license and kind: models that agree in it share the answer.
    pub(super) fn key(&self) -> (&'a str, Option<&'static str>, bool, Option<usize>) {
        let path = &self.debtor.model.path;
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        (
            folder,
            self.debtor.relation.map(DeclaredRelation::name),
            self.debtor.copy,
            self.entry().map(|entry| entry.span.start),
        )
    }
}

/// The day that an attestation names; policy has seen to it that there is one.
fn day(words: &str) -> Option<Date> {
    words.split_whitespace().find_map(|word| word.trim_end_matches(['.', ',', ';']).parse().ok())
}

impl ObligationState {
    /// Name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missing => "missing",
            Self::NeedsAttestation => "needs-attestation",
            Self::Unsatisfiable => "unsatisfiable",
        }
    }
}
