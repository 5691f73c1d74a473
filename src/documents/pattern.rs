// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A path pattern of `REUSE.toml` × a path → whether it matches.
//!
//! REUSE 3.3 knows `*` (anything but `/`), `**` (anything) and `\` (the next character is itself); everything else is
//! itself, `?`, `[` and `{` included.

/// Longest pattern, in characters.
const LENGTH_LIMIT: usize = 4096;

/// A path pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Character(char),
    /// `*`
    Name,
    /// `**`
    Path,
}

impl Pattern {
    /// Reads a pattern; `None`: it is too long.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() > LENGTH_LIMIT {
            return None;
        }
        let mut parts = Vec::new();
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            parts.push(match character {
                '\\' => Part::Character(characters.next().unwrap_or('\\')),
                '*' if characters.next_if_eq(&'*').is_some() => Part::Path,
                '*' => Part::Name,
                other => Part::Character(other),
            });
        }
        Some(Self { parts })
    }

    /// A pattern for one path.
    pub(super) fn literal(path: &str) -> Self {
        Self { parts: path.chars().map(Part::Character).collect() }
    }

    /// Whether the whole path matches. Time: length of the pattern × length of the path.
    pub(super) fn matches(&self, path: &str) -> bool {
        // ends[at]: the parts looked at so far may match the first `at` characters.
        let path: Vec<char> = path.chars().collect();
        let mut ends = vec![false; path.len() + 1];
        if let Some(start) = ends.first_mut() {
            *start = true;
        }
        for part in &self.parts {
            let mut next = vec![false; path.len() + 1];
            let mut open = false;
            for (at, place) in next.iter_mut().enumerate() {
                let before = ends.get(at).copied().unwrap_or_default();
                let character = at.checked_sub(1).and_then(|at| path.get(at));
                match part {
                    Part::Character(own) => {
                        *place = character == Some(own) && at.checked_sub(1).and_then(|at| ends.get(at)) == Some(&true);
                    }
                    Part::Name | Part::Path => {
                        let through = matches!(part, Part::Path) || character != Some(&'/');
                        open = before || open && through;
                        *place = open;
                    }
                }
            }
            ends = next;
        }
        ends.last() == Some(&true)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn matches(pattern: &str, path: &str) -> bool {
        Pattern::parse(pattern).unwrap().matches(path)
    }

    #[test]
    fn stars_are_names_and_paths() {
        assert!(matches("*.gguf", "a.gguf") && !matches("*.gguf", "w/a.gguf"));
        assert!(
            matches("**", "a/b/c") && matches("w/**", "w/a/b") && matches("src**", "src/x") && !matches("w/**", "v/a")
        );
        assert!(matches("**/*.py", "a/b/x.py") && !matches("**/*.py", "x.py"));
        assert!(matches("a*b*c", "abc") && matches("a*b*c", "aXbYc") && !matches("a*b*c", "a/b/c"));
    }

    #[test]
    fn nothing_else_is_special() {
        assert!(matches("a[1]{x}?.bin", "a[1]{x}?.bin") && !matches("a[1].bin", "a1.bin") && !matches("a?", "ab"));
        assert!(matches(r"\*.py", "*.py") && !matches(r"\*.py", "x.py") && matches(r"a\\b", r"a\b"));
        assert!(Pattern::literal("a*.bin").matches("a*.bin") && !Pattern::literal("a*.bin").matches("ab.bin"));
    }

    #[test]
    fn many_stars_take_no_time() {
        assert!(!matches(&"*a".repeat(2000), &"a".repeat(1500)));
        assert_eq!(Pattern::parse(&"*".repeat(LENGTH_LIMIT + 1)), None);
    }
}
