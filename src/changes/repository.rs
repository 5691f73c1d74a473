// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Opening a repository as git itself would, reading its objects, and asking the git program where gix cannot answer.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::{env, fs};

use gix::ObjectId;
use gix::odb::pack::cache::lru::MemoryCappedHashmap;
use tempfile::TempDir;

use super::kept::Kept;
use super::{ChangesError, lfs};

/// Memory for recently read commits and trees while walking, in bytes.
const OBJECT_CACHE: usize = 16 << 20;
/// Memory of a thread for what deltas in packs are made from, in bytes: versions of one file stand on one another.
const DELTA_BASES: usize = 8 << 20;

/// Repositories opened so far.
static OPENED: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// This thread's handle on the repository that it read blobs of last, and the number of that repository.
    static LAST: RefCell<Option<(u64, gix::Repository)>> = const { RefCell::new(None) };
}

/// A git repository (work tree, linked work tree or bare), opened for reading.
#[derive(Clone, Debug)]
pub struct Repository {
    pub(super) shared: Arc<Shared>,
}

/// What the repository's lazily read blobs keep alive.
pub(super) struct Shared {
    gix: gix::ThreadSafeRepository,
    /// Tells it from other repositories of this process.
    number: u64,
    /// Whether refs must be asked of the git program: gix reads the `files` backend only.
    pub(super) foreign_refs: bool,
    /// Small blobs that were read.
    pub(super) kept: Kept,
    /// Object folder that only lists others; see [`object_folder`].
    _objects: Option<TempDir>,
}

impl Repository {
    /// Opens the repository that git would use at `start`, honoring the variables git gives to hooks: `GIT_DIR`,
    /// `GIT_WORK_TREE`, `GIT_INDEX_FILE`, and for quarantined pushes `GIT_OBJECT_DIRECTORY` and
    /// `GIT_ALTERNATE_OBJECT_DIRECTORIES`.
    pub fn discover(start: &Path) -> Result<Self, ChangesError> {
        let not_here = |reason: String| ChangesError::NotARepository { path: start.to_owned(), reason };
        let opened = gix::ThreadSafeRepository::discover_with_environment_overrides(start);
        let mut gix = opened.map_err(|error| not_here(error.to_string()))?;
        let local = gix.to_thread_local();
        let (folder, holder) = object_folder(&local.common_dir().join("objects"))?;
        // A push sends the original objects, so the store is opened without replace refs.
        let store = gix::odb::Store::at_opts(
            folder,
            local.object_hash(),
            &mut std::iter::empty(),
            gix::odb::store::init::Options::default(),
        );
        gix.objects = Arc::new(store.map_err(|error| not_here(error.to_string()))?);
        let foreign_refs =
            local.config_snapshot().string("extensions.refStorage").is_some_and(|format| format != "files");
        let (number, kept) = (OPENED.fetch_add(1, Ordering::Relaxed), Kept::default());
        Ok(Self { shared: Arc::new(Shared { gix, number, foreign_refs, kept, _objects: holder }) })
    }

    /// The git folder shared by all work trees.
    pub fn common_dir(&self) -> PathBuf {
        absolute(self.local().common_dir())
    }

    /// This work tree's own git folder (the same as [`Self::common_dir`] in the main one).
    pub fn git_dir(&self) -> PathBuf {
        absolute(self.local().git_dir())
    }

    /// Top of the work tree; `None` in a bare repository.
    pub fn work_dir(&self) -> Option<PathBuf> {
        self.local().workdir().map(absolute)
    }

    /// A handle for this thread.
    pub(super) fn local(&self) -> gix::Repository {
        let mut local = self.shared.handle();
        local.object_cache_size_if_unset(OBJECT_CACHE);
        local
    }

    /// The folders in which git-lfs keeps objects for this repository: `lfs.storage`, else `lfs` in the common git
    /// folder, then those of alternates.
    pub(super) fn lfs_store(&self) -> Result<lfs::Store, ChangesError> {
        let local = self.local();
        let common = self.common_dir();
        let storage = local.config_snapshot().trusted_path("lfs.storage");
        let storage = storage.map_err(|error| ChangesError::metadata("lfs.storage", error))?;
        let mut roots = vec![common.join(storage.unwrap_or_else(|| "lfs".into())).join("objects")];
        let alternates = gix::odb::alternate::resolve(common.join("objects"), &common)
            .map_err(|error| ChangesError::metadata("objects/info/alternates", error))?;
        roots.extend(alternates.iter().filter_map(|objects| Some(objects.parent()?.join("lfs").join("objects"))));
        Ok(lfs::Store::new(roots))
    }

