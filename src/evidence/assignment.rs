// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The assignment problem: each row a column of its own, the sum of the scores as large as can be.
//!
//! In: scores [n, m] with n ≤ m. Out: the column of each row. Shortest augmenting paths with potentials (Jonker and
//! Volgenant 1987): O(n²m) at worst, far less where most rows prefer different columns. Among equal paths the one to
//! the lowest column is taken, so the result does not depend on the machine.

/// Columns of the rows; empty unless there are n·m scores and n ≤ m. A score that is not finite counts as very low.
pub(super) fn assign(scores: &[f32], n: usize, m: usize) -> Vec<usize> {
    if n == 0 || n > m || scores.len() != n * m {
        return Vec::new();
    }
    let costs: Vec<f64> =
        scores.iter().map(|score| if score.is_finite() { -f64::from(*score) } else { f64::from(f32::MAX) }).collect();
    let mut search = Search {
        costs: &costs,
        columns: m,
        of_rows: vec![0.0; n],
        of_columns: vec![0.0; m],
        row_of: vec![None; m],
        distance: vec![0.0; m],
        before: vec![None; m],
        done: vec![false; m],
    };
    (0..n).for_each(|row| search.augment(row));
    let mut column_of = vec![0; n];
    for (column, row) in search.row_of.iter().enumerate() {
        if let Some(slot) = row.and_then(|row| column_of.get_mut(row)) {
            *slot = column;
        }
    }
    column_of
}

/// The rows placed so far. Costs less both potentials are nowhere negative, and zero where a row is placed.
struct Search<'a> {
    costs: &'a [f64],
    columns: usize,
    of_rows: Vec<f64>,
    of_columns: Vec<f64>,
    /// Row placed at a column.
    row_of: Vec<Option<usize>>,
    /// Cost of the shortest path found to a column.
    distance: Vec<f64>,
    /// Column before the last on that path; none if it comes from the new row.
    before: Vec<Option<usize>>,
    /// Whether the path is final.
    done: Vec<bool>,
}

impl Search<'_> {
    /// Places one more row, moving others along the shortest path to a free column.
    fn augment(&mut self, new: usize) {
        self.distance.fill(f64::INFINITY);
        self.before.fill(None);
        self.done.fill(false);
        let mut reached: Vec<usize> = Vec::new();
        let (mut row, mut last, mut travelled) = (new, None, 0.0);
        let free = loop {
            let costs = &self.costs[row * self.columns..(row + 1) * self.columns];
            let start = travelled - self.of_rows[row];
            let (mut nearest, mut next) = (f64::INFINITY, 0);
            let state = self.distance.iter_mut().zip(&mut self.before).zip(&self.done);
            for (column, ((cost, potential), ((distance, before), done))) in
                costs.iter().zip(&self.of_columns).zip(state).enumerate()
            {
                if *done {
                    continue;
                }
                let through = start + cost - potential;
                if through < *distance {
                    *distance = through;
                    *before = last;
                }
                if *distance < nearest {
                    (nearest, next) = (*distance, column);
                }
            }
            travelled = nearest;
            self.done[next] = true;
            match self.row_of[next] {
                None => break next,
                Some(placed) => {
                    reached.push(next);
                    (row, last) = (placed, Some(next));
                }
            }
        };
        self.of_rows[new] += travelled;
        for column in reached {
            let rest = travelled - self.distance[column];
            self.of_columns[column] -= rest;
            if let Some(placed) = self.row_of[column] {
                self.of_rows[placed] += rest;
            }
        }
        let mut column = free;
        while let Some(previous) = self.before[column] {
            self.row_of[column] = self.row_of[previous];
            column = previous;
        }
        self.row_of[column] = Some(new);
    }
}

#[cfg(test)]
mod tests {
    use pathfinding::kuhn_munkres::kuhn_munkres;
    use pathfinding::matrix::Matrix;
    use proptest::prelude::*;

    use super::assign;

    fn total(scores: &[f32], m: usize, columns: &[usize]) -> f64 {
        columns.iter().enumerate().map(|(row, column)| f64::from(scores[row * m + column])).sum()
    }

    fn distinct(columns: &[usize]) -> bool {
        let mut sorted = columns.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        sorted.len() == columns.len()
    }

    /// Best sum over all assignments.
    fn best(scores: &[f32], m: usize, row: usize, taken: &mut Vec<usize>) -> f64 {
        if (row + 1) * m > scores.len() {
            return 0.0;
        }
        let mut most = f64::NEG_INFINITY;
        for column in 0..m {
            if !taken.contains(&column) {
                taken.push(column);
                most = most.max(f64::from(scores[row * m + column]) + best(scores, m, row + 1, taken));
                taken.pop();
            }
        }
        most
    }

    proptest! {
        #[test]
        fn no_assignment_is_better(
            (n, m, scores) in (1usize..5, 0usize..3).prop_flat_map(|(n, more)| {
                (Just(n), Just(n + more), prop::collection::vec(-1.0f32..1.0, n * (n + more)))
            })
        ) {
            let columns = assign(&scores, n, m);
            prop_assert!(columns.len() == n && distinct(&columns));
            prop_assert!((total(&scores, m, &columns) - best(&scores, m, 0, &mut Vec::new())).abs() < 1e-6);
        }

        #[test]
        fn sums_are_those_of_another_implementation(
            (n, m, scores) in (1usize..24, 0usize..40).prop_flat_map(|(n, more)| {
                // Few different values make many ties.
                (Just(n), Just(n + more), prop::collection::vec(-6i64..7, n * (n + more)))
            })
        ) {
            let floats: Vec<f32> = scores.iter().map(|score| *score as f32).collect();
            let columns = assign(&floats, n, m);
            prop_assert!(columns.len() == n && distinct(&columns));
            let rows = Matrix::from_vec(n, m, scores).map_err(|error| TestCaseError::fail(error.to_string()))?;
            let (expected, _) = kuhn_munkres(&rows);
            prop_assert_eq!(total(&floats, m, &columns), expected as f64);
        }
    }

    #[test]
    fn ties_go_to_the_lowest_column() {
        assert_eq!(assign(&[0.0; 12], 3, 4), [0, 1, 2]);
    }

    #[test]
    fn what_cannot_be_assigned_is_left() {
        assert!(assign(&[1.0, 2.0], 2, 1).is_empty());
        assert!(assign(&[1.0], 1, 2).is_empty());
        assert!(assign(&[], 0, 0).is_empty());
        assert_eq!(assign(&[f32::NAN, 1.0, f32::INFINITY, 0.5], 2, 2).len(), 2);
        assert_eq!(assign(&[f32::NAN, -1.0], 1, 2), [1]);
    }
}
