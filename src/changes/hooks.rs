// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Putting the gate in git's way: the pre-push hook, as a file or (git 2.54 and later) as a configured hook.
//!
//! As a file, the hook stands where git looks (`core.hooksPath` honored). A hook that was there is kept beside it as
//! `pre-push.forebear-chained`, gets the same arguments and standard input, and is put back by uninstalling. That is
//! how git-lfs's hook keeps working; where none was installed, ours runs `git lfs pre-push` for repositories whose
//! attributes ask for LFS, because it occupies the place git-lfs would use.
//!
//! As a configured hook (`hook.forebear.command`, git-hook(1)), git runs it beside the hook file, so nothing is moved.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::NamedTempFile;

use super::repository::absolute;
use super::{ChangesError, Repository};

/// The hook's text, with a placeholder for the path of the program.
const SHIM: &str = include_str!("../../hooks/pre-push");
/// Where the program's path goes; a copy of the hook with the placeholder left in looks on PATH only.
const PLACEHOLDER: &str = "@FOREBEAR@";
/// The line by which our hook is recognized, of whatever version.
const MARKER: &str = "# forebear pre-push hook, version ";
/// What the path of the program stands in.
const RECORDED: &str = "recorded='";
/// Suffix of a hook that was there before; the shim says the same.
const CHAINED: &str = ".forebear-chained";
/// The first git with hooks in its configuration.
const CONFIGURED_HOOKS: (u32, u32) = (2, 54);

/// How the hook is, or shall be, installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookMethod {
    /// A file in git's hooks folder.
    File,
    /// `hook.forebear.*` in the repository's configuration.
    Config,
}

/// What to install.
#[derive(Clone, Debug, Default)]
pub struct InstallOptions {
    /// Absolute path of the program, recorded in the hook; PATH is the fallback.
    pub binary: PathBuf,
    /// The method; without one, an installation is renewed as it is, and a new one uses the configuration where git
    /// is new enough.
    pub method: Option<HookMethod>,
}

/// What runs before a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookState {
    /// No pre-push hook at all.
    Absent,
    /// A hook, but not ours.
    Foreign,
    /// Ours.
    Installed(HookMethod),
}

/// What stands in git's way, and whether it would really run.
#[derive(Clone, Debug)]
pub struct HookStatus {
    /// What runs before a push.
    pub state: HookState,
    /// Version of the git program (major, minor), if it could be told.
    pub git: Option<(u32, u32)>,
    /// Folder in which git looks for hook files.
    pub directory: PathBuf,
    /// Whether `core.hooksPath` chose that folder.
    pub from_hooks_path: bool,
    /// Whether that folder is outside the repository, so that the hook serves other repositories too.
    pub shared: bool,
    /// The hook file or shim that is installed.
    pub path: Option<PathBuf>,
    /// The hook that ours runs after itself.
    pub chained: Option<PathBuf>,
    /// The program recorded in our hook.
    pub binary: Option<PathBuf>,
    /// Why the hook would not run, or would not do its work; empty if all is well.
    pub problems: Vec<String>,
}

impl Repository {
    /// Returns what stands in git's way now.
    pub fn hook_status(&self) -> Result<HookStatus, ChangesError> {
        let (directory, from_hooks_path) = self.hooks_directory()?;
        let inside = |top: PathBuf| directory.starts_with(top);
        let shared = !inside(self.common_dir()) && !self.work_dir().is_some_and(inside);
        let git = git_version();
        let file = directory.join("pre-push");
        let mut status = HookStatus {
            state: HookState::Absent,
            git,
            directory,
            from_hooks_path,
            shared,
            path: None,
            chained: None,
            binary: None,
            problems: Vec::new(),
        };
        let held = read_hook(&file)?;
        if let Some(text) = &held {
            status.state = if is_ours(text) { HookState::Installed(HookMethod::File) } else { HookState::Foreign };
            status.path = Some(file.clone());
            status.binary = recorded_binary(text);
            let chained = chained_path(&file);
            status.chained = (is_ours(text) && exists(&chained)).then_some(chained);
            if !is_executable(&file) {
                status.problems.push(format!("{} may not be executed, so git ignores it", file.display()));
            }
        }
        if let Some(shim) = self.configured_shim() {
            if status.state == HookState::Installed(HookMethod::File) {
                status.problems.push("installed twice, as a file and in the configuration".into());
            } else {
                status.state = HookState::Installed(HookMethod::Config);
                status.binary = read_hook(&shim)?.as_deref().and_then(recorded_binary);
            }
            if git.is_none_or(|version| version < CONFIGURED_HOOKS) {
                status.problems.push("this git is older than 2.54 and ignores hooks in the configuration".into());
            }
            if !is_executable(&shim) {
                status.problems.push(format!("{} is missing or may not be executed", shim.display()));
            }
            status.path.get_or_insert(shim);
        }
        if let Some(binary) = status.binary.as_ref().filter(|binary| !is_executable(binary)) {
            status.problems.push(format!("{} is not there; forebear must be on PATH", binary.display()));
        }
        Ok(status)
    }

