// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What is in a repository, as far as a policy for it can be guessed.
//!
//! In: the work tree and git. Out: [`Seen`]. Every guess is for a person to correct, so what does not parse is passed
//! over here; the gate says it aloud.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context;
use forebear::bases::Registry;
use forebear::licenses::identify;
use forebear::reports::harmless;

use super::super::arguments::Globals;
use super::super::output::read_text;
use super::super::places;
use super::models::{self, Weights, card};

/// What was seen in a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Name of what is released.
    pub(super) name: String,
    /// License that the card or a license file names, and which of them.
    pub(super) license: Option<(String, String)>,
    /// License files at the root, and what they hold.
    pub(super) license_files: Vec<(String, Vec<String>)>,
    /// Patterns for the remote's default branch, its release branches, and the branch that is checked out.
    pub(super) branches: Vec<String>,
    /// Folders with weights.
    pub(super) weights: Vec<Weights>,
    /// Ids of the bases that are registered.
    pub(super) registered: Vec<String>,
    /// Programs that manage hooks here, with the file that says so, and whether it names forebear.
    pub(super) managers: Vec<(&'static str, String, bool)>,
    /// `core.hooksPath`, if it is set.
    pub(super) hooks_path: Option<String>,
    /// Whether the repository is used with GitHub.
    pub(super) github: bool,
    /// A workflow that runs forebear already.
    pub(super) workflow: Option<String>,
    /// Whether git signs with SSH.
    pub(super) can_sign: bool,
}

/// Files by which programs that manage hooks are known.
const MANAGERS: [(&str, &str); 5] = [
    ("pre-commit", ".pre-commit-config.yaml"),
    ("lefthook", "lefthook.yml"),
    ("lefthook", "lefthook.yaml"),
    ("lefthook", ".lefthook.yml"),
    ("lefthook", ".lefthook.yaml"),
];

/// Names of branches that are released from, where they are there.
const RELEASED: [&str; 6] = ["main", "master", "release", "releases", "production", "stable"];

/// Largest license file that is looked at.
const LARGEST_LICENSE: u64 = 1 << 20;

/// Looks at a repository.
pub(super) fn look(root: &Path, globals: &Globals) -> anyhow::Result<Seen> {
    let license_files = license_files(root)?;
    let card = card(&root.join("README.md"))?;
    let by_card = card.as_ref().and_then(|card| card.license_id()).map(|license| license.value.clone());
    let by_file = license_files.iter().find_map(|(file, held)| Some((held.first()?.clone(), file.clone())));
    let remote = remote();
    let url = remote.as_ref().and_then(|remote| places::git(&["remote", "get-url", remote]));
    let registries = places::registries(globals).ok().and_then(|paths| Registry::open(&paths).ok());
    Ok(Seen {
        name: name(root, url.as_deref()),
        license: by_card.filter(|id| is_plain(id)).map(|id| (id, "README.md".to_owned())).or(by_file),
        license_files,
        branches: branches(root, remote.as_deref()),
        weights: models::weights(root, card.as_ref())?,
        registered: registries
            .map(|known| known.list().map(|base| base.entry.id.clone()).collect())
            .unwrap_or_default(),
        managers: managers(root),
        hooks_path: places::git(&["config", "core.hooksPath"]),
        github: root.join(".github").is_dir() || url.is_some_and(|url| url.contains("github.com")),
        workflow: workflow(root),
        can_sign: places::git(&["config", "gpg.format"]).as_deref() == Some("ssh"),
    })
}

/// Text from a file that can stand in a policy and in a terminal as it is.
pub(super) fn is_plain(text: &str) -> bool {
    !text.trim().is_empty() && text.len() < 200 && !text.contains('\n') && harmless(text) == text
}

