// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Does a text hold a license, or a notice? Containment of 5-word shingles, so that wrapping, numbering and
//! a few filled-in names do not matter, and a license with an added clause is not taken for the plain one.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

use spdx::detection::{Store, TextData};

use super::data::{LicenseData, all};
use super::normalize::normalize;
use super::texts::text;

/// Share of a license's shingles that must be present. Model licenses of one family differ by their model's name
/// in every sentence and stay below 0.9 of each other.
const ENOUGH: f64 = 0.95;
/// Words in a shingle.
const SHINGLE: usize = 5;
/// Score at which the SPDX detection is believed; permissive licenses with an added clause score 0.75 to 0.9.
const SPDX_ENOUGH: f32 = 0.95;
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
    /// By its title; for licenses whose text is not built in.
    Title,
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

/// Returns the licenses of the data whose text is in this text, without those that are only a part of another
/// license found (plain MIT in a modified MIT) or a sibling of one found whole (Llama 3.2 and Llama 4).
pub fn identify(content: &str) -> Vec<&'static LicenseData> {
    let held = shingles(&words(content));
    let found: Vec<Held> = CORPUS
        .iter()
        .map(|(license, shingles)| Held { license, shingles, score: share(shingles, &held) })
        .filter(|found| found.score >= ENOUGH)
        .collect();
    let kept = found.iter().filter(|own| !found.iter().any(|other| other.explains(own)));
    kept.map(|found| found.license).collect()
}

struct Held {
    license: &'static LicenseData,
    shingles: &'static Shingles,
    score: f64,
}

impl Held {
    /// Whether finding `self` is why `other` was found too: nearly all of `other` is in `self`, and `self` is
    /// either present more completely or more than `other`.
    fn explains(&self, other: &Self) -> bool {
        let inside = self.license.id != other.license.id && share(other.shingles, self.shingles) >= 0.9;
        let more = share(self.shingles, other.shingles) < 0.9 && self.score >= other.score - 0.02;
        inside && (self.score > other.score + 0.005 || more)
    }
}

/// Share of the 5-word shingles of `wanted` that are in `content`, 0 to 1.
pub fn containment(wanted: &str, content: &str) -> f64 {
    let (wanted, held) = (words(wanted), words(content));
    if wanted.len() < SHINGLE {
        let phrase = wanted.join(" ");
        return f64::from(u8::from(!phrase.is_empty() && held.join(" ").contains(&phrase)));
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

/// Built-in SPDX texts; loading takes a second in a debug build, so only when a text needs it.
static STORE: LazyLock<Option<Store>> = LazyLock::new(|| Store::load_inline().ok());

fn spdx_score(content: &str, id: &str) -> Option<f32> {
    spdx::license_id(id)?;
    let found = STORE.as_ref()?.analyze(&TextData::new(content));
    (found.score >= SPDX_ENOUGH && found.name == id).then_some(found.score)
}

type Shingles = HashSet<u64>;

static CORPUS: LazyLock<Vec<(&'static LicenseData, Shingles)>> = LazyLock::new(|| {
    all().iter().filter_map(|license| Some((license, shingles(&words(text(&license.id)?))))).collect()
});

/// Words that matter, versions (`3.1`) kept whole; list markers (`1.`, `(a)`, `iv)`, `*`) are numbering, not text.
fn words(text: &str) -> Vec<String> {
    normalize(text)
        .split(' ')
        .filter(|token| !is_list_marker(token))
        .flat_map(|token| token.split(|c: char| !c.is_alphanumeric() && c != '.'))
        .map(|word| word.trim_matches('.').to_owned())
        .filter(|word| !word.is_empty())
        .collect()
}

fn is_list_marker(token: &str) -> bool {
    let Some(inner) = token.strip_suffix(['.', ')']) else { return false };
    let inner = inner.trim_start_matches('(');
    let number = inner.len() <= 2 && inner.chars().all(|c| c.is_ascii_digit());
    let roman = inner.len() <= 4 && inner.chars().all(|c| matches!(c, 'i' | 'v' | 'x'));
    number || roman || inner.len() == 1 && inner != "c"
}

fn shingles(words: &[String]) -> Shingles {
    words
        .windows(SHINGLE)
        .map(|window| {
            let mut hasher = DefaultHasher::new();
            window.hash(&mut hasher);
            hasher.finish()
        })
        .collect()
}

fn share(wanted: &Shingles, held: &Shingles) -> f64 {
    if wanted.is_empty() {
        return 0.0;
    }
    wanted.intersection(held).count() as f64 / wanted.len() as f64
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

    use super::super::lookup;
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
