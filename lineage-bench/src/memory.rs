// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A model in memory → its fingerprint, by the way a folder takes, without a folder.
//!
//! In: a [`Llama`], and tensors beside it. Out: the [`Fingerprint`] that forebear makes of the safetensors file and the
//! `config.json` they would be written as.

use std::path::Path;

use forebear::changes::{Content, File};
use forebear::fingerprint::{Fingerprint, Progress, collect};

use crate::error::Error;
use crate::form::{Named, Names, named};
use crate::model::Llama;
use crate::write::{Published, published};

/// Fingerprints a model that was never written. `beside` are tensors that the decoder does not know of.
pub fn print(model: &Llama, beside: &[Named]) -> Result<Fingerprint, Error> {
    let mut tensors = named(model, Names::Llama);
    tensors.extend_from_slice(beside);
    let Published { config, weights } = published(model, &tensors)?;
    let file = |path: &str, bytes: Vec<u8>| {
        File::present(path.to_owned(), path.to_owned(), bytes.len() as u64, Content::memory(bytes))
    };
    let files = [file("config.json", config), file("model.safetensors", weights)];
    let mut found = collect(&files, None, &Progress::default());
    found.models.pop().map(|model| model.fingerprint).ok_or_else(|| Error::Unread {
        path: Path::new("a model in memory").to_owned(),
        reason: found.unread.pop().map_or("no checkpoint found".into(), |unread| unread.error.to_string()),
    })
}
