// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The text of a license × a file that holds it in nearly the same words → the changes that are terms.
//!
//! In: words. Out: [`Change`]s, quoted as they are written. A longest common subsequence of words, found within the
//! part of the file that shares runs of words with the license. Names of holders, typography, titles and the notes to
//! whoever applies a license are not terms; the matching guidelines of SPDX 2.3, annex B, say so too.

use std::ops::Range;

use super::words::{SHINGLE, Shingles, Word, shingle_hashes};

/// Cells of the table; above, the texts differ too much for their changes to be of use.
const CELL_LIMIT: usize = 16_000_000;
/// Words of the file, on either side of what matches, that are compared with the license's first and last words.
const MARGIN: usize = 8;
/// Words between two changes below which they are one.
const TOGETHER: usize = 3;
/// Words of a longest addition before or after a license that is taken for a clause of it.
const LONGEST_CLAUSE: usize = 400;
/// Words of a shortest one.
const SHORTEST_CLAUSE: usize = 6;
/// Words in which the title of a license stands.
const TITLE: usize = 14;
/// Characters quoted of each side of a change.
const QUOTED: usize = 400;

/// A difference between a license and a file that is near to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Words of the license that are not in the file; empty for an addition.
    pub removed: String,
    /// Words of the file that are not in the license; empty for an omission.
    pub added: String,
    /// Whether it stands before or after the license's own words: the license is whole without it.
    pub outside: bool,
}

/// A text, its words, and where they are.
pub(super) struct Told<'a> {
    pub(super) text: &'a str,
    pub(super) words: &'a [Word],
}

impl Told<'_> {
    fn quote(&self, words: Range<usize>) -> String {
        let Some(words) = self.words.get(words) else { return String::new() };
        let (Some(first), Some(last)) = (words.first(), words.last()) else { return String::new() };
        let text = self.text.get(first.at.start..last.at.end).unwrap_or_default();
        let plain = text.split_whitespace().collect::<Vec<_>>().join(" ");
        match plain.char_indices().nth(QUOTED) {
            Some((end, _)) => format!("{}…", plain.get(..end).unwrap_or_default().trim_end()),
            None => plain,
        }
    }

    fn keys(&self, words: Range<usize>) -> Vec<&str> {
        self.words.get(words).unwrap_or_default().iter().map(|word| word.key.as_str()).collect()
    }
}

/// Returns what the file changes of the license. `explained` tells words of the file that are another license's.
/// `None`: they differ too much.
pub(super) fn changes(
    license: &Told,
    shingles: &Shingles,
    file: &Told,
    explained: &dyn Fn(usize) -> bool,
) -> Option<Vec<Change>> {
    let hashes: Vec<u64> = shingle_hashes(file.words).collect();
    let mut matched = (0..hashes.len()).filter(|at| hashes.get(*at).is_some_and(|hash| shingles.contains(hash)));
    let first = matched.next()?;
    let last = matched.next_back().unwrap_or(first);
    // Where the license's own first or last words match, what stands beside them is not of it.
    let mut own = shingle_hashes(license.words);
    let whole_start = own.next() == hashes.get(first).copied();
    let whole_end = own.last() == hashes.get(last).copied();
    let last = last + SHINGLE;
    let from = if whole_start { first } else { first.saturating_sub(MARGIN) };
    let to = if whole_end { last } else { (last + MARGIN).min(file.words.len()) };
    let mut found = inside(license, file, from..to)?;
    found.extend(outside(file, first..last, explained));
    Some(found)
}

fn inside(license: &Told, file: &Told, region: Range<usize>) -> Option<Vec<Change>> {
    let whole = license.words.len();
    let edits = edits(license.words, file.words.get(region.clone())?)?;
    let edits = edits.into_iter().map(|(a, b)| (a, b.start + region.start..b.end + region.start));
    let kept = edits.filter(|(removed, added)| {
        // Words before and after the license belong to the file around it.
        let edge = removed.start == 0 || removed.end == whole;
        let (gone, new) = (license.keys(removed.clone()), file.keys(added.clone()));
        let title = removed.start < TITLE && removed.end <= 2 * TITLE && new.is_empty();
        !(edge && gone.is_empty()
            || is_apparatus(&gone, title)
            || new.len() <= 120 && is_apparatus(&new, false)
            || is_no_term(&gone, &new))
    });
    let told = kept.map(|(removed, added)| Change {
        removed: license.quote(removed),
        added: file.quote(added),
        outside: false,
    });
    Some(told.collect())
}

