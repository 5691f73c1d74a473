// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The ledger: every model, what it owes to which license, and how that stands.
//!
//! In: facts. Out: rows, for the rules and for the report's checklist. The union over all bases is owed: a merge owes
//! to each of its parents, adapters and quantized copies to their base, students to teachers whose license says so.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::findings::declared::DeclaredRelation;
use crate::findings::facts::Facts;
use crate::findings::finding::{Finding, Level, Rule};
use crate::licenses::{LicenseData, ObligationKind};

use super::case::Case;
use super::debts::{Debtor, Owed, cited, obligation_finding, owed, subjects};
use super::shelf::Shelf;
use super::state::State;
use super::words::asks;
use super::{clashes, texts};

/// Everything that is owed.
pub struct Ledger<'a> {
    pub(crate) owed: Vec<Owed<'a>>,
    pub(crate) rows: Vec<Row<'a>>,
}

/// One obligation of one model.
#[derive(Clone)]
pub(crate) struct Row<'a> {
    /// Place of the base in [`Ledger::owed`].
    pub(crate) owed: usize,
    pub(crate) base: &'a str,
    /// Absent: the license is not in the data.
    pub(crate) license: Option<&'static LicenseData>,
    pub(crate) kind: ObligationKind,
    pub(crate) debtor: Debtor<'a>,
    /// Whether the weights are the base's own values.
    pub(crate) copy: bool,
    /// Highest level that the license and the relation allow.
    pub(crate) cap: Option<Level>,
    pub(crate) state: State,
}

impl Row<'_> {
    /// Whether another base's license contradicts it.
    pub(super) fn is_clash(&self) -> bool {
        self.state.outcome == ObligationState::Unsatisfiable
            && self.state.failure.as_ref().is_some_and(|failure| failure.rule == Rule::UnsatisfiableObligations)
    }

    fn clause(&self) -> Option<&'static str> {
        self.license.and_then(|license| license.clause(self.kind))
    }

    fn level_cap(&self) -> Option<Level> {
        self.state.failure.as_ref().and_then(|failure| failure.cap).into_iter().chain(self.cap).min()
    }
}

/// One obligation of one model, and how it stands.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
pub struct Obligation {
    /// Path of the model.
    pub model: String,
    /// Id of the base.
    pub base: String,
    /// License of the base, by its id in the license data where it is known.
    pub license: String,
    /// What is asked, e.g. `notice-file`.
    pub kind: String,
    /// Clause of the license, e.g. `§1.b.iii`.
    pub clause: Option<String>,
    /// How it stands.
    pub state: ObligationState,
    /// Where it is met, or where the fault is.
    #[serde(rename = "where")]
    pub place: Option<Whereabouts>,
    /// What was seen, or is missing.
    pub what: String,
}

/// How an obligation stands.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub enum ObligationState {
    /// It is met, or somebody attests that it is.
    Met,
    /// It is not met.
    Missing,
    /// No tool can see it, and nobody attests it.
    NeedsAttestation,
    /// It cannot be met: another obligation, or the release itself, contradicts it.
    Unsatisfiable,
}

/// A place in the tree.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
pub struct Whereabouts {
    /// File.
    pub path: String,
    /// Line in it, from 1, where one is meant.
    pub line: Option<u32>,
}

impl<'a> Ledger<'a> {
    /// Goes through all that is owed.
    pub fn of(facts: &Facts<'a>) -> Self {
        let owed = owed(facts);
        let mut rows: Vec<Row<'a>> = Vec::new();
        for (index, one) in owed.iter().enumerate() {
            for license in &one.licenses {
                for kind in &license.obligations {
                    rows_of(facts, &owed, index, license, *kind, &mut rows);
                }
            }
            if one.unknown {
                rows.extend(one.debtors.iter().map(|debtor| Row {
                    owed: index,
                    base: one.id,
                    license: None,
                    kind: ObligationKind::LicenseCopy,
                    debtor: *debtor,
                    copy: debtor.copy,
                    cap: one.cap(None),
                    state: texts::unknown(facts, one, &debtor.model.path),
                }));
            }
        }
        let mut by_model: BTreeMap<&str, Vec<&mut Row>> = BTreeMap::new();
        for row in &mut rows {
            by_model.entry(&row.debtor.model.path).or_default().push(row);
        }
        for rows in by_model.values_mut() {
            clashes::settle(rows);
        }
        Self { owed, rows }
    }

    /// The checklist, by model, base, license, and kind.
    pub fn obligations(&self) -> Vec<Obligation> {
        let mut all: Vec<Obligation> = self.rows.iter().map(|row| self.obligation(row)).collect();
        all.sort();
        all
    }

