// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Tokenizers: files → a vocabulary → a small print that can be compared.
//!
//! In: `tokenizer.json`, SentencePiece `.model`, tiktoken files, tekken, `vocab.json` with `merges.txt`, `vocab.txt`, or
//! the header of a GGUF file. Out: a [`TokenizerPrint`], and how two of them are alike ([`TokenizerMatch`]). Pieces are
//! spelled as bytes whatever the container, so that one vocabulary in two containers is one vocabulary.

mod alphabet;
mod lists;
mod matching;
mod numbers;
mod origins;
mod print;
mod read;
mod sentencepiece;
mod tiktoken;
mod tokenizer_json;
mod vocabulary;

pub use matching::{Kinship, TokenizerMatch};
pub(crate) use numbers::{Input, write};
pub use origins::{Kin, origins};
pub use print::TokenizerPrint;
pub(crate) use read::is_tokenizer;
pub use read::{TokenizerFile, tokenizers};
pub use vocabulary::{TokenizerError, Vocabulary};