    /// Runs the git program on this repository; returns its standard output.
    pub(super) fn git(&self, arguments: &[&str]) -> Result<Vec<u8>, ChangesError> {
        let failed = |reason: String| ChangesError::Program { arguments: arguments.join(" "), reason };
        let output = self.shared.command().args(arguments).output().map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
        }
        Ok(output.stdout)
    }
}

impl Shared {
    fn handle(&self) -> gix::Repository {
        let mut handle = self.gix.to_thread_local();
        handle.objects.set_pack_cache(|| Box::new(MemoryCappedHashmap::new(DELTA_BASES)));
        handle
    }

    /// Reads a blob whole. The thread keeps what its delta stood on: the next version of the file stands on it too.
    pub(super) fn blob(&self, id: ObjectId) -> Result<Vec<u8>, gix::Error> {
        LAST.with_borrow_mut(|last| {
            let handle = match last {
                Some((number, handle)) if *number == self.number => handle,
                _ => &mut last.insert((self.number, self.handle())).1,
            };
            Ok(handle.find_blob(id)?.take_data())
        })
    }

    /// `git` for this repository: no replace refs, no fetching of missing objects, no questions.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new("git");
        command.arg("--git-dir").arg(absolute(self.gix.git_dir()));
        command.env("GIT_NO_REPLACE_OBJECTS", "1").env("GIT_NO_LAZY_FETCH", "1").env("GIT_TERMINAL_PROMPT", "0");
        command.stdin(Stdio::null());
        command
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Repository").field(&self.gix.git_dir()).finish()
    }
}

/// Reads an id in hex; `None` if it is not one of the repository's hash.
pub(super) fn object_id(repo: &gix::Repository, hex: &str) -> Option<ObjectId> {
    ObjectId::from_hex(hex.as_bytes()).ok().filter(|id| id.kind() == repo.object_hash())
}

/// Returns the folder to read objects from.
///
/// A server quarantines pushed objects and tells its hooks so in `GIT_OBJECT_DIRECTORY` and
/// `GIT_ALTERNATE_OBJECT_DIRECTORIES` (git-receive-pack(1)), which gix does not read. Then the answer is a temporary
/// folder whose `info/alternates` lists the quarantine, its alternates and the usual folder. These two variables are
/// git's own protocol, like those gix reads while opening.
fn object_folder(usual: &Path) -> Result<(PathBuf, Option<TempDir>), ChangesError> {
    let own = env::var_os("GIT_OBJECT_DIRECTORY").filter(|value| !value.is_empty());
    let others = env::var_os("GIT_ALTERNATE_OBJECT_DIRECTORIES").filter(|value| !value.is_empty());
    if own.is_none() && others.is_none() {
        return Ok((usual.to_owned(), None));
    }
    let mut folders: Vec<PathBuf> = own.into_iter().map(PathBuf::from).collect();
    folders.extend(others.iter().flat_map(env::split_paths).filter(|path| !path.as_os_str().is_empty()));
    folders.push(usual.to_owned());
    let holder = tempfile::tempdir().map_err(|error| ChangesError::io(env::temp_dir(), error))?;
    let info = holder.path().join("info");
    let mut list = Vec::new();
    for folder in folders {
        let folder = absolute(&folder);
        if folder.is_dir() {
            list.extend_from_slice(folder.as_os_str().as_encoded_bytes());
            list.push(b'\n');
        }
    }
    fs::create_dir(&info).map_err(|error| ChangesError::io(&info, error))?;
    fs::write(info.join("alternates"), list).map_err(|error| ChangesError::io(&info, error))?;
    Ok((holder.path().to_owned(), Some(holder)))
}

pub(super) fn absolute(path: &Path) -> PathBuf {
    fs::canonicalize(path).or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
}
