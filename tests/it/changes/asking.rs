// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Asking the library, and reading its answer.

use forebear::changes::{FileState, Published, Repository, Snapshot, parse_push_lines};

use crate::git_harness::{Git, Sandbox};

/// What `git push ARGUMENTS` would publish.
pub(super) fn push(git: &Git, arguments: &[&str]) -> Published {
    let told = git.told(arguments);
    let lines = parse_push_lines(&told.input).unwrap();
    Repository::discover(&git.path).unwrap().push(&told.name, &told.url, &lines).unwrap()
}

/// The introduced files as `path=content`, those that came and went in brackets.
pub(super) fn brought(snapshot: &Snapshot) -> Vec<String> {
    let introduced = snapshot.files.iter().filter(|file| file.introduced);
    introduced
        .map(|file| {
            let content = match &file.state {
                FileState::Present(content) => String::from_utf8(content.read(1000).unwrap()).unwrap(),
                FileState::MissingLfs => "missing".into(),
                FileState::NotAFile(kind) => (*kind).to_owned(),
            };
            if file.at_tip { format!("{}={content}", file.path) } else { format!("[{}={content}]", file.path) }
        })
        .collect()
}

pub(super) fn paths(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.files.iter().map(|file| file.path.as_str()).collect()
}

/// `main` with one pushed commit holding `a=1` and `keep=k`, and the bare repository it was pushed to.
pub(super) fn pushed(sandbox: &Sandbox, arguments: &[&str]) -> (Git, Git) {
    let server = sandbox.bare("server.git", arguments);
    let git = sandbox.init("work", arguments);
    git.write("a", "1").write("keep", "k").commit("one");
    git.run(["remote", "add", "origin", &server.path.to_string_lossy()]);
    git.git("push --quiet --set-upstream origin main");
    (git, server)
}
