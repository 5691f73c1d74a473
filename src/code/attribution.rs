// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Prints × a corpus → the family whose code a file holds, if there is one and only one.
//!
//! In: [`CodePrints`] and a [`CodeCorpus`]. Out: an [`Attribution`]: families by the share of the file's weight that
//! they hold. A print weighs less the more families have it (inverse document frequency), and nothing where more
//! than [`COMMON`] have it; one that no family has weighs most, and speaks against all. Independent models built
//! with one library share most of their code, so a share alone says nothing: what counts is the margin over the
//! best other family.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::prints::CodePrints;

/// Families above which a print is common property: it says nothing of origin.
pub const COMMON: usize = 24;
/// Least share of the weight that a family must hold.
pub const LEAST_SHARE: f64 = 0.45;
/// Least margin over the best other family, in shares.
pub const LEAST_MARGIN: f64 = 0.20;
/// Least number of shared prints that are not common.
pub const LEAST_SHARED: usize = 24;
/// A family that holds this much of what the best one holds has the same code here.
pub const SAME_CODE: f64 = 0.90;
/// Families with the same code above which the code is nobody's in particular.
pub const MOST_TOGETHER: usize = 4;

/// Where code in a corpus comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct CodeOrigin {
    /// Id, e.g. `transformers/llama`.
    pub id: String,
    /// Family, e.g. `llama`: origins of one family do not compete.
    pub family: String,
    /// SPDX license expression.
    pub license: String,
    /// A copyright line of its files, as it stands there; empty if there is none.
    pub copyright: String,
}

/// The prints of known code.
#[derive(Clone, Debug, Default)]
pub struct CodeCorpus {
    origins: Vec<CodeOrigin>,
    /// Origins by index, sorted. The first set is that of common prints, and empty.
    sets: Vec<Vec<u16>>,
    /// Print and the index of its set, sorted by print.
    stored: Vec<(u32, u32)>,
    added: HashMap<u32, Vec<u16>>,
}

/// Origins, sets of them, and prints with their sets: a corpus as it is stored.
pub type CodeParts<'a> = (&'a [CodeOrigin], Vec<Vec<u16>>, Vec<(u32, u32)>);

/// One family's part of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The family.
    pub family: String,
    /// Its origin that holds most.
    pub origin: CodeOrigin,
    /// Share of the file's weight that the family holds, 0 to 1.
    pub share: f64,
    /// Number of prints behind it.
    pub shared: usize,
}

/// Whose code a file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attribution {
    /// Families by share, best first; at most [`MOST_TOGETHER`] + 2.
    pub candidates: Vec<Candidate>,
    /// How many of the candidates, from the first, have the same code here.
    pub together: usize,
    /// Share of the first less that of the best family that is not of its company.
    pub margin: f64,
    /// Prints of the file that are not common.
    pub telling: usize,
}

impl Attribution {
    /// The families that the file's code is consistent with, if it is clear enough to be said.
    pub fn families(&self) -> Option<&[Candidate]> {
        let best = self.candidates.first()?;
        let clear = best.share >= LEAST_SHARE && self.margin >= LEAST_MARGIN && best.shared >= LEAST_SHARED;
        (clear && self.together <= MOST_TOGETHER).then(|| self.candidates.get(..self.together)).flatten()
    }
}

impl CodeCorpus {
    /// A corpus as it is stored: origins, sets of them by index, and `(print, set)` sorted by print. The first set is
    /// that of prints that are common. `None` if an index leads nowhere.
    pub fn from_parts(origins: Vec<CodeOrigin>, sets: Vec<Vec<u16>>, stored: Vec<(u32, u32)>) -> Option<Self> {
        let sound = sets.first().is_none_or(Vec::is_empty)
            && sets.iter().flatten().all(|at| usize::from(*at) < origins.len())
            && stored.iter().all(|(_, set)| (*set as usize) < sets.len())
            && stored.is_sorted_by(|a, b| a.0 < b.0);
        sound.then(|| Self { origins, sets, stored, added: HashMap::new() })
    }

