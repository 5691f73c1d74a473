// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! One published tree, looked at: its commits walked, their trees compared, every file listed.

use gix::ObjectId;
use gix::bstr::{BStr, ByteSlice};
use gix::objs::Kind;
use gix::objs::tree::{EntryKind, EntryMode};

use super::attributes::{Attributes, is_attributes_file};
use super::files::{Files, Known, Version};
use super::history::History;
use super::snapshot::shown;
use super::trees::{self, Entry, at_path, tree_of};
use super::versions::{self, Brought, Differences, Introduced};
use super::{ChangesError, Content, File, Problem, ProblemKind, Published, Repository, Snapshot};

/// File at the top of the base side's tree that holds the owner's decisions.
const POLICY: &str = "policy.toml";
/// Folder of the base side's tree that holds registered bases.
const REGISTRY: &str = "registry";

/// What to look at.
#[derive(Clone, Debug, Default)]
pub(super) struct Target {
    /// Name for people: ref, range or tree as given.
    pub(super) label: String,
    /// Commits that are published already.
    pub(super) hidden: Vec<ObjectId>,
    /// The commit to compare with; without one, the commit the range grew from.
    pub(super) base: Option<ObjectId>,
    /// Where to read policy and registry if there is no base, or none that has them.
    pub(super) policy: Option<ObjectId>,
    /// Take the tree as a whole: no history, everything is introduced.
    pub(super) whole: bool,
    /// What earlier targets of the same question met.
    pub(super) known: Known,
}

/// Looks at what publishing `tip` (a commit, tree, blob or tag) would bring, and adds it to `published`. The trees that
/// `local` keeps serve the next target.
pub(super) fn survey(
    repository: &Repository,
    local: &gix::Repository,
    tip: ObjectId,
    target: &Target,
    published: &mut Published,
) -> Result<(), ChangesError> {
    let survey = Survey { repository, local, target };
    let mut files = Files::new(repository, local, &target.known)?;
    let (id, kind, tags) = peeled(local, tip)?;
    let mut snapshot = match kind {
        Kind::Commit => survey.commit(id, &mut files, published)?,
        Kind::Tree => survey.tree(id, None, &mut files)?,
        Kind::Blob | Kind::Tag => survey.blob(id, &mut files)?,
    };
    snapshot.files.extend(tags.into_iter().filter_map(|tag| files.carried("tag", tag)));
    published.problems.extend(files.finish());
    published.snapshots.push(snapshot);
    Ok(())
}

/// What a tag stands for in the end, and the tags on the way there. A tag names what it stands for by a digest, so the
/// way has an end.
fn peeled(local: &gix::Repository, tip: ObjectId) -> Result<(ObjectId, Kind, Vec<ObjectId>), ChangesError> {
    let (mut id, mut tags) = (tip, Vec::new());
    loop {
        let failed = |error: gix::Error| ChangesError::object("object", id, error);
        let object = local.find_object(id).map_err(failed)?;
        if object.kind != Kind::Tag {
            return Ok((id, object.kind, tags));
        }
        tags.push(id);
        let target = object.into_tag().target_id().map(gix::Id::detach);
        id = target.map_err(|error| ChangesError::object("tag", id, error))?;
    }
}

/// Looks at the index, compared with the commit `head`.
pub(super) fn survey_index(
    repository: &Repository,
    head: Option<ObjectId>,
    published: &mut Published,
) -> Result<(), ChangesError> {
    let local = repository.local();
    let target = Target { label: "index".into(), base: head, ..Target::default() };
    let survey = Survey { repository, local: &local, target: &target };
    let mut files = Files::new(repository, &local, &Known::default())?;
    let snapshot = survey.index(head, &mut files)?;
    published.problems.extend(files.finish());
    published.snapshots.push(snapshot);
    Ok(())
}

/// Reads one file of a commit's tree (LFS objects in place of their pointers, if they are here).
pub(super) fn file_at(repository: &Repository, commit: ObjectId, path: &str) -> Result<Option<Content>, ChangesError> {
    let local = repository.local();
    let found = trees::find(&local, tree_of(&local, commit)?, path.into())?;
    let files = Files::new(repository, &local, &Known::default())?;
    Ok(found.and_then(|(id, mode)| files.content(id, mode)))
}

