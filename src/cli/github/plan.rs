// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Scope and clone → the files that would be published.
//!
//! In: a [`Scope`], and the clone that the workflow made. Out: [`Published`], labelled with the ref it is for. What the
//! clone cannot answer is an error: it never becomes a smaller scope.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, bail};
use data_encoding::HEXLOWER;
use forebear::changes::{File, FileState, Published, Repository, ScopeKind};
use sha2::{Digest, Sha256};

use super::checkout::Checkout;
use super::event::{Scope, Since};

/// Files without Git LFS from this size on make the name of the cache: checkpoints are not smaller.
const LARGE: u64 = 1 << 20;
/// What to do about a clone that is not deep enough.
const REMEDY: &str = "give actions/checkout `fetch-depth: 0`, or let this step fetch (`forebear ci github prepare`)";

/// The files that would be published. With `fetch`, what is missing for it is fetched first.
pub(crate) fn published(scope: &Scope, clone: &Checkout, fetch: bool) -> anyhow::Result<Published> {
    let mut published = Published::default();
    published.scope.refs.push(scope.label.clone());
    if scope.since == Since::Deleted {
        published.remarks.push(format!("{} was deleted; a delete publishes nothing", scope.label));
        return Ok(published);
    }
    let tip = checked_out(scope, clone)?;
    let base = base(scope, clone, &tip, fetch, &mut published.remarks)?;
    // The repository is opened after fetching: one that is open may not know what came since.
    if let Some(base) = &base {
        if fetch {
            clone.reach(base, &tip, scope.commits).context(REMEDY)?;
        }
        if !clone.has(base) {
            bail!("the commit {base}, which this is compared with, is not in the clone; {REMEDY}");
        }
        let mut range = Repository::discover(Path::new("."))?.range(&format!("{base}...{tip}"))?;
        for snapshot in &mut range.snapshots {
            // Not the range but the ref decides how strict the policy is.
            snapshot.label.clone_from(&scope.label);
        }
        range.scope.refs.clone_from(&published.scope.refs);
        range.remarks.splice(0..0, published.remarks);
        // A range that is asked for by name is judged strictly; this one is what a server received for a ref.
        range.scope.kind = ScopeKind::Receive;
        published = range;
    }
    if scope.whole || base.is_none() {
        let tree = Repository::discover(Path::new("."))?.tree(&tip)?;
        published.scope.kind = tree.scope.kind;
        published.scope.commits += tree.scope.commits;
        published.snapshots.extend(tree.snapshots);
        published.problems.extend(tree.problems);
        published.remarks.extend(tree.remarks);
    }
    Ok(published)
}

/// The commit that is checked out, which must be that of the event: else something else would be looked at.
fn checked_out(scope: &Scope, clone: &Checkout) -> anyhow::Result<String> {
    let head = clone.head()?;
    let merged =
        || clone.parents(&head).is_ok_and(|parents| parents.iter().skip(1).any(|one| scope.tips.contains(one)));
    if scope.tips.is_empty() || scope.tips.contains(&head) || merged() {
        return Ok(head);
    }
    bail!(
        "the commit that is checked out, {head}, is not the one that the event is about ({}); check out the event's own \
         commit",
        scope.tips.join(" or ")
    )
}

/// The commit that the range begins after; `None`: there is none, and the tree is looked at.
fn base(
    scope: &Scope,
    clone: &Checkout,
    tip: &str,
    fetch: bool,
    remarks: &mut Vec<String>,
) -> anyhow::Result<Option<String>> {
    let default = scope.default_branch.as_deref();
    let is_default = default.is_some_and(|name| scope.label == format!("refs/heads/{name}"));
    match &scope.since {
        Since::Beginning | Since::Deleted => Ok(None),
        Since::Commit(base) => {
            if let Some(merged) = merged_into(scope, clone, tip)? {
                return Ok(Some(merged));
            }
            if clone.has(base) || fetch && clone.reach(base, tip, scope.commits).is_ok() {
                return Ok(Some(base.clone()));
            }
            match default.filter(|_| !is_default) {
                Some(name) if scope.commits.is_none() => {
                    remarks.push(format!(
                        "the commit that {} had before is gone, so this is compared with {name}",
                        scope.label
                    ));
                    clone.branch(name, fetch)
                }
                _ => bail!("the commit {base}, which this is compared with, is not in the clone; {REMEDY}"),
            }
        }
        Since::DefaultBranch => match default.filter(|_| !is_default) {
            Some(name) => {
                let tip =
                    clone.branch(name, fetch).with_context(|| format!("the default branch cannot be had; {REMEDY}"))?;
                tip.map(Some).with_context(|| format!("the default branch {name} is not in the clone; {REMEDY}"))
            }
            None => Ok(None),
        },
    }
}

/// Where what is checked out is the commit that GitHub merged for a pull request: the tip of the base branch, which it
/// knows better than the payload. Its second parent is the head; a merge that the head itself is tells nothing.
fn merged_into(scope: &Scope, clone: &Checkout, tip: &str) -> anyhow::Result<Option<String>> {
    let Some(head) = scope.tips.first().filter(|head| scope.commits.is_some() && *head != tip) else { return Ok(None) };
    Ok(match clone.parents(tip)?.as_slice() {
        [base, second] if second == head => Some(base.clone()),
        _ => None,
    })
}

/// Files whose Git LFS objects are needed and not here.
pub(crate) fn missing(published: &Published) -> Vec<&File> {
    let files = published.snapshots.iter().flat_map(|snapshot| {
        let new_ref = snapshot.base_commit.is_none() || snapshot.base_elsewhere;
        snapshot.files.iter().filter(move |file| file.introduced || new_ref)
    });
    files.filter(|file| matches!(file.state, FileState::MissingLfs)).collect()
}

/// Name of the cache of fingerprints, in two parts: the program, and a digest of the ids of what may be checkpoints.
pub(crate) fn cache_key(published: &Published) -> (String, String) {
    let files = published.snapshots.iter().flat_map(|snapshot| &snapshot.files);
    let ids: BTreeSet<&str> = files
        .filter_map(|file| match &file.lfs {
            Some(pointer) => Some(pointer.sha256.as_str()),
            None if file.size >= LARGE => Some(file.id.as_str()),
            None => None,
        })
        .collect();
    let mut hasher = Sha256::new();
    for id in ids {
        hasher.update(id.as_bytes());
        hasher.update(b"\n");
    }
    (format!("forebear-{}-", env!("CARGO_PKG_VERSION")), HEXLOWER.encode(&hasher.finalize()))
}
