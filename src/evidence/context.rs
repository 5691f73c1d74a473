// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Statistics that are shown beside the evidence and never decide: σ-profile, norm gains, q/k/v biases, config.
//!
//! The σ-profile is the statistic of the 2025 dispute, computed as published so that its numbers can be compared.
//! Unrelated models score high on it, and a free rescaling of query and key hides a copy from it; both are measured.

use std::collections::BTreeMap;

use super::comparison::{ConfigContext, Context, GainContext, ResponseContext, SigmaContext, SigmaCurve};
use crate::fingerprint::{Fingerprint, Role, VectorPrint, splitmix64};

/// σ-profile correlation reached by independent models (two seeds of one recipe reach it): not evidence below 1.
const UNRELATED_SIGMA_Q99: f64 = 0.983;
/// Largest correlation of responses between models of one vocabulary that share no weights: a distilled student of its
/// teacher reaches 0.30, two seeds of one recipe 0.25.
const UNRELATED_RESPONSES: f64 = 0.31;
/// Permutations drawn for a gain's p-value.
const PERMUTATIONS: u64 = 999;

/// Computes everything that is comparable.
pub(super) fn context(suspect: &Fingerprint, base: &Fingerprint) -> Context {
    Context {
        sigma_profile: sigma_profile(suspect, base),
        qkv_bias: permutation_test(suspect, base, |v| {
            v.bias && matches!(v.role, Role::Query | Role::Key | Role::Value | Role::FusedQkv)
        }),
        norm_gain: permutation_test(suspect, base, |v| {
            !v.bias
                && matches!(v.role, Role::NormAttention | Role::NormFeedForward)
                && !(v.role == Role::NormAttention && v.layer == Some(0))
        }),
        mlp_responses: mlp_responses(suspect, base),
        tokenizer: None,
        config: config(suspect, base),
    }
}

/// Standard deviations of q, k, v, o by layer → z-scores → shorter curve stretched → Pearson; mean of the four.
fn sigma_profile(suspect: &Fingerprint, base: &Fingerprint) -> Option<SigmaContext> {
    let (mut per_role, mut curves) = (BTreeMap::new(), BTreeMap::new());
    for (name, role) in [("q", Role::Query), ("k", Role::Key), ("v", Role::Value), ("o", Role::Output)] {
        let curve = SigmaCurve { suspect: deviations(suspect, role)?, base: deviations(base, role)? };
        let (a, b) = curve.compared();
        per_role.insert(name.to_owned(), pearson(&a, &b));
        curves.insert(name.to_owned(), curve);
    }
    let r = per_role.values().sum::<f64>() / per_role.len() as f64;
    Some(SigmaContext { r, per_role, unrelated_q99: UNRELATED_SIGMA_Q99, curves })
}

impl SigmaCurve {
    /// The curves as they are correlated, suspect's and base's: z-scored, the shorter one stretched to the longer.
    pub fn compared(&self) -> (Vec<f64>, Vec<f64>) {
        let length = self.suspect.len().max(self.base.len());
        (stretched(&z_scored(&self.suspect), length), stretched(&z_scored(&self.base), length))
    }
}

/// Deviation by layer; `None` with fewer than three layers.
fn deviations(print: &Fingerprint, role: Role) -> Option<Vec<f64>> {
    let by_layer: BTreeMap<u32, f64> = print
        .matrices
        .iter()
        .filter(|matrix| matrix.role == role)
        .filter_map(|matrix| Some((matrix.layer?, matrix.deviation)))
        .collect();
    let values: Vec<f64> = by_layer.into_values().collect();
    (values.len() >= 3).then_some(values)
}

fn z_scored(values: &[f64]) -> Vec<f64> {
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    let variance = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / values.len().max(1) as f64;
    values.iter().map(|x| (x - mean) / (variance.sqrt() + 1e-12)).collect()
}

/// Linear interpolation to `length` points.
fn stretched(values: &[f64], length: usize) -> Vec<f64> {
    if values.len() == length || length < 2 {
        return values.to_vec();
    }
    (0..length)
        .map(|i| {
            let at = i as f64 * values.len().saturating_sub(1) as f64 / (length - 1) as f64;
            let low = values.get(at.floor() as usize).copied().unwrap_or_default();
            let high = values.get(at.ceil() as usize).copied().unwrap_or_default();
            low + (high - low) * at.fract()
        })
        .collect()
}

fn pearson(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (z_scored(a), z_scored(b));
    a.iter().zip(&b).map(|(x, y)| x * y).sum::<f64>() / a.len().max(1) as f64
}

