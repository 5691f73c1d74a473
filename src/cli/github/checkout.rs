// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The clone that a workflow made: deep enough for what is asked, with the Git LFS objects that are needed.
//!
//! In: commits and paths. Out: git's answers. It fetches from `origin` and from nowhere else, and only what is asked for.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, bail};
use data_encoding::BASE64;
use forebear::changes::File;
use forebear::reports::harmless;

/// Commits by which a shallow clone is deepened first; then four times as many, and so on.
const FIRST_STEP: u64 = 16;
/// How often it is deepened before everything is fetched.
const STEPS: u32 = 5;
/// Bytes of paths that are given to one run of git-lfs.
const MOST_ARGUMENTS: usize = 32 << 10;

/// The clone around the current folder.
#[derive(Default)]
pub(crate) struct Checkout {
    /// A token and the server it is for, if a private repository has to be fetched from.
    token: Option<(String, String)>,
}

impl Checkout {
    /// With a token, which is sent to this server and to no other.
    pub(crate) fn with_token(server: String, token: Option<String>) -> Self {
        Self { token: token.filter(|token| !token.is_empty()).map(|token| (server, token)) }
    }

    /// The commit that is checked out.
    pub(crate) fn head(&self) -> anyhow::Result<String> {
        self.said(&["rev-parse", "--verify", "HEAD^{commit}"])
    }

    /// Parents of a commit, also those that a shallow clone cut off.
    pub(crate) fn parents(&self, commit: &str) -> anyhow::Result<Vec<String>> {
        let text = self.said(&["cat-file", "commit", commit])?;
        let head = text.lines().take_while(|line| !line.is_empty());
        Ok(head.filter_map(|line| line.strip_prefix("parent ")).map(str::to_owned).collect())
    }

    /// Whether a commit is here.
    pub(crate) fn has(&self, commit: &str) -> bool {
        self.git(&["cat-file", "-e", &format!("{commit}^{{commit}}")]).is_ok_and(|output| output.status.success())
    }

    /// Tip of a branch of `origin`, fetched if it is not here.
    pub(crate) fn branch(&self, name: &str, fetch: bool) -> anyhow::Result<Option<String>> {
        let reference = format!("refs/remotes/origin/{name}");
        let tip =
            || self.said(&["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{reference}^{{commit}}")]);
        if let Ok(tip) = tip() {
            return Ok(Some(tip));
        }
        if !fetch {
            return Ok(None);
        }
        let depth: &[&str] = if self.is_shallow()? { &["--depth=1"] } else { &[] };
        let refspec = format!("+refs/heads/{name}:{reference}");
        self.fetch(&[depth, &["origin", &refspec]].concat())?;
        tip().map(Some)
    }

    /// Makes a commit known here, and with it everything between it and `tip`.
    pub(crate) fn reach(&self, base: &str, tip: &str, commits: Option<u64>) -> anyhow::Result<()> {
        if !self.has(base) {
            let depth: &[&str] = if self.is_shallow()? { &["--depth=1"] } else { &[] };
            self.fetch(&[depth, &["origin", base]].concat())?;
        }
        let mut step = commits.map_or(FIRST_STEP, |commits| commits.saturating_add(1).min(1 << 16));
        for _ in 0..STEPS {
            if self.is_complete(base, tip)? {
                return Ok(());
            }
            self.fetch(&[&format!("--deepen={step}"), "origin", base, tip])?;
            step = step.saturating_mul(4);
        }
        if !self.is_complete(base, tip)? {
            self.fetch(&["--unshallow", "origin"])?;
        }
        Ok(())
    }

    /// Fetches the Git LFS objects of files, and no others.
    pub(crate) fn fetch_lfs(&self, files: &[&File], tip: &str) -> anyhow::Result<()> {
        let mut by_commit: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for file in files {
            // A version that came and went is in no tip's tree.
            let commit = if file.at_tip { tip } else { file.commit.as_deref().unwrap_or(tip) };
            by_commit.entry(commit).or_default().push(pattern(&file.path));
        }
        for (commit, mut patterns) in by_commit {
            patterns.sort();
            patterns.dedup();
            let mut patterns = patterns.into_iter().peekable();
            while patterns.peek().is_some() {
                let mut list = String::new();
                while let Some(next) =
                    patterns.next_if(|next| list.is_empty() || list.len() + next.len() < MOST_ARGUMENTS)
                {
                    if !list.is_empty() {
                        list.push(',');
                    }
                    list.push_str(&next);
                }
                let include = format!("--include={list}");
                let output = self.git(&["lfs", "fetch", &include, "--exclude=", "origin", commit])?;
                if !output.status.success() {
                    bail!("git lfs fetch failed: {}", words(&output));
                }
            }
        }
        Ok(())
    }

    /// Whether nothing between the two commits is cut off.
    fn is_complete(&self, base: &str, tip: &str) -> anyhow::Result<bool> {
        if !self.is_shallow()? {
            return Ok(true);
        }
        if !self.has(base) || !self.git(&["merge-base", base, tip])?.status.success() {
            return Ok(false);
        }
        let edges = PathBuf::from(self.said(&["rev-parse", "--git-path", "shallow"])?);
        let edges = fs::read_to_string(&edges).with_context(|| format!("failed to read {}", edges.display()))?;
        let range = self.said(&["rev-list", &format!("{base}..{tip}")])?;
        Ok(!range.lines().any(|commit| edges.lines().any(|edge| edge == commit)))
    }

    fn is_shallow(&self) -> anyhow::Result<bool> {
        Ok(self.said(&["rev-parse", "--is-shallow-repository"])? == "true")
    }

    fn fetch(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let first = ["fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head"];
        let output = self.git(&[&first[..], arguments].concat())?;
        if !output.status.success() {
            bail!("git {} failed: {}", [&["fetch"], arguments].concat().join(" "), words(&output));
        }
        Ok(())
    }

    /// What git says, if it succeeds.
    fn said(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = self.git(arguments)?;
        if !output.status.success() {
            bail!("git {} failed: {}", arguments.join(" "), words(&output));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    fn git(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        let mut command = Command::new("git");
        command.args(arguments).stdin(Stdio::null()).env("GIT_TERMINAL_PROMPT", "0").env("GIT_NO_REPLACE_OBJECTS", "1");
        if let Some((server, token)) = &self.token {
            // By the environment, since everybody on the machine can read arguments.
            let credentials = BASE64.encode(format!("x-access-token:{token}").as_bytes());
            command
                .env("GIT_CONFIG_COUNT", "1")
                .env("GIT_CONFIG_KEY_0", format!("http.{server}/.extraheader"))
                .env("GIT_CONFIG_VALUE_0", format!("AUTHORIZATION: basic {credentials}"));
        }
        command.output().context("git does not run; install it where the workflow runs")
    }
}

/// What git wrote to stderr, in one line.
fn words(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    harmless(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A pattern of git-lfs that matches a path. It has no way to quote, so what is special is a wildcard: that can only
/// match more.
fn pattern(path: &str) -> String {
    let special = |c: char| matches!(c, ',' | '*' | '?' | '[' | ']' | '\\' | '!' | '#' | ' ');
    let plain: String = path
        .chars()
        .map(|c| match c {
            char::REPLACEMENT_CHARACTER => '*',
            c if special(c) => '?',
            c => c,
        })
        .collect();
    format!("/{plain}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_cannot_become_two_patterns() {
        assert_eq!(pattern("a,b/*!#[x].bin"), "/a?b/????x?.bin");
        assert_eq!(pattern("模型/m.safetensors"), "/模型/m.safetensors");
    }
}
