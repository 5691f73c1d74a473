// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The two halves of the journey: what is known of the weights, and the judgment of a tree with them.
//!
//! In: a snapshot. Out: facts, what is owed, and findings with their levels. Weights are looked at once; a tree whose
//! documents are edited is judged again with what they showed.

use crate::attested;
use crate::changes::{Published, ScopeKind, Snapshot};
use crate::documents;
use crate::evidence::Comparison;
use crate::evidence::candidates::Examined;
use crate::findings::{self, Facts, Finding, Ledger};
use crate::fingerprint::{Collected, Progress, collect_unknown};
use crate::gate::{GateError, Options};
use crate::known::{Known, RegistryChange};
use crate::policy::{self, Baseline, Decided, Policy};
use crate::reports::JudgedDigest;
use crate::searched;
use crate::seen;
use crate::tokenizers;
use crate::told;

/// What is known of the weights, and of the bases: the part that no edit of a document changes.
pub(crate) struct Weights {
    known: Known,
    changes: Vec<RegistryChange>,
    pub(crate) collected: Collected,
    pub(crate) comparisons: Vec<Vec<Comparison>>,
    /// For each model how many bases got every test, where not all did.
    pub(crate) examined: Vec<Option<Examined>>,
    pub(crate) searched: usize,
}

impl Weights {
    pub(crate) fn look(snapshot: &Snapshot, options: &Options, progress: &Progress) -> Result<Self, GateError> {
        let (policy, _) = seen::policy(snapshot, options.policy.as_ref())?;
        let (known, changes) = {
            let signers = attested::registry_signers(snapshot, &policy, options.repository)?;
            let signers = signers.as_ref().map(tempfile::NamedTempFile::path);
            Known::gather(snapshot, &policy, options.registries, options.repository, signers)?
        };
        let collected =
            collect_unknown(&snapshot.files, options.cache.as_ref(), &|digests| known.by_digests(digests), progress);
        let searched = known.len();
        let found = searched::searched(&collected.models, &known, &policy, options.cache.as_ref())?;
        let (comparisons, examined) = found.into_iter().map(|found| (found.matches, found.examined)).unzip();
        Ok(Self { known, changes, collected, comparisons, examined, searched })
    }

    /// Digests of what the tree is judged by.
    pub(crate) fn digests(&self, snapshot: &Snapshot, options: &Options) -> Vec<JudgedDigest> {
        let mut digests = seen::policy_digests(snapshot, options.policy.as_ref());
        digests.push(JudgedDigest { what: "registry".to_owned(), sha256: self.known.digest() });
        digests
    }
}

/// A tree after all stages.
pub(crate) struct Judged<'j, 'a> {
    pub(crate) facts: &'j Facts<'a>,
    pub(crate) ledger: &'j Ledger<'a>,
    pub(crate) policy: &'j Policy,
    /// With each base, the tokenizers too where both are known.
    pub(crate) comparisons: &'j [Vec<Comparison>],
    pub(crate) decided: Decided,
    /// Findings that the baseline has.
    pub(crate) baselined: &'j [Finding],
    pub(crate) baseline: &'j Baseline,
}

/// Documents and sources, and with the weights all findings and their levels.
pub(crate) fn judge(
    published: &Published,
    snapshot: &Snapshot,
    weights: &Weights,
    options: &Options,
    remarks: &mut Vec<String>,
    tell: impl FnOnce(Judged<'_, '_>),
) -> Result<(), GateError> {
    let (policy, weakenings) = seen::policy(snapshot, options.policy.as_ref())?;
    let kind = published.scope.kind;
    let (baseline, additions) = seen::baseline(snapshot, kind, options, &policy, remarks)?;
    let Weights { known, changes, collected, comparisons, searched, .. } = weights;
    let in_git = kind != ScopeKind::Path;
    let (mut documents, document_problems) = documents::read(&snapshot.files);
    let in_models = collected.models.iter().flat_map(|model| model.files.iter().copied());
    documents.stated.extend(documents::embedded(&snapshot.files, in_models));
    let mut comparisons = comparisons.clone();
    tokenizers::beside(&mut comparisons, collected, &documents.tokenizers, known)?;
    let models = seen::models(&snapshot.files, collected, &comparisons, *searched, in_git);
    let (sources, unread) = seen::sources(&snapshot.files, || known.code())?;
    let (former, former_unread) = seen::former(snapshot);
    let mut unverifiable = seen::unverifiable(snapshot, collected, in_git, remarks);
    unverifiable.extend(unread.into_iter().chain(former_unread));
    let facts = Facts {
        today: options.today,
        declared: policy.declarations(),
        models: &models,
        bases: &known.facts()?,
        documents: &documents,
        document_problems: &document_problems,
        sources: &sources,
        former: &former,
        unverifiable: &unverifiable,
        problems: &published.problems,
        tokenizers: &tokenizers::facts(&documents.tokenizers, known)?,
    };
    let ledger = Ledger::of(&facts);
    let mut found: Vec<Finding> = weakenings.iter().chain(&additions).map(policy::Weakening::finding).collect();
    found.extend(changes.iter().map(RegistryChange::finding));
    found.extend(attested::missing(published, snapshot, &policy, options)?);
    found.extend(findings::all(&facts, &ledger));
    let whole = !matches!(kind, ScopeKind::Push | ScopeKind::Receive);
    let strict = whole || policy.is_strict(&snapshot.label);
    let mut decided = policy::apply(found, &policy, &options.overrides, strict, options.today);
    let waived = decided.waived.iter().map(|waived| &waived.finding).chain(&decided.allowed);
    let (new, baselined, stale) = baseline.part(std::mem::take(&mut decided.findings), waived);
    decided.findings = new;
    if matches!(kind, ScopeKind::Tree | ScopeKind::Path) {
        remarks.extend(told::stale(&stale));
    }
    tell(Judged {
        baselined: &baselined,
        baseline: &baseline,
        facts: &facts,
        ledger: &ledger,
        policy: &policy,
        comparisons: &comparisons,
        decided,
    });
    Ok(())
}
