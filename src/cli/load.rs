// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What the commands ask of the stages, in one place.
//!
//! In: paths as given on the command line. Out: fingerprints, rule pages, registries named by a policy,
//! header lines, and the state of the hook; or an error that names the file.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use forebear::findings::{Level, Rule};
use forebear::fingerprint::Fingerprint;

use super::init::Seen;
use super::output::read_text;
use super::places;

/// The fingerprint of a checkpoint, a folder of shards, an adapter, or a fingerprint file.
pub(crate) fn fingerprint_path(path: &Path) -> anyhow::Result<Fingerprint> {
    Fingerprint::read(path).with_context(|| format!("failed to fingerprint {}", path.display()))
}

/// The public page of a rule.
pub(crate) fn rule_page(rule: Rule) -> String {
    format!("# {}\n\n{}\n\nDefault level: {}.\n", rule.id(), rule.summary(), level(rule.default_level()))
}

/// Name of a level.
pub(crate) fn level(level: Level) -> &'static str {
    match level {
        Level::Deny => "deny",
        Level::Warn => "warn",
        Level::Note => "note",
    }
}

/// The registries that a policy names, as written there; none if there is no policy.
pub(crate) fn policy_registries(policy: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let Some(policy) = policy_table(policy)? else {
        return Ok(Vec::new());
    };
    let paths = policy.get("registry").and_then(|registry| registry.get("paths")).and_then(toml::Value::as_array);
    Ok(paths.into_iter().flatten().filter_map(toml::Value::as_str).map(PathBuf::from).collect())
}

/// The policy, or nothing if there is no such file.
pub(crate) fn policy_table(policy: &Path) -> anyhow::Result<Option<toml::Table>> {
    if !policy.is_file() {
        return Ok(None);
    }
    let text = read_text(policy)?;
    toml::from_str(&text).map(Some).with_context(|| format!("failed to read {}", policy.display()))
}

/// Copyright and SPDX lines among the first 64 of a source file, without their comment marks.
pub(crate) fn headers(path: &Path) -> anyhow::Result<Vec<String>> {
    let text = read_text(path)?;
    let lines = text.lines().take(64).map(|line| line.trim().trim_matches(['#', '/', '*', ';', '-', '!', ' ']));
    Ok(lines.filter(|line| line.starts_with("Copyright") || line.starts_with("SPDX-")).map(str::to_owned).collect())
}

/// The text of a policy for what was seen.
pub(crate) fn policy_template(seen: &Seen) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let mut lines = vec![
        "# What this repository releases, and where it comes from. Keys left out have defaults.".to_owned(),
        "schema = 1\n\n[release]".to_owned(),
        format!("name = {}", quoted(&seen.name)),
    ];
    lines.extend(seen.license.as_ref().map(|license| format!("license = {}", quoted(license))));
    lines.push("# Findings block on these branches and tags; elsewhere they warn.".to_owned());
    lines.push(format!("branches = [{}]", quoted(seen.branch.as_deref().unwrap_or("main"))));
    lines.push("tags = [\"v*\"]".to_owned());
    for (pattern, bases) in &seen.models {
        let origin = if bases.is_empty() { "from-scratch" } else { "derived" };
        lines.push("\n# Guessed from the files beside it. Correct it: it is checked against the weights.".to_owned());
        lines.push(format!("[[model]]\npaths = [{}]\norigin = \"{origin}\"", quoted(pattern)));
        if !bases.is_empty() {
            let bases = bases.iter().map(|base| format!("{{ id = {}, relation = \"finetune\" }}", quoted(base)));
            lines.push(format!("bases = [{}]", bases.collect::<Vec<_>>().join(", ")));
        }
    }
    lines.join("\n") + "\n"
}

/// Installs the pre-push hook and says what was done.
pub(crate) fn install_hook() -> anyhow::Result<String> {
    anyhow::bail!("this build cannot install the hook: the gate is not part of it")
}

/// State of the pre-push hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HookState {
    /// It is there and would run.
    Installed(PathBuf),
    /// There is none, or it is somebody else's.
    Missing,
    /// It is there and git would skip it.
    NotExecutable(PathBuf),
    /// There is no git repository here.
    NoRepository,
}

/// Looks for the pre-push hook where git would.
pub(crate) fn hook_state() -> HookState {
    let Some(path) = places::git(&["rev-parse", "--git-path", "hooks/pre-push"]).map(PathBuf::from) else {
        return HookState::NoRepository;
    };
    match fs::read_to_string(&path) {
        Ok(text) if text.contains("forebear") => {
            if executable(&path) {
                HookState::Installed(path)
            } else {
                HookState::NotExecutable(path)
            }
        }
        _ => HookState::Missing,
    }
}

#[cfg(unix)]
fn executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn executable(_path: &Path) -> bool {
    true
}
