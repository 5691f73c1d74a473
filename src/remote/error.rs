// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What can keep a remote file from being read. URLs in here are without passwords and queries.

/// Why a remote file could not be read.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// Not an address that is understood.
    #[error("{url} cannot be read: {reason}")]
    Address {
        /// As given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The server said no.
    #[error("{url} was refused with status {status}")]
    Refused {
        /// What was asked for.
        url: String,
        /// HTTP status.
        status: u16,
    },
    /// No answer, or none that was whole, after every attempt.
    #[error("{url} could not be read at byte {offset}, after {attempts} attempts: {reason}")]
    Unreachable {
        /// What was asked for.
        url: String,
        /// First byte that was missing.
        offset: u64,
        /// How often it was tried.
        attempts: u32,
        /// What the last attempt came to.
        reason: String,
    },
    /// The server does not say what it should.
    #[error("{url} at byte {offset}: expected {expected}, and the server sent {found}")]
    Unexpected {
        /// What was asked for.
        url: String,
        /// First byte asked for.
        offset: u64,
        /// What should have come.
        expected: String,
        /// What came.
        found: String,
    },
    /// The file is not the one that was begun.
    #[error("{url} changed while it was read, at byte {offset}: {what}")]
    Changed {
        /// What was asked for.
        url: String,
        /// First byte asked for.
        offset: u64,
        /// What tells.
        what: String,
    },
    /// Nothing would tell a change.
    #[error("{url} has neither an ETag nor a date, so a change while it is read would not be noticed")]
    Unpinned {
        /// What was asked for.
        url: String,
    },
    /// A redirect that is not followed.
    #[error("{url} redirects to {to}, which is not followed: {reason}")]
    Redirect {
        /// What was asked for.
        url: String,
        /// Where it leads.
        to: String,
        /// Why not.
        reason: &'static str,
    },
    /// A folder cannot be listed.
    #[error("{url} could not be listed: {reason}")]
    Listing {
        /// What was asked for.
        url: String,
        /// What went wrong.
        reason: String,
    },
    /// This machine does not let us begin.
    #[error("no connection can be made from here: {0}")]
    Setup(String),
}

impl RemoteError {
    /// One line: what to do now.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Address { .. } => {
                "give hf://owner/name[@revision][/path], s3://, gs://, az:// or an http(s) URL of a checkpoint"
            }
            Self::Refused { status: 401 | 403, .. } => {
                "check the name, and the credentials: HF_TOKEN, AWS_*, GOOGLE_* or AZURE_*"
            }
            Self::Refused { .. } | Self::Listing { .. } => "check the name and the revision",
            Self::Unreachable { .. } | Self::Setup(_) => "check the connection and run again",
            Self::Unexpected { .. } | Self::Unpinned { .. } | Self::Redirect { .. } => {
                "download the file by other means and give its path"
            }
            Self::Changed { .. } => "run again once nobody writes to it",
        }
    }
}
