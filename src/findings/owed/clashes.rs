// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Obligations of two bases that no release can meet both.

use crate::findings::finding::Rule;
use crate::licenses::{LicenseData, ObligationKind};

use super::ledger::Row;
use super::names::begins;
use super::state::State;

/// Rows of one model: those that contradict each other become unsatisfiable. The finding is told once, with the first.
pub(super) fn settle(rows: &mut [&mut Row]) {
    let mut pairs = Vec::new();
    for (first, one) in rows.iter().enumerate() {
        for (second, other) in rows.iter().enumerate().skip(first + 1) {
            if let (Some(what), Some(mirrored)) = (clash(one, other), clash(other, one)) {
                pairs.push((first, what, second, mirrored, one.cap.into_iter().chain(other.cap).min()));
            }
        }
    }
    let remedy = "leave one of the two bases out, or get other terms from the licensor of one";
    for (first, what, second, mirrored, cap) in pairs {
        if let Some(row) = rows.get_mut(first) {
            let what = if row.is_clash() { format!("{}; {what}", row.state.what) } else { what };
            row.state = State::never(Rule::UnsatisfiableObligations, what, remedy).capped(cap);
        }
        if let Some(row) = rows.get_mut(second).filter(|row| !row.is_clash()) {
            row.state = State::never(Rule::UnsatisfiableObligations, mirrored, remedy);
            row.state.failure = None;
        }
    }
}

/// Why two obligations contradict each other, if they do.
fn clash(one: &Row, other: &Row) -> Option<String> {
    let (first, second) = (one.license?, other.license?);
    if first.id == second.id || one.copy && other.copy {
        return None;
    }
    let (a, b) = (&first.naming_rule.value, &second.naming_rule.value);
    match (one.kind, other.kind) {
        (ObligationKind::NamePrefix, ObligationKind::NamePrefix) if !begins(a, b) && !begins(b, a) => Some(format!(
            "{} asks for a name that begins with {b}, which no name can do that begins with {a}",
            named(other, second)
        )),
        (ObligationKind::NamePrefix, ObligationKind::NameForbidden) if begins(a, b) => {
            Some(format!("{} forbids a name that begins with {b}", named(other, second)))
        }
        (ObligationKind::NameForbidden, ObligationKind::NamePrefix) if begins(b, a) => {
            Some(format!("{} asks for a name that begins with {b}", named(other, second)))
        }
        (ObligationKind::SameTerms, ObligationKind::SameTerms) if !shares(first, second) && !shares(second, first) => {
            Some(format!("{} allows derivatives under {} only", named(other, second), second.id))
        }
        (ObligationKind::SameTerms, ObligationKind::NonCommercial) if !first.non_commercial => {
            Some(format!("{} does not allow commercial use, which {} grants", named(other, second), first.id))
        }
        (ObligationKind::NonCommercial, ObligationKind::SameTerms) if !second.non_commercial => Some(format!(
            "{} allows derivatives under {} only, which grants commercial use",
            named(other, second),
            second.id
        )),
        _ => None,
    }
}

/// Whether what must be under the terms of `one` may be under those of `other`.
fn shares(one: &LicenseData, other: &LicenseData) -> bool {
    one.same_terms_also.iter().any(|also| also.eq_ignore_ascii_case(&other.spdx))
}

fn named(row: &Row, license: &LicenseData) -> String {
    format!("the license of {} ({})", row.base, license.id)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::super::Ledger;
    use super::*;
    use crate::findings::finding::Level;
    use crate::findings::owed::ObligationState;
    use crate::findings::samples::{Sample, base, declared, model};

    #[test]
    fn a_word_that_one_asks_for_and_another_forbids_is_told_with_the_lower_level() {
        let mut sample = Sample::default();
        sample.base(base("a/one", "llama3.1"));
        sample.base(base("b/two", "qwen-research-2026"));
        sample.models.push(model("m.safetensors", vec![]));
        sample.declared.push(declared("*", &[("a/one", "merge"), ("b/two", "merge")]));
        let facts = sample.facts();
        let rows = Ledger::of(&facts).rows;
        let row = |kind| rows.iter().find(|row| row.kind == kind).unwrap().clone();
        let (mut asks, mut forbids) = (row(ObligationKind::NamePrefix), row(ObligationKind::NameForbidden));
        assert_eq!(clash(&asks, &forbids), None, "Llama-Orca is no Qwen");
        let mut other = forbids.license.unwrap().clone();
        other.naming_rule.value = "Llama".into();
        forbids.license = Some(Box::leak(Box::new(other)));
        settle(&mut [&mut asks, &mut forbids]);
        let failure = asks.state.failure.as_ref().unwrap();
        // The license that forbids was not read in full.
        assert_eq!((failure.rule, failure.cap), (Rule::UnsatisfiableObligations, Some(Level::Warn)));
        assert!(asks.state.what.ends_with("forbids a name that begins with Llama"), "{}", asks.state.what);
        assert_eq!((forbids.state.outcome, forbids.state.failure.is_none()), (ObligationState::Unsatisfiable, true));
    }
}
