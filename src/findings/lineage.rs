// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What the lineage rules share: which bases are one family, which comparisons count, how numbers are said.

use std::collections::{BTreeMap, BTreeSet};

use crate::evidence::{Comparison, Evidence, Relation};

use super::declared::{DeclaredBase, Origin};
use super::facts::{BaseFacts, Facts, ModelFacts};
use super::finding::{Finding, Rule};

/// log10 p above which a mechanism supports nothing.
const SUPPORTS_LOG10_P: f64 = -2.0;

/// How two base ids stand to each other, by the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kinship {
    /// The same model under one or two names.
    Same,
    /// One descends from the other.
    Line,
    /// Both descend from a third.
    Siblings,
    /// Nothing is known to connect them.
    None,
}

pub(super) fn kinship(bases: &BTreeMap<String, BaseFacts>, one: &str, other: &str) -> Kinship {
    let (own, own_ancestors) = names(bases, one);
    let (others, other_ancestors) = names(bases, other);
    if !own.is_disjoint(&others) {
        Kinship::Same
    } else if !own.is_disjoint(&other_ancestors) || !others.is_disjoint(&own_ancestors) {
        Kinship::Line
    } else if !own_ancestors.is_disjoint(&other_ancestors) {
        Kinship::Siblings
    } else {
        Kinship::None
    }
}

/// Whether two ids are names of one model, by what the registry says.
pub(crate) fn same_base(facts: &Facts, one: &str, other: &str) -> bool {
    kinship(facts.bases, one, other) == Kinship::Same
}

/// Whether the registry says that `one` descends from `from`.
pub(super) fn descends_from(bases: &BTreeMap<String, BaseFacts>, one: &str, from: &str) -> bool {
    !names(bases, one).1.is_disjoint(&names(bases, from).0)
}

/// All names of a base, and the names of its ancestors and theirs, lower-case.
fn names(bases: &BTreeMap<String, BaseFacts>, id: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut own = BTreeSet::from([id.to_lowercase()]);
    let mut ancestors = BTreeSet::new();
    if let Some(base) = find(bases, id) {
        own.extend(std::iter::once(&base.id).chain(&base.aliases).map(|name| name.to_lowercase()));
        let mut pending: Vec<&str> = base.ancestors.iter().map(String::as_str).collect();
        while let Some(ancestor) = pending.pop() {
            if !ancestors.insert(ancestor.to_lowercase()) {
                continue;
            }
            if let Some(known) = find(bases, ancestor) {
                ancestors.extend(known.aliases.iter().map(|name| name.to_lowercase()));
                pending.extend(known.ancestors.iter().map(String::as_str));
            }
        }
    }
    (own, ancestors)
}

/// A registered base by its id or an alias, in any case.
pub(super) fn find<'a>(bases: &'a BTreeMap<String, BaseFacts>, id: &str) -> Option<&'a BaseFacts> {
    let same = |name: &String| name.eq_ignore_ascii_case(id);
    bases.get(id).or_else(|| bases.values().find(|base| same(&base.id) || base.aliases.iter().any(same)))
}

/// Comparisons that amount to descent, best first.
pub(super) fn descents(model: &ModelFacts) -> impl Iterator<Item = &Comparison> {
    model.comparisons.iter().filter(|comparison| comparison.relation.is_descent())
}

/// Whether a base that the weights descend from is covered by a declaration: it is declared, or it is in one line
/// with a declared base, or both share an ancestor and the declared one is itself borne out by the weights. A base
/// declared as `distilled` takes no weights over, so it speaks for no other; that it is shown by the weights itself is
/// for `contradicted-declaration` to say.
pub(super) fn is_declared(facts: &Facts, model: &ModelFacts, base: &str, declared: &[DeclaredBase]) -> bool {
    declared.iter().any(|entry| match kinship(facts.bases, &entry.id, base) {
        Kinship::Same => true,
        _ if !entry.relation.is_weight_lineage() => false,
        Kinship::Line => true,
        Kinship::Siblings => descents(model).any(|other| kinship(facts.bases, &entry.id, &other.base) == Kinship::Same),
        Kinship::None => false,
    })
}

/// The declared bases of a model; none where no entry matches its path.
pub(super) fn declared_bases<'a>(facts: &Facts<'a>, model: &ModelFacts) -> &'a [DeclaredBase] {
    facts.declared.model_for(&model.path).map_or(&[], |entry| &entry.bases)
}

/// Whether the model is declared to be from scratch.
pub(super) fn is_from_scratch(facts: &Facts, model: &ModelFacts) -> bool {
    facts.declared.model_for(&model.path).is_some_and(|entry| entry.origin == Origin::FromScratch)
}

