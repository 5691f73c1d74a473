// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Checkpoints elsewhere → files whose bytes are fetched when they are asked for.
//!
//! In: a URL that somebody gave by hand: Hugging Face, S3, Google Cloud Storage, Azure, or a web server that serves ranges.
//! Out: an [`Opened`] folder, whose files are read like any others: nothing downstream knows where they are. A file is
//! pinned at first contact; one that changes while it is read is an error, never a fingerprint of two halves. This is
//! the only place where forebear opens a socket. URLs are never taken from scanned files.

mod address;
mod blocks;
mod client;
mod error;
mod fetch;
mod file;
mod folder;
mod hub;
mod objects;
mod settings;
mod spool;
mod web;

pub use address::is_url;
pub use error::RemoteError;
pub use folder::{Opened, open};
pub use settings::{Settings, Token};
