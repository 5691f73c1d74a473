// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A suspect against all bases of a registry, most of them by their records alone.
//!
//! In: bases that can be read one at a time, and where the index is kept. Out: what the complete tests say of those that
//! are not ruled out, corrected for all. Fingerprints are read when they are compared and let go of afterwards. A small
//! registry has no index: every base gets every test.

use std::collections::BTreeSet;
use std::path::Path;

use data_encoding::HEXLOWER;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::choose::{Asked, Plain, Signal};
use super::file::{Index, Key};
use super::record::Record;
use crate::bases::{Base, Registry, RegistryError};
use crate::evidence::comparison::Comparison;
use crate::evidence::search::{glanced_among, search_among};
use crate::fingerprint::{Cache, Fingerprint};

/// Bases up to which every base gets every test.
pub const EVERY: usize = 64;

/// A base that can be read when it is needed.
pub trait KnownBase: Sync {
    /// Its id.
    fn id(&self) -> &str;
    /// SHA-256 of its fingerprint file, lower-case hex.
    fn digest(&self) -> &str;
    /// Its fingerprint, verified.
    fn fingerprint(&self) -> Result<Fingerprint, RegistryError>;
}

impl KnownBase for Base {
    fn id(&self) -> &str {
        &self.entry.id
    }

    fn digest(&self) -> &str {
        self.entry.fingerprint.sha256()
    }

    fn fingerprint(&self) -> Result<Fingerprint, RegistryError> {
        Self::fingerprint(self)
    }
}

/// How many bases were compared completely, where not all were.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
pub struct Examined {
    /// Bases of the registry; every p-value is corrected for all of them.
    pub known: usize,
    /// Bases that got every test.
    pub compared: usize,
    /// Bases that the index ruled out.
    pub ruled_out: usize,
    /// The signals of the index, of which none spoke for those ruled out: `row-hashes`, `aligned-signs`,
    /// `attention-heads`, `neurons`.
    pub by: Vec<String>,
}

/// What is found of a suspect.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// Comparisons with every base for which there is some evidence, best first.
    pub matches: Vec<Comparison>,
    /// How many bases were compared; `None` if all were.
    pub examined: Option<Examined>,
}

/// The bases of a registry and, if there are many, their index.
pub struct Candidates<'a, B> {
    bases: Vec<&'a B>,
    held: Held,
}

enum Held {
    /// All fingerprints of a small registry.
    Prints(Vec<Fingerprint>),
    /// The records of a large one.
    Index(Index),
}

impl<'a> Candidates<'a, Base> {
    /// All bases of registries, with an index in the cache named after the places where they are.
    pub fn of_registry(registry: &'a Registry, cache: Option<&Cache>) -> Result<Self, RegistryError> {
        let places: BTreeSet<String> = registry.list().map(Base::store_name).collect();
        let places: Vec<String> = places.into_iter().collect();
        let name = HEXLOWER.encode(&Sha256::digest(places.join("\n").as_bytes()));
        let file = cache.map(|cache| cache.index_file(&name));
        Self::open(registry.list().collect(), file.as_deref())
    }
}

impl<'a, B: KnownBase> Candidates<'a, B> {
    /// Reads the bases of a small registry, or the index of a large one. Records that the file lacks are made and added
    /// to it; without a file they are made every time.
    pub fn open(bases: Vec<&'a B>, file: Option<&Path>) -> Result<Self, RegistryError> {
        let held = if bases.len() <= EVERY {
            Held::Prints(bases.par_iter().map(|base| base.fingerprint()).collect::<Result<_, _>>()?)
        } else {
            let keys: Vec<Key> = bases.iter().map(|base| key(base.digest())).collect();
            let make = |at: usize| {
                bases
                    .get(at)
                    .map_or(Ok(Record::default()), |base: &&B| base.fingerprint().map(|print| Record::of(&print)))
            };
            Held::Index(Index::open(file, &keys, make)?)
        };
        Ok(Self { bases, held })
    }

    /// Number of bases.
    pub fn len(&self) -> usize {
        self.bases.len()
    }

