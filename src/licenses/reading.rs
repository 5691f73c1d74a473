// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A text → the licenses that it holds, each with what was changed of it.
//!
//! In: the text of a file. Out: [`Reading`]s. In this order: our corpus of model licenses and of the plain ones they are
//! made from; the title or notice of licenses whose text is not in it; a text of the corpus that is near; the SPDX list.
//! A near text is never called by the plain name: its changes are quoted.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::sync::LazyLock;

use super::changes::{Change, Told, changes};
use super::data::{LicenseData, all};
use super::listed::nearest_listed;
use super::matching::{ENOUGH, How, SPDX_ENOUGH, notice_holds};
use super::normalize::normalize;
use super::texts::{own_text, text};
use super::words::{SHINGLE, Shingles, Word, share, shingle_hashes, shingles, words};

/// Share of a license's shingles from which a text is near to it. Siblings of one family have less than 0.9.
const NEAR: f64 = 0.6;
/// Score from which the SPDX detection tells of a near text.
const SPDX_NEAR: f32 = 0.75;
/// Words of a file in which the title of its license stands.
const TITLE_WITHIN: usize = 120;
/// Words of the shortest license that is known by its title.
const SHORTEST_TITLED: usize = 200;
/// Changes quoted.
const SHOWN: usize = 3;
/// Longest text read, in bytes.
const LENGTH_LIMIT: usize = 2 << 20;

/// A license in a text.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The license, where it is in the data; with [`Self::changes`], the one that was changed.
    pub license: Option<&'static LicenseData>,
    /// SPDX id or `LicenseRef-` of the license as it was before changes.
    pub spdx: String,
    /// How it was recognised.
    pub how: How,
    /// Share of the license that is there, or score of the SPDX detection, 0 to 1.
    pub found: f64,
    /// What differs. Empty: nothing that counts. Of [`How::Clause`]: what makes it of the plain license.
    pub changes: Vec<Change>,
    /// Whether there are changes that cannot be shown, because the texts differ too much or the text is not in the corpus.
    pub differs: bool,
    /// Another SPDX id under which the list may have the text with these changes: X11 is MIT with a clause.
    pub listed: Option<&'static str>,
}

impl Reading {
    /// Whether the text is the license and nothing else that binds.
    pub fn is_plain(&self) -> bool {
        self.how == How::Clause || self.changes.is_empty() && !self.differs
    }

    /// SPDX id of what was read: `LicenseRef-modified-MIT` where something was changed.
    pub fn id(&self) -> String {
        if self.is_plain() {
            return self.spdx.clone();
        }
        format!("LicenseRef-modified-{}", self.spdx.trim_start_matches("LicenseRef-"))
    }

    /// The name for people, by our id; changes are quoted: `MIT with changes: adds “…”`.
    pub fn said(&self) -> String {
        let name = self.license.map_or(self.spdx.as_str(), |license| license.id.as_str());
        if self.is_plain() {
            return name.to_owned();
        }
        if self.changes.is_empty() {
            return format!("{name} with changes that cannot be shown here ({:.0} % alike)", self.found * 100.0);
        }
        let mut told: Vec<String> = self.changes.iter().take(SHOWN).map(Change::said).collect();
        if self.changes.len() > SHOWN {
            told.push(format!("and {} more", self.changes.len() - SHOWN));
        }
        format!("{name} with changes: {}", told.join("; "))
    }

    /// Asks the SPDX list about a plain license with changes.
    fn with_listed(mut self, text: &str) -> Self {
        if !self.is_plain() && super::spdx_id(&self.spdx).is_some() {
            let near = nearest_listed(text).filter(|(id, score)| *score >= SPDX_ENOUGH && *id != self.spdx);
            self.listed = near.map(|(id, _)| id);
        }
        self
    }

    /// Number of words that differ.
    fn words_changed(&self) -> usize {
        if self.differs { usize::MAX } else { self.changes.iter().map(Change::words).sum() }
    }

