// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `from-scratch-contradicted`: weights declared to be from scratch descend from a registered base.

use super::facts::Facts;
use super::finding::{Finding, Rule};
use super::lineage::{is_from_scratch, lineage_finding, listed, numbers, proposed, snippet, undeclared_families};
use super::pages::Page;

pub(super) const PAGE: Page = Page {
    what: "Fires when a `[[model]]` entry says `origin = \"from-scratch\"` and the weights are identical to, converted from, \
           derived from or partly derived from a registered base. Shared initialisation is not descent and does not fire.",
    why: "\"From scratch\" is a claim that others rely on: it says that no other license applies.",
    example: "error[from-scratch-contradicted]: w/orca.safetensors is declared to be from scratch and is consistent with \
              derivation from Qwen/Qwen2.5-7B (derived, log10 p −41.2)",
    fix: "Declare `origin = \"derived\"` with the base. If part of the model was taken over on purpose (an embedding, a frozen \
          tower), that part's base is declared too.",
    clauses: "",
};

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for model in facts.models.iter().filter(|model| is_from_scratch(facts, model)) {
        for family in undeclared_families(facts, model) {
            let Some((best, others)) = family.split_first() else { continue };
            let (path, base) = (&model.path, &best.base);
            let mut message = format!(
                "{path} is declared to be from scratch and is consistent with derivation from {base} ({})",
                numbers(best)
            );
            if !others.is_empty() {
                let names: Vec<&str> = others.iter().map(|other| other.base.as_str()).collect();
                message.push_str("; also consistent with ");
                message.push_str(&listed(&names));
            }
            let remedy = format!("declare the base in policy.toml:\n{}", snippet(path, base, proposed(best.relation)));
            findings.push(lineage_finding(Rule::FromScratchContradicted, model, base, Some(best), message, remedy));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::evidence::Relation;
    use crate::findings::declared::Origin;
    use crate::findings::samples::{Sample, base, comparison, declared, model};

    fn sample(relation: Relation) -> Sample {
        let mut sample = Sample::default();
        sample.models.push(model("m.safetensors", vec![comparison("a/b", relation, -50.0)]));
        sample.declared.push(declared("*", &[]));
        sample.declared[0].origin = Origin::FromScratch;
        sample
    }

    #[test]
    fn descent_contradicts() {
        let found = check(&sample(Relation::Partial).facts());
        assert_snapshot!(found[0].message, @"m.safetensors is declared to be from scratch and is consistent with derivation from a/b (partial, log10 p −50.0)");
    }

    #[test]
    fn a_shared_start_and_a_derived_model_do_not() {
        assert_eq!(check(&sample(Relation::SharedOrigin).facts()), []);
        let mut derived = sample(Relation::Derived);
        derived.declared[0].origin = Origin::Derived;
        assert_eq!(check(&derived.facts()), []);
    }

    #[test]
    fn a_distilled_ancestor_does_not_cover_its_descendants() {
        let mut sample = sample(Relation::Derived);
        let mut tuned = base("a/b", "mit");
        tuned.ancestors = vec!["a/root".into()];
        sample.base(tuned);
        sample.declared[0] = declared("*", &[("a/root", "distilled")]);
        sample.declared[0].origin = Origin::FromScratch;
        assert_eq!(check(&sample.facts()).len(), 1);
    }
}
