// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The reports, as data: their fields are those of the JSON output, which other tools are written against.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::changes;
use crate::evidence::Comparison;
use crate::evidence::candidates::Examined;
use crate::findings::{Finding, Level, Obligation};

/// Version of the JSON output.
pub const SCHEMA_VERSION: u32 = 1;

/// What `check` says.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq)]
pub struct Report {
    /// Version of this format.
    pub schema_version: u32,
    /// What made it.
    pub tool: Tool,
    /// The outcome.
    pub verdict: Verdict,
    /// What was looked at.
    pub scope: Scope,
    /// The models found.
    pub models: Vec<ReportedModel>,
    /// The bases that the models are declared to have, or are consistent with derivation from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bases: Vec<ReportedBase>,
    /// What the owner says of the release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<ReportedRelease>,
    /// What the models owe to the licenses of their bases, and how it stands.
    #[serde(default)]
    pub obligations: Vec<Obligation>,
    /// What is not in order, gravest first.
    pub findings: Vec<Finding>,
    /// What was not in order and is waived.
    pub waived: Vec<Finding>,
    /// What was not in order before, and is in the baseline.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub baselined: Vec<Finding>,
    /// The waivers that cover the findings in `waived`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waivers: Vec<ReportedWaiver>,
    /// Said aloud: skipped deletes, mirror-only refs, nothing to push.
    pub remarks: Vec<String>,
    /// What it was judged by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged_by: Option<JudgedBy>,
    /// What it took.
    pub stats: Stats,
}

/// What a check is judged by.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
pub struct JudgedBy {
    /// Day on which waivers are judged, as `2026-12-31`.
    pub date: String,
    /// Policies that count, one a tree: a path, and which side of the push it is from.
    pub policies: Vec<String>,
    /// Registries that are searched, as they are named.
    pub registries: Vec<String>,
    /// Digests of the policies, and of what the registries hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub digests: Vec<JudgedDigest>,
    /// The baseline, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<ReportedBaseline>,
}

/// The baseline that the findings in `baselined` are in.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
pub struct ReportedBaseline {
    /// The file, as it is named.
    pub path: String,
    /// Why findings may pass, where somebody says so.
    pub reasons: Vec<ReportedReason>,
}

/// Why a finding of the baseline may pass.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReportedReason {
    /// Fingerprint of the finding.
    pub fingerprint: String,
    /// What the baseline says.
    pub reason: String,
}

/// The digest of something that a check is judged by.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
pub struct JudgedDigest {
    /// `policy` for the policy of the tree, `base-policy` for that of the base side, `registry` for all bases known.
    pub what: String,
    /// SHA-256, lower-case hex: of the file; for a registry, of one line a base, as docs/attest.md says.
    pub sha256: String,
}

/// What the owner says of the release.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
pub struct ReportedRelease {
    /// Its name.
    pub name: Option<String>,
    /// Its license.
    pub license: Option<String>,
}

/// What the registry knows of a base.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReportedBase {
    /// Its id.
    pub id: String,
    /// License id or SPDX expression; empty if not known.
    pub license: String,
    /// Where it came from.
    pub source: Option<String>,
    /// Its revision there.
    pub revision: Option<String>,
}

/// One file of a model.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
pub struct ReportedFile {
    /// Path in the tree.
    pub path: String,
    /// SHA-256 of its bytes, lower-case hex.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
}

/// A waiver that covers a finding.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReportedWaiver {
    /// Fingerprint of the finding.
    pub fingerprint: String,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Last day on which it counts.
    pub expires: String,
}

/// The outcome of a check.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing is denied.
    Pass,
    /// At least one finding is denied.
    Block,
    /// It could not be checked, which blocks.
    #[default]
    Error,
}

