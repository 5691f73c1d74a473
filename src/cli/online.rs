// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! URLs in the place of paths: `--online`.
//!
//! In: a URL on the command line, and the environment's tokens. Out: the folder it names, opened once a run; without
//! `--online`, a refusal. No other command and no file can make forebear use the network.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use forebear::changes::FileState;
use forebear::checkpoints::{Checkpoint, Group, discover, open};
use forebear::documents::{TokenizerFile, TokenizerPrint, tokenizers};
use forebear::fingerprint::{Fingerprint, collect_where};
use forebear::remote::{self, Opened, RemoteError, Settings, Token};
use forebear::reports::harmless;

use super::arguments::Globals;
use super::places;
use super::progress::watched;

/// The URL that an argument is, if it is one and no path.
pub(crate) fn url(given: &Path) -> Option<&str> {
    given.to_str().filter(|text| remote::is_url(text))
}

/// Opens a URL, the first time it is asked for, and says what it was resolved to.
pub(crate) fn opened(url: &str, globals: &Globals) -> anyhow::Result<Opened> {
    static OPENED: Mutex<BTreeMap<String, Opened>> = Mutex::new(BTreeMap::new());
    let mut held = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(opened) = held.get(url) {
        return Ok(opened.clone());
    }
    anyhow::ensure!(globals.online, Refusal);
    let opened = remote::open(url, settings(globals))?;
    if opened.commit.is_some() && !globals.quiet {
        let mut stderr = anstream::stderr();
        // Nothing is left to be said if even this cannot be written.
        let _ = std::io::Write::write_fmt(&mut stderr, format_args!("reading {}\n", harmless(&opened.name)));
    }
    held.insert(url.to_owned(), opened.clone());
    Ok(opened)
}

/// Without `--online`, URLs are not read.
#[derive(Debug, thiserror::Error)]
#[error("a URL was given, and nothing is read over a network unless that is asked for")]
pub(crate) struct Refusal;

/// What to do about an error of this kind.
pub(crate) fn remedy(error: &anyhow::Error) -> Option<&'static str> {
    let refused =
        || error.downcast_ref::<Refusal>().map(|_| "give --online, or download the checkpoint and give its path");
    let outer = error.chain().find_map(|cause| {
        let direct = cause.downcast_ref::<RemoteError>();
        // Reads hand their errors on inside those of the system.
        let inner = || cause.downcast_ref::<std::io::Error>()?.get_ref()?.downcast_ref::<RemoteError>();
        direct.or_else(inner)
    });
    outer.map(RemoteError::remedy).or_else(refused)
}

/// The fingerprint of the only checkpoint at a URL.
pub(crate) fn fingerprint(url: &str, globals: &Globals) -> anyhow::Result<Fingerprint> {
    let opened = opened(url, globals)?;
    let failed = || format!("failed to fingerprint {}", opened.name);
    let total = opened.files.iter().map(|file| file.size).sum();
    let found = watched("fingerprint", total, globals, |progress| {
        collect_where(&opened.files, None, progress, |group| is_wanted(&opened, group))
    });
    if let Some(unread) = found.unread.into_iter().next() {
        return Err(unread.error).with_context(failed);
    }
    let mut models = found.models.into_iter();
    match (models.next(), models.next()) {
        (Some(model), None) => Ok(Fingerprint { name: opened.name.clone(), ..model.fingerprint }),
        (Some(one), Some(other)) => anyhow::bail!(
            "{} holds several checkpoints ({}, {}, …); name one of them",
            opened.name,
            one.fingerprint.name,
            other.fingerprint.name
        ),
        (None, _) => match found.unverifiable.first() {
            Some(file) => anyhow::bail!("{} holds a {}: {}; {}", opened.name, file.what, file.reason, file.remedy),
            None => anyhow::bail!("{} holds no checkpoint", opened.name),
        },
    }
}

