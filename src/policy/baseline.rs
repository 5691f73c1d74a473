// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The baseline: findings that were there when forebear was taken up. They do not block; new ones do.
//!
//! In: a baseline file, of the base side and of the push. Out: which findings are known, and the file that records
//! those of today. An entry is keyed to the finding's fingerprint and the content of its models, never to a line or a
//! path: the same weights stay known when they move, and other weights in their place do not.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::findings::{Finding, Rule};

use super::effective::Weakening;
use super::file::{Fault, PolicyError};

/// The schema this program reads and writes.
const SCHEMA: i64 = 1;

/// A baseline that the command line names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedBaseline {
    /// Path as it is named.
    pub path: String,
    /// Path inside the repository, if it is inside: it is then read from the base side.
    pub inside: Option<String>,
    /// What is in the file on disk, if it is there.
    pub text: Option<String>,
}

/// Findings that are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    path: String,
    entries: Vec<Known>,
}

/// One known finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// Its rule.
    pub rule: Rule,
    /// Its fingerprint.
    pub fingerprint: String,
    /// Content ids of the models concerned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
    /// File concerned, for those who read the baseline; it decides nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Why it is let pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Bytes of the entry in the file.
    #[serde(skip)]
    span: Option<(usize, usize)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: Option<Spanned<i64>>,
    #[serde(default)]
    known: Vec<Spanned<Known>>,
}

/// What writing a baseline came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recorded {
    /// The file.
    pub text: String,
    /// Findings in it.
    pub known: usize,
    /// Findings that the file before did not have.
    pub added: usize,
    /// Entries of the file before that nothing is found for.
    pub removed: usize,
    /// Findings that are left out because nobody says why they may pass.
    pub without_reason: Vec<Finding>,
    /// Findings that no baseline may hold.
    pub never: Vec<Finding>,
}

impl Known {
    /// Whether this is the finding, of the same models or of some of them.
    fn is(&self, finding: &Finding) -> bool {
        self.rule == finding.rule
            && self.fingerprint == finding.fingerprint
            && self.models.is_empty() == finding.model_ids.is_empty()
            && finding.model_ids.iter().all(|id| self.models.iter().any(|known| known.eq_ignore_ascii_case(id)))
    }

    /// Whether both let pass the same; a reason and a path decide nothing.
    fn covers_same(&self, other: &Self) -> bool {
        let models = |known: &Self| known.models.iter().map(|id| id.to_ascii_lowercase()).collect::<BTreeSet<_>>();
        self.rule == other.rule && self.fingerprint == other.fingerprint && models(self) == models(other)
    }

    fn of(finding: &Finding, reason: Option<String>) -> Self {
        let mut models = finding.model_ids.clone();
        models.sort();
        let Finding { rule, fingerprint, path, .. } = finding;
        Self { rule: *rule, fingerprint: fingerprint.clone(), models, path: path.clone(), reason, span: None }
    }

    /// Rule and file, for people.
    pub fn name(&self) -> String {
        let of = self.path.as_ref().map(|path| format!(" of {path}")).unwrap_or_default();
        format!("{}{of}", self.rule.id())
    }
}

impl Baseline {
    /// Reads a baseline.
    pub fn parse(path: &str, text: &str) -> Result<Self, PolicyError> {
        let failed = |fault: Fault| fault.in_file(path, text);
        let file: File = toml::from_str(text).map_err(|error| failed(Fault::from_toml(&error)))?;
        match &file.schema {
            Some(schema) if *schema.get_ref() == SCHEMA => {}
            Some(schema) => return Err(failed(Fault::at(schema, "this program reads baselines of schema 1"))),
            None => return Err(failed(Fault::nowhere("`schema` is missing").help("begin the file with `schema = 1`"))),
        }
        let mut entries = Vec::new();
        for entry in file.known {
            if let Some(why) = refused(entry.get_ref()) {
                return Err(failed(Fault::at(&entry, why.0).help(why.1)));
            }
            let span = entry.span();
            entries.push(Known { span: Some((span.start, span.end)), ..entry.into_inner() });
        }
        Ok(Self { path: path.to_owned(), entries })
    }

