// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A URL → the files of the folder it names, like those of a local one.
//!
//! Of a repository or a bucket only what can be part of a checkpoint is kept, so that nothing else is asked for. A web
//! server has no list: the files that a checkpoint usually has are asked for by name.

use std::collections::BTreeSet;
use std::sync::Arc;

use reqwest::Url;

use super::address::{Address, is_inside, parse, shown};
use super::client::{Client, wait};
use super::error::RemoteError;
use super::fetch::Origin;
use super::file::RemoteFile;
use super::hub;
use super::objects::{self, Object};
use super::settings::Settings;
use super::web::WebFile;
use crate::changes::{Content, File, LfsPointer};

/// Names by which the weights of a folder on a web server are asked for, the likeliest first.
const ENTRIES: [&str; 6] = [
    "model.safetensors.index.json",
    "model.safetensors",
    "adapter_model.safetensors",
    "pytorch_model.bin.index.json",
    "pytorch_model.bin",
    "adapter_model.bin",
];
const CONFIGS: [&str; 2] = ["config.json", "adapter_config.json"];
const TOKENIZERS: [&str; 6] =
    ["tokenizer.json", "tokenizer.model", "vocab.json", "merges.txt", "vocab.txt", "tokenizer_config.json"];
const TEXTS: [&str; 8] =
    ["LICENSE", "LICENSE.txt", "LICENSE.md", "COPYING", "NOTICE", "NOTICE.txt", "Notice.txt", "NOTICE.md"];
/// Ends of names that weights, and parts of them, have.
const WEIGHTS: [&str; 16] = [
    ".safetensors",
    ".bin",
    ".pt",
    ".pth",
    ".ckpt",
    ".pkl",
    ".gguf",
    ".onnx",
    ".onnx_data",
    ".onnx.data",
    ".data",
    ".npz",
    ".npy",
    ".h5",
    ".msgpack",
    ".tflite",
];
const INDEX: usize = 64 << 20;
const SHARDS: usize = 10_000;

/// A folder elsewhere.
#[derive(Clone, Debug)]
pub struct Opened {
    /// What was opened, with the commit where there is one, and without secrets.
    pub name: String,
    /// Its files: weights, and what tells how to read them.
    pub files: Vec<File>,
    /// Path of the one that was named; none if the whole folder was.
    pub only: Option<String>,
    /// Where it was had, without the commit.
    pub source: String,
    /// The commit that the revision was at first contact.
    pub commit: Option<String>,
    /// Texts of license and notice at the top of the folder, by name.
    pub texts: Vec<(String, Content)>,
}

/// Opens a URL. Weights are not read yet.
pub fn open(url: &str, settings: Settings) -> Result<Opened, RemoteError> {
    let client = Client::new(settings)?;
    wait(async {
        match parse(url, &client.hub)? {
            Address::Hub { repo, revision, path } => open_hub(&client, &repo, &revision, &path).await,
            Address::Store(url) => open_store(&client, &url).await,
            Address::Web(url) => open_web(&client, &url).await,
        }
    })
}

async fn open_hub(client: &Arc<Client>, repo: &str, revision: &str, path: &str) -> Result<Opened, RemoteError> {
    let commit = hub::commit(client, repo, revision).await?;
    let name = format!("hf://{repo}@{commit}");
    let listed = hub::files(client, repo, &commit).await?;
    let is_folder = path.is_empty() || path.ends_with('/') || !listed.iter().any(|file| file.path == path);
    let (folder, only) = split(path, is_folder);
    let mut found = Vec::new();
    for file in &listed {
        let Some(inside) = file.path.strip_prefix(folder.as_str()).filter(|inside| is_kept(inside, only.as_deref()))
        else {
            continue;
        };
        let origin = Origin::Web(WebFile::new(hub::resolve(client, repo, &commit, &file.path)?));
        let url = format!("{name}/{}", file.path);
        let remote = RemoteFile::listed(client, origin, url, file.size, None, file.sha256.is_some());
        found.push((inside.to_owned(), remote, file.sha256.clone()));
    }
    let mut source = client.hub.clone();
    source.set_path(repo);
    let name = if path.is_empty() { name } else { format!("{name}/{path}") };
    whole(name, only, shown(&source), Some(commit), found)
}