/// Reads all files below a folder of a commit's tree, ordered by path.
pub(super) fn files_under(
    repository: &Repository,
    commit: ObjectId,
    folder: &str,
) -> Result<Vec<(String, Content)>, ChangesError> {
    let local = repository.local();
    let files = Files::new(repository, &local, &Known::default())?;
    below(&local, tree_of(&local, commit)?, folder, &files)
}

struct Survey<'a> {
    repository: &'a Repository,
    local: &'a gix::Repository,
    target: &'a Target,
}

impl Survey<'_> {
    fn commit(
        &self,
        tip: ObjectId,
        files: &mut Files<'_>,
        published: &mut Published,
    ) -> Result<Snapshot, ChangesError> {
        let tip_tree = tree_of(self.local, tip)?;
        if self.target.whole {
            published.scope.commits += 1;
            return self.tree(tip_tree, Some(tip), files);
        }
        let history = History::walk(self.repository, tip, &self.target.hidden)?;
        published.scope.commits += history.commits.len() as u64;
        if let Some(edge) = history.shallow_edge {
            files.problems.push(Problem {
                kind: ProblemKind::Shallow,
                subject: self.target.label.clone(),
                message: format!("the clone is shallow and ends at commit {edge}, inside what is published"),
                remedy: "git fetch --unshallow (in CI: fetch-depth: 0)".into(),
            });
        }
        let introduced = versions::introduced(self.local, &history.commits)?;
        let base = self.target.base.or_else(|| history.boundary());
        let base_tree = base.map(|commit| tree_of(self.local, commit)).transpose()?;
        let entries = self.listing(tip_tree)?;
        let differences = base_tree.map(|tree| trees::diff(self.local, Some(tree), tip_tree)).transpose()?;
        let differences = differences.map(Differences::of_trees);
        let mut snapshot = self.compare(&entries, differences.as_ref(), Some(&introduced), files)?;
        snapshot.files.extend(self.gone(&entries, base_tree, &introduced, files)?);
        snapshot.files.extend(history.commits.iter().filter_map(|commit| files.carried("commit", commit.id)));
        self.read_base_side(base, files, &mut snapshot)?;
        snapshot.tip = Some(tip.to_string());
        Ok(snapshot)
    }

    /// A tree published as a whole; `commit` is where it comes from.
    fn tree(&self, tree: ObjectId, commit: Option<ObjectId>, files: &mut Files<'_>) -> Result<Snapshot, ChangesError> {
        let entries = self.listing(tree)?;
        let mut attributes = attributes_among(self.local, &entries)?;
        let tip = commit.map(|commit| commit.to_string());
        let mut snapshot = Snapshot { label: self.target.label.clone(), tip, ..Snapshot::default() };
        for entry in &entries {
            let lfs_attribute = attributes.is_lfs(entry.path.as_bstr())?;
            let version = Version { introduced: true, commit, lfs_attribute, ..plain(entry) };
            snapshot.files.extend(files.file(version));
        }
        self.read_base_side(None, files, &mut snapshot)?;
        Ok(snapshot)
    }

    /// A ref or tag that points to a blob: one file, named like the ref.
    fn blob(&self, id: ObjectId, files: &mut Files<'_>) -> Result<Snapshot, ChangesError> {
        let entry = Entry { path: self.target.label.as_str().into(), id, mode: EntryKind::Blob.into() };
        let mut snapshot = Snapshot { label: self.target.label.clone(), ..Snapshot::default() };
        snapshot.files.extend(files.file(Version { introduced: true, ..plain(&entry) }));
        self.read_base_side(None, files, &mut snapshot)?;
        Ok(snapshot)
    }

    fn index(&self, head: Option<ObjectId>, files: &mut Files<'_>) -> Result<Snapshot, ChangesError> {
        let index = self.local.index_or_empty().map_err(|error| ChangesError::metadata("the index", error))?;
        let mut entries = Vec::new();
        for entry in index.entries() {
            let path = entry.path(&index);
            // Only the name of a file that `git add --intent-to-add` announced would be committed.
            if entry.flags.contains(gix::index::entry::Flags::INTENT_TO_ADD) {
                continue;
            }
            if entry.stage_raw() != 0 {
                files.problems.push(Problem {
                    kind: ProblemKind::Unreadable,
                    subject: shown(&path.to_str_lossy()),
                    message: "the index holds a merge conflict here".into(),
                    remedy: "resolve the conflict and git add the file".into(),
                });
            }
            match entry.mode.to_tree_entry_mode() {
                Some(mode) if mode.is_tree() => {
                    let folder = path.strip_suffix(b"/").unwrap_or(path);
                    entries.extend(trees::list(self.local, entry.id, folder.as_bstr())?);
                }
                Some(mode) => entries.push(Entry { path: path.to_owned(), id: entry.id, mode }),
                None => {
                    let reason = format!("entry {path} has mode {:o}", entry.mode.bits());
                    return Err(ChangesError::metadata("the index", reason));
                }
            }
        }
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        let before = head.map(|commit| self.listing(tree_of(self.local, commit)?)).transpose()?;
        let differences = before.map(|before| Differences::of_listings(&before, &entries));
        let mut snapshot = self.compare(&entries, differences.as_ref(), None, files)?;
        self.read_base_side(head, files, &mut snapshot)?;
        Ok(snapshot)
    }

    /// Lists the published files; `differences` from the base side, `None` if there is none. What is introduced is
    /// said by the commits of the range or, without a range (`None`), by the differences alone.
    fn compare(
        &self,
        entries: &[Entry],
        differences: Option<&Differences>,
        introduced: Option<&Introduced>,
        files: &mut Files<'_>,
    ) -> Result<Snapshot, ChangesError> {
        let mut snapshot = Snapshot { label: self.target.label.clone(), ..Snapshot::default() };
        let mut attributes = attributes_among(self.local, entries)?;
        for entry in entries {
            let difference = differences.map(|all| all.present.get(&entry.path));
            let differs = difference.is_none_or(|found| found.is_some());
            let before = difference.flatten().copied().flatten();
            let brought = match introduced {
                Some(versions) if differs => versions.get(&(entry.path.clone(), entry.id)).copied(),
                _ => None,
            };
            let is_introduced = differs && (introduced.is_none() || brought.is_some());
            let version = Version {
                introduced: is_introduced,
                commit: brought.map(|brought| brought.commit),
                lfs_attribute: is_introduced && attributes.is_lfs(entry.path.as_bstr())?,
                previous: before.and_then(|(id, mode)| files.content(id, mode)),
                ..plain(entry)
            };
            snapshot.files.extend(files.file(version));
        }
        for (path, (id, mode)) in differences.iter().flat_map(|all| &all.removed) {
            if let Some(content) = files.content(*id, *mode) {
                snapshot.removed.push((shown(&path.to_str_lossy()), content));
            }
        }
        Ok(snapshot)
    }

    /// Versions that came and went inside the range: neither at the tip nor on the base side.
    fn gone(
        &self,
        entries: &[Entry],
        base_tree: Option<ObjectId>,
        introduced: &Introduced,
        files: &mut Files<'_>,
    ) -> Result<Vec<File>, ChangesError> {
        let mut list = Vec::new();
        let mut versions: Vec<_> = introduced.iter().collect();
        versions.sort_by_key(|((path, _), brought)| (path, brought.order));
        for ((path, id), Brought { mode, commit, .. }) in versions {
            if at_path(entries, path.as_bstr()).is_some_and(|entry| entry.id == *id) {
                continue;
            }
            let before = base_tree.map(|tree| trees::find(self.local, tree, path.as_bstr())).transpose()?.flatten();
            if before.is_some_and(|(found, _)| found == *id) {
                continue;
            }
            let tree = tree_of(self.local, *commit)?;
            let lfs_attribute = Attributes::of_tree(self.local, tree, [path.as_bstr()])?.is_lfs(path.as_bstr())?;
            let entry = Entry { path: path.clone(), id: *id, mode: *mode };
            list.extend(files.file(Version {
                introduced: true,
                at_tip: false,
                commit: Some(*commit),
                lfs_attribute,
                previous: before.and_then(|(id, mode)| files.content(id, mode)),
                ..plain(&entry)
            }));
        }
        Ok(list)
    }

    fn read_base_side(
        &self,
        base: Option<ObjectId>,
        files: &Files<'_>,
        snapshot: &mut Snapshot,
    ) -> Result<(), ChangesError> {
        let Some(commit) = self.deciding(base)? else { return Ok(()) };
        snapshot.base_elsewhere = Some(commit) != base;
        let tree = tree_of(self.local, commit)?;
        let policy = trees::find(self.local, tree, POLICY.into())?;
        snapshot.base_policy = policy.map(|(id, mode)| needed(files, POLICY.into(), id, mode)).transpose()?;
        snapshot.base_files = below(self.local, tree, REGISTRY, files)?;
        snapshot.base_commit = Some(commit.to_string());
        Ok(())
    }

    /// The commit whose policy and registry count: the base, unless the owner decided only later than that. A branch
    /// that grew from before there was a policy would escape it.
    fn deciding(&self, base: Option<ObjectId>) -> Result<Option<ObjectId>, ChangesError> {
        let commits: Vec<ObjectId> = base.into_iter().chain(self.target.policy).collect();
        for path in [POLICY, REGISTRY] {
            for commit in &commits {
                if trees::find(self.local, tree_of(self.local, *commit)?, path.into())?.is_some() {
                    return Ok(Some(*commit));
                }
            }
        }
        Ok(commits.first().copied())
    }

    fn listing(&self, tree: ObjectId) -> Result<Vec<Entry>, ChangesError> {
        trees::list(self.local, tree, BStr::new(""))
    }
}

