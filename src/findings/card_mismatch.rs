// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `card-mismatch`: the model card's base_model, relation or license disagrees with policy or evidence.

use crate::documents::{Card, Claim};
use crate::licenses::same_license;

use super::claimed;
use super::declared::DeclaredModel;
use super::facts::{Facts, ModelFacts};
use super::finding::{Finding, Rule};
use super::lineage::{Kinship, descents, kinship, listed, numbers};
use super::origins::Told;
use super::pages::Page;

pub(super) const PAGE: Page = Page {
    what: "Compares the front matter of the nearest model card with the declarations: every `base_model` of the card must be \
           declared, every declared base must be in the card, `base_model_relation` must agree, and `license` (or \
           `license_name` where it is `other`) must be the license of `[release]`. Compared in the same way are: \
           `_name_or_path` and `base_model_name_or_path` of configs beside the weights; `base_model` in the metadata of safetensors \
           and `general.base_model` in GGUF; parents and method of a mergekit config; `base_model` and `model_name_or_path` of \
           training configs and of YAML blocks in the card; and the sentence \"fine-tuned version of\" that trainers write. A local path \
           is no id: it is quoted as a hint where it names a family that nothing declares. Sentences of the nearest README or card \
           that say \"trained from scratch\", in English or Chinese, are quoted where the weights descend from a base, or policy says \
           that they do; denials and talk of other models do not count. Where policy declares nothing, what is said is compared with \
           the evidence. A card or config that cannot be read is said, with its line.",
    why: "The card is what users of the model read, and what hubs build their family trees from.",
    example: "warning[card-mismatch]: README.md names base_model Qwen/Qwen2.5-3B, which policy.toml does not declare for \
              w/orca.safetensors",
    fix: "Correct whichever of the two is wrong.",
    clauses: "",
};

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let told = Told::of(facts);
    let mut findings: Vec<Finding> = facts.models.iter().flat_map(|model| of_model(facts, model)).collect();
    findings.extend(facts.models.iter().flat_map(|model| claimed::of_model(facts, &told, model)));
    findings.extend(facts.documents.cards.iter().filter_map(|card| license(facts, card)));
    findings.extend(facts.document_problems.iter().map(|problem| {
        let message = format!("{} could not be compared: {}", problem.path, problem.message);
        let identity = [problem.path.as_str(), "unreadable"];
        Finding::new(Rule::CardMismatch, message, &problem.remedy, &identity).at(&problem.path, problem.line)
    }));
    findings.sort_by(|a, b| a.fingerprint.cmp(&b.fingerprint));
    findings.dedup_by(|later, first| {
        let same = later.fingerprint == first.fingerprint;
        if same {
            // A waiver covers a finding about several models when it covers each of them.
            first.model_ids.append(&mut later.model_ids);
        }
        same
    });
    findings
}

fn of_model(facts: &Facts, model: &ModelFacts) -> Vec<Finding> {
    let card = facts.documents.card_for(&model.path);
    let Some(entry) = facts.declared.model_for(&model.path) else {
        return card.map(|card| evidence(facts, model, card)).unwrap_or_default();
    };
    let mut findings = Vec::new();
    if let Some(card) = card {
        findings.extend(card.base_models.iter().filter_map(|claim| undeclared(facts, model, entry, card, claim)));
        findings.extend(not_in_card(facts, model, entry, card));
        findings.extend(relation(model, entry, card));
    }
    findings
}

/// A base that the card names and policy does not.
fn undeclared(facts: &Facts, model: &ModelFacts, entry: &DeclaredModel, card: &Card, claim: &Claim) -> Option<Finding> {
    if entry.bases.iter().any(|base| is_same(facts, &base.id, &claim.value)) {
        return None;
    }
    let message = format!(
        "{} names base_model {}, which policy.toml does not declare for {}",
        card.path, claim.value, model.path
    );
    let remedy = format!("declare {} in policy.toml, or correct {}", claim.value, card.path);
    let identity = [card.path.as_str(), "base_model", &claim.value];
    let mut finding = Finding::new(Rule::CardMismatch, message, remedy, &identity)
        .at(&card.path, Some(claim.line))
        .of_model(&model.path, &model.id);
    finding.base = Some(claim.value.clone());
    Some(finding)
}

