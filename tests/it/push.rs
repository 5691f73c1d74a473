// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Pushes through the installed hook and the real program.

use std::process::Output;

use forebear::changes::{HookMethod, InstallOptions, Repository};

use crate::git_harness::{Git, Sandbox};

/// A repository whose pushes to `origin` the real program watches.
pub(crate) struct Watched {
    /// Holds the folders.
    pub(crate) sandbox: Sandbox,
    /// The repository.
    pub(crate) git: Git,
    /// Where `origin` points to.
    pub(crate) server: Git,
}

impl Watched {
    /// An empty repository with a remote and the hook.
    pub(crate) fn new() -> Self {
        let sandbox = Sandbox::new();
        let server = sandbox.bare("server.git", &[]);
        let git = sandbox.init("work", &[]);
        git.run(["remote", "add", "origin", &format!("file://{}", server.path.display())]);
        let binary = env!("CARGO_BIN_EXE_forebear").into();
        let repository = Repository::discover(&git.path).unwrap();
        repository.install(&InstallOptions { binary, method: Some(HookMethod::File) }).unwrap();
        Self { sandbox, git, server }
    }

    /// Pushes; the output tells what the program said.
    pub(crate) fn push(&self, arguments: &[&str]) -> Output {
        self.git.try_run([&["push"], arguments].concat())
    }

    /// The commit a ref of the server holds, if it has the ref.
    pub(crate) fn on_server(&self, reference: &str) -> Option<String> {
        let output = self.server.try_run(["rev-parse", "--verify", "--quiet", reference]);
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

#[test]
fn a_push_without_a_model_goes_through() {
    let watched = Watched::new();
    let tip = watched.git.put("README.md", "Nothing to declare.");
    let output = watched.push(&["origin", "main"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(watched.on_server("refs/heads/main"), Some(tip));
    assert!(watched.push(&["origin", "main:side"]).status.success());
    assert!(watched.push(&["origin", ":side"]).status.success(), "a delete publishes nothing");
    assert_eq!(watched.on_server("refs/heads/side"), None);
    assert!(watched.sandbox.path("server.git").is_dir());
}