/// Paragraphs before and after the license that bind somebody.
fn outside(file: &Told, license: Range<usize>, explained: &dyn Fn(usize) -> bool) -> Vec<Change> {
    let mut paragraphs: Vec<Range<usize>> = Vec::new();
    for at in (0..file.words.len()).filter(|at| !license.contains(at)) {
        let joined = paragraphs.last().filter(|last| last.end == at && !gap(file, at));
        match joined.map(|last| last.start) {
            Some(start) => {
                paragraphs.pop();
                paragraphs.push(start..at + 1);
            }
            None => paragraphs.push(at..at + 1),
        }
    }
    let own =
        paragraphs.into_iter().filter(|range| range.clone().filter(|at| explained(*at)).count() * 2 < range.len());
    let clauses: Vec<Range<usize>> = own
        .filter(|range| range.len() >= SHORTEST_CLAUSE)
        .filter(|range| file.keys(range.clone()).iter().any(|word| is_strong(word)))
        .collect();
    // More than this is another document in the same file.
    if clauses.iter().map(Range::len).sum::<usize>() > LONGEST_CLAUSE {
        return Vec::new();
    }
    clauses
        .into_iter()
        .map(|range| Change { removed: String::new(), added: file.quote(range), outside: true })
        .collect()
}

/// Whether an empty line stands before a word.
fn gap(file: &Told, at: usize) -> bool {
    let (Some(before), Some(word)) = (at.checked_sub(1).and_then(|at| file.words.get(at)), file.words.get(at)) else {
        return false;
    };
    file.text.get(before.at.end..word.at.start).is_some_and(|space| space.matches('\n').count() > 1)
}

/// What has no force: a title or the notes at the end, which files often leave out.
fn is_apparatus(gone: &[&str], at_start: bool) -> bool {
    // A clause beside a note is no part of it: the note stands first, and what is added is no longer than it.
    let joined = gone.iter().take(30).copied().collect::<Vec<_>>().join(" ");
    let note = [
        "how to apply",
        "creative commons is not a",
        "using creative commons",
        "considerations for",
        "you may not use this file except in compliance with the license",
    ];
    at_start && gone.len() <= 25 && !gone.iter().any(|word| is_strong(word))
        || note.iter().any(|note| joined.contains(note))
}

/// Whether a change is a name, a spelling, or typography.
fn is_no_term(gone: &[&str], new: &[&str]) -> bool {
    const HOLDER: [&str; 24] = [
        "author",
        "authors",
        "c",
        "copyright",
        "contributor",
        "contributors",
        "fullname",
        "holder",
        "holders",
        "its",
        "licensor",
        "name",
        "names",
        "nor",
        "of",
        "or",
        "organization",
        "owner",
        "s",
        "the",
        "their",
        "yyyy",
        "and",
        "by",
    ];
    const OPTIONAL: [&str; 6] =
        ["including the next paragraph", "license", "end of terms and conditions", "com", "www", "see below"];
    const SMALL: [&str; 12] = ["a", "above", "an", "any", "his", "it", "on", "such", "that", "this", "to", "which"];
    let small =
        |words: &[&str]| words.len() <= 2 && words.iter().all(|word| SMALL.contains(word) || HOLDER.contains(word));
    let holder = |words: &[&str]| words.iter().all(|word| HOLDER.contains(word));
    let weak = |words: &[&str]| words.len() <= 15 && !words.iter().any(|word| binds(word));
    let spelled = |words: &[&str]| words.concat().replace("licence", "license").replace("https", "http");
    spelled(gone) == spelled(new)
        || small(gone) && small(new)
        // Numbers and marks of a list.
        || gone.is_empty() && new.iter().all(|word| word.chars().count() == 1 || word.parse::<u16>().is_ok())
        || gone.len() == new.len() && gone.iter().zip(new).all(|(gone, new)| is_spelling(gone, new))
        || holder(gone) && weak(new) && (!gone.is_empty() || holder(new))
        || holder(new) && weak(gone) && gone.iter().all(|word| HOLDER.contains(word))
        || gone.is_empty() && OPTIONAL.contains(&new.join(" ").as_str())
        || new.is_empty() && OPTIONAL.contains(&gone.join(" ").as_str())
}

/// Whether two long words differ by one letter: a slip, or a plural.
fn is_spelling(one: &str, other: &str) -> bool {
    one == other || one.len() >= 6 && other.len() >= 6 && strsim::levenshtein(one, other) <= 1
}

fn binds(word: &str) -> bool {
    const WEAK: [&str; 9] = ["except", "fee", "may", "not", "only", "permitted", "royalty", "unless", "without"];
    is_strong(word) || WEAK.contains(&word)
}

fn is_strong(word: &str) -> bool {
    const STRONG: [&str; 10] = [
        "agree",
        "cannot",
        "commercial",
        "commercially",
        "forbidden",
        "must",
        "noncommercial",
        "prohibited",
        "required",
        "shall",
    ];
    STRONG.contains(&word) || word.starts_with("restrict") || word.starts_with("condition")
}

