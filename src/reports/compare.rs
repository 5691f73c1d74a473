// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! One comparison for people.
//!
//! In: a [`Comparison`]. Out: what it amounts to, every mechanism's number beside its null, the layers that
//! were seen, and the context that never decides.

use std::io::{self, Write};

use super::text::{Look, harmless, log10_p, plural, signed, thousands, wrap};
use crate::evidence::{Comparison, Evidence, GainContext, LayerEffect, Relation};

/// Columns in which the labels stand.
const LABEL: usize = 10;
/// Said where no mechanism had anything to work on: no finding is not the same as nothing found.
const NOT_CHECKED: &str = "not checked, since nothing in the two can be compared";

/// Writes one comparison for people.
pub fn compare(comparison: &Comparison, look: Look, out: &mut dyn Write) -> io::Result<()> {
    labelled("suspect", &comparison.suspect, look, out)?;
    labelled("base", &comparison.base, look, out)?;
    let meaning = if comparison.mechanisms.is_empty() { NOT_CHECKED } else { meaning(comparison.relation) };
    labelled("relation", &format!("{}: {meaning}", comparison.relation.name()), look, out)?;
    let numbers = format!("log10 p {}, effect {:.2}", log10_p(comparison.log10_p), comparison.effect);
    labelled("", &numbers, look, out)?;
    if let Some(tier) = comparison.tier.words() {
        labelled("", tier, look, out)?;
    }
    if !comparison.parts.is_empty() {
        labelled("parts", &comparison.parts.join(", "), look, out)?;
    }
    mechanisms(&comparison.mechanisms, look, out)?;
    layers(&comparison.layers, look, out)?;
    if let Some(structure) = &comparison.structure {
        writeln!(out, "\n{}", look.strong("structure"))?;
        structure.summary.iter().try_for_each(|text| hanging(text, 4, 8, look, out))?;
    }
    context(comparison, look, out)
}

/// What a relation means, in words that claim no more than the evidence.
pub(super) fn meaning(relation: Relation) -> &'static str {
    match relation {
        Relation::Identical => "the same values",
        Relation::Converted => "consistent with a cast, quantized, or re-laid-out copy",
        Relation::Derived => "consistent with derivation from the base",
        Relation::Partial => "consistent with derivation of some components or layers from the base",
        Relation::SharedOrigin => "the same initialisation or a remote common ancestor; not evidence of derivation",
        Relation::Inconclusive => "some evidence, too weak to decide",
        Relation::NoEvidence => "no evidence found of descent from the base",
    }
}

fn labelled(label: &str, text: &str, look: Look, out: &mut dyn Write) -> io::Result<()> {
    for (position, line) in wrap(&harmless(text), look.beside(LABEL)).iter().enumerate() {
        let label = if position == 0 { label } else { "" };
        writeln!(out, "{}{line}", look.strong(&format!("{label:<LABEL$}")))?;
    }
    Ok(())
}

fn mechanisms(mechanisms: &[Evidence], look: Look, out: &mut dyn Write) -> io::Result<()> {
    if mechanisms.is_empty() {
        let why = "no mechanism could be run: no two matrices have one shape, or none is large enough to be evidence";
        writeln!(out)?;
        return hanging(why, 0, 0, look, out);
    }
    let name = |evidence: &Evidence| harmless(&evidence.mechanism);
    let widest = mechanisms.iter().map(|evidence| name(evidence).chars().count()).max().unwrap_or(0).max(9);
    let head = format!("{:<widest$}  {:>8}  {:>6}  {:>9}", "mechanism", "log10 p", "effect", "n");
    writeln!(out, "\n{}", look.strong(&head))?;
    for evidence in mechanisms {
        let log10_p = log10_p(evidence.log10_p);
        let n = thousands(evidence.n);
        writeln!(out, "{:<widest$}  {log10_p:>8}  {:>6.2}  {n:>9}", name(evidence), evidence.effect)?;
        for text in [format!("null: {}", evidence.null), evidence.detail.clone()] {
            for line in wrap(&harmless(&text), look.beside(4)) {
                writeln!(out, "    {line}")?;
            }
        }
    }
    Ok(())
}

/// Runs of layers that keep their distance are said in one line.
fn layers(layers: &[LayerEffect], look: Look, out: &mut dyn Write) -> io::Result<()> {
    if layers.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", look.strong("layers (base → suspect, effect)"))?;
    for run in layers.chunk_by(|a, b| {
        b.base_layer == a.base_layer.wrapping_add(1) && b.suspect_layer == a.suspect_layer.wrapping_add(1)
    }) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        let lowest = run.iter().map(|layer| layer.effect).fold(f64::INFINITY, f64::min);
        let highest = run.iter().map(|layer| layer.effect).fold(f64::NEG_INFINITY, f64::max);
        let effect = if lowest == highest { format!("{lowest:.2}") } else { format!("{lowest:.2} to {highest:.2}") };
        let span = |from: u32, to: u32| if from == to { from.to_string() } else { format!("{from}–{to}") };
        writeln!(
            out,
            "    {} → {}  {effect}",
            span(first.base_layer, last.base_layer),
            span(first.suspect_layer, last.suspect_layer)
        )?;
    }
    Ok(())
}

