// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The texts of a tree while they are edited: what was read, and what stands there now.
//!
//! In: a snapshot. Out: patches. A file that is not plain UTF-8 text is refused by name.

use std::collections::{BTreeMap, BTreeSet};

use crate::changes::{FileState, Snapshot};
use crate::findings::Rule;

use super::settle::Patch;

/// Longest text that is edited, in bytes; the same as the longest document that is read.
const LONGEST: usize = 2 << 20;

/// The texts of a tree while they are edited.
pub(super) struct Working<'a> {
    tree: &'a Snapshot,
    edited: BTreeMap<String, Patch>,
    count: usize,
}

impl<'a> Working<'a> {
    pub(super) fn new(tree: &'a Snapshot) -> Self {
        Self { tree, edited: BTreeMap::new(), count: 0 }
    }

    /// The text as it stands now; `None`: there is no such file. An error says why it is not edited.
    pub(super) fn text(&self, path: &str) -> Result<Option<String>, String> {
        match self.edited.get(path) {
            Some(patch) => Ok(Some(patch.after.clone())),
            None => self.original(path),
        }
    }

    /// Sets the text of a file, which may be new.
    pub(super) fn set(&mut self, path: &str, after: String, rule: Rule) -> Result<(), String> {
        if let Some(patch) = self.edited.get_mut(path) {
            self.count += usize::from(patch.after != after);
            patch.after = after;
            patch.rules.insert(rule);
            return Ok(());
        }
        let before = self.original(path)?;
        if before.as_ref() != Some(&after) {
            self.count += 1;
            let patch = Patch { path: path.to_owned(), before, after, rules: BTreeSet::from([rule]) };
            self.edited.insert(path.to_owned(), patch);
        }
        Ok(())
    }

    /// Paths and texts of the files that were edited.
    pub(super) fn edited(&self) -> impl Iterator<Item = (&str, &str)> {
        self.edited.values().map(|patch| (patch.path.as_str(), patch.after.as_str()))
    }

    /// Whether a file is not as it was read.
    pub(super) fn is_edited(&self, path: &str) -> bool {
        self.edited.contains_key(path)
    }

    /// How many edits were made.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn patches(self) -> Vec<Patch> {
        self.edited.into_values().collect()
    }

    fn original(&self, path: &str) -> Result<Option<String>, String> {
        let tip = || self.tree.files.iter().filter(|file| file.at_tip);
        let Some(file) = tip().find(|file| file.path == path) else {
            let mut above =
                tip().filter(|file| path.strip_prefix(&file.path).is_some_and(|rest| rest.starts_with('/')));
            return match above.next() {
                Some(file) => Err(format!("{} is no folder, so {path} cannot be written", file.path)),
                None => Ok(None),
            };
        };
        let content = match &file.state {
            FileState::Present(content) if file.lfs.is_none() => content,
            FileState::Present(_) | FileState::MissingLfs => return Err(format!("{path} is stored through Git LFS")),
            FileState::NotAFile(what) => return Err(format!("{path} is a {what} and is not followed")),
        };
        let bytes = content.read(LONGEST).map_err(|error| format!("{path} cannot be read: {error}"))?;
        String::from_utf8(bytes).map(Some).map_err(|_| format!("{path} is not UTF-8, so it is not edited"))
    }
}
