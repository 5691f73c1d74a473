// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Real git repositories in temporary folders, driven by the git program with nothing of the user's configuration.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A temporary folder in which repositories are made; everything in it goes when it is dropped.
pub(crate) struct Sandbox {
    top: TempDir,
}

/// One repository (work tree or bare) in a sandbox.
#[derive(Clone)]
pub(crate) struct Git {
    /// Top of the work tree, or the bare repository.
    pub(crate) path: PathBuf,
    home: PathBuf,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let top = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(top.path().join("home")).expect("a home");
        Self { top }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        fs::canonicalize(self.top.path()).expect("the sandbox exists").join(name)
    }

    /// `git init` with further arguments.
    pub(crate) fn init(&self, name: &str, arguments: &[&str]) -> Git {
        let git = self.open(name);
        fs::create_dir_all(&git.path).expect("a folder");
        git.run([&["init", "--quiet", "--initial-branch=main"], arguments].concat());
        git
    }

    /// A bare repository to push to.
    pub(crate) fn bare(&self, name: &str, arguments: &[&str]) -> Git {
        self.init(name, &[&["--bare"], arguments].concat())
    }

    /// `git clone` with further arguments.
    pub(crate) fn clone_of(&self, from: &str, name: &str, arguments: &[&str]) -> Git {
        let here = Git { path: self.path(""), home: self.path("home") };
        here.run([&["clone", "--quiet"], arguments, &[from, name]].concat());
        self.open(name)
    }

    /// A repository that exists already.
    pub(crate) fn open(&self, name: &str) -> Git {
        Git { path: self.path(name), home: self.path("home") }
    }
}

impl Git {
    /// A command in this repository, its environment scrubbed.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if ["GIT_", "FOREBEAR_"].iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
                command.env_remove(name);
            }
        }
        command
            .current_dir(&self.path)
            .env("HOME", &self.home)
            .env("XDG_CONFIG_HOME", self.home.join("xdg"))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .envs([("LC_ALL", "C"), ("COLUMNS", "96")])
            .envs([("GIT_AUTHOR_NAME", "A U Thor"), ("GIT_AUTHOR_EMAIL", "author@example.com")])
            .envs([("GIT_COMMITTER_NAME", "C O Mitter"), ("GIT_COMMITTER_EMAIL", "committer@example.com")])
            .env("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z")
            .env("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z");
        command
    }

    /// Runs git whatever its exit status.
    pub(crate) fn try_run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Output {
        self.command("git").args(arguments).stdin(Stdio::null()).output().expect("git runs")
    }

    /// Runs git; returns its trimmed standard output. Panics with its words if it fails.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> String {
        let output = self.try_run(arguments);
        assert!(output.status.success(), "git: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Runs git on words separated by spaces.
    pub(crate) fn git(&self, words: &str) -> String {
        self.run(words.split(' '))
    }

    /// Runs a program with bytes on its standard input.
    pub(crate) fn pipe(mut command: Command, input: &[u8]) -> Output {
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.expect("the program starts");
        // A program that does not read its input is no error here.
        let _ = child.stdin.take().expect("stdin is piped").write_all(input);
        child.wait_with_output().expect("the program ends")
    }

    /// Writes a file of the work tree.
    pub(crate) fn write(&self, path: &str, bytes: impl AsRef<[u8]>) -> &Self {
        let path = self.path.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, bytes).expect("a file");
        self
    }

    /// Commits the whole work tree; returns the commit's id.
    pub(crate) fn commit(&self, message: &str) -> String {
        self.git("add --all");
        self.run(["commit", "--quiet", "--allow-empty", "-m", message]);
        self.id("HEAD")
    }

    /// Writes one file and commits it.
    pub(crate) fn put(&self, path: &str, bytes: impl AsRef<[u8]>) -> String {
        self.write(path, bytes).commit(path)
    }

    /// The id a revision stands for.
    pub(crate) fn id(&self, revision: &str) -> String {
        self.run(["rev-parse", "--verify", revision])
    }

    /// Installs a shell script as a hook.
    pub(crate) fn hook(&self, path: impl AsRef<Path>, script: &str) {
        let path = self.path.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a hook");
        executable(&path);
    }

    /// What git itself tells a pre-push hook for `git push ARGUMENTS` (a dry run): name, URL and standard input.
    pub(crate) fn told(&self, arguments: &[&str]) -> Told {
        let folder = tempfile::tempdir_in(self.home.parent().expect("the sandbox")).expect("a folder");
        let (hooks, input, words) =
            (folder.path().join("hooks"), folder.path().join("input"), folder.path().join("words"));
        let script = format!("printf '%s\\n' \"$@\" >'{}'; cat >'{}'", words.display(), input.display());
        self.hook(hooks.join("pre-push"), &script);
        let path = format!("core.hooksPath={}", hooks.display());
        self.try_run([&["-c", &path, "push", "--dry-run"], arguments].concat());
        let words = fs::read_to_string(words).expect("git ran the hook");
        let mut words = words.lines().map(str::to_owned);
        Told {
            name: words.next().expect("the remote's name"),
            url: words.next().expect("the remote's URL"),
            input: fs::read(input).expect("the hook's input"),
        }
    }
}

/// What git told a pre-push hook.
pub(crate) struct Told {
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) input: Vec<u8>,
}

/// Lets everybody run a file.
pub(crate) fn executable(path: &Path) {
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("permissions");
    #[cfg(not(unix))]
    assert!(path.exists());
}
