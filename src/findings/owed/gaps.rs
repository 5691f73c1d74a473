// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What is owed and not met, with what is known of it: for whoever puts a release in order.
//!
//! In: the ledger. Out: one [`Gap`] a finding that the ledger's rows give rise to.

use crate::findings::declared::DeclaredRelation;
use crate::findings::facts::BaseFacts;
use crate::findings::finding::{Finding, Rule};
use crate::licenses::{LicenseData, ObligationKind};

use super::ledger::Ledger;

/// One obligation that some models do not meet.
#[derive(Clone, Debug)]
pub struct Gap<'a> {
    /// The finding that tells of it, at its rule's default level.
    pub finding: Finding,
    /// What is asked.
    pub kind: ObligationKind,
    /// The license that asks; absent if it is not in the data.
    pub license: Option<&'static LicenseData>,
    /// Whether the license is only suggested by the base's id.
    pub indicative: bool,
    /// Id of the base.
    pub base: &'a str,
    /// What the registry knows of the base.
    pub known: Option<&'a BaseFacts>,
    /// The models that owe it.
    pub debts: Vec<Debt<'a>>,
}

/// One model that owes.
#[derive(Clone, Copy, Debug)]
pub struct Debt<'a> {
    /// Path of the model.
    pub model: &'a str,
    /// What is declared to have been done to the base; `None`: only the weights show the descent.
    pub relation: Option<DeclaredRelation>,
}

impl<'a> Ledger<'a> {
    /// Everything that is not met, in the order of the rules.
    pub fn gaps(&self) -> Vec<Gap<'a>> {
        let of_rule = |rule: &Rule| {
            let rule = *rule;
            self.groups(rule).into_iter().filter_map(move |group| {
                let first = *group.first()?;
                let owed = self.owed.get(first.owed)?;
                let debts =
                    group.iter().map(|row| Debt { model: &row.debtor.model.path, relation: row.debtor.relation });
                let debts = debts.collect();
                Some(Gap {
                    finding: self.finding(rule, group)?,
                    kind: first.kind,
                    license: first.license,
                    indicative: owed.indicative,
                    base: owed.id,
                    known: owed.base,
                    debts,
                })
            })
        };
        Rule::ALL.iter().flat_map(of_rule).collect()
    }
}
