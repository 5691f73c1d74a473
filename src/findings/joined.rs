// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Several findings about one model and one base → one, with the others as its support.
//!
//! In: findings with their final levels, after the verdict is drawn and without those that are waived: a waiver of one
//! rule silences no other. Out: the same with every finding about code, tokenizer, config or card folded into the
//! finding about the weights, if there is one. Nothing is lost: what is folded keeps rule, level, place and remedy,
//! and a finding is never shown at a lower level than what was folded into it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::code::{Folded, families_named};

use super::finding::{Finding, Level, Rule};

/// A finding that supports another. The fields are those of the JSON output.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
pub struct Related {
    /// Rule id, kebab-case.
    pub rule: Rule,
    /// Its own level.
    pub level: Level,
    /// One sentence: what is not in order.
    pub message: String,
    /// File concerned.
    pub path: Option<String>,
    /// Line in it, from 1.
    pub line: Option<u32>,
    /// One line: what to do now.
    pub remedy: String,
    /// Its own fingerprint.
    pub fingerprint: String,
}

/// Rules whose findings support one about weights, strongest first.
const SUPPORTING: [&str; 5] =
    ["undeclared-tokenizer-origin", "undeclared-code-origin", "stripped-header", "foreign-identifier", "card-mismatch"];

/// Joins findings. Each keeps its place; those that are folded go.
pub fn join(findings: Vec<Finding>) -> Vec<Finding> {
    let leads: Vec<usize> = (0..findings.len()).filter(|at| findings.get(*at).is_some_and(leads)).collect();
    let target = |finding: &Finding| {
        let mut fitting =
            leads.iter().copied().filter(|at| findings.get(*at).is_some_and(|lead| supports(finding, lead)));
        fitting.next().filter(|_| strength(finding).is_some())
    };
    let targets: Vec<Option<usize>> = findings.iter().map(target).collect();
    let mut slots: Vec<Option<Finding>> = findings.into_iter().map(Some).collect();
    for (at, target) in targets.iter().enumerate() {
        let Some(target) = target else { continue };
        let folded = slots.get_mut(at).and_then(Option::take);
        if let (Some(folded), Some(Some(lead))) = (folded, slots.get_mut(*target)) {
            lead.level = lead.level.max(folded.level);
            lead.related.push(related(folded));
        }
    }
    let mut joined: Vec<Finding> = slots.into_iter().flatten().collect();
    for finding in &mut joined {
        finding.related.sort_by_key(|one| (place(one.rule), one.path.clone(), one.line));
    }
    joined
}

/// Whether a finding is about weights and a base they descend from. What may be a note at most leads nothing.
fn leads(finding: &Finding) -> bool {
    let rule =
        matches!(finding.rule, Rule::UndeclaredLineage | Rule::FromScratchContradicted | Rule::ContradictedDeclaration);
    rule && finding.base.is_some() && finding.model.is_some() && finding.cap != Some(Level::Note)
}

/// Where a finding's rule stands among those that support; `None` if it does not.
fn strength(finding: &Finding) -> Option<usize> {
    SUPPORTING.iter().position(|id| *id == finding.rule.id())
}

fn place(rule: Rule) -> usize {
    SUPPORTING.iter().position(|id| *id == rule.id()).unwrap_or(SUPPORTING.len())
}

/// Whether both are about one base, or one family, and about no two models.
fn supports(finding: &Finding, lead: &Finding) -> bool {
    let Some(base) = &lead.base else { return false };
    if finding.model.is_some() && !finding.model_ids.iter().any(|id| lead.model_ids.contains(id)) {
        return false;
    }
    let named: Vec<&str> = finding.base.iter().chain(&finding.about).map(String::as_str).collect();
    let families = families_named(base);
    let folded = Folded::of(base);
    named.iter().any(|name| name.eq_ignore_ascii_case(base))
        // A card's finding about another model of the family is about that model.
        || finding.rule != Rule::CardMismatch && named.iter().any(|name| families_named(name).iter().any(|one| families.contains(one)))
        || finding.about.iter().any(|name| folded.names(name) || families.iter().any(|family| family.name == *name))
}