    /// The same file with nothing in it.
    pub fn empty(path: &str) -> Self {
        Self { path: path.to_owned(), entries: Vec::new() }
    }

    /// The file, unless none is given.
    pub fn path(&self) -> Option<&str> {
        Some(self.path.as_str()).filter(|path| !path.is_empty())
    }

    /// Why a known finding may pass, if somebody says so.
    pub fn reason(&self, finding: &Finding) -> Option<&str> {
        self.entries.iter().filter(|entry| entry.is(finding)).find_map(|entry| entry.reason.as_deref())
    }

    /// Returns the baseline that counts, and what the push adds to it, which does not count. `base`: that of the base
    /// side; without one, everything that is published with its own baseline would be known.
    pub fn effective(base: Option<&Self>, pushed: &Self) -> (Self, Vec<Weakening>) {
        let known = |entry: &&Known| base.is_some_and(|base| base.entries.iter().any(|one| one.covers_same(entry)));
        let (kept, added): (Vec<&Known>, Vec<&Known>) = pushed.entries.iter().partition(known);
        let weakening = added.first().map(|first| {
            let names: BTreeSet<String> = added.iter().map(|entry| entry.name()).collect();
            let what = match added.len() {
                1 => "a known finding".to_owned(),
                count => format!("{count} known findings"),
            };
            Weakening {
                path: pushed.path.clone(),
                what: format!("adds {what}: {}", names.into_iter().collect::<Vec<_>>().join(", ")),
                span: first.span,
            }
        });
        let entries = kept.into_iter().cloned().collect();
        (Self { path: pushed.path.clone(), entries }, weakening.into_iter().collect())
    }

    /// Parts the findings into those that are not known and those that are. `others`: findings that do not block for
    /// another reason. Also returned: the entries for which nothing is found.
    pub fn part<'a>(
        &self,
        findings: Vec<Finding>,
        others: impl IntoIterator<Item = &'a Finding>,
    ) -> (Vec<Finding>, Vec<Finding>, Vec<&Known>) {
        let mut found: BTreeSet<usize> = BTreeSet::new();
        let mut mark = |finding: &Finding| {
            let places: Vec<usize> = (0..self.entries.len())
                .filter(|at| self.entries.get(*at).is_some_and(|entry| entry.is(finding)))
                .collect();
            found.extend(&places);
            !places.is_empty()
        };
        for finding in others {
            mark(finding);
        }
        let (known, new) = findings.into_iter().partition(|finding| mark(finding));
        let stale = self.entries.iter().enumerate().filter(|(at, _)| !found.contains(at)).map(|(_, entry)| entry);
        (new, known, stale.collect())
    }

    /// The file that makes these findings known. Reasons given before are kept; `reason` is that of new ones.
    pub fn record(&self, findings: &[Finding], reason: Option<&str>) -> Recorded {
        let mut recorded = Recorded::default();
        let mut entries: Vec<Known> = Vec::new();
        for finding in findings {
            if never(finding.rule) {
                recorded.never.push(finding.clone());
                continue;
            }
            let before = self.entries.iter().find(|entry| entry.is(finding));
            // Given for what cannot do without; of the rest nobody said anything.
            let given = reason.filter(|reason| needs_reason(finding.rule) && !reason.trim().is_empty());
            let entry = Known::of(finding, before.and_then(|entry| entry.reason.clone()).or(given.map(str::to_owned)));
            if entry.reason.is_none() && needs_reason(finding.rule) {
                recorded.without_reason.push(finding.clone());
            } else if !entries.iter().any(|other| other.covers_same(&entry)) {
                recorded.added += usize::from(before.is_none());
                entries.push(entry);
            }
        }
        // The order of a diff: by rule, then by what is known of no run but of the content.
        entries.sort_by(|a, b| (a.rule.id(), &a.path, &a.fingerprint).cmp(&(b.rule.id(), &b.path, &b.fingerprint)));
        let gone = |entry: &&Known| !findings.iter().any(|finding| entry.is(finding));
        recorded.removed = self.entries.iter().filter(gone).count();
        recorded.known = entries.len();
        recorded.text = written(&entries);
        recorded
    }
}

