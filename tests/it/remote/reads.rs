// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A file on a web server: what is fetched, how often, and what happens when the server is wrong.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use forebear::remote::{self, Opened, RemoteError, Settings};
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;
use tempfile::tempdir;

use super::server::{Answer, Asked, Server};
use crate::command_line::{failure, forebear};

pub(super) fn base() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/demo/F1")
}

fn weights() -> Vec<u8> {
    fs::read(base().join("model.safetensors")).unwrap()
}

/// Settings of a hurry.
fn hurried() -> Settings {
    Settings { backoff: Duration::from_millis(1), timeout: Duration::from_secs(5), ..Settings::default() }
}

/// 20 MiB in which every stretch is its own.
fn large() -> Vec<u8> {
    (0..5u32 << 20).flat_map(|at| at.wrapping_mul(2_654_435_761).to_le_bytes()).collect()
}

fn opened(server: &Server, settings: Settings) -> Result<Opened, RemoteError> {
    remote::open(&format!("{}/model.safetensors", server.url), settings)
}

/// Reads the weights from front to back in chunks, as a pass does.
fn read(opened: &Opened) -> std::io::Result<Vec<u8>> {
    let file = opened.files.iter().find(|file| file.path == "model.safetensors").unwrap();
    let source = file.content().unwrap().open()?;
    let mut bytes = vec![0; source.size() as usize];
    let mut at = 0;
    for chunk in bytes.chunks_mut(1 << 20) {
        source.read_exact_at(at, chunk)?;
        at += chunk.len() as u64;
    }
    Ok(bytes)
}

/// A server whose answers for the weights are changed on the way: by the number of the request, from 1.
fn bent(bytes: Vec<u8>, bend: impl Fn(usize, &Asked, Answer) -> Answer + Send + Sync + 'static) -> Server {
    let count = AtomicUsize::new(0);
    Server::start(move |asked| {
        if asked.path() != "/model.safetensors" {
            return Answer::status(404);
        }
        bend(count.fetch_add(1, Ordering::Relaxed) + 1, asked, Answer::range(asked, &bytes, "one"))
    })
}

/// The error that opening or reading comes to, and its text.
fn refusal(server: &Server, settings: Settings) -> String {
    match opened(server, settings) {
        Err(error) => error.to_string(),
        Ok(opened) => read(&opened).unwrap_err().to_string(),
    }
}

/// Fingerprints into a file and returns its bytes; the name it was given is not part of what is compared.
pub(super) fn print_of(folder: &Path, path: &str, variables: &[(&str, &str)]) -> Vec<u8> {
    let mut command = forebear(folder);
    command.args(["fingerprint", path, "-o", "out.fingerprint"]).args(path.contains("://").then_some("--online"));
    command.envs(variables.iter().copied()).assert().success();
    let file = folder.join("out.fingerprint");
    let mut print = forebear::fingerprint::Fingerprint::read(&file).unwrap();
    print.name = String::new();
    print.to_bytes().unwrap()
}

/// The demo base in two shards with their index, as files of a folder.
pub(super) fn sharded() -> Vec<(String, Vec<u8>)> {
    let bytes = weights();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let (mut map, mut files) = (BTreeMap::new(), Vec::new());
    let mut names: Vec<String> = tensors.names().iter().map(ToString::to_string).collect();
    // The library lists them in no order.
    names.sort();
    for shard in 1..=2 {
        let file = format!("model-0000{shard}-of-00002.safetensors");
        let half = names.iter().enumerate().filter(|(at, _)| at % 2 == shard - 1).map(|(_, name)| name);
        let views: Vec<(&String, TensorView)> = half.map(|name| (name, tensors.tensor(name).unwrap())).collect();
        map.extend(views.iter().map(|(name, _)| ((*name).clone(), file.clone())));
        files.push((file, safetensors::serialize(views, None).unwrap()));
    }
    let index = serde_json::json!({"metadata": {}, "weight_map": map}).to_string();
    files.push(("model.safetensors.index.json".to_owned(), index.into_bytes()));
    files.push(("config.json".to_owned(), fs::read(base().join("config.json")).unwrap()));
    files
}

