// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Commits → the versions they bring; two trees → how they differ.

use std::collections::{BTreeMap, HashSet};

use gix::ObjectId;
use gix::bstr::{BString, ByteSlice};
use gix::objs::tree::EntryMode;

use super::ChangesError;
use super::history::Commit;
use super::trees::{self, Entry, at_path, tree_of};

/// Versions brought by the range, by path and blob.
pub(super) type Introduced = BTreeMap<(BString, ObjectId), Brought>;

/// How a version came in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Brought {
    pub(super) mode: EntryMode,
    /// First commit that has it.
    pub(super) commit: ObjectId,
    /// Place of that commit in the range, oldest first.
    pub(super) order: usize,
}

/// A commit brings the versions that none of its parents has: a clean merge brings nothing, an evil one does.
pub(super) fn introduced(local: &gix::Repository, commits: &[Commit]) -> Result<Introduced, ChangesError> {
    let mut introduced = Introduced::new();
    for (order, commit) in commits.iter().rev().enumerate() {
        let tree = tree_of(local, commit.id)?;
        let mut parents = commit.parents.iter().map(|parent| tree_of(local, *parent));
        let mut changes = trees::diff(local, parents.next().transpose()?, tree)?;
        for parent in parents {
            if changes.is_empty() {
                break;
            }
            let other: HashSet<BString> =
                trees::diff(local, Some(parent?), tree)?.into_iter().map(|change| change.path).collect();
            changes.retain(|change| other.contains(&change.path));
        }
        for change in changes {
            if let Some((id, mode)) = change.after {
                introduced.entry((change.path, id)).or_insert(Brought { mode, commit: commit.id, order });
            }
        }
    }
    Ok(introduced)
}

/// How the published tree differs from the base side.
#[derive(Debug, Default)]
pub(super) struct Differences {
    /// Paths whose content is new or changed → what was there before.
    pub(super) present: BTreeMap<BString, Option<(ObjectId, EntryMode)>>,
    /// Paths of the base side that are gone.
    pub(super) removed: BTreeMap<BString, (ObjectId, EntryMode)>,
}

impl Differences {
    pub(super) fn of_trees(changes: Vec<trees::Change>) -> Self {
        let mut all = Self::default();
        for change in changes {
            match (change.before, change.after) {
                // A change of the mode alone changes no content.
                (Some((before, _)), Some((after, _))) if before == after => {}
                (before, Some(_)) => {
                    let held = all.removed.remove(&change.path);
                    all.present.insert(change.path, before.or(held));
                }
                (Some(before), None) => {
                    if let Some(held) = all.present.get_mut(&change.path) {
                        *held = Some(before);
                    } else {
                        all.removed.insert(change.path, before);
                    }
                }
                (None, None) => {}
            }
        }
        all
    }

    pub(super) fn of_listings(before: &[Entry], after: &[Entry]) -> Self {
        let mut all = Self::default();
        for entry in after {
            let held = at_path(before, entry.path.as_bstr());
            if held.is_none_or(|held| held.id != entry.id) {
                all.present.insert(entry.path.clone(), held.map(|held| (held.id, held.mode)));
            }
        }
        for entry in before {
            if at_path(after, entry.path.as_bstr()).is_none() {
                all.removed.insert(entry.path.clone(), (entry.id, entry.mode));
            }
        }
        all
    }
}
