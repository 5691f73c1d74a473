// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What the commands ask of the stages, in one place.
//!
//! In: paths as given on the command line. Out: fingerprints, rule pages, registries named by a policy,
//! header lines, and the state of the hook; or an error that names the file.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use forebear::changes::{self, Content, File, FileState, InstallOptions, Repository};
use forebear::checkpoints::{Checkpoint, Group, discover, merged_adapter, open};
use forebear::code;
use forebear::documents::{TokenizerFile, TokenizerPrint, tokenizers};
use forebear::findings::{self, Level, Rule};
use forebear::fingerprint::{self, Fingerprint, Part, PartOf, collect_where, compute, compute_part, merge_parts};
use forebear::gate::GateError;
use forebear::policy::Policy;
use forebear::reports::Glanced;

use super::arguments::Globals;
use super::online;
use super::output::read_text;
use super::progress::watched;

/// The fingerprint of a checkpoint, a folder of shards, an adapter, or a fingerprint file.
pub(crate) fn fingerprint_path(path: &Path, globals: &Globals) -> anyhow::Result<Fingerprint> {
    if let Some(url) = online::url(path) {
        return online::fingerprint(url, globals);
    }
    let failed = || format!("failed to fingerprint {}", path.display());
    let metadata = fs::metadata(path).with_context(failed)?;
    if metadata.is_file() && is_fingerprint(path) {
        return Fingerprint::read(path).with_context(failed);
    }
    let files = if metadata.is_dir() { folder_files(path)? } else { siblings(path).with_context(failed)? };
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let wanted = |group: &Group| {
        metadata.is_dir() || group.files.iter().any(|at| files.get(*at).is_some_and(|file| file.path == name))
    };
    let total = if metadata.is_dir() { files.iter().map(|file| file.size).sum() } else { metadata.len() };
    let mut found = watched("fingerprint", total, globals, |progress| collect_where(&files, None, progress, wanted));
    found.unverifiable.retain(|file| metadata.is_dir() || files.get(file.file).is_some_and(|file| file.path == name));
    if let Some(unread) = found.unread.into_iter().next() {
        return Err(unread.error).with_context(failed);
    }
    let mut models = found.models.into_iter();
    match (models.next(), models.next()) {
        (Some(model), None) => Ok(Fingerprint { name: path.display().to_string(), ..model.fingerprint }),
        (Some(one), Some(other)) => anyhow::bail!(
            "{} holds several checkpoints ({}, {}, …); name one of them",
            path.display(),
            one.fingerprint.name,
            other.fingerprint.name
        ),
        (None, _) => match found.unverifiable.first() {
            Some(file) => anyhow::bail!("{} is a {}: {}; {}", path.display(), file.what, file.reason, file.remedy),
            None if files.iter().any(|file| matches!(file.state, FileState::MissingLfs)) => anyhow::bail!(
                "{} holds a Git LFS pointer in place of a checkpoint; fetch the object: git lfs pull",
                path.display()
            ),
            None => anyhow::bail!("{} holds no checkpoint", path.display()),
        },
    }
}

/// A look at a few matrices of a checkpoint, and how much that is; nothing for a fingerprint file, which has them all.
pub(crate) fn glance(path: &Path, globals: &Globals) -> anyhow::Result<Option<(Fingerprint, Glanced)>> {
    if online::url(path).is_none() && path.is_file() && is_fingerprint(path) {
        return Ok(None);
    }
    let checkpoint = opened(path, globals)?;
    let of = checkpoint.files.iter().map(|file| file.size).sum();
    let found = watched("look at", of, globals, |progress| fingerprint::glance(&checkpoint, progress));
    let print = found.with_context(|| format!("failed to read {}", path.display()))?;
    let read = Glanced { matrices: print.matrices.len() as u64, bytes: print.bytes_read, of };
    let name = match online::url(path) {
        Some(url) => online::opened(url, globals)?.name,
        None => path.display().to_string(),
    };
    Ok(Some((Fingerprint { name, ..print }, read)))
}

/// The fingerprint of the model that an adapter makes of a base.
pub(crate) fn merged_path(adapter: &Path, base: &Path, globals: &Globals) -> anyhow::Result<Fingerprint> {
    let failed = || format!("failed to merge {} into {}", adapter.display(), base.display());
    let change = opened(adapter, globals)?;
    let merged = merged_adapter(&change, &opened(base, globals)?).with_context(failed)?;
    let total = merged.files.iter().map(|file| file.size).sum();
    let print = watched("fingerprint", total, globals, |progress| compute(&merged, progress)).with_context(failed)?;
    Ok(Fingerprint { name: adapter.display().to_string(), ..print })
}

