// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What a p-value says in words.
//!
//! In: a mechanism's name and its number. Out: a sentence that claims no more than the number does.

use crate::evidence::Relation;

/// log10 p above which nothing is worth a sentence.
const SILENT: f64 = -1.0;

/// What a mechanism looks at.
pub(super) fn looks_at(mechanism: &str) -> &'static str {
    match mechanism {
        "file-digests" => "SHA-256 of the stored files, as Git LFS gives them.",
        "exact-hash" => "Equal values: whole matrices, rows, and columns by their digests.",
        "row-hash" => "Equal rows and columns by their digests.",
        "aligned-samples" => "Values at the same places of matrices of one shape.",
        "needle-identity" => "Feed-forward rows at the same layer and row.",
        "needle-search" => "Feed-forward rows, searched for among all layers and rows.",
        "needle-attention" => "Attention rows, searched for among all layers and rows.",
        "gram" => "Feed-forward neurons, paired in whatever coordinates they stand.",
        "circuit" => "Attention circuits, paired by query and key, tested by value and output.",
        _ => "See docs/evidence.md.",
    }
}

/// How likely the null makes such a number.
pub(super) fn odds(log10_p: Option<f64>) -> String {
    match log10_p {
        Some(p) if p.is_nan() => "No p-value.".to_owned(),
        None => "No p-value.".to_owned(),
        Some(p) if p > SILENT => "Nothing beyond what the null expects.".to_owned(),
        Some(p) if p > -3.0 => {
            format!("If the null holds, at most about 1 comparison in {:.0} looks like this.", 10f64.powf(-p))
        }
        Some(p) if p.is_infinite() => "If the null holds, this does not happen.".to_owned(),
        Some(p) => {
            format!("If the null holds, at most 1 comparison in 10{} looks like this.", superscript(-p))
        }
    }
}

/// A whole exponent, rounded towards the weaker claim.
fn superscript(exponent: f64) -> String {
    let digits = format!("{:.0}", exponent.floor());
    digits.chars().filter_map(|digit| "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().nth(digit.to_digit(10)? as usize)).collect()
}

/// What a relation claims, and what not.
pub(super) fn claims(relation: Relation) -> &'static str {
    match relation {
        Relation::Identical => "The weights are the base's, value for value.",
        Relation::Converted => "The weights are consistent with a cast, quantized, or re-laid-out copy of the base.",
        Relation::Derived => "The weights are consistent with derivation from the base by further training or surgery.",
        Relation::Partial => "Some parts or layers are consistent with derivation from the base.",
        Relation::SharedOrigin => {
            "The weights are consistent with a common origin, such as one initialisation. That is no evidence that \
             trained weights were taken."
        }
        Relation::Inconclusive => "There is some evidence, too weak to decide.",
        Relation::NoEvidence => "No evidence found.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odds_claim_no_more_than_the_number() {
        let said: Vec<String> =
            [None, Some(-0.5), Some(-2.0), Some(-41.97), Some(f64::NAN)].into_iter().map(odds).collect();
        assert_eq!(
            said,
            [
                "No p-value.",
                "Nothing beyond what the null expects.",
                "If the null holds, at most about 1 comparison in 100 looks like this.",
                "If the null holds, at most 1 comparison in 10⁴¹ looks like this.",
                "No p-value.",
            ]
        );
    }

    #[test]
    fn no_relation_claims_intent() {
        use Relation::{Converted, Derived, Identical, Inconclusive, NoEvidence, Partial, SharedOrigin};
        for relation in [Identical, Converted, Derived, Partial, SharedOrigin, Inconclusive, NoEvidence] {
            let claim = claims(relation);
            assert!(!claim.contains("stolen") && !claim.contains("independent"), "{claim}");
        }
    }
}
