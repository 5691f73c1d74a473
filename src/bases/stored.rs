// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Names of the content-addressed files of a registry.
//!
//! In: a path as an index writes it. Out: a [`Stored`] name, which can be nothing but
//! `KIND/<64 hex digits>.EXTENSION`, so no index can point outside its own folder.

use std::fmt;
use std::io::{self, Read};

use sha2::{Digest, Sha256};

/// What a stored file holds; one folder a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A fingerprint, safetensors.
    Fingerprint,
    /// A license text, UTF-8.
    License,
    /// A notice, UTF-8.
    Notice,
    /// Copyright and SPDX lines by file name, JSON.
    Headers,
    /// The print of a tokenizer.
    Tokenizer,
    /// Prints of source code.
    Code,
}

impl Kind {
    /// All kinds, in the order in which they are listed.
    pub const ALL: [Self; 6] =
        [Self::Fingerprint, Self::License, Self::Notice, Self::Headers, Self::Tokenizer, Self::Code];

    /// Folder inside the registry.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Fingerprint => "fingerprints",
            Self::License => "licenses",
            Self::Notice => "notices",
            Self::Headers => "headers",
            Self::Tokenizer => "tokenizers",
            Self::Code => "code",
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Fingerprint => "safetensors",
            Self::License | Self::Notice => "txt",
            Self::Headers => "json",
            Self::Tokenizer => "print",
            Self::Code => "prints",
        }
    }

    /// Bytes above which a file of this kind is refused.
    pub(super) fn limit(self) -> u64 {
        match self {
            Self::Fingerprint => 1 << 30,
            Self::License | Self::Notice => 4 << 20,
            Self::Headers | Self::Code => 16 << 20,
            Self::Tokenizer => 1 << 20,
        }
    }
}

/// Name of one content-addressed file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stored {
    /// What it holds.
    pub kind: Kind,
    sha256: String,
}

impl Stored {
    /// The name of these bytes.
    pub fn of(kind: Kind, bytes: &[u8]) -> Self {
        Self { kind, sha256: hex(&Sha256::digest(bytes)) }
    }

    /// The name as an index or archive writes it; `None` if it is anything else.
    pub fn parse(path: &str) -> Option<Self> {
        let (folder, file) = path.split_once('/')?;
        let kind = Kind::ALL.into_iter().find(|kind| kind.folder() == folder)?;
        let sha256 = file.strip_suffix(kind.extension())?.strip_suffix('.')?;
        is_digest(sha256).then(|| Self { kind, sha256: sha256.to_owned() })
    }

    /// SHA-256 of the content, lower-case hex.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}

impl fmt::Display for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}.{}", self.kind.folder(), self.sha256, self.kind.extension())
    }
}

/// Whether this is a SHA-256 in lower-case hex.
pub(super) fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// SHA-256 of everything a reader gives, in constant memory.
pub(super) fn digest_of(reader: &mut dyn Read) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(hex(&hasher.finalize())),
            Ok(read) => hasher.update(buffer.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Bytes in lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_survives_being_written_and_parsed() {
        for kind in Kind::ALL {
            let stored = Stored::of(kind, b"some bytes");
            assert_eq!(Stored::parse(&stored.to_string()), Some(stored));
        }
    }

    #[test]
    fn names_that_could_leave_the_folder_are_refused() {
        let digest = "0".repeat(64);
        for path in [
            format!("../fingerprints/{digest}.safetensors"),
            format!("fingerprints/../{digest}.safetensors"),
            format!("/fingerprints/{digest}.safetensors"),
            format!("fingerprints\\{digest}.safetensors"),
            format!("fingerprints/{}.safetensors", digest.to_uppercase().replace('0', "A")),
            format!("fingerprints/{digest}.txt"),
            format!("fingerprints/{digest}safetensors"),
            format!("other/{digest}.txt"),
            String::new(),
        ] {
            assert_eq!(Stored::parse(&path), None, "{path}");
        }
    }
}
