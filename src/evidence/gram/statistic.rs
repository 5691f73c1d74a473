// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Tests a pairing of neurons on their down rows.
//!
//! In: neurons of base and suspect, paired without a look at what is tested. Out: a correlation, its z, and which
//! neurons are recognised.
//!
//! With y₁ and y₂ the down cosines of all pairs of neurons, the signs of the suspect's set by the up rows: both are
//! regressed on one and the gate and up cosines of both networks; the residuals as symmetric matrices R₁, R₂ lose the
//! eight eigenvectors of largest |λ| and their diagonals; r is their correlation. Under a random order P of the
//! neurons r has E r² = σ², and z = r/max(σ, 1/√pairs).
//!
//! σ² is exact. For symmetric A and B with zero diagonals, f = Σ A_ij B_P(i)P(j) over i ≠ j, S = ΣA_ij,
//! Q = ΣA_ij², T = Σ_i (Σ_j A_ij)² − Q, U = S² − 4T − 2Q (Mantel 1967):
//!
//! E f² = 2·Q_A·Q_B/n⁽²⁾ + 4·T_A·T_B/n⁽³⁾ + U_A·U_B/n⁽⁴⁾, with n⁽ᵏ⁾ = n(n−1)…(n−k+1).

use nalgebra::{DMatrix, SymmetricEigen};

use super::neurons::Neurons;

/// Eigenvectors taken away.
const DEFLATED: usize = 8;
/// Directions in which the down rows must lie, on one side at least: 1 over their mean squared cosine, the dimension of
/// rows that point anywhere. In fewer, pairing by words and gates puts neurons of one place on one another, whoever
/// trained them, and more is alike than the eigenvectors that are taken away. Trained blocks have 27 and more.
const FEWEST_DIRECTIONS: f64 = 12.0;
/// Rounds an eigenvalue may take.
const ROUNDS: usize = 10_000;
/// Share of its length that a regressor must keep after those before it are taken away.
const COLLINEAR: f64 = 1e-6;

/// Outcome for one pairing.
pub(super) struct Statistic {
    /// Correlation of what is left of the down cosines.
    pub(super) r: f64,
    /// r over its standard deviation under random orders.
    pub(super) z: f64,
    /// Whether a neuron of the suspect is most like its own partner among those of the base, by rows of R₁ and R₂.
    pub(super) recognised: Vec<bool>,
}

/// Tests a pairing of all neurons of the base; `None` where nothing is left to compare.
pub(super) fn statistic(base: &Neurons, suspect: &Neurons, partner: &[usize]) -> Option<Statistic> {
    if partner.len() != base.count {
        return None;
    }
    let here: Vec<usize> = (0..partner.len()).collect();
    let gates = [among(&base.gate, &here), among(&suspect.gate, partner)];
    let (y1, mut y2) = (base.down.among(&here), suspect.down.among(partner));
    if spanned(&y1).max(spanned(&y2)) < FEWEST_DIRECTIONS {
        // Said, as nothing found, and not left out: a block that cannot be told apart was compared.
        return Some(Statistic { r: 0.0, z: 0.0, recognised: vec![false; partner.len()] });
    }
    let mut regressors = gates.to_vec();
    // Without a gate the sign of a neuron is no one's choice, and there are no up rows.
    if base.gated {
        let (up, mut other) = (base.up.among(&here), suspect.up.among(partner));
        let signs = signs(&up, &other, partner.len())?;
        turn(&mut other, &signs);
        turn(&mut y2, &signs);
        regressors.extend([up, other]);
    }
    let directions = orthonormal(&regressors, y1.len());
    let left = deflated(&residual(y1, &directions), partner.len())?;
    let right = deflated(&residual(y2, &directions), partner.len())?;
    let size = (left.norm_squared() * right.norm_squared()).sqrt();
    if !size.is_normal() {
        return None;
    }
    let r = left.dot(&right) / size;
    let pairs = directions.first().map_or(1, Vec::len) as f64;
    let deviation = (second_moment(&left, &right).max(0.0).sqrt() / size).max(1.0 / pairs.sqrt());
    Some(Statistic { r, z: r / deviation, recognised: recognised(&left, &right) })
}

/// Directions that rows with these cosines span.
fn spanned(cosines: &[f64]) -> f64 {
    cosines.len() as f64 / dot(cosines, cosines).max(f64::MIN_POSITIVE)
}

