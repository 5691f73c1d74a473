// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A folder (or one file), without git: what `--path` looks at.

use std::fs;
use std::io;
use std::path::Path;
use std::time::UNIX_EPOCH;

use super::snapshot::shown;
use super::{ChangesError, Content, File, FileState, Problem, ProblemKind, Published, Scope, ScopeKind, Snapshot, lfs};

/// Lists every file below `path`, ordered by path; `.git` is left out, symbolic links are named and not followed.
///
/// Git LFS pointers count as missing: there is no repository to resolve them in. What cannot be read becomes a
/// problem; only `path` itself must be readable.
pub fn folder(path: &Path) -> Result<Published, ChangesError> {
    let label = path.display().to_string();
    let scope = Scope { kind: ScopeKind::Path, refs: vec![label.clone()], commits: 0 };
    let mut published = Published { scope, ..Published::default() };
    let mut snapshot = Snapshot { label, ..Snapshot::default() };
    let data = fs::metadata(path).map_err(|error| ChangesError::io(path, error))?;
    if data.is_dir() {
        let mut pending = vec![(path.to_owned(), String::new())];
        let mut first = true;
        while let Some((folder, prefix)) = pending.pop() {
            match children(&folder) {
                Ok(children) => {
                    for (name, entry) in children {
                        let relative = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
                        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                            pending.push((entry.path(), relative));
                        } else {
                            add(&entry.path(), relative, &mut snapshot, &mut published.problems);
                        }
                    }
                }
                Err(error) if first => return Err(ChangesError::io(folder, error)),
                Err(error) => published.problems.push(unreadable(prefix, &error)),
            }
            first = false;
        }
    } else {
        let name = path.file_name().map(|name| shown(&name.to_string_lossy())).unwrap_or_default();
        // The path was asked for by name, so a link is followed here.
        let path = fs::canonicalize(path).map_err(|error| ChangesError::io(path, error))?;
        add(&path, name, &mut snapshot, &mut published.problems);
    }
    snapshot.files.sort_by(|a, b| a.path.cmp(&b.path));
    published.snapshots.push(snapshot);
    Ok(published)
}

fn children(folder: &Path) -> io::Result<Vec<(String, fs::DirEntry)>> {
    let mut children = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = shown(&entry.file_name().to_string_lossy());
        if name != ".git" {
            children.push((name, entry));
        }
    }
    Ok(children)
}

fn add(path: &Path, relative: String, snapshot: &mut Snapshot, problems: &mut Vec<Problem>) {
    match file(path, &relative) {
        Ok(file) => snapshot.files.push(file),
        Err(error) => problems.push(unreadable(relative, &error)),
    }
}

pub(super) fn file(path: &Path, relative: &str) -> io::Result<File> {
    let data = fs::symlink_metadata(path)?;
    let changed = data.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    let id = format!("unhashed:{}:{}:{relative}", data.len(), changed.as_nanos());
    let mut file = File::present(relative.to_owned(), id, 0, Content::Disk(path.to_owned()));
    file.state = FileState::NotAFile("special file");
    if data.is_symlink() {
        let is_folder = fs::metadata(path).is_ok_and(|target| target.is_dir());
        file.state = FileState::NotAFile(if is_folder { "link to a folder" } else { "symbolic link" });
    } else if data.is_file() {
        let content = Content::Disk(path.to_owned());
        // Opening tells what a listing cannot: whether the file may be read at all.
        content.open()?;
        file.size = data.len();
        if (lfs::POINTER_MINIMUM..lfs::POINTER_LIMIT).contains(&data.len())
            && let Some(pointer) = lfs::parse(&content.head(lfs::POINTER_LIMIT as usize)?)
        {
            file.id = format!("sha256:{}", pointer.sha256);
            file.size = pointer.size;
            file.lfs = Some(pointer);
            file.state = FileState::MissingLfs;
        } else {
            file.state = FileState::Present(content);
        }
    }
    Ok(file)
}

fn unreadable(subject: String, error: &io::Error) -> Problem {
    Problem {
        kind: ProblemKind::Unreadable,
        subject,
        message: format!("cannot be read: {error}"),
        remedy: "make it readable, or move it out of the folder".into(),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::LfsPointer;
    use super::*;

    #[test]
    fn lists_files_in_order_and_leaves_git_out() {
        let top = tempfile::tempdir().unwrap();
        let put = |name: &str, bytes: &[u8]| {
            let path = top.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        };
        let pointer = LfsPointer { sha256: "a".repeat(64), size: 9 };
        put("z.txt", b"last");
        put("a/b.txt", b"first");
        put(".git/config", b"not ours");
        put("sub/.git", b"gitdir: elsewhere");
        put("model.safetensors", lfs::encode(&pointer).as_bytes());
        let published = folder(top.path()).unwrap();
        let files = &published.snapshots[0].files;
        let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["a/b.txt", "model.safetensors", "z.txt"]);
        assert_eq!(files[0].content().unwrap().read(10).unwrap(), b"first");
        assert!(matches!(files[1].state, FileState::MissingLfs));
        assert_eq!((files[1].size, files[1].lfs.as_ref()), (9, Some(&pointer)));
        assert_eq!(published.problems.len(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_named_and_not_followed() {
        let top = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/etc", top.path().join("folder")).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", top.path().join("file")).unwrap();
        let published = folder(top.path()).unwrap();
        let states: Vec<_> = published.snapshots[0].files.iter().map(|file| &file.state).collect();
        assert_eq!(states.len(), 2);
        assert!(matches!(states[..], [FileState::NotAFile("symbolic link"), FileState::NotAFile("link to a folder")]));
    }

    #[test]
    fn one_file_is_a_listing_of_its_own() {
        let top = tempfile::tempdir().unwrap();
        let path = top.path().join("adapter.safetensors");
        fs::write(&path, b"bytes").unwrap();
        let published = folder(&path).unwrap();
        assert_eq!(published.snapshots[0].files[0].path, "adapter.safetensors");
        assert!(matches!(folder(&top.path().join("none")), Err(ChangesError::Io { .. })));
    }
}
