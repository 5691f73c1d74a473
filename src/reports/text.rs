// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! How text for people looks.
//!
//! In: numbers and strings, some from hostile files. Out: words, aligned and wrapped, that cannot steer a
//! terminal.

use annotate_snippets::Renderer;

use crate::findings::Related;

/// How text for people looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Whether to write colors.
    pub color: bool,
    /// Columns to fit into, at least 40.
    pub width: usize,
}

impl Default for Look {
    fn default() -> Self {
        Self { color: false, width: 100 }
    }
}

impl Look {
    pub(super) fn renderer(self) -> Renderer {
        let renderer = if self.color { Renderer::styled() } else { Renderer::plain() };
        renderer.term_width(self.width)
    }

    /// Bold, if colors are asked for.
    pub fn strong(self, text: &str) -> String {
        if self.color {
            let bold = anstyle::Style::new().bold();
            format!("{bold}{text}{bold:#}")
        } else {
            text.to_owned()
        }
    }

    /// Columns left beside an indentation, never so few that words cannot be read.
    pub(super) fn beside(self, indentation: usize) -> usize {
        self.width.max(40).saturating_sub(indentation).max(20)
    }
}

/// A finding that supports another, in one sentence: its rule, its place where the sentence does not begin with it, and
/// what it says.
pub(super) fn also(related: &Related) -> String {
    let Related { rule, message, path, line, .. } = related;
    let place = match (path, line) {
        (Some(path), Some(line)) if !message.starts_with(&format!("{path}:{line}")) => format!(" ({path}:{line})"),
        (Some(path), None) if !message.contains(path.as_str()) => format!(" ({path})"),
        _ => String::new(),
    };
    format!("{}: {message}{place}", rule.id())
}

/// `1 base`, `2 bases`, `12,345 bases`.
pub fn plural(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{} {many}", thousands(count)) }
}

/// `12,345`.
pub(super) fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes in decimal units, as disks and hubs count them: `1.2 GB`.
pub fn bytes(count: u64) -> String {
    let units = ["kB", "MB", "GB", "TB", "PB", "EB"];
    let mut value = count as f64;
    let mut unit = "bytes";
    for next in units {
        // 999.95 would be shown as 1000.0.
        if value < 999.95 && (unit != "bytes" || count < 1000) {
            break;
        }
        value /= 1000.0;
        unit = next;
    }
    match unit {
        "bytes" if count == 1 => "1 byte".to_owned(),
        "bytes" => format!("{count} bytes"),
        unit => format!("{value:.1} {unit}"),
    }
}

/// A log10 of a p-value with a true minus sign, or a dash if there is none.
pub(super) fn log10_p(value: Option<f64>) -> String {
    match value {
        Some(value) if value.is_nan() => "—".to_owned(),
        Some(value) => signed(value, 1),
        None => "—".to_owned(),
    }
}

/// A number with a true minus sign.
pub(super) fn signed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(zero) if zero.chars().all(|c| matches!(c, '0' | '.')) => zero.to_owned(),
        Some(rest) => format!("−{rest}"),
        None => text,
    }
}

/// Breaks text into lines of at most `width` characters, at spaces; a longer word keeps a line to itself.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        let characters = word.chars().count();
        if length > 0 && length + 1 + characters > width {
            lines.push(std::mem::take(&mut line));
            length = 0;
        }
        if length > 0 {
            line.push(' ');
            length += 1;
        }
        line.push_str(word);
        length += characters;
    }
    if length > 0 {
        lines.push(line);
    }
    lines
}

/// Text without anything that could steer a terminal or reorder what is read; new lines are kept.
pub fn harmless(text: &str) -> String {
    let hidden = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    text.chars()
        .map(|c| {
            if c == '\t' {
                ' '
            } else if hidden(c) {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_agree_with_their_nouns() {
        assert_eq!(plural(0, "base", "bases"), "0 bases");
        assert_eq!(plural(1, "base", "bases"), "1 base");
        assert_eq!(plural(1_234_567, "base", "bases"), "1,234,567 bases");
    }

    #[test]
    fn sizes_never_show_four_digits() {
        let shown: Vec<String> =
            [0, 1, 999, 1000, 999_949, 999_950, 1_234_567_890, u64::MAX].into_iter().map(bytes).collect();
        assert_eq!(shown, ["0 bytes", "1 byte", "999 bytes", "1.0 kB", "999.9 kB", "1.0 MB", "1.2 GB", "18.4 EB"]);
    }

    #[test]
    fn minus_is_a_minus_and_zero_has_no_sign() {
        assert_eq!(log10_p(Some(-41.23)), "−41.2");
        assert_eq!(log10_p(Some(-0.01)), "0.0");
        assert_eq!(log10_p(Some(f64::NEG_INFINITY)), "−inf");
        assert_eq!(log10_p(None), "—");
    }

    #[test]
    fn lines_are_broken_at_spaces_only() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("unbreakable-word and", 5), ["unbreakable-word", "and"]);
        assert_eq!(wrap("  ", 5), Vec::<String>::new());
    }

    #[test]
    fn file_names_cannot_steer_a_terminal() {
        assert_eq!(harmless("a\u{1b}[2Jb\u{202e}c\td\ne"), "a\u{fffd}[2Jb\u{fffd}c d\ne");
    }
}