/// Strict upper triangle, by columns, of the rows and columns at `chosen`.
fn among(gate: &DMatrix<f32>, chosen: &[usize]) -> Vec<f64> {
    let mut values = Vec::with_capacity(chosen.len() * chosen.len().saturating_sub(1) / 2);
    for (column, b) in chosen.iter().enumerate() {
        values.extend(chosen.iter().take(column).map(|a| f64::from(gate[(*a, *b)])));
    }
    values
}

/// Signs of the neurons that make the up cosines agree best: those of the leading eigenvector of their products.
fn signs(up: &[f64], other: &[f64], count: usize) -> Option<Vec<f64>> {
    let products: Vec<f64> = up.iter().zip(other).map(|(a, b)| a * b).collect();
    let eigen = SymmetricEigen::try_new(symmetric(&products, count), f64::EPSILON, ROUNDS)?;
    let mut leading = 0;
    for (at, value) in eigen.eigenvalues.iter().enumerate() {
        if *value > eigen.eigenvalues[leading] {
            leading = at;
        }
    }
    Some(eigen.eigenvectors.column(leading).iter().map(|value| if *value < 0.0 { -1.0 } else { 1.0 }).collect())
}

/// Multiplies the value of each pair by the signs of its two neurons.
fn turn(values: &mut [f64], signs: &[f64]) {
    let mut values = values.iter_mut();
    for (column, sign) in signs.iter().enumerate() {
        for (other, value) in signs.iter().take(column).zip(&mut values) {
            *value *= sign * other;
        }
    }
}

/// One and the regressors, made orthonormal; those that the ones before explain are left out.
fn orthonormal(regressors: &[Vec<f64>], pairs: usize) -> Vec<Vec<f64>> {
    let mut directions = vec![vec![1.0 / (pairs.max(1) as f64).sqrt(); pairs]];
    for regressor in regressors {
        let before = dot(regressor, regressor).sqrt();
        // Twice, because once leaves rounding errors that matter where little is left.
        let left = residual(residual(regressor.clone(), &directions), &directions);
        let after = dot(&left, &left).sqrt();
        if after > COLLINEAR * before {
            directions.push(left.into_iter().map(|value| value / after).collect());
        }
    }
    directions
}

/// What orthonormal directions leave.
fn residual(mut values: Vec<f64>, directions: &[Vec<f64>]) -> Vec<f64> {
    for direction in directions {
        let share = dot(&values, direction);
        values.iter_mut().zip(direction).for_each(|(value, direction)| *value -= share * direction);
    }
    values
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    // Eight sums in turn, so that the additions do not wait for one another.
    let mut sums = [0.0; 8];
    let (left, right) = (a.chunks_exact(8), b.chunks_exact(8));
    let tail: f64 = left.remainder().iter().zip(right.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in left.zip(right) {
        for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
            *sum += x * y;
        }
    }
    sums.iter().sum::<f64>() + tail
}

/// The symmetric matrix of a strict upper triangle, with zeros on its diagonal.
fn symmetric(triangle: &[f64], count: usize) -> DMatrix<f64> {
    let mut matrix = DMatrix::zeros(count, count);
    let mut values = triangle.iter();
    for column in 0..count {
        for (row, value) in (0..column).zip(&mut values) {
            matrix[(row, column)] = *value;
            matrix[(column, row)] = *value;
        }
    }
    matrix
}

/// The symmetric matrix without its eigenvectors of largest |λ|, and without its diagonal.
fn deflated(triangle: &[f64], count: usize) -> Option<DMatrix<f64>> {
    let mut matrix = symmetric(triangle, count);
    let eigen = SymmetricEigen::try_new(matrix.clone(), f64::EPSILON, ROUNDS)?;
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|a, b| eigen.eigenvalues[*b].abs().total_cmp(&eigen.eigenvalues[*a].abs()));
    for at in order.into_iter().take(DEFLATED) {
        let vector = eigen.eigenvectors.column(at);
        matrix.ger(-eigen.eigenvalues[at], &vector, &vector, 1.0);
    }
    matrix.fill_diagonal(0.0);
    Some(matrix)
}

/// E f² over all orders of the neurons.
fn second_moment(a: &DMatrix<f64>, b: &DMatrix<f64>) -> f64 {
    let n = a.nrows() as f64;
    let sums = |matrix: &DMatrix<f64>| {
        let squares = matrix.norm_squared();
        let columns = matrix.column_iter().map(|column| column.sum().powi(2)).sum::<f64>() - squares;
        let apart = matrix.sum().powi(2) - 4.0 * columns - 2.0 * squares;
        (squares, columns, apart)
    };
    let ((qa, ta, ua), (qb, tb, ub)) = (sums(a), sums(b));
    let (two, three, four) = (n * (n - 1.0), n * (n - 1.0) * (n - 2.0), n * (n - 1.0) * (n - 2.0) * (n - 3.0));
    2.0 * qa * qb / two + 4.0 * ta * tb / three + ua * ub / four
}

