// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What was not checked, said aloud.
//!
//! In: a [`Report`]. Out: sentences.

use crate::findings::{ObligationState, Rule};
use crate::reports::Report;
use crate::reports::text::plural;

/// Everything that the verdict does not cover.
pub(super) fn unseen(report: &Report) -> Vec<String> {
    let mut said = Vec::new();
    if report.models.is_empty() {
        said.push(
            "Scanned 0 artifacts: no file that looks like a model was found, so nothing was learned of any weights."
                .to_owned(),
        );
    }
    for finding in report.findings.iter().chain(&report.waived).chain(&report.baselined) {
        if matches!(finding.rule, Rule::UnverifiableArtifact | Rule::MissingLfsObject | Rule::UnsafePickle) {
            said.push(format!("Not readable: {}", finding.message));
        }
    }
    for model in report.models.iter().filter(|model| model.searched == 0) {
        said.push(format!("Not compared with any base: {}", model.path));
    }
    for (state, one, many) in [
        (
            ObligationState::NeedsAttestation,
            "obligation can be seen by no tool and is for a person to attest",
            "obligations can be seen by no tool and are for a person to attest",
        ),
        (ObligationState::Unsatisfiable, "obligation cannot be met", "obligations cannot be met"),
    ] {
        match report.obligations.iter().filter(|one| one.state == state).count() as u64 {
            0 => {}
            count => said.push(format!("{}.", plural(count, one, many))),
        }
    }
    said.extend(report.remarks.iter().cloned());
    if report.models.iter().any(|model| model.searched > 0) {
        said.push(
            "Bases that are not registered: weights are compared with registered bases only, and no evidence found is \
             not a statement about others."
                .to_owned(),
        );
    }
    said
}