    /// The parts, as [`Self::from_parts`] takes them: what was added is worked in.
    pub fn parts(&self) -> CodeParts<'_> {
        let mut by_print: BTreeMap<u32, Vec<u16>> = BTreeMap::new();
        let prints: BTreeSet<u32> =
            self.stored.iter().map(|(print, _)| *print).chain(self.added.keys().copied()).collect();
        for print in prints {
            by_print.insert(print, self.holders(print).unwrap_or_default());
        }
        let distinct: BTreeSet<&Vec<u16>> = by_print.values().collect();
        // An empty set sorts first.
        let mut sets: Vec<Vec<u16>> = distinct.into_iter().cloned().collect();
        if sets.first().is_none_or(|first| !first.is_empty()) {
            sets.insert(0, Vec::new());
        }
        let stored = by_print.iter().map(|(print, holders)| (*print, sets.binary_search(holders).unwrap_or(0) as u32));
        let stored = stored.collect();
        (&self.origins, sets, stored)
    }

    /// Adds the code of one more origin.
    pub fn add(&mut self, origin: CodeOrigin, prints: &[u32]) {
        let Ok(at) = u16::try_from(self.origins.len()) else { return };
        self.origins.push(origin);
        for print in prints {
            let holders = self.added.entry(*print).or_default();
            if holders.last() != Some(&at) {
                holders.push(at);
            }
        }
    }

    /// The origins, as indexes count them.
    pub fn origins(&self) -> &[CodeOrigin] {
        &self.origins
    }

    /// Number of distinct prints.
    pub fn len(&self) -> usize {
        let stored = |print: &u32| self.stored.binary_search_by_key(print, |(print, _)| *print).is_ok();
        self.stored.len() + self.added.keys().filter(|print| !stored(print)).count()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.stored.is_empty() && self.added.is_empty()
    }

    /// Who holds a print; `None` if it is common.
    fn holders(&self, print: u32) -> Option<Vec<u16>> {
        let stored = self.stored.binary_search_by_key(&print, |(print, _)| *print).ok();
        let set = stored.and_then(|at| self.stored.get(at)).map(|(_, set)| *set as usize);
        if set == Some(0) {
            return None;
        }
        let mut holders = set.and_then(|set| self.sets.get(set)).cloned().unwrap_or_default();
        holders.extend(self.added.get(&print).into_iter().flatten());
        let families: BTreeSet<&str> =
            holders.iter().filter_map(|at| Some(self.origin(*at)?.family.as_str())).collect();
        (families.len() <= COMMON).then_some(holders)
    }

    fn origin(&self, at: u16) -> Option<&CodeOrigin> {
        self.origins.get(usize::from(at))
    }

    /// Whose code a file holds.
    pub fn attribute(&self, file: &CodePrints) -> Attribution {
        self.attribute_without(file, &|_| false)
    }

    /// The same as if some origins were not known: how the thresholds are tested.
    pub fn attribute_without(&self, file: &CodePrints, unknown: &dyn Fn(&CodeOrigin) -> bool) -> Attribution {
        let families: BTreeSet<&str> = self.origins.iter().map(|origin| origin.family.as_str()).collect();
        let scale = (families.len().max(2) as f64).ln();
        let hidden: Vec<bool> = self.origins.iter().map(unknown).collect();
        let mut total = 0.0;
        let mut telling = 0;
        let mut held: BTreeMap<&str, (f64, usize)> = BTreeMap::new();
        let mut of_origin: BTreeMap<u16, f64> = BTreeMap::new();
        for print in &file.prints {
            let Some(mut holders) = self.holders(*print) else { continue };
            telling += 1;
            holders.retain(|at| hidden.get(usize::from(*at)) == Some(&false));
            let having: BTreeSet<&str> =
                holders.iter().filter_map(|at| Some(self.origin(*at)?.family.as_str())).collect();
            let weight = (1.0 - (having.len().max(1) as f64).ln() / scale).max(0.0);
            total += weight;
            for family in having {
                let (held, count) = held.entry(family).or_default();
                *held += weight;
                *count += 1;
            }
            for at in holders {
                *of_origin.entry(at).or_default() += weight;
            }
        }
        if total <= 0.0 {
            return Attribution { telling, ..Attribution::default() };
        }
        let mut ranked: Vec<(&str, f64, usize)> =
            held.into_iter().map(|(family, (weight, count))| (family, weight / total, count)).collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| b.2.cmp(&a.2)).then_with(|| a.0.cmp(b.0)));
        let best = ranked.first().map_or(0.0, |(_, share, _)| *share);
        let together = ranked.iter().take_while(|(_, share, _)| *share >= SAME_CODE * best).count();
        let next = ranked.get(together).map_or(0.0, |(_, share, _)| *share);
        let candidates = ranked.iter().take(MOST_TOGETHER + 2).filter_map(|(family, share, shared)| {
            let origins = of_origin.iter().filter_map(|(at, weight)| Some((*weight, self.origin(*at)?)));
            let of_family = origins.filter(|(_, origin)| origin.family == *family);
            let (_, origin) = of_family.max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))?;
            Some(Candidate { family: (*family).to_owned(), origin: origin.clone(), share: *share, shared: *shared })
        });
        Attribution { candidates: candidates.collect(), together, margin: best - next, telling }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(family: &str) -> CodeOrigin {
        CodeOrigin { id: format!("lib/{family}"), family: family.into(), ..CodeOrigin::default() }
    }

    /// Families share prints 0..100 two by two, and each has 100 of its own.
    fn corpus() -> CodeCorpus {
        let mut corpus = CodeCorpus::default();
        for (index, family) in ["orca", "whale", "seal"].into_iter().enumerate() {
            let own = 1000 * (index as u32 + 1);
            corpus.add(origin(family), &(0..100).chain(own..own + 100).collect::<Vec<_>>());
        }
        corpus
    }

    fn file(prints: impl Iterator<Item = u32>) -> CodePrints {
        CodePrints { prints: prints.collect(), tokens: 0 }
    }

    #[test]
    fn code_of_one_family_is_attributed_to_it() {
        let found = corpus().attribute(&file(1000..1080));
        let families = found.families().unwrap_or_default();
        assert_eq!(families.len(), 1);
        assert_eq!(families.first().map(|best| (best.family.as_str(), best.shared)), Some(("orca", 80)));
        assert_eq!(found.margin, 1.0);
    }

    #[test]
    fn what_all_share_is_nobody_s() {
        assert_eq!(corpus().attribute(&file(0..100)).families(), None);
        assert_eq!(corpus().attribute(&file(5000..5100)).families(), None);
        assert_eq!(corpus().attribute(&file(std::iter::empty())), Attribution::default());
    }

    #[test]
    fn own_code_speaks_against_every_family() {
        assert_eq!(corpus().attribute(&file((1000..1040).chain(7000..7100))).families(), None);
    }

    #[test]
    fn the_same_code_under_two_names_is_said_together() {
        let mut corpus = corpus();
        corpus.add(origin("porpoise"), &(1000..1099).collect::<Vec<_>>());
        let found = corpus.attribute(&file(1000..1100));
        let names: Vec<&str> =
            found.families().unwrap_or_default().iter().map(|candidate| candidate.family.as_str()).collect();
        assert_eq!(names, ["orca", "porpoise"]);
        let without = corpus.attribute_without(&file(1000..1100), &|origin| origin.family == "orca");
        assert_eq!(without.families().map(<[Candidate]>::len), Some(1));
    }

    #[test]
    fn a_print_of_many_families_counts_for_none() {
        let mut corpus = CodeCorpus::default();
        for index in 0..=COMMON {
            corpus.add(origin(&format!("family{index}")), &(0..50).collect::<Vec<_>>());
        }
        assert_eq!(corpus.attribute(&file(0..50)).telling, 0);
    }

    #[test]
    fn parts_make_the_same_corpus() {
        let corpus = corpus();
        let (origins, sets, stored) = corpus.parts();
        let again = CodeCorpus::from_parts(origins.to_vec(), sets.clone(), stored.clone()).unwrap_or_default();
        assert_eq!(again.parts(), corpus.parts());
        assert_eq!(again.len(), 400);
        let code = file(1000..1080);
        assert_eq!(again.attribute(&code), corpus.attribute(&code));
        assert!(CodeCorpus::from_parts(Vec::new(), sets, stored).is_none());
    }
}
