// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Hugging Face: revisions become commits, digests are checked, and the token stays where it belongs.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};
use tempfile::tempdir;

use super::reads::{base, print_of, sharded};
use super::server::{Answer, Server};
use crate::command_line::forebear;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const TOKEN: &str = "hf_notForOthers";

/// A network of two hosts: the interface, which wants the token, and the one that holds the weights.
pub(super) struct Hub {
    api: Server,
    store: Server,
}

impl Hub {
    /// `lie` is said in place of the digest of the weights.
    fn of(files: Vec<(String, Vec<u8>)>, lie: Option<&'static str>) -> Self {
        let held: Vec<_> = files.iter().map(|(name, bytes)| (format!("/signed/{name}"), bytes.clone())).collect();
        let store = Server::of(held);
        let target = store.url.clone();
        let api = Server::start(move |asked| {
            if asked.headers.get("authorization") != Some(&format!("Bearer {TOKEN}")) {
                return Answer::status(401);
            }
            let entry = |(name, bytes): &(String, Vec<u8>)| {
                let digest = lie.map_or_else(|| HEXLOWER.encode(&Sha256::digest(bytes)), str::to_owned);
                let mut entry = serde_json::json!({"type": "file", "path": name, "size": bytes.len(), "oid": "0"});
                if name.ends_with(".safetensors") {
                    entry["lfs"] = serde_json::json!({"oid": digest, "size": bytes.len(), "pointerSize": 134});
                }
                entry
            };
            let tree = format!("/api/models/acme/orca/tree/{COMMIT}");
            match asked.path() {
                "/api/models/acme/orca/revision/v1" => Answer::json(format!("{{\"sha\":\"{COMMIT}\"}}")),
                // The list comes in two pages.
                path if path == tree && !asked.target.contains("cursor") => {
                    let page: Vec<_> = files.iter().take(1).map(entry).collect();
                    let next = format!("<{tree}?cursor=2>; rel=\"next\"");
                    Answer::json(serde_json::to_string(&page).unwrap()).with("Link", next)
                }
                path if path == tree => {
                    let mut page: Vec<_> = files.iter().skip(1).map(entry).collect();
                    page.push(serde_json::json!({"type": "directory", "path": "sub", "oid": "0"}));
                    Answer::json(serde_json::to_string(&page).unwrap())
                }
                path => match path.strip_prefix(&format!("/acme/orca/resolve/{COMMIT}/")) {
                    Some(name) => Answer::redirect(format!("{target}/signed/{name}?Signature=s3cret")),
                    None => Answer::status(404),
                },
            }
        });
        Self { api, store }
    }

    pub(super) fn variables(&self) -> [(&str, &str); 2] {
        [("HF_ENDPOINT", &self.api.url), ("HF_TOKEN", TOKEN)]
    }

    pub(super) fn whole() -> Self {
        let files =
            ["model.safetensors", "config.json"].map(|name| (name.to_owned(), fs::read(base().join(name)).unwrap()));
        let license = ("LICENSE".to_owned(), b"The license of Orca.\n".to_vec());
        Self::of(files.into_iter().chain([license]).collect(), None)
    }
}

#[test]
fn a_repository_has_the_fingerprint_of_its_files_and_the_token_stays_at_home() {
    let folder = tempdir().unwrap();
    let local = print_of(folder.path(), base().to_str().unwrap(), &[]);
    let hub = Hub::whole();
    for url in ["hf://acme/orca@v1", "hf://acme/orca@v1/model.safetensors"] {
        assert!(print_of(folder.path(), url, &hub.variables()) == local, "{url}");
    }
    let address = format!("{}/acme/orca/resolve/v1/model.safetensors", hub.api.url);
    assert!(print_of(folder.path(), &address, &hub.variables()) == local);
    let asked = hub.store.asked();
    assert!(!asked.is_empty() && asked.iter().all(|asked| !asked.headers.contains_key("authorization")));
    // A redirect is followed once a file.
    let resolved = hub.api.asked().iter().filter(|asked| asked.path().ends_with("/model.safetensors")).count();
    assert_eq!(resolved, 3);
}

#[test]
fn shards_of_a_repository_are_one_checkpoint() {
    let folder = tempdir().unwrap();
    fs::create_dir(folder.path().join("s")).unwrap();
    for (name, bytes) in sharded() {
        fs::write(folder.path().join("s").join(name), bytes).unwrap();
    }
    let local = print_of(folder.path(), "s", &[]);
    let hub = Hub::of(sharded(), None);
    assert!(print_of(folder.path(), "hf://acme/orca@v1", &hub.variables()) == local);
}

