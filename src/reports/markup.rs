// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Text that becomes a part of HTML or SVG.
//!
//! In: any text, most of it from scanned files. Out: text that ends no element or attribute, holds nothing XML forbids,
//! and cannot reorder what is read. `askama.toml` has every template use it, so that none can forget to.

use std::fmt::{self, Write};

use askama::filters::Escaper;

use super::text::harmless;

/// Escapes for HTML and SVG.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Markup;

impl Escaper for Markup {
    fn write_escaped_str<W: Write>(&self, mut dest: W, string: &str) -> fmt::Result {
        for c in harmless(string).chars() {
            match c {
                '&' => dest.write_str("&amp;")?,
                '<' => dest.write_str("&lt;")?,
                '>' => dest.write_str("&gt;")?,
                '"' => dest.write_str("&quot;")?,
                '\'' => dest.write_str("&#39;")?,
                // An Arabic letter mark reorders too; the last two are no characters in XML.
                '\u{61c}' | '\u{fffe}' | '\u{ffff}' => dest.write_char('\u{fffd}')?,
                c => dest.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// At most so many characters, with the middle left out: the ends of paths and ids tell most.
pub(super) fn shortened(text: &str, most: usize) -> String {
    let characters: Vec<char> = text.chars().collect();
    if characters.len() <= most {
        return text.to_owned();
    }
    let kept = most.saturating_sub(1);
    let tail = kept / 2;
    let first = characters.iter().take(kept - tail);
    let last = characters.iter().skip(characters.len() - tail);
    first.chain(std::iter::once(&'…')).chain(last).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(text: &str) -> String {
        let mut out = String::new();
        assert!(Markup.write_escaped_str(&mut out, text).is_ok());
        out
    }

    #[test]
    fn nothing_is_left_that_ends_an_element_or_an_attribute() {
        assert_eq!(
            escaped("</title><script>alert('1')</script>\"&]]>"),
            "&lt;/title&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;]]&gt;"
        );
    }

    #[test]
    fn nothing_is_left_that_hides_reorders_or_is_not_xml() {
        assert_eq!(escaped("a\u{202e}b\u{61c}c\u{0}d\u{ffff}e\u{2066}f\u{1b}g"), "a�b�c�d�e�f�g");
    }

    #[test]
    fn long_names_keep_their_ends() {
        assert_eq!(shortened("checkpoints/model.safetensors", 13), "checkp…ensors");
        assert_eq!(shortened("short", 5), "short");
        assert_eq!(shortened("long", 1), "…");
    }
}