    /// Installs the hook, or renews it; returns the new status. A hook that is not ours is kept and chained.
    pub fn install(&self, options: &InstallOptions) -> Result<HookStatus, ChangesError> {
        let status = self.hook_status()?;
        let modern = status.git.is_some_and(|version| version >= CONFIGURED_HOOKS);
        let method = options.method.unwrap_or(match status.state {
            HookState::Installed(HookMethod::File) => HookMethod::File,
            _ if modern => HookMethod::Config,
            _ => HookMethod::File,
        });
        let text = shim_for(&options.binary);
        match method {
            HookMethod::File => {
                self.remove_configuration()?;
                install_file(&status.directory.join("pre-push"), &text)?;
            }
            HookMethod::Config => {
                remove_file(&status.directory.join("pre-push"))?;
                let shim = self.shim_path();
                write_executable(&shim, &text)?;
                let command = shell_quote(&shim.to_string_lossy());
                self.git(&["config", "--local", "hook.forebear.command", &command])?;
                self.git(&["config", "--local", "--replace-all", "hook.forebear.event", "pre-push"])?;
            }
        }
        self.reopened()?.hook_status()
    }

    /// Removes our hook and puts back the one that was there before; returns the new status. Foreign hooks stay.
    pub fn uninstall(&self) -> Result<HookStatus, ChangesError> {
        let (directory, _) = self.hooks_directory()?;
        remove_file(&directory.join("pre-push"))?;
        self.remove_configuration()?;
        self.reopened()?.hook_status()
    }

    /// The folder in which git looks for hooks, and whether `core.hooksPath` says so. A relative path starts at the
    /// top of the work tree, where git runs hooks, or at the folder of a bare repository (githooks(5)).
    fn hooks_directory(&self) -> Result<(PathBuf, bool), ChangesError> {
        let local = self.local();
        let configured = local.config_snapshot().trusted_path("core.hooksPath");
        let configured = configured.map_err(|error| ChangesError::metadata("core.hooksPath", error))?;
        let Some(path) = configured.filter(|path| !path.as_os_str().is_empty()) else {
            return Ok((self.common_dir().join("hooks"), false));
        };
        let directory = absolute(&self.work_dir().unwrap_or_else(|| self.git_dir()).join(path));
        if directory.exists() && !directory.is_dir() {
            let reason = format!("{} is no folder, so git runs no hooks", directory.display());
            return Err(ChangesError::metadata("core.hooksPath", reason));
        }
        Ok((directory, true))
    }

    /// Where the shim of a configured hook lies; its name tells the shim that it occupies nobody's place.
    fn shim_path(&self) -> PathBuf {
        self.common_dir().join("forebear").join("configured-pre-push")
    }

    /// The shim, if this repository's configuration runs it before a push.
    fn configured_shim(&self) -> Option<PathBuf> {
        let local = self.local();
        let config = local.config_snapshot();
        let event = config.string("hook.forebear.event")?;
        config.string("hook.forebear.command")?;
        (event == "pre-push").then(|| self.shim_path())
    }

    fn remove_configuration(&self) -> Result<(), ChangesError> {
        if self.git(&["config", "--local", "--get-regexp", "^hook\\.forebear\\."]).is_ok() {
            self.git(&["config", "--local", "--remove-section", "hook.forebear"])?;
        }
        let shim = self.shim_path();
        if exists(&shim) {
            fs::remove_file(&shim).map_err(|error| ChangesError::io(&shim, error))?;
            // Other files of ours may share the folder; then it stays.
            let _ = shim.parent().map(fs::remove_dir);
        }
        Ok(())
    }

    /// The same repository with its configuration read again.
    fn reopened(&self) -> Result<Self, ChangesError> {
        Self::discover(&self.work_dir().unwrap_or_else(|| self.git_dir()))
    }
}

