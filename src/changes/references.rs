// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Names → objects: HEAD, revisions, remote-tracking refs, and all refs of a server.

use gix::ObjectId;
use gix::bstr::{BStr, BString, ByteSlice};

use super::repository::object_id;
use super::{ChangesError, Repository};

impl Repository {
    /// Full name of the branch that is checked out (`refs/heads/main`), also before its first commit; `None` if HEAD
    /// is detached.
    pub fn head_branch(&self) -> Result<Option<String>, ChangesError> {
        if self.shared.foreign_refs {
            let name = self.git(&["symbolic-ref", "--quiet", "HEAD"]).unwrap_or_default();
            let name = String::from_utf8_lossy(&name).trim().to_owned();
            return Ok((!name.is_empty()).then_some(name));
        }
        let name = self.local().head_name().map_err(|error| ChangesError::metadata("HEAD", error))?;
        Ok(name.map(|name| name.as_bstr().to_str_lossy().into_owned()))
    }

    /// The commit HEAD points to; `None` before the first commit.
    pub(super) fn head_commit(&self) -> Result<Option<ObjectId>, ChangesError> {
        if self.shared.foreign_refs {
            return Ok(self.resolve("HEAD").ok());
        }
        let local = self.local();
        let mut head = local.head().map_err(|error| ChangesError::metadata("HEAD", error))?;
        if head.is_unborn() {
            return Ok(None);
        }
        let commit = head.peel_to_commit().map_err(|error| ChangesError::metadata("HEAD", error))?;
        Ok(Some(commit.id))
    }

    /// The object `spec` names, in git's revision syntax (gitrevisions(7)).
    pub(super) fn resolve(&self, spec: &str) -> Result<ObjectId, ChangesError> {
        let unknown = |reason: String| ChangesError::UnknownRevision { spec: spec.to_owned(), reason };
        let local = self.local();
        if self.shared.foreign_refs {
            let answer = self.git(&["rev-parse", "--verify", "--quiet", "--end-of-options", spec]);
            let answer = answer.map_err(|_| unknown("git rev-parse does not know it".into()))?;
            let hex = String::from_utf8_lossy(&answer).trim().to_owned();
            return object_id(&local, &hex).ok_or_else(|| unknown("git rev-parse gave no object id".into()));
        }
        let id = local.rev_parse_single(BStr::new(spec)).map_err(|error| unknown(error.to_string()))?;
        Ok(id.detach())
    }

    /// The commit behind a ref given by its full name, if there is one.
    pub(super) fn commit_of_ref(&self, name: &str) -> Option<ObjectId> {
        if self.shared.foreign_refs {
            return self.resolve(&format!("{name}^{{commit}}")).ok();
        }
        let local = self.local();
        let mut reference = local.try_find_reference(name).ok()??;
        Some(reference.peel_to_commit().ok()?.id)
    }

    /// Commits behind every ref whose full name starts with `prefix`; refs that lead to no commit are left out.
    pub(super) fn commits_of_refs(&self, prefix: &str) -> Result<Vec<ObjectId>, ChangesError> {
        let mut commits = if self.shared.foreign_refs {
            self.commits_of_foreign_refs(prefix)?
        } else {
            let failed = |error: gix::Error| ChangesError::metadata("refs", error);
            let local = self.local();
            let platform = local.references().map_err(failed)?;
            let references = platform.prefixed(BStr::new(prefix)).map_err(failed)?;
            references
                .filter_map(Result::ok)
                .filter_map(|mut reference| Some(reference.peel_to_commit().ok()?.id))
                .collect()
        };
        commits.sort_unstable();
        commits.dedup();
        Ok(commits)
    }

    fn commits_of_foreign_refs(&self, prefix: &str) -> Result<Vec<ObjectId>, ChangesError> {
        let local = self.local();
        let list = self.git(&["for-each-ref", "--format=%(objectname) %(refname)", prefix.trim_end_matches('/')])?;
        let ids = list.lines().filter_map(|line| object_id(&local, line.split_str(" ").next()?.to_str().ok()?));
        Ok(ids.filter_map(|id| peel_to_commit(&local, id)).collect())
    }

    /// The configured remote that a push to `name` or `url` goes to: its name, or `None` if no remote has that URL.
    pub(super) fn configured_remote(&self, name: &str, url: &str) -> Option<String> {
        let local = self.local();
        let names = local.remote_names();
        let names: Vec<String> = names.iter().map(|name| name.to_str_lossy().into_owned()).collect();
        if names.iter().any(|known| known == name) {
            return Some(name.to_owned());
        }
        let config = local.config_snapshot();
        names.into_iter().find(|remote| {
            ["url", "pushurl"].iter().any(|key| {
                let value: Option<BString> = config.string(format!("remote.{remote}.{key}").as_str());
                value.is_some_and(|value| value == name || value == url)
            })
        })
    }
}

/// The commit that `id` is or, through tags, leads to; `None` if it is unknown here or leads elsewhere.
pub(super) fn peel_to_commit(repo: &gix::Repository, id: ObjectId) -> Option<ObjectId> {
    let object = repo.try_find_object(id).ok()??.peel_tags_to_end().ok()?;
    (object.kind == gix::objs::Kind::Commit).then_some(object.id)
}