    /// Whether a clause was put into the license, or taken out of it, beyond a few words.
    pub(super) fn has_clause_inside(&self) -> bool {
        let long = |words: &str| words.split_whitespace().count() >= 6;
        self.changes.iter().any(|change| !change.outside && (long(&change.added) || long(&change.removed)))
    }
}

impl Change {
    fn words(&self) -> usize {
        self.removed.split_whitespace().count() + self.added.split_whitespace().count()
    }

    /// In words.
    pub fn said(&self) -> String {
        match (self.removed.as_str(), self.added.as_str()) {
            ("", added) => format!("adds “{added}”"),
            (removed, "") => format!("leaves out “{removed}”"),
            (removed, added) => format!("has “{added}” in place of “{removed}”"),
        }
    }
}

/// Returns the licenses that a text holds, the most certain first; none if no license is known that it is near to.
pub fn readings(content: &str) -> Vec<Reading> {
    if content.len() > LENGTH_LIMIT {
        return Vec::new();
    }
    let file = File::of(content);
    let mut all: Vec<Held> = CORPUS
        .iter()
        .map(|known| Held { known, score: share(&known.shingles, &file.shingles) })
        .filter(|held| held.score >= NEAR)
        .collect();
    all.sort_by(|a, b| b.score.total_cmp(&a.score));
    // Of a license with several wordings, the one that is nearest.
    let mut seen = BTreeSet::new();
    all.retain(|held| seen.insert(&held.known.license.id));
    let found: Vec<&Held> = all.iter().filter(|held| held.score >= ENOUGH).collect();
    let kept: Vec<&Held> = found.iter().filter(|own| !found.iter().any(|other| other.explains(own))).copied().collect();
    let plain = all.iter().find(|held| held.known.license.id == "mit").filter(|held| held.score >= 0.9);
    let family: Vec<Reading> = plain.into_iter().flat_map(|plain| by_clause(&file, plain)).collect();
    if !family.is_empty() {
        // Licenses beside it stay; its siblings and what it is made from do not.
        let beside = kept.iter().filter(|held| !held.known.is_of_mit()).map(|held| file.reading(held, &kept));
        return family.into_iter().chain(beside).collect();
    }
    // MIT with a clause that names a product nobody knows is none of those whose products are known.
    let kept: Vec<&Held> = kept.into_iter().filter(|held| plain.is_none() || !of_mit(held.known.license)).collect();
    let read: Vec<Reading> = kept.iter().map(|held| file.closest(held, &kept, &all)).collect();
    let whole = |reading: &Reading| !reading.differs && reading.changes.iter().all(|change| change.outside);
    // Siblings of a family differ by their model's name alone: a title tells what changed words do not.
    let titled = if read.iter().any(whole) { Vec::new() } else { by_title(&file) };
    if !titled.is_empty() {
        return titled;
    }
    if !read.is_empty() {
        return read;
    }
    let near = all.iter().filter(|held| plain.is_none() || !of_mit(held.known.license)).take(3);
    let nearest = near.map(|held| file.reading(held, &[])).min_by_key(Reading::words_changed);
    nearest.or_else(|| by_list(&file)).into_iter().collect()
}

/// A text of the corpus.
struct Known {
    license: &'static LicenseData,
    text: Cow<'static, str>,
    words: Vec<Word>,
    shingles: Shingles,
}

/// Wordings of a clause that mean the same license: its id, the clause in the built-in text, and the other wording.
const WORDINGS: [(&str, &str, &str); 2] = [
    (
        "bsd-3-clause",
        "Neither the name of the ORGANIZATION nor the names of its contributors may be",
        "The name of the author may not be",
    ),
    (
        "bsd-3-clause",
        "Neither the name of the ORGANIZATION nor the names of its contributors may be",
        "The names of its contributors may not be",
    ),
];

