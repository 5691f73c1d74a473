// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The ways of asking: a push, a receive, a range, the index, a tree. Each becomes a tip, hidden commits and a base.

use gix::ObjectId;

use super::files::Known;
use super::history::History;
use super::references::peel_to_commit;
use super::repository::object_id;
use super::survey::{self, Target};
use super::{
    ChangesError, Content, PreCommit, Problem, ProblemKind, Published, PushLine, ReceiveLine, Repository, Scope,
    ScopeKind,
};

impl Repository {
    /// What a push would publish: one snapshot a pushed ref.
    ///
    /// `remote_name` and `url` are the hook's arguments. For a ref the remote has, the commits new to that ref are
    /// looked at. For one it has not, those on none of the remote's refs known here: its remote-tracking refs and the
    /// remote ids of the other lines. A push to a URL that no remote has hides all remote-tracking refs. A remote id
    /// that is unknown here is a [`Problem`] and treated like a new ref.
    ///
    /// The base side (policy, registry, previous versions) is the remote's tip of the ref if it is known, else the
    /// commit the range grew from. Where that has no policy, the remote's default branch decides.
    pub fn push(&self, remote_name: &str, url: &str, lines: &[PushLine]) -> Result<Published, ChangesError> {
        let remote = Remote::new(self, remote_name, url, lines)?;
        self.push_of(&self.local(), &remote, lines, &Known::default())
    }

