// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What is told of a model: its lineage, and for each base the evidence, the charts, and the context.
//!
//! In: a [`Report`]. Out: what the template of a model shows, charts rendered.

use askama::Template;

use super::words::{claims, looks_at, odds};
use crate::evidence::{Comparison, Context, Evidence};
use crate::reports::headline::descent;
use crate::reports::svg::{Edge, Heat, Lineage, Sigma, edges, heat, maps};
use crate::reports::text::{bytes, log10_p, plural, signed, thousands};
use crate::reports::{Report, ReportedModel};

/// Models that get a section of their own.
const MOST_MODELS: usize = 50;
/// Bases of a model whose evidence is shown in full.
const MOST_MATCHES: usize = 5;

/// A model.
pub(super) struct ModelView<'a> {
    pub(super) id: String,
    pub(super) path: &'a str,
    pub(super) descent: String,
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) lineage: Option<String>,
    pub(super) edges: Vec<Edge<'a>>,
    pub(super) matches: Vec<MatchView<'a>>,
    pub(super) more_matches: usize,
}

/// A base there is evidence for.
pub(super) struct MatchView<'a> {
    pub(super) id: String,
    pub(super) base: &'a str,
    pub(super) relation: &'static str,
    pub(super) claim: &'static str,
    pub(super) numbers: String,
    pub(super) summary: Vec<String>,
    pub(super) heats: Vec<(String, Heat)>,
    pub(super) mechanisms: Vec<Mechanism<'a>>,
    pub(super) sigma: Option<SigmaView>,
    pub(super) context: Vec<(&'static str, String)>,
}

/// A mechanism's number beside its null.
pub(super) struct Mechanism<'a> {
    pub(super) name: &'a str,
    pub(super) looks_at: &'static str,
    pub(super) log10_p: String,
    pub(super) odds: String,
    pub(super) effect: String,
    pub(super) n: String,
    pub(super) null: &'a str,
    pub(super) detail: &'a str,
}

/// The σ-profile.
pub(super) struct SigmaView {
    pub(super) r: String,
    pub(super) unrelated: String,
    pub(super) chart: Option<(String, Sigma)>,
}

/// The models, and how many more there are.
pub(super) fn models(report: &Report) -> (Vec<ModelView<'_>>, usize) {
    let shown = report.models.iter().take(MOST_MODELS).enumerate();
    let views = shown.map(|(at, model)| view(model, format!("model-{at}"))).collect();
    (views, report.models.len().saturating_sub(MOST_MODELS))
}

fn view(model: &ReportedModel, id: String) -> ModelView<'_> {
    let matches = model.matches.iter().take(MOST_MATCHES).enumerate();
    ModelView {
        path: &model.path,
        descent: descent(model),
        facts: vec![
            ("Content", model.id.clone()),
            ("Format", format!("{}, {}", model.format, bytes(model.bytes))),
            (
                "Architecture",
                format!("{}, {}", model.architecture, plural(model.parameters, "parameter", "parameters")),
            ),
            ("Declared bases", if model.declared.is_empty() { "none".to_owned() } else { model.declared.join(", ") }),
            ("Compared with", plural(model.searched as u64, "base", "bases")),
        ],
        lineage: Lineage::of(model, format!("{id}-lineage")).and_then(|chart| chart.render().ok()),
        edges: edges(model),
        matches: matches.map(|(at, found)| match_view(found, format!("{id}-base-{at}"))).collect(),
        more_matches: model.matches.len().saturating_sub(MOST_MATCHES),
        id,
    }
}

fn match_view(found: &Comparison, id: String) -> MatchView<'_> {
    let drawn = |(at, map): (usize, &_)| {
        let chart = heat(map, format!("{id}-heat-{at}"));
        Some((chart.render().ok()?, chart))
    };
    let numbers = format!(
        "log10 p {}, corrected for every comparison made; effect {:.3}{}",
        log10_p(found.log10_p),
        found.effect,
        found.difference.map(|difference| format!("; median relative difference {difference:.4}")).unwrap_or_default()
    );
    let mut summary: Vec<String> =
        found.structure.iter().flat_map(|structure| structure.summary.iter().cloned()).collect();
    if !found.parts.is_empty() {
        summary.push(format!("parts concerned: {}", found.parts.join(", ")));
    }
    MatchView {
        base: &found.base,
        relation: found.relation.name(),
        claim: claims(found.relation),
        numbers,
        summary,
        heats: maps(found).iter().enumerate().filter_map(drawn).collect(),
        mechanisms: found.mechanisms.iter().map(mechanism).collect(),
        sigma: sigma(&found.context, format!("{id}-sigma")),
        context: context(&found.context),
        id,
    }
}

fn mechanism(evidence: &Evidence) -> Mechanism<'_> {
    Mechanism {
        name: &evidence.mechanism,
        looks_at: looks_at(&evidence.mechanism),
        log10_p: log10_p(evidence.log10_p),
        odds: odds(evidence.log10_p),
        effect: format!("{:.3}", evidence.effect),
        n: thousands(evidence.n),
        null: &evidence.null,
        detail: &evidence.detail,
    }
}

fn sigma(context: &Context, id: String) -> Option<SigmaView> {
    let sigma = context.sigma_profile.as_ref()?;
    let chart = Sigma::of(sigma, id).and_then(|chart| Some((chart.render().ok()?, chart)));
    Some(SigmaView { r: signed(sigma.r, 3), unrelated: signed(sigma.unrelated_q99, 3), chart })
}

/// What is shown beside the evidence, each beside what unrelated models score.
fn context(context: &Context) -> Vec<(&'static str, String)> {
    let mut said = Vec::new();
    let mut gain = |name, gain: &Option<crate::evidence::GainContext>| {
        if let Some(gain) = gain {
            let (r, p) = (signed(gain.r, 3), gain.permutation_p);
            said.push((
                name,
                format!("r = {r} over {} vectors; {p:.3} of random orders of the channels reach it", gain.n),
            ));
        }
    };
    gain("Gains of the norms", &context.norm_gain);
    gain("Biases of query, key, and value", &context.qkv_bias);
    if let Some(responses) = &context.mlp_responses {
        let text = format!(
            "r = {} over {}; the largest between unrelated models of one vocabulary that was measured is {}",
            signed(responses.r, 3),
            plural(responses.n, "layer", "layers"),
            signed(responses.unrelated_largest, 3)
        );
        said.push(("Responses of the feed-forward blocks", text));
    }
    if let Some(config) = &context.config {
        for (name, list) in [("Config, the same", &config.same), ("Config, different", &config.differ)] {
            if !list.is_empty() {
                said.push((name, list.join(", ")));
            }
        }
    }
    if let Some(tokenizer) = &context.tokenizer {
        said.push(("Tokenizer", tokenizer.said()));
    }
    said
}