/// The only checkpoint at a URL, not read yet.
pub(crate) fn checkpoint(url: &str, globals: &Globals) -> anyhow::Result<Checkpoint> {
    let opened = opened(url, globals)?;
    let discovery = discover(&opened.files);
    let mut groups = discovery.groups.iter().filter(|group| is_wanted(&opened, group));
    match (groups.next(), groups.next()) {
        (Some(group), None) => open(&opened.files, group).with_context(|| format!("failed to read {}", opened.name)),
        (Some(_), Some(_)) => anyhow::bail!("{} holds several checkpoints; name one of them", opened.name),
        (None, _) => anyhow::bail!("{} holds no checkpoint", opened.name),
    }
}

/// Whether a model is the one that was named, by its file, one of its shards, or its index.
fn is_wanted(opened: &Opened, group: &Group) -> bool {
    let is_named = |name: &String| {
        let is_file = |at: &usize| opened.files.get(*at).is_some_and(|file| file.path == *name);
        group.path == *name || group.files.iter().any(is_file)
    };
    opened.only.as_ref().is_none_or(is_named)
}

/// The print of the tokenizer beside the weights at a URL.
pub(crate) fn tokenizer(url: &str, globals: &Globals) -> anyhow::Result<Option<TokenizerPrint>> {
    let mut opened = opened(url, globals)?;
    // The tokenizer inside a GGUF file is its own; that of a folder stands at its top.
    let own = opened.only.clone().unwrap_or_default();
    opened.files.retain(|file| matches!(file.state, FileState::Present(_)) && !file.path.contains('/'));
    let mut found: Vec<TokenizerFile> = tokenizers(&opened.files);
    found.retain(|file| opened.only.is_none() || file.path == own || !file.in_checkpoint);
    found.sort_by_key(|file| file.path != own);
    let Some(first) = found.into_iter().next() else { return Ok(None) };
    let print = first.print.with_context(|| format!("failed to read the tokenizer {}", first.path))?;
    Ok(Some(print))
}

/// Longest license or notice that is read.
const TEXT: usize = 4 << 20;

/// The first text at a URL that has one of some names.
pub(crate) fn text(url: &str, names: &[&str], globals: &Globals) -> anyhow::Result<Option<String>> {
    let opened = opened(url, globals)?;
    let found = names.iter().find_map(|name| opened.texts.iter().find(|(path, _)| path == name));
    let Some((path, content)) = found else { return Ok(None) };
    let bytes = content.read(TEXT).with_context(|| format!("failed to read {path} of {}", opened.name))?;
    Ok(Some(String::from_utf8(bytes).with_context(|| format!("{path} of {} is not UTF-8", opened.name))?))
}

fn settings(globals: &Globals) -> Settings {
    let stores = env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok()?.to_ascii_lowercase();
        let is_store = ["aws_", "google_", "azure_"].iter().any(|prefix| name.starts_with(prefix));
        is_store.then_some((name, value.into_string().ok()?))
    });
    let default = Settings::default();
    Settings {
        hub: text_of("HF_ENDPOINT").unwrap_or(default.hub),
        token: token(),
        stores: stores.collect(),
        spool: places::cache().filter(|_| !globals.no_cache),
        ..default
    }
}

/// The token where Hugging Face's own programs look for it.
fn token() -> Option<Token> {
    let given = text_of("HF_TOKEN").or_else(|| text_of("HUGGING_FACE_HUB_TOKEN"));
    if let Some(token) = given {
        return Token::new(&token);
    }
    let cache = || Some(PathBuf::from(text_of("HOME").or_else(|| text_of("USERPROFILE"))?).join(".cache"));
    let home = || {
        let cache = || text_of("XDG_CACHE_HOME").map(PathBuf::from).or_else(cache);
        text_of("HF_HOME").map(PathBuf::from).or_else(|| Some(cache()?.join("huggingface")))
    };
    let path = text_of("HF_TOKEN_PATH").map(PathBuf::from).or_else(|| Some(home()?.join("token")))?;
    Token::new(&fs::read_to_string(path).ok()?)
}

fn text_of(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.trim().is_empty())
}
