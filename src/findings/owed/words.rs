// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What an obligation asks, in words: the middle of a finding's sentence.

use crate::licenses::{LicenseData, ObligationKind};

use super::shelf::quoted;

/// `asks for a copy of its text`: what the license does, for a sentence that goes on with its clause.
pub(super) fn asks(kind: ObligationKind, license: Option<&LicenseData>) -> String {
    let texts = || {
        let texts: Vec<String> =
            license.map(|license| license.display_texts.iter().map(|text| quoted(text)).collect()).unwrap_or_default();
        texts.join(" or ")
    };
    let name = || license.map_or("", |license| license.naming_rule.value.as_str());
    match kind {
        ObligationKind::LicenseCopy => "asks for a copy of its text".into(),
        ObligationKind::NoticeFile => "asks for a notice".into(),
        ObligationKind::PropagateNoticeFile => "asks for its NOTICE to be reproduced".into(),
        ObligationKind::RetainNotices => "asks to keep its copyright notices".into(),
        ObligationKind::DisplayText => format!("asks to show {}", texts()),
        ObligationKind::PublicStatement => format!("asks that public statements carry {}", texts()),
        ObligationKind::DisplayTextAtScale => {
            format!("asks to show {} on the user interface above a threshold", texts())
        }
        ObligationKind::EncouragedDisplay => format!("encourages to show {}", texts()),
        ObligationKind::NamePrefix => format!("asks for a name that begins with {}", name()),
        ObligationKind::NameForbidden => format!("forbids {} as the primary name", name()),
        ObligationKind::ModifiedFilesNotice => "asks that changed files are marked as changed".into(),
        ObligationKind::ModificationStatement => "asks to state that the model was modified".into(),
        ObligationKind::IndicateChanges => "asks to indicate changes".into(),
        ObligationKind::ExplanatoryDocs => "asks to keep its model card and to document changes".into(),
        ObligationKind::PassThroughRestrictions => {
            "asks that its use restrictions are part of the derivative's own terms".into()
        }
        ObligationKind::DownstreamNotice => "asks that recipients are told of its use restrictions".into(),
        ObligationKind::SameTerms => "allows derivatives under the same terms only".into(),
        ObligationKind::Attribution => "asks for credit to creator, license, and source".into(),
        ObligationKind::NoDerivativeSharing => "does not allow to share changed material".into(),
        ObligationKind::NoTrainOthers => {
            "does not allow to improve other models with the material or its outputs".into()
        }
        ObligationKind::NonCommercial => "does not allow commercial use".into(),
        ObligationKind::Aup => "sets an acceptable use policy".into(),
        ObligationKind::ScaleGate => "asks for a separate license above a threshold".into(),
        ObligationKind::Territory => "excludes territories".into(),
        ObligationKind::Registration => "asks for registration or approval".into(),
        ObligationKind::CiteInPublication => "asks for an acknowledgment in publications".into(),
        ObligationKind::ContentFilters => "asks for content filters or review of outputs".into(),
    }
}
