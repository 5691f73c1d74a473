// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A notice that is near to the one asked for, and not it: where it stands and which words differ.

use crate::licenses::normalize;

use super::shelf::Leaf;

/// Share of the words that a near notice has in common with the one asked for.
const NEAR: f64 = 0.75;
/// Most words of a notice and of a text that are aligned; notices have a few dozen.
const LONGEST: usize = 400;
/// Most words of a document that are looked at.
const WORDS: usize = 200_000;

/// A near notice.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Near {
    /// Path of the document.
    pub(super) path: String,
    /// Line on which it begins, from 1.
    pub(super) line: u32,
    /// Words as found and as asked for: `[-found-]{+asked+}`, as `git diff --word-diff` writes them.
    pub(super) difference: String,
    /// Whether only marks between the words differ.
    pub(super) marks_only: bool,
}

/// One word, in normal form, with its line.
struct Word {
    text: String,
    line: u32,
}

/// The nearest notice in the documents, if one is near.
pub(super) fn near<'a>(leaves: impl Iterator<Item = Leaf<'a>>, notice: &str) -> Option<Near> {
    let wanted: Vec<String> = words(notice).into_iter().map(|word| word.text).take(LONGEST).collect();
    let best = leaves.filter_map(|leaf| nearest(leaf, &wanted)).max_by(|a, b| a.0.total_cmp(&b.0))?;
    Some(best.1)
}

fn nearest(leaf: Leaf, wanted: &[String]) -> Option<(f64, Near)> {
    let found = words(leaf.text);
    let (start, share) = densest(&found, wanted)?;
    if share < NEAR {
        return None;
    }
    // A few words more on either side: the notice may be longer or shorter than the one asked for.
    let slack = wanted.len() / 4 + 2;
    let from = start.saturating_sub(slack);
    let to = (start + wanted.len() + slack).min(found.len());
    let window = found.get(from..to)?;
    let steps = align(window, wanted);
    let (first, last) = (steps.iter().position(Step::is_common)?, steps.iter().rposition(Step::is_common)?);
    let begins = steps.get(..first)?.iter().filter(|step| step.is_found()).count();
    // What stands before and after the notice in the document is not part of it; what is asked for is.
    let inner = steps.iter().enumerate().filter(|(at, step)| (first..=last).contains(at) || !step.is_found());
    let inner: Vec<&Step> = inner.map(|(_, step)| step).collect();
    let common = inner.iter().filter(|step| step.is_common()).count();
    let share = common as f64 / wanted.len().max(1) as f64;
    let line = window.get(begins).map_or(1, |word| word.line);
    let marks_only =
        bare(inner.iter().filter_map(|step| step.found())) == bare(inner.iter().filter_map(|step| step.asked()));
    (share >= NEAR).then(|| (share, Near { path: leaf.path.to_owned(), line, difference: shown(&inner), marks_only }))
}

fn words(text: &str) -> Vec<Word> {
    let of_line = |(index, line): (usize, &str)| {
        let line_number = index as u32 + 1;
        // A full stop ends a sentence here and a line there.
        let plain = normalize(line);
        plain
            .split(' ')
            .map(|word| word.trim_end_matches('.'))
            .filter(|word| !word.is_empty())
            .map(|word| Word { text: word.to_owned(), line: line_number })
            .collect::<Vec<_>>()
    };
    text.lines().enumerate().flat_map(of_line).take(WORDS).collect()
}

/// The window, as long as the notice, that has most of its words: its start, and the share.
fn densest(found: &[Word], wanted: &[String]) -> Option<(usize, f64)> {
    let mut missing = std::collections::BTreeMap::<&str, i64>::new();
    for word in wanted {
        *missing.entry(word).or_default() += 1;
    }
    let (mut common, mut best) = (0_i64, (0_usize, 0_i64));
    for (at, word) in found.iter().enumerate() {
        if let Some(count) = missing.get_mut(word.text.as_str()) {
            common += i64::from(*count > 0);
            *count -= 1;
        }
        if let Some(gone) = at.checked_sub(wanted.len()).and_then(|gone| found.get(gone))
            && let Some(count) = missing.get_mut(gone.text.as_str())
        {
            *count += 1;
            common -= i64::from(*count > 0);
        }
        if common > best.1 {
            best = ((at + 1).saturating_sub(wanted.len()), common);
        }
    }
    (!wanted.is_empty()).then(|| (best.0, best.1 as f64 / wanted.len() as f64))
}

/// One step of an alignment.
#[derive(Clone, Debug)]
enum Step {
    Common(String),
    Found(String),
    Asked(String),
}

impl Step {
    fn is_common(&self) -> bool {
        matches!(self, Self::Common(_))
    }

