// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! An object store that speaks S3's GET, HEAD and LIST.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fmt::Write as _;
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::tempdir;

use super::reads::{base, print_of, sharded};
use super::server::{Answer, Server};
use crate::command_line::forebear;

const DATE: &str = "Sat, 10 Jan 2026 00:00:00 GMT";

/// A bucket; from the given request for weights on, they are others.
pub(super) fn bucket(files: Vec<(String, Vec<u8>)>, changes: usize) -> Server {
    let count = AtomicUsize::new(0);
    Server::start(move |asked| {
        if asked.target.contains("list-type=2") {
            let mut list = "<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>false</IsTruncated>".to_owned();
            for (key, bytes) in &files {
                let size = bytes.len();
                let date = "2026-01-10T00:00:00.000Z";
                let etag = "&quot;one&quot;";
                write!(list, "<Contents><Key>{key}</Key><LastModified>{date}</LastModified><ETag>{etag}</ETag><Size>{size}</Size></Contents>").unwrap();
            }
            return Answer::json(list + "</ListBucketResult>").with("Content-Type", "application/xml");
        }
        let key = asked.path().strip_prefix("/models/").unwrap_or_default();
        let Some((_, bytes)) = files.iter().find(|(held, _)| held == key) else { return Answer::status(404) };
        let is_weights = key.ends_with(".safetensors") && asked.method == "GET";
        if is_weights && count.fetch_add(1, Ordering::Relaxed) >= changes {
            return Answer::range(asked, bytes, "two").with("Last-Modified", DATE);
        }
        Answer::range(asked, bytes, "one").with("Last-Modified", DATE)
    })
}

pub(super) fn variables(server: &Server) -> [(&str, &str); 6] {
    [
        ("AWS_ENDPOINT_URL", &server.url),
        ("AWS_ALLOW_HTTP", "true"),
        ("AWS_REGION", "eu-north-1"),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "s3cret"),
        ("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "false"),
    ]
}

fn below(folder: &str, files: Vec<(String, Vec<u8>)>) -> Vec<(String, Vec<u8>)> {
    files.into_iter().map(|(name, bytes)| (format!("{folder}/{name}"), bytes)).collect()
}

#[test]
fn a_folder_of_a_bucket_is_read_like_a_local_one() {
    let folder = tempdir().unwrap();
    fs::create_dir(folder.path().join("s")).unwrap();
    for (name, bytes) in sharded() {
        fs::write(folder.path().join("s").join(name), bytes).unwrap();
    }
    let server = bucket(below("orca", sharded()), usize::MAX);
    let local = print_of(folder.path(), "s", &[]);
    assert!(print_of(folder.path(), "s3://models/orca/", &variables(&server)) == local);
    assert!(server.asked().iter().all(|asked| asked.headers.contains_key("authorization")));
}

#[test]
fn an_object_is_read_with_the_config_beside_it() {
    let folder = tempdir().unwrap();
    let files =
        ["model.safetensors", "config.json"].map(|name| (name.to_owned(), fs::read(base().join(name)).unwrap()));
    let server = bucket(below("orca", files.into()), usize::MAX);
    let local = print_of(folder.path(), base().to_str().unwrap(), &[]);
    assert!(print_of(folder.path(), "s3://models/orca/model.safetensors", &variables(&server)) == local);
}

#[test]
fn an_object_that_changes_while_it_is_read_has_no_fingerprint() {
    let folder = tempdir().unwrap();
    let file = ("model.safetensors".to_owned(), fs::read(base().join("model.safetensors")).unwrap());
    let server = bucket(below("orca", vec![file]), 1);
    let mut command = forebear(folder.path());
    command.args(["fingerprint", "s3://models/orca/model.safetensors", "--online"]).envs(variables(&server));
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("s3://models/orca/model.safetensors changed while it was read"), "{said}");
    assert!(!said.contains("s3cret"));
}