fn related(finding: Finding) -> Related {
    let Finding { rule, level, message, path, line, remedy, fingerprint, .. } = finding;
    Related { rule, level, message, path, line, remedy, fingerprint }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(rule: Rule, base: &str, model: Option<&str>) -> Finding {
        let mut finding = Finding::new(rule, format!("{} {base}", rule.id()), "r", &[base]);
        if let Some(model) = model {
            finding = finding.of_model(model, &format!("sha256:{model}"));
        }
        finding.base = Some(base.into());
        finding
    }

    fn told(findings: &[Finding]) -> Vec<String> {
        let line = |one: &Finding| {
            let also: Vec<&str> = one.related.iter().map(|related| related.message.as_str()).collect();
            format!("{}: {} [{}]", one.level.name(), one.message, also.join(", "))
        };
        findings.iter().map(line).collect()
    }

    #[test]
    fn what_is_about_one_base_becomes_one_finding_strongest_first() {
        let card = finding(Rule::CardMismatch, "Qwen/Qwen2.5-7B", Some("m"));
        let code = finding(Rule::UndeclaredCodeOrigin, "transformers/qwen2", None);
        let mut left = finding(Rule::ForeignIdentifier, "x", None);
        (left.base, left.about) = (None, vec!["Qwen".into()]);
        let lead = finding(Rule::UndeclaredLineage, "Qwen/Qwen2.5-7B", Some("m"));
        let notice = finding(Rule::MissingNotice, "Qwen/Qwen2.5-7B", Some("m"));
        assert_eq!(
            told(&join(vec![card, code, lead, left, notice])),
            [
                "deny: undeclared-lineage Qwen/Qwen2.5-7B [undeclared-code-origin transformers/qwen2, foreign-identifier x, \
                  card-mismatch Qwen/Qwen2.5-7B]",
                "deny: missing-notice Qwen/Qwen2.5-7B []",
            ]
        );
    }

    #[test]
    fn another_base_another_model_and_no_lineage_stay_apart() {
        let lead = || finding(Rule::UndeclaredLineage, "Qwen/Qwen2.5-7B", Some("m"));
        for other in [
            finding(Rule::UndeclaredCodeOrigin, "transformers/gemma", None),
            finding(Rule::CardMismatch, "Qwen/Qwen2.5-7B", Some("other")),
            finding(Rule::CardMismatch, "Qwen/Qwen2.5-3B", Some("m")),
            finding(Rule::UndeclaredTeacher, "Qwen/Qwen2.5-7B", Some("m")),
        ] {
            assert_eq!(join(vec![lead(), other.clone()]).len(), 2, "{}", other.message);
            assert_eq!(join(vec![other]).len(), 1);
        }
        let weak = lead().capped(Level::Note);
        assert_eq!(join(vec![weak, finding(Rule::UndeclaredCodeOrigin, "transformers/qwen2", None)]).len(), 2);
    }

    #[test]
    fn code_of_a_registered_family_joins_by_its_name() {
        let mut code = finding(Rule::UndeclaredCodeOrigin, "acme/code", None);
        code.about = vec!["whale".into()];
        assert_eq!(join(vec![code, finding(Rule::UndeclaredLineage, "acme/whale-7b", Some("m"))]).len(), 1);
    }

    #[test]
    fn folding_raises_a_level_and_never_lowers_one() {
        let mut lead = finding(Rule::UndeclaredLineage, "a/b", Some("m"));
        let mut card = finding(Rule::CardMismatch, "a/b", Some("m"));
        (lead.level, card.level) = (Level::Warn, Level::Deny);
        let joined = join(vec![card, lead.clone()]);
        assert_eq!(joined.iter().map(|one| one.level).collect::<Vec<_>>(), [Level::Deny]);
        let mut strict = finding(Rule::CardMismatch, "a/b", Some("m"));
        (lead.level, strict.level) = (Level::Deny, Level::Note);
        assert_eq!(join(vec![lead, strict]).first().map(|one| one.level), Some(Level::Deny));
    }

    #[test]
    fn two_leads_keep_their_own() {
        let leads = ["m", "n"].map(|model| finding(Rule::UndeclaredLineage, "a/b", Some(model)));
        let cards = ["n", "m"].map(|model| finding(Rule::CardMismatch, "a/b", Some(model)));
        let joined = join([leads.to_vec(), cards.to_vec()].concat());
        assert_eq!(joined.iter().map(|one| one.related.len()).collect::<Vec<_>>(), [1, 1]);
    }
}
