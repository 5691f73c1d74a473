// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `undeclared-lineage`: weights descend from a registered base that is not declared.

use crate::evidence::{Comparison, Relation};

use super::facts::{Facts, ModelFacts};
use super::finding::{Finding, Level, Rule};
use super::lineage::{
    declared_bases, descents, is_declared, is_from_scratch, lineage_finding, listed, numbers, proposed, quoted,
    snippet, undeclared_families,
};
use super::pages::Page;

pub(super) const PAGE: Page = Page {
    what: "For every model that would be published, the weights are compared with every registered base. Where they are \
           identical to, converted from, derived from or partly derived from a base, that base (or an ancestor or \
           descendant of it, by the registry) must be declared for the model's path in `policy.toml`. A base that is \
           named in the model card only is still not declared. Several bases that one history explains give one finding: \
           the best is named, the others are listed. Shared initialisation and evidence too weak to decide give a note, \
           which never blocks.",
    why: "A model that descends from another carries that model's license. Ancestry that is not declared is ancestry whose \
          obligations nobody checked.",
    example: "error[undeclared-lineage]: checkpoints/orca.safetensors is consistent with derivation from Qwen/Qwen2.5-7B \
              (derived, log10 p −41.2 against: aligned rows of unrelated models); Qwen/Qwen2.5-7B is not declared for \
              this path",
    fix: "Declare the base with what was done to it:\n\n```toml\n[[model]]\npaths = [\"checkpoints/orca.safetensors\"]\n\
          origin = \"derived\"\nbases = [{ id = \"Qwen/Qwen2.5-7B\", relation = \"finetune\" }]\n```\n\nThe license and \
          attribution rules then look after what the base's license asks. `forebear compare` shows the numbers in full.\n\nWeights do not tell \
          which of two models came first. If the registered model descends from yours, say so in the registry \
          (`forebear registry add PATH --id ID --license ID --derived-from YOURS`) and declare it.",
    clauses: "",
};

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    facts
        .models
        .iter()
        .filter(|model| !is_from_scratch(facts, model))
        .flat_map(|model| of_model(facts, model))
        .collect()
}

fn of_model(facts: &Facts, model: &ModelFacts) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        undeclared_families(facts, model).iter().filter_map(|family| of_family(facts, model, family)).collect();
    if descents(model).next().is_none() {
        findings.extend(weak(facts, model));
    }
    findings
}

fn of_family(facts: &Facts, model: &ModelFacts, family: &[&Comparison]) -> Option<Finding> {
    let (best, others) = family.split_first()?;
    let base = &best.base;
    let mut message = format!(
        "{} {} {base} ({}); {base} is not declared for this path",
        model.path,
        claim(best.relation),
        numbers(best)
    );
    if in_card(facts, model, base) {
        message += " (the model card names it, policy.toml does not)";
    }
    if !others.is_empty() {
        let names: Vec<&str> = others.iter().map(|other| other.base.as_str()).collect();
        message.push_str("; also consistent with ");
        message.push_str(&listed(&names));
    }
    let relation = proposed(best.relation);
    let remedy = if facts.declared.model_for(&model.path).is_some() {
        format!(
            "add to the bases of its [[model]] entry in policy.toml: {{ id = {}, relation = \"{relation}\" }}",
            quoted(base)
        )
    } else {
        format!("add to policy.toml:\n{}", snippet(&model.path, base, relation))
    };
    Some(lineage_finding(Rule::UndeclaredLineage, model, base, Some(best), message, remedy))
}

/// The best of the comparisons that are something and not descent: said, never more.
fn weak(facts: &Facts, model: &ModelFacts) -> Option<Finding> {
    let declared = declared_bases(facts, model);
    let best = model
        .comparisons
        .iter()
        .filter(|found| matches!(found.relation, Relation::SharedOrigin | Relation::Inconclusive))
        .find(|found| !is_declared(facts, model, &found.base, declared))?;
    let what = match best.relation {
        Relation::SharedOrigin => "shares an origin with",
        _ => "shows some evidence, too weak to decide, of a connection with",
    };
    let message = format!("{} {what} {} ({})", model.path, best.base, numbers(best));
    let remedy = format!("nothing is asked; declare {} in policy.toml if the model descends from it", best.base);
    let finding = lineage_finding(Rule::UndeclaredLineage, model, &best.base, Some(best), message, remedy);
    Some(finding.capped(Level::Note))
}

fn claim(relation: Relation) -> &'static str {
    match relation {
        Relation::Identical => "has the same values as",
        Relation::Converted => "is consistent with being a converted copy of",
        Relation::Partial => "is consistent with derivation in part from",
        _ => "is consistent with derivation from",
    }
}