/// Version (major, minor) of the git program on PATH, if there is one that tells.
pub fn git_version() -> Option<(u32, u32)> {
    let output = Command::new("git").arg("--version").stdin(Stdio::null()).output().ok()?;
    parse_version(&String::from_utf8_lossy(&output.stdout))
}

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim().strip_prefix("git version ")?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// Puts our hook at `file`, moving another one aside first.
fn install_file(file: &Path, text: &str) -> Result<(), ChangesError> {
    let chained = chained_path(file);
    if let Some(held) = read_hook(file)?
        && !is_ours(&held)
    {
        if let Some(kept) = read_hook(&chained)?
            && kept != held
        {
            return Err(ChangesError::ChainConflict { hook: file.to_owned(), chained });
        }
        // Under both names until ours takes the first: a process that is killed here leaves a hook that runs.
        match fs::hard_link(file, &chained) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(_) => fs::rename(file, &chained).map_err(|error| ChangesError::io(file, error))?,
        }
    }
    let written = write_executable(file, text);
    if written.is_err() && !exists(file) && exists(&chained) {
        // The owner's hook must not be lost with ours; the first error is the one to tell.
        let _ = fs::rename(&chained, file);
    }
    written
}

/// Removes our hook from `file` and puts back the one it chained; does nothing to a foreign hook.
fn remove_file(file: &Path) -> Result<(), ChangesError> {
    if !read_hook(file)?.is_some_and(|text| is_ours(&text)) {
        return Ok(());
    }
    let chained = chained_path(file);
    let removed = if exists(&chained) { fs::rename(&chained, file) } else { fs::remove_file(file) };
    removed.map_err(|error| ChangesError::io(file, error))
}

/// Writes a file that may be executed, whole or not at all.
fn write_executable(path: &Path, text: &str) -> Result<(), ChangesError> {
    let write = || -> io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut file = NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        #[cfg(unix)]
        file.as_file().set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(|error| ChangesError::io(path, error))
}

/// The text of a hook, binary or not; `None` if there is none. A link to nowhere counts as a hook.
fn read_hook(path: &Path) -> Result<Option<String>, ChangesError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(exists(path).then(String::new)),
        Err(error) => Err(ChangesError::io(path, error)),
    }
}

fn is_ours(text: &str) -> bool {
    text.lines().take(20).any(|line| line.starts_with(MARKER))
}

fn shim_for(binary: &Path) -> String {
    // Inside single quotes a quote is written '\''.
    SHIM.replace(PLACEHOLDER, &binary.to_string_lossy().replace('\'', r"'\''"))
}

fn recorded_binary(text: &str) -> Option<PathBuf> {
    let quoted = text.lines().find_map(|line| line.strip_prefix(RECORDED)?.strip_suffix('\''))?;
    let path = quoted.replace(r"'\''", "'");
    (path != PLACEHOLDER).then(|| path.into())
}

fn shell_quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn chained_path(file: &Path) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(CHAINED);
    path.into()
}

fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn versions_of_git_are_read() {
        assert_eq!(parse_version("git version 2.47.3\n"), Some((2, 47)));
        assert_eq!(parse_version("git version 2.54.0 (Apple Git-160)"), Some((2, 54)));
        assert_eq!(parse_version("git version 2.55.0.windows.1"), Some((2, 55)));
        assert_eq!(parse_version("git version 3.0-rc1"), None);
        assert_eq!(parse_version("gut"), None);
    }

    #[test]
    fn the_shim_names_itself_and_the_program() {
        assert!(is_ours(SHIM) && !is_ours("#!/bin/sh\ngit lfs pre-push \"$@\"\n"));
        assert_eq!(recorded_binary(SHIM), None);
        let path = Path::new("/opt/it's here/forebear");
        let text = shim_for(path);
        assert_eq!(recorded_binary(&text).as_deref(), Some(path));
        assert!(!text.contains(PLACEHOLDER));
        assert!(SHIM.contains(&format!("chained=$0{CHAINED}")));
    }

    #[test]
    fn a_hook_is_kept_and_put_back() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pre-push");
        fs::write(&file, "theirs").unwrap();
        install_file(&file, &shim_for(Path::new("/one"))).unwrap();
        install_file(&file, &shim_for(Path::new("/two"))).unwrap();
        assert_eq!(fs::read_to_string(chained_path(&file)).unwrap(), "theirs");
        assert_eq!(recorded_binary(&fs::read_to_string(&file).unwrap()).unwrap(), Path::new("/two"));
        remove_file(&file).unwrap();
        remove_file(&file).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "theirs");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn two_foreign_hooks_are_not_guessed_between() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pre-push");
        fs::write(&file, "theirs").unwrap();
        fs::write(chained_path(&file), "other").unwrap();
        let refused = install_file(&file, SHIM);
        assert!(matches!(refused, Err(ChangesError::ChainConflict { .. })));
        assert_eq!(fs::read_to_string(&file).unwrap(), "theirs");
        fs::write(chained_path(&file), "theirs").unwrap();
        install_file(&file, SHIM).unwrap();
        assert_eq!(fs::read_to_string(chained_path(&file)).unwrap(), "theirs");
    }
}
