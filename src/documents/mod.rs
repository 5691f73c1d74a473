// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Files → claims: licenses, notices, model cards, configs, tokenizers.
//!
//! In: the files of a snapshot. Out: [`Documents`], and a [`DocumentProblem`] for each one that could not be read.

mod card;
mod config;
mod licensing;
mod pattern;
mod read;
mod rights;

pub use card::{Card, Claim};
pub use config::Config;
pub use licensing::{Licensing, Stated};
pub use read::{DocumentProblem, Documents, LicenseFile, NoticeFile, Readme, TokenizerFile, is_legal, read};
pub use rights::{Precedence, Rights};