    fn is_found(&self) -> bool {
        matches!(self, Self::Found(_))
    }

    fn found(&self) -> Option<&str> {
        match self {
            Self::Common(word) | Self::Found(word) => Some(word),
            Self::Asked(_) => None,
        }
    }

    fn asked(&self) -> Option<&str> {
        match self {
            Self::Common(word) | Self::Asked(word) => Some(word),
            Self::Found(_) => None,
        }
    }
}

/// The longest common subsequence, as steps.
fn align(found: &[Word], wanted: &[String]) -> Vec<Step> {
    let (rows, columns) = (found.len(), wanted.len());
    let mut length = vec![0_u16; (rows + 1) * (columns + 1)];
    let at = |row: usize, column: usize| row * (columns + 1) + column;
    let get = |length: &[u16], row, column| length.get(at(row, column)).copied().unwrap_or_default();
    for (row, word) in found.iter().enumerate().rev() {
        for (column, asked) in wanted.iter().enumerate().rev() {
            let value = if word.text == *asked {
                get(&length, row + 1, column + 1) + 1
            } else {
                get(&length, row + 1, column).max(get(&length, row, column + 1))
            };
            if let Some(cell) = length.get_mut(at(row, column)) {
                *cell = value;
            }
        }
    }
    let (mut row, mut column, mut steps) = (0, 0, Vec::new());
    loop {
        match (found.get(row), wanted.get(column)) {
            (Some(word), Some(asked)) if word.text == *asked => {
                steps.push(Step::Common(asked.clone()));
                (row, column) = (row + 1, column + 1);
            }
            (Some(word), asked)
                if asked.is_none() || get(&length, row + 1, column) >= get(&length, row, column + 1) =>
            {
                steps.push(Step::Found(word.text.clone()));
                row += 1;
            }
            (_, Some(asked)) => {
                steps.push(Step::Asked(asked.clone()));
                column += 1;
            }
            (_, None) => return steps,
        }
    }
}

/// The differences with a word or two around each.
fn shown(steps: &[&Step]) -> String {
    const AROUND: usize = 2;
    let differs: Vec<usize> =
        steps.iter().enumerate().filter(|(_, step)| !step.is_common()).map(|(at, _)| at).collect();
    let near = |at: usize| differs.iter().any(|other| at.abs_diff(*other) <= AROUND);
    let mut text = String::new();
    let mut skipped = false;
    for (at, step) in steps.iter().enumerate() {
        if !near(at) {
            skipped = true;
            continue;
        }
        if skipped {
            text.push_str("… ");
            skipped = false;
        }
        match step {
            Step::Common(word) => text.push_str(word),
            Step::Found(word) => text.extend(["[-", word, "-]"]),
            Step::Asked(word) => text.extend(["{+", word, "+}"]),
        }
        text.push(' ');
    }
    if differs.is_empty() {
        return "only full stops differ".into();
    }
    let text = text.replace("-] [-", " ").replace("+} {+", " ").replace("-] {+", "-]{+");
    let end = if skipped { " …" } else { "" };
    format!("{}{end}", text.trim_end())
}

/// Letters and digits alone.
fn bare<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.flat_map(str::chars).filter(|character| character.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const ASKED: &str = "Llama 3.1 is licensed under the Llama 3.1 Community License, Copyright © Meta Platforms, Inc. All Rights Reserved.";

    fn found(text: &str) -> Option<Near> {
        near(std::iter::once(Leaf { path: "NOTICE", text }), ASKED)
    }

    #[test]
    fn the_words_that_differ_are_shown_with_their_line() {
        let text = format!("Orca\nCopyright 2026 Acme\n\n{}\nMore words follow here.\n", ASKED.replace("3.1", "3"));
        let near = found(&text).unwrap();
        assert_eq!((near.line, near.marks_only), (4, false));
        assert_eq!(near.difference, "llama [-3-]{+3.1+} is licensed … the llama [-3-]{+3.1+} community license, …");
    }

    #[test]
    fn marks_alone_are_told_from_words() {
        let near = found(&ASKED.replace("Platforms, Inc.", "Platforms Inc.")).unwrap();
        assert!(near.marks_only, "{near:?}");
    }

    #[test]
    fn a_missing_part_is_shown_and_other_text_is_not_near() {
        let near =
            found("Llama 3.1 is licensed under the Llama 3.1 Community License, Copyright © Meta Platforms, Inc.")
                .unwrap();
        assert!(near.difference.ends_with("{+all rights reserved+}"), "{}", near.difference);
        assert_eq!(found("Orca\nCopyright 2026 Acme. All Rights Reserved.\n"), None);
        assert_eq!(found(""), None);
    }
}