/// One part of the fingerprint of a checkpoint.
pub(crate) fn part_of(path: &Path, part: PartOf, globals: &Globals) -> anyhow::Result<Part> {
    let failed = || format!("failed to fingerprint part {} of {} of {}", part.number(), part.of(), path.display());
    anyhow::ensure!(
        online::url(path).is_some() || !path.is_file() || !is_fingerprint(path),
        "{} is a fingerprint, not a checkpoint",
        path.display()
    );
    let checkpoint = opened(path, globals)?;
    let total = checkpoint.files.iter().map(|file| file.size).sum();
    let found = watched("fingerprint", total, globals, |progress| compute_part(&checkpoint, part, progress));
    let name = match online::url(path) {
        Some(url) => online::opened(url, globals)?.name,
        None => path.display().to_string(),
    };
    Ok(found.with_context(failed)?.named(name))
}

/// The fingerprint that parts make.
pub(crate) fn merged_parts(paths: &[PathBuf]) -> anyhow::Result<Fingerprint> {
    let read = |path: &PathBuf| Part::read(path).with_context(|| format!("failed to read the part {}", path.display()));
    let parts = paths.iter().map(read).collect::<anyhow::Result<Vec<_>>>()?;
    merge_parts(parts).context("the parts make no fingerprint")
}

/// The only checkpoint at a path.
fn opened(path: &Path, globals: &Globals) -> anyhow::Result<Checkpoint> {
    if let Some(url) = online::url(path) {
        return online::checkpoint(url, globals);
    }
    let failed = || format!("failed to read {}", path.display());
    let folder = fs::metadata(path).with_context(failed)?.is_dir();
    let files = if folder { folder_files(path)? } else { siblings(path).with_context(failed)? };
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let is_wanted =
        |group: &&Group| folder || group.files.iter().any(|at| files.get(*at).is_some_and(|file| file.path == name));
    let discovery = discover(&files);
    let mut groups = discovery.groups.iter().filter(is_wanted);
    match (groups.next(), groups.next()) {
        (Some(group), None) => open(&files, group).with_context(failed),
        (Some(_), Some(_)) => anyhow::bail!("{} holds several checkpoints; name one of them", path.display()),
        (None, _) => anyhow::bail!("{} holds no checkpoint", path.display()),
    }
}

/// Whether a file is a fingerprint: safetensors that say so in their metadata.
pub(crate) fn is_fingerprint(path: &Path) -> bool {
    Content::Disk(path.to_owned()).head(64).is_ok_and(|head| Fingerprint::says_so(&head))
}

/// The print of the tokenizer at a path: in the file itself, or beside a checkpoint, or in a folder; none is none. One that
/// is there and cannot be read is an error.
pub(crate) fn tokenizer_path(path: &Path, globals: &Globals) -> anyhow::Result<Option<TokenizerPrint>> {
    if let Some(url) = online::url(path) {
        return online::tokenizer(url, globals);
    }
    let folder = fs::metadata(path).with_context(|| format!("failed to read {}", path.display()))?.is_dir();
    // What lies beside a fingerprint is not what lay beside the weights.
    if !folder && is_fingerprint(path) {
        return Ok(None);
    }
    let files = if folder { folder_files(path)? } else { siblings(path)? };
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut found: Vec<TokenizerFile> = tokenizers(&files);
    found.retain(|file| folder && !file.path.contains('/') || !folder && (file.path == name || !file.in_checkpoint));
    // Its own before those beside it.
    found.sort_by_key(|file| file.path != name);
    let Some(first) = found.into_iter().next() else { return Ok(None) };
    let print = first.print.with_context(|| format!("failed to read the tokenizer {}", first.path))?;
    Ok(Some(print))
}

/// The same as context of a comparison: one that cannot be read is said, and keeps nothing from being compared.
pub(crate) fn tokenizer_beside(path: &Path, globals: &Globals) -> Option<TokenizerPrint> {
    tokenizer_path(path, globals).unwrap_or_else(|error| {
        tracing::warn!("tokenizers were not compared: {error:#}");
        None
    })
}

