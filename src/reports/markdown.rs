// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Text that becomes a part of GitHub's Markdown.
//!
//! In: any text, most of it from scanned files. Out: text that is shown as it is: no markup, link, mention, image, or
//! table cell can come of it.

use super::text::harmless;

/// Text in a sentence or a table cell. What Markdown or HTML could read is a numeric reference, which is never markup
/// (CommonMark §2.5).
pub(super) fn text(raw: &str) -> String {
    let mut safe = String::with_capacity(raw.len());
    for c in harmless(raw).chars() {
        match c {
            '\n' => safe.push(' '),
            // People are not called by a file's name: mentions are looked for after references are resolved.
            '@' => safe.push_str("&#64;<!-- -->"),
            c if c.is_ascii_punctuation() && !matches!(c, ',' | ';' | '(' | ')' | '/' | '-' | '.') => {
                safe.push_str(&format!("&#{};", c as u32));
            }
            // These begin a list or a number at the start of a line, and "www." a link.
            '.' => safe.push_str("&#46;"),
            '-' => safe.push_str("&#45;"),
            '\u{61c}' => safe.push(char::REPLACEMENT_CHARACTER),
            c => safe.push(c),
        }
    }
    safe
}

/// A name or path.
pub(super) fn code(raw: &str) -> String {
    format!("<code>{}</code>", text(raw))
}

/// Text that keeps its lines.
pub(super) fn block(raw: &str) -> String {
    let escaped = harmless(raw).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("<pre>{escaped}</pre>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_that_is_markup() {
        let hostile = "a|b\n# c [x](http://evil) ![i](u) <img> **d** `e` ~f~ _g_ @octocat www.evil www :tada:\u{202e}";
        let safe = text(hostile);
        for markup in ["|", "\n", "[", "]", "`", "*", "_", "~", "<img", "http:", "www.", ":tada:", "\u{202e}"] {
            assert!(!safe.contains(markup), "{markup}: {safe}");
        }
        assert!(safe.contains("&#64;<!-- -->octocat"));
        assert_eq!(text("1. plain, (text)"), "1&#46; plain, (text)");
    }

    #[test]
    fn a_block_is_not_left() {
        assert_eq!(block("a </pre>\n<script>&"), "<pre>a &lt;/pre&gt;\n&lt;script&gt;&amp;</pre>");
    }
}
