// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Whether a tree still holds what a statement is about.
//!
//! In: a statement and a snapshot. Out: the files whose content is another, gone, or not to be had. A Git LFS pointer
//! names the content by the same digest, so its object need not be there.

use std::io;

use sha2::{Digest, Sha256};

use super::statement::Statement;
use crate::changes::{Content, File, Snapshot};

/// A file that is not as the statement says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its path.
    pub path: String,
    /// What is different, a fragment.
    pub what: String,
}

/// Compares the tree with the files that the statement is about.
pub fn differences(statement: &Statement, tree: &Snapshot) -> Vec<Difference> {
    let differs = |path: &str, sha256: &str| {
        let Some(file) = tree.files.iter().find(|file| file.at_tip && file.path == path) else {
            return Some("is not in the tree".to_owned());
        };
        match digest(file) {
            Ok(digest) if digest.eq_ignore_ascii_case(sha256) => None,
            Ok(_) => Some("holds something else".to_owned()),
            Err(error) => Some(format!("cannot be read: {error}")),
        }
    };
    let found = statement
        .files()
        .filter_map(|(path, sha256)| Some(Difference { path: path.to_owned(), what: differs(path, sha256)? }));
    found.collect()
}

fn digest(file: &File) -> io::Result<String> {
    if let Some(pointer) = &file.lfs {
        return Ok(pointer.sha256.clone());
    }
    let content = file.content().ok_or_else(|| io::Error::other("no content"))?;
    sha256(content)
}

/// SHA-256 of a file, in lower-case hex, read piece by piece.
fn sha256(content: &Content) -> io::Result<String> {
    let reader = content.open()?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let (mut offset, size) = (0, reader.size());
    while offset < size {
        let length = usize::try_from(size - offset).map_or(buffer.len(), |left| left.min(buffer.len()));
        let piece = buffer.get_mut(..length).unwrap_or_default();
        reader.read_exact_at(offset, piece)?;
        hasher.update(&*piece);
        offset += length as u64;
    }
    Ok(data_encoding::HEXLOWER.encode(&hasher.finalize()))
}