    /// The same as [`Self::push`] in parts of so many refs: each snapshot lists the whole tree of its ref, and hundreds
    /// of them at once need more memory than there is. There is at least one part.
    pub fn push_in_parts<'a>(
        &'a self,
        remote_name: &str,
        url: &str,
        lines: &'a [PushLine],
        refs: usize,
    ) -> Result<impl Iterator<Item = Result<Published, ChangesError>> + Send + 'a, ChangesError> {
        let remote = Remote::new(self, remote_name, url, lines)?;
        let known = Known::default();
        let whole = lines.is_empty().then_some(lines);
        let parts = whole.into_iter().chain(lines.chunks(refs.max(1)));
        let local = self.local();
        Ok(parts.map(move |part| self.push_of(&local, &remote, part, &known)))
    }

    fn push_of(
        &self,
        local: &gix::Repository,
        remote: &Remote,
        lines: &[PushLine],
        blobs: &Known,
    ) -> Result<Published, ChangesError> {
        let mut published = Published { scope: scope(ScopeKind::Push), ..Published::default() };
        if lines.is_empty() {
            published.remarks.push("nothing to push: git gave the hook no ref".into());
        }
        for line in lines {
            if line.is_delete() {
                published.remarks.push(format!("{} would be deleted; a delete publishes nothing", line.remote_ref));
                continue;
            }
            if remote.has_mirrored(self, line)? {
                published.remarks.push(format!(
                    "{} is a remote-tracking ref, mirrored; the remote has its commits and it was skipped",
                    line.remote_ref
                ));
                continue;
            }
            let known = known(local, &line.remote_id);
            let label = line.remote_ref.clone();
            let mut target = Target { label, policy: remote.default_tip, known: blobs.clone(), ..Target::default() };
            if let Some(commit) = known.and_then(|id| peel_to_commit(local, id)) {
                target.hidden.push(commit);
                target.base = Some(commit);
            } else {
                target.hidden.clone_from(&remote.tips);
                if !line.is_new() && known.is_none() {
                    published.problems.push(unknown_remote(line));
                    target.base = remote.tracking(self, &line.remote_ref);
                }
                published.remarks.extend(remote.remark.clone());
            }
            published.scope.refs.push(line.remote_ref.clone());
            survey::survey(self, local, published_id(local, &line.local_id)?, &target, &mut published)?;
        }
        published.remarks.dedup();
        Ok(published)
    }

    /// What the lines of a pre-receive hook would publish, seen from the server. A new ref hides all refs the server
    /// has; policy and registry then come from where it grew from, else from the server's HEAD.
    pub fn receive(&self, lines: &[ReceiveLine]) -> Result<Published, ChangesError> {
        let mut published = Published { scope: scope(ScopeKind::Receive), ..Published::default() };
        if lines.is_empty() {
            published.remarks.push("nothing received: git gave the hook no ref".into());
        }
        let local = self.local();
        for line in lines {
            if super::lines::is_zero(&line.new_id) {
                published.remarks.push(format!("{} would be deleted; a delete publishes nothing", line.reference));
                continue;
            }
            let mut target = Target { label: line.reference.clone(), policy: self.head_commit()?, ..Target::default() };
            if let Some(commit) = known(&local, &line.old_id).and_then(|id| peel_to_commit(&local, id)) {
                target.hidden.push(commit);
                target.base = Some(commit);
            } else {
                target.hidden = self.commits_of_refs("refs/")?;
            }
            published.scope.refs.push(line.reference.clone());
            let tip = published_id(&local, &line.new_id)?;
            survey::survey(self, &local, tip, &target, &mut published)?;
        }
        Ok(published)
    }

    /// What a range brings. `A..B`: the commits of B that A has not, compared with A. `A...B`: the same commits,
    /// compared with the merge base. Either side may be left out for HEAD. Anything else is one revision, taken as a
    /// whole tree like [`Self::tree`].
    pub fn range(&self, range: &str) -> Result<Published, ChangesError> {
        let Some((from, to, symmetric)) = split_range(range) else { return self.tree(range) };
        let local = self.local();
        let commit = |spec: &str| {
            let spec = if spec.is_empty() { "HEAD" } else { spec };
            let id = self.resolve(spec)?;
            peel_to_commit(&local, id).ok_or_else(|| ChangesError::UnknownRevision {
                spec: spec.to_owned(),
                reason: "it is not a commit".into(),
            })
        };
        let (from, to) = (commit(from)?, commit(to)?);
        // Histories without a common commit are compared with nothing.
        let base = if symmetric { local.merge_base(from, to).ok().flatten().map(gix::Id::detach) } else { Some(from) };
        let target = Target {
            label: range.to_owned(),
            hidden: vec![from],
            base,
            policy: Some(from),
            whole: false,
            ..Target::default()
        };
        let mut published = Published { scope: scope(ScopeKind::Range), ..Published::default() };
        published.scope.refs.push(range.to_owned());
        survey::survey(self, &local, to, &target, &mut published)?;
        Ok(published)
    }

    /// What a commit of the index would bring, compared with HEAD.
    pub fn staged(&self) -> Result<Published, ChangesError> {
        let mut published = Published { scope: scope(ScopeKind::Staged), ..Published::default() };
        published.scope.refs.push("index".into());
        survey::survey_index(self, self.head_commit()?, &mut published)?;
        Ok(published)
    }

    /// The whole tree of a revision (the release check): every file is introduced, and there is no base side.
    pub fn tree(&self, revision: &str) -> Result<Published, ChangesError> {
        let mut published = Published { scope: scope(ScopeKind::Tree), ..Published::default() };
        published.scope.refs.push(revision.to_owned());
        let target = Target { label: revision.to_owned(), whole: true, ..Target::default() };
        survey::survey(self, &self.local(), self.resolve(revision)?, &target, &mut published)?;
        Ok(published)
    }

    /// What `git push` of the checked-out branch would publish: compared with its upstream or, if it has none, as a
    /// new branch on the remote git would choose (`branch.<name>.pushRemote`, `remote.pushDefault`,
    /// `branch.<name>.remote`, `origin`, the only remote).
    pub fn unpushed(&self) -> Result<Published, ChangesError> {
        let Some(head) = self.head_commit()? else {
            let remarks = vec!["nothing to push: HEAD has no commit yet".into()];
            return Ok(Published { scope: scope(ScopeKind::Push), remarks, ..Published::default() });
        };
        let branch = self.head_branch()?;
        let upstream = branch.as_ref().and_then(|_| self.resolve("@{upstream}").ok());
        let zero = ObjectId::null(head.kind());
        let line = PushLine {
            local_ref: branch.clone().unwrap_or_else(|| "HEAD".into()),
            local_id: head.to_string(),
            remote_ref: upstream
                .and_then(|_| self.upstream_ref(branch.as_deref()?))
                .or(branch.clone())
                .unwrap_or("HEAD".into()),
            remote_id: upstream.unwrap_or(zero).to_string(),
        };
        self.push(&self.push_remote(branch.as_deref()), "", &[line])
    }

    /// The push line behind what pre-commit tells a pre-push hook. Revisions may be names as well as ids.
    pub fn pre_commit_line(&self, told: &PreCommit<'_>) -> Result<PushLine, ChangesError> {
        let local_ref = told.local_branch.filter(|name| !name.is_empty()).unwrap_or("HEAD");
        let id_of = |spec: &str| {
            if super::lines::is_zero(spec) { Ok(spec.to_owned()) } else { self.resolve(spec).map(|id| id.to_string()) }
        };
        let local_id = id_of(told.to.filter(|spec| !spec.is_empty()).unwrap_or(local_ref))?;
        let remote_id = match told.from.filter(|spec| !spec.is_empty()) {
            Some(spec) => id_of(spec)?,
            None => "0".repeat(local_id.len()),
        };
        let remote_ref = told.remote_branch.filter(|name| !name.is_empty()).unwrap_or(local_ref).to_owned();
        Ok(PushLine { local_ref: local_ref.to_owned(), local_id, remote_ref, remote_id })
    }

    /// One file of a commit's tree (see [`super::Snapshot::base_commit`]), LFS objects in place of their pointers if
    /// they are here.
    pub fn file_at(&self, commit: &str, path: &str) -> Result<Option<Content>, ChangesError> {
        survey::file_at(self, self.resolve(commit)?, path)
    }

    /// All files below a folder of a commit's tree, ordered by path; an empty folder name means the whole tree.
    pub fn files_under(&self, commit: &str, folder: &str) -> Result<Vec<(String, Content)>, ChangesError> {
        survey::files_under(self, self.resolve(commit)?, folder)
    }

    /// Name on the remote of the branch that `branch` follows.
    fn upstream_ref(&self, branch: &str) -> Option<String> {
        let key = format!("branch.{}.merge", branch.strip_prefix("refs/heads/")?);
        Some(self.local().config_snapshot().string(key.as_str())?.to_string())
    }

    fn push_remote(&self, branch: Option<&str>) -> String {
        let local = self.local();
        let config = local.config_snapshot();
        let branch = branch.and_then(|name| name.strip_prefix("refs/heads/"));
        let of_branch = |key: &str| branch.and_then(|name| config.string(format!("branch.{name}.{key}").as_str()));
        let configured = of_branch("pushRemote")
            .or_else(|| config.string("remote.pushDefault"))
            .or_else(|| of_branch("remote"))
            .map(|name| name.to_string());
        let names: Vec<String> = local.remote_names().iter().map(ToString::to_string).collect();
        match configured {
            Some(name) => name,
            None if names.iter().any(|name| name == "origin") => "origin".into(),
            None => names.first().filter(|_| names.len() == 1).cloned().unwrap_or_default(),
        }
    }
}