const HEAD: &str =
    "# Findings that were there when forebear was taken up: `forebear check --baseline` lets them pass, and no new one.
# An entry is keyed to content (fingerprint of the finding, ids of the models). `--write-baseline` writes this file anew
# and keeps every `reason`; entries for which nothing is found any more go.
schema = 1
";

fn written(entries: &[Known]) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let mut text = HEAD.to_owned();
    for entry in entries {
        let models: Vec<String> = entry.models.iter().map(|id| quoted(id)).collect();
        let models = Some(format!("[{}]", models.join(", "))).filter(|_| !models.is_empty());
        let lines = [
            ("rule", Some(quoted(entry.rule.id()))),
            ("fingerprint", Some(quoted(&entry.fingerprint))),
            ("models", models),
            ("path", entry.path.as_deref().map(quoted)),
            ("reason", entry.reason.as_deref().map(quoted)),
        ];
        text += "\n[[known]]\n";
        for (key, value) in lines {
            text += &value.map(|value| format!("{key} = {value}\n")).unwrap_or_default();
        }
    }
    text
}

/// Rules about the policy itself, and about what could not be looked at: their findings name no content, so that an
/// entry would let pass whatever stands there tomorrow.
fn never(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::PolicyWeakened
            | Rule::ExpiredWaiver
            | Rule::UnusedWaiver
            | Rule::UnverifiableArtifact
            | Rule::MissingLfsObject
            | Rule::UnsafePickle
    )
}

/// Rules whose findings pass only with somebody's word for why.
fn needs_reason(rule: Rule) -> bool {
    matches!(rule, Rule::UndeclaredLineage | Rule::FromScratchContradicted)
}

