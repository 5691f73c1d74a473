// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The lines that a finding is about, as far as they can be shown.
//!
//! In: the text of a file, perhaps hostile, and a line or a span of bytes. Out: the lines concerned, harmless, and
//! what to underline in them; or nothing, where the place is not one that people read.

use std::ops::Range;

use super::text::harmless;

/// Most lines shown of a place.
const MOST_LINES: usize = 6;
/// Longest line shown, in bytes: a longer one is not written by hand.
const LONGEST_LINE: usize = 400;

/// Some lines of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    /// The lines.
    pub(super) text: String,
    /// Number of the first.
    pub(super) first: usize,
    /// Bytes of `text` that the finding is about.
    pub(super) span: Range<usize>,
}

/// The lines of a place. A span says more than a line; one that does not fit the text comes from another version of it.
pub(super) fn excerpt(text: &str, line: Option<u32>, span: Option<(usize, usize)>) -> Option<Excerpt> {
    let (start, end) = match (span, line) {
        (Some((start, end)), _) if start < end => (start, end),
        (_, Some(line)) => whole_line(text, line)?,
        _ => return None,
    };
    let before = text.get(..start)?;
    let about = text.get(start..end)?;
    let first = before.matches('\n').count() + 1;
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    // A long place is shown by its beginning.
    let about = match about.match_indices('\n').nth(MOST_LINES - 1) {
        Some(_) => about.split('\n').next().unwrap_or(about),
        None => about.trim_end(),
    };
    let end = start + about.len();
    let line_end = text.get(end..)?.find('\n').map_or(text.len(), |at| end + at);
    let lines = text.get(line_start..line_end)?;
    if about.trim().is_empty() || lines.lines().any(|line| line.len() > LONGEST_LINE) {
        return None;
    }
    let shown = |range: Range<usize>| text.get(range).map(|part| harmless(part.trim_end_matches('\r')));
    let (head, about, tail) = (shown(line_start..start)?, harmless(about), shown(end..line_end)?);
    let span = head.len()..head.len() + about.len();
    Some(Excerpt { text: format!("{head}{about}{tail}").trim_end().to_owned(), first, span })
}

/// Bytes of a line, without the space around it.
fn whole_line(text: &str, line: u32) -> Option<(usize, usize)> {
    let before = (line as usize).checked_sub(1)?;
    let start: usize = text.split_inclusive('\n').take(before).map(str::len).sum();
    let line = text.split_inclusive('\n').nth(before)?;
    let inner = line.trim();
    let start = start + (line.len() - line.trim_start().len());
    (!inner.is_empty()).then_some((start, start + inner.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "schema = 1\n\n[[waiver]]\nrule = \"x\"\nowner = \"é\"\n";

    fn about(line: Option<u32>, span: Option<(usize, usize)>) -> Option<(usize, String, String)> {
        let found = excerpt(TEXT, line, span)?;
        let underlined = found.text.get(found.span.clone())?.to_owned();
        Some((found.first, found.text, underlined))
    }

    #[test]
    fn a_line_is_shown_whole_and_a_span_with_the_lines_it_is_in() {
        let of = |first, text: &str, about: &str| Some((first, text.to_owned(), about.to_owned()));
        assert_eq!(about(Some(4), None), of(4, "rule = \"x\"", "rule = \"x\""));
        assert_eq!(about(None, Some((30, 33))), of(4, "rule = \"x\"", "\"x\""));
        assert_eq!(about(Some(9), Some((12, 34))), of(3, "[[waiver]]\nrule = \"x\"", "[[waiver]]\nrule = \"x\""));
    }

    #[test]
    fn a_place_that_is_not_in_the_text_is_not_shown() {
        for (line, span) in [
            (None, None),
            (Some(0), None),
            (Some(2), None),
            (Some(99), None),
            (None, Some((5, 500))),
            (None, Some((12, 44))),
            (None, Some((10, 12))),
        ] {
            assert_eq!(about(line, span), None, "{line:?} {span:?}");
        }
    }

    #[test]
    fn long_places_are_shown_by_their_first_line_and_long_lines_not_at_all() {
        let text = "a\n".repeat(9);
        assert_eq!(excerpt(&text, None, Some((0, 18))).map(|found| found.text), Some("a".to_owned()));
        assert_eq!(excerpt(&"x".repeat(401), Some(1), None), None);
    }

    #[test]
    fn hostile_lines_keep_their_places_and_steer_nothing() {
        let text = "k\u{1b}\u{202e} = \u{7}v\r\n";
        let found = excerpt(text, None, Some((8, 10))).map(|found| (found.text.clone(), found.span.clone()));
        assert_eq!(found, Some(("k\u{fffd}\u{fffd} = \u{fffd}v".to_owned(), 10..14)));
    }
}