/// Undeclared descents, one list a family: the best comparison first, then others that the same history explains.
///
/// Two bases are one family when the registry connects them, or when the whole model descends from each:
/// no model is wholly derived from two unrelated ones.
pub(super) fn undeclared_families<'a>(facts: &Facts, model: &'a ModelFacts) -> Vec<Vec<&'a Comparison>> {
    let declared = declared_bases(facts, model);
    let mut families: Vec<Vec<&Comparison>> = Vec::new();
    for comparison in descents(model).filter(|found| !is_declared(facts, model, &found.base, declared)) {
        let whole = comparison.relation != Relation::Partial;
        let joins = |family: &&mut Vec<&Comparison>| {
            family.iter().any(|other| {
                whole && other.relation != Relation::Partial
                    || kinship(facts.bases, &other.base, &comparison.base) != Kinship::None
            })
        };
        match families.iter_mut().find(joins) {
            Some(family) => family.push(comparison),
            None => families.push(vec![comparison]),
        }
    }
    families
}

/// The deciding numbers: `derived, log10 p −41.2`; the null stands beside each piece of evidence.
pub(super) fn numbers(comparison: &Comparison) -> String {
    let mut text = comparison.relation.name().to_owned();
    if let Some(log10_p) = comparison.log10_p {
        text.push_str(", log10 p ");
        text.push_str(&signed(log10_p));
    }
    text
}

/// One decimal, with a true minus sign.
fn signed(number: f64) -> String {
    format!("{number:.1}").replace('-', "−")
}

/// A finding about a model and a base, with the evidence between them.
pub(super) fn lineage_finding(
    rule: Rule,
    model: &ModelFacts,
    base: &str,
    evidence: Option<&Comparison>,
    message: String,
    remedy: String,
) -> Finding {
    let mut finding = Finding::new(rule, message, remedy, &[&model.id, base]).of_model(&model.path, &model.id);
    finding.base = Some(base.to_owned());
    // What speaks for nothing is left to the full comparison.
    let supports = |evidence: &&Evidence| evidence.log10_p.is_some_and(|log10_p| log10_p <= SUPPORTS_LOG10_P);
    finding.evidence =
        evidence.map(|comparison| comparison.mechanisms.iter().filter(supports).cloned().collect()).unwrap_or_default();
    let structure = evidence.and_then(|comparison| comparison.structure.as_ref());
    finding.structure = structure.map(|structure| structure.summary.clone()).unwrap_or_default();
    finding.structure.extend(evidence.and_then(|comparison| comparison.tier.words()).map(str::to_owned));
    finding
}

/// A `[[model]]` entry, ready to paste.
pub(crate) fn snippet(path: &str, base: &str, relation: &str) -> String {
    format!(
        "[[model]]\npaths = [{}]\norigin = \"derived\"\nbases = [{{ id = {}, relation = \"{relation}\" }}]",
        quoted(path),
        quoted(base)
    )
}

/// A TOML string.
pub(crate) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// `a`, `a and b`, `a, b, and c`.
pub(super) fn listed(items: &[&str]) -> String {
    match items {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [one, two] => format!("{one} and {two}"),
        [many @ .., last] => format!("{}, and {last}", many.join(", ")),
    }
}

/// The relation to propose for what the evidence shows.
pub(crate) fn proposed(relation: Relation) -> &'static str {
    match relation {
        Relation::Converted => "quantized",
        Relation::Partial => "merge",
        _ => "finetune",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::samples::base;

    fn bases() -> BTreeMap<String, BaseFacts> {
        let mut qwen = base("Qwen/Qwen2.5-7B", "apache-2.0");
        qwen.aliases = vec!["unsloth/Qwen2.5-7B".into()];
        let mut instruct = base("Qwen/Qwen2.5-7B-Instruct", "apache-2.0");
        instruct.ancestors = vec!["unsloth/qwen2.5-7b".into()];
        let mut distill = base("deepseek/R1-Qwen-7B", "mit");
        distill.ancestors = vec!["Qwen/Qwen2.5-7B".into()];
        [qwen, instruct, distill].into_iter().map(|base| (base.id.clone(), base)).collect()
    }

    #[test]
    fn kinship_follows_aliases_and_ancestors() {
        let bases = bases();
        let kin = |one, other| kinship(&bases, one, other);
        assert_eq!(kin("qwen/qwen2.5-7b", "unsloth/Qwen2.5-7B"), Kinship::Same);
        assert_eq!(kin("Qwen/Qwen2.5-7B", "Qwen/Qwen2.5-7B-Instruct"), Kinship::Line);
        assert_eq!(kin("deepseek/R1-Qwen-7B", "Qwen/Qwen2.5-7B-Instruct"), Kinship::Siblings);
        assert_eq!(kin("a/b", "Qwen/Qwen2.5-7B"), Kinship::None);
    }

    #[test]
    fn ancestors_that_go_in_a_circle_end() {
        let mut one = base("a/one", "mit");
        one.ancestors = vec!["a/two".into()];
        let mut two = base("a/two", "mit");
        two.ancestors = vec!["a/one".into()];
        let bases = [one, two].into_iter().map(|base| (base.id.clone(), base)).collect();
        assert_eq!(kinship(&bases, "a/one", "a/two"), Kinship::Line);
    }
}
