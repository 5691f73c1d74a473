// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Weights of a merge: how much of each base is in the suspect.
//!
//! In: a suspect and the bases it is consistent with. Out: the least-squares weights α of min ‖t − Σ αₖbₖ‖ over the raw
//! aligned samples of the matrices that all of them have, with standard errors by a grouped jackknife. The weights are
//! shown beside the relation and are no evidence of one: they are asked for only where descent was found.

use std::collections::BTreeMap;

use nalgebra::{DMatrix, DVector};

use super::comparison::MergeShare;
use crate::fingerprint::{Fingerprint, MatrixPrint, Role};

/// Bases looked at together: more cannot be told apart by so few samples.
pub(super) const MOST: usize = 8;
/// Groups left out in turn for the standard error.
const GROUPS: usize = 10;
/// Weight below which a base has no part in a merge.
const LEAST: f64 = 0.05;
/// Standard errors that a weight must be away from zero.
const CERTAIN: f64 = 4.0;
/// Share of the suspect that the merge may leave unexplained, ‖t − Σ αₖbₖ‖/‖t‖: beyond it the suspect was trained so
/// much further that its weights say little.
const UNEXPLAINED: f64 = 0.5;

/// Weights of at least two bases that the suspect is consistent with being a merge of, by index into `bases`; empty if
/// one base explains it, or none does.
pub(super) fn merge_shares(suspect: &Fingerprint, bases: &[&Fingerprint]) -> BTreeMap<usize, MergeShare> {
    let bases = bases.get(..MOST.min(bases.len())).unwrap_or_default();
    let equations = equations(suspect, bases);
    if bases.len() < 2 || equations.len() < GROUPS {
        return BTreeMap::new();
    }
    let all: Vec<usize> = (0..bases.len()).collect();
    let part_of = |chosen: &[usize]| -> Option<Vec<(usize, f64, f64)>> {
        let whole = solve(&equations, chosen, None)?;
        let without: Vec<DVector<f64>> =
            (0..GROUPS).map(|group| solve(&equations, chosen, Some(group))).collect::<Option<_>>()?;
        Some(
            chosen
                .iter()
                .enumerate()
                .map(|(at, base)| (*base, whole[at], jackknife(whole[at], without.iter().map(|w| w[at]))))
                .collect(),
        )
    };
    // Bases that have no part are dropped and the rest solved again, so that they do not blur the others.
    let holds = |(_, weight, error): &(usize, f64, f64)| *weight >= LEAST && *weight >= CERTAIN * error;
    let Some(first) = part_of(&all) else { return BTreeMap::new() };
    let kept: Vec<usize> = first.iter().filter(|part| holds(part)).map(|part| part.0).collect();
    let Some(parts) = part_of(&kept).filter(|parts| parts.len() >= 2 && parts.iter().all(holds)) else {
        return BTreeMap::new();
    };
    let weights: Vec<f64> = parts.iter().map(|part| part.1).collect();
    let unexplained = residual(&equations, &kept, &weights);
    if unexplained > UNEXPLAINED {
        return BTreeMap::new();
    }
    parts
        .into_iter()
        .map(|(base, weight, standard_error)| (base, MergeShare { weight, standard_error, unexplained }))
        .collect()
}

/// The normal equations of one matrix: products of the bases with one another and with the suspect.
struct Equation {
    products: DMatrix<f64>,
    targets: DVector<f64>,
    size: f64,
}

fn equations(suspect: &Fingerprint, bases: &[&Fingerprint]) -> Vec<Equation> {
    type Key<'a> = (Option<u32>, Role, Option<u32>, (u64, u64), &'a str);
    fn keyed(print: &Fingerprint) -> BTreeMap<Key<'_>, &MatrixPrint> {
        let key = |matrix: &'_ MatrixPrint| (matrix.layer, matrix.role, matrix.expert, matrix.canonical_shape());
        let evidence = print.matrices.iter().filter(|matrix| matrix.is_evidence() && !matrix.samples.raw.is_empty());
        evidence
            .map(|matrix| {
                let (layer, role, expert, shape) = key(matrix);
                let name = if role == Role::Other { matrix.name.as_str() } else { "" };
                ((layer, role, expert, shape, name), matrix)
            })
            .collect()
    }
    let theirs: Vec<_> = bases.iter().map(|base| keyed(base)).collect();
    keyed(suspect)
        .into_iter()
        .filter_map(|(key, ours)| {
            let columns: Vec<&[f32]> =
                theirs.iter().map(|base| Some(base.get(&key)?.samples.raw.as_slice())).collect::<Option<_>>()?;
            // Every matrix counts the same, whatever its scale.
            let size = dot(&ours.samples.raw, &ours.samples.raw);
            if size <= 0.0 || columns.iter().any(|column| column.len() != ours.samples.raw.len()) {
                return None;
            }
            let of = |a: &[f32], b: &[f32]| dot(a, b) / size;
            Some(Equation {
                products: DMatrix::from_fn(columns.len(), columns.len(), |i, j| of(columns[i], columns[j])),
                targets: DVector::from_fn(columns.len(), |i, _| of(columns[i], &ours.samples.raw)),
                size: 1.0,
            })
        })
        .collect()
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum()
}