#[test]
fn a_remote_checkpoint_has_the_fingerprint_of_the_local_file() {
    let folder = tempdir().unwrap();
    let config = fs::read(base().join("config.json")).unwrap();
    let server =
        Server::of(vec![("/m/model.safetensors".to_owned(), weights()), ("/m/config.json".to_owned(), config)]);
    let local = print_of(folder.path(), base().join("model.safetensors").to_str().unwrap(), &[]);
    assert!(print_of(folder.path(), &format!("{}/m/model.safetensors", server.url), &[]) == local);
    // Each byte once, although some are needed twice; but for small tensors that are asked for while all is on its way.
    let (sent, size) = (server.sent("/m/model.safetensors"), weights().len());
    assert!(sent >= size && sent <= size + size / 2, "{sent} of {size}");
    assert!(print_of(folder.path(), &format!("{}/m/", server.url), &[]) == local);
}

#[test]
fn shards_elsewhere_are_one_checkpoint() {
    let folder = tempdir().unwrap();
    let files = sharded();
    fs::create_dir(folder.path().join("s")).unwrap();
    for (name, bytes) in &files {
        fs::write(folder.path().join("s").join(name), bytes).unwrap();
    }
    let server = Server::of(files.into_iter().map(|(name, bytes)| (format!("/s/{name}"), bytes)).collect());
    let local = print_of(folder.path(), "s", &[]);
    assert!(print_of(folder.path(), &format!("{}/s/", server.url), &[]) == local);
    let index = format!("{}/s/model.safetensors.index.json", server.url);
    assert!(print_of(folder.path(), &index, &[]) == local);
}

#[test]
fn without_being_asked_nothing_is_read_over_a_network() {
    let folder = tempdir().unwrap();
    let server = Server::of(vec![("/model.safetensors".to_owned(), weights())]);
    let url = format!("{}/model.safetensors", server.url);
    for arguments in [
        &["fingerprint", &url][..],
        &["identify", &url],
        &["compare", &url, &url],
        &["registry", "add", &url, "--id", "a/b", "--license", "mit"],
        &["fingerprint", &url, "--offline"],
    ] {
        let (code, said) = failure(folder.path(), arguments);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains("help: give --online"), "{said}");
    }
    assert_eq!(failure(folder.path(), &["fingerprint", &url, "--online", "--offline"]).0, Some(2));
    assert_eq!(server.asked().len(), 0);
}

#[test]
fn headers_are_had_without_the_file() {
    let server = Server::of(vec![("/model.safetensors".to_owned(), large())]);
    let opened = opened(&server, hurried()).unwrap();
    let file = &opened.files[0];
    assert_eq!(file.size, 20 << 20);
    let source = file.content().unwrap().open().unwrap();
    let mut header = vec![0; 200_000];
    source.read_exact_at(8, &mut header).unwrap();
    assert_eq!(header, large()[8..200_008]);
    let asked = server.asked().iter().filter(|asked| asked.path() == "/model.safetensors").count();
    assert_eq!((asked, server.sent("/model.safetensors")), (1, 256 << 10));
    // A short stretch out of order is no reason to read blocks.
    let mut middle = [0; 100];
    source.read_exact_at(15 << 20, &mut middle).unwrap();
    assert_eq!(middle, large()[15 << 20..(15 << 20) + 100]);
    assert_eq!(server.sent("/model.safetensors"), (256 << 10) + (64 << 10));
}

#[test]
fn every_byte_comes_once_and_the_second_time_from_the_disk() {
    let (server, folder) = (Server::of(vec![("/model.safetensors".to_owned(), large())]), tempdir().unwrap());
    let opened = opened(&server, Settings { spool: Some(folder.path().to_owned()), ..hurried() }).unwrap();
    assert!(read(&opened).unwrap() == large());
    assert!(read(&opened).unwrap() == large());
    assert_eq!(server.sent("/model.safetensors"), 20 << 20);
    assert!(server.asked().iter().filter_map(Asked::range).all(|(first, last)| last - first < 8 << 20));
}

#[test]
fn what_breaks_off_is_resumed_where_it_broke() {
    let server = bent(large(), |count, _, answer| match count {
        2 => Answer { cut: Some(3_000_000), ..answer },
        3 => Answer::status(503),
        4 => Answer::status(429).with("Retry-After", "0"),
        _ => answer,
    });
    let opened = opened(&server, hurried()).unwrap();
    assert!(read(&opened).unwrap() == large());
    let begins: Vec<usize> = server.asked().iter().filter_map(Asked::range).map(|(first, _)| first).collect();
    // The transfer that broke off went on in its middle, at a place where no block begins.
    assert!(begins.iter().any(|begin| *begin > 0 && (begin - (256 << 10)) % (8 << 20) > 0), "{begins:?}");
    assert!(server.sent("/model.safetensors") <= 20 << 20);
}