static CORPUS: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let known = |license: &'static LicenseData, text: Cow<'static, str>| {
        let words = words(&text);
        let shingles = shingles(&words);
        Known { license, text, words, shingles }
    };
    let texts = |license: &'static LicenseData| {
        let own = own_text(&license.id);
        let wordings = WORDINGS.iter().filter(|(id, ..)| *id == license.id);
        let others = wordings.filter_map(move |(_, clause, other)| {
            let plain = own?.split_whitespace().collect::<Vec<_>>().join(" ");
            plain.contains(clause).then(|| Cow::Owned(plain.replace(clause, other)))
        });
        own.map(Cow::Borrowed).into_iter().chain(others).map(move |text| known(license, text))
    };
    all().iter().flat_map(texts).collect()
});

impl Known {
    fn is_of_mit(&self) -> bool {
        self.license.id == "mit" || of_mit(self.license)
    }
}

/// Whether a license is MIT with a clause: the Hub's id says so.
fn of_mit(license: &LicenseData) -> bool {
    license.hf_ids.iter().any(|id| id == "modified-mit")
}

/// A text of the corpus and how much of it is in the file.
struct Held {
    known: &'static Known,
    score: f64,
}

impl Held {
    /// Whether finding `self` is why `other` was found too: nearly all of `other` is in `self`, and `self` is
    /// either present more completely or more than `other`.
    fn explains(&self, other: &Self) -> bool {
        let (own, theirs) = (&self.known.shingles, &other.known.shingles);
        let inside = self.known.license.id != other.known.license.id && share(theirs, own) >= 0.9;
        let more = share(own, theirs) < 0.9 && self.score >= other.score - 0.02;
        inside && (self.score > other.score + 0.005 || more)
    }
}

struct File<'a> {
    text: &'a str,
    words: Vec<Word>,
    hashes: Vec<u64>,
    shingles: Shingles,
}

impl<'a> File<'a> {
    fn of(text: &'a str) -> Self {
        let words = words(text);
        let hashes: Vec<u64> = shingle_hashes(&words).collect();
        let shingles = hashes.iter().copied().collect();
        Self { text, words, hashes, shingles }
    }

    /// What the file makes of one license; words of the other licenses that it holds are theirs.
    fn reading(&self, held: &Held, others: &[&Held]) -> Reading {
        let own = &held.known.license.id;
        let known: Vec<&Shingles> =
            others.iter().filter(|other| other.known.license.id != *own).map(|other| &other.known.shingles).collect();
        let theirs: HashSet<usize> = (0..self.hashes.len())
            .filter(|at| self.hashes.get(*at).is_some_and(|hash| known.iter().any(|set| set.contains(hash))))
            .flat_map(|at| at..at + SHINGLE)
            .collect();
        let file = Told { text: self.text, words: &self.words };
        let wordings = CORPUS.iter().filter(|known| known.license.id == *own);
        let told = wordings.filter_map(|known| {
            let license = Told { text: &known.text, words: &known.words };
            changes(&license, &known.shingles, &file, &|at| theirs.contains(&at))
        });
        let found = told.min_by_key(|changes| changes.iter().map(Change::words).sum::<usize>());
        Reading {
            license: Some(held.known.license),
            spdx: held.known.license.spdx.clone(),
            how: How::BuiltInText,
            found: held.score,
            differs: found.is_none(),
            changes: found.unwrap_or_default(),
            listed: None,
        }
        .with_listed(self.text)
    }

    /// The same, or what it makes of a near license that has nearly all of this one, if that explains the changes: BSD
    /// with three clauses is not BSD with two and a third one added.
    fn closest(&self, held: &Held, others: &[&Held], all: &[Held]) -> Reading {
        let own = self.reading(held, others);
        if own.is_plain() {
            return own;
        }
        let around = |near: &&Held| {
            near.known.license.id != held.known.license.id
                && !of_mit(near.known.license)
                && share(&held.known.shingles, &near.known.shingles) >= 0.5
        };
        let near = all.iter().filter(around).take(3).map(|near| self.reading(near, others));
        std::iter::once(own)
            .chain(near)
            .min_by_key(Reading::words_changed)
            .unwrap_or_else(|| self.reading(held, others))
    }

