// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The checklist of obligations.
//!
//! In: a [`Report`]. Out: one list a model and license, each row with its clause, how it stands, where, and what to do.

use crate::findings::{Finding, Obligation, ObligationState, Whereabouts};
use crate::reports::Report;

/// What one model owes to one license.
pub(super) struct Duties<'a> {
    pub(super) model: &'a str,
    pub(super) base: &'a str,
    pub(super) license: &'a str,
    pub(super) rows: Vec<Duty<'a>>,
}

/// One obligation.
pub(super) struct Duty<'a> {
    pub(super) kind: &'a str,
    pub(super) clause: &'a str,
    pub(super) mark: &'static str,
    pub(super) state: &'static str,
    /// Name for style sheets.
    pub(super) class: &'static str,
    pub(super) place: String,
    pub(super) what: &'a str,
    pub(super) remedy: &'a str,
}

/// Groups the obligations.
pub(super) fn duties(report: &Report) -> Vec<Duties<'_>> {
    let of = |one: &Obligation| (one.model.clone(), one.base.clone(), one.license.clone());
    report
        .obligations
        .chunk_by(|a, b| of(a) == of(b))
        .filter_map(|rows| {
            let first = rows.first()?;
            Some(Duties {
                model: &first.model,
                base: &first.base,
                license: &first.license,
                rows: rows.iter().map(|row| duty(row, report)).collect(),
            })
        })
        .collect()
}

fn duty<'a>(row: &'a Obligation, report: &'a Report) -> Duty<'a> {
    let (mark, state, class) = match row.state {
        ObligationState::Met => ("✓", "met", "met"),
        ObligationState::Missing => ("✕", "missing", "missing"),
        ObligationState::NeedsAttestation => ("?", "to be attested", "open"),
        ObligationState::Unsatisfiable => ("✕", "cannot be met", "missing"),
    };
    let remedy = if row.state == ObligationState::Met { None } else { remedy(row, report) };
    Duty {
        kind: &row.kind,
        clause: row.clause.as_deref().unwrap_or_default(),
        mark,
        state,
        class,
        place: row.place.as_ref().map(place).unwrap_or_default(),
        what: &row.what,
        remedy: remedy.unwrap_or_default(),
    }
}

fn place(place: &Whereabouts) -> String {
    match place.line {
        Some(line) => format!("{}:{line}", place.path),
        None => place.path.clone(),
    }
}

/// What the finding about it says; one finding stands for every model that fails the same obligation.
fn remedy<'a>(row: &Obligation, report: &'a Report) -> Option<&'a str> {
    let about = |finding: &&Finding| {
        finding.obligation.as_deref() == Some(&row.kind)
            && finding.base.as_deref() == Some(&row.base)
            && finding.clause == row.clause
    };
    report
        .findings
        .iter()
        .chain(&report.waived)
        .chain(&report.baselined)
        .find(about)
        .map(|finding| finding.remedy.as_str())
}
