// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Waivers: which findings they cover, and the findings about waivers themselves.

use jiff::civil::Date;

use crate::findings::{Finding, Rule};

use super::model::{Policy, Waiver};

/// The waivers of a policy, and which of them were used.
pub(super) struct Ledger<'a> {
    path: &'a str,
    entries: Vec<Entry<'a>>,
}

struct Entry<'a> {
    waiver: &'a Waiver,
    expired: bool,
    used: bool,
}

impl<'a> Ledger<'a> {
    pub(super) fn new(policy: &'a Policy, today: Date) -> Self {
        let entries =
            policy.waivers.iter().map(|waiver| Entry { waiver, expired: today > waiver.expires, used: false });
        Self { path: policy.path.as_deref().unwrap_or("policy.toml"), entries: entries.collect() }
    }

    /// Returns a waiver that covers the finding, and remembers that it was used. A finding about several models is
    /// covered when each of them is.
    pub(super) fn cover(&mut self, finding: &Finding) -> Option<&'a Waiver> {
        if matches!(finding.rule, Rule::PolicyWeakened | Rule::ExpiredWaiver | Rule::UnusedWaiver) {
            return None;
        }
        let of_finding = |entry: &Entry| {
            let waiver = entry.waiver;
            let same = |base: &String| finding.base.as_ref().is_some_and(|other| other.eq_ignore_ascii_case(base));
            !entry.expired && waiver.rule == finding.rule && waiver.base.as_ref().is_none_or(same)
        };
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.waiver.model.is_none() && of_finding(entry)) {
            entry.used = true;
            return Some(entry.waiver);
        }
        let mut covering = Vec::new();
        for id in &finding.model_ids {
            let names = |entry: &Entry| entry.waiver.model.as_ref().is_some_and(|model| model.eq_ignore_ascii_case(id));
            covering.push(self.entries.iter().position(|entry| names(entry) && of_finding(entry))?);
        }
        let mut last = None;
        for (index, entry) in self.entries.iter_mut().enumerate() {
            if covering.contains(&index) {
                entry.used = true;
                last = Some(entry.waiver);
            }
        }
        last
    }
}

/// `expired-waiver` and `unused-waiver`.
pub(super) fn findings(ledger: &Ledger) -> Vec<Finding> {
    let finding = |entry: &Entry| {
        let waiver = entry.waiver;
        let (rule, what, remedy) = if entry.expired {
            let remedy = "settle what was waived and remove the entry, or have its owner give it a new date";
            (Rule::ExpiredWaiver, format!("expired on {}", waiver.expires), remedy)
        } else if entry.used {
            return None;
        } else {
            (Rule::UnusedWaiver, "matches nothing".to_owned(), "remove the entry, or look again at what it was for")
        };
        let message = format!("the waiver of {} by {} {what}", waiver.rule.id(), waiver.owner);
        let (model, base) = (waiver.model.as_deref().unwrap_or(""), waiver.base.as_deref().unwrap_or(""));
        let mut finding = Finding::new(rule, message, remedy, &[waiver.rule.id(), model, base]).at(ledger.path, None);
        finding.span = Some((waiver.span.start, waiver.span.end));
        finding.base.clone_from(&waiver.base);
        Some(finding)
    };
    ledger.entries.iter().filter_map(finding).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use insta::assert_snapshot;
    use jiff::civil::date;

    use super::super::{Decided, Overrides, Verdict, apply};
    use super::*;
    use crate::findings::Level;

    const ID: &str = "sha256:abababababababababababababababababababababababababababababababab";

    fn policy(lines: &str) -> Policy {
        let text = format!(
            "schema = 1\n[[waiver]]\nrule = \"missing-notice\"\nowner = \"me\"\nreason = \"r\"\nexpires = 2026-06-30\n{lines}"
        );
        Policy::parse("policy.toml", &text).unwrap()
    }

    fn finding() -> Finding {
        let mut finding = Finding::new(Rule::MissingNotice, "m", "r", &["x"]).of_model("m.gguf", ID);
        finding.base = Some("a/b".into());
        finding
    }

    fn decide(policy: &Policy, day: i8) -> Decided {
        let day = if day <= 30 { date(2026, 6, day) } else { date(2026, 7, 1) };
        apply(vec![finding()], policy, &Overrides::default(), true, day)
    }

    #[test]
    fn a_waiver_covers_by_rule_model_and_base() {
        let line = format!("model = \"{ID}\"");
        for lines in ["", "base = \"A/B\"", &line] {
            let decided = decide(&policy(lines), 30);
            assert_eq!(
                (decided.findings.len(), decided.waived.len(), decided.verdict),
                (0, 1, Verdict::Pass),
                "{lines}"
            );
        }
    }

    #[test]
    fn another_model_or_base_is_not_covered_and_the_waiver_is_unused() {
        let line = format!("model = \"{}\"", ID.replace("ab", "cd"));
        for lines in ["base = \"c/d\"", &line] {
            let decided = decide(&policy(lines), 1);
            assert_eq!((decided.findings.len(), decided.verdict), (2, Verdict::Block), "{lines}");
            assert_eq!((decided.findings[1].rule, decided.findings[1].level), (Rule::UnusedWaiver, Level::Warn));
            assert_eq!(decided.findings[1].message, "the waiver of missing-notice by me matches nothing");
        }
    }

    #[test]
    fn an_expired_waiver_does_not_apply_and_is_said() {
        let decided = decide(&policy(""), 31);
        assert_eq!((decided.findings.len(), decided.waived.len()), (2, 0));
        assert_snapshot!(decided.findings[1].message, @"the waiver of missing-notice by me expired on 2026-06-30");
    }

    #[test]
    fn a_finding_about_two_models_needs_both_waived() {
        let other = ID.replace("ab", "cd");
        let mut finding = finding();
        finding.model_ids.push(other.clone());
        let one = policy(&format!("model = \"{ID}\""));
        let run = |policy: &Policy| {
            apply(vec![finding.clone()], policy, &Overrides::default(), true, date(2026, 6, 1)).waived.len()
        };
        assert_eq!(run(&one), 0);
        let both = policy(&format!(
            "model = \"{ID}\"\n[[waiver]]\nrule = \"missing-notice\"\nmodel = \"{other}\"\nowner = \"me\"\nreason = \"r\"\nexpires = 2026-06-30"
        ));
        assert_eq!(run(&both), 1);
    }
}
