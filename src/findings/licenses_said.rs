// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What is said of one model's license, by whom, and whether it agrees: for `license-conflict`.
//!
//! In: facts. Out: [`Statement`]s of a model. Statements disagree only where both are understood and have no license in
//! common; what is not understood accuses nobody.

use std::collections::{BTreeMap, BTreeSet};

use crate::documents::{Card, LicenseFile};
use crate::licenses::{Expression, Reading, lookup_address, lookup_all, readings, spdx_id};

use super::facts::{Facts, ModelFacts};

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaker {
    Card,
    Policy,
    Metadata,
    Reuse,
    Link,
    File,
}

/// What somebody says of a model's license.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    pub(super) speaker: Speaker,
    pub(super) path: String,
    pub(super) line: Option<u32>,
    /// A sentence without its subject: `says license mit`.
    pub(super) says: String,
    /// Ids of the licenses that it may mean.
    means: BTreeSet<String>,
    /// Whether it speaks of a text with changes, by whatever name.
    modified: bool,
}

impl Statement {
    fn new(speaker: Speaker, path: &str, line: Option<u32>, field: &str, value: &str) -> Option<Self> {
        let modified = value.to_ascii_lowercase().contains("modif");
        let says = format!("says {field} {value}");
        Some(Self { speaker, path: path.to_owned(), line, says, means: understood(value)?, modified })
    }

    pub(super) fn disagrees(&self, other: &Self) -> bool {
        self.means.is_disjoint(&other.means) && !(self.modified && other.modified)
    }

    /// `README.md:2 says license mit`.
    pub(super) fn told(&self) -> String {
        match self.line {
            Some(line) => format!("{}:{line} {}", self.path, self.says),
            None => format!("{} {}", self.path, self.says),
        }
    }
}

/// Everything that is said of a model's license; what is said first is what the others are compared with.
/// `texts` keeps what the license texts of a card say, which all models of the card share.
pub(super) fn statements<'a>(
    facts: &Facts<'a>,
    model: &ModelFacts,
    texts: &mut BTreeMap<&'a str, Vec<Statement>>,
) -> Vec<Statement> {
    let mut said = Vec::new();
    let card = facts.documents.card_for(&model.path);
    if let Some((card, claim)) = card.and_then(|card| Some((card, card.license_id()?))) {
        said.extend(Statement::new(Speaker::Card, &card.path, Some(claim.line), "license", &claim.value));
    }
    if let Some(license) = &facts.declared.release.license {
        said.extend(Statement::new(Speaker::Policy, "policy.toml", None, "license", license));
    }
    let metadata = model.licenses.iter();
    said.extend(metadata.filter_map(|(key, value)| Statement::new(Speaker::Metadata, &model.path, None, key, value)));
    for path in &model.files {
        let licensing = facts.documents.licensing_of(path, None);
        let stated = licensing.licenses.iter();
        said.extend(stated.filter_map(|stated| {
            Statement::new(
                Speaker::Reuse,
                stated.path,
                None,
                &format!("of {path} SPDX-License-Identifier"),
                stated.value,
            )
        }));
    }
    if let Some(card) = card {
        let of_card = || link(facts, card).into_iter().chain(file(facts, card)).collect();
        said.extend(texts.entry(&card.path).or_insert_with(of_card).iter().cloned());
    }
    said
}

/// Ids of the licenses that a value may mean; `None`: not understood, so nothing can be said.
fn understood(value: &str) -> Option<BTreeSet<String>> {
    let named = lookup_all(value);
    if !named.is_empty() {
        return Some(named.into_iter().map(|license| license.id.clone()).collect());
    }
    let expression = Expression::parse(value).ok()?;
    let mut ids = BTreeSet::new();
    for term in expression.terms() {
        let data = term.data();
        ids.extend(data.iter().map(|license| license.id.clone()));
        if data.is_empty() {
            ids.insert(spdx_id(&term.id)?.to_ascii_lowercase());
        }
    }
    Some(ids)
}

/// `license_link`: a file of the tree, or the address of a license that is known.
fn link(facts: &Facts, card: &Card) -> Option<Statement> {
    let claim = card.license_link.as_ref()?;
    let value = claim.value.trim();
    let says = format!("says license_link {value}");
    let folder = card.path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
    let path = format!("{folder}{}", value.trim_start_matches("./"));
    let linked = facts.documents.licenses.iter().find(|file| file.path == path);
    let (says, means, modified) = if let Some(file) = linked {
        let found = readings(&file.text);
        let (means, modified) = meanings(&found)?;
        (format!("{says}, which reads as {}", told(&found)), means, modified)
    } else {
        let known = lookup_address(value);
        (says, known.iter().map(|license| license.id.clone()).collect::<BTreeSet<_>>(), false)
    };
    let statement =
        Statement { speaker: Speaker::Link, path: card.path.clone(), line: Some(claim.line), says, means, modified };
    (!statement.means.is_empty()).then_some(statement)
}

/// The license file beside the card. Others under other names, or under LICENSES/, are there for other parts.
fn file(facts: &Facts, card: &Card) -> Option<Statement> {
    let folder = |path: &str| path.rsplit_once('/').map(|(folder, _)| folder.to_owned());
    let name = |file: &LicenseFile| file.path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let plain = ["license", "licence", "license.txt", "licence.txt", "license.md", "licence.md", "copying"];
    let own = |file: &&LicenseFile| folder(&file.path) == folder(&card.path);
    let file = facts.documents.licenses.iter().filter(own).find(|file| plain.contains(&name(file).as_str()))?;
    let found = readings(&file.text);
    let (mut means, modified) = meanings(&found)?;
    // The card's license may be one of several whose texts stand beside each other.
    for other in facts.documents.licenses_for(&card.path).filter(|other| other.path != file.path) {
        means.extend(meanings(&readings(&other.text)).map(|(means, _)| means).unwrap_or_default());
    }
    let says = format!("reads as {}", told(&found));
    Some(Statement { speaker: Speaker::File, path: file.path.clone(), line: None, says, means, modified })
}

/// What a text means. A plain license with changes is not that license; a model license with changes may be another
/// version of it.
fn meanings(found: &[Reading]) -> Option<(BTreeSet<String>, bool)> {
    let changed = |reading: &&Reading| !reading.is_plain() && spdx_id(&reading.spdx).is_some();
    let id = |reading: &Reading| match reading.license {
        Some(license) if !changed(&reading) => license.id.clone(),
        _ => reading.id().to_ascii_lowercase(),
    };
    // What differs in a way that cannot be shown accuses nobody.
    if found.is_empty() || found.iter().any(|reading| reading.differs) {
        return None;
    }
    let listed = found
        .iter()
        .filter_map(|reading| reading.listed)
        .map(|id| lookup_all(id).first().map_or_else(|| id.to_ascii_lowercase(), |license| license.id.clone()));
    Some((found.iter().map(id).chain(listed).collect(), found.iter().any(|reading| changed(&reading))))
}

fn told(found: &[Reading]) -> String {
    found.iter().map(Reading::said).collect::<Vec<_>>().join(", and ")
}
