// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Trees → paths, and what differs between two trees. Both are bounded: a few small objects can spell out more paths
//! than any memory holds.

use gix::ObjectId;
use gix::bstr::{BStr, BString, ByteSlice};
use gix::diff::tree::{Recorder, State, Visit, recorder, visit};
use gix::objs::TreeRefIter;
use gix::objs::tree::EntryMode;

use super::ChangesError;

/// Most paths listed in one tree, or found to differ between two.
const PATH_COUNT: usize = 4_000_000;
/// Longest path in bytes; Linux itself stops at 4096.
const PATH_BYTES: usize = 16 << 10;

/// A file, symbolic link or submodule in a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) path: BString,
    pub(super) id: ObjectId,
    pub(super) mode: EntryMode,
}

/// One path that differs between two trees.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) path: BString,
    pub(super) before: Option<(ObjectId, EntryMode)>,
    pub(super) after: Option<(ObjectId, EntryMode)>,
}

/// Lists everything below the tree `root`, ordered by path; `prefix` is put before every path.
pub(super) fn list(repo: &gix::Repository, root: ObjectId, prefix: &BStr) -> Result<Vec<Entry>, ChangesError> {
    let mut entries = Vec::new();
    let mut pending = vec![(prefix.to_owned(), root)];
    let mut seen = 0;
    while let Some((folder, id)) = pending.pop() {
        let tree = repo.find_tree(id).map_err(|error| ChangesError::object("tree", id, error))?;
        for entry in tree.iter() {
            let entry = entry.map_err(|error| ChangesError::object("tree", id, error))?;
            let mut path = folder.clone();
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(entry.filename());
            seen += 1;
            if seen > PATH_COUNT || path.len() > PATH_BYTES {
                return Err(too_large(root));
            }
            if entry.mode().is_tree() {
                pending.push((path, entry.object_id()));
            } else {
                entries.push(Entry { path, id: entry.object_id(), mode: entry.mode() });
            }
        }
    }
    entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(entries)
}

/// Finds the entry at `path` below the tree `root`.
pub(super) fn find(
    repo: &gix::Repository,
    root: ObjectId,
    path: &BStr,
) -> Result<Option<(ObjectId, EntryMode)>, ChangesError> {
    let failed = |error: gix::Error| ChangesError::object("tree", root, error);
    let entry = repo.find_tree(root).map_err(failed)?.lookup_entry(path.split_str("/")).map_err(failed)?;
    Ok(entry.map(|entry| (entry.object_id(), entry.mode())))
}

/// The entry at `path` in a list ordered by path.
pub(super) fn at_path<'a>(entries: &'a [Entry], path: &BStr) -> Option<&'a Entry> {
    let index = entries.binary_search_by(|entry| entry.path.as_bstr().cmp(path)).ok()?;
    entries.get(index)
}

/// The tree of a commit.
pub(super) fn tree_of(local: &gix::Repository, commit: ObjectId) -> Result<ObjectId, ChangesError> {
    let tree = local.find_commit(commit).and_then(|commit| commit.tree_id().map(gix::Id::detach));
    tree.map_err(|error| ChangesError::object("commit", commit, error))
}

/// Compares two trees (`None`: nothing at all), in the order of the trees. Equal subtrees are not entered.
pub(super) fn diff(
    repo: &gix::Repository,
    before: Option<ObjectId>,
    after: ObjectId,
) -> Result<Vec<Change>, ChangesError> {
    let data = |id: ObjectId| match repo.find_tree(id) {
        Ok(tree) => Ok(tree.data.clone()),
        Err(error) => Err(ChangesError::object("tree", id, error)),
    };
    let old = before.map(data).transpose()?.unwrap_or_default();
    let new = data(after)?;
    let hash = repo.object_hash();
    let mut delegate = Bounded { inner: Recorder::default(), overflow: false };
    let old = TreeRefIter::from_bytes(&old, hash);
    let new = TreeRefIter::from_bytes(&new, hash);
    let outcome = gix::diff::tree(old, new, State::default(), &repo.objects, &mut delegate);
    if delegate.overflow {
        return Err(too_large(after));
    }
    outcome.map_err(|error| ChangesError::object("tree", after, error))?;
    Ok(delegate.inner.records.into_iter().filter_map(change).collect())
}

fn change(record: recorder::Change) -> Option<Change> {
    let file = |id, mode: EntryMode| (!mode.is_tree()).then_some((id, mode));
    let change = match record {
        recorder::Change::Addition { entry_mode, oid, path, .. } => {
            Change { path, before: None, after: file(oid, entry_mode) }
        }
        recorder::Change::Deletion { entry_mode, oid, path, .. } => {
            Change { path, before: file(oid, entry_mode), after: None }
        }
        recorder::Change::Modification { previous_entry_mode, previous_oid, entry_mode, oid, path } => {
            Change { path, before: file(previous_oid, previous_entry_mode), after: file(oid, entry_mode) }
        }
    };
    (change.before.is_some() || change.after.is_some()).then_some(change)
}

fn too_large(id: ObjectId) -> ChangesError {
    ChangesError::TooLarge { id: id.to_string(), limit: PATH_COUNT, path_limit: PATH_BYTES }
}

/// A recorder that gives up beyond the limits.
struct Bounded {
    inner: Recorder,
    overflow: bool,
}

impl Visit for Bounded {
    fn pop_front_tracked_path_and_set_current(&mut self) {
        self.inner.pop_front_tracked_path_and_set_current();
    }

    fn push_back_tracked_path_component(&mut self, component: &BStr) {
        self.inner.push_back_tracked_path_component(component);
    }

    fn push_path_component(&mut self, component: &BStr) {
        self.inner.push_path_component(component);
    }

    fn pop_path_component(&mut self) {
        self.inner.pop_path_component();
    }

    fn visit(&mut self, change: visit::Change) -> visit::Action {
        if self.inner.records.len() >= PATH_COUNT || self.inner.path().len() > PATH_BYTES {
            self.overflow = true;
            return std::ops::ControlFlow::Break(());
        }
        self.inner.visit(change)
    }
}