#[test]
fn a_server_that_only_fails_is_given_up() {
    let server = bent(large(), |count, _, answer| if count == 1 { answer } else { Answer::status(500) });
    let said = refusal(&server, Settings { retries: 2, ..hurried() });
    assert!(
        said.contains("/model.safetensors could not be read at byte") && said.contains("after 3 attempts: status 500"),
        "{said}"
    );
}

#[test]
fn what_a_server_gets_wrong_is_an_error_that_says_where() {
    type Bend = fn(usize, &Asked, Answer) -> Answer;
    let wrong: [(&str, Bend); 7] = [
        ("status 200, the whole", |_, _, answer| Answer { status: 200, ..answer }),
        ("expected a Content-Range", |_, _, answer| answer.with("Content-Range", "bytes 0-1/*")),
        ("expected bytes 262144 to", |count, _, answer| {
            if count == 1 { answer } else { answer.with("Content-Range", "bytes 0-8388607/20971520") }
        }),
        ("a Content-Length of 5", |_, _, answer| answer.with("Content-Length", "5")),
        ("attempts", |count, _, answer| if count == 1 { answer } else { Answer { cut: Some(0), ..answer } }),
        ("it has 20971521 bytes instead of 20971520", |count, asked, answer| {
            let (first, last) = asked.range().unwrap();
            let last = last.min((20 << 20) - 1);
            if count == 1 { answer } else { answer.with("Content-Range", format!("bytes {first}-{last}/20971521")) }
        }),
        ("neither an ETag nor a date", |_, _, mut answer| {
            answer.headers.retain(|(name, _)| *name != "ETag");
            answer
        }),
    ];
    for (expected, bend) in wrong {
        let said = refusal(&bent(large(), bend), Settings { retries: 2, ..hurried() });
        assert!(said.contains(expected) && said.contains("/model.safetensors"), "{expected}: {said}");
    }
}

#[test]
fn a_file_that_changes_while_it_is_read_has_no_fingerprint() {
    let changed: Vec<u8> = large().into_iter().map(|byte| byte ^ 1).collect();
    // One server honors If-Match, and one does not know it.
    for honors in [true, false] {
        let changed = changed.clone();
        let server = bent(large(), move |count, asked, answer| {
            let mut asked = asked.clone();
            if !honors {
                asked.headers.remove("if-match");
            }
            if count < 3 { answer } else { Answer::range(&asked, &changed, "two") }
        });
        let said = refusal(&server, hurried());
        assert!(said.contains("changed while it was read"), "{said}");
    }
}

#[test]
fn redirects_that_lead_nowhere_good_are_not_followed() {
    for (to, expected) in [
        ("/model.safetensors", "too many redirects"),
        ("file:///etc/passwd", "it leaves HTTP"),
        ("http://", "it is no URL"),
    ] {
        let server = Server::start(move |_| Answer::redirect(to));
        let said = refusal(&server, hurried());
        assert!(said.contains(expected), "{to}: {said}");
        assert!(server.asked().len() <= 11);
    }
}

#[test]
fn secrets_of_an_address_are_not_said() {
    let server = Server::start(|_| Answer::status(403));
    let address = server.url.replace("http://", "http://me:pass-word@");
    let error = remote::open(&format!("{address}/model.safetensors?sig=pass-word"), hurried()).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("pass-word"), "{error:?}");
    assert!(matches!(error, RemoteError::Refused { status: 403, .. }));
}

#[test]
fn several_threads_read_one_file() {
    let server = Server::of(vec![("/model.safetensors".to_owned(), large())]);
    let opened = opened(&server, hurried()).unwrap();
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for part in 0..4usize {
            let (opened, wrong) = (&opened, &wrong);
            scope.spawn(move || {
                let source = opened.files[0].content().unwrap().open().unwrap();
                let mut bytes = vec![0; 5 << 20];
                source.read_exact_at((part as u64 * 5) << 20, &mut bytes).unwrap();
                if bytes != large()[(part * 5) << 20..((part + 1) * 5) << 20] {
                    wrong.lock().unwrap().push(part);
                }
            });
        }
    });
    assert!(wrong.lock().unwrap().is_empty());
}
