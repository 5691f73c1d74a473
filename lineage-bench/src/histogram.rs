// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Histograms of p-values as rows of a markdown table.
//!
//! In: log10 p. Out: shares in percent, finer near 0, with p = 1 in a column of its own: what points the wrong way.

/// Ends of the bins.
const BINS: [f64; 13] = [1e-4, 0.001, 0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];

/// The two lines above the rows.
pub fn header() -> [String; 2] {
    let mut from = 0.0;
    let heads = BINS.map(|to| {
        let head = if to < 1.0 { format!("{from}–{to}") } else { format!("above {from}") };
        from = to;
        head
    });
    [format!("| mechanism | {} | 1 |", heads.join(" | ")), format!("|---|{}", "---|".repeat(BINS.len() + 1))]
}

/// The row of some values.
pub fn row(name: &str, log10_p: &[f64]) -> String {
    let mut counts = [0usize; BINS.len() + 1];
    for value in log10_p {
        let p = 10f64.powf(*value);
        let bin = if p < 1.0 { BINS.iter().position(|end| p <= *end) } else { None };
        if let Some(count) = counts.get_mut(bin.unwrap_or(BINS.len())) {
            *count += 1;
        }
    }
    let share = |count: usize| format!("{:.2}", 100.0 * count as f64 / log10_p.len().max(1) as f64);
    format!("| {name} | {} |", counts.map(share).join(" | "))
}

#[cfg(test)]
mod tests {
    use super::{header, row};

    #[test]
    fn every_value_is_in_one_bin() {
        let said = row("x", &[-9.0, -1.5, 0.4f64.log10(), 0.0]);
        assert_eq!(
            said,
            "| x | 25.00 | 0.00 | 0.00 | 25.00 | 0.00 | 0.00 | 25.00 | 0.00 | 0.00 | 0.00 | 0.00 | 0.00 | 0.00 | 25.00 |"
        );
        let columns = |line: &str| line.matches('|').count();
        assert!(header().iter().all(|line| columns(line) == columns(&said)), "{:?}", header());
    }
}
