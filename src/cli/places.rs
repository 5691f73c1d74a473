// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Where things are on this machine.
//!
//! In: the environment and the options. Out: the paths of the policy, the registries, and the cache.

use std::env;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use super::arguments::Globals;
use super::load;

/// Folder of the registry when neither policy nor options name one.
const REGISTRY: &str = "registry";

/// Root of the work tree around the current folder, or the current folder without git.
pub(crate) fn root() -> PathBuf {
    git(&["rev-parse", "--show-toplevel"]).map_or_else(|| PathBuf::from("."), PathBuf::from)
}

/// First line of what `git` says, if it says something and succeeds.
pub(crate) fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().next().map(str::to_owned).filter(|line| !line.is_empty())
}

/// The policy file, whether or not it is there.
pub(crate) fn policy(globals: &Globals) -> PathBuf {
    globals.policy.clone().unwrap_or_else(|| root().join("policy.toml"))
}

/// The registries to search: those of the options, FOREBEAR_REGISTRY, then those of the policy, then `registry/` if it is there.
pub(crate) fn registries(globals: &Globals) -> anyhow::Result<Vec<PathBuf>> {
    let mut paths = globals.registry.clone();
    let root = root();
    for path in load::policy_registries(&policy(globals))? {
        if !stays_inside(&path) {
            anyhow::bail!(
                "registry `{}` of the policy is outside the repository; name it with --registry",
                path.display()
            );
        }
        paths.push(root.join(path));
    }
    if paths.is_empty() {
        paths.extend(Some(root.join(REGISTRY)).filter(|path| path.is_dir()));
    }
    Ok(paths)
}

/// Whether a path that a file names cannot leave the folder it is joined to.
fn stays_inside(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

/// The registry to change: the first that is searched, or `registry/`.
pub(crate) fn registry_to_change(globals: &Globals) -> anyhow::Result<PathBuf> {
    Ok(registries(globals)?.into_iter().next().unwrap_or_else(|| root().join(REGISTRY)))
}

/// A registry for every repository of this user: FOREBEAR_REGISTRY.
pub(crate) fn user_registry() -> Option<PathBuf> {
    variable("FOREBEAR_REGISTRY")
}

/// The cache folder that FOREBEAR_CACHE names.
pub(crate) fn named_cache() -> Option<PathBuf> {
    variable("FOREBEAR_CACHE")
}

fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Folder of cached fingerprints: FOREBEAR_CACHE, or `forebear` in the user's cache folder.
pub(crate) fn cache() -> Option<PathBuf> {
    let absolute = |path: &PathBuf| path.is_absolute();
    named_cache().or_else(|| {
        // XDG Base Directory Specification: relative paths are to be ignored.
        let folder = variable("XDG_CACHE_HOME")
            .filter(absolute)
            .or_else(|| variable("LOCALAPPDATA"))
            .or_else(|| variable("HOME").map(|home| home.join(".cache")))?;
        Some(folder.join("forebear"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_a_policy_stay_in_the_repository() {
        assert!(stays_inside(Path::new("registry/")) && stays_inside(Path::new("./a/b")));
        for path in ["/etc", "../registry", "a/../../b", "a/.."] {
            assert!(!stays_inside(Path::new(path)), "{path}");
        }
    }
}
