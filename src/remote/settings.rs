// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What the command line knows of the environment and this module may not read itself.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// A token for Hugging Face; never shown.
#[derive(Clone)]
pub struct Token(pub(super) String);

impl Token {
    /// A token without the line end it is stored with; none if nothing is left, or if it could not stand in a header.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())).then(|| Self(text.to_owned()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(hidden)")
    }
}

/// How remote files are read.
#[derive(Clone)]
pub struct Settings {
    /// Where Hugging Face's interface is; `HF_ENDPOINT`.
    pub hub: String,
    /// Sent to that host and to no other.
    pub token: Option<Token>,
    /// Options of the object stores, by lower-case name: `aws_region`, `google_service_account`, ….
    pub stores: Vec<(String, String)>,
    /// Folder for bytes that are needed twice; without one they are fetched twice.
    pub spool: Option<PathBuf>,
    /// Bytes kept there at most.
    pub spool_limit: u64,
    /// Attempts at one range after the first.
    pub retries: u32,
    /// Wait before the second attempt; each further wait is twice as long.
    pub backoff: Duration,
    /// Longest silence of a server.
    pub timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            hub: "https://huggingface.co".to_owned(),
            token: None,
            stores: Vec::new(),
            spool: None,
            spool_limit: 32 << 30,
            retries: 6,
            backoff: Duration::from_millis(500),
            timeout: Duration::from_secs(30),
        }
    }
}

/// Options of stores are not shown: some are keys.
impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Settings").field("hub", &self.hub).field("token", &self.token).finish_non_exhaustive()
    }
}
