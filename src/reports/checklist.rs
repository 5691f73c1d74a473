// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What the models owe to the licenses of their bases, as a checklist for people.
//!
//! In: a [`Report`]. Out: one block a model and license, one line an obligation: how it stands, and where.

use std::io::{self, Write};

use super::compare::hanging;
use super::report::Report;
use super::text::{Look, harmless};
use crate::findings::{Obligation, ObligationState};

/// Writes the checklist, and an empty line after it; nothing where nothing is owed.
pub fn checklist(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut of: Option<(&str, &str, &str)> = None;
    for obligation in &report.obligations {
        let group = (obligation.model.as_str(), obligation.base.as_str(), obligation.license.as_str());
        if of != Some(group) {
            let (model, base, license) = group;
            hanging(&look.strong(&format!("{model} owes to the license of {base} ({license}):")), 0, 4, look, out)?;
            of = Some(group);
        }
        hanging(&line(obligation), 4, 8, look, out)?;
    }
    if of.is_some() { writeln!(out) } else { Ok(()) }
}

fn line(obligation: &Obligation) -> String {
    let mark = match obligation.state {
        ObligationState::Met => "met",
        ObligationState::Missing => "MISSING",
        ObligationState::NeedsAttestation => "OPEN",
        ObligationState::Unsatisfiable => "UNSATISFIABLE",
    };
    let clause = obligation.clause.as_ref().map(|clause| format!(" ({clause})")).unwrap_or_default();
    let place = obligation.place.as_ref().map(|place| match place.line {
        Some(line) => format!(" {}:{line}:", place.path),
        None => format!(" {}:", place.path),
    });
    harmless(&format!("{mark} {}{clause}:{} {}", obligation.kind, place.unwrap_or_default(), obligation.what))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use insta::assert_snapshot;

    use super::*;
    use crate::reports::samples::blocked;

    fn shown(report: &Report) -> String {
        let mut text = Vec::new();
        checklist(report, Look::default(), &mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn every_obligation_says_how_it_stands_and_where() {
        assert_snapshot!(shown(&blocked()), @"
        checkpoints/orca/model.safetensors owes to the license of Qwen/Qwen2.5-0.5B (apache-2.0):
            met license-copy (§4(a)): LICENSE: holds the text
            MISSING propagate-notice-file (§4(d)): no notice file beside the weights or above them holds
                it
        ");
    }

    #[test]
    fn where_nothing_is_owed_nothing_is_written() {
        assert_eq!(shown(&Report { obligations: Vec::new(), ..blocked() }), "");
    }
}