    /// The findings of one rule: one a base, license, and kind, for all models that fail it.
    pub(crate) fn findings(&self, rule: Rule) -> Vec<Finding> {
        self.groups(rule).into_iter().filter_map(|group| self.finding(rule, group)).collect()
    }

    /// The rows that one rule tells of, those of one finding together.
    pub(super) fn groups(&self, rule: Rule) -> Vec<Vec<&Row<'a>>> {
        let of_rule = |row: &&Row| row.state.failure.as_ref().is_some_and(|failure| failure.rule == rule);
        let mut groups: Vec<Vec<&Row>> = Vec::new();
        for row in self.rows.iter().filter(of_rule) {
            let same = |group: &&mut Vec<&Row>| {
                group.first().is_some_and(|other| {
                    (other.owed, other.kind) == (row.owed, row.kind)
                        && other.license.map(|license| &license.id) == row.license.map(|license| &license.id)
                })
            };
            match groups.iter_mut().find(same) {
                Some(group) => group.push(row),
                None => groups.push(vec![row]),
            }
        }
        groups
    }

    pub(super) fn finding(&self, rule: Rule, mut group: Vec<&Row>) -> Option<Finding> {
        // The strictest case first: it decides the level and what is told.
        group.sort_by_key(|row| row.level_cap().map_or(0, |cap| Level::Deny as u8 - cap as u8));
        let first = group.first()?;
        let owed = self.owed.get(first.owed)?;
        let failure = first.state.failure.as_ref()?;
        let debtors: Vec<Debtor> = group.iter().map(|row| row.debtor).collect();
        let clause = first.clause();
        let message = match first.license {
            None if owed.base.is_none_or(|base| base.license_text.is_none()) => unknown(owed),
            license => format!(
                "{}: the license of {} ({}) {}{}, and {}",
                subjects(&debtors),
                owed.id,
                owed.license_name(),
                asks(first.kind, license),
                cited(clause),
                first.state.what
            ),
        };
        let kind = (first.kind.name(), clause);
        let which =
            first.license.filter(|_| owed.licenses.len() > 1).map_or(owed.license_name(), |license| &license.id);
        let mut finding = obligation_finding(rule, owed, which, &debtors, kind, message, failure.remedy.clone());
        if let Some(place) = &first.state.place {
            finding = finding.at(&place.path, place.line);
        }
        Some(first.level_cap().into_iter().fold(finding, Finding::capped))
    }

    fn obligation(&self, row: &Row) -> Obligation {
        let name = self.owed.get(row.owed).map_or("unknown license", |owed| owed.license_name());
        Obligation {
            model: row.debtor.model.path.clone(),
            base: row.base.to_owned(),
            license: row.license.map_or(name, |license| &license.id).to_owned(),
            kind: row.kind.name().to_owned(),
            clause: row.clause().map(str::to_owned),
            state: row.state.outcome,
            place: row.state.place.clone(),
            what: row.state.what.clone(),
        }
    }
}

fn unknown(owed: &Owed) -> String {
    match owed.base.map(|base| base.license.as_str()).filter(|license| !license.is_empty()) {
        Some(license) => {
            format!("the license of {} ({license}) is not known here, so its obligations were not checked", owed.id)
        }
        None => format!("the license of {} is not registered, so its obligations were not checked", owed.id),
    }
}

/// One row a model to which the obligation applies. Models whose documents and declaration are the same share the answer.
fn rows_of<'a>(
    facts: &Facts<'a>,
    all: &[Owed<'a>],
    index: usize,
    license: &'static LicenseData,
    kind: ObligationKind,
    rows: &mut Vec<Row<'a>>,
) {
    let Some(one) = all.get(index) else { return };
    let mut answers = BTreeMap::new();
    for debtor in one.debtors.iter().filter(|debtor| applies(license, kind, debtor)) {
        let shelf = Shelf::of(facts.documents, &debtor.model.path);
        let case = Case { facts, owed: one, all, license, kind, debtor: *debtor, shelf };
        let state = answers.entry(case.key()).or_insert_with(|| case.state()).clone();
        let arguable = (debtor.relation == Some(DeclaredRelation::Distilled)).then_some(Level::Warn);
        let cap = one.cap(Some(license)).into_iter().chain(arguable).min();
        rows.push(Row {
            owed: index,
            base: one.id,
            license: Some(license),
            kind,
            debtor: *debtor,
            copy: debtor.copy,
            cap,
            state,
        });
    }
}

/// A student owes to its teacher's license where that speaks of outputs.
fn applies(license: &LicenseData, kind: ObligationKind, debtor: &Debtor) -> bool {
    debtor.relation != Some(DeclaredRelation::Distilled)
        || license.covers_distillation
        || kind == ObligationKind::NoTrainOthers
}
