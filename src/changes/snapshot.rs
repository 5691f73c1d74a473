// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The shape of what would be published: snapshots of files, and what could not be had.

use super::Content;

/// Everything one invocation looks at.
#[derive(Clone, Debug, Default)]
pub struct Published {
    /// What was asked for.
    pub scope: Scope,
    /// One entry a published tree (a pushed ref's tip, a tree, the index, a folder).
    pub snapshots: Vec<Snapshot>,
    /// What could not be read or decided; each becomes a finding or an error, never silence.
    pub problems: Vec<Problem>,
    /// Said aloud in the report: skipped deletes, mirror-only refs, nothing to push.
    pub remarks: Vec<String>,
}

/// What was asked for, for the report.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// How the files were chosen.
    pub kind: ScopeKind,
    /// Full names of the refs (remote side when pushing), or the range or tree as given.
    pub refs: Vec<String>,
    /// Commits walked.
    pub commits: u64,
}

/// How the files were chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScopeKind {
    /// Lines of a pre-push hook.
    Push,
    /// Lines of a pre-receive hook.
    Receive,
    /// `A..B`.
    Range,
    /// The index.
    Staged,
    /// A whole tree.
    Tree,
    /// A folder, without git.
    #[default]
    Path,
}

impl ScopeKind {
    /// Name used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Receive => "receive",
            Self::Range => "range",
            Self::Staged => "staged",
            Self::Tree => "tree",
            Self::Path => "path",
        }
    }
}

/// One published tree: all files at its tip, and versions that came and went inside the range.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Ref (remote side, e.g. `refs/heads/main`), range, tree or folder.
    pub label: String,
    /// Files, ordered by path; versions not at the tip follow those at the tip.
    pub files: Vec<File>,
    /// `policy.toml` of the base side (the remote's tip), if there is one.
    pub base_policy: Option<Content>,
    /// Files under `registry/` on the base side (path, content), ordered by path.
    pub base_files: Vec<(String, Content)>,
    /// Whether the base side is not where the published tree grew from but another ref's tip (for a tree, a blob, a
    /// history of its own, or one from before there was a policy): what it has, this tree did not remove.
    pub base_elsewhere: bool,
    /// Commit the base side was read from, in hex; other files of it through `Repository::file_at`.
    pub base_commit: Option<String>,
    /// The commit whose tree it is, in hex, where there is one.
    pub tip: Option<String>,
    /// Files of the base side whose path is gone at the tip (path, last content), ordered by path.
    pub removed: Vec<(String, Content)>,
}

/// One version of one file.
#[derive(Clone, Debug)]
pub struct File {
    /// Path inside the repository or folder: `/`-separated, relative, no `..`; lossy UTF-8 without control characters.
    pub path: String,
    /// Stable identity of the content: git blob id in hex, or `sha256:…` for an LFS object. A plain file is not hashed
    /// while listing; it gets `unhashed:` followed by size, time of change and path, unique until the file changes.
    pub id: String,
    /// Size in bytes of the content (of the LFS object, not of its pointer).
    pub size: u64,
    /// The bytes, or why they cannot be had.
    pub state: FileState,
    /// Set if the file is stored through Git LFS.
    pub lfs: Option<LfsPointer>,
    /// Whether `.gitattributes` of the commit that brings this version says `filter=lfs` for the path. Looked up for
    /// introduced versions only (false for others, and where there is no git).
    pub lfs_attribute: bool,
    /// Whether the range being published brings this version (always true for trees and folders).
    pub introduced: bool,
    /// Whether this version is part of the published tip (false: came and went inside the range).
    pub at_tip: bool,
    /// The same path's content on the base side, when it existed and differs.
    pub previous: Option<Content>,
    /// First commit of the range that brings this version, in hex.
    pub commit: Option<String>,
}

/// The bytes, or why they cannot be had.
#[derive(Clone, Debug)]
pub enum FileState {
    /// Readable; for an LFS object, its SHA-256 is verified by whoever reads it whole (see `LfsPointer::sha256`).
    Present(Content),
    /// An LFS pointer whose object is not in the local store.
    MissingLfs,
    /// A submodule or symbolic link: named, not followed.
    NotAFile(&'static str),
}

/// A Git LFS pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LfsPointer {
    /// SHA-256 of the object, lower-case hex.
    pub sha256: String,
    /// Size of the object in bytes.
    pub size: u64,
}

/// Something that kept part of the push from being looked at.
#[derive(Clone, Debug)]
pub struct Problem {
    /// What kind.
    pub kind: ProblemKind,
    /// Path or ref concerned.
    pub subject: String,
    /// One sentence.
    pub message: String,
    /// One line: what to do now.
    pub remedy: String,
}

/// Kinds of [`Problem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// The clone is shallow and the range reaches its edge.
    Shallow,
    /// The remote's object is unknown here; more than the push was looked at.
    UnknownRemote,
    /// An object could not be read.
    Unreadable,
}

/// A path as it is shown and matched: lossy UTF-8, and nothing in it that ends a line or steers a terminal.
pub(super) fn shown(path: &str) -> String {
    path.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

impl File {
    /// A file that can be read, stored as it is, that the range brings to its tip.
    pub fn present(path: String, id: String, size: u64, content: Content) -> Self {
        Self {
            path,
            id,
            size,
            state: FileState::Present(content),
            lfs: None,
            lfs_attribute: false,
            introduced: true,
            at_tip: true,
            previous: None,
            commit: None,
        }
    }

    /// The bytes, if they can be had.
    pub fn content(&self) -> Option<&Content> {
        match &self.state {
            FileState::Present(content) => Some(content),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn a_path_cannot_forge_a_line_of_the_report() {
        assert_eq!(shown("a/b\npassed: \u{1b}[2Jc"), "a/b\u{fffd}passed: \u{fffd}[2Jc");
        assert_eq!(shown("模型/ü.bin"), "模型/ü.bin");
    }
}
