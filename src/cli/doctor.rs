// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear doctor`: whether a push from here would really be checked.
//!
//! In: this machine and this repository. Out: one line a thing that must hold, with a remedy where it does not.

use std::io::Write;
use std::path::Path;

use clap::Args;
use forebear::bases::Registry;
use forebear::fingerprint::Cache;
use forebear::reports::{bytes, plural};
use serde::Serialize;

use super::arguments::Globals;
use super::load::{self, HookState};
use super::output::Output;
use super::places;
use super::run::Outcome;

/// Prove that a push from here would really be checked
///
/// Exits with 2 if something fails; warnings are said and do not fail.
#[derive(Args, Debug)]
pub(crate) struct Arguments {}

/// Oldest git whose push protocol and configuration the hook is tested with.
const OLDEST_GIT: (u32, u32) = (2, 30);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Warn,
    Fail,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Line {
    state: State,
    subject: &'static str,
    said: String,
    remedy: Option<String>,
}

impl Line {
    fn ok(subject: &'static str, said: impl Into<String>) -> Self {
        Self { state: State::Ok, subject, said: said.into(), remedy: None }
    }

    fn warn(subject: &'static str, said: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { state: State::Warn, subject, said: said.into(), remedy: Some(remedy.into()) }
    }

    fn fail(subject: &'static str, said: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { state: State::Fail, subject, said: said.into(), remedy: Some(remedy.into()) }
    }
}

/// Runs the command.
pub(crate) fn run(_arguments: &Arguments, globals: &Globals) -> anyhow::Result<Outcome> {
    let as_json = globals.json()?;
    let mut out = Output::open(globals)?;
    let lines = [
        git(places::git(&["--version"])),
        lfs(places::git(&["lfs", "version"])),
        hook(&load::hook_state()),
        policy(globals),
        registry(globals),
        cache(places::cache().as_deref(), globals.no_cache),
    ];
    if as_json {
        forebear::reports::json(&lines, &mut out)?;
    } else {
        for line in &lines {
            let state = match line.state {
                State::Ok => "ok  ".to_owned(),
                State::Warn => out.look.strong("warn"),
                State::Fail => out.look.strong("fail"),
            };
            writeln!(out, "{state}  {:<8}  {}", line.subject, line.said)?;
            if let Some(remedy) = &line.remedy {
                writeln!(out, "                help: {remedy}")?;
            }
        }
    }
    out.finish()?;
    let failed = lines.iter().any(|line| line.state == State::Fail);
    Ok(if failed { Outcome::CouldNotCheck } else { Outcome::Pass })
}

fn git(version: Option<String>) -> Line {
    let Some(version) = version else {
        return Line::fail("git", "the git program does not run", "install git and put it on the PATH");
    };
    match git_version(&version) {
        Some(found) if found >= OLDEST_GIT => Line::ok("git", version),
        Some(_) => Line::warn("git", version, format!("update git to {}.{} or newer", OLDEST_GIT.0, OLDEST_GIT.1)),
        None => Line::warn("git", format!("unknown version: {version}"), "use a released git"),
    }
}

/// `git version 2.47.3` → (2, 47).
fn git_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split_whitespace().nth(2)?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn lfs(version: Option<String>) -> Line {
    match version {
        Some(version) => Line::ok("git-lfs", version),
        None => Line::warn(
            "git-lfs",
            "git-lfs does not run; checkpoints stored through it cannot be fetched",
            "install git-lfs if this repository uses it",
        ),
    }
}

fn hook(state: &HookState) -> Line {
    match state {
        HookState::Installed(path, said) => {
            let line = format!("{} runs {said}", path.display());
            if *said == format!("forebear {}", env!("CARGO_PKG_VERSION")) {
                Line::ok("hook", line)
            } else {
                let remedy = "run `forebear hook install` to have pushes checked by this version";
                Line::warn("hook", format!("{line}, which is another version than this"), remedy)
            }
        }
        HookState::Foreign(path) => Line::fail(
            "hook",
            format!("{} is another hook, and pushes from this clone are not checked", path.display()),
            "run `forebear hook install`; the hook that is there keeps running",
        ),
        HookState::Missing => {
            Line::fail("hook", "pushes from this clone are not checked", "run `forebear hook install`")
        }
        HookState::Broken(reasons) => Line::fail("hook", reasons.join("; "), "run `forebear hook install` again"),
        HookState::NoRepository => {
            Line::fail("hook", "there is no git repository here", "run this inside the repository that is pushed from")
        }
    }
}

