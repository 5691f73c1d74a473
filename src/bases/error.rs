// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Why a registry could not be read or changed. In: nothing. Out: one error type for the folder.

use std::fmt::Display;
use std::io;
use std::ops::Range;

use crate::fingerprint::FingerprintError;

/// Why a registry could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The folder or archive has no `index.toml`.
    #[error("{store} is not a registry: it has no index.toml")]
    NotARegistry {
        /// Folder or archive concerned.
        store: String,
    },
    /// The index does not parse, or says something impossible.
    #[error(transparent)]
    Index(Box<IndexError>),
    /// No registry that was searched has this id.
    #[error("no base `{id}` in the registry{}", near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    UnknownBase {
        /// Id asked for.
        id: String,
        /// The closest id there is.
        near: Option<String>,
    },
    /// The id is already there with other content.
    #[error("base `{id}` is already in {store} with another fingerprint ({found}, not {expected}); remove it first")]
    Exists {
        /// Id concerned.
        id: String,
        /// Registry that holds it.
        store: String,
        /// Digest held.
        found: String,
        /// Digest that was to be placed.
        expected: String,
    },
    /// The id is already there in another spelling; declarations do not tell the two apart.
    #[error("base `{id}` is already in {store} as `{held}`; use that spelling")]
    Respelled {
        /// Id that was to be placed.
        id: String,
        /// The id held.
        held: String,
        /// Registry that holds it.
        store: String,
    },
    /// Two registries hold different content under one id.
    #[error(
        "base `{id}` differs between {first} (fingerprint {first_digest}) and {second} (fingerprint {second_digest})"
    )]
    Conflict {
        /// Id concerned.
        id: String,
        /// Registry searched first.
        first: String,
        /// Its digest.
        first_digest: String,
        /// Registry searched second.
        second: String,
        /// Its digest.
        second_digest: String,
    },
    /// An id that cannot be shown or compared safely.
    #[error("`{id}` cannot be the id of a base: {reason}")]
    BadId {
        /// Id as given, with control characters escaped.
        id: String,
        /// Why, in a fragment.
        reason: &'static str,
    },
    /// A file that the index names does not have the digest in its name.
    #[error("{file} in {store} is damaged: its SHA-256 is {found}; restore it, or remove the base and add it again")]
    Altered {
        /// Registry concerned.
        store: String,
        /// File concerned.
        file: String,
        /// Digest of what is there.
        found: String,
    },
    /// A file that the index names is not there.
    #[error(
        "{file} is named by the index of {store} and missing; restore it (git lfs pull, if Git LFS keeps it), or remove the base and add it again"
    )]
    Missing {
        /// Registry concerned.
        store: String,
        /// File concerned.
        file: String,
    },
    /// The registry is not signed by whoever may.
    #[error(
        "{store} is not signed as policy.toml asks: {reason}; look at what changed in it, then run forebear registry sign"
    )]
    Unsigned {
        /// Registry concerned.
        store: String,
        /// Why no signature counts.
        reason: String,
    },
    /// A stored text or header list is not what its kind asks for.
    #[error("{file} in {store} is not usable: {reason}")]
    Unusable {
        /// Registry concerned.
        store: String,
        /// File concerned.
        file: String,
        /// Why, in a fragment.
        reason: String,
    },
    /// The archive cannot be imported.
    #[error("not a registry archive: {0}")]
    Archive(String),
    /// A fingerprint could not be read.
    #[error("fingerprint of `{id}`: {source}")]
    Fingerprint {
        /// Base concerned.
        id: String,
        /// What is wrong.
        source: FingerprintError,
    },
    /// Reading or writing failed.
    #[error("{path}: {source}")]
    Io {
        /// File or folder concerned.
        path: String,
        /// What went wrong.
        source: io::Error,
    },
}

/// What is wrong with an `index.toml`, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct IndexError {
    /// Path of the index, as given.
    pub path: String,
    /// Its text.
    pub text: String,
    /// Byte span concerned.
    pub span: Option<Range<usize>>,
    /// What is wrong, in a fragment.
    pub message: String,
    /// What to do now.
    pub help: Option<String>,
}

impl From<IndexError> for RegistryError {
    fn from(error: IndexError) -> Self {
        Self::Index(Box::new(error))
    }
}

impl RegistryError {
    /// An input or output error with the path it is about.
    pub(super) fn io(path: impl Display, source: io::Error) -> Self {
        Self::Io { path: format!("{path}"), source }
    }
}