fn not_in_card(facts: &Facts, model: &ModelFacts, entry: &DeclaredModel, card: &Card) -> Option<Finding> {
    let missing: Vec<&str> = entry
        .bases
        .iter()
        .filter(|base| base.relation.is_weight_lineage())
        .map(|base| base.id.as_str())
        .filter(|base| !card.base_models.iter().any(|claim| is_same(facts, base, &claim.value)))
        .collect();
    let first = missing.first()?;
    let names = listed(&missing);
    let message =
        format!("{} does not name {names} as base_model, which policy.toml declares for {}", card.path, model.path);
    let remedy = format!("add {names} to base_model in {}", card.path);
    let identity = [&card.path, "not-in-card", &names];
    let mut finding = Finding::new(Rule::CardMismatch, message, remedy, &identity)
        .at(&card.path, None)
        .of_model(&model.path, &model.id);
    finding.base = Some((*first).to_owned());
    Some(finding)
}

fn relation(model: &ModelFacts, entry: &DeclaredModel, card: &Card) -> Option<Finding> {
    let claim = card.relation.as_ref()?;
    let lineage = || entry.bases.iter().filter(|base| base.relation.is_weight_lineage());
    let agrees = lineage().any(|base| {
        claim.value.eq_ignore_ascii_case(base.relation.card_name())
            || claim.value.eq_ignore_ascii_case(base.relation.name())
    });
    let base = lineage().next()?;
    if agrees {
        return None;
    }
    let declared = base.relation.name();
    let message = format!(
        "{} says base_model_relation {}, and policy.toml declares {declared} for {}",
        card.path, claim.value, model.path
    );
    let remedy =
        format!("set base_model_relation: {} in {}, or correct policy.toml", base.relation.card_name(), card.path);
    let identity = [&card.path, "relation", &claim.value];
    let finding = Finding::new(Rule::CardMismatch, message, remedy, &identity);
    Some(finding.at(&card.path, Some(claim.line)).of_model(&model.path, &model.id))
}

/// Without a declaration: the card names bases, and the best evidence is for one outside their line.
fn evidence(facts: &Facts, model: &ModelFacts, card: &Card) -> Vec<Finding> {
    let Some(best) = descents(model).next() else { return Vec::new() };
    let related =
        |claim: &Claim| descents(model).any(|found| kinship(facts.bases, &claim.value, &found.base) != Kinship::None);
    let Some(claim) = card.base_models.first().filter(|_| !card.base_models.iter().any(related)) else {
        return Vec::new();
    };
    let message = format!(
        "{} names base_model {}, and {} is consistent with derivation from {} ({})",
        card.path,
        claim.value,
        model.path,
        best.base,
        numbers(best)
    );
    let remedy = format!("name {} as base_model in {}, and declare it in policy.toml", best.base, card.path);
    let identity = [&model.id, "evidence", &best.base];
    let mut finding = Finding::new(Rule::CardMismatch, message, remedy, &identity)
        .at(&card.path, Some(claim.line))
        .of_model(&model.path, &model.id);
    finding.base = Some(best.base.clone());
    finding.evidence.clone_from(&best.mechanisms);
    vec![finding]
}

/// The card's license and that of the release. Only cards that speak of a model: the nearest card of one, or with a base.
fn license(facts: &Facts, card: &Card) -> Option<Finding> {
    let claim = card.license_id()?;
    let release = facts.declared.release.license.as_deref()?;
    let speaks = !card.base_models.is_empty()
        || facts
            .models
            .iter()
            .any(|model| facts.documents.card_for(&model.path).is_some_and(|own| own.path == card.path));
    if !speaks || same_license(&claim.value, release) {
        return None;
    }
    let message = format!("{} says license {}, and policy.toml releases under {release}", card.path, claim.value);
    let remedy = format!("set the license of {} and of [release] in policy.toml to the same", card.path);
    let identity = [&card.path, "license", &claim.value];
    Some(Finding::new(Rule::CardMismatch, message, remedy, &identity).at(&card.path, Some(claim.line)))
}

