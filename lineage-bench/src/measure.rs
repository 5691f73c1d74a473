// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What forebear says of a pair, and how long it takes.
//!
//! In: folders. Out: fingerprints, comparisons, and the numbers of each mechanism by its name.

use std::path::Path;

use forebear::changes;
use forebear::evidence::{Comparison, Evidence};
use forebear::fingerprint::{Fingerprint, Progress, collect};

use crate::error::Error;

/// The fingerprint of the only checkpoint in a folder (or of a file).
pub fn fingerprint(path: &Path) -> Result<Fingerprint, Error> {
    let unread = |reason: String| Error::Unread { path: path.to_owned(), reason };
    let published = changes::folder(path).map_err(|error| unread(error.to_string()))?;
    let files = published.snapshots.first().map(|snapshot| snapshot.files.as_slice()).unwrap_or_default();
    let mut found = collect(files, None, &Progress::default());
    match (found.models.pop(), found.unread.pop(), found.unverifiable.pop()) {
        (Some(model), ..) => Ok(model.fingerprint),
        (_, Some(failed), _) => Err(unread(failed.error.to_string())),
        (_, _, Some(file)) => Err(unread(format!("{} ({})", file.what, file.reason))),
        _ => Err(unread("no checkpoint found".into())),
    }
}

/// What a mechanism says, if it could be run.
pub fn mechanism<'a>(comparison: &'a Comparison, name: &str) -> Option<&'a Evidence> {
    comparison.mechanisms.iter().find(|evidence| evidence.mechanism == name)
}