async fn open_store(client: &Arc<Client>, url: &Url) -> Result<Opened, RemoteError> {
    let name = shown(url);
    let (store, path) = objects::connect(url, &client.settings)?;
    let is_folder = url.path().ends_with('/') || path.as_ref().is_empty() || {
        objects::find(&store, &path, &name, &client.settings).await?.is_none()
    };
    let (folder, only) = split(path.as_ref(), is_folder);
    let below = object_store::path::Path::parse(folder.trim_end_matches('/'))
        .map_err(|error| RemoteError::Address { url: name.clone(), reason: error.to_string() })?;
    let mut found = Vec::new();
    for meta in objects::list(&store, &below, is_folder, &name, &client.settings).await? {
        let location = meta.location.to_string();
        let Some(inside) = location.strip_prefix(folder.as_str()).filter(|inside| is_kept(inside, only.as_deref()))
        else {
            continue;
        };
        if !is_inside(inside) {
            let reason = format!("it lists {inside:?}, which no folder can hold");
            return Err(RemoteError::Listing { url: name, reason });
        }
        let mut place = url.clone();
        place.set_path(&location);
        let origin = Origin::Object(Object { store: Arc::clone(&store), path: meta.location.clone() });
        let pin = objects::pin(&meta);
        found.push((
            inside.to_owned(),
            RemoteFile::listed(client, origin, shown(&place), meta.size, Some(pin), false),
            None,
        ));
    }
    found.sort_by(|(a, ..), (b, ..)| a.cmp(b));
    whole(name.clone(), only, name, None, found)
}

async fn open_web(client: &Arc<Client>, url: &Url) -> Result<Opened, RemoteError> {
    let name = shown(url);
    let mut found = Vec::new();
    let ask = async |name: &str| -> Result<_, RemoteError> {
        let target =
            url.join(name).map_err(|error| RemoteError::Address { url: shown(url), reason: error.to_string() })?;
        let called = shown(&target);
        RemoteFile::contacted(client, Origin::Web(WebFile::new(target)), called).await
    };
    let only = url.path().rsplit('/').next().filter(|only| !only.is_empty()).map(str::to_owned);
    let entries: Vec<&str> = only.as_deref().map_or_else(|| ENTRIES.to_vec(), |only| vec![only]);
    let mut entry = None;
    for given in entries {
        let file = if only.is_some() {
            RemoteFile::contacted(client, Origin::Web(WebFile::new(url.clone())), name.clone()).await?
        } else {
            ask(given).await?
        };
        if let Some(file) = file {
            entry = Some((given.to_owned(), file));
            break;
        }
    }
    let Some((given, file)) = entry else { return Err(RemoteError::Refused { url: name, status: 404 }) };
    let mut names: BTreeSet<String> = BTreeSet::new();
    if given.ends_with(".index.json") {
        names.extend(shards(&file, &name)?);
    }
    found.push((given, file, None));
    if url.query().is_some() {
        tracing::warn!("{name} is signed, so nothing beside it was asked for: a config.json there was not read");
    } else {
        let configs = CONFIGS.iter().chain(&TOKENIZERS);
        names.extend(configs.chain(TEXTS.iter().filter(|_| only.is_none())).map(|&name| name.to_owned()));
    }
    for name in names {
        if let Some(file) = ask(&name).await? {
            found.push((name, file, None));
        }
    }
    found.sort_by(|(a, ..), (b, ..)| a.cmp(b));
    whole(name.clone(), only, name, None, found)
}

/// The names of shards in an index, which is not trusted with more than the names of its neighbours.
fn shards(index: &Arc<RemoteFile>, url: &str) -> Result<BTreeSet<String>, RemoteError> {
    let wrong = |reason: &str| RemoteError::Listing { url: url.to_owned(), reason: reason.to_owned() };
    // Reading waits for the runtime, whose thread this may be.
    let bytes = std::thread::scope(|scope| {
        scope.spawn(|| index.content().read(INDEX)).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    });
    let bytes = bytes.map_err(|error| wrong(&error.to_string()))?;
    let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(|error| wrong(&error.to_string()))?;
    let map = value.get("weight_map").and_then(serde_json::Value::as_object);
    let names = map.ok_or_else(|| wrong("the index has no weight_map"))?.values();
    let names: Option<BTreeSet<String>> = names.map(|name| name.as_str().map(str::to_owned)).collect();
    let is_name = |name: &String| is_inside(name) && !name.contains(['/', ':', '?', '#', '%']);
    names
        .filter(|names| names.len() <= SHARDS && names.iter().all(is_name))
        .ok_or_else(|| wrong("the index names shards that are no files beside it"))
}