fn is_same(facts: &Facts, one: &str, other: &str) -> bool {
    kinship(facts.bases, one, other) == Kinship::Same
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::documents::{Config, DocumentProblem};
    use crate::evidence::Relation;
    use crate::findings::samples::{Sample, comparison, declared, model};

    fn sample(card: &str) -> Sample {
        let mut sample = Sample::default();
        sample.models.push(model("w/m.safetensors", vec![]));
        sample.declared.push(declared("w/**", &[("a/b", "finetune")]));
        sample.document("README.md", &format!("---\n{card}\n---\n"));
        sample
    }

    fn messages(sample: &Sample) -> Vec<String> {
        check(&sample.facts()).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn what_agrees_is_in_order() {
        assert_eq!(messages(&sample("base_model: A/B\nbase_model_relation: finetune")), [] as [&str; 0]);
    }

    #[test]
    fn another_base_in_the_card_is_said_both_ways() {
        let mut said = messages(&sample("base_model: c/d"));
        said.sort();
        assert_snapshot!(said.join("\n"), @"
        README.md does not name a/b as base_model, which policy.toml declares for w/m.safetensors
        README.md names base_model c/d, which policy.toml does not declare for w/m.safetensors
        ");
    }

    #[test]
    fn another_relation_is_said_with_its_line() {
        let sample = sample("base_model: a/b\nbase_model_relation: quantized");
        assert_snapshot!(messages(&sample)[0], @"README.md says base_model_relation quantized, and policy.toml declares finetune for w/m.safetensors");
        assert_eq!(check(&sample.facts())[0].line, Some(3));
    }

    #[test]
    fn another_license_is_said_and_another_spelling_is_not() {
        let mut sample = sample("base_model: a/b\nlicense: mit");
        sample.release.license = Some("Apache-2.0".into());
        assert_snapshot!(messages(&sample)[0], @"README.md says license mit, and policy.toml releases under Apache-2.0");
        sample.release.license = Some("MIT".into());
        assert_eq!(messages(&sample), [] as [&str; 0]);
    }

    #[test]
    fn without_a_declaration_the_card_is_compared_with_the_evidence() {
        let mut sample = sample("base_model: c/d");
        sample.declared.clear();
        sample.models[0].comparisons.push(comparison("a/b", Relation::Derived, -30.0));
        assert_snapshot!(messages(&sample)[0], @"README.md names base_model c/d, and w/m.safetensors is consistent with derivation from a/b (derived, log10 p −30.0)");
        sample.models[0].comparisons.push(comparison("c/d", Relation::Derived, -20.0));
        assert_eq!(messages(&sample), [] as [&str; 0]);
    }

    #[test]
    fn an_adapter_config_is_compared_and_an_unreadable_card_is_said() {
        let mut sample = sample("base_model: a/b");
        let config = Config::parse("w/adapter_config.json", r#"{"base_model_name_or_path": "x/y"}"#);
        sample.documents.stated.extend(config.unwrap_or_default().stated);
        sample.document_problems.push(DocumentProblem {
            path: "z/README.md".into(),
            line: Some(4),
            message: "its front matter cannot be read".into(),
            remedy: "correct it".into(),
        });
        let mut said = messages(&sample);
        said.sort();
        assert_snapshot!(said.join("\n"), @"
        w/adapter_config.json names base_model_name_or_path x/y, which policy.toml does not declare for w/m.safetensors
        z/README.md could not be compared: its front matter cannot be read
        ");
    }

    #[test]
    fn one_card_for_two_models_is_one_finding_that_names_both() {
        let mut sample = sample("base_model: c/d");
        let mut other = model("w/n.safetensors", vec![]);
        other.id = format!("sha256:{}", "cd".repeat(32));
        sample.models.push(other);
        let found = check(&sample.facts());
        assert_eq!(found.iter().map(|one| one.model_ids.len()).collect::<Vec<_>>(), [2, 2]);
    }
}