/// Centred correlation of vectors of one layer and role, with a p-value over joint permutations of their channels.
fn permutation_test(
    suspect: &Fingerprint,
    base: &Fingerprint,
    wanted: impl Fn(&VectorPrint) -> bool,
) -> Option<GainContext> {
    let usable = |v: &&VectorPrint| wanted(v) && !v.constant && !v.values.is_empty();
    let theirs: BTreeMap<_, &VectorPrint> =
        suspect.vectors.iter().filter(usable).map(|v| ((v.layer, v.role, v.len), v)).collect();
    let scored = |v: &VectorPrint| z_scored(&v.values.iter().map(|x| x.to_f64()).collect::<Vec<_>>());
    let pairs: Vec<(Vec<f64>, Vec<f64>)> = base
        .vectors
        .iter()
        .filter(usable)
        .filter_map(|v| Some((scored(v), scored(theirs.get(&(v.layer, v.role, v.len))?))))
        .collect();
    if pairs.is_empty() {
        return None;
    }
    let count: usize = pairs.iter().map(|(a, _)| a.len()).sum();
    let observed: f64 = pairs.iter().map(|(a, b)| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>()).sum();
    let mut orders: BTreeMap<(usize, u64), Vec<usize>> = BTreeMap::new();
    let reached = (0..PERMUTATIONS)
        .filter(|k| {
            let total: f64 = pairs
                .iter()
                .map(|(a, b)| {
                    let order = orders.entry((a.len(), *k)).or_insert_with(|| permutation(a.len(), *k));
                    a.iter().zip(order.iter()).map(|(x, j)| x * b.get(*j).copied().unwrap_or_default()).sum::<f64>()
                })
                .sum();
            total >= observed
        })
        .count();
    Some(GainContext {
        r: observed / count.max(1) as f64,
        permutation_p: (1 + reached) as f64 / (PERMUTATIONS + 1) as f64,
        n: pairs.len() as u64,
    })
}

/// A permutation from an integer hash: the same everywhere, without a random generator.
fn permutation(length: usize, k: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..length).collect();
    order.sort_by_key(|i| splitmix64((*i as u64).wrapping_add(k.wrapping_mul(1_000_003))));
    order
}

/// Correlation, by layer number, of how alike the responses to each pair of tokens are.
fn mlp_responses(suspect: &Fingerprint, base: &Fingerprint) -> Option<ResponseContext> {
    let table = |print: &Fingerprint| print.matrices.iter().find(|m| m.role == Role::Embedding).map(|m| m.rows);
    if table(suspect)? != table(base)? {
        return None;
    }
    let layers = |print: &Fingerprint| -> BTreeMap<u32, Vec<f64>> {
        let [only] = print.sketches.as_slice() else { return BTreeMap::new() };
        let expand = |x: &i8| f64::from(*x) * f64::from(x.unsigned_abs());
        let kept = only.layers.iter().filter(|layer| !layer.responses.is_empty());
        kept.map(|layer| (layer.layer, layer.responses.iter().map(expand).collect())).collect()
    };
    let theirs = layers(suspect);
    let all: Vec<f64> = layers(base)
        .iter()
        .filter_map(|(layer, ours)| {
            theirs.get(layer).filter(|other| other.len() == ours.len()).map(|other| pearson(ours, other))
        })
        .collect();
    let r = all.iter().sum::<f64>() / all.len() as f64;
    (!all.is_empty()).then_some(ResponseContext { r, n: all.len() as u64, unrelated_largest: UNRELATED_RESPONSES })
}

fn config(suspect: &Fingerprint, base: &Fingerprint) -> Option<ConfigContext> {
    let theirs: BTreeMap<_, _> = suspect.network.facts().into_iter().collect();
    let mut context = ConfigContext::default();
    for (name, value) in base.network.facts() {
        match theirs.get(name) {
            Some(other) if *other == value => context.same.push(format!("{name}={value}")),
            Some(other) => context.differ.push(format!("{name} {value} → {other}")),
            None => {}
        }
    }
    let (a, b) = (suspect.architecture(), base.architecture());
    if a == b && a != "unknown" {
        context.same.push(format!("architecture={a}"));
    } else if a != "unknown" && b != "unknown" {
        context.differ.push(format!("architecture {b} → {a}"));
    }
    (!context.same.is_empty() || !context.differ.is_empty()).then_some(context)
}

#[cfg(test)]
mod tests {
    use super::{pearson, permutation, stretched};

    #[test]
    fn curves_are_stretched_by_linear_interpolation() {
        assert_eq!(stretched(&[0.0, 1.0, 2.0], 5), [0.0, 0.5, 1.0, 1.5, 2.0]);
    }

    #[test]
    fn pearson_of_a_line_with_itself_is_one() {
        assert!((pearson(&[1.0, 2.0, 3.0], &[2.0, 4.0, 6.0]) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn permutations_are_permutations() {
        let mut order = permutation(100, 7);
        order.sort_unstable();
        assert!(order.iter().enumerate().all(|(i, x)| i == *x));
    }
}
