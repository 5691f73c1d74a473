// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `attested` of a `[[model]]`: obligations that no tool can see, with who says that they are met, and when.

use std::collections::BTreeMap;

use jiff::civil::Date;
use toml::Spanned;

use crate::licenses::ObligationKind;

use super::file::{Fault, nearest};

/// Names of obligations that a person can attest, each once, with who says so and when.
pub(super) fn attested(file: BTreeMap<Spanned<String>, Spanned<String>>) -> Result<BTreeMap<String, String>, Fault> {
    let mut attested = BTreeMap::new();
    let mut kinds = Vec::new();
    for (name, word) in file {
        let known = || ObligationKind::ALL.iter().flat_map(|kind| kind.attested_as());
        let Some(kind) = ObligationKind::from_attested(name.get_ref()) else {
            let all = known().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let help = match nearest(name.get_ref(), known()) {
                Some(help) => format!("{help} Known are {all}"),
                None => format!("known are {all}"),
            };
            return Err(Fault::at(&name, format!("no obligation `{}` can be attested", name.get_ref())).help(help));
        };
        if kinds.contains(&kind) {
            return Err(Fault::at(&name, format!("`{}` is attested twice", kind.name())));
        }
        kinds.push(kind);
        if !names_who_and_when(word.get_ref()) {
            return Err(Fault::at(&word, "an attestation names who says so and when")
                .help("write it as \"legal@acme.example 2026-01-31\""));
        }
        attested.insert(name.into_inner(), word.into_inner());
    }
    Ok(attested)
}

/// `legal@acme.example 2026-01-31`: some words, and a day among them.
fn names_who_and_when(text: &str) -> bool {
    let is_day = |word: &&str| word.trim_end_matches(['.', ',', ';']).parse::<Date>().is_ok_and(|_| word.len() >= 10);
    let days = text.split_whitespace().filter(is_day).count();
    days == 1 && text.split_whitespace().any(|word| !is_day(&word) && word.chars().any(char::is_alphabetic))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use insta::assert_snapshot;

    use crate::policy::Policy;

    /// Message, the text at the span, and the help.
    fn attested(entry: &str) -> String {
        let text = format!("schema = 1\n[[model]]\npaths = [\"a\"]\nattested = {{ {entry} }}");
        let error = Policy::parse("policy.toml", &text).unwrap_err();
        let place = error.span.map_or("?", |span| text[span].lines().next().unwrap_or(""));
        format!("{} | {place} | {}", error.message, error.help.unwrap_or_default())
    }

    #[test]
    fn an_attestation_is_of_a_known_obligation_and_names_who_and_when() {
        assert_snapshot!(attested("scale-gates = \"me 2026-01-10\""), @"no obligation `scale-gates` can be attested | scale-gates | did you mean `scale-gate`? Known are `display-text`, `display-text-at-scale`, `retain-notices`, `propagate-notice-file`, `explanatory-docs`, `no-train-others`, `non-commercial`, `aup`, `scale-gate`, `mau-below-limit`, `revenue-below-limit`, `territory`, `registration`, `cite-in-publication`, `content-filters`, `public-statement`");
        assert_snapshot!(attested("license-copy = \"me 2026-01-10\""), @"no obligation `license-copy` can be attested | license-copy | known are `display-text`, `display-text-at-scale`, `retain-notices`, `propagate-notice-file`, `explanatory-docs`, `no-train-others`, `non-commercial`, `aup`, `scale-gate`, `mau-below-limit`, `revenue-below-limit`, `territory`, `registration`, `cite-in-publication`, `content-filters`, `public-statement`");
        assert_snapshot!(attested("scale-gate = \"me\""), @r#"an attestation names who says so and when | "me" | write it as "legal@acme.example 2026-01-31""#);
        assert_snapshot!(attested("scale-gate = \"2026-01-10\""), @r#"an attestation names who says so and when | "2026-01-10" | write it as "legal@acme.example 2026-01-31""#);
        assert_snapshot!(attested("scale-gate = \"me 2026-02-30\""), @r#"an attestation names who says so and when | "me 2026-02-30" | write it as "legal@acme.example 2026-01-31""#);
        assert_snapshot!(attested("aup = \"me 2026-01-10\", scale-gate = \"me 2026-01-10\", mau-below-limit = \"me 2026-01-10\""), @"`scale-gate` is attested twice | scale-gate |");
        assert_snapshot!(attested("aup = 3"), @"invalid type: integer `3`, expected a string | 3 |");
    }
}
