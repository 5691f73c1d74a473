// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Small facts for the tests of the rules.

use std::collections::BTreeMap;

use globset::{Glob, GlobSetBuilder};

use super::declared::{Declarations, DeclaredBase, DeclaredModel, DeclaredRelation, Origin, Release};
use super::facts::{BaseFacts, Facts, FormerText, ModelFacts, SourceFacts, TokenizerFacts, UnverifiableFacts};
use crate::changes::Problem;
use crate::documents::{DocumentProblem, Documents, LicenseFile, NoticeFile};
use crate::evidence::{Comparison, Context, Evidence, Relation, Tier};

/// Facts that own what they point to.
#[derive(Default)]
pub(crate) struct Sample {
    pub(crate) release: Release,
    pub(crate) declared: Vec<DeclaredModel>,
    pub(crate) models: Vec<ModelFacts>,
    pub(crate) bases: BTreeMap<String, BaseFacts>,
    pub(crate) documents: Documents,
    pub(crate) document_problems: Vec<DocumentProblem>,
    pub(crate) sources: Vec<SourceFacts>,
    pub(crate) former: Vec<FormerText>,
    pub(crate) unverifiable: Vec<UnverifiableFacts>,
    pub(crate) problems: Vec<Problem>,
    pub(crate) tokenizers: Vec<TokenizerFacts>,
}

impl Sample {
    pub(crate) fn facts(&self) -> Facts<'_> {
        Facts {
            today: jiff::civil::date(2026, 6, 30),
            declared: Declarations { release: &self.release, models: &self.declared },
            models: &self.models,
            bases: &self.bases,
            documents: &self.documents,
            document_problems: &self.document_problems,
            sources: &self.sources,
            former: &self.former,
            unverifiable: &self.unverifiable,
            problems: &self.problems,
            tokenizers: &self.tokenizers,
        }
    }

    pub(crate) fn base(&mut self, base: BaseFacts) {
        self.bases.insert(base.id.clone(), base);
    }

    /// Adds a model card.
    #[expect(clippy::unwrap_used, reason = "tests")]
    pub(crate) fn document(&mut self, path: &str, text: &str) {
        self.documents.cards.push(crate::documents::Card::parse(path, text.into()).unwrap().unwrap());
    }

    pub(crate) fn license(&mut self, path: &str, text: &str) {
        self.documents.licenses.push(LicenseFile { path: path.into(), text: text.into() });
    }

    pub(crate) fn notice(&mut self, path: &str, text: &str) {
        self.documents.notices.push(NoticeFile { path: path.into(), text: text.into() });
    }
}

pub(crate) fn base(id: &str, license: &str) -> BaseFacts {
    BaseFacts { id: id.into(), license: license.into(), ..BaseFacts::default() }
}

pub(crate) fn model(path: &str, comparisons: Vec<Comparison>) -> ModelFacts {
    ModelFacts {
        path: path.into(),
        files: vec![path.into()],
        id: format!("sha256:{}", "ab".repeat(32)),
        format: "safetensors".into(),
        comparisons,
        searched: 10,
        introduced: true,
        ..ModelFacts::default()
    }
}

pub(crate) fn comparison(base: &str, relation: Relation, log10_p: f64) -> Comparison {
    Comparison {
        suspect: "suspect".into(),
        base: base.into(),
        relation,
        tier: Tier::Blocks,
        log10_p: Some(log10_p),
        effect: 0.9,
        mechanisms: vec![Evidence {
            mechanism: "row-hash".into(),
            log10_p: Some(log10_p),
            effect: 0.9,
            null: "rows of unrelated models".into(),
            n: 100,
            detail: "90 of 100 rows agree".into(),
        }],
        layers: Vec::new(),
        parts: Vec::new(),
        difference: None,
        merge: None,
        structure: None,
        context: Context::default(),
    }
}

#[expect(clippy::unwrap_used, reason = "tests")]
pub(crate) fn declared(glob: &str, bases: &[(&str, &str)]) -> DeclaredModel {
    let relation = |name: &str| DeclaredRelation::ALL.into_iter().find(|relation| relation.name() == name).unwrap();
    DeclaredModel {
        patterns: vec![glob.into()],
        paths: GlobSetBuilder::new().add(Glob::new(glob).unwrap()).build().unwrap(),
        origin: Origin::Derived,
        bases: bases.iter().map(|(id, name)| DeclaredBase { id: (*id).into(), relation: relation(name) }).collect(),
        tokenizer: None,
        attested: BTreeMap::new(),
        span: 0..0,
    }
}
