// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Prints of public tokenizers: the list `data/tokenizers/families.toml`, and the prints that are built in.
//!
//! In: the two files. Out: [`KnownTokenizer`]s. The file of prints is a line with its kind and version, and for each
//! tokenizer its id and its print, each with its length; `examples/tokenizers.rs` makes it.

use std::sync::OnceLock;

use serde::Deserialize;

use super::error::RegistryError;
use super::registry::Registry;
use crate::documents::{Input, TokenizerPrint, write};

/// The first line of the file of prints.
const MAGIC: &[u8] = b"forebear tokenizer prints 1\n";

const LIST: &str = include_str!("../../data/tokenizers/families.toml");
const PRINTS: &[u8] = include_bytes!("../../data/tokenizers/tokenizers.prints");

/// One public tokenizer.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct KnownTokenizer {
    /// The model it is best known from: `Qwen/Qwen2.5`.
    pub id: String,
    /// How models that come with it are called; lower case.
    pub words: Vec<String>,
    /// Whether models of many unrelated makers use it, so that it says little.
    #[serde(default)]
    pub common: bool,
    /// The package that gave it.
    pub package: String,
    /// The file in the unpacked package.
    pub file: String,
    /// Its print.
    #[serde(skip)]
    pub print: TokenizerPrint,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    tokenizer: Vec<KnownTokenizer>,
}

/// The tokenizers that are built in, in the order of the list.
pub fn built_in_tokenizers() -> &'static [KnownTokenizer] {
    static KNOWN: OnceLock<Vec<KnownTokenizer>> = OnceLock::new();
    // A test reads both files, so a release cannot hold damaged ones.
    KNOWN.get_or_init(|| {
        let mut prints = decode(PRINTS).unwrap_or_default();
        let mut known = listed_tokenizers();
        for tokenizer in &mut known {
            if let Some(at) = prints.iter().position(|(id, _)| *id == tokenizer.id) {
                tokenizer.print = prints.swap_remove(at).1;
            }
        }
        known.retain(|tokenizer| tokenizer.print.pieces > 0);
        known
    })
}

/// The list, without prints: what `examples/tokenizers.rs` makes prints of.
pub fn listed_tokenizers() -> Vec<KnownTokenizer> {
    toml::from_str::<List>(LIST).map(|list| list.tokenizer).unwrap_or_default()
}

impl Registry {
    /// The tokenizers that are built in, and those of the bases.
    pub fn tokenizers(&self) -> Result<Vec<KnownTokenizer>, RegistryError> {
        let mut known = built_in_tokenizers().to_vec();
        for base in self.list() {
            if let Some(print) = base.tokenizer()? {
                let id = base.entry.id.clone();
                let (package, file) = (base.store_name(), String::new());
                known.push(KnownTokenizer { id, words: Vec::new(), common: false, package, file, print });
            }
        }
        Ok(known)
    }
}

/// The bytes of a file of prints, by id.
pub fn encode_tokenizers(prints: &[(String, TokenizerPrint)]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    write(&mut out, prints.len() as u64);
    for (id, print) in prints {
        let bytes = print.to_bytes();
        write(&mut out, id.len() as u64);
        out.extend(id.as_bytes());
        write(&mut out, bytes.len() as u64);
        out.extend(bytes);
    }
    out
}

fn decode(bytes: &[u8]) -> Option<Vec<(String, TokenizerPrint)>> {
    let mut input = Input { rest: bytes.strip_prefix(MAGIC)? };
    let mut prints = Vec::new();
    for _ in 0..input.count()? {
        let id = input.text()?;
        let length = input.count()?;
        prints.push((id, TokenizerPrint::from_bytes(input.take(length)?)?));
    }
    input.rest.is_empty().then_some(prints)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_tokenizers_can_be_read_and_are_small() {
        let known = built_in_tokenizers();
        assert_eq!(known.len(), listed_tokenizers().len(), "a tokenizer without a print");
        assert!(known.len() >= 20 && PRINTS.len() < 1 << 20, "{} in {} bytes", known.len(), PRINTS.len());
        for tokenizer in known {
            let lower = tokenizer.words.iter().all(|word| *word == word.to_lowercase() && !word.is_empty());
            assert!(lower && !tokenizer.words.is_empty(), "{}", tokenizer.id);
        }
    }

    #[test]
    fn prints_survive_being_written_and_every_cut_is_refused() {
        let prints: Vec<_> =
            built_in_tokenizers().iter().take(1).map(|one| (one.id.clone(), one.print.clone())).collect();
        let bytes = encode_tokenizers(&prints);
        assert_eq!(decode(&bytes), Some(prints));
        for length in (0..bytes.len()).step_by(37) {
            assert_eq!(bytes.get(..length).and_then(decode), None, "{length}");
        }
    }
}
