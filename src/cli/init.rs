// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! `forebear init`: a policy for this repository.
//!
//! In: the repository's checkpoints, cards, and remotes. Out: a commented `policy.toml`, and if wanted the hook
//! and a workflow. Nothing that is there is overwritten.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use forebear::reports::plural;

use super::arguments::Globals;
use super::output::{Output, read_text, write_file};
use super::run::Outcome;
use super::{load, places};

/// Look at the repository and write a commented policy.toml
///
/// Files that are there are never overwritten.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Ask nothing: install the hook and write the workflow too
    #[arg(short, long)]
    yes: bool,
}

/// What was seen in a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Name of what is released.
    pub(crate) name: String,
    /// License that the card names.
    pub(crate) license: Option<String>,
    /// The branch that is checked out.
    pub(crate) branch: Option<String>,
    /// Pattern of paths → bases that a card or adapter config beside the checkpoints names.
    pub(crate) models: BTreeMap<String, Vec<String>>,
}

/// The workflow that checks what was pushed past the hook.
const WORKFLOW: &str = include_str!("workflow.yml");

/// Endings of files that hold weights. The gate itself goes by content, not by name.
const WEIGHTS: [&str; 9] = ["safetensors", "gguf", "bin", "pt", "pth", "ckpt", "onnx", "npz", "npy"];

/// Folders deeper than this hold no checkpoint that a guess is worth for.
const DEEPEST: usize = 8;

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, globals: &Globals) -> anyhow::Result<Outcome> {
    let mut out = Output::open(globals)?;
    let root = places::root();
    let policy = places::policy(globals);
    if policy.exists() {
        writeln!(out, "kept {}: it is there already", policy.display())?;
    } else {
        let seen = look(&root)?;
        write_file(&policy, load::policy_template(&seen).as_bytes())?;
        let models = plural(seen.models.len() as u64, "model", "models");
        writeln!(out, "wrote {} for {models}; read it and correct what was guessed", policy.display())?;
    }
    match load::hook_state() {
        load::HookState::Installed(path) => writeln!(out, "kept {}: it runs forebear already", path.display())?,
        load::HookState::NoRepository => writeln!(out, "no git repository here, so no hook")?,
        _ if agreed("Install the pre-push hook?", arguments.yes)? => {
            writeln!(out, "{}", load::install_hook()?)?;
        }
        _ => writeln!(out, "left the hook out; `forebear hook install` installs it")?,
    }
    let workflow = root.join(".github/workflows/forebear.yml");
    if workflow.exists() {
        writeln!(out, "kept {}: it is there already", workflow.display())?;
    } else if root.join(".github").is_dir() && agreed("Write a GitHub workflow?", arguments.yes)? {
        fs::create_dir_all(root.join(".github/workflows")).context("cannot make .github/workflows")?;
        write_file(&workflow, WORKFLOW.as_bytes())?;
        writeln!(out, "wrote {}", workflow.display())?;
    }
    out.finish()?;
    Ok(Outcome::Pass)
}

