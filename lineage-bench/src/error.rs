// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Why a model could not be read, changed, or measured.

use std::path::{Path, PathBuf};

/// Why nothing came out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder could not be read or written.
    #[error("{path}: {error}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// A JSON file that is none, or lacks a field.
    #[error("{path}: {reason}")]
    Json {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Tensors that do not make a llama-like decoder.
    #[error("{path}: {reason}")]
    Tensors {
        /// The folder.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// No transform has this name.
    #[error("no transform is called {0}")]
    UnknownTransform(String),
    /// The transform does not apply to this model.
    #[error("{transform} does not apply: {reason}")]
    NotApplicable {
        /// The transform.
        transform: String,
        /// Why not.
        reason: String,
    },
    /// forebear could not read what was measured.
    #[error("{path}: forebear: {reason}")]
    Unread {
        /// The folder.
        path: PathBuf,
        /// What it said.
        reason: String,
    },
    /// Another program could not be run.
    #[error("{program}: {reason}")]
    Program {
        /// The program.
        program: String,
        /// What it said.
        reason: String,
    },
    /// There is nothing to measure.
    #[error("{0}")]
    Nothing(String),
}

impl Error {
    pub(crate) fn io(path: &Path, error: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), error }
    }

    pub(crate) fn tensors(path: &Path, reason: impl Into<String>) -> Self {
        Self::Tensors { path: path.to_owned(), reason: reason.into() }
    }

    pub(crate) fn json(path: &Path, reason: &dyn std::fmt::Display) -> Self {
        Self::Json { path: path.to_owned(), reason: reason.to_string() }
    }
}