/// What is known here of the remote that is pushed to.
struct Remote {
    name: Option<String>,
    /// Commits the remote has for certain.
    tips: Vec<ObjectId>,
    /// Tip of its default branch.
    default_tip: Option<ObjectId>,
    /// Said when these tips are used.
    remark: Option<String>,
}

impl Remote {
    fn new(repository: &Repository, name: &str, url: &str, lines: &[PushLine]) -> Result<Self, ChangesError> {
        if lines.iter().all(PushLine::is_delete) {
            return Ok(Self { name: None, tips: Vec::new(), default_tip: None, remark: None });
        }
        let local = repository.local();
        let name = repository.configured_remote(name, url);
        let prefix = name.as_ref().map_or_else(|| "refs/remotes/".to_owned(), |name| format!("refs/remotes/{name}/"));
        let mut tips = repository.commits_of_refs(&prefix)?;
        let remark = name.is_none().then(|| {
            "no configured remote has this URL: commits on any remote-tracking branch count as published".to_owned()
        });
        let advertised = lines.iter().filter_map(|line| known(&local, &line.remote_id));
        tips.extend(advertised.filter_map(|id| peel_to_commit(&local, id)));
        tips.sort_unstable();
        tips.dedup();
        let default_tip = name.as_ref().and_then(|name| {
            let branch = |branch: &str| repository.commit_of_ref(&format!("refs/remotes/{name}/{branch}"));
            ["HEAD", "main", "master"].into_iter().find_map(branch)
        });
        Ok(Self { name, tips, default_tip, remark })
    }

