// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The statement: an in-toto v1 Statement about models and a commit, with forebear's predicate.
//!
//! In: a report and the commit it is about. Out: a [`Statement`], whose JSON is what is signed. docs/attest.md
//! describes the fields.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::evidence::{Comparison, Evidence, Relation};
use crate::findings::{Level, ObligationState, Rule};
use crate::reports::{JudgedDigest, Report, ReportedModel, Scope, Tool, Verdict};

/// Type of the statement.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// Type of the predicate.
pub const PREDICATE_TYPE: &str = "https://forebear.dev/lineage/v1";
/// Name of the subject that is the commit.
const COMMIT: &str = "commit";
const GIT_COMMIT: &str = "gitCommit";
const SHA256: &str = "sha256";

/// What is signed.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Statement {
    /// [`STATEMENT_TYPE`].
    #[serde(rename = "_type")]
    pub statement_type: String,
    /// The commit, then every file of every model.
    pub subject: Vec<Subject>,
    /// [`PREDICATE_TYPE`].
    pub predicate_type: String,
    /// What is said of them.
    pub predicate: Predicate,
}

/// Something that the statement is about, by its content.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// Path in the tree, or `commit`.
    pub name: String,
    /// `sha256` of a file, `gitCommit` of the commit.
    pub digest: BTreeMap<String, String>,
}

/// What forebear says.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct Predicate {
    /// The program.
    pub tool: Tool,
    /// What the check came to.
    pub verdict: Verdict,
    /// Day of the check, on the clock of who signed.
    pub date: String,
    /// What was looked at.
    pub scope: Scope,
    /// Digests of policy and registry.
    pub digests: Vec<JudgedDigest>,
    /// The models.
    pub models: Vec<StatedModel>,
    /// What is owed to licenses.
    pub obligations: Vec<Owed>,
    /// What was found; nothing of it is denied where the verdict is `pass`.
    pub findings: Vec<Said>,
    /// Number of findings that are waived.
    pub waived: usize,
}

/// A model, and what its weights say.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct StatedModel {
    /// Path in the tree.
    pub path: String,
    /// Content id.
    pub id: String,
    /// Number of parameters.
    pub parameters: u64,
    /// Paths of its files, which are subjects.
    pub files: Vec<String>,
    /// Bases that are declared.
    pub declared: Vec<String>,
    /// Number of bases it was compared with.
    pub searched: usize,
    /// Bases for which there is some evidence, best first.
    pub matches: Vec<Lineage>,
}

/// What the weights say of one base.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct Lineage {
    /// Id of the base.
    pub base: String,
    /// What the evidence amounts to.
    pub relation: Relation,
    /// log10 of the corrected p-value.
    pub log10_p: Option<f64>,
    /// Size of the effect.
    pub effect: f64,
    /// The mechanisms, each beside its null.
    pub mechanisms: Vec<Evidence>,
}

/// One obligation.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct Owed {
    /// Path of the model.
    pub model: String,
    /// Id of the base.
    pub base: String,
    /// License of the base.
    pub license: String,
    /// What is asked.
    pub kind: String,
    /// Clause of the license.
    pub clause: Option<String>,
    /// How it stands.
    pub state: ObligationState,
}

/// One finding.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct Said {
    /// Its rule.
    pub rule: Rule,
    /// Its level.
    pub level: Level,
    /// What is not in order.
    pub message: String,
    /// Its identity.
    pub fingerprint: String,
}

impl Statement {
    /// What a report says of a commit.
    pub fn of(report: &Report, commit: &str) -> Self {
        let mut files: Vec<Subject> = report
            .models
            .iter()
            .flat_map(|model| &model.files)
            .map(|file| Subject { name: file.path.clone(), digest: digest(SHA256, &file.sha256) })
            .collect();
        files.sort();
        files.dedup();
        let mut subject = vec![Subject { name: COMMIT.to_owned(), digest: digest(GIT_COMMIT, commit) }];
        subject.extend(files);
        let judged = report.judged_by.clone().unwrap_or_default();
        let owed = |one: &crate::findings::Obligation| Owed {
            model: one.model.clone(),
            base: one.base.clone(),
            license: one.license.clone(),
            kind: one.kind.clone(),
            clause: one.clause.clone(),
            state: one.state,
        };
        let said = |one: &crate::findings::Finding| Said {
            rule: one.rule,
            level: one.level,
            message: one.message.clone(),
            fingerprint: one.fingerprint.clone(),
        };
        Self {
            statement_type: STATEMENT_TYPE.to_owned(),
            subject,
            predicate_type: PREDICATE_TYPE.to_owned(),
            predicate: Predicate {
                tool: report.tool.clone(),
                verdict: report.verdict,
                date: judged.date,
                scope: report.scope.clone(),
                digests: judged.digests,
                models: report.models.iter().map(model).collect(),
                obligations: report.obligations.iter().map(owed).collect(),
                findings: report.findings.iter().map(said).collect(),
                waived: report.waived.len(),
            },
        }
    }

    /// The commit that it is about.
    pub fn commit(&self) -> Option<&str> {
        let mut commits = self.subject.iter().filter_map(|subject| subject.digest.get(GIT_COMMIT));
        let first = commits.next()?;
        commits.next().is_none().then_some(first)
    }

    /// The files that it is about: path and SHA-256.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.subject.iter().filter_map(|subject| Some((subject.name.as_str(), subject.digest.get(SHA256)?.as_str())))
    }
}

fn digest(kind: &str, value: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(kind.to_owned(), value.to_owned())])
}

fn model(model: &ReportedModel) -> StatedModel {
    let lineage = |one: &Comparison| Lineage {
        base: one.base.clone(),
        relation: one.relation,
        log10_p: one.log10_p,
        effect: one.effect,
        mechanisms: one.mechanisms.clone(),
    };
    StatedModel {
        path: model.path.clone(),
        id: model.id.clone(),
        parameters: model.parameters,
        files: model.files.iter().map(|file| file.path.clone()).collect(),
        declared: model.declared.clone(),
        searched: model.searched,
        matches: model.matches.iter().map(lineage).collect(),
    }
}