fn in_card(facts: &Facts, model: &ModelFacts, base: &str) -> bool {
    let card = facts.documents.card_for(&model.path);
    card.is_some_and(|card| card.base_models.iter().any(|claim| claim.value.eq_ignore_ascii_case(base)))
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::findings::samples::{Sample, base, comparison, declared, model};

    fn run(sample: &Sample) -> Vec<Finding> {
        check(&sample.facts())
    }

    #[test]
    fn an_undeclared_base_is_named_with_its_numbers_and_a_snippet() {
        let mut sample = Sample::default();
        sample.models.push(model("w/orca.safetensors", vec![comparison("Qwen/Qwen2.5-7B", Relation::Derived, -41.23)]));
        let found = run(&sample);
        assert_eq!(found.len(), 1);
        assert_snapshot!(found[0].message, @"w/orca.safetensors is consistent with derivation from Qwen/Qwen2.5-7B (derived, log10 p −41.2); Qwen/Qwen2.5-7B is not declared for this path");
        assert_snapshot!(found[0].remedy, @r#"
        add to policy.toml:
        [[model]]
        paths = ["w/orca.safetensors"]
        origin = "derived"
        bases = [{ id = "Qwen/Qwen2.5-7B", relation = "finetune" }]
        "#);
        assert_eq!((found[0].level, found[0].evidence.len()), (Level::Deny, 1));
    }

    #[test]
    fn a_base_in_the_card_only_is_still_undeclared() {
        let mut sample = Sample::default();
        sample.models.push(model("m.gguf", vec![comparison("a/b", Relation::Converted, -300.0)]));
        sample.document("README.md", "---\nbase_model: a/b\n---\n");
        assert_snapshot!(run(&sample)[0].message, @"m.gguf is consistent with being a converted copy of a/b (converted, log10 p −300.0); a/b is not declared for this path (the model card names it, policy.toml does not)");
    }

    #[test]
    fn a_declared_base_or_one_in_its_line_is_in_order() {
        let mut sample = Sample::default();
        let mut instruct = base("a/instruct", "mit");
        instruct.ancestors = vec!["a/base".into()];
        sample.base(instruct);
        sample.models.push(model("m.safetensors", vec![comparison("a/instruct", Relation::Derived, -50.0)]));
        sample.declared.push(declared("*", &[("a/base", "finetune")]));
        assert_eq!(run(&sample), []);
    }

    #[test]
    fn a_sibling_of_the_declared_base_needs_evidence_for_the_declared_one() {
        let mut sample = Sample::default();
        for id in ["a/chat", "a/code"] {
            let mut child = base(id, "mit");
            child.ancestors = vec!["a/base".into()];
            sample.base(child);
        }
        sample.declared.push(declared("*", &[("a/chat", "finetune")]));
        sample.models.push(model("m.safetensors", vec![comparison("a/code", Relation::Derived, -50.0)]));
        assert_eq!(run(&sample).len(), 1);
        sample.models[0].comparisons.push(comparison("a/chat", Relation::Derived, -40.0));
        assert_eq!(run(&sample), []);
    }

    #[test]
    fn several_bases_of_one_history_give_one_finding() {
        let mut sample = Sample::default();
        let whole = |id| comparison(id, Relation::Derived, -50.0);
        sample.models.push(model("m.safetensors", vec![whole("a/one"), whole("a/two"), whole("a/three")]));
        let found = run(&sample);
        assert_eq!(found.len(), 1);
        assert!(found[0].message.ends_with("; also consistent with a/two and a/three"), "{}", found[0].message);
    }

    #[test]
    fn parts_from_unrelated_bases_give_a_finding_each() {
        let mut sample = Sample::default();
        let part = |id| comparison(id, Relation::Partial, -50.0);
        sample.models.push(model("m.safetensors", vec![part("a/one"), part("b/two")]));
        assert_eq!(run(&sample).len(), 2);
    }

    #[test]
    fn weak_evidence_is_a_note_at_most() {
        let mut sample = Sample::default();
        sample.models.push(model("m.safetensors", vec![comparison("a/b", Relation::SharedOrigin, -9.0)]));
        let found = run(&sample);
        assert_eq!(found[0].cap, Some(Level::Note));
        assert_snapshot!(found[0].message, @"m.safetensors shares an origin with a/b (shared-origin, log10 p −9.0)");
    }

    #[test]
    fn the_fingerprint_follows_content_and_not_path() {
        let mut sample = Sample::default();
        sample.models.push(model("one.safetensors", vec![comparison("a/b", Relation::Derived, -50.0)]));
        let before = run(&sample)[0].fingerprint.clone();
        sample.models[0].path = "moved/two.safetensors".into();
        assert_eq!(run(&sample)[0].fingerprint, before);
        assert_eq!(before.len(), 16);
    }
}
