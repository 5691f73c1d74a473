// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The commits a push or range brings, with the parents git sees.

use std::collections::HashSet;
use std::io::Write;
use std::process::Stdio;

use gix::ObjectId;
use gix::bstr::ByteSlice;
use gix::revision::walk::Sorting;
use gix::traverse::commit::simple::CommitTimeOrder;

use super::repository::object_id;
use super::{ChangesError, Repository};

/// The commits reachable from a tip and from no hidden commit.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Newest first.
    pub(super) commits: Vec<Commit>,
    /// A commit of the range whose parents a shallow clone cut off.
    pub(super) shallow_edge: Option<ObjectId>,
}

/// One commit of the range.
#[derive(Debug)]
pub(super) struct Commit {
    pub(super) id: ObjectId,
    /// Parents; those cut off by a shallow clone are left out.
    pub(super) parents: Vec<ObjectId>,
}

impl History {
    /// Walks from the commit `tip`, without any limit on the number of commits.
    pub(super) fn walk(repository: &Repository, tip: ObjectId, hidden: &[ObjectId]) -> Result<Self, ChangesError> {
        let local = repository.local();
        let edges = local.shallow_commits().map_err(|error| ChangesError::metadata("the shallow file", error))?;
        if let Some(edges) = edges {
            let commits = walk_with_git(repository, tip, hidden)?;
            let edges: HashSet<ObjectId> = edges.iter().copied().collect();
            let shallow_edge = commits.iter().map(|commit| commit.id).find(|id| edges.contains(id));
            return Ok(Self { commits, shallow_edge });
        }
        let failed = |error: gix::Error| ChangesError::object("history of", tip, error);
        let walk = local
            .rev_walk([tip])
            .sorting(Sorting::ByCommitTime(CommitTimeOrder::NewestFirst))
            .with_hidden(hidden.iter().copied())
            .all()
            .map_err(failed)?;
        let commits: Result<_, _> =
            walk.map(|info| info.map(|info| Commit { id: info.id, parents: info.parent_ids.to_vec() })).collect();
        Ok(Self { commits: commits.map_err(failed)?, shallow_edge: None })
    }

    /// The commit the range grew from: the nearest one outside it along first parents, else any parent outside it.
    pub(super) fn boundary(&self) -> Option<ObjectId> {
        let inside: HashSet<ObjectId> = self.commits.iter().map(|commit| commit.id).collect();
        let mut next = self.commits.first().map(|commit| commit.id);
        for commit in &self.commits {
            if Some(commit.id) == next {
                next = commit.parents.first().copied();
            }
        }
        let parents = self.commits.iter().flat_map(|commit| &commit.parents).copied();
        next.into_iter().chain(parents).find(|id| !inside.contains(id))
    }
}

/// In a shallow clone the walk is the git program's: gix leaves out a cut-off parent even where another commit
/// reaches it.
fn walk_with_git(repository: &Repository, tip: ObjectId, hidden: &[ObjectId]) -> Result<Vec<Commit>, ChangesError> {
    let failed = |reason: String| ChangesError::Program { arguments: "rev-list".into(), reason };
    let mut command = repository.shared.command();
    command.args(["rev-list", "--parents", "--date-order", "--stdin"]);
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.map_err(|error| failed(error.to_string()))?;
    if let Some(mut input) = child.stdin.take() {
        let hidden = hidden.iter().map(|id| format!("^{id}"));
        let lines: Vec<String> = std::iter::once(tip.to_string()).chain(hidden).collect();
        // A broken pipe shows in the exit status below.
        let _ = input.write_all(lines.join("\n").as_bytes());
    }
    let output = child.wait_with_output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    let local = repository.local();
    output
        .stdout
        .lines()
        .map(|line| {
            let ids: Option<Vec<ObjectId>> =
                line.split_str(" ").map(|hex| object_id(&local, &hex.to_str_lossy())).collect();
            let mut ids = ids.unwrap_or_default().into_iter();
            let id = ids.next().ok_or_else(|| failed("it gave something else than object ids".into()))?;
            Ok(Commit { id, parents: ids.collect() })
        })
        .collect()
}