/// Name and version of the program.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
pub struct Tool {
    /// `forebear`.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Default for Tool {
    fn default() -> Self {
        Self { name: env!("CARGO_PKG_NAME").to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
    }
}

/// What was looked at.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
pub struct Scope {
    /// How the files were chosen: `push`, `receive`, `range`, `staged`, `tree`, or `path`.
    pub kind: String,
    /// Refs, range, or tree as given.
    pub refs: Vec<String>,
    /// Commits walked.
    pub commits: u64,
    /// Files looked at.
    pub files: u64,
    /// Bytes in them.
    pub bytes: u64,
}

impl Scope {
    /// The scope of a walk, with what was found in it.
    pub fn of(scope: &changes::Scope, files: u64, bytes: u64) -> Self {
        Self { kind: scope.kind.name().to_owned(), refs: scope.refs.clone(), commits: scope.commits, files, bytes }
    }
}

/// One model, and what it was compared with.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema, PartialEq)]
pub struct ReportedModel {
    /// Path of the checkpoint.
    pub path: String,
    /// Identity of its content, `sha256:…`.
    pub id: String,
    /// Container format.
    pub format: String,
    /// Architecture as the config names it, or `unknown`.
    pub architecture: String,
    /// Number of parameters.
    pub parameters: u64,
    /// Bytes in its files.
    pub bytes: u64,
    /// Ids of the bases that the policy declares for it.
    pub declared: Vec<String>,
    /// Bases for which there is some evidence, best first.
    pub matches: Vec<Comparison>,
    /// Number of bases it was compared with.
    pub searched: usize,
    /// How many of them got every test, where an index ruled some out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bases: Option<Examined>,
    /// Its files, ordered by path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<ReportedFile>,
    /// Data sets that the model cards above it name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub datasets: Vec<String>,
}

/// What a check took.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema, PartialEq)]
pub struct Stats {
    /// Wall-clock seconds.
    pub seconds: f64,
    /// Bytes read from checkpoints.
    pub bytes_read: u64,
    /// Fingerprints taken from the cache.
    pub cache_hits: u64,
}

/// What `compare` says.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq)]
pub struct CompareReport {
    /// Version of this format.
    pub schema_version: u32,
    /// The comparison.
    #[serde(flatten)]
    pub comparison: Comparison,
}

/// What `identify` says.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq)]
pub struct IdentifyReport {
    /// Version of this format.
    pub schema_version: u32,
    /// Path of the checkpoint.
    pub path: String,
    /// Bases for which there is some evidence, best first.
    pub matches: Vec<Comparison>,
    /// Number of bases it was compared with.
    pub searched: usize,
    /// How many of them got every test, where an index ruled some out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bases: Option<Examined>,
    /// What was read, where a part was enough to settle it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub glance: Option<Glanced>,
}

/// The part of a checkpoint that was read.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
pub struct Glanced {
    /// Matrices that were read.
    pub matrices: u64,
    /// Bytes of weights that were read.
    pub bytes: u64,
    /// Bytes of the files.
    pub of: u64,
}

/// What `fingerprint` says.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq)]
pub struct FingerprintReport {
    /// Version of this format.
    pub schema_version: u32,
    /// Path of the checkpoint.
    pub path: String,
    /// Identity of its content: SHA-256 in hex.
    pub sha256: String,
    /// Number of tensors.
    pub tensors: u64,
    /// Number of parameters.
    pub parameters: u64,
    /// Architecture as the config names it, or `unknown`.
    pub architecture: String,
    /// Bytes read.
    pub bytes_read: u64,
    /// Wall-clock seconds.
    pub seconds: f64,
    /// Where the fingerprint file was written.
    pub file: Option<String>,
}

impl Report {
    /// Puts the findings in the order in which they are shown: gravest first, then by place.
    pub fn sort(&mut self) {
        for findings in [&mut self.findings, &mut self.waived, &mut self.baselined] {
            findings.sort_by(|a, b| {
                b.level.cmp(&a.level).then_with(|| {
                    (&a.path, a.line, a.rule, &a.fingerprint).cmp(&(&b.path, b.line, b.rule, &b.fingerprint))
                })
            });
        }
    }

    /// Whether a baseline is given: findings are then new, or known.
    pub(super) fn has_baseline(&self) -> bool {
        !self.baselined.is_empty() || self.judged_by.as_ref().is_some_and(|judged| judged.baseline.is_some())
    }

    /// Why a finding of the baseline may pass, if the baseline says so.
    pub(super) fn reason(&self, finding: &Finding) -> Option<&str> {
        let baseline = self.judged_by.as_ref()?.baseline.as_ref()?;
        let said = baseline.reasons.iter().find(|one| one.fingerprint == finding.fingerprint)?;
        Some(&said.reason)
    }

    /// Number of findings of a level.
    pub fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }
}
