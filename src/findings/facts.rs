// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Everything the rules look at, gathered by the gate; and the running of all rules over it.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::changes::Problem;
use crate::checkpoints::Hazard;
use crate::code::{Attribution, Headers, Leftover};
use crate::documents::{DocumentProblem, Documents, TokenizerError, TokenizerMatch};
use crate::evidence::Comparison;

use super::declared::Declarations;
use super::finding::Finding;
use super::owed::Ledger;
use super::{
    card_mismatch, checkpoint_outside_lfs, contradicted_declaration, foreign_copyright_undeclared, foreign_identifier,
    from_scratch_contradicted, license_conflict, missing_attribution, missing_display_text, missing_header,
    missing_license_text, missing_notice, name_rule, notice_removed, restrictions_not_passed_on, stripped_header,
    unattested_obligation, undeclared_code_origin, undeclared_lineage, undeclared_teacher, undeclared_tokenizer_origin,
    unmarked_modification, unreadable, unsatisfiable_obligations, unsupported_declaration, wrong_notice_text,
};

/// What the rules look at: one published tree.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Today: nobody has attested anything later.
    pub today: Date,
    /// What the owner declares.
    pub declared: Declarations<'a>,
    /// The models in the tree.
    pub models: &'a [ModelFacts],
    /// What is known of registered bases, by id.
    pub bases: &'a BTreeMap<String, BaseFacts>,
    /// Claims of the tree's documents.
    pub documents: &'a Documents,
    /// Documents that could not be read.
    pub document_problems: &'a [DocumentProblem],
    /// Source files that the range changes.
    pub sources: &'a [SourceFacts],
    /// License and notice files as they were before the range, where it removes or changes them.
    pub former: &'a [FormerText],
    /// Files that look like models and could not be verified.
    pub unverifiable: &'a [UnverifiableFacts],
    /// What kept part of the push from being looked at.
    pub problems: &'a [Problem],
    /// Tokenizers that the range brings.
    pub tokenizers: &'a [TokenizerFacts],
}

/// One model in the tree.
#[derive(Clone, Debug, Default)]
pub struct ModelFacts {
    /// Path of the file, or of the index or first shard.
    pub path: String,
    /// All its files.
    pub files: Vec<String>,
    /// Content id, `sha256:…`.
    pub id: String,
    /// Container format.
    pub format: String,
    /// Comparisons above "no evidence", best first.
    pub comparisons: Vec<Comparison>,
    /// Number of bases it was compared with.
    pub searched: usize,
    /// Number of parameters.
    pub parameters: u64,
    /// Parameters in matrices of a form that can be compared.
    pub comparable: u64,
    /// Whether the range brings it.
    pub introduced: bool,
    /// Whether its bytes are in git itself.
    pub outside_lfs: bool,
    /// Things dangerous to load in its files.
    pub hazards: Vec<Hazard>,
    /// What its metadata say of its license, by key.
    pub licenses: Vec<(String, String)>,
}

/// What is known of one registered base.
#[derive(Clone, Debug, Default)]
pub struct BaseFacts {
    /// Its id.
    pub id: String,
    /// License id or SPDX expression; empty if not known.
    pub license: String,
    /// Text of the license it came with.
    pub license_text: Option<String>,
    /// Text of the NOTICE file it came with.
    pub notice_text: Option<String>,
    /// Source files it came with: file name, and the copyright and SPDX lines in it.
    pub headers: Vec<(String, Vec<String>)>,
    /// Where it came from.
    pub source: Option<String>,
    /// Its revision there.
    pub revision: Option<String>,
    /// Other ids of the same model.
    pub aliases: Vec<String>,
    /// Ids of models it descends from.
    pub ancestors: Vec<String>,
    /// Whether the registry knows its tokenizer.
    pub has_tokenizer: bool,
}

/// One source file that the range changes.
#[derive(Clone, Debug, Default)]
pub struct SourceFacts {
    /// Path in the tree.
    pub path: String,
    /// Its headers now.
    pub headers: Headers,
    /// Its headers before the range, if it existed.
    pub previous: Option<Headers>,
    /// Whose code it holds.
    pub attribution: Attribution,
    /// Names that model families left behind in it.
    pub leftovers: Vec<Leftover>,
    /// Comment lines that say what it was taken from.
    pub credits: Vec<String>,
}

