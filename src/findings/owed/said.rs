// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Obligations that no tool can see: somebody says that they are met, and when.

use crate::findings::declared::DeclaredRelation;
use crate::licenses::ObligationKind;

use super::case::Case;
use super::state::State;

/// Acceptable use, scale, territory, registration, citations, filters, and no training of others.
pub(super) fn by_a_person(case: &Case) -> State {
    let license = case.license;
    let details = match case.kind {
        ObligationKind::ScaleGate | ObligationKind::Registration => license.scale_clause.clone(),
        ObligationKind::Territory => license.territory.clone(),
        ObligationKind::Aup => {
            let restrictions = &license.use_restrictions;
            [restrictions.summary.as_str(), restrictions.reference.as_str()]
                .into_iter()
                .filter(|text| !text.is_empty())
                .collect::<Vec<_>>()
                .join("; ")
        }
        ObligationKind::NoTrainOthers if case.debtor.relation == Some(DeclaredRelation::Distilled) => {
            format!("{} is declared as its teacher (distilled)", case.owed.id)
        }
        _ => String::new(),
    };
    let details = if details.is_empty() { String::new() } else { format!(": {details}") };
    case.attested_or(&format!("policy.toml does not attest it{details}"))
}
