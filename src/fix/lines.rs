// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Edits of text that keep what they do not concern: line ends, a missing last line end, a byte order mark.

/// The text's line end: that of its first line.
pub(super) fn line_end(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text.get(..at).is_some_and(|line| line.ends_with('\r')) => "\r\n",
        _ => "\n",
    }
}

/// `words` with this line end.
pub(super) fn with_end(words: &str, end: &str) -> String {
    words.lines().collect::<Vec<_>>().join(end)
}

/// The text with a paragraph at its end. It ends with a line end exactly if it did before, or was empty.
pub(super) fn append(text: &str, paragraph: &str) -> String {
    let end = line_end(text);
    let paragraph = with_end(paragraph.trim_end(), end);
    if text.trim_start_matches('\u{FEFF}').trim().is_empty() {
        return format!("{}{paragraph}{end}", if text.starts_with('\u{FEFF}') { "\u{FEFF}" } else { "" });
    }
    if text.ends_with('\n') {
        let gap = if ends_with_empty_line(text) { "" } else { end };
        format!("{text}{gap}{paragraph}{end}")
    } else {
        format!("{text}{end}{end}{paragraph}")
    }
}

fn ends_with_empty_line(text: &str) -> bool {
    text.lines().next_back().is_some_and(|line| line.trim().is_empty())
}

/// The text with lines put in before a line, from 0; past the last one they come at the end.
pub(super) fn insert(text: &str, before: usize, lines: &str) -> String {
    let end = line_end(text);
    let lines = with_end(lines, end);
    let at = start_of(text, before);
    let (head, tail) = text.split_at(at);
    if head.is_empty() || head.ends_with('\n') || head == "\u{FEFF}" {
        if tail.is_empty() && !text.is_empty() {
            return format!("{head}{lines}{end}");
        }
        return format!("{head}{lines}{end}{tail}");
    }
    // The last line has no end.
    format!("{head}{end}{lines}")
}

/// The text with `count` lines from `first` on, from 0, replaced.
pub(super) fn replace(text: &str, first: usize, count: usize, lines: &str) -> String {
    let end = line_end(text);
    let (from, to) = (start_of(text, first), start_of(text, first + count));
    let (head, rest) = text.split_at(from);
    let (old, tail) = rest.split_at(to.saturating_sub(from).min(rest.len()));
    let last = if old.ends_with('\n') { end } else { "" };
    format!("{head}{}{last}{tail}", with_end(lines, end))
}

/// Where a line, from 0, begins; a byte order mark stays before the first.
fn start_of(text: &str, line: usize) -> usize {
    if line == 0 {
        return if text.starts_with('\u{FEFF}') { '\u{FEFF}'.len_utf8() } else { 0 };
    }
    text.match_indices('\n').nth(line - 1).map_or(text.len(), |(at, _)| at + 1)
}

/// The line, from 0, before which a paragraph stands that everybody reads: below the first heading, outside front
/// matter and code. `None`: there is no heading.
pub(super) fn below_heading(text: &str) -> Option<usize> {
    let lines: Vec<&str> = text.trim_start_matches('\u{FEFF}').lines().collect();
    let body = match lines.first() {
        Some(&"---") => lines.iter().skip(1).position(|line| line.trim_end() == "---").map_or(0, |at| at + 2),
        _ => 0,
    };
    let mut fenced = false;
    for (at, line) in lines.iter().enumerate().skip(body) {
        if line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~") {
            fenced = !fenced;
        }
        if !fenced && line.starts_with("# ") {
            return Some(at + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_is_appended_and_line_ends_are_kept() {
        assert_eq!(append("", "new"), "new\n");
        assert_eq!(append("old\n", "new\nwords\n"), "old\n\nnew\nwords\n");
        assert_eq!(append("old\n\n", "new"), "old\n\nnew\n");
        assert_eq!(append("old", "new"), "old\n\nnew");
        assert_eq!(append("old\r\nold", "new\nwords"), "old\r\nold\r\n\r\nnew\r\nwords");
        assert_eq!(append("\u{FEFF}", "new"), "\u{FEFF}new\n");
    }

    #[test]
    fn lines_are_put_in_and_replaced_where_they_belong() {
        assert_eq!(insert("a\nb\n", 1, "x\ny"), "a\nx\ny\nb\n");
        assert_eq!(insert("a\r\nb", 0, "x"), "x\r\na\r\nb");
        assert_eq!(insert("a\nb", 2, "x"), "a\nb\nx");
        assert_eq!(insert("a\n", 1, "x"), "a\nx\n");
        assert_eq!(insert("\u{FEFF}a\n", 0, "x"), "\u{FEFF}x\na\n");
        assert_eq!(insert("", 0, "x"), "x\n");
        assert_eq!(replace("a\nb\nc\n", 1, 1, "x\ny"), "a\nx\ny\nc\n");
        assert_eq!(replace("a\nb", 1, 5, "x"), "a\nx");
        assert_eq!(replace("a\r\nb\r\n", 0, 1, "x"), "x\r\nb\r\n");
    }

    #[test]
    fn the_first_heading_is_found_outside_front_matter_and_code() {
        assert_eq!(below_heading("---\n# c\n---\n```sh\n# no\n```\n# Orca\ntext\n"), Some(7));
        assert_eq!(below_heading("# Orca"), Some(1));
        assert_eq!(below_heading("text\n## Part\n"), None);
    }
}
