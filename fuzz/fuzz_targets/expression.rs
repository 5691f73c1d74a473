// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! SPDX expressions: written with parentheses around every part, they mean the same.

#![no_main]

use forebear::licenses::{Expression, Term};
use forebear_fuzz::text;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = text(bytes);
    match Expression::parse(&text) {
        Err(error) => assert!((1..=text.chars().count() + 1).contains(&error.column), "{error}"),
        Ok(expression) => {
            let written = written(&expression);
            // Each part brings parentheses of its own, and only so many may stand inside each other.
            if let Ok(again) = Expression::parse(&written) {
                let ids = |expression: &Expression| expression.terms().into_iter().cloned().collect::<Vec<Term>>();
                assert_eq!(ids(&again), ids(&expression), "{written}");
                for term in expression.terms() {
                    let holds = |other: &Term| other == term;
                    assert_eq!(again.always(&holds), expression.always(&holds), "{written}");
                }
            }
        }
    }
});

fn written(expression: &Expression) -> String {
    let joined = |parts: &[Expression], word: &str| {
        parts.iter().map(|part| format!("({})", written(part))).collect::<Vec<_>>().join(word)
    };
    match expression {
        Expression::Term(term) => {
            let later = if term.or_later { "+" } else { "" };
            let exception = term.exception.as_ref().map(|name| format!(" WITH {name}")).unwrap_or_default();
            format!("{}{later}{exception}", term.id)
        }
        Expression::And(parts) => joined(parts, " AND "),
        Expression::Or(parts) => joined(parts, " OR "),
    }
}
