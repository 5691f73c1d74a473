// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What can keep a request from being answered at all: every one of these means "could not check".

use std::fmt::Display;
use std::io;
use std::path::PathBuf;

/// Why the changes could not be looked at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangesError {
    /// No repository could be opened.
    #[error("no git repository at {}: {reason}", path.display())]
    NotARepository {
        /// Where the search began.
        path: PathBuf,
        /// What git's rules say.
        reason: String,
    },
    /// A line of the hook's standard input breaks git's protocol (githooks(5)).
    #[error("line {line} of the hook's input: {reason}")]
    Line {
        /// Line number, from 1.
        line: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A revision does not name an object here.
    #[error("unknown revision {spec:?}: {reason}")]
    UnknownRevision {
        /// As given.
        spec: String,
        /// What the lookup said.
        reason: String,
    },
    /// An object that decides what is looked at (commit, tree, tag) cannot be read.
    #[error("cannot read {what} {id}: {reason}")]
    Object {
        /// Kind of object, or what it was needed for.
        what: &'static str,
        /// Id in hex.
        id: String,
        /// What the object database said.
        reason: String,
    },
    /// A tree holds more than the gate is willing to list.
    #[error("tree {id} holds more than {limit} paths, or a path longer than {path_limit} bytes")]
    TooLarge {
        /// Tree id in hex.
        id: String,
        /// Most paths listed.
        limit: usize,
        /// Longest path, in bytes.
        path_limit: usize,
    },
    /// Configuration, index or refs cannot be read.
    #[error("cannot read {what}: {reason}")]
    Metadata {
        /// What was being read.
        what: &'static str,
        /// What went wrong.
        reason: String,
    },
    /// The git program failed.
    #[error("git {arguments} failed: {reason}")]
    Program {
        /// Its arguments.
        arguments: String,
        /// What it said.
        reason: String,
    },
    /// A file or folder cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Two hooks claim the one place where ours keeps the hook it runs after itself.
    #[error("both {} and {} exist and neither is forebear's", hook.display(), chained.display())]
    ChainConflict {
        /// The active hook.
        hook: PathBuf,
        /// The hook kept by an earlier installation.
        chained: PathBuf,
    },
}

impl ChangesError {
    /// One line: what to do now.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::NotARepository { .. } => {
                "run inside a git repository, or use --path DIR to look at a folder without git"
            }
            Self::Line { .. } => "let git run the hook, or give lines as described in githooks(5)",
            Self::UnknownRevision { .. } => "fetch the revision (`git fetch --all --tags`; in CI use fetch-depth: 0)",
            Self::Object { .. } => "run `git fsck`, then fetch what is missing (`git fetch --refetch`)",
            Self::TooLarge { .. } => "remove the oversized tree from the history that is published",
            Self::Metadata { .. } => "run `git fsck` and `git config --list --show-origin` to see what is broken",
            Self::Program { .. } => "run the same git command by hand to see why it fails",
            Self::Io { .. } => "check that the path exists and its permissions",
            Self::ChainConflict { .. } => {
                "merge the two hooks into one of the files, remove the other, and install again"
            }
        }
    }

    pub(crate) fn io(path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::Io { path: path.into(), source }
    }

    pub(crate) fn object(what: &'static str, id: impl Display, reason: impl Display) -> Self {
        Self::Object { what, id: id.to_string(), reason: reason.to_string() }
    }

    pub(crate) fn metadata(what: &'static str, reason: impl Display) -> Self {
        Self::Metadata { what, reason: reason.to_string() }
    }
}
