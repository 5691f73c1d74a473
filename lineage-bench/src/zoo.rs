// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A folder of models of known ancestry.
//!
//! In: a folder of folders, each with a `zoo.json` (`parents`, `relation`). Out: members and the kinship of any two.
//! A relation that says "no weight lineage" (a distilled student) or "same-initialisation" names a parent whose trained
//! weights were not taken.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use crate::error::Error;
use crate::read::json;

/// A model of the zoo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Name of its folder.
    pub name: String,
    /// Its folder.
    pub path: PathBuf,
    /// How it was made, in words.
    pub relation: String,
    /// Models whose trained weights it started from.
    parents: Vec<String>,
    /// The model whose initialisation it shares, and no more.
    initialisation: Option<String>,
}

/// Models of known ancestry, by name.
#[derive(Clone, Debug, Default)]
pub struct Zoo {
    members: BTreeMap<String, Member>,
}

/// What a suspect is to a base.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kinship {
    /// It is the base, or was made from its trained weights.
    Descends,
    /// Both were made from trained weights of a third, or the base from the suspect.
    Relative,
    /// The same initialisation, trained apart.
    SameInitialisation,
    /// Trained apart from independent initialisations.
    Unrelated,
}

impl Zoo {
    /// Reads the members of one or more folders, as one zoo.
    pub fn read(folders: &[impl AsRef<Path>]) -> Result<Self, Error> {
        let mut members = BTreeMap::new();
        for folder in folders.iter().map(AsRef::as_ref) {
            let before = members.len();
            let entries = fs::read_dir(folder).map_err(|error| Error::io(folder, error))?;
            for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
                let facts = path.join("zoo.json");
                let (Some(name), true) = (path.file_name().and_then(|name| name.to_str()), facts.is_file()) else {
                    continue;
                };
                members.insert(name.to_owned(), member(name, &path, &json(&facts)?));
            }
            if members.len() == before {
                return Err(Error::Nothing(format!("{} has no folders with a zoo.json", folder.display())));
            }
        }
        Ok(Self { members })
    }

    /// Every member, by name.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    /// The member of this name.
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.members.get(name)
    }

    /// Members that start from nothing and that others were made from.
    pub fn bases(&self) -> Vec<&Member> {
        let used: BTreeSet<&String> = self.members().flat_map(|member| &member.parents).collect();
        self.members().filter(|member| member.parents.is_empty() && used.contains(&member.name)).collect()
    }

    /// What `suspect` is to `base`.
    pub fn kinship(&self, base: &Member, suspect: &Member) -> Kinship {
        if suspect == base || self.ancestors(suspect).contains(&base.name) {
            return Kinship::Descends;
        }
        let (ours, theirs) = (self.roots(base), self.roots(suspect));
        if !ours.is_disjoint(&theirs) {
            return Kinship::Relative;
        }
        if self.initialisations(&ours).is_disjoint(&self.initialisations(&theirs)) {
            Kinship::Unrelated
        } else {
            Kinship::SameInitialisation
        }
    }

    /// Models that were trained from nothing and whose trained weights a member comes from.
    pub fn roots(&self, member: &Member) -> BTreeSet<String> {
        let mut line = self.ancestors(member);
        line.insert(member.name.clone());
        line.retain(|name| self.member(name).is_none_or(|member| member.parents.is_empty()));
        line
    }

    fn ancestors(&self, member: &Member) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut pending = member.parents.clone();
        while let Some(name) = pending.pop() {
            if found.insert(name.clone())
                && let Some(parent) = self.member(&name)
            {
                pending.extend(parent.parents.iter().cloned());
            }
        }
        found
    }

    fn initialisations(&self, roots: &BTreeSet<String>) -> BTreeSet<String> {
        let origin = |root: &String| self.member(root)?.initialisation.clone();
        roots.iter().map(|root| origin(root).unwrap_or_else(|| root.clone())).collect()
    }
}

fn member(name: &str, path: &Path, facts: &Value) -> Member {
    let relation = facts.get("relation").and_then(Value::as_str).unwrap_or_default().to_owned();
    let named = facts.get("parents").and_then(Value::as_array).into_iter().flatten();
    let named: Vec<String> = named.filter_map(|parent| Some(parent.as_str()?.to_owned())).collect();
    let same_start = relation.starts_with("same-initialisation");
    let taken = !same_start && !relation.contains("no weight lineage");
    Member {
        name: name.to_owned(),
        path: path.to_owned(),
        initialisation: if same_start { named.first().cloned() } else { None },
        parents: if taken { named } else { Vec::new() },
        relation,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn kinship_follows_trained_weights() {
        let folder = tempfile::tempdir().unwrap();
        let facts = [
            ("A", r#"{"parents":[],"relation":"base"}"#),
            ("B", r#"{"parents":[],"relation":"base"}"#),
            ("A-sft", r#"{"parents":["A"],"relation":"finetune"}"#),
            ("A-cpt", r#"{"parents":["A"],"relation":"continued-pretraining"}"#),
            ("A-merge", r#"{"parents":["A-sft","A-cpt"],"relation":"merge"}"#),
            ("A-distil", r#"{"parents":["A"],"relation":"distilled-student (no weight lineage)"}"#),
            ("A-reseed", r#"{"parents":["A"],"relation":"same-initialisation, trained apart"}"#),
        ];
        for (name, text) in facts {
            fs::create_dir(folder.path().join(name)).unwrap();
            fs::write(folder.path().join(name).join("zoo.json"), text).unwrap();
        }
        let zoo = Zoo::read(&[folder.path()]).unwrap();
        let kinship = |base, suspect| zoo.kinship(zoo.member(base).unwrap(), zoo.member(suspect).unwrap());
        assert_eq!(kinship("A", "A-merge"), Kinship::Descends);
        assert_eq!(kinship("A-sft", "A"), Kinship::Relative);
        assert_eq!(kinship("A-sft", "A-cpt"), Kinship::Relative);
        assert_eq!(kinship("A", "A-distil"), Kinship::Unrelated);
        assert_eq!(kinship("A-cpt", "A-reseed"), Kinship::SameInitialisation);
        assert_eq!(kinship("B", "A-cpt"), Kinship::Unrelated);
        let bases: Vec<&str> = zoo.bases().iter().map(|base| base.name.as_str()).collect();
        assert_eq!(bases, ["A"]);
        assert!(Zoo::read(&[folder.path().join("A")]).is_err());
    }
}