#[test]
fn the_commit_is_said_and_kept() {
    let folder = tempdir().unwrap();
    let hub = Hub::whole();
    let online = |arguments: &[&str]| {
        let mut command = forebear(folder.path());
        command.args(arguments).arg("--online").envs(hub.variables()).output().unwrap()
    };
    let output = online(&["fingerprint", "hf://acme/orca@v1", "--format", "json"]);
    let (out, said) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{said}");
    let pinned = format!("hf://acme/orca@{COMMIT}");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&out).unwrap()["path"], pinned);
    assert!(said.contains(&format!("reading {pinned}")) && !said.contains(TOKEN) && !said.contains("s3cret"), "{said}");
    let added = online(&["registry", "add", "hf://acme/orca@v1", "--id", "acme/orca", "--license", "mit"]);
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    let shown = online(&["registry", "show", "acme/orca", "--format", "json"]);
    let facts: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(facts["revision"], COMMIT);
    assert_eq!(facts["source"], format!("{}/acme/orca", hub.api.url));
    assert_eq!(facts["license_text"], "The license of Orca.\n");
    let identified = online(&["identify", "hf://acme/orca@v1/model.safetensors", "--format", "json"]);
    let found: serde_json::Value = serde_json::from_slice(&identified.stdout).unwrap();
    assert_eq!(
        (&found["matches"][0]["base"], &found["matches"][0]["relation"]),
        (&"acme/orca".into(), &"identical".into())
    );
    let compared = online(&["compare", "hf://acme/orca@v1", base().to_str().unwrap(), "--format", "json"]);
    let compared: serde_json::Value = serde_json::from_slice(&compared.stdout).unwrap();
    assert_eq!((&compared["suspect"], &compared["relation"]), (&pinned.into(), &"identical".into()));
}

#[test]
fn weights_that_are_not_those_of_the_list_have_no_fingerprint() {
    let folder = tempdir().unwrap();
    let files = vec![("model.safetensors".to_owned(), fs::read(base().join("model.safetensors")).unwrap())];
    let hub = Hub::of(files, Some("ab54d286c11dafd4ba1b0dc7be0dd8a0f6bd1e5ecf6fd9a6dd1d5f62dc3e4fca"));
    let mut command = forebear(folder.path());
    let output = command.args(["fingerprint", "hf://acme/orca@v1", "--online"]).envs(hub.variables()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("ab54d286c11dafd4"), "{said}");
}

#[test]
fn the_token_is_found_where_it_is_kept_and_never_shown() {
    let folder = tempdir().unwrap();
    let hub = Hub::whole();
    let run = |variables: &[(&str, &Path)]| {
        let mut command = forebear(folder.path());
        command.args(["fingerprint", "hf://acme/orca@v1", "--online", "-vvv"]).env("HF_ENDPOINT", &hub.api.url);
        let output = command.envs(variables.iter().copied()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!said.contains(TOKEN), "{said}");
        (output.status.code(), said)
    };
    let (code, said) = run(&[]);
    assert_eq!(code, Some(2));
    assert!(said.contains("status 401") && said.contains("HF_TOKEN"), "{said}");
    let file = folder.path().join("elsewhere");
    fs::write(&file, format!("{TOKEN}\n")).unwrap();
    assert_eq!(run(&[("HF_TOKEN_PATH", &file)]).0, Some(0));
    assert_eq!(run(&[("HUGGING_FACE_HUB_TOKEN", Path::new(TOKEN))]).0, Some(0));
    let cache = folder.path().join(".cache/huggingface");
    fs::create_dir_all(&cache).unwrap();
    fs::write(cache.join("token"), TOKEN).unwrap();
    assert_eq!(run(&[]).0, Some(0));
}

#[test]
fn a_token_is_not_sent_in_clear_text_over_a_network() {
    let folder = tempdir().unwrap();
    let mut command = forebear(folder.path());
    command.args(["fingerprint", "hf://acme/orca", "--online"]).env("HF_TOKEN", TOKEN);
    let output = command.env("HF_ENDPOINT", "http://hub.invalid").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && said.contains("without encryption"), "{said}");
}
