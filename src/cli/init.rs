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
use forebear::bases::Registry;
use forebear::documents::Card;
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
    /// The branch that is checked out, and the remote's default branch.
    pub(crate) branches: Vec<String>,
    /// Pattern of paths → bases that a card or adapter config beside the checkpoints names, with the relation.
    pub(crate) models: BTreeMap<String, Vec<(String, String)>>,
}

/// The workflow that checks what was pushed past the hook.
const WORKFLOW: &str = include_str!("workflow.yml");

/// Endings of files that hold weights. The gate itself goes by content, not by name.
const WEIGHTS: [&str; 9] = ["safetensors", "gguf", "bin", "pt", "pth", "ckpt", "onnx", "npz", "npy"];

/// What cards call the relation to a base (Hugging Face's `base_model_relation`); policies use the same names.
const RELATIONS: [&str; 4] = ["adapter", "finetune", "merge", "quantized"];

/// Folders that tools fill.
const NOT_OURS: [&str; 4] = ["node_modules", "target", "venv", "__pycache__"];

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
        for (pattern, _) in seen.models.iter().filter(|(_, bases)| bases.is_empty()) {
            writeln!(out, "    {pattern}: no card names a base; name it there, or say `origin = \"from-scratch\"`")?;
        }
    }
    match load::hook_state() {
        load::HookState::Installed(path, _) => writeln!(out, "kept {}: it runs forebear already", path.display())?,
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
    writeln!(out, "\nnext: {}", next(globals))?;
    out.finish()?;
    Ok(Outcome::Pass)
}

/// What to do now: without a base there is nothing to compare with.
fn next(globals: &Globals) -> &'static str {
    let registered = places::registries(globals).ok().and_then(|paths| Registry::open(&paths).ok());
    if registered.is_some_and(|registry| !registry.is_empty()) {
        "`forebear check --path .` says what a push would be told"
    } else {
        "`forebear registry add MODEL --id OWNER/NAME --license ID` for each base you start from; then `forebear doctor`"
    }
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
    let card = card(&root.join("README.md"))?;
    let head = places::git(&["symbolic-ref", "--short", "HEAD"]);
    let theirs =
        remote().and_then(|remote| places::git(&["symbolic-ref", "--short", &format!("refs/remotes/{remote}/HEAD")]));
    let theirs = theirs.and_then(|branch| branch.split_once('/').map(|(_, branch)| branch.to_owned()));
    let mut seen = Seen {
        name: name(root),
        license: card.as_ref().and_then(|card| card.license_id()).map(|license| license.value.clone()),
        branches: theirs.iter().chain(head.iter().filter(|head| theirs.as_ref() != Some(head))).cloned().collect(),
        models: BTreeMap::new(),
    };
    for folder in folders_with_weights(root)? {
        let inside = folder.strip_prefix(root).unwrap_or(&folder);
        let own = self::card(&folder.join("README.md"))?;
        let mut bases: Vec<_> = adapter_base(&folder.join("adapter_config.json"))?
            .into_iter()
            .map(|base| (base, "adapter".to_owned()))
            .collect();
        if bases.is_empty() {
            bases = own.as_ref().map(claimed).unwrap_or_default();
        }
        if bases.is_empty() {
            bases = card.as_ref().map(claimed).unwrap_or_default();
        }
        let parts: Vec<_> = inside.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        let pattern = if parts.is_empty() { "*".to_owned() } else { format!("{}/**", parts.join("/")) };
        seen.models.insert(pattern, bases);
    }
    Ok(seen)
}

/// The remote that is pushed to: `origin`, or else the first there is.
fn remote() -> Option<String> {
    let origin = places::git(&["remote", "get-url", "origin"]).map(|_| "origin".to_owned());
    origin.or_else(|| places::git(&["remote"]))
}

/// `owner/name` of the remote that is pushed to, or the folder's own name.
fn name(root: &Path) -> String {
    let remote =
        remote().and_then(|remote| places::git(&["remote", "get-url", &remote])).and_then(|url| repository_name(&url));
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
                Ok(kind) if kind.is_dir() => {
                    let foreign = NOT_OURS.iter().any(|name| entry.file_name() == *name);
                    if !hidden && !foreign && depth < DEEPEST {
                        folders.push((path, depth + 1));
                    }
                }
                Ok(kind) if kind.is_file() => {
                    let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
                    weights |= WEIGHTS.contains(&ending.as_str()) && !load::is_fingerprint(&path);
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

/// A model card. A guess is to be corrected by a person, so one that does not parse is no card.
fn card(path: &Path) -> anyhow::Result<Option<Card>> {
    let text = if path.is_file() { read_text(path)? } else { return Ok(None) };
    Ok(Card::parse(&path.display().to_string(), text).ok().flatten())
}

/// The bases that a card names; several are a merge unless it says otherwise.
fn claimed(card: &Card) -> Vec<(String, String)> {
    let said = card.relation.as_ref().map(|relation| relation.value.to_ascii_lowercase());
    let known = said.filter(|said| RELATIONS.contains(&said.as_str()));
    let guess = if card.base_models.len() > 1 { "merge" } else { "finetune" };
    let relation = known.unwrap_or_else(|| guess.to_owned());
    card.base_models.iter().map(|base| (base.value.clone(), relation.clone())).collect()
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
        let claimed_by = |text: &str| Card::parse("README.md", text.to_owned()).ok().flatten().as_ref().map(claimed);
        let bases = |list: &[(&str, &str)]| {
            Some(list.iter().map(|(base, relation)| ((*base).to_owned(), (*relation).to_owned())).collect::<Vec<_>>())
        };
        assert_eq!(claimed_by("---\nbase_model: a/b\n---\n# Orca\n"), bases(&[("a/b", "finetune")]));
        assert_eq!(
            claimed_by("---\nbase_model: a/b\nbase_model_relation: Quantized\n---\n"),
            bases(&[("a/b", "quantized")])
        );
        assert_eq!(
            claimed_by("---\nbase_model: a/b\nbase_model_relation: unheard-of\n---\n"),
            bases(&[("a/b", "finetune")])
        );
        assert_eq!(claimed_by("---\nbase_model:\n- a/b\n- c/d\n---\n"), bases(&[("a/b", "merge"), ("c/d", "merge")]));
        assert_eq!(claimed_by("# Orca"), None);
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
        let models: Vec<_> = seen.models.iter().map(|(pattern, bases)| (pattern.as_str(), bases.as_slice())).collect();
        let one = |base: &str, relation: &str| vec![(base.to_owned(), relation.to_owned())];
        let (adapter, root_card) = (one("a/adapted", "adapter"), one("a/root", "finetune"));
        assert_eq!(models, [("adapters/x/**", &adapter[..]), ("checkpoints/orca/**", &root_card[..])]);
        Ok(())
    }
}