/// Why an entry cannot be used, and what to do.
fn refused(entry: &Known) -> Option<(String, &'static str)> {
    let id = entry.rule.id();
    if never(entry.rule) {
        return Some((format!("a finding of {id} cannot be known in advance"), "remove the entry"));
    }
    let unsaid = entry.reason.as_ref().is_none_or(|reason| reason.trim().is_empty());
    (needs_reason(entry.rule) && unsaid).then(|| {
        (format!("a known finding of {id} needs a reason"), "say in `reason` why it may pass, and who says so")
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use insta::assert_snapshot;

    use super::*;

    fn finding(rule: Rule, what: &str, models: &[&str]) -> Finding {
        let mut finding = Finding::new(rule, "m", "r", &[what]).at("w/model.gguf", Some(3));
        finding.model_ids = models.iter().map(|id| (*id).to_owned()).collect();
        finding
    }

    fn baseline(findings: &[Finding]) -> Baseline {
        Baseline::parse("b.toml", &Baseline::default().record(findings, Some("why")).text).unwrap()
    }

    #[test]
    fn what_is_written_is_known_and_nothing_else_is() {
        let known = finding(Rule::MissingNotice, "x", &["sha256:aa", "sha256:bb"]);
        let baseline = baseline(std::slice::from_ref(&known));
        let is_known = |finding: Finding| baseline.part(vec![finding], []).1.len() == 1;
        let mut moved = known.clone();
        (moved.path, moved.line) = (Some("elsewhere".into()), None);
        assert!(is_known(known) && is_known(moved));
        assert!(is_known(finding(Rule::MissingNotice, "x", &["sha256:AA"])), "one of the two is gone");
        assert!(!is_known(finding(Rule::MissingNotice, "x", &["sha256:aa", "sha256:cc"])), "another model");
        assert!(!is_known(finding(Rule::MissingNotice, "x", &[])));
        assert!(!is_known(finding(Rule::MissingNotice, "y", &["sha256:aa"])));
        assert!(!is_known(finding(Rule::MissingHeader, "x", &["sha256:aa"])));
    }

    #[test]
    fn entries_for_which_nothing_is_found_are_stale_and_go_when_it_is_written_again() {
        let (one, other) = (finding(Rule::MissingNotice, "x", &["sha256:aa"]), finding(Rule::NameRule, "y", &[]));
        let before = baseline(&[one.clone(), other.clone()]);
        let (_, _, stale) = before.part(vec![one.clone()], []);
        assert_eq!(stale.iter().map(|entry| entry.rule).collect::<Vec<_>>(), [Rule::NameRule]);
        assert!(before.part(vec![one.clone()], [&other]).2.is_empty(), "a waived finding is found");
        let recorded = before.record(&[one], None);
        assert_eq!((recorded.known, recorded.added, recorded.removed), (1, 0, 1));
        let (_, entry) = recorded.text.split_once("\n\n").unwrap();
        let expected = format!(
            "[[known]]\nrule = \"missing-notice\"\nfingerprint = \"{}\"\nmodels = [\"sha256:aa\"]\npath = \"w/model.gguf\"\n",
            finding(Rule::MissingNotice, "x", &[]).fingerprint
        );
        assert_eq!(entry, expected);
    }

    #[test]
    fn lineage_is_known_only_with_a_reason_and_what_was_not_seen_never() {
        let lineage = finding(Rule::UndeclaredLineage, "x", &["sha256:aa"]);
        let unseen = finding(Rule::UnverifiableArtifact, "x", &[]);
        let recorded = Baseline::default().record(&[lineage.clone(), unseen.clone()], Some(" "));
        assert_eq!((recorded.known, recorded.without_reason.len(), recorded.never.len()), (0, 1, 1));
        let with = Baseline::default().record(std::slice::from_ref(&lineage), Some("legal has it"));
        assert_eq!((with.known, with.added), (1, 1));
        let again = Baseline::parse("b.toml", &with.text).unwrap().record(&[lineage], None);
        assert_eq!(again.text, with.text, "the reason stays");
        let error = |text: &str| Baseline::parse("b.toml", text).unwrap_err().message;
        let without = with.text.replace("legal has it", "");
        assert_eq!(error(&without), "a known finding of undeclared-lineage needs a reason");
        let forbidden = "schema = 1\n[[known]]\nrule = \"policy-weakened\"\nfingerprint = \"0\"";
        assert_eq!(error(forbidden), "a finding of policy-weakened cannot be known in advance");
        assert!(error("schema = 1\n[[known]]\nrule = \"missing-notice\"").contains("missing field `fingerprint`"));
        assert!(error("schema = 1\nknow = []").contains("unknown field `know`"));
        assert_eq!(error("schema = 2"), "this program reads baselines of schema 1");
        assert_eq!(error(""), "`schema` is missing");
    }

    #[test]
    fn what_a_push_adds_does_not_count_and_is_told() {
        let (one, other) = (finding(Rule::MissingNotice, "x", &["sha256:aa"]), finding(Rule::NameRule, "y", &[]));
        let (base, pushed) = (baseline(std::slice::from_ref(&one)), baseline(&[one.clone(), other.clone()]));
        let (counts, weakenings) = Baseline::effective(Some(&base), &pushed);
        let (new, known, _) = counts.part(vec![one, other], []);
        assert_eq!((new.len(), known.len(), weakenings.len()), (1, 1, 1));
        assert_snapshot!(weakenings[0].finding().message, @"b.toml adds a known finding: name-rule of w/model.gguf");
        let (counts, weakenings) = Baseline::effective(None, &pushed);
        assert!(counts.entries.is_empty());
        assert_snapshot!(weakenings[0].finding().message, @"b.toml adds 2 known findings: missing-notice of w/model.gguf, name-rule of w/model.gguf");
        let (counts, weakenings) = Baseline::effective(Some(&pushed), &base);
        assert_eq!((counts.entries.len(), weakenings.len()), (1, 0), "what a push takes away is stricter");
    }
}
