// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Repositories on Hugging Face: a revision → its commit, and the files of that commit with their digests.

use reqwest::Url;
use serde::Deserialize;

use super::address::{is_commit, is_inside, shown};
use super::client::Client;
use super::error::RemoteError;
use super::web::document;

/// Longest page of an answer, in bytes, and most files of a repository.
const PAGE: usize = 64 << 20;
const MOST: usize = 20_000;

/// A file of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HubFile {
    pub(super) path: String,
    pub(super) size: u64,
    /// Known of files stored through LFS or Xet.
    pub(super) sha256: Option<String>,
}

#[derive(Deserialize)]
struct Revision {
    sha: String,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "type")]
    kind: String,
    path: String,
    #[serde(default)]
    size: u64,
    lfs: Option<Lfs>,
}

#[derive(Deserialize)]
struct Lfs {
    oid: String,
    size: u64,
}

/// The commit that a revision is now.
pub(super) async fn commit(client: &Client, repo: &str, revision: &str) -> Result<String, RemoteError> {
    if is_commit(revision) {
        return Ok(revision.to_owned());
    }
    let url = address(client, &["api", "models", repo, "revision"], revision)?;
    let (bytes, _) = document(client, &url, PAGE).await?;
    let answer: Revision = serde_json::from_slice(&bytes).map_err(|error| listing(&url, error.to_string()))?;
    if is_commit(&answer.sha) {
        return Ok(answer.sha);
    }
    Err(listing(&url, "the revision does not resolve to a commit".to_owned()))
}

/// Every file of a commit, by path.
pub(super) async fn files(client: &Client, repo: &str, commit: &str) -> Result<Vec<HubFile>, RemoteError> {
    let mut page = address(client, &["api", "models", repo, "tree"], commit)?;
    page.set_query(Some("recursive=true"));
    let mut found: Vec<HubFile> = Vec::new();
    loop {
        let (bytes, next) = document(client, &page, PAGE).await?;
        let entries: Vec<Entry> = serde_json::from_slice(&bytes).map_err(|error| listing(&page, error.to_string()))?;
        for entry in entries.into_iter().filter(|entry| entry.kind == "file") {
            if entry.path.is_empty() || !is_inside(&entry.path) {
                return Err(listing(&page, format!("it lists {:?}, which no folder can hold", entry.path)));
            }
            let digest = |lfs: &Lfs| lfs.oid.trim_start_matches("sha256:").to_ascii_lowercase();
            let sha256 = entry.lfs.as_ref().map(digest).filter(|digest| is_digest(digest));
            if entry.lfs.is_some() && sha256.is_none() {
                return Err(listing(&page, format!("it lists {:?} without a SHA-256", entry.path)));
            }
            let size = entry.lfs.as_ref().map_or(entry.size, |lfs| lfs.size);
            found.push(HubFile { path: entry.path, size, sha256 });
        }
        if found.len() > MOST {
            return Err(listing(&page, format!("it holds more than {MOST} files")));
        }
        match next {
            Some(next) if next != page => page = next,
            _ => break,
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found.dedup_by(|a, b| a.path == b.path);
    Ok(found)
}

/// Where the bytes of a file are asked for.
pub(super) fn resolve(client: &Client, repo: &str, commit: &str, path: &str) -> Result<Url, RemoteError> {
    let mut parts = vec![repo, "resolve", commit];
    parts.extend(path.split('/'));
    let last = parts.pop().unwrap_or_default();
    address(client, &parts, last)
}

/// An address at Hugging Face. Slashes in `parts` separate, those in `last` are part of a name.
fn address(client: &Client, parts: &[&str], last: &str) -> Result<Url, RemoteError> {
    let mut url = client.hub.clone();
    let wrong = || RemoteError::Setup("HF_ENDPOINT cannot have paths".to_owned());
    url.path_segments_mut()
        .map_err(|()| wrong())?
        .pop_if_empty()
        .extend(parts.iter().flat_map(|part| part.split('/')))
        .push(last);
    Ok(url)
}

fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn listing(url: &Url, reason: String) -> RemoteError {
    RemoteError::Listing { url: shown(url), reason }
}