/// Everything that `git` says, one line each; nothing where it fails.
pub(super) fn lines(root: &Path, arguments: &[&str], end: char) -> Vec<String> {
    let output = Command::new("git").arg("-C").arg(root).args(arguments).output();
    let Some(output) = output.ok().filter(|output| output.status.success()) else { return Vec::new() };
    let text = String::from_utf8_lossy(&output.stdout);
    text.split(end).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// The remote that is pushed to: `origin`, or else the first there is.
fn remote() -> Option<String> {
    let origin = places::git(&["remote", "get-url", "origin"]).map(|_| "origin".to_owned());
    origin.or_else(|| places::git(&["remote"]))
}

/// `owner/name` of the remote that is pushed to, or the folder's own name.
fn name(root: &Path, url: Option<&str>) -> String {
    let folder = || fs::canonicalize(root).ok()?.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = url.and_then(repository_name).or_else(folder).filter(|name| is_plain(name));
    name.unwrap_or_else(|| "model".to_owned())
}

/// The last two parts of the path of a URL or of `host:path`.
fn repository_name(url: &str) -> Option<String> {
    let url = url.trim_end_matches('/');
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.split_once('/')?.1,
        None => url.split_once(':')?.1,
    };
    let path = path.strip_suffix(".git").unwrap_or(path);
    let mut parts = path.rsplit('/').filter(|part| !part.is_empty());
    let last = parts.next()?;
    Some(parts.next().map_or_else(|| last.to_owned(), |owner| format!("{owner}/{last}")))
}

/// The remote's default branch first, then what it releases from, then what is checked out.
fn branches(root: &Path, remote: Option<&str>) -> Vec<String> {
    let mut found = Vec::new();
    let mut add = |pattern: String| {
        if !found.contains(&pattern) {
            found.push(pattern);
        }
    };
    if let Some(remote) = remote {
        let prefix = format!("refs/remotes/{remote}/");
        let head = lines(root, &["symbolic-ref", &format!("{prefix}HEAD")], '\n').into_iter().next();
        if let Some(branch) = head.as_deref().and_then(|head| head.strip_prefix(&prefix)) {
            add(globset::escape(branch));
        }
        for name in lines(root, &["for-each-ref", "--format=%(refname)", &prefix], '\n') {
            let Some(branch) = name.strip_prefix(&prefix) else { continue };
            match branch.split_once('/') {
                Some((folder, _)) if RELEASED.contains(&folder) => add(format!("{folder}/*")),
                None if RELEASED.contains(&branch) => add(branch.to_owned()),
                _ => {}
            }
        }
    }
    if let Some(branch) = places::git(&["symbolic-ref", "--short", "HEAD"]) {
        add(globset::escape(&branch));
    }
    found.retain(|pattern| is_plain(pattern));
    found
}

fn license_files(root: &Path) -> anyhow::Result<Vec<(String, Vec<String>)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).with_context(|| format!("failed to read {}", root.display()))?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let upper = name.to_ascii_uppercase();
        let named = ["LICENSE", "LICENCE", "COPYING"].iter().any(|start| upper.starts_with(start));
        let fits = entry.metadata().is_ok_and(|data| data.is_file() && data.len() <= LARGEST_LICENSE);
        if named
            && fits
            && let Ok(text) = read_text(&entry.path())
        {
            found.push((name, identify(&text).iter().map(|license| license.id.clone()).collect()));
        }
    }
    found.sort();
    Ok(found)
}

fn managers(root: &Path) -> Vec<(&'static str, String, bool)> {
    let found = MANAGERS.iter().filter_map(|(program, file)| {
        let text = read_text(&root.join(file)).ok()?;
        Some((*program, (*file).to_owned(), text.contains("forebear")))
    });
    found.collect()
}

/// The first workflow that names the action or the program.
fn workflow(root: &Path) -> Option<String> {
    let folder = root.join(".github/workflows");
    let mut names: Vec<_> = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).collect();
    names.sort();
    let names_it = |path: &&std::path::PathBuf| {
        let yaml = path.extension().is_some_and(|ending| ending == "yml" || ending == "yaml");
        let own = path.file_stem().is_some_and(|stem| stem == "forebear");
        yaml && (own || read_text(path).is_ok_and(|text| text.contains("forebear")))
    };
    let found = names.iter().find(names_it)?;
    Some(format!(".github/workflows/{}", found.file_name()?.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_named_by_its_remote() {
        for url in [
            "https://hub.example/acme/orca.git",
            "https://hub.example/acme/orca/",
            "git@hub.example:acme/orca.git",
            "ssh://git@hub.example:22/models/acme/orca",
        ] {
            assert_eq!(repository_name(url).as_deref(), Some("acme/orca"), "{url}");
        }
        assert_eq!(repository_name("/srv/orca"), None);
    }

    #[test]
    fn text_that_could_steer_a_terminal_is_not_plain() {
        assert!(is_plain("acme/orca"));
        for text in ["", " ", "a\nb", "a\u{1b}[2J", "a\u{202e}b"] {
            assert!(!is_plain(text), "{text:?}");
        }
    }
}
