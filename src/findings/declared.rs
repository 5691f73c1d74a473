// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What the owner declares of the models: claims, to be checked against evidence.

use std::collections::BTreeMap;
use std::ops::Range;

use globset::GlobSet;
use serde::Deserialize;

/// Everything declared.
#[derive(Clone, Copy, Debug)]
pub struct Declarations<'a> {
    /// What the repository publishes.
    pub release: &'a Release,
    /// One entry a released model.
    pub models: &'a [DeclaredModel],
}

impl<'a> Declarations<'a> {
    /// The first entry whose globs match the path.
    pub fn model_for(&self, path: &str) -> Option<&'a DeclaredModel> {
        self.models.iter().find(|model| model.paths.is_match(path))
    }
}

/// `[release]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Release {
    /// Name of the release, e.g. `acme/Orca-7B`.
    pub name: Option<String>,
    /// SPDX expression or known model license id.
    pub license: Option<String>,
    /// Holders of the releaser's own copyright, e.g. `Acme Inc.`.
    pub copyright: Vec<String>,
    /// Globs of branches on which denied findings block.
    pub branches: Vec<String>,
    /// Globs of tags on which denied findings block.
    pub tags: Vec<String>,
}

/// One `[[model]]`.
#[derive(Clone, Debug)]
pub struct DeclaredModel {
    /// The globs as written.
    pub patterns: Vec<String>,
    /// The same, compiled.
    pub paths: GlobSet,
    /// Where the weights come from.
    pub origin: Origin,
    /// The bases; empty when from scratch.
    pub bases: Vec<DeclaredBase>,
    /// Where the tokenizer comes from, if not from a base: the id of a model.
    pub tokenizer: Option<String>,
    /// Obligations that no tool can see, by one of their names, with who attests them and when.
    pub attested: BTreeMap<String, String>,
    /// Bytes of the entry in policy.toml.
    pub span: Range<usize>,
}

/// One base of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredBase {
    /// Id of the base, e.g. `Qwen/Qwen2.5-7B`.
    pub id: String,
    /// What was done to it.
    pub relation: DeclaredRelation,
}

/// Where weights come from.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// From one or more bases.
    #[default]
    Derived,
    /// From random initialisation.
    FromScratch,
}

/// What was done to a base.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum DeclaredRelation {
    /// Trained further on a task.
    Finetune,
    /// Low-rank or other adapter on top of it.
    Adapter,
    /// Merged with others.
    Merge,
    /// Cast to fewer bits.
    Quantized,
    /// Parts removed.
    Pruned,
    /// Turned into a mixture of experts, or grown.
    Upcycled,
    /// Its outputs were learned from; the weights share nothing.
    Distilled,
    /// Trained further on raw text.
    ContinuedPretraining,
}

impl DeclaredRelation {
    /// All relations.
    pub const ALL: [Self; 8] = [
        Self::Finetune,
        Self::Adapter,
        Self::Merge,
        Self::Quantized,
        Self::Pruned,
        Self::Upcycled,
        Self::Distilled,
        Self::ContinuedPretraining,
    ];

    /// Name in policy.toml.
    pub fn name(self) -> &'static str {
        match self {
            Self::Finetune => "finetune",
            Self::Adapter => "adapter",
            Self::Merge => "merge",
            Self::Quantized => "quantized",
            Self::Pruned => "pruned",
            Self::Upcycled => "upcycled",
            Self::Distilled => "distilled",
            Self::ContinuedPretraining => "continued-pretraining",
        }
    }

    /// The nearest of the four values the Hub allows for `base_model_relation`.
    pub fn card_name(self) -> &'static str {
        match self {
            Self::Adapter => "adapter",
            Self::Merge => "merge",
            Self::Quantized => "quantized",
            _ => "finetune",
        }
    }

    /// Whether weights of the base are in the model.
    pub fn is_weight_lineage(self) -> bool {
        self != Self::Distilled
    }
}