    fn holds(&self, phrase: &str) -> bool {
        let phrase = words(phrase);
        !phrase.is_empty()
            && self.words.windows(phrase.len()).any(|window| window.iter().zip(&phrase).all(|(a, b)| a.key == b.key))
    }
}

/// Licenses that are MIT with a clause that names what is to be displayed: it tells them apart.
fn by_clause(file: &File, plain: &Held) -> Vec<Reading> {
    let names = |license: &&LicenseData| {
        !license.display_texts.is_empty() && license.display_texts.iter().all(|text| file.holds(text))
    };
    let read = |license: &'static LicenseData| {
        let own = CORPUS.iter().find(|known| known.license.id == license.id);
        let own = own.map(|known| Held { known, score: share(&known.shingles, &file.shingles) });
        match own.filter(|own| own.score >= NEAR) {
            Some(own) => file.reading(&own, &[]),
            None => Reading {
                license: Some(license),
                spdx: license.spdx.clone(),
                how: How::Clause,
                ..file.reading(plain, &[])
            },
        }
    };
    all().iter().filter(|license| of_mit(license)).filter(names).map(read).collect()
}

/// Licenses whose text is not built in, by the notice they ask for or by a title at the top.
fn by_title(file: &File) -> Vec<Reading> {
    if file.words.len() < SHORTEST_TITLED {
        return Vec::new();
    }
    let end = file.words.get(TITLE_WITHIN).map_or(file.text.len(), |word| word.at.start);
    let top = normalize(file.text.get(..end).unwrap_or_default());
    let unread = || all().iter().filter(|license| text(&license.id).is_none());
    let titled =
        |license: &&LicenseData| license.names.iter().any(|name| name.len() >= 12 && top.contains(&normalize(name)));
    let mut found: Vec<&'static LicenseData> = unread()
        .filter(|license| !license.notice_text.is_empty() && license.asks(super::ObligationKind::NoticeFile))
        .filter(|license| titled(license) && notice_holds(file.text, license))
        .collect();
    if found.is_empty() {
        found = unread().filter(titled).collect();
    }
    let reading = |license: &'static LicenseData| Reading {
        license: Some(license),
        spdx: license.spdx.clone(),
        how: How::Title,
        found: 0.5,
        changes: Vec::new(),
        differs: false,
        listed: None,
    };
    found.into_iter().map(reading).collect()
}

