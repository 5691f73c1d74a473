// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Mistakes in files that people write: the policy, an index of a registry.
//!
//! In: the file's text and the span concerned. Out: the lines around it with the mistake underlined.

use std::io::{self, Write};
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Snippet};

use super::text::{Look, harmless, wrap};

/// A mistake in a file that people write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceError<'a> {
    /// Path as given.
    pub path: &'a str,
    /// Text of the file.
    pub text: &'a str,
    /// Byte span concerned, if it is known.
    pub span: Option<Range<usize>>,
    /// What is wrong, in a fragment.
    pub message: &'a str,
    /// What to do now.
    pub help: Option<&'a str>,
}

/// Writes a mistake with the lines around it.
pub fn source_error(error: &SourceError<'_>, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let path = harmless(error.path);
    let message = wrap(&harmless(error.message), look.beside(7)).join("\n");
    let group = Group::with_title(Level::ERROR.primary_title(message));
    let mut group = match error.span.clone().filter(|span| fits(error.text, span)) {
        Some(span) => {
            group.element(Snippet::source(error.text).path(path).annotation(AnnotationKind::Primary.span(span)))
        }
        None => group.element(Origin::path(path)),
    };
    if let Some(help) = error.help {
        group = group.element(Level::HELP.message(harmless(help)));
    }
    writeln!(out, "{}", look.renderer().render(&[group]))
}

/// The span comes from another parser than the one that shows it: only whole characters are underlined.
fn fits(text: &str, span: &Range<usize>) -> bool {
    text.get(span.clone()).is_some()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use insta::assert_snapshot;

    use super::*;

    const TEXT: &str = "schema = 1\n\n[rules]\nundeclared-linage = \"deny\"\n";

    fn shown(span: Option<Range<usize>>) -> String {
        let mut out = Vec::new();
        let error = SourceError {
            path: "policy.toml",
            text: TEXT,
            span,
            message: "unknown rule `undeclared-linage`",
            help: Some("did you mean `undeclared-lineage`?"),
        };
        source_error(&error, Look::default(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_mistake_is_underlined() {
        assert_snapshot!(shown(Some(20..37)), @r#"
        error: unknown rule `undeclared-linage`
         --> policy.toml:4:1
          |
        4 | undeclared-linage = "deny"
          | ^^^^^^^^^^^^^^^^^
          |
          = help: did you mean `undeclared-lineage`?
        "#);
    }

    #[test]
    fn a_mistake_without_a_place_names_the_file() {
        assert_snapshot!(shown(None), @"
        error: unknown rule `undeclared-linage`
        --> policy.toml
         = help: did you mean `undeclared-lineage`?
        ");
    }

    #[test]
    fn spans_that_do_not_fit_the_text_are_left_out() {
        #[expect(clippy::reversed_empty_ranges, reason = "what a broken parser could give")]
        for span in [0..1000, 900..1000, 5..2] {
            assert_eq!(shown(Some(span)), shown(None));
        }
    }
}