fn folder_files(path: &Path) -> anyhow::Result<Vec<File>> {
    let published = changes::folder(path)?;
    let mut files: Vec<File> = published.snapshots.into_iter().flat_map(|snapshot| snapshot.files).collect();
    // A folder named by hand may hold links to its files, as the cache of a hub does.
    for file in &mut files {
        let target = path.join(&file.path);
        if let (FileState::NotAFile(_), Ok(metadata)) = (&file.state, fs::metadata(&target))
            && metadata.is_file()
        {
            file.size = metadata.len();
            file.state = FileState::Present(Content::Disk(target));
        }
    }
    Ok(files)
}

/// The files beside a checkpoint: its other shards and its config are among them.
fn siblings(path: &Path) -> anyhow::Result<Vec<File>> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = fs::metadata(entry.path()).ok().filter(fs::Metadata::is_file);
        if let Some(metadata) = metadata {
            let name = entry.file_name().to_string_lossy().into_owned();
            let id = format!("unhashed:{}", entry.path().display());
            files.push(File::present(name, id, metadata.len(), Content::Disk(entry.path())));
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// The public page of a rule.
pub(crate) fn rule_page(rule: Rule) -> String {
    findings::page(rule)
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
pub(crate) fn policy_registries(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    Ok(policy(path)?.registry.paths.into_iter().map(PathBuf::from).collect())
}

/// The policy, or that of a repository without one if there is no such file.
pub(crate) fn policy(path: &Path) -> anyhow::Result<Policy> {
    if !path.is_file() {
        return Ok(Policy::default());
    }
    let text = read_text(path)?;
    // Not wrapped: the error is shown with the line it is about.
    Policy::parse(&path.display().to_string(), &text).map_err(|error| GateError::Policy(Box::new(error)).into())
}

/// Copyright and SPDX lines at the top of a source file, without their comment marks.
pub(crate) fn headers(path: &Path) -> anyhow::Result<Vec<String>> {
    let headers = code::headers(&read_text(path)?);
    Ok(headers.copyright.into_iter().chain(headers.spdx).map(|(_, line)| line).collect())
}

/// Installs the pre-push hook and says what was done.
pub(crate) fn install_hook() -> anyhow::Result<String> {
    let repository = Repository::discover(Path::new("."))?;
    let binary = env::current_exe().context("cannot tell where this program is")?;
    let status = repository.install(&InstallOptions { binary, method: None })?;
    let place = status.path.unwrap_or(status.directory);
    let chained = status.chained.map(|path| format!("; it runs {} after itself", path.display())).unwrap_or_default();
    Ok(format!("installed {}{chained}", place.display()))
}

/// State of the pre-push hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HookState {
    /// It is there and would run this program, which says this of itself.
    Installed(PathBuf, String),
    /// There is none.
    Missing,
    /// There is one, and it is somebody else's.
    Foreign(PathBuf),
    /// It is there and would not do its work, with the reasons.
    Broken(Vec<String>),
    /// There is no git repository here.
    NoRepository,
}

/// Looks for the pre-push hook where git would.
pub(crate) fn hook_state() -> HookState {
    let Ok(repository) = Repository::discover(Path::new(".")) else { return HookState::NoRepository };
    match repository.hook_status() {
        Ok(status) if status.state == changes::HookState::Absent => HookState::Missing,
        Ok(status) if status.state == changes::HookState::Foreign => {
            HookState::Foreign(status.path.unwrap_or(status.directory))
        }
        Ok(status) if !status.problems.is_empty() => HookState::Broken(status.problems),
        Ok(status) => match started(status.binary.as_deref().unwrap_or(Path::new("forebear"))) {
            Ok(said) => HookState::Installed(status.path.unwrap_or(status.directory), said),
            Err(reason) => HookState::Broken(vec![reason]),
        },
        Err(error) => HookState::Broken(vec![error.to_string()]),
    }
}

/// Starts the program that the hook would start, and returns what it calls itself.
fn started(program: &Path) -> Result<String, String> {
    let shown = program.display();
    let output =
        Command::new(program).arg("--version").output().map_err(|error| format!("{shown} does not start: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() && said.starts_with("forebear ") {
        Ok(said)
    } else {
        Err(format!("{shown} is what the hook runs, and it is not forebear"))
    }
}
