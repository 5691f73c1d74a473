// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Files → claims: licenses, notices, model cards, configs, tokenizers.
//!
//! In: the files of a snapshot. Out: [`Documents`], and a [`DocumentProblem`] for each one that could not be read.

mod card;
mod config;
mod embedded;
mod licensing;
mod names;
mod pattern;
mod prose;
mod read;
mod recipes;
mod rights;
mod scratch;
mod stated;
mod teachers;
mod tokenizer;

pub use card::{Card, Claim};
pub use config::Config;
pub use embedded::embedded;
pub use licensing::{Licensing, Said};
pub use names::{bare_name, hub_id};
pub use read::{DocumentProblem, Documents, LicenseFile, NoticeFile, Readme, is_legal, read};
pub use rights::{Precedence, Rights};
pub use stated::{Scope, Stated, StatedKind};
pub(crate) use tokenizer::{Input, write};
pub use tokenizer::{
    Kin, Kinship, TokenizerError, TokenizerFile, TokenizerMatch, TokenizerPrint, Vocabulary, origins, tokenizers,
};