fn context(comparison: &Comparison, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let context = &comparison.context;
    let mut said = Vec::new();
    if let Some(sigma) = &context.sigma_profile {
        let roles: Vec<String> = sigma.per_role.iter().map(|(role, r)| format!("{role} {}", signed(*r, 3))).collect();
        said.push(format!(
            "sigma-profile: r {} ({}); 1 in 100 unrelated pairs reaches {}",
            signed(sigma.r, 3),
            roles.join(", "),
            signed(sigma.unrelated_q99, 3)
        ));
    }
    let gain = |name: &str, gain: &GainContext| {
        let vectors = plural(gain.n, "vector", "vectors");
        format!("{name}: centred r {}, permutation p {:.3}, {vectors}", signed(gain.r, 3), gain.permutation_p)
    };
    said.extend(context.qkv_bias.as_ref().map(|bias| gain("qkv-bias", bias)));
    said.extend(context.norm_gain.as_ref().map(|norm| gain("norm-gain", norm)));
    said.extend(context.mlp_responses.as_ref().map(|responses| {
        format!(
            "mlp-responses: r {} over {}; unrelated models of one vocabulary reach {}",
            signed(responses.r, 3),
            plural(responses.n, "layer", "layers"),
            signed(responses.unrelated_largest, 3)
        )
    }));
    said.extend(context.tokenizer.as_ref().map(|tokenizer| format!("tokenizer: {}", tokenizer.said())));
    if let Some(config) = &context.config {
        let or_none = |facts: &[String]| if facts.is_empty() { "nothing".to_owned() } else { facts.join(", ") };
        said.push(format!("config: same {}; differs in {}", or_none(&config.same), or_none(&config.differ)));
    }
    if said.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", look.strong("context (shown, never decides)"))?;
    said.iter().try_for_each(|text| hanging(text, 4, 8, look, out))
}

/// A sentence that begins at one column and goes on at another.
pub(super) fn hanging(text: &str, first: usize, later: usize, look: Look, out: &mut dyn Write) -> io::Result<()> {
    for (position, line) in wrap(&harmless(text), look.beside(first.max(later))).iter().enumerate() {
        writeln!(out, "{:1$}{line}", "", if position == 0 { first } else { later })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use insta::assert_snapshot;

    use super::*;
    use crate::evidence::{ConfigContext, Context, SigmaContext};
    use crate::reports::samples::comparison;

    fn shown(comparison: &Comparison, look: Look) -> String {
        let mut out = Vec::new();
        compare(comparison, look, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn with_context() -> Comparison {
        let mut comparison = comparison();
        comparison.layers.push(LayerEffect { suspect_layer: 9, base_layer: 4, effect: 0.31 });
        comparison.layers.push(LayerEffect { suspect_layer: 10, base_layer: 5, effect: 0.35 });
        comparison.context = Context {
            sigma_profile: Some(SigmaContext {
                r: 0.991,
                per_role: [("k".to_owned(), 0.99), ("q".to_owned(), -0.5)].into(),
                curves: std::collections::BTreeMap::new(),
                unrelated_q99: 0.97,
            }),
            norm_gain: Some(GainContext { r: 0.93, permutation_p: 0.001, n: 49 }),
            config: Some(ConfigContext { same: vec!["hidden_size=896".to_owned()], differ: Vec::new() }),
            ..Context::default()
        };
        comparison
    }

    #[test]
    fn every_number_stands_beside_its_null() {
        assert_snapshot!(shown(&with_context(), Look::default()), @"
        suspect   checkpoints/orca/model.safetensors
        base      Qwen/Qwen2.5-0.5B
        relation  derived: consistent with derivation from the base
                  log10 p −41.2, effect 0.87

        mechanism         log10 p  effect          n
        aligned-samples     −41.2    0.87     12,288
            null: signs of sampled weights of two unrelated trainings agree by chance
            11,489 of 12,288 sampled signs agree in 168 of 168 matrices
        row-hash                —    0.00          0
            null: no row is the same by chance
            no row is kept unchanged

        layers (base → suspect, effect)
            0–3 → 0–3  0.80
            4–5 → 9–10  0.31 to 0.35

        context (shown, never decides)
            sigma-profile: r 0.991 (k 0.990, q −0.500); 1 in 100 unrelated pairs reaches 0.970
            norm-gain: centred r 0.930, permutation p 0.001, 49 vectors
            config: same hidden_size=896; differs in nothing
        ");
    }

    #[test]
    fn a_narrow_terminal_gets_short_lines() {
        let text = shown(&with_context(), Look { color: false, width: 50 });
        assert!(text.lines().all(|line| line.chars().count() <= 50), "{text}");
    }

    #[test]
    fn nothing_in_common_is_said_plainly() {
        let nothing = Comparison {
            relation: Relation::NoEvidence,
            log10_p: None,
            effect: 0.0,
            mechanisms: Vec::new(),
            layers: Vec::new(),
            ..comparison()
        };
        assert_snapshot!(shown(&nothing, Look::default()), @"
        suspect   checkpoints/orca/model.safetensors
        base      Qwen/Qwen2.5-0.5B
        relation  no-evidence: not checked, since nothing in the two can be compared
                  log10 p —, effect 0.00

        no mechanism could be run: no two matrices have one shape, or none is large enough to be evidence
        ");
    }
}
