// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A URL as somebody typed it → what kind of place it names.

use reqwest::Url;

use super::error::RemoteError;

/// Branch that a repository on Hugging Face has unless somebody renamed it.
const MAIN: &str = "main";
/// Hosts of Hugging Face itself.
const HUB_HOSTS: [&str; 3] = ["huggingface.co", "www.huggingface.co", "hf.co"];
/// Schemes of the object stores.
const STORES: [&str; 8] = ["s3", "s3a", "gs", "az", "adl", "azure", "abfs", "abfss"];

/// What a URL names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// A repository on Hugging Face, and a path inside it: empty for all of it, with a slash at the end for a folder.
    Hub { repo: String, revision: String, path: String },
    /// S3, Google Cloud Storage, Azure.
    Store(Url),
    /// A web server.
    Web(Url),
}

/// Whether an argument is a URL and not a path: a scheme of two letters or more, and `://`.
pub fn is_url(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, rest)| {
        scheme.len() > 1
            && !rest.is_empty()
            && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    })
}

/// Reads an address. `hub` is where Hugging Face's interface is.
pub(super) fn parse(text: &str, hub: &Url) -> Result<Address, RemoteError> {
    let wrong = |reason: &str| RemoteError::Address { url: masked(text), reason: reason.to_owned() };
    if let Some(rest) = text.strip_prefix("hf://") {
        return short(rest).ok_or_else(|| wrong("not of the form hf://owner/name[@revision][/path] of a model"));
    }
    let url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
    if STORES.contains(&url.scheme()) {
        return Ok(Address::Store(url));
    }
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("only hf, s3, gs, az, abfs, http and https are known"));
    }
    let is_hub = url.origin() == hub.origin() || url.host_str().is_some_and(|host| HUB_HOSTS.contains(&host));
    if !is_hub {
        return Ok(Address::Web(url));
    }
    long(&url).ok_or_else(|| wrong("not the address of a model, its tree, or one of its files"))
}

/// `owner/name[@revision][/path]`.
fn short(rest: &str) -> Option<Address> {
    let (owner, rest) = rest.split_once('/')?;
    let (name, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (name, revision) = name.split_once('@').unwrap_or((name, MAIN));
    let is_model = !matches!(owner, "datasets" | "spaces" | "buckets");
    let revision = decoded(revision)?;
    let path = path.to_owned();
    let valid = is_model && is_name(owner) && is_name(name) && is_revision(&revision) && is_inside(&path);
    valid.then(|| Address::Hub { repo: format!("{owner}/{name}"), revision, path })
}

/// `/owner/name[/(tree|blob|resolve)/revision[/path]]`, where owner may be absent.
fn long(url: &Url) -> Option<Address> {
    let parts: Vec<String> = url.path_segments()?.map(decoded).collect::<Option<_>>()?;
    let marker = parts.iter().skip(1).take(2).position(|part| matches!(part.as_str(), "tree" | "blob" | "resolve"));
    let (repo, revision, mut path) = match marker.map(|at| at + 1) {
        Some(at) => {
            let revision = parts.get(at + 1)?.clone();
            (parts.get(..at)?, revision, parts.get(at + 2..).unwrap_or_default().join("/"))
        }
        None => (parts.get(..parts.len().min(3))?, MAIN.to_owned(), String::new()),
    };
    let repo: Vec<&str> = repo.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    let is_model = !matches!(repo.first()?, &"datasets" | &"spaces" | &"api" | &"models");
    let is_folder = parts.iter().any(|part| part == "tree") && !path.is_empty() && !path.ends_with('/');
    if is_folder {
        path.push('/');
    }
    let valid = is_model
        && (1..=2).contains(&repo.len())
        && repo.iter().all(|part| is_name(part))
        && is_revision(&revision)
        && is_inside(&path);
    valid.then(|| Address::Hub { repo: repo.join("/"), revision, path })
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('.')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

fn is_revision(text: &str) -> bool {
    !text.is_empty() && text.len() < 256 && is_inside(text) && !text.contains(['?', '#', '@', ' '])
}

/// Whether a path stays below where it begins, and holds nothing that ends a line or steers a terminal.
pub(super) fn is_inside(path: &str) -> bool {
    let path = path.strip_suffix('/').unwrap_or(path);
    path.is_empty()
        || path.split('/').all(|part| !matches!(part, "" | "." | "..") && !part.contains(['\\', '\0']))
            && !path.chars().any(char::is_control)
}

/// Whether a revision is a whole commit, and so always names the same files.
pub(super) fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            (digit(rest.next()?)? * 16 + digit(rest.next()?)?) as u8
        } else {
            byte
        });
    }
    String::from_utf8(bytes).ok()
}

