// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Patches → files: each whole or not at all, in its own folder, with its mode, and never through a symbolic link.

use std::fs;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use tempfile::NamedTempFile;

use super::settle::Patch;

/// Why a patch was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The path leaves the tree, or passes through a link or a file.
    #[error("{path} is not written: {reason}")]
    Path {
        /// Path in the tree.
        path: String,
        /// Why.
        reason: String,
    },
    /// The file is not as it was when it was looked at.
    #[error("{path} is not written: it is not as it was when it was looked at")]
    Changed {
        /// Path in the tree.
        path: String,
    },
    /// Reading or writing failed.
    #[error("failed to write {path}: {source}")]
    Io {
        /// Path in the tree.
        path: String,
        /// Why.
        source: io::Error,
    },
}

/// Writes all patches below `top`. Every path and every present text is checked before the first is written.
pub fn write(top: &Path, patches: &[Patch]) -> Result<(), WriteError> {
    let places: Vec<PathBuf> = patches.iter().map(|patch| place(top, patch)).collect::<Result<_, _>>()?;
    for (patch, place) in patches.iter().zip(&places) {
        put(place, patch).map_err(|source| WriteError::Io { path: patch.path.clone(), source })?;
    }
    Ok(())
}

/// Where a patch goes, if that is inside and as it was.
fn place(top: &Path, patch: &Patch) -> Result<PathBuf, WriteError> {
    let refused = |reason: &str| WriteError::Path { path: patch.path.clone(), reason: reason.to_owned() };
    let failed = |source| WriteError::Io { path: patch.path.clone(), source };
    let parts: Vec<Component> = Path::new(&patch.path).components().collect();
    if parts.is_empty() || !parts.iter().all(|part| matches!(part, Component::Normal(_))) {
        return Err(refused("its path leaves the folder"));
    }
    let mut place = top.to_owned();
    for (index, part) in parts.iter().enumerate() {
        place.push(part);
        let last = index + 1 == parts.len();
        match fs::symlink_metadata(&place) {
            Ok(data) if data.is_symlink() => return Err(refused("a symbolic link is on its path")),
            Ok(data) if last && !data.is_file() => return Err(refused("it is no file")),
            Ok(data) if !last && !data.is_dir() => return Err(refused("a file is where its folder would be")),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
    }
    let standing = match fs::read(&place) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(failed(error)),
    };
    if standing.as_deref() != patch.before.as_ref().map(String::as_bytes) {
        return Err(WriteError::Changed { path: patch.path.clone() });
    }
    Ok(place)
}

fn put(place: &Path, patch: &Patch) -> io::Result<()> {
    let folder = place.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".forebear-");
    // Temporary files are private by default; a new document is an ordinary file, within the umask.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file: NamedTempFile = builder.tempfile_in(folder)?;
    file.write_all(patch.after.as_bytes())?;
    if patch.before.is_some() {
        fs::set_permissions(file.path(), fs::metadata(place)?.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(place).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::collections::BTreeSet;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn patch(path: &str, before: Option<&str>) -> Patch {
        let before = before.map(str::to_owned);
        Patch { path: path.into(), before, after: "new\n".into(), rules: BTreeSet::new() }
    }

    #[test]
    fn a_file_keeps_its_mode_and_a_new_one_gets_its_folder() {
        let top = tempfile::tempdir().unwrap();
        fs::write(top.path().join("run.py"), "old").unwrap();
        fs::set_permissions(top.path().join("run.py"), fs::Permissions::from_mode(0o751)).unwrap();
        write(top.path(), &[patch("run.py", Some("old")), patch("LICENSES/a.txt", None)]).unwrap();
        assert_eq!(fs::read_to_string(top.path().join("LICENSES/a.txt")).unwrap(), "new\n");
        assert_eq!(fs::metadata(top.path().join("run.py")).unwrap().permissions().mode() & 0o777, 0o751);
        assert_eq!(fs::read_dir(top.path()).unwrap().count(), 2);
    }

    #[test]
    fn nothing_is_written_outside_through_a_link_or_over_a_change() {
        let (top, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        symlink(other.path(), top.path().join("LICENSES")).unwrap();
        fs::write(other.path().join("NOTICE"), "theirs").unwrap();
        symlink(other.path().join("NOTICE"), top.path().join("NOTICE")).unwrap();
        fs::write(top.path().join("README.md"), "changed").unwrap();
        let refused = [
            patch("../x", None),
            patch("/tmp/x", None),
            patch("LICENSES/a.txt", None),
            patch("NOTICE", Some("theirs")),
            patch("README.md", Some("old")),
            patch("README.md/x", None),
        ];
        for patch in refused {
            // The first is in order; it is not written either.
            let first = Patch { path: "first".into(), before: None, ..patch.clone() };
            assert!(write(top.path(), &[first, patch.clone()]).is_err(), "{}", patch.path);
            assert!(!top.path().join("first").exists(), "{}", patch.path);
        }
        assert_eq!(fs::read_to_string(other.path().join("NOTICE")).unwrap(), "theirs");
        assert_eq!(fs::read_dir(other.path()).unwrap().count(), 1);
    }
}