/// Ranges of words that differ, `(left, right)`; `None`: the table would be too large.
fn edits(left: &[Word], right: &[Word]) -> Option<Vec<(Range<usize>, Range<usize>)>> {
    let same = |a: usize, b: usize| left.get(a).map(|word| &word.key) == right.get(b).map(|word| &word.key);
    let shorter = left.len().min(right.len());
    let head = (0..shorter).take_while(|at| same(*at, *at)).count();
    let tail = (0..shorter - head).take_while(|at| same(left.len() - 1 - at, right.len() - 1 - at)).count();
    let (rows, columns) = (left.len() - head - tail, right.len() - head - tail);
    let width = columns + 1;
    if (rows + 1).checked_mul(width)? > CELL_LIMIT || rows.max(columns) > usize::from(u16::MAX) {
        return None;
    }
    // table[a][b]: longest common subsequence of what follows a on the left and b on the right.
    let mut table = vec![0_u16; (rows + 1) * width];
    let cell = |table: &[u16], a: usize, b: usize| table.get(a * width + b).copied().unwrap_or_default();
    for a in (0..rows).rev() {
        for b in (0..columns).rev() {
            let value = if same(head + a, head + b) {
                cell(&table, a + 1, b + 1) + 1
            } else {
                cell(&table, a + 1, b).max(cell(&table, a, b + 1))
            };
            if let Some(place) = table.get_mut(a * width + b) {
                *place = value;
            }
        }
    }
    let (mut a, mut b) = (0, 0);
    let mut found: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    while a < rows || b < columns {
        if a < rows && b < columns && same(head + a, head + b) {
            (a, b) = (a + 1, b + 1);
            continue;
        }
        let (left_at, right_at) = (head + a, head + b);
        if b >= columns || a < rows && cell(&table, a + 1, b) >= cell(&table, a, b + 1) {
            a += 1;
        } else {
            b += 1;
        }
        let next = (left_at..head + a, right_at..head + b);
        match found.last_mut() {
            Some((left, right))
                if next.0.start - left.end < TOGETHER && (left.end == next.0.start || is_long(left, right)) =>
            {
                (left.end, right.end) = (next.0.end, next.1.end);
            }
            _ => found.push(next),
        }
    }
    Some(found)
}

/// Whether a change is a passage and not a word: common words that a passage shares by chance are part of it.
fn is_long(left: &Range<usize>, right: &Range<usize>) -> bool {
    left.len() + right.len() >= 6
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::super::text;
    use super::super::words::{shingles, words};
    use super::*;

    fn of(license: &str, file: &str) -> Vec<Change> {
        let license = text(license).unwrap();
        let (own, theirs) = (words(license), words(file));
        let told = |text, words| Told { text, words };
        changes(&told(license, &own), &shingles(&own), &told(file, &theirs), &|_| false).unwrap()
    }

    #[test]
    fn one_changed_word_is_quoted() {
        let file = text("mit").unwrap().replace("free of charge", "for a charge");
        let found = of("mit", &format!("MIT License\n\nCopyright (c) 2026 Acme, Inc.\n\n{file}"));
        assert_eq!(found, [Change { removed: "free of".into(), added: "for a".into(), outside: false }]);
    }

    #[test]
    fn an_added_clause_is_quoted_wherever_it_stands() {
        let clause = "The Software shall not be used to train other models.";
        let after = of("mit", &format!("{}\n\n{clause}\n", text("mit").unwrap()));
        assert_eq!(after, [Change { removed: String::new(), added: clause.into(), outside: true }]);
        let within = text("mit").unwrap().replace("THE SOFTWARE IS", &format!("{clause}\n\nTHE SOFTWARE IS"));
        let within = of("mit", &within);
        assert_eq!(within.len(), 1);
        assert!(!within[0].outside && within[0].added.contains("not be used to train other models."), "{within:?}");
    }

    #[test]
    fn a_clause_that_is_left_out_is_quoted() {
        let apache = text("apache-2.0").unwrap();
        let (head, rest) = apache.split_once("   3. Grant of Patent License.").unwrap();
        let (_, tail) = rest.split_once("   4. Redistribution.").unwrap();
        let found = of("apache-2.0", &format!("{head}   4. Redistribution.{tail}"));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].removed.starts_with("Grant of Patent License. Subject to") && found[0].added.is_empty());
    }

    #[test]
    fn names_titles_and_notes_are_no_terms() {
        let bsd = text("bsd-3-clause").unwrap().replace("the ORGANIZATION nor", "Acme Research Inc. nor");
        assert!(bsd.contains("Acme"));
        assert_eq!(of("bsd-3-clause", &format!("Copyright 2026 Acme\n\n{bsd}")), []);
        let apache = text("apache-2.0").unwrap().split("   APPENDIX").next().unwrap();
        assert_eq!(of("apache-2.0", &apache.replace("http:", "https:")), []);
        assert_eq!(
            of(
                "mit",
                &text("mit").unwrap().replace(
                    "this permission notice shall",
                    "this permission notice (including the next paragraph) shall"
                )
            ),
            []
        );
        assert_eq!(of("mit", &text("mit").unwrap().replace("AUTHORS OR COPYRIGHT HOLDERS", "CONTRIBUTORS")), []);
    }

    #[test]
    fn texts_without_end_are_given_up() {
        let long: String = (0..6000).fold(String::new(), |text, number| text + &format!("w{number} "));
        let other: String = (0..6000).fold(String::new(), |text, number| text + &format!("v{number} "));
        assert_eq!(edits(&words(&long), &words(&other)), None);
    }
}
