// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Which files are tokenizers, and the reading of them within bounds.
//!
//! In: files of a tree. Out: a print of each tokenizer that the range brings, or why it could not be had. Files whose name
//! only may be a tokenizer's (`vocab.txt`, `x.model`) and that hold something else are left out.

use crate::changes::{File, FileState};
use crate::checkpoints::{CheckpointError, gguf_vocabulary};

use super::print::TokenizerPrint;
use super::vocabulary::{TokenizerError, Vocabulary};
use super::{lists, sentencepiece, tiktoken, tokenizer_json};

/// Longest tokenizer file read, in bytes; the largest public one has 33 MB.
const SIZE_LIMIT: usize = 128 << 20;

/// One tokenizer of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenizerFile {
    /// Path in the tree.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// Whether it is the header of a checkpoint, and not a file of its own.
    pub in_checkpoint: bool,
    /// Its print, or why there is none.
    pub print: Result<TokenizerPrint, TokenizerError>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Container {
    TokenizerJson,
    Tekken,
    VocabJson,
    VocabTxt,
    /// SentencePiece or tiktoken, told apart by the first bytes.
    Model,
    Gguf,
}

/// Whether a path names a tokenizer and nothing else.
pub(crate) fn is_tokenizer(path: &str) -> bool {
    container(path).is_some_and(|(container, certain)| certain && container != Container::Gguf)
}

/// The container that a name speaks for, and whether it speaks for nothing else.
fn container(path: &str) -> Option<(Container, bool)> {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    Some(match name.as_str() {
        "tokenizer.json" => (Container::TokenizerJson, true),
        "vocab.json" => (Container::VocabJson, false),
        "vocab.txt" => (Container::VocabTxt, false),
        "spiece.model" | "sentencepiece.bpe.model" => (Container::Model, true),
        _ if name.starts_with("tekken") && extension == "json" => (Container::Tekken, true),
        // `tokenizer.model.v3` is how mistral-common calls its versions.
        _ if name.starts_with("tokenizer.model") || extension == "tiktoken" => (Container::Model, true),
        _ if extension == "model" || name.contains(".model.v") => (Container::Model, false),
        _ if extension == "gguf" => (Container::Gguf, true),
        _ => return None,
    })
}

/// The tokenizers that the range brings to the tip of a tree.
pub fn tokenizers(files: &[File]) -> Vec<TokenizerFile> {
    let brought = files.iter().filter(|file| file.introduced && file.at_tip);
    brought
        .filter_map(|file| {
            let (container, certain) = container(&file.path)?;
            let print = match read(container, file, files)? {
                Err(TokenizerError::Other(_)) if !certain => return None,
                read => read.map(|vocabulary| TokenizerPrint::of(&vocabulary)),
            };
            let in_checkpoint = container == Container::Gguf;
            Some(TokenizerFile { path: file.path.clone(), size: file.size, in_checkpoint, print })
        })
        .collect()
}

/// The vocabulary of a file; nothing if its bytes are not here, which is told elsewhere, or if it has none.
fn read(container: Container, file: &File, files: &[File]) -> Option<Result<Vocabulary, TokenizerError>> {
    let FileState::Present(content) = &file.state else { return None };
    let unreadable = |error: std::io::Error| TokenizerError::Unreadable(error.to_string());
    if container == Container::Gguf {
        let source = match content.open() {
            Ok(source) => source,
            Err(error) => return Some(Err(unreadable(error))),
        };
        return match gguf_vocabulary(&*source) {
            Ok(Some(found)) => Some(lists::gguf(found)),
            Err(CheckpointError::Malformed { reason, .. }) => Some(Err(TokenizerError::Damaged(reason))),
            // That a file is not read is told of the weights in it.
            Ok(None) | Err(_) => None,
        };
    }
    let bytes = match content.read(SIZE_LIMIT) {
        Ok(bytes) => bytes,
        Err(error) => return Some(Err(unreadable(error))),
    };
    Some(match container {
        Container::TokenizerJson => tokenizer_json::tokenizer_json(&bytes),
        Container::Tekken => tokenizer_json::tekken(&bytes),
        Container::VocabJson => tokenizer_json::vocab_json(&bytes, merges(file, files)),
        Container::VocabTxt => lists::vocab_txt(&bytes),
        _ if tiktoken::is_tiktoken(&bytes) => tiktoken::tiktoken(&bytes),
        _ => sentencepiece::sentencepiece(&bytes),
    })
}

/// The `merges.txt` beside a `vocab.json`; none is none.
fn merges(file: &File, files: &[File]) -> Vec<Vec<u8>> {
    let folder = file.path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
    let beside = format!("{folder}merges.txt");
    let beside = files.iter().find(|other| other.at_tip && other.path == beside);
    let bytes = beside.and_then(File::content).and_then(|content| content.read(SIZE_LIMIT).ok());
    bytes.map(|bytes| lists::merges_txt(&bytes)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::Content;

    fn file(path: &str, bytes: &[u8]) -> File {
        File::present(path.into(), "0".into(), bytes.len() as u64, Content::memory(bytes.to_vec()))
    }

    const JSON: &[u8] = br#"{"model": {"vocab": {"ab": 0, "abc": 1}, "merges": []}}"#;

    #[test]
    fn one_vocabulary_in_any_container_has_one_print() {
        let files = [
            file("a/tokenizer.json", JSON),
            file("b/vocab.json", br#"{"ab": 0, "abc": 1}"#),
            file("b/merges.txt", b"#version: 0.2\na b\nab c\n"),
            file("c/qwen.tiktoken", b"YWI= 0\nYWJj 1\n"),
            file("d/tokenizer.model", b"YWI= 0\nYWJj 1\n"),
        ];
        let found = tokenizers(&files);
        let first = found.first().map(|found| &found.print);
        assert_eq!(found.len(), 4);
        assert!(found.iter().all(|other| Some(&other.print) == first && other.print.is_ok()), "{found:?}");
    }

    #[test]
    fn names_that_may_mean_something_else_are_no_problem_and_certain_ones_are() {
        let other =
            [file("vocab.txt", b"apples"), file("vocab.json", b"{\"a\": []}"), file("svm.model", b"svm_type c_svc")];
        assert!(tokenizers(&other).is_empty());
        let found = tokenizers(&[file("tokenizer.json", b"{}"), file("tokenizer.model", b"text")]);
        assert!(found.len() == 2 && found.iter().all(|found| found.print.is_err()));
        assert!(tokenizers(&[file("tokenizer_config.json", b"{}"), file("merges.txt", b"")]).is_empty());
    }

    #[test]
    fn what_the_range_does_not_bring_is_not_read() {
        let mut old = file("tokenizer.json", JSON);
        old.introduced = false;
        assert!(tokenizers(&[old]).is_empty());
    }
}
