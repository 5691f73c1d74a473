// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Does a text hold a license, or a notice? Containment of 5-word shingles, so that wrapping, numbering and
//! a few filled-in names do not matter, and a license with an added clause is not taken for the plain one.

use super::data::LicenseData;
use super::listed::nearest_listed;
use super::normalize::normalize;
use super::reading::{Reading, readings};
use super::texts::text;
use super::words::{SHINGLE, Word, share, shingles, words};

/// Share of a license's shingles that must be present. Model licenses of one family differ by their model's name
/// in every sentence and stay below 0.9 of each other.
pub(super) const ENOUGH: f64 = 0.95;
/// Score at which the SPDX detection is believed; permissive licenses with an added clause score 0.75 to 0.9.
pub(super) const SPDX_ENOUGH: f32 = 0.95;
/// Longest text, in bytes, filled in for one placeholder of a notice.
const PLACEHOLDER_LIMIT: usize = 200;

/// A text that holds a license.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Path of the text, as given.
    pub path: String,
    /// How it was recognised.
    pub how: How,
    /// Share of the license that is there, 0 to 1.
    pub score: f64,
}

/// How a license was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// By the text registered with the base.
    RegisteredText,
    /// By the built-in text.
    BuiltInText,
    /// By SPDX detection.
    Spdx,
    /// By its title or its notice; for licenses whose text is not built in.
    Title,
    /// By its own clause in the text of a plain license; for licenses whose text is not built in.
    Clause,
}

/// Returns the first of the texts (path, content) that holds the license: the text registered with the base if there
/// is one, else the built-in text, SPDX detection, and for licenses without a built-in text the title.
pub fn find_text<'a>(
    texts: impl IntoIterator<Item = (&'a str, &'a str)>,
    license: Option<&LicenseData>,
    registered: Option<&str>,
) -> Option<Found> {
    let mut best: Option<Found> = None;
    for (path, content) in texts {
        let Some((how, score)) = holds(content, license, registered) else { continue };
        if best.as_ref().is_none_or(|found| score > found.score) {
            best = Some(Found { path: path.into(), how, score });
        }
    }
    best
}

/// Returns the licenses of the data that are in this text, as [`readings`] tells them, without those into which somebody
/// put a clause. A clause before or after a license leaves it whole.
pub fn identify(content: &str) -> Vec<&'static LicenseData> {
    let whole =
        |reading: &Reading| reading.found >= ENOUGH && !reading.has_clause_inside() || reading.how != How::BuiltInText;
    readings(content).iter().filter(|reading| whole(reading)).filter_map(|reading| reading.license).collect()
}

/// Share of the 5-word shingles of `wanted` that are in `content`, 0 to 1.
pub fn containment(wanted: &str, content: &str) -> f64 {
    let (wanted, held) = (words(wanted), words(content));
    if wanted.len() < SHINGLE {
        let joined = |words: &[Word]| words.iter().map(|word| word.key.as_str()).collect::<Vec<_>>().join(" ");
        let phrase = joined(&wanted);
        return f64::from(u8::from(!phrase.is_empty() && joined(&held).contains(&phrase)));
    }
    share(&shingles(&wanted), &shingles(&held))
}

/// Whether a text holds the license's notice, in any wording the license has had; placeholders may be filled in.
pub fn notice_holds(content: &str, license: &LicenseData) -> bool {
    let content = normalize(content);
    std::iter::once(&license.notice_text)
        .chain(&license.notice_text_alternatives)
        .filter(|notice| !notice.is_empty())
        .any(|notice| holds_pattern(&content, &normalize(notice)))
}

/// Whether a text holds a phrase; bracketed placeholders of the phrase may be filled in.
pub fn phrase_holds(content: &str, phrase: &str) -> bool {
    let phrase = normalize(phrase);
    !phrase.is_empty() && holds_pattern(&normalize(content), &phrase)
}

fn holds(content: &str, license: Option<&LicenseData>, registered: Option<&str>) -> Option<(How, f64)> {
    if let Some(registered) = registered {
        let score = containment(registered, content);
        if score >= ENOUGH {
            return Some((How::RegisteredText, score));
        }
    }
    let license = license?;
    if let Some(own) = text(&license.id) {
        let score = containment(own, content);
        let same_text = |other: &&LicenseData| text(&other.id) == Some(own);
        if score >= ENOUGH && identify(content).iter().any(same_text) {
            return Some((How::BuiltInText, score));
        }
        if score < 0.5 {
            return None;
        }
    } else if normalize(content).contains(&normalize(license.title())) && words(content).len() > 200 {
        return Some((How::Title, 0.5));
    }
    let score = spdx_score(content, &license.spdx)?;
    Some((How::Spdx, f64::from(score)))
}

fn spdx_score(content: &str, id: &str) -> Option<f32> {
    spdx::license_id(id)?;
    nearest_listed(content).filter(|(name, score)| *score >= SPDX_ENOUGH && *name == id).map(|(_, score)| score)
}

