// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Findings → levels, waivers, verdict. Order: the rule's default, then policy, then the command line; a finding's
//! own cap is above all of them.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::findings::{Finding, Level, Rule};

use super::baseline::NamedBaseline;
use super::model::{Policy, Setting};
use super::waivers::{self, Ledger};

/// What the command line says about rules.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `-D`.
    pub deny: BTreeSet<Rule>,
    /// `-W`.
    pub warn: BTreeSet<Rule>,
    /// `-A`.
    pub allow: BTreeSet<Rule>,
    /// `--audit`: report, never block.
    pub audit: bool,
    /// `--baseline`.
    pub baseline: Option<NamedBaseline>,
}

impl Overrides {
    /// What is said of one rule; the strictest counts.
    fn setting(&self, rule: Rule) -> Option<Setting> {
        let says = |set: &BTreeSet<Rule>, setting| set.contains(&rule).then_some(setting);
        says(&self.deny, Setting::Deny)
            .or_else(|| says(&self.warn, Setting::Warn))
            .or_else(|| says(&self.allow, Setting::Allow))
    }
}

/// The outcome.
#[derive(Clone, Debug)]
pub struct Decided {
    /// Findings with their levels, in the order given, those about waivers last.
    pub findings: Vec<Finding>,
    /// Findings that a waiver covers.
    pub waived: Vec<Waived>,
    /// Findings of rules that are allowed.
    pub allowed: Vec<Finding>,
    /// Pass or block.
    pub verdict: Verdict,
}

/// A finding and the waiver that covers it.
#[derive(Clone, Debug)]
pub struct Waived {
    /// The finding, with the level it would have.
    pub finding: Finding,
    /// Who answers for the waiver.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Last day on which it applies.
    pub expires: Date,
}

/// Pass or block.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing is denied.
    Pass,
    /// At least one finding is denied.
    Block,
}

/// Decides. `strict`: the findings are about a release branch or tag, or a whole tree; elsewhere what policy denies
/// warns. Without a policy.toml everything is strict. `-D` on the command line denies anywhere.
pub fn apply(findings: Vec<Finding>, policy: &Policy, overrides: &Overrides, strict: bool, today: Date) -> Decided {
    let strict = strict || policy.path.is_none();
    let mut ledger = Ledger::new(policy, today);
    let mut decided = Decided { findings: Vec::new(), waived: Vec::new(), allowed: Vec::new(), verdict: Verdict::Pass };
    for finding in findings {
        let Some(finding) = levelled(finding, policy, overrides, strict, &mut decided.allowed) else { continue };
        match ledger.cover(&finding) {
            Some(waiver) => decided.waived.push(Waived {
                finding,
                owner: waiver.owner.clone(),
                reason: waiver.reason.clone(),
                expires: waiver.expires,
            }),
            None => decided.findings.push(finding),
        }
    }
    for finding in waivers::findings(&ledger) {
        decided.findings.extend(levelled(finding, policy, overrides, strict, &mut decided.allowed));
    }
    if !overrides.audit && decided.findings.iter().any(|finding| finding.level == Level::Deny) {
        decided.verdict = Verdict::Block;
    }
    decided
}

fn levelled(
    mut finding: Finding,
    policy: &Policy,
    overrides: &Overrides,
    strict: bool,
    allowed: &mut Vec<Finding>,
) -> Option<Finding> {
    let flag = overrides.setting(finding.rule);
    let setting = flag.unwrap_or_else(|| policy.setting(finding.rule));
    let Some(level) = setting.level() else {
        allowed.push(finding);
        return None;
    };
    let level = if strict || flag.is_some() { level } else { level.min(Level::Warn) };
    finding.level = finding.cap.map_or(level, |cap| level.min(cap));
    Some(finding)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use jiff::civil::date;

    use super::*;

    const TODAY: Date = date(2026, 6, 1);

    fn policy(text: &str) -> Policy {
        Policy::parse("policy.toml", &format!("schema = 1\n{text}")).unwrap()
    }

    fn finding(rule: Rule) -> Finding {
        let mut finding =
            Finding::new(rule, "m", "r", &["x"]).of_model("m.gguf", &format!("sha256:{}", "ab".repeat(32)));
        finding.base = Some("a/b".into());
        finding
    }

    fn level(finding: Finding, policy: &Policy, overrides: &Overrides, strict: bool) -> Option<Level> {
        apply(vec![finding], policy, overrides, strict, TODAY).findings.first().map(|finding| finding.level)
    }

    fn rules(rule: Rule) -> BTreeSet<Rule> {
        BTreeSet::from([rule])
    }

    #[test]
    fn default_then_policy_then_command_line() {
        let none = Overrides::default();
        let rule = Rule::MissingHeader;
        assert_eq!(level(finding(rule), &policy(""), &none, true), Some(Level::Warn));
        let denied = policy("[rules]\nmissing-header = \"deny\"");
        assert_eq!(level(finding(rule), &denied, &none, true), Some(Level::Deny));
        let warn = Overrides { warn: rules(rule), ..Overrides::default() };
        assert_eq!(level(finding(rule), &denied, &warn, true), Some(Level::Warn));
        let allow = Overrides { allow: rules(rule), ..Overrides::default() };
        let decided = apply(vec![finding(rule)], &denied, &allow, true, TODAY);
        assert_eq!((decided.findings.len(), decided.allowed.len(), decided.verdict), (0, 1, Verdict::Pass));
    }

    #[test]
    fn a_cap_is_above_everything() {
        let deny = Overrides { deny: rules(Rule::MissingNotice), ..Overrides::default() };
        let capped = finding(Rule::MissingNotice).capped(Level::Warn);
        assert_eq!(level(capped, &policy(""), &deny, true), Some(Level::Warn));
    }

    #[test]
    fn outside_releases_denied_findings_warn_unless_the_command_line_denies() {
        let none = Overrides::default();
        assert_eq!(level(finding(Rule::MissingNotice), &policy(""), &none, false), Some(Level::Warn));
        let deny = Overrides { deny: rules(Rule::MissingNotice), ..Overrides::default() };
        assert_eq!(level(finding(Rule::MissingNotice), &policy(""), &deny, false), Some(Level::Deny));
        assert_eq!(level(finding(Rule::MissingNotice), &Policy::default(), &none, false), Some(Level::Deny));
    }

    #[test]
    fn one_denied_finding_blocks_and_an_audit_never_does() {
        let none = Overrides::default();
        let run = |rule, overrides| apply(vec![finding(rule)], &policy(""), overrides, true, TODAY).verdict;
        assert_eq!(run(Rule::MissingNotice, &none), Verdict::Block);
        assert_eq!(run(Rule::MissingHeader, &none), Verdict::Pass);
        assert_eq!(run(Rule::MissingNotice, &Overrides { audit: true, ..Overrides::default() }), Verdict::Pass);
    }
}