    /// Whether there is no base.
    pub fn is_empty(&self) -> bool {
        self.bases.is_empty()
    }

    /// Compares a suspect with every base that is not ruled out, with those of the ids in `always` in any case, and with the
    /// relatives of whatever shows anything.
    pub fn search(&self, suspect: &Fingerprint, always: &[String]) -> Result<Found, RegistryError> {
        let (among, mut examined) = self.among(suspect, always);
        let mut seen: BTreeSet<usize> = among.iter().map(|(at, _)| *at).collect();
        let relatives = |shown: &[usize]| self.relatives(shown, &mut seen);
        let matches = search_among(suspect, self.bases.len(), &among, |at| self.print(at), relatives)?;
        if let Some(examined) = &mut examined {
            examined.compared = seen.len();
            examined.ruled_out = examined.known - seen.len();
        }
        Ok(Found { matches, examined: examined.filter(|examined| examined.ruled_out > 0) })
    }

    /// The bases beside those in `seen` that are relatives of some by their records. A laundered copy of one of a family
    /// shows little of itself; the family knows one another.
    fn relatives(&self, of: &[usize], seen: &mut BTreeSet<usize>) -> Result<Vec<(usize, &'a str)>, RegistryError> {
        let Held::Index(index) = &self.held else { return Ok(Vec::new()) };
        let mut more = Vec::new();
        for at in of {
            let relatives = Plain::of(&self.print(*at)?).relatives(&index.records);
            more.extend(relatives.into_iter().filter(|other| seen.insert(*other)));
        }
        Ok(more.into_iter().filter_map(|at| self.bases.get(at).map(|base| (at, base.id()))).collect())
    }

    /// The bases that what was read of a suspect, a few matrices (see [`crate::fingerprint::glance`]), shows descent from.
    /// None means nothing.
    pub fn glance(&self, suspect: &Fingerprint) -> Result<Found, RegistryError> {
        let (among, examined) = self.among(suspect, &[]);
        let matches = glanced_among(suspect, self.bases.len(), &among, |at| self.print(at))?;
        Ok(Found { matches, examined })
    }

    /// The bases that are not ruled out, by number and id, and how many that are of how many.
    fn among(&self, suspect: &Fingerprint, always: &[String]) -> (Vec<(usize, &'a str)>, Option<Examined>) {
        let named = |at: &usize| self.bases.get(*at).is_some_and(|base| is_among(base.id(), always));
        let (kept, signals) = match &self.held {
            Held::Prints(prints) => ((0..prints.len()).collect(), Vec::new()),
            Held::Index(index) => {
                let choice = Asked::of(suspect).choose(&index.records);
                let mut kept = choice.kept;
                kept.extend((0..self.bases.len()).filter(named));
                kept.sort_unstable();
                kept.dedup();
                (kept, choice.signals)
            }
        };
        let ids: Vec<(usize, &'a str)> =
            kept.iter().filter_map(|at| self.bases.get(*at).map(|base| (*at, base.id()))).collect();
        let examined = Examined {
            known: self.bases.len(),
            compared: ids.len(),
            ruled_out: self.bases.len() - ids.len(),
            by: signals.into_iter().map(Signal::name).map(str::to_owned).collect(),
        };
        let some = examined.ruled_out > 0;
        (ids, some.then_some(examined))
    }

    fn print(&self, at: usize) -> Result<Fingerprint, RegistryError> {
        match &self.held {
            Held::Prints(prints) => Ok(prints.get(at).cloned().unwrap_or_default()),
            Held::Index(_) => self.bases.get(at).map_or(Ok(Fingerprint::default()), |base| base.fingerprint()),
        }
    }
}

fn is_among(id: &str, always: &[String]) -> bool {
    always.iter().any(|other| other.eq_ignore_ascii_case(id))
}

/// The bytes of a SHA-256 in hex; zeros for what is none, which a registry does not hold.
fn key(hex: &str) -> Key {
    HEXLOWER.decode(hex.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok()).unwrap_or_default()
}