fn below(
    local: &gix::Repository,
    tree: ObjectId,
    folder: &str,
    files: &Files<'_>,
) -> Result<Vec<(String, Content)>, ChangesError> {
    let folder = folder.trim_matches('/');
    let root = if folder.is_empty() { Some(tree) } else { subtree(local, tree, folder)? };
    let Some(root) = root else { return Ok(Vec::new()) };
    let entries = trees::list(local, root, folder.into())?;
    let content = |entry: &Entry| {
        let content = needed(files, entry.path.as_bstr(), entry.id, entry.mode)?;
        Ok((shown(&entry.path.to_str_lossy()), content))
    };
    // Links and submodules hold nothing of a registry.
    entries.iter().filter(|entry| entry.mode.is_blob()).map(content).collect()
}

/// The bytes of a file that the check is made with. If they are not here (a partial clone), or it is a link, going on
/// without it would be a check without the owner's decisions.
fn needed(files: &Files<'_>, path: &BStr, id: ObjectId, mode: EntryMode) -> Result<Content, ChangesError> {
    let missing = || format!("{path} of the base side is no file, or its object is not in this clone; fetch it");
    files.content(id, mode).ok_or_else(|| ChangesError::object("blob", id, missing()))
}

fn subtree(local: &gix::Repository, tree: ObjectId, folder: &str) -> Result<Option<ObjectId>, ChangesError> {
    let found = trees::find(local, tree, folder.into())?;
    Ok(found.filter(|(_, mode)| mode.is_tree()).map(|(id, _)| id))
}

fn attributes_among<'repo>(
    local: &'repo gix::Repository,
    entries: &[Entry],
) -> Result<Attributes<'repo>, ChangesError> {
    let files = entries.iter().filter(|entry| entry.mode.is_blob() && is_attributes_file(entry.path.as_bstr()));
    Attributes::new(local, files.map(|entry| (entry.path.clone(), entry.id)))
}

fn plain(entry: &Entry) -> Version<'_> {
    Version {
        path: entry.path.as_bstr(),
        id: entry.id,
        mode: entry.mode,
        introduced: false,
        at_tip: true,
        commit: None,
        lfs_attribute: false,
        previous: None,
    }
}
