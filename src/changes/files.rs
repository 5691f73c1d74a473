// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A tree entry → a [`File`]: size without inflating, LFS pointers resolved, links named and not followed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use gix::ObjectId;
use gix::bstr::{BStr, ByteSlice};
use gix::objs::tree::{EntryKind, EntryMode};

use super::lfs::{self, Lookup};
use super::snapshot::shown;
use super::{ChangesError, Content, File, FileState, LfsPointer, Problem, ProblemKind, Repository, blobs};

/// Longest target of a symbolic link (Linux: `PATH_MAX`).
const LONGEST_LINK: u64 = 4096;
/// Bytes of a commit or tag up to which its message is a message.
const MESSAGE: u64 = 8 << 10;

/// Blobs that were met before: the refs of one push hold mostly the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Known(Arc<Mutex<HashMap<ObjectId, (u64, Content)>>>);

impl Known {
    fn get(&self, id: &ObjectId) -> Option<(u64, Content)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    fn add(&self, id: ObjectId, size: u64, content: &Content) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id, (size, content.clone()));
    }
}

/// Makes files of one repository, gathering what could not be read.
pub(super) struct Files<'repo> {
    repository: &'repo Repository,
    local: &'repo gix::Repository,
    store: lfs::Store,
    /// Blobs outside the range that are not here (a partial clone); said once, not once a file.
    absent: u64,
    known: Known,
    pub(super) problems: Vec<Problem>,
}

/// One version of one path.
pub(super) struct Version<'path> {
    pub(super) path: &'path BStr,
    pub(super) id: ObjectId,
    pub(super) mode: EntryMode,
    pub(super) introduced: bool,
    pub(super) at_tip: bool,
    pub(super) commit: Option<ObjectId>,
    pub(super) lfs_attribute: bool,
    pub(super) previous: Option<Content>,
}

impl<'repo> Files<'repo> {
    pub(super) fn new(
        repository: &'repo Repository,
        local: &'repo gix::Repository,
        known: &Known,
    ) -> Result<Self, ChangesError> {
        let (store, known) = (repository.lfs_store()?, known.clone());
        Ok(Self { repository, local, store, absent: 0, known, problems: Vec::new() })
    }

    /// Makes the file; `None` if its path cannot stand in a work tree, which is a problem of its own.
    pub(super) fn file(&mut self, version: Version<'_>) -> Option<File> {
        let path = shown(&version.path.to_str_lossy());
        if !is_safe(version.path) {
            self.unreadable(path, "the path could leave the repository when checked out", "remove it from the history");
            return None;
        }
        let mut file = File {
            path,
            id: version.id.to_string(),
            size: 0,
            state: FileState::NotAFile("submodule"),
            lfs: None,
            lfs_attribute: version.lfs_attribute,
            introduced: version.introduced,
            at_tip: version.at_tip,
            previous: version.previous,
            commit: version.commit.map(|id| id.to_string()),
        };
        match version.mode.kind() {
            EntryKind::Blob | EntryKind::BlobExecutable => self.fill(&mut file, version.id),
            // What calls itself a link and is longer than any path is a file.
            EntryKind::Link => match self.local.find_header(version.id) {
                Ok(header) if header.size() <= LONGEST_LINK => file.state = FileState::NotAFile("symbolic link"),
                _ => self.fill(&mut file, version.id),
            },
            EntryKind::Commit | EntryKind::Tree => {}
        }
        Some(file)
    }

    /// A commit or tag that carries more than a message: a file of its own, since it is published like one.
    pub(super) fn carried(&mut self, kind: &str, id: ObjectId) -> Option<File> {
        let path = format!("{kind} {id}");
        match self.local.find_header(id) {
            Ok(header) if header.size() <= MESSAGE => None,
            Ok(_) => match self.local.find_object(id) {
                Ok(object) => {
                    let bytes = object.detach().data;
                    let size = bytes.len() as u64;
                    let file = File::present(path, id.to_string(), size, Content::memory(bytes));
                    Some(File { at_tip: false, ..file })
                }
                Err(error) => {
                    self.unreadable(path, &error.to_string(), "run git fsck, then fetch what is missing");
                    None
                }
            },
            // A commit that cannot be read is an error where its tree is asked for.
            Err(_) => None,
        }
    }