/// A URL as it may be shown: without user, password, query and fragment.
pub(super) fn shown(url: &Url) -> String {
    let mut plain = url.clone();
    plain.set_query(None);
    plain.set_fragment(None);
    // An address that cannot have a user has none to hide.
    let _ = plain.set_username("");
    let _ = plain.set_password(None);
    plain.to_string()
}

/// The same for what may not be a URL, and for text that holds some.
pub(super) fn masked(text: &str) -> String {
    let hide = |word: &str| {
        let word = word.split_once('?').map_or(word.to_owned(), |(before, _)| format!("{before}?…"));
        match word.split_once("://") {
            Some((scheme, rest)) => {
                let (host, path) = rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path)));
                let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
                path.map_or(format!("{scheme}://{host}"), |path| format!("{scheme}://{host}/{path}"))
            }
            None => word,
        }
    };
    text.split(' ').map(hide).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn read(text: &str) -> Result<Address, RemoteError> {
        parse(text, &Url::parse("https://huggingface.co").unwrap())
    }

    fn hub(repo: &str, revision: &str, path: &str) -> Address {
        Address::Hub { repo: repo.to_owned(), revision: revision.to_owned(), path: path.to_owned() }
    }

    #[test]
    fn addresses_of_hugging_face_are_read_however_they_are_written() {
        for (text, expected) in [
            ("hf://acme/orca", hub("acme/orca", "main", "")),
            ("hf://acme/orca@v1", hub("acme/orca", "v1", "")),
            ("hf://acme/orca@refs%2Fpr%2F7/a/b.safetensors", hub("acme/orca", "refs/pr/7", "a/b.safetensors")),
            ("https://huggingface.co/acme/orca", hub("acme/orca", "main", "")),
            ("https://huggingface.co/acme/orca/", hub("acme/orca", "main", "")),
            ("https://huggingface.co/gpt2/resolve/main/model.safetensors", hub("gpt2", "main", "model.safetensors")),
            ("https://hf.co/acme/orca/tree/v1/sub", hub("acme/orca", "v1", "sub/")),
            ("https://huggingface.co/acme/orca/blob/main/a.gguf?download=true", hub("acme/orca", "main", "a.gguf")),
        ] {
            assert_eq!(read(text).unwrap(), expected, "{text}");
        }
        for text in [
            "hf://orca",
            "hf://datasets/a/b",
            "hf://acme/orca@",
            "hf://acme/orca/../x",
            "hf://a/b/\u{1b}[2J",
            "https://huggingface.co/datasets/acme/orca",
            "https://huggingface.co/acme/orca/commits/main",
            "ftp://a/b",
            "file:///etc/passwd",
        ] {
            assert!(read(text).is_err(), "{text}: {:?}", read(text));
        }
    }

    #[test]
    fn what_is_a_url_and_what_a_path() {
        assert!(is_url("s3://bucket/a") && is_url("hf://a/b") && is_url("https://a"));
        for path in ["a/b", "C://x", "://x", "a b://c", "s3://", "./s3://x", "model.safetensors"] {
            assert!(!is_url(path), "{path}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let url = Url::parse("https://me:word@host.example/a/b?X-Amz-Signature=secret#x").unwrap();
        assert_eq!(shown(&url), "https://host.example/a/b");
        assert_eq!(masked("at https://me:word@host/a?sig=secret now"), "at https://host/a?… now");
    }
}
