// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The work tree as it lies there, as what a push would publish: the commits not pushed yet, and over them every file
//! that differs from the checked-out commit, tracked or not. Files that git ignores are left out.

use std::collections::BTreeSet;
use std::path::Path;

use super::lfs::Lookup;
use super::snapshot::shown;
use super::{ChangesError, File, FileState, Problem, ProblemKind, Published, Repository, Snapshot, folder};

impl Repository {
    /// What a push would publish if everything in the work tree were committed first. The base side is that of
    /// [`Self::unpushed`]; without a commit it is nothing, as for [`Self::staged`].
    pub fn work_tree(&self) -> Result<Published, ChangesError> {
        let Some(top) = self.work_dir() else {
            return Err(ChangesError::metadata("the work tree", "the repository is bare"));
        };
        let committed = self.head_commit()?.is_some();
        let mut published = if committed { self.unpushed()? } else { self.staged()? };
        let mut paths = self.differing(&top, committed)?;
        paths.extend(self.listed(&top, &["ls-files", "-z", "--others", "--exclude-standard"])?);
        let filtered = self.filtered(&top, &paths)?;
        let store = self.lfs_store()?;
        let mut problems = Vec::new();
        for snapshot in &mut published.snapshots {
            for path in &paths {
                // A folder that is a repository of its own is listed with a slash.
                if path.ends_with('/') {
                    continue;
                }
                let mut file = match folder::file(&top.join(path), &shown(path)) {
                    Ok(file) => Some(file),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
                    Err(error) => {
                        problems.push(unreadable(path, &error.to_string()));
                        continue;
                    }
                };
                if let Some(file) = &mut file {
                    file.lfs_attribute = filtered.contains(path);
                    if let Some(Lookup::Found(object)) = file.lfs.as_ref().map(|pointer| store.find(pointer)) {
                        file.state = FileState::Present(super::Content::Disk(object));
                    }
                }
                snapshot.put(&shown(path), file);
            }
            snapshot.sort();
        }
        published.problems.extend(problems);
        Ok(published)
    }

    /// Tracked files that differ from the checked-out commit (from the index where there is none).
    fn differing(&self, top: &Path, committed: bool) -> Result<BTreeSet<String>, ChangesError> {
        let mut arguments = vec!["diff", "--no-ext-diff", "--no-renames", "--no-relative", "--name-only", "-z"];
        arguments.push("--ignore-submodules=all");
        arguments.extend(committed.then_some("HEAD"));
        arguments.push("--");
        self.listed(top, &arguments)
    }

    /// Those of the paths that `.gitattributes` gives to Git LFS.
    fn filtered(&self, top: &Path, paths: &BTreeSet<String>) -> Result<BTreeSet<String>, ChangesError> {
        let mut found = BTreeSet::new();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        // A command line has a longest length, and a path too.
        for some in paths.chunks(400) {
            let told = self.listed_in_order(top, &[&["check-attr", "-z", "filter", "--"], some].concat())?;
            // check-attr -z: path, attribute, value.
            found.extend(told.chunks(3).filter_map(|told| match told {
                [path, _, value] if value == "lfs" => Some(path.clone()),
                _ => None,
            }));
        }
        Ok(found)
    }

    fn listed(&self, top: &Path, arguments: &[&str]) -> Result<BTreeSet<String>, ChangesError> {
        Ok(self.listed_in_order(top, arguments)?.into_iter().collect())
    }

    /// What the git program lists, run at the top of the work tree. A name that is not UTF-8 does not name its file
    /// here, so that file counts as gone.
    fn listed_in_order(&self, top: &Path, arguments: &[&str]) -> Result<Vec<String>, ChangesError> {
        let top = top.to_string_lossy();
        let said = self.git(&[&["--work-tree", &*top, "-C", &*top], arguments].concat())?;
        let said = String::from_utf8_lossy(&said);
        Ok(said.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
    }
}

impl Snapshot {
    /// Puts a version of a file over that of the tip, or takes the file away. What the base side had stays known.
    pub fn put(&mut self, path: &str, file: Option<File>) {
        let at = self.files.iter().position(|file| file.at_tip && file.path == path);
        let before = at.and_then(|at| self.files.get(at)).and_then(|old| {
            // A file that the range does not change is as the base side has it.
            old.previous.clone().or_else(|| old.content().filter(|_| !old.introduced).cloned())
        });
        match (file, at) {
            (Some(mut file), Some(at)) => {
                file.previous = before;
                if let Some(old) = self.files.get_mut(at) {
                    *old = file;
                }
            }
            (Some(mut file), None) => {
                let gone = self.removed.iter().position(|(removed, _)| removed == path);
                file.previous = gone.map(|gone| self.removed.remove(gone).1);
                self.files.push(file);
            }
            (None, Some(at)) => {
                self.files.remove(at);
                self.removed.extend(before.map(|content| (path.to_owned(), content)));
            }
            (None, None) => {}
        }
    }

    /// Files at the tip by path, those that are not there any more after them.
    fn sort(&mut self) {
        self.files.sort_by(|a, b| b.at_tip.cmp(&a.at_tip).then_with(|| a.path.cmp(&b.path)));
        self.removed.sort_by(|a, b| a.0.cmp(&b.0));
    }
}

fn unreadable(path: &str, reason: &str) -> Problem {
    Problem {
        kind: ProblemKind::Unreadable,
        subject: shown(path),
        message: format!("cannot be read: {reason}"),
        remedy: "make it readable, or let git ignore it".into(),
    }
}