fn by_list(file: &File) -> Option<Reading> {
    let (id, score) = nearest_listed(file.text).filter(|(_, score)| *score >= SPDX_NEAR)?;
    Some(Reading {
        license: super::lookup(id),
        spdx: id.to_owned(),
        how: How::Spdx,
        found: f64::from(score),
        changes: Vec::new(),
        differs: score < SPDX_ENOUGH,
        listed: None,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use insta::assert_snapshot;

    use super::*;

    const CLAUSE: &str = "Our only modification is that, if the Software is used for any commercial product with more than \
                          100 million monthly active users, you shall prominently display \"NAME\" on its user interface.";

    fn modified(name: &str) -> String {
        format!(
            "MIT License\n\nCopyright (c) 2026 Acme\n\n{}\n\n{}\n",
            text("mit").unwrap(),
            CLAUSE.replace("NAME", name)
        )
    }

    fn said(text: &str) -> Vec<String> {
        readings(text).iter().map(Reading::said).collect()
    }

    #[test]
    fn every_built_in_text_is_read_as_itself_and_unchanged() {
        for license in all() {
            let Some(own) = text(&license.id) else { continue };
            let found = readings(own);
            assert!(
                found.iter().all(|reading| reading.license.is_some_and(|other| text(&other.id) == Some(own))),
                "{}",
                license.id
            );
            assert!(!found.is_empty() && found.iter().all(Reading::is_plain), "{}: {:?}", license.id, said(own));
        }
    }

    #[test]
    fn a_clause_of_a_known_license_names_it() {
        assert_eq!(said(text("kimi-k2-modified-mit").unwrap()), ["kimi-k2-modified-mit"]);
        assert_eq!(
            said(&text("kimi-k2-modified-mit").unwrap().replace("Kimi K2", "Kimi K2.5")),
            ["kimi-k2.5-modified-mit"]
        );
        let minimax = readings(&modified("MiniMax M2"));
        assert_eq!(minimax[0].license.unwrap().id, "minimax-m2-modified-mit");
        assert_eq!(minimax[0].how, How::Clause);
        assert!(minimax[0].changes[0].added.contains("100 million"));
    }

    #[test]
    fn a_clause_of_nobody_known_is_quoted_and_the_license_is_not_called_plain() {
        let found = readings(&modified("Orca"));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].id().as_str(), found[0].is_plain()), ("LicenseRef-modified-MIT", false));
        assert_snapshot!(found[0].said(), @r#"mit with changes: adds “Our only modification is that, if the Software is used for any commercial product with more than 100 million monthly active users, you shall prominently display "Orca" on its user interface.”"#);
    }

    #[test]
    fn the_clause_of_a_known_license_for_another_product_is_a_clause_of_nobody_known() {
        let found = said(&text("kimi-k2-modified-mit").unwrap().replace("Kimi K2", "Orca 1"));
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("mit with changes: adds “Our only modification") && found[0].contains("Orca 1"),
            "{found:?}"
        );
    }

    #[test]
    fn bsd_with_a_named_holder_has_three_clauses_in_either_wording() {
        let bsd = text("bsd-3-clause").unwrap();
        let named = bsd.replace("the ORGANIZATION nor the names of its", "Acme Research Inc. nor the names of");
        assert_ne!(bsd, named);
        assert_eq!(said(&named), ["bsd-3-clause"]);
        let plain = bsd.split_whitespace().collect::<Vec<_>>().join(" ");
        for (_, clause, other) in WORDINGS {
            assert!(plain.contains(clause));
            assert_eq!(said(&plain.replace(clause, other)), ["bsd-3-clause"]);
        }
    }

    #[test]
    fn one_changed_word_is_enough() {
        let found = said(&text("mit").unwrap().replace("free of charge", "for a charge"));
        assert_eq!(found, ["mit with changes: has “for a” in place of “free of”"]);
    }

    #[test]
    fn licenses_beside_each_other_are_both_plain() {
        let file = format!("{}\n\n---\n\n{}", text("apache-2.0").unwrap(), text("mit").unwrap());
        let mut found = said(&file);
        found.sort();
        assert_eq!(found, ["apache-2.0", "mit"]);
    }

    #[test]
    fn a_license_of_the_list_is_found_and_prose_is_nothing() {
        let zlib = "This software is provided 'as-is', without any express or implied warranty. In no event will the authors be \
                    held liable for any damages arising from the use of this software.\n\nPermission is granted to anyone to use \
                    this software for any purpose, including commercial applications, and to alter it and redistribute it \
                    freely, subject to the following restrictions:\n\n1. The origin of this software must not be \
                    misrepresented; you must not claim that you wrote the original software. If you use this software in a \
                    product, an acknowledgment in the product documentation would be appreciated but is not required.\n\n2. \
                    Altered source versions must be plainly marked as such, and must not be misrepresented as being the \
                    original software.\n\n3. This notice may not be removed or altered from any source distribution.\n";
        assert_eq!(said(zlib), ["Zlib"]);
        assert_eq!(said("# Orca\n\nA model that swims.\n"), [] as [&str; 0]);
        assert_eq!(said(""), [] as [&str; 0]);
    }

    #[test]
    fn a_license_that_is_not_built_in_is_known_by_its_title_not_by_its_sibling() {
        let llama = text("llama3.1").unwrap().replace("LLAMA 3.1", "META LLAMA 3").replace("Llama 3.1", "Meta Llama 3");
        assert_eq!(said(&llama), ["llama3"]);
    }
}