/// Folder, with its slash, and file of a path.
fn split(path: &str, is_folder: bool) -> (String, Option<String>) {
    if path.is_empty() {
        return (String::new(), None);
    }
    if is_folder {
        return (format!("{}/", path.trim_end_matches('/')), None);
    }
    match path.rsplit_once('/') {
        Some((folder, name)) => (format!("{folder}/"), Some(name.to_owned())),
        None => (String::new(), Some(path.to_owned())),
    }
}

/// Whether a file can be part of the checkpoint that was named, or of any if none was.
fn is_kept(path: &str, only: Option<&str>) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_beside = CONFIGS.contains(&name)
        || TOKENIZERS.contains(&name)
        || [".index.json", ".tiktoken", ".model"].iter().any(|end| name.ends_with(end));
    let is_weights = WEIGHTS.iter().any(|end| name.to_ascii_lowercase().ends_with(end));
    let Some(only) = only else { return is_beside || is_weights || TEXTS.contains(&path) };
    if path.contains('/') {
        return false;
    }
    // Shards and external data begin as the file does that was named.
    let stem = only.split(['.', '-']).next().unwrap_or(only);
    let is_set = only.contains("-of-") || [".index.json", ".onnx"].iter().any(|end| only.ends_with(end));
    name == only || is_beside || is_weights && is_set && name.starts_with(stem)
}

fn whole(
    name: String,
    only: Option<String>,
    source: String,
    commit: Option<String>,
    found: Vec<(String, Arc<RemoteFile>, Option<String>)>,
) -> Result<Opened, RemoteError> {
    if found.is_empty() {
        return Err(RemoteError::Listing { url: name, reason: "no checkpoint is there".to_owned() });
    }
    let (mut files, mut texts) = (Vec::new(), Vec::new());
    for (path, remote, sha256) in found {
        if TEXTS.contains(&path.as_str()) {
            texts.push((path, remote.content()));
            continue;
        }
        let size = remote.size();
        let id = sha256.as_ref().map_or_else(|| format!("unhashed:{name}/{path}"), |sha256| format!("sha256:{sha256}"));
        let mut file = File::present(path, id, size, remote.content());
        file.lfs = sha256.map(|sha256| LfsPointer { sha256, size });
        files.push(file);
    }
    Ok(Opened { name, files, only, source, commit, texts })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_part_of_the_checkpoint_is_asked_for() {
        for (path, only, kept) in [
            ("model.safetensors", None, true),
            ("sub/model.safetensors", None, true),
            ("README.md", None, false),
            ("logo.png", None, false),
            ("LICENSE", None, true),
            ("sub/LICENSE", None, false),
            ("config.json", Some("model.safetensors"), true),
            ("pytorch_model.bin", Some("model.safetensors"), false),
            ("sub/config.json", Some("model.safetensors"), false),
            ("model-00002-of-00002.safetensors", Some("model-00001-of-00002.safetensors"), true),
            ("model-00002-of-00002.safetensors", Some("model.safetensors.index.json"), true),
            ("model.onnx_data", Some("model.onnx"), true),
            ("other.safetensors", Some("model.safetensors"), false),
        ] {
            assert_eq!(is_kept(path, only), kept, "{path} {only:?}");
        }
    }

    #[test]
    fn a_path_is_a_folder_and_a_file() {
        assert_eq!(split("", true), (String::new(), None));
        assert_eq!(split("a/b/", true), ("a/b/".to_owned(), None));
        assert_eq!(split("a/b", true), ("a/b/".to_owned(), None));
        assert_eq!(split("a/b", false), ("a/".to_owned(), Some("b".to_owned())));
        assert_eq!(split("b", false), (String::new(), Some("b".to_owned())));
    }
}
