// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The rows of every license that was read in full → a table for docs/fix.md.

use std::collections::BTreeMap;
use std::fmt::Write;

use forebear::findings::Level;

use super::tree::{Row, Settled, full_text, rows};

/// The table: one line a license, then the sums. An error says what went otherwise than it should.
pub(crate) fn table() -> Result<String, String> {
    let mut text = String::from("| license | written by `fix` | attested | left to a person |\n|---|---|---|---|\n");
    let mut sums: BTreeMap<Settled, usize> = BTreeMap::new();
    let mut licenses = 0;
    for license in full_text() {
        licenses += 1;
        let rows = rows(license)?;
        for row in &rows {
            *sums.entry(row.settled).or_default() += 1;
        }
        let fixed = cell(&rows, |settled| settled == Settled::Fix);
        let attested = cell(&rows, |settled| settled == Settled::Attestation);
        let by_hand = cell(&rows, |settled| !matches!(settled, Settled::Fix | Settled::Attestation));
        let _ = writeln!(text, "| {} | {fixed} | {attested} | {by_hand} |", license.id);
    }
    let all: usize = sums.values().sum();
    let parts: Vec<String> = sums.iter().map(|(settled, count)| format!("{} {count}", settled.name())).collect();
    let _ = writeln!(text, "\n{licenses} licenses, {all} obligations: {}.", parts.join(", "));
    Ok(text)
}

/// The obligations that are settled in one way; what is left to a person says by what.
fn cell(rows: &[Row], of: impl Fn(Settled) -> bool) -> String {
    let words = rows.iter().filter(|row| of(row.settled)).map(|row| {
        let level = match row.level {
            Level::Deny => String::new(),
            level => format!(" ({})", level.name()),
        };
        let by = match row.settled {
            Settled::Fix | Settled::Attestation => String::new(),
            other => format!(": {}", other.name()),
        };
        format!("{}{level}{by}", row.kind.name())
    });
    words.collect::<Vec<_>>().join(", ")
}