/// Nobody to ask means no, unless everything was agreed to beforehand.
fn agreed(question: &str, yes: bool) -> io::Result<bool> {
    if yes || !io::stdin().is_terminal() {
        return Ok(yes);
    }
    let mut stderr = anstream::stderr();
    write!(stderr, "{question} [Y/n] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "" | "y" | "yes"))
}

fn look(root: &Path) -> anyhow::Result<Seen> {
    let card = Card::read(&root.join("README.md"))?;
    let mut seen = Seen {
        name: name(root),
        license: card.license.clone(),
        branch: places::git(&["symbolic-ref", "--short", "HEAD"]),
        models: BTreeMap::new(),
    };
    for folder in folders_with_weights(root)? {
        let inside = folder.strip_prefix(root).unwrap_or(&folder);
        let mut bases = Card::read(&folder.join("README.md"))?.bases;
        bases.extend(adapter_base(&folder.join("adapter_config.json"))?);
        if bases.is_empty() {
            bases.clone_from(&card.bases);
        }
        bases.dedup();
        let parts: Vec<_> = inside.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        let pattern = if parts.is_empty() { "*".to_owned() } else { format!("{}/**", parts.join("/")) };
        seen.models.insert(pattern, bases);
    }
    Ok(seen)
}

/// `owner/name` of the remote that is pushed to, or the folder's own name.
fn name(root: &Path) -> String {
    let remote = places::git(&["remote", "get-url", "origin"]).and_then(|url| repository_name(&url));
    let folder = || fs::canonicalize(root).ok()?.file_name().map(|name| name.to_string_lossy().into_owned());
    remote.or_else(folder).unwrap_or_else(|| "model".to_owned())
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

fn folders_with_weights(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![(root.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let mut weights = false;
        let listing = fs::read_dir(&folder).with_context(|| format!("failed to read {}", folder.display()))?;
        for entry in listing {
            let entry = entry.with_context(|| format!("failed to read {}", folder.display()))?;
            let path = entry.path();
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && !hidden && depth < DEEPEST => folders.push((path, depth + 1)),
                Ok(kind) if kind.is_file() => {
                    let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
                    weights |= WEIGHTS.contains(&ending.as_str());
                }
                _ => {}
            }
        }
        if weights {
            found.push(folder);
        }
    }
    found.sort();
    Ok(found)
}

/// What a model card's front matter says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Card {
    license: Option<String>,
    bases: Vec<String>,
}

impl Card {
    fn read(path: &Path) -> anyhow::Result<Self> {
        if path.is_file() { Ok(Self::parse(&read_text(path)?)) } else { Ok(Self::default()) }
    }

    /// A guess to be corrected by a person: what does not parse is left out.
    fn parse(text: &str) -> Self {
        let front = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---")).map(|(front, _)| front);
        let Some(value) = front.and_then(|front| serde_saphyr::from_str::<serde_json::Value>(front).ok()) else {
            return Self::default();
        };
        let bases = match value.get("base_model") {
            Some(serde_json::Value::String(base)) => vec![base.clone()],
            Some(serde_json::Value::Array(bases)) => {
                bases.iter().filter_map(|base| base.as_str().map(str::to_owned)).collect()
            }
            _ => Vec::new(),
        };
        Self { license: value.get("license").and_then(|license| license.as_str().map(str::to_owned)), bases }
    }
}

fn adapter_base(path: &Path) -> anyhow::Result<Option<String>> {
    if !path.is_file() {
        return Ok(None);
    }
    let config: serde_json::Value =
        serde_json::from_str(&read_text(path)?).with_context(|| format!("failed to read {}", path.display()))?;
    Ok(config.get("base_model_name_or_path").and_then(|base| base.as_str().map(str::to_owned)))
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
    fn cards_name_one_base_or_several_or_none() {
        let card = Card::parse("---\nlicense: apache-2.0\nbase_model: a/b\n---\n# Orca\n");
        assert_eq!(card, Card { license: Some("apache-2.0".to_owned()), bases: vec!["a/b".to_owned()] });
        assert_eq!(Card::parse("---\nbase_model:\n- a/b\n- c/d\n---\n").bases, ["a/b", "c/d"]);
        for text in ["", "# Orca", "---\n: : :\n---\n", "---\nlicense: x\n", "---\nbase_model: 3\n---\n"] {
            assert_eq!(Card::parse(text), Card::default(), "{text:?}");
        }
    }

    #[test]
    fn models_and_the_bases_they_name_are_seen() -> anyhow::Result<()> {
        let root = tempfile::tempdir()?;
        for (path, text) in [
            ("README.md", "---\nlicense: mit\nbase_model: a/root\n---\n"),
            ("checkpoints/orca/model-00001-of-00002.safetensors", ""),
            ("adapters/x/adapter_model.safetensors", ""),
            ("adapters/x/adapter_config.json", r#"{"base_model_name_or_path": "a/adapted"}"#),
            (".git/x.bin", ""),
            ("src/main.py", ""),
        ] {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap_or(root.path()))?;
            fs::write(path, text)?;
        }
        let seen = look(root.path())?;
        assert_eq!(seen.license.as_deref(), Some("mit"));
        let models: Vec<_> = seen.models.iter().map(|(pattern, bases)| (pattern.as_str(), bases.join(" "))).collect();
        assert_eq!(models, [("adapters/x/**", "a/adapted".to_owned()), ("checkpoints/orca/**", "a/root".to_owned())]);
        Ok(())
    }
}
