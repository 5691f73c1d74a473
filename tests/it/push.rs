// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Pushes through the installed hook and the real program.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use forebear::changes::{HookMethod, InstallOptions, Repository};

use crate::git_harness::{Git, Sandbox, executable};

/// A repository whose pushes to `origin` the real program watches.
///
/// The hook runs a script that writes down what git says and what the program answers, and is otherwise the program.
pub(crate) struct Watched {
    /// Holds the folders.
    pub(crate) sandbox: Sandbox,
    /// The repository.
    pub(crate) git: Git,
    /// Where `origin` points to.
    pub(crate) server: Git,
}

/// One push, and what was said.
pub(crate) struct Pushed {
    /// Exit code of the program; `None` if git did not run the hook.
    pub(crate) code: Option<i32>,
    /// Whether `git push` ended with 0.
    pub(crate) succeeded: bool,
    /// What the program said, without places of this machine.
    pub(crate) said: String,
    /// The lines git gave the hook.
    pub(crate) told: String,
    /// The remote's name and URL, as git gave them.
    pub(crate) words: Vec<String>,
    /// Everything `git push` said.
    pub(crate) all: String,
}

impl Watched {
    /// An empty repository with a remote and the hook.
    pub(crate) fn new() -> Self {
        let watched = Self::unwatched(&[]);
        watched.install();
        watched
    }

    /// An empty repository, made by `git init ARGUMENTS`, with a remote and without the hook.
    pub(crate) fn unwatched(arguments: &[&str]) -> Self {
        let sandbox = Sandbox::new();
        let server = sandbox.bare("server.git", arguments);
        let git = sandbox.init("work", arguments);
        git.run(["remote", "add", "origin", &format!("file://{}", server.path.display())]);
        let watched = Self { sandbox, git, server };
        let (log, program) = (watched.log(""), watched.program());
        fs::create_dir_all(program.parent().unwrap()).unwrap();
        let script = format!(
            "#!/bin/sh\nlog='{}'\ncat >\"$log.told\"\nprintf '%s\\n' \"$@\" >\"$log.words\"\n\
             '{}' \"$@\" <\"$log.told\" 2>\"$log.said\"\ncode=$?\ncat \"$log.said\" >&2\necho $code >\"$log.code\"\nexit $code\n",
            log.display(),
            env!("CARGO_BIN_EXE_forebear")
        );
        fs::write(&program, script).unwrap();
        executable(&program);
        watched
    }

    /// Installs the hook; the program is the script that writes down.
    pub(crate) fn install(&self) {
        let repository = Repository::discover(&self.git.path).unwrap();
        repository.install(&InstallOptions { binary: self.program(), method: Some(HookMethod::File) }).unwrap();
    }

    /// The program that writes down.
    pub(crate) fn program(&self) -> PathBuf {
        self.sandbox.path("bin/forebear")
    }

    fn log(&self, suffix: &str) -> PathBuf {
        self.sandbox.path(&format!("log{suffix}"))
    }

    /// `git push ARGUMENTS`.
    pub(crate) fn push(&self, arguments: &[&str]) -> Pushed {
        self.push_from(&self.git, arguments)
    }

    /// `git push ARGUMENTS` from another repository in which the hook is installed.
    pub(crate) fn push_from(&self, git: &Git, arguments: &[&str]) -> Pushed {
        for suffix in [".told", ".words", ".said", ".code"] {
            // It is there only if a push was seen before.
            let _ = fs::remove_file(self.log(suffix));
        }
        let output = git.try_run([&["push"], arguments].concat());
        let read = |suffix| fs::read_to_string(self.log(suffix)).unwrap_or_default();
        Pushed {
            code: read(".code").trim().parse().ok(),
            succeeded: output.status.success(),
            said: self.plain(&read(".said")),
            told: read(".told"),
            words: read(".words").lines().skip(2).map(str::to_owned).collect(),
            all: self.plain(&String::from_utf8_lossy(&output.stderr)),
        }
    }

    /// Runs the program in the work tree: its exit code, and what it said on both streams.
    pub(crate) fn forebear(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.git.command(env!("CARGO_BIN_EXE_forebear")).args(arguments).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), self.plain(&String::from_utf8_lossy(&said)))
    }

    /// The commit a ref of the server holds, if it has the ref.
    pub(crate) fn on_server(&self, reference: &str) -> Option<String> {
        let output = self.server.try_run(["rev-parse", "--verify", "--quiet", reference]);
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Text without places of this machine.
    pub(crate) fn plain(&self, text: &str) -> String {
        text.replace(&*self.sandbox.path("").to_string_lossy(), "[TOP]/")
    }
}

impl Pushed {
    /// One line a finding (claim, place, help) and one for the rest, without evidence and other numbers that vary.
    pub(crate) fn outline(&self) -> String {
        let lines = self.said.split("\n\n").map(|block| {
            let block = joined(block);
            let claim = block.split(" = ").next().unwrap_or_default();
            let help = block.split_once(" = help: ").map(|(_, help)| format!(" = help: {help}")).unwrap_or_default();
            let mut words: Vec<&str> = Vec::new();
            // The dash goes where the line is broken instead.
            for word in claim.split(' ').chain(help.split_whitespace()).filter(|word| *word != "—") {
                let before = (words.iter().rev().nth(1).copied(), words.last().copied());
                words.push(match before {
                    (Some("log10"), Some("p")) => "[…]",
                    (_, Some("in")) if word.ends_with(|one: char| one.is_ascii_digit()) => "[…]",
                    _ => word,
                });
            }
            words.join(" ")
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Rules of the findings of a level (`deny`, `warn`, `note`), each once.
    pub(crate) fn rules(&self, level: &str) -> Vec<String> {
        rules(&self.said, level)
    }

    /// Asserts that the program let the push through.
    #[track_caller]
    pub(crate) fn passed(&self) -> &Self {
        assert!(self.succeeded && self.code == Some(0), "{:?}\n{}", self.code, self.all);
        self
    }

    /// Asserts that the program stopped the push with an exit code, because of these rules and no other.
    #[track_caller]
    pub(crate) fn blocked(&self, code: i32, rules: &[&str]) -> &Self {
        assert!(!self.succeeded && self.code == Some(code), "{:?}\n{}", self.code, self.all);
        assert_eq!(self.rules("deny"), rules, "{}", self.all);
        self
    }

    /// Asserts that the program said this.
    #[track_caller]
    pub(crate) fn says(&self, words: &str) -> &Self {
        assert!(joined(&self.said).contains(words), "{}", self.said);
        self
    }
}

/// Rules of the findings of a level in a report for people, each once.
pub(crate) fn rules(said: &str, level: &str) -> Vec<String> {
    let rule = |line: &str| Some(line.strip_prefix(level)?.strip_prefix('[')?.split_once(']')?.0.to_owned());
    said.lines().filter_map(rule).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Text on one line: reports are wrapped.
pub(crate) fn joined(said: &str) -> String {
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_push_without_a_model_goes_through() {
    let watched = Watched::new();
    let tip = watched.git.put("README.md", "Nothing to declare.");
    watched.push(&["origin", "main"]).passed().says("scanned 0 artifacts");
    assert_eq!(watched.on_server("refs/heads/main"), Some(tip));
    watched.push(&["origin", "main:side"]).passed();
    watched.push(&["origin", ":side"]).passed().says("a delete publishes nothing");
    assert_eq!(watched.on_server("refs/heads/side"), None);
}