/// One tokenizer that the range brings.
#[derive(Clone, Debug)]
pub struct TokenizerFacts {
    /// Path in the tree.
    pub path: String,
    /// The known tokenizers it is kin to, the nearest first; or why it could not be read.
    pub origins: Result<Vec<TokenizerOrigin>, TokenizerError>,
}

/// A known tokenizer that one in the tree is kin to.
#[derive(Clone, Debug)]
pub struct TokenizerOrigin {
    /// The model it is known from.
    pub id: String,
    /// How models that come with it are called; empty for a base of the registry.
    pub words: Vec<String>,
    /// Whether models of many unrelated makers use it.
    pub common: bool,
    /// The numbers.
    pub found: TokenizerMatch,
}

/// A license or notice file as it was before the range.
#[derive(Clone, Debug)]
pub struct FormerText {
    /// Path in the tree.
    pub path: String,
    /// Its text then.
    pub text: String,
    /// Whether the range removes it; otherwise it changes it.
    pub gone: bool,
}

/// A file that looks like a model and could not be verified.
#[derive(Clone, Debug)]
pub struct UnverifiableFacts {
    /// Path in the tree.
    pub path: String,
    /// What it looks like, e.g. `safetensors file`.
    pub what: String,
    /// Why it could not be verified, a fragment.
    pub reason: String,
    /// One line: what to do now; empty for the rule's own.
    pub remedy: String,
    /// What kind of failure.
    pub kind: UnverifiableKind,
}

/// Kinds of [`UnverifiableFacts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnverifiableKind {
    /// The bytes contradict the format.
    Malformed,
    /// A format or layout that is not read.
    Unsupported,
    /// Large, of no known form, and like numbers: it may be a model.
    Suspected,
    /// A shard or external data file is named and not there.
    MissingPart,
    /// The Git LFS object is not on this machine.
    MissingLfs,
    /// The bytes do not have the digest their Git LFS pointer promises.
    WrongDigest,
    /// A pickle that goes beyond rebuilding tensors.
    UnsafePickle,
    /// Reading failed.
    Unreadable,
}

/// Runs every rule that looks at the tree. Order: by path, then rule, then fingerprint.
pub fn all(facts: &Facts, ledger: &Ledger) -> Vec<Finding> {
    let of_tree: [fn(&Facts) -> Vec<Finding>; 13] = [
        undeclared_lineage::check,
        contradicted_declaration::check,
        unsupported_declaration::check,
        from_scratch_contradicted::check,
        card_mismatch::check,
        undeclared_teacher::check,
        undeclared_tokenizer_origin::check,
        missing_header::check,
        notice_removed::check,
        undeclared_code_origin::check,
        foreign_identifier::check,
        unreadable::check,
        checkpoint_outside_lfs::check,
    ];
    let of_ledger: [fn(&Ledger) -> Vec<Finding>; 8] = [
        missing_notice::check,
        wrong_notice_text::check,
        missing_attribution::check,
        missing_display_text::check,
        name_rule::check,
        restrictions_not_passed_on::check,
        unattested_obligation::check,
        unsatisfiable_obligations::check,
    ];
    let of_both: [fn(&Facts, &Ledger) -> Vec<Finding>; 5] = [
        missing_license_text::check,
        license_conflict::check,
        stripped_header::check,
        foreign_copyright_undeclared::check,
        unmarked_modification::check,
    ];
    let mut findings: Vec<Finding> = of_tree.iter().flat_map(|check| check(facts)).collect();
    findings.extend(of_ledger.iter().flat_map(|check| check(ledger)));
    findings.extend(of_both.iter().flat_map(|check| check(facts, ledger)));
    findings.sort_by(|a, b| (&a.path, a.rule, &a.fingerprint).cmp(&(&b.path, b.rule, &b.fingerprint)));
    findings.dedup_by(|a, b| a.rule == b.rule && a.fingerprint == b.fingerprint && a.path == b.path);
    findings
}