    /// The bytes of a blob outside the published files (base side, previous version): of the LFS object if it is
    /// here, else of the blob itself.
    pub(super) fn content(&self, id: ObjectId, mode: EntryMode) -> Option<Content> {
        if !mode.is_blob() {
            return None;
        }
        let size = self.local.find_header(id).ok().map(|header| header.size())?;
        if let Some(pointer) = self.pointer(id, size)
            && let Lookup::Found(path) = self.store.find(&pointer)
        {
            return Some(Content::Disk(path));
        }
        Some(blobs::lazy(&self.repository.shared, id, size))
    }

    /// Ends the work: one problem for all blobs outside the range that are not here.
    pub(super) fn finish(mut self) -> Vec<Problem> {
        if self.absent > 0 {
            let message = format!("{} of its unchanged files are not in this partial clone", self.absent);
            self.unreadable(
                "the published tree".into(),
                &message,
                "fetch them: git fetch --refetch --filter=blob:limit=1g",
            );
        }
        self.problems
    }

    fn fill(&mut self, file: &mut File, id: ObjectId) {
        // What is a pointer is looked for again: its object may lie here or not.
        if let Some((size, content)) = self.known.get(&id) {
            file.size = size;
            file.state = FileState::Present(content);
            return;
        }
        match self.local.find_header(id) {
            Ok(header) if header.kind() == gix::objs::Kind::Blob => file.size = header.size(),
            Err(_) if !file.introduced => {
                self.absent += 1;
                file.state = FileState::Present(blobs::lazy(&self.repository.shared, id, file.size));
                return;
            }
            other => {
                let reason = other.map_or_else(|error| error.to_string(), |_| "not a blob".to_owned());
                let message = format!("blob {id} cannot be read: {reason}");
                self.unreadable(file.path.clone(), &message, "run git fsck, then fetch what is missing");
                file.state = FileState::Present(blobs::lazy(&self.repository.shared, id, file.size));
                return;
            }
        }
        let Some(pointer) = self.pointer(id, file.size) else {
            let content = blobs::lazy(&self.repository.shared, id, file.size);
            self.known.add(id, file.size, &content);
            file.state = FileState::Present(content);
            return;
        };
        file.id = format!("sha256:{}", pointer.sha256);
        file.size = pointer.size;
        file.state = match self.store.find(&pointer) {
            Lookup::Found(path) => FileState::Present(Content::Disk(path)),
            Lookup::Missing => FileState::MissingLfs,
            Lookup::WrongSize(found) => {
                let message =
                    format!("LFS object {} has {found} bytes here instead of {}", pointer.sha256, pointer.size);
                self.unreadable(file.path.clone(), &message, "delete the damaged object, then run git lfs fetch");
                FileState::MissingLfs
            }
        };
        file.lfs = Some(pointer);
    }

    fn pointer(&self, id: ObjectId, size: u64) -> Option<LfsPointer> {
        if !(lfs::POINTER_MINIMUM..lfs::POINTER_LIMIT).contains(&size) {
            return None;
        }
        lfs::parse(&self.local.find_blob(id).ok()?.data)
    }

    fn unreadable(&mut self, subject: String, message: &str, remedy: &str) {
        let kind = ProblemKind::Unreadable;
        self.problems.push(Problem { kind, subject, message: message.to_owned(), remedy: remedy.to_owned() });
    }
}

/// Whether every component of a path names something inside the folder it stands in.
pub(super) fn is_safe(path: &BStr) -> bool {
    path.split_str("/").all(|part| {
        !part.is_empty() && part != b"." && part != b".." && !part.eq_ignore_ascii_case(b".git") && !part.contains(&0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_leave_the_folder_are_refused() {
        for path in
            ["..", "../a", "a/../b", "/a", "a//b", "a/", ".", "./a", ".git/config", "sub/.GIT/hooks/x", "a\0b", ""]
        {
            assert!(!is_safe(path.into()), "{path:?}");
        }
        for path in ["a", "a/b.c", ".gitattributes", "..a/b..", "with space/ü"] {
            assert!(is_safe(path.into()), "{path:?}");
        }
    }
}