/// Whether `content` holds the literal parts of `pattern` in order, with at most [`PLACEHOLDER_LIMIT`] bytes for
/// each bracketed placeholder.
fn holds_pattern(content: &str, pattern: &str) -> bool {
    if content.contains(pattern) {
        return true;
    }
    let mut literals = Vec::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('[') {
        literals.push(before);
        rest = after.split_once(']').map_or("", |(_, after)| after);
    }
    literals.push(rest);
    let Some((first, others)) = literals.split_first() else { return false };
    if others.is_empty() {
        return false;
    }
    let starts: Vec<usize> = if first.is_empty() { vec![0] } else { ends_of(content, first) };
    starts.into_iter().any(|start| follows(content, start, others))
}

fn follows(content: &str, mut at: usize, literals: &[&str]) -> bool {
    for (index, literal) in literals.iter().filter(|literal| !literal.trim().is_empty()).enumerate() {
        let Some(rest) = content.get(at..) else { return false };
        let Some(offset) = rest.find(literal) else { return false };
        // A pattern that opens with a placeholder may start anywhere.
        if offset > PLACEHOLDER_LIMIT && !(index == 0 && at == 0) {
            return false;
        }
        at += offset + literal.len();
    }
    true
}

fn ends_of(content: &str, literal: &str) -> Vec<usize> {
    content.match_indices(literal).map(|(at, found)| at + found.len()).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::super::{all, lookup};
    use super::*;

    #[test]
    fn every_built_in_text_is_identified_as_itself_and_nothing_else() {
        for license in all() {
            let Some(own) = text(&license.id) else { continue };
            let found = identify(own);
            assert!(found.iter().all(|other| text(&other.id) == Some(own)), "{}: {found:?}", license.id);
            assert!(!found.is_empty(), "{}", license.id);
        }
    }

    #[test]
    fn a_rewrapped_license_inside_a_longer_file_is_found() {
        let wrapped: String = text("llama3.1").unwrap().split_whitespace().collect::<Vec<_>>().join("\n");
        let file = format!("Third-party licenses\n\n{wrapped}\n\nEnd.");
        let found = find_text([("LICENSE", file.as_str())], lookup("llama3.1"), None).unwrap();
        assert_eq!(found.how, How::BuiltInText);
        assert_eq!(find_text([("LICENSE", file.as_str())], lookup("llama3.2"), None), None);
    }

    #[test]
    fn a_license_with_an_added_clause_is_not_the_plain_one() {
        let kimi = text("kimi-k2-modified-mit").unwrap();
        assert_eq!(find_text([("LICENSE", kimi)], lookup("mit"), None), None);
        assert!(find_text([("LICENSE", kimi)], lookup("kimi-k2-modified-mit"), None).is_some());
    }

    #[test]
    fn numbered_bsd_with_a_named_holder_is_found() {
        let file = text("bsd-3-clause")
            .unwrap()
            .replace("Redistributions", "1. Redistributions")
            .replace("Neither the name of", "3. Neither the name of");
        let file = format!("Copyright (c) 2024, Acme\n\n{file}");
        assert!(find_text([("LICENSE", file.as_str())], lookup("bsd-3-clause"), None).is_some());
    }

    #[test]
    fn a_license_without_a_built_in_text_is_known_by_its_title() {
        let file = format!("META LLAMA 3 COMMUNITY LICENSE AGREEMENT\n{}", "some words of it ".repeat(100));
        let found = find_text([("LICENSE", file.as_str())], lookup("llama3"), None).unwrap();
        assert_eq!(found.how, How::Title);
        assert_eq!(find_text([("LICENSE", "META LLAMA 3 COMMUNITY LICENSE AGREEMENT")], lookup("llama3"), None), None);
    }

    #[test]
    fn the_text_registered_with_a_base_is_enough() {
        let registered = "These are the terms of Acme for the use of its model weights by anybody who may want to.";
        let file = format!("Preface. {registered} Afterword.");
        let found = find_text([("COPYING", file.as_str())], None, Some(registered)).unwrap();
        assert_eq!(found.how, How::RegisteredText);
    }

    #[test]
    fn a_notice_is_found_with_other_typography_and_filled_placeholders() {
        let llama = lookup("llama3.1").unwrap();
        let notice = "Llama 3.1 is licensed under the Llama 3.1 Community License,\nCopyright (c) Meta Platforms, Inc. \
                      All Rights Reserved";
        assert!(notice_holds(notice, llama));
        assert!(!notice_holds("Llama 3.1 is licensed under the Llama 3 Community License", llama));
        let yi = lookup("yi-apache").unwrap();
        let filled = "This work, Orca 34B, is based on the work originally authored by 01.AI.";
        assert!(notice_holds(filled, yi));
        assert!(!notice_holds(&filled.replace("Orca", &"x".repeat(300)), yi));
    }
}
