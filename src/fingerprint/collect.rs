// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Every checkpoint among some files → its fingerprint, or why there is none.
//!
//! In: the files of a snapshot and a cache. Out: [`Collected`]: models with fingerprints, and what looks like a model
//! and could not be read. Nothing that looks like a model is dropped.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use super::cache::Cache;
use super::network::Network;
use super::pass::{Progress, compute};
use super::record::{Fingerprint, FingerprintError, Source};
use crate::changes::{Content, File};
use crate::checkpoints::{Checkpoint, Group, Hazard, Unverifiable, discover, open};

/// What was found among some files.
#[derive(Debug, Default)]
pub struct Collected {
    /// Models that could be read.
    pub models: Vec<Model>,
    /// Models that could not.
    pub unread: Vec<Unread>,
    /// Files that look like models of a format that is not read.
    pub unverifiable: Vec<Unverifiable>,
    /// Files looked at.
    pub scanned: u64,
    /// Bytes read from checkpoints.
    pub bytes_read: u64,
    /// Fingerprints taken from the cache.
    pub cache_hits: u64,
}

/// A model among the files.
#[derive(Debug)]
pub struct Model {
    /// Its fingerprint, under the path it has here.
    pub fingerprint: Fingerprint,
    /// Its files, as indices.
    pub files: Vec<usize>,
    /// Whether the range being published brings it.
    pub introduced: bool,
    /// Things dangerous to load in its files.
    pub hazards: Vec<Hazard>,
    /// What its metadata say of its license, by key.
    pub licenses: Vec<(String, String)>,
    /// What names the content of its fingerprint; `None` if its files may change without a trace.
    pub key: Option<String>,
    /// The known model whose files have the same digests, and whose fingerprint this is: its weights were not read.
    pub known_as: Option<String>,
}

/// A model that could not be read.
#[derive(Debug)]
pub struct Unread {
    /// Path of its first file.
    pub path: String,
    /// Container format.
    pub format: &'static str,
    /// Why.
    pub error: FingerprintError,
}

/// From the SHA-256 of every file of a model, in hex, its name and fingerprint, if it is known.
pub type Known<'a> = &'a dyn Fn(&[&str]) -> Option<(String, Fingerprint)>;

/// Finds and fingerprints the checkpoints among `files`.
pub fn collect(files: &[File], cache: Option<&Cache>, progress: &Progress) -> Collected {
    collected(files, cache, &|_| None, progress, |_| true)
}

/// The same; what `known` knows by the digests that Git LFS gives is not read.
pub fn collect_unknown(files: &[File], cache: Option<&Cache>, known: Known, progress: &Progress) -> Collected {
    collected(files, cache, known, progress, |_| true)
}

/// Finds the checkpoints among `files` and fingerprints those that are wanted.
pub fn collect_where(
    files: &[File],
    cache: Option<&Cache>,
    progress: &Progress,
    wanted: impl Fn(&Group) -> bool,
) -> Collected {
    collected(files, cache, &|_| None, progress, wanted)
}

fn collected(
    files: &[File],
    cache: Option<&Cache>,
    known: Known,
    progress: &Progress,
    wanted: impl Fn(&Group) -> bool,
) -> Collected {
    let discovery = discover(files);
    let hits = AtomicU64::new(0);
    let mut collected =
        Collected { unverifiable: discovery.unverifiable, scanned: discovery.scanned, ..Collected::default() };
    for group in discovery.groups.iter().filter(|group| wanted(group) && !is_fingerprint(files, group)) {
        match model(files, group, cache, known, progress, &hits) {
            Ok((model, read)) => {
                collected.bytes_read += read;
                collected.models.push(model);
            }
            Err(error) => {
                collected.unread.push(Unread { path: group.path.clone(), format: group.format.name(), error });
            }
        }
    }
    collected.cache_hits = hits.load(Relaxed);
    collected
}

/// Largest file that is tried as a fingerprint, in bytes.
const LARGEST_FINGERPRINT: usize = 64 << 20;

/// Whether a file is a fingerprint, whole and with nothing else in it: a registry inside a repository holds such.
fn is_fingerprint(files: &[File], group: &Group) -> bool {
    let [only] = group.files.as_slice() else { return false };
    let Some(content) = files.get(*only).and_then(File::content) else { return false };
    content.head(64).is_ok_and(|head| Fingerprint::says_so(&head))
        && content.read(LARGEST_FINGERPRINT).is_ok_and(|bytes| Fingerprint::from_bytes(&bytes).is_ok())
}

/// Opens one checkpoint and takes its fingerprint from the cache, or makes it. Returns the bytes read.
fn model(
    files: &[File],
    group: &Group,
    cache: Option<&Cache>,
    known: Known,
    progress: &Progress,
    hits: &AtomicU64,
) -> Result<(Model, u64), FingerprintError> {
    // The container is opened even when the fingerprint is known: what is dangerous to load is told every time.
    let mut checkpoint = open(files, group)?;
    let hazards = std::mem::take(&mut checkpoint.hazards);
    // An LFS object is a file that may be altered under its name, so the name alone is not enough.
    let ids: Vec<String> = group
        .files
        .iter()
        .filter_map(|at| {
            let file = files.get(*at)?;
            Some(format!("{} {}", file.id, file.content().map(Content::stamp).unwrap_or_default()))
        })
        .collect();
    let config = checkpoint.config.as_ref().map(ToString::to_string).unwrap_or_default();
    // A plain file that was not hashed may have changed without a trace.
    let cache = cache.filter(|_| !ids.iter().any(|id| id.starts_with("unhashed:")));
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let key = Cache::key(&ids, checkpoint.format.name(), &config);
    let model = |fingerprint, known_as| Model {
        fingerprint,
        known_as,
        files: group.files.clone(),
        introduced: group.introduced,
        hazards,
        licenses: checkpoint.licenses(),
        key: cache.map(|_| key.clone()),
    };
    if let Some(mut known) = cache.and_then(|cache| cache.get(&key)) {
        // The same content may have been seen under another path.
        known.name.clone_from(&group.path);
        let mut paths: Vec<&String> = checkpoint.files.iter().map(|file| &file.path).collect();
        paths.sort();
        for (source, path) in known.sources.iter_mut().zip(paths) {
            source.path.clone_from(path);
        }
        hits.fetch_add(1, Relaxed);
        return Ok((model(known, None), 0));
    }
    let promised: Option<Vec<&str>> = checkpoint.files.iter().map(|file| file.expected_sha256.as_deref()).collect();
    if let Some((name, print)) = promised.and_then(|digests| known(&digests)) {
        return Ok((model(as_stored(print, &checkpoint), Some(name)), 0));
    }
    let fingerprint = compute(&checkpoint, progress)?;
    if let Some(Err(error)) = cache.map(|cache| cache.put(&key, &fingerprint)) {
        tracing::warn!("the fingerprint of {} was not cached: {error}", group.path);
    }
    let read = fingerprint.bytes_read;
    Ok((model(fingerprint, None), read))
}

/// A known fingerprint as that of a checkpoint whose files have the same digests; its config may be another.
fn as_stored(print: Fingerprint, checkpoint: &Checkpoint) -> Fingerprint {
    let mut sources: Vec<Source> = checkpoint
        .files
        .iter()
        .map(|file| Source {
            path: file.path.clone(),
            sha256: file.expected_sha256.clone().unwrap_or_default(),
            size: file.size,
        })
        .collect();
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    let network = Network::of(checkpoint);
    Fingerprint { name: checkpoint.path.clone(), sources, network, bytes_read: 0, ..print }
}
