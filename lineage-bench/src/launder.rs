// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! One folder → a disguised folder.
//!
//! In: a folder, a transform, a seed. Out: a folder with config, safetensors, and the tokenizer if it still fits.

use std::fs;
use std::path::Path;

use crate::error::Error;
use crate::read::read;
use crate::transforms::find;
use crate::write::write;

/// Writes what `transform` makes of the model in `source` into `target`; `other` is merged with it, where one is.
pub fn launder(source: &Path, target: &Path, transform: &str, seed: u64, other: Option<&Path>) -> Result<(), Error> {
    let transform = find(transform)?;
    let model = read(source)?;
    let other = other.map(read).transpose()?;
    let done = transform.apply(&model, seed, other.as_ref())?;
    write(&done.model, done.form, target)?;
    let tokenizer = source.join("tokenizer.json");
    if done.model.embedding.nrows() == model.embedding.nrows() && tokenizer.is_file() {
        // Read and written, not copied: a copy would be as read-only as its source may be.
        let text = fs::read(&tokenizer).map_err(|error| Error::io(&tokenizer, error))?;
        let copy = target.join("tokenizer.json");
        fs::write(&copy, text).map_err(|error| Error::io(&copy, error))?;
    }
    Ok(())
}
