// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What a comparison of two fingerprints says. These are the JSON fields of `compare`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::structure::Structure;
use super::tier::Tier;
use crate::documents::TokenizerMatch;

/// Evidence between a suspect and a base.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq)]
pub struct Comparison {
    /// Path or name of the suspect.
    pub suspect: String,
    /// Id of the base.
    pub base: String,
    /// What the evidence amounts to.
    pub relation: Relation,
    /// How far the search went before that was settled.
    pub tier: Tier,
    /// log10 of the p-value, corrected for every comparison made; `null` if nothing could be compared.
    pub log10_p: Option<f64>,
    /// Size of the effect of the deciding mechanism, 0 (none) to 1 (the same values).
    pub effect: f64,
    /// Every mechanism that could be run, the deciding one first.
    pub mechanisms: Vec<Evidence>,
    /// Effect by layer: each base layer with the suspect layers it is seen in.
    pub layers: Vec<LayerEffect>,
    /// Parts concerned when the relation is `partial`, by the base's tensor names or roles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<String>,
    /// Median relative difference ‖suspect − base‖/‖base‖ of matrices found at the same places; `null` where the values
    /// do not stand at the same places.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<f64>,
    /// The base's part in a merge of several registered bases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge: Option<MergeShare>,
    /// How the suspect's parts go back to the base's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structure: Option<Structure>,
    /// Shown beside the evidence; never decides.
    pub context: Context,
}

/// The part of one base in a merge.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema, PartialEq)]
pub struct MergeShare {
    /// Weight of the base.
    pub weight: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Share of the suspect that the merge leaves unexplained, ‖t − Σ αb‖/‖t‖.
    pub unexplained: f64,
}

/// What the evidence amounts to, strongest first.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// The same values.
    Identical,
    /// A cast, quantized or re-laid-out copy.
    Converted,
    /// Descends from the base, with further training or surgery.
    Derived,
    /// Some components or layers only: frozen parts, merges, grafts.
    Partial,
    /// Same initialisation or a remote common ancestor; not evidence that trained weights were taken.
    SharedOrigin,
    /// Some evidence, too weak to decide.
    Inconclusive,
    /// No evidence found.
    NoEvidence,
}

impl Relation {
    /// Name used in JSON and shown to people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identical => "identical",
            Self::Converted => "converted",
            Self::Derived => "derived",
            Self::Partial => "partial",
            Self::SharedOrigin => "shared-origin",
            Self::Inconclusive => "inconclusive",
            Self::NoEvidence => "no-evidence",
        }
    }

    /// Whether the evidence meets the thresholds at which a finding may deny: descent of at least a part.
    pub fn is_descent(self) -> bool {
        matches!(self, Self::Identical | Self::Converted | Self::Derived | Self::Partial)
    }
}

/// One mechanism's number beside its null.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq)]
pub struct Evidence {
    /// Name: `exact-hash`, `row-hash`, `aligned-samples`, `needle-identity`, …
    pub mechanism: String,
    /// log10 of the p-value, corrected for every comparison this mechanism made.
    pub log10_p: Option<f64>,
    /// Size of the effect, 0 to 1.
    pub effect: f64,
    /// The null hypothesis the p-value is against, in words.
    pub null: String,
    /// Number of things compared (tensors, rows, channels).
    pub n: u64,
    /// One sentence with the numbers behind it.
    pub detail: String,
}

/// Effect between one suspect layer and one base layer.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema, PartialEq)]
pub struct LayerEffect {
    /// Layer of the suspect, from 0.
    pub suspect_layer: u32,
    /// Layer of the base, from 0.
    pub base_layer: u32,
    /// Effect, 0 to 1.
    pub effect: f64,
}

/// Numbers that may warn and never block.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema, PartialEq)]
pub struct Context {
    /// The published statistic of 2025: spread of the attention weights by layer.
    pub sigma_profile: Option<SigmaContext>,
    /// Pattern of q/k/v bias norms.
    pub qkv_bias: Option<GainContext>,
    /// Centred correlation of norm gains.
    pub norm_gain: Option<GainContext>,
    /// Responses of the feed-forward blocks to the same tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mlp_responses: Option<ResponseContext>,
    /// Tokenizers compared, where both are known; filled by who knows them.
    pub tokenizer: Option<TokenizerMatch>,
    /// Architectures compared.
    pub config: Option<ConfigContext>,
}

/// σ-profile correlation, beside what unrelated models score.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq)]
pub struct SigmaContext {
    /// Mean of the four role correlations.
    pub r: f64,
    /// Correlation by role: q, k, v, o.
    pub per_role: BTreeMap<String, f64>,
    /// 99th percentile of r between unrelated models: high values mean little.
    pub unrelated_q99: f64,
    /// What was correlated, by role.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub curves: BTreeMap<String, SigmaCurve>,
}

/// The spread of one role's weights, layer by layer.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema, PartialEq)]
pub struct SigmaCurve {
    /// Standard deviations of the suspect's matrices, by layer.
    pub suspect: Vec<f64>,
    /// Those of the base's.
    pub base: Vec<f64>,
}

/// How alike two networks with tables of one size answer 64 tokens, beside what unrelated networks score.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq)]
pub struct ResponseContext {
    /// Mean over the layers of the correlation of the cosines between responses.
    pub r: f64,
    /// Layers compared.
    pub n: u64,
    /// Largest r between unrelated networks of one vocabulary that was measured.
    pub unrelated_largest: f64,
}

/// A centred correlation with a permutation p-value.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq)]
pub struct GainContext {
    /// Centred correlation.
    pub r: f64,
    /// Share of joint channel permutations that score at least as high (floor 0.001).
    pub permutation_p: f64,
    /// Vectors compared.
    pub n: u64,
}

/// Architecture facts that agree or differ.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema, PartialEq)]
pub struct ConfigContext {
    /// Facts that agree, e.g. `hidden_size=896`.
    pub same: Vec<String>,
    /// Facts that differ, e.g. `layers 24 → 48`.
    pub differ: Vec<String>,
}
