// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Which bases' licenses the published models owe something to, and to whom.

use crate::evidence::Relation;
use crate::licenses::{self, LicenseData, Verified};

use crate::findings::declared::DeclaredRelation;
use crate::findings::facts::{BaseFacts, Facts, ModelFacts};
use crate::findings::finding::{Finding, Level, Rule};
use crate::findings::lineage::{
    Kinship, declared_bases, descends_from, descents, find, kinship, listed, undeclared_families,
};

/// One base, declared or proven, with the models that owe its license something.
pub(crate) struct Owed<'a> {
    pub(crate) id: &'a str,
    pub(crate) base: Option<&'a BaseFacts>,
    /// Licenses of the data that apply.
    pub(crate) licenses: Vec<&'static LicenseData>,
    /// Whether part of the license is not in the data.
    pub(crate) unknown: bool,
    /// Whether the license is only suggested by the base's id.
    pub(crate) indicative: bool,
    pub(crate) debtors: Vec<Debtor<'a>>,
}

/// One model that owes, and why.
#[derive(Clone, Copy)]
pub(crate) struct Debtor<'a> {
    pub(crate) model: &'a ModelFacts,
    /// What is declared to have been done to the base; `None`: the weights show the descent.
    pub(crate) relation: Option<DeclaredRelation>,
    /// Whether the weights are the base's own values.
    pub(crate) copy: bool,
}

impl Owed<'_> {
    /// License id as registered, or the one suggested.
    pub(crate) fn license_name(&self) -> &str {
        let registered = self.base.map(|base| base.license.as_str()).filter(|license| !license.is_empty());
        registered.or(self.licenses.first().map(|license| license.id.as_str())).unwrap_or("unknown license")
    }

    /// The highest level a finding about this license may have.
    pub(crate) fn cap(&self, license: Option<&LicenseData>) -> Option<Level> {
        let certain = license.is_some_and(|license| license.verified == Verified::FullText);
        (self.indicative || !certain).then_some(Level::Warn)
    }
}

/// Every base that something is owed to, by id: declared ones, and those that the weights show.
pub(crate) fn owed<'a>(facts: &Facts<'a>) -> Vec<Owed<'a>> {
    let mut all: Vec<Owed<'a>> = Vec::new();
    for model in facts.models {
        for entry in declared_bases(facts, model) {
            let copy = descents(model).any(|found| {
                found.relation == Relation::Identical && kinship(facts.bases, &found.base, &entry.id) == Kinship::Same
            });
            add(facts, &mut all, &entry.id, Debtor { model, relation: Some(entry.relation), copy });
        }
        // What the weights show and a declared base descends from is owed to as well: a line cannot shed a license.
        for found in descents(model) {
            let declared = declared_bases(facts, model);
            if let Some(entry) = declared.iter().find(|entry| descends_from(facts.bases, &entry.id, &found.base)) {
                let copy = found.relation == Relation::Identical;
                add(facts, &mut all, &found.base, Debtor { model, relation: Some(entry.relation), copy });
            }
        }
        let families = undeclared_families(facts, model);
        for best in families.iter().filter_map(|family| family.first().copied()) {
            let copy = best.relation == Relation::Identical;
            add(facts, &mut all, &best.base, Debtor { model, relation: None, copy });
        }
    }
    all.sort_by_key(|owed| owed.id);
    all
}

fn add<'a>(facts: &Facts<'a>, all: &mut Vec<Owed<'a>>, id: &'a str, debtor: Debtor<'a>) {
    if let Some(owed) = all.iter_mut().find(|owed| kinship(facts.bases, owed.id, id) == Kinship::Same) {
        if !owed.debtors.iter().any(|other| std::ptr::eq(other.model, debtor.model)) {
            owed.debtors.push(debtor);
        }
        return;
    }
    let base = find(facts.bases, id);
    let indicative = base.is_none_or(|base| base.license.is_empty());
    let (licenses, complete) = match base {
        Some(base) if !indicative => licenses::lookup_expression(&base.license, &base.id, base.license_text.as_deref()),
        _ => licenses::by_base(id).map_or((Vec::new(), false), |suggested| (vec![suggested], true)),
    };
    let debtors = vec![debtor];
    all.push(Owed { id, base, licenses, unknown: !complete, indicative, debtors });
}

/// A finding about an obligation that some models do not meet. The first model's path is the place.
pub(crate) fn obligation_finding(
    rule: Rule,
    owed: &Owed,
    license: &str,
    debtors: &[Debtor],
    (obligation, clause): (&str, Option<&str>),
    message: String,
    remedy: String,
) -> Finding {
    let mut ids: Vec<&str> = debtors.iter().map(|debtor| debtor.model.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    let identity = [owed.id, license, obligation];
    let mut finding = Finding::new(rule, message, remedy, &identity);
    if let Some(first) = debtors.first() {
        finding = finding.of_model(&first.model.path, &first.model.id);
    }
    finding.model_ids = ids.into_iter().map(str::to_owned).collect();
    finding.base = Some(owed.id.to_owned());
    finding.obligation = Some(obligation.to_owned());
    finding.clause = clause.map(str::to_owned);
    finding
}

/// `a.gguf`, `a.gguf and b.gguf`, or `a.gguf and 7 other models`.
pub(crate) fn subjects(debtors: &[Debtor]) -> String {
    let paths: Vec<&str> = debtors.iter().map(|debtor| debtor.model.path.as_str()).collect();
    match paths.as_slice() {
        [first, rest @ ..] if rest.len() > 2 => format!("{first} and {} other models", rest.len()),
        few => listed(few),
    }
}

/// ` (§1.b.iii)`, or nothing.
pub(crate) fn cited(clause: Option<&str>) -> String {
    clause.map(|clause| format!(" ({clause})")).unwrap_or_default()
}
