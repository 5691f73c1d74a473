// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `unsupported-declaration`: a declared base finds no support in the weights.

use crate::evidence::Relation;

use super::declared::{DeclaredBase, DeclaredRelation};
use super::facts::{Facts, ModelFacts};
use super::finding::{Finding, Level, Rule};
use super::lineage::{Kinship, declared_bases, find, kinship, lineage_finding, numbers};
use super::pages::Page;

pub(super) const PAGE: Page = Page {
    what: "Fires when a model's declared base is registered and no evidence is found in the weights for it or for a model of \
           its line. Bases declared as `distilled` or `adapter` are not asked for: weights cannot show them. A declared \
           base that is not registered gives a note, because nothing could be compared. This rule never blocks: no evidence \
           found is not evidence of no descent.",
    why: "A base declared by mistake hides the real one, and gives the model obligations it may not have.",
    example: "warning[unsupported-declaration]: w/orca.safetensors is declared as finetune of Qwen/Qwen2.5-7B, and no evidence \
              found in the weights supports it",
    fix: "Check the declaration. If it is right, keep it: the finding warns and does not block. If the base is not \
          registered, `forebear registry add` makes it comparable.",
    clauses: "",
};

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let of_model = |model| declared_bases(facts, model).iter().filter_map(move |entry| of_base(facts, model, entry));
    facts.models.iter().flat_map(of_model).collect()
}

fn of_base(facts: &Facts, model: &ModelFacts, entry: &DeclaredBase) -> Option<Finding> {
    if matches!(entry.relation, DeclaredRelation::Distilled | DeclaredRelation::Adapter) {
        return None;
    }
    let (path, base, relation) = (&model.path, &entry.id, entry.relation.name());
    let finding = |evidence, message, remedy: String, cap| {
        Some(lineage_finding(Rule::UnsupportedDeclaration, model, base, evidence, message, remedy).capped(cap))
    };
    if find(facts.bases, base).is_none() {
        let message = format!(
            "{path} is declared as {relation} of {base}, which is not registered, so nothing could be compared"
        );
        let remedy = format!("register {base} with forebear registry add, so that it can be compared");
        return finding(None, message, remedy, Level::Note);
    }
    let related = |relation: &dyn Fn(Relation) -> bool| {
        model
            .comparisons
            .iter()
            .find(|found| relation(found.relation) && kinship(facts.bases, base, &found.base) != Kinship::None)
    };
    if model.searched == 0 || related(&Relation::is_descent).is_some() {
        return None;
    }
    if let Some(weak) = related(&|relation| relation != Relation::NoEvidence) {
        let message = format!(
            "{path} is declared as {relation} of {base}, and the evidence is too weak to say so ({})",
            numbers(weak)
        );
        return finding(
            Some(weak),
            message,
            "nothing is asked; check the declaration if it surprises".into(),
            Level::Note,
        );
    }
    let message =
        format!("{path} is declared as {relation} of {base}, and no evidence found in the weights supports it");
    let remedy = format!("check that {base} is the base; if it is, keep the declaration: this finding does not block");
    finding(None, message, remedy, Level::Warn)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::findings::samples::{Sample, base, comparison, declared, model};

    fn sample(relation: &str) -> Sample {
        let mut sample = Sample::default();
        sample.base(base("a/b", "mit"));
        sample.models.push(model("m.safetensors", vec![]));
        sample.declared.push(declared("*", &[("a/b", relation)]));
        sample
    }

    #[test]
    fn a_base_without_evidence_warns_and_never_denies() {
        let found = check(&sample("finetune").facts());
        assert_snapshot!(found[0].message, @"m.safetensors is declared as finetune of a/b, and no evidence found in the weights supports it");
        assert_eq!(found[0].cap, Some(Level::Warn));
    }

    #[test]
    fn a_base_that_weights_cannot_show_is_not_asked_for() {
        assert_eq!(check(&sample("distilled").facts()), []);
        assert_eq!(check(&sample("adapter").facts()), []);
    }

    #[test]
    fn evidence_for_the_base_or_its_line_is_support() {
        let mut sample = sample("finetune");
        sample.models[0].comparisons.push(comparison("A/B", Relation::Derived, -20.0));
        assert_eq!(check(&sample.facts()), []);
    }

    #[test]
    fn weak_evidence_and_unregistered_bases_are_notes() {
        let mut weak = sample("finetune");
        weak.models[0].comparisons.push(comparison("a/b", Relation::Inconclusive, -3.0));
        assert_eq!(check(&weak.facts())[0].cap, Some(Level::Note));
        let mut unknown = sample("finetune");
        unknown.bases.clear();
        assert_eq!(check(&unknown.facts())[0].cap, Some(Level::Note));
    }
}