/// For each neuron whether the row of R₂ is most like the same row of R₁; of equal ones the first counts.
fn recognised(left: &DMatrix<f64>, right: &DMatrix<f64>) -> Vec<bool> {
    let unit = |matrix: &DMatrix<f64>| {
        let mut unit = matrix.clone();
        unit.column_iter_mut().for_each(|mut column| column /= column.norm().max(1e-12));
        unit
    };
    let likeness = unit(left).transpose() * unit(right);
    likeness.column_iter().enumerate().map(|(at, column)| column.argmax().0 == at).collect()
}

#[cfg(test)]
mod tests {
    use super::{FEWEST_DIRECTIONS, deflated, orthonormal, residual, second_moment, spanned, symmetric};
    use crate::fingerprint::splitmix64;

    fn random(count: usize, seed: u64) -> Vec<f64> {
        (0..count as u64).map(|at| (splitmix64(at + (seed << 32)) >> 11) as f64 / (1u64 << 52) as f64 - 1.0).collect()
    }

    /// All orders of 0..n.
    fn orders(n: usize) -> Vec<Vec<usize>> {
        if n == 0 {
            return vec![Vec::new()];
        }
        let mut all = Vec::new();
        for order in orders(n - 1) {
            for at in 0..n {
                let mut longer = order.clone();
                longer.insert(at, n - 1);
                all.push(longer);
            }
        }
        all
    }

    #[test]
    fn the_second_moment_is_that_of_all_orders() {
        for n in [4, 5, 6] {
            let pairs = n * (n - 1) / 2;
            let (a, b) = (symmetric(&random(pairs, 1), n), symmetric(&random(pairs, 2), n));
            let all = orders(n);
            let squares = all.iter().map(|order| {
                let sum: f64 = (0..n * n).map(|at| a[at] * b[(order[at % n], order[at / n])]).sum();
                sum * sum
            });
            let mean = squares.sum::<f64>() / all.len() as f64;
            assert!((second_moment(&a, &b) / mean - 1.0).abs() < 1e-9, "n = {n}");
        }
    }

    #[test]
    fn equal_regressors_count_once() {
        let x = random(100, 3);
        let directions = orthonormal(&[x.clone(), x.clone(), random(100, 4)], 100);
        assert_eq!(directions.len(), 3);
        let left = residual(x.iter().map(|value| 2.0 * value + 1.0).collect(), &directions);
        assert!(left.iter().all(|value| value.abs() < 1e-12));
    }

    #[test]
    fn rows_in_few_directions_are_told_from_rows_in_many() {
        let cosines = |rows: usize, width: usize| -> Vec<f64> {
            let values = random(rows * width, 7);
            let unit = |at: usize| {
                let row = &values[at * width..(at + 1) * width];
                let norm = row.iter().map(|x| x * x).sum::<f64>().sqrt();
                row.iter().map(|x| x / norm).collect::<Vec<_>>()
            };
            let units: Vec<Vec<f64>> = (0..rows).map(unit).collect();
            let cosine = |a: usize, b: usize| units[a].iter().zip(&units[b]).map(|(x, y)| x * y).sum();
            (0..rows).flat_map(|b| (0..b).map(move |a| (a, b))).map(|(a, b)| cosine(a, b)).collect()
        };
        for (width, few) in [(3, true), (6, true), (32, false), (64, false)] {
            let found = spanned(&cosines(64, width));
            assert!((found / width as f64 - 1.0).abs() < 0.2, "{width}: {found}");
            assert_eq!(found < FEWEST_DIRECTIONS, few);
        }
    }

    #[test]
    fn deflation_takes_the_strongest_directions_away() {
        let n = 40;
        // One direction much stronger than the noise.
        let strong = |at: usize| if at.is_multiple_of(3) { 1.0 } else { -1.0 };
        let noise = random(n * (n - 1) / 2, 5);
        let mut values = Vec::new();
        for column in 0..n {
            for row in 0..column {
                values.push(strong(row) * strong(column) + 0.01 * noise[values.len()]);
            }
        }
        let Some(left) = deflated(&values, n) else { panic!("a finite matrix has eigenvectors") };
        // The zeros on the diagonal are n further directions, which eight cannot take away.
        assert!(left.norm() < 0.1 * symmetric(&values, n).norm());
        assert!(left.diagonal().iter().all(|value| *value == 0.0));
    }
}