/// Weights of the chosen bases over all equations but those of one group.
fn solve(equations: &[Equation], chosen: &[usize], without: Option<usize>) -> Option<DVector<f64>> {
    let (mut products, mut targets) = (DMatrix::zeros(chosen.len(), chosen.len()), DVector::zeros(chosen.len()));
    let used = equations.iter().enumerate().filter(|(at, _)| without != Some(at % GROUPS));
    for (_, equation) in used {
        products += DMatrix::from_fn(chosen.len(), chosen.len(), |i, j| equation.products[(chosen[i], chosen[j])]);
        targets += DVector::from_fn(chosen.len(), |i, _| equation.targets[chosen[i]]);
    }
    products.cholesky().map(|factor| factor.solve(&targets))
}

/// ‖t − Σ αₖbₖ‖/‖t‖, every matrix counting the same.
fn residual(equations: &[Equation], chosen: &[usize], weights: &[f64]) -> f64 {
    let (mut left, mut size) = (0.0, 0.0);
    for equation in equations {
        size += equation.size;
        left += equation.size;
        for (i, a) in chosen.iter().zip(weights) {
            left -= 2.0 * a * equation.targets[*i];
            for (j, b) in chosen.iter().zip(weights) {
                left += a * b * equation.products[(*i, *j)];
            }
        }
    }
    (left.max(0.0) / size.max(f64::MIN_POSITIVE)).sqrt()
}

/// Standard error from estimates that leave one group out each.
fn jackknife(whole: f64, without: impl Iterator<Item = f64>) -> f64 {
    let spread: f64 = without.map(|w| (w - whole) * (w - whole)).sum();
    (spread * (GROUPS - 1) as f64 / GROUPS as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::merge_shares;
    use crate::fingerprint::{Fingerprint, MatrixPrint, Role, Samples, splitmix64};

    fn model(value: impl Fn(u64, u64) -> f32) -> Fingerprint {
        let matrices = (0..20u64)
            .map(|at| MatrixPrint {
                layer: Some(at as u32),
                role: Role::Up,
                rows: 64,
                columns: 64,
                samples: Samples { centred: Vec::new(), raw: (0..128).map(|t| value(at, t)).collect() },
                ..MatrixPrint::default()
            })
            .collect();
        Fingerprint { matrices, ..Fingerprint::default() }
    }

    fn noise(seed: u64, at: u64, t: u64) -> f32 {
        (splitmix64(seed ^ (at << 20) ^ t) >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    #[test]
    fn the_weights_of_a_merge_come_back_with_their_errors() {
        let one = model(|at, t| noise(1 << 40, at, t));
        let two = model(|at, t| noise(2 << 40, at, t));
        let third = model(|at, t| noise(3 << 40, at, t));
        let merged =
            model(|at, t| 0.6 * noise(1 << 40, at, t) + 0.4 * noise(2 << 40, at, t) + 0.05 * noise(4 << 40, at, t));
        let shares = merge_shares(&merged, &[&one, &two, &third]);
        assert_eq!(shares.keys().copied().collect::<Vec<_>>(), [0, 1], "{shares:?}");
        for (at, expected) in [(0, 0.6), (1, 0.4)] {
            let share = &shares[&at];
            assert!((share.weight - expected).abs() < 4.0 * share.standard_error.max(1e-3), "{share:?}");
            assert!(share.standard_error < 0.02 && share.unexplained < 0.15, "{share:?}");
        }
    }

    #[test]
    fn a_fine_tune_of_one_base_is_no_merge() {
        let one = model(|at, t| noise(1 << 40, at, t));
        let sibling = model(|at, t| noise(1 << 40, at, t) + 0.2 * noise(5 << 40, at, t));
        let tuned = model(|at, t| noise(1 << 40, at, t) + 0.1 * noise(6 << 40, at, t));
        assert!(merge_shares(&tuned, &[&one, &sibling]).is_empty());
    }
}
