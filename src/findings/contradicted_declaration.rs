// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `contradicted-declaration`: the evidence contradicts a declared base or relation.

use crate::evidence::{Comparison, Relation};

use super::declared::{DeclaredBase, DeclaredRelation};
use super::facts::{Facts, ModelFacts};
use super::finding::{Finding, Level, Rule};
use super::lineage::{Kinship, declared_bases, descents, find, kinship, lineage_finding, numbers, proposed};
use super::pages::Page;

pub(super) const PAGE: Page = Page {
    what: "Fires when a declaration cannot be what happened: a base declared as `distilled` (no weights taken over) from which \
           the weights descend; or a declared base with less evidence than another, undeclared model of which the weights \
           are a copy (identical or converted). A copy that is declared as trained further gives a warning.",
    why: "A declaration that names the wrong base, or the wrong relation, leads the license rules to the wrong obligations.",
    example: "error[contradicted-declaration]: w/orca.safetensors is declared as distilled from Qwen/Qwen2.5-7B, which takes no \
              weights over, and is consistent with derivation from it (derived, log10 p −41.2)",
    fix: "Correct `bases` of the `[[model]]` entry: the base that the weights show, and the relation that was really used.",
    clauses: "",
};

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for model in facts.models {
        for entry in declared_bases(facts, model) {
            findings.extend(wrong_relation(facts, model, entry));
            findings.extend(wrong_base(facts, model, entry));
        }
    }
    findings
}

/// The comparison with a declared base itself.
fn own<'a>(facts: &Facts, model: &'a ModelFacts, entry: &DeclaredBase) -> Option<&'a Comparison> {
    descents(model).find(|found| kinship(facts.bases, &entry.id, &found.base) == Kinship::Same)
}

fn wrong_relation(facts: &Facts, model: &ModelFacts, entry: &DeclaredBase) -> Option<Finding> {
    let found = own(facts, model, entry)?;
    let base = &entry.id;
    let relation = entry.relation.name();
    let copy = matches!(found.relation, Relation::Identical | Relation::Converted);
    let trained = matches!(
        entry.relation,
        DeclaredRelation::Finetune
            | DeclaredRelation::ContinuedPretraining
            | DeclaredRelation::Pruned
            | DeclaredRelation::Upcycled
    );
    if !entry.relation.is_weight_lineage() {
        let message = format!(
            "{} is declared as {relation} from {base}, which takes no weights over, and is consistent with derivation from it ({})",
            model.path,
            numbers(found)
        );
        let remedy = format!("declare what was done to the weights, e.g. relation = \"{}\"", proposed(found.relation));
        return Some(lineage_finding(Rule::ContradictedDeclaration, model, base, Some(found), message, remedy));
    }
    (copy && trained).then(|| {
        let message = format!(
            "{} is declared as {relation} of {base}, and the weights are a copy of it ({})",
            model.path,
            numbers(found)
        );
        let remedy = "declare relation = \"quantized\" for a converted copy, or publish the weights that were trained";
        let finding = lineage_finding(Rule::ContradictedDeclaration, model, base, Some(found), message, remedy.into());
        finding.capped(Level::Warn)
    })
}

fn wrong_base(facts: &Facts, model: &ModelFacts, entry: &DeclaredBase) -> Option<Finding> {
    if !entry.relation.is_weight_lineage() || find(facts.bases, &entry.id).is_none() {
        return None;
    }
    let declared = declared_bases(facts, model);
    let is_copy = |relation| matches!(relation, Relation::Identical | Relation::Converted);
    let copied = descents(model)
        .filter(|found| is_copy(found.relation))
        .find(|found| !declared.iter().any(|other| kinship(facts.bases, &other.id, &found.base) == Kinship::Same))?;
    let evidence = own(facts, model, entry);
    if evidence.is_some_and(|found| is_copy(found.relation)) {
        return None;
    }
    let found =
        evidence.map_or("no evidence found for it".to_owned(), |found| format!("for it only: {}", numbers(found)));
    let base = &entry.id;
    let message = format!(
        "{} is declared as {} of {base} ({found}), and the weights are a copy of {} ({})",
        model.path,
        entry.relation.name(),
        copied.base,
        numbers(copied)
    );
    let remedy = format!(
        "declare {} as the base in policy.toml, in place of {base} or beside it",
        super::lineage::quoted(&copied.base)
    );
    Some(lineage_finding(Rule::ContradictedDeclaration, model, base, Some(copied), message, remedy))
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::findings::samples::{Sample, base, comparison, declared, model};

    fn sample(relation: Relation, declared_as: &str) -> Sample {
        let mut sample = Sample::default();
        sample.base(base("a/b", "mit"));
        sample.models.push(model("m.safetensors", vec![comparison("a/b", relation, -50.0)]));
        sample.declared.push(declared("*", &[("a/b", declared_as)]));
        sample
    }

    #[test]
    fn a_distilled_model_has_no_weights_of_its_teacher() {
        let found = check(&sample(Relation::Derived, "distilled").facts());
        assert_snapshot!(found[0].message, @"m.safetensors is declared as distilled from a/b, which takes no weights over, and is consistent with derivation from it (derived, log10 p −50.0)");
        assert_eq!(found[0].cap, None);
    }

    #[test]
    fn a_copy_declared_as_trained_warns() {
        let found = check(&sample(Relation::Identical, "finetune").facts());
        assert_eq!((found.len(), found[0].cap), (1, Some(Level::Warn)));
    }

    #[test]
    fn what_agrees_is_in_order() {
        assert_eq!(check(&sample(Relation::Derived, "finetune").facts()), []);
        assert_eq!(check(&sample(Relation::Converted, "quantized").facts()), []);
        assert_eq!(check(&sample(Relation::Inconclusive, "distilled").facts()), []);
    }

    #[test]
    fn a_copy_of_another_base_contradicts() {
        let mut sample = sample(Relation::Derived, "finetune");
        sample.base(base("c/d", "mit"));
        sample.models[0].comparisons = vec![comparison("c/d", Relation::Identical, -99.0)];
        assert_snapshot!(check(&sample.facts())[0].message, @"m.safetensors is declared as finetune of a/b (no evidence found for it), and the weights are a copy of c/d (identical, log10 p −99.0)");
        sample.declared[0].bases.push(DeclaredBase { id: "c/d".into(), relation: DeclaredRelation::Merge });
        assert_eq!(check(&sample.facts()), []);
    }
}
