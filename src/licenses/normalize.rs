// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Texts made comparable: case, quotes, white space and typography are not differences.
//!
//! The steps are those of the SPDX matching guidelines (annex B of SPDX 2.3) that apply to notices.

use unicode_normalization::UnicodeNormalization;

/// Returns the text in a form in which equal notices are equal: NFKC, straight quotes, plain dashes,
/// `©` as `(c)`, one space for any white space, lower case, one trailing full stop removed.
pub fn normalize(text: &str) -> String {
    let mut out = plain_text(text);
    if out.ends_with('.') {
        out.pop();
    }
    out
}

/// The same with the trailing full stop kept.
pub(super) fn plain_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut gap = false;
    for character in text.replace('©', "(c)").nfkc().flat_map(plain) {
        if character.is_whitespace() {
            gap = !out.is_empty();
            continue;
        }
        if gap {
            out.push(' ');
            gap = false;
        }
        out.push(character);
    }
    out
}

/// Returns a copyright line without what may change lawfully: comment marks, years, typography.
///
/// `# Copyright 2023-2025 The Qwen team.` and `// Copyright (c) 2024 The Qwen team` are equal.
pub fn copyright_key(line: &str) -> String {
    normalize(line)
        .split(|c: char| !c.is_alphanumeric() && c != '@' && c != '.')
        .map(|word| word.trim_matches('.'))
        .filter(|word| !word.is_empty() && !is_year(word) && !matches!(*word, "c" | "copyright" | "present"))
        .filter(|word| !matches!(*word, "spdx" | "filecopyrighttext" | "all" | "rights" | "reserved"))
        .collect::<Vec<_>>()
        .join(" ")
}

/// Returns the lines of a text that claim copyright: `Copyright (c) 2024 Somebody`, as written and trimmed.
pub fn copyright_lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| claims_copyright(line)).collect()
}

fn claims_copyright(line: &str) -> bool {
    let plain = normalize(line);
    let body = plain.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '(');
    (body.starts_with("copyright") || body.starts_with("(c)") || body.starts_with("spdx-filecopyrighttext"))
        && body.split(|c: char| !c.is_alphanumeric()).any(is_year)
        && !copyright_key(line).is_empty()
}

fn is_year(word: &str) -> bool {
    word.len() == 4 && word.chars().all(|c| c.is_ascii_digit()) && (word.starts_with("19") || word.starts_with("20"))
}

fn plain(character: char) -> impl Iterator<Item = char> {
    let straight = match character {
        '\u{2018}' | '\u{2019}' | '\u{201A}' | '\u{201B}' | '\u{2032}' => '\'',
        '\u{201C}' | '\u{201D}' | '\u{201E}' | '\u{201F}' | '\u{2033}' | '«' | '»' => '"',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{200B}' | '\u{FEFF}' => ' ',
        other => other,
    };
    straight.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typography_is_not_a_difference() {
        assert_eq!(
            normalize("“Llama 3.1”  is\nlicensed,  Copyright © Meta Platforms, Inc. All Rights Reserved."),
            "\"llama 3.1\" is licensed, copyright (c) meta platforms, inc. all rights reserved"
        );
    }

    #[test]
    fn words_are_a_difference() {
        assert_ne!(normalize("Llama 3.1 is licensed"), normalize("Llama 3.2 is licensed"));
    }

    #[test]
    fn years_and_comment_marks_do_not_matter_in_a_copyright_line() {
        let key = copyright_key("# Copyright 2023-2025 The Qwen team, Alibaba Group. All rights reserved.");
        assert_eq!(key, "the qwen team alibaba group");
        assert_eq!(key, copyright_key("// Copyright (c) 2024 The Qwen Team, Alibaba Group"));
        assert_ne!(key, copyright_key("# Copyright 2024 Acme"));
    }

    #[test]
    fn copyright_lines_are_told_from_prose_about_copyright() {
        let text = "MIT License\n\nCopyright (c) 2023 DeepSeek\n\nThe above copyright notice shall be included.\n";
        assert_eq!(copyright_lines(text), ["Copyright (c) 2023 DeepSeek"]);
    }
}