fn policy(globals: &Globals) -> Line {
    let path = places::policy(globals);
    if !path.is_file() {
        return if globals.policy.is_some() {
            Line::fail("policy", format!("{} is not there", path.display()), "name a policy that is")
        } else {
            Line::warn("policy", "there is no policy.toml, so every rule is strict", "run `forebear init`")
        };
    }
    match load::policy(&path) {
        Ok(_) => Line::ok("policy", path.display().to_string()),
        Err(error) => Line::fail("policy", one_line(&error), "correct the policy"),
    }
}

fn registry(globals: &Globals) -> Line {
    let opened = places::registries(globals).and_then(|paths| Ok(Registry::open(&paths)?));
    match opened {
        Ok(registry) if registry.is_empty() => {
            Line::warn("registry", "no base is registered", "run `forebear registry add`")
        }
        Ok(registry) => Line::ok("registry", format!("{} registered", plural(registry.len() as u64, "base", "bases"))),
        Err(error) => Line::fail("registry", one_line(&error), "correct the registry, or name another"),
    }
}

fn cache(folder: Option<&Path>, unused: bool) -> Line {
    let Some(folder) = folder.filter(|_| !unused) else {
        return Line::warn("cache", "fingerprints are not cached", "set FOREBEAR_CACHE to a folder");
    };
    let written = std::fs::create_dir_all(folder).and_then(|()| tempfile::tempfile_in(folder));
    match written {
        Ok(_) => {
            let size = Cache::new(folder.to_owned()).size();
            Line::ok("cache", format!("{}, {} of {} at most", folder.display(), bytes(size), bytes(Cache::LIMIT)))
        }
        Err(error) => Line::warn(
            "cache",
            format!("{} cannot be written: {error}", folder.display()),
            "set FOREBEAR_CACHE to a folder that can",
        ),
    }
}

/// An error of several lines, such as one with a snippet, in one.
fn one_line(error: &anyhow::Error) -> String {
    format!("{error:#}").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_is_judged_by_its_version() {
        let state = |version: &str| git(Some(version.to_owned())).state;
        assert_eq!(state("git version 2.47.3"), State::Ok);
        assert_eq!(state("git version 2.39.5 (Apple Git-154)"), State::Ok);
        assert_eq!(state("git version 2.45.1.windows.1"), State::Ok);
        assert_eq!(state("git version 2.9.0"), State::Warn);
        assert_eq!(state("something else"), State::Warn);
        assert_eq!(git(None).state, State::Fail);
    }

    #[test]
    fn a_cache_that_cannot_be_written_is_a_warning() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        assert_eq!(cache(Some(&folder.path().join("new")), false).state, State::Ok);
        let file = folder.path().join("file");
        std::fs::write(&file, "")?;
        assert_eq!(cache(Some(&file.join("inside")), false).state, State::Warn);
        assert_eq!(cache(None, false).state, State::Warn);
        Ok(())
    }

    #[test]
    fn a_hook_that_git_skips_is_a_failure() {
        let version = format!("forebear {}", env!("CARGO_PKG_VERSION"));
        assert_eq!(hook(&HookState::Installed("h".into(), version)).state, State::Ok);
        assert_eq!(hook(&HookState::Installed("h".into(), "forebear 0.0.1".into())).state, State::Warn);
        for state in [
            HookState::Missing,
            HookState::Foreign("h".into()),
            HookState::Broken(vec!["h".into()]),
            HookState::NoRepository,
        ] {
            let line = hook(&state);
            assert!(line.state == State::Fail && line.remedy.is_some());
        }
    }
}