    /// Whether a line only mirrors a remote-tracking ref (`git push --mirror` sends `refs/remotes/` too) back to the
    /// remote that has its commits. One that tracks another remote is published like any ref, and so looked at.
    fn has_mirrored(&self, repository: &Repository, line: &PushLine) -> Result<bool, ChangesError> {
        if line.local_ref != line.remote_ref || !line.remote_ref.starts_with("refs/remotes/") {
            return Ok(false);
        }
        let local = repository.local();
        let Some(commit) = known(&local, &line.local_id).and_then(|id| peel_to_commit(&local, id)) else {
            return Ok(false);
        };
        Ok(History::walk(repository, commit, &self.tips)?.commits.is_empty())
    }

    /// The commit this remote's ref was last seen at.
    fn tracking(&self, repository: &Repository, remote_ref: &str) -> Option<ObjectId> {
        let branch = remote_ref.strip_prefix("refs/heads/")?;
        repository.commit_of_ref(&format!("refs/remotes/{}/{branch}", self.name.as_ref()?))
    }
}

fn scope(kind: ScopeKind) -> Scope {
    Scope { kind, ..Scope::default() }
}

/// The id, if it is not zero and its object is here.
fn known(local: &gix::Repository, hex: &str) -> Option<ObjectId> {
    object_id(local, hex).filter(|id| !id.is_null() && local.has_object(id))
}

fn published_id(local: &gix::Repository, hex: &str) -> Result<ObjectId, ChangesError> {
    object_id(local, hex).ok_or_else(|| ChangesError::object("object", hex, "it is not of this repository's hash"))
}

fn unknown_remote(line: &PushLine) -> Problem {
    Problem {
        kind: ProblemKind::UnknownRemote,
        subject: line.remote_ref.clone(),
        message: format!(
            "the remote holds {}, which is not here; everything on none of its known branches was looked at",
            line.remote_id
        ),
        remedy: "git fetch, to look at the difference only".into(),
    }
}

/// Splits `A..B` and `A...B`; dots inside braces (`HEAD^{/a..b}`) belong to a revision.
fn split_range(range: &str) -> Option<(&str, &str, bool)> {
    let mut depth = 0u32;
    for (at, character) in range.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            '.' if depth == 0 => {
                let (from, rest) = range.split_at(at);
                if let Some(to) = rest.strip_prefix("...") {
                    return Some((from, to, true));
                }
                if let Some(to) = rest.strip_prefix("..") {
                    return Some((from, to, false));
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::split_range;

    #[test]
    fn ranges_are_split_outside_braces() {
        assert_eq!(split_range("a..b"), Some(("a", "b", false)));
        assert_eq!(split_range("a...b"), Some(("a", "b", true)));
        assert_eq!(split_range("..b"), Some(("", "b", false)));
        assert_eq!(split_range("v1.2..v1.3"), Some(("v1.2", "v1.3", false)));
        assert_eq!(split_range("HEAD^{/a..b}..c"), Some(("HEAD^{/a..b}", "c", false)));
        assert_eq!(split_range("HEAD^{/a..b}"), None);
        assert_eq!(split_range("v1.2"), None);
    }
}
