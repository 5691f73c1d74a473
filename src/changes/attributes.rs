// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `.gitattributes` of one commit → does `filter=lfs` apply to a path?

use gix::ObjectId;
use gix::attrs::StateRef;
use gix::attrs::search::Outcome;
use gix::bstr::{BStr, BString, ByteSlice};
use gix::worktree::stack::state::attributes::Source;

use super::files::is_safe;
use super::{ChangesError, trees};

/// Name of the files that hold attributes.
pub(super) const FILE_NAME: &str = ".gitattributes";

/// The attributes of one tree or index.
pub(super) struct Attributes<'repo> {
    stack: gix::AttributeStack<'repo>,
    outcome: Outcome,
}

impl<'repo> Attributes<'repo> {
    /// Takes the `.gitattributes` files by path and blob id.
    ///
    /// gix reads them through an index; one that holds nothing else costs next to nothing, whatever the tree's size.
    pub(super) fn new(
        repo: &'repo gix::Repository,
        files: impl IntoIterator<Item = (BString, ObjectId)>,
    ) -> Result<Self, ChangesError> {
        let mut index = gix::index::State::new(repo.object_hash());
        for (path, id) in files {
            let (stat, flags) = (gix::index::entry::Stat::default(), gix::index::entry::Flags::empty());
            index.dangerously_push_entry(stat, id, flags, gix::index::entry::Mode::FILE, path.as_bstr());
        }
        index.sort_entries();
        let stack = repo.attributes_only(&index, Source::IdMapping);
        let stack = stack.map_err(|error| ChangesError::metadata("git attributes", error))?;
        let outcome = stack.selected_attribute_matches(["filter"]);
        Ok(Self { stack, outcome })
    }

    /// Takes those files of the tree `root` that can concern `paths`.
    pub(super) fn of_tree<'paths>(
        repo: &'repo gix::Repository,
        root: ObjectId,
        paths: impl IntoIterator<Item = &'paths BStr>,
    ) -> Result<Self, ChangesError> {
        let mut folders = vec![BString::default()];
        for path in paths {
            folders.extend(path.find_iter("/").map(|end| BString::from(path.get(..end).unwrap_or_default())));
        }
        folders.sort_unstable();
        folders.dedup();
        let mut files = Vec::new();
        for mut path in folders {
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(FILE_NAME.as_bytes());
            if let Some((id, mode)) = trees::find(repo, root, path.as_bstr())?
                && mode.is_blob()
            {
                files.push((path, id));
            }
        }
        Self::new(repo, files)
    }

    /// Whether the path's `filter` attribute is `lfs`.
    pub(super) fn is_lfs(&mut self, path: &BStr) -> Result<bool, ChangesError> {
        if !is_safe(path) {
            return Ok(false);
        }
        let failed = |error: gix::Error| ChangesError::metadata("git attributes", error);
        self.outcome.reset();
        let platform = self.stack.at_entry(path, Some(gix::index::entry::Mode::FILE)).map_err(failed)?;
        platform.matching_attributes(&mut self.outcome);
        Ok(self.outcome.iter_selected().any(|found| match found.assignment.state {
            StateRef::Value(value) => value.as_bstr() == "lfs",
            _ => false,
        }))
    }
}

/// Whether `path` names a file with attributes.
pub(super) fn is_attributes_file(path: &BStr) -> bool {
    path == FILE_NAME || path.ends_with(b"/.gitattributes")
}
