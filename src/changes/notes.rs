// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Notes on commits, and what git's configuration says of signing.
//!
//! In: a commit. Out: the lines of its note in `refs/notes/forebear`, or one line more in it. The git program reads
//! and writes them: it knows how notes fan out, takes the ref's lock, and works with every kind of repository.

use std::io::Write;
use std::path::PathBuf;

use super::{ChangesError, Repository};

/// Where attestations are kept.
pub const NOTES: &str = "refs/notes/forebear";
/// Longest note that is read.
const LONGEST: usize = 64 << 20;

impl Repository {
    /// The id of the commit that a revision names.
    pub fn commit_id(&self, revision: &str) -> Result<String, ChangesError> {
        Ok(self.resolve(&format!("{revision}^{{commit}}"))?.to_string())
    }

    /// The note of a commit; `None` if it has none.
    pub fn note(&self, commit: &str) -> Result<Option<Vec<u8>>, ChangesError> {
        let reference = format!("--ref={NOTES}");
        // It fails both where there is no note and where the notes cannot be read, which are told apart by listing.
        let listed = self.git(&["notes", &reference, "list"])?;
        let listed = String::from_utf8_lossy(&listed);
        let Some(blob) = listed.lines().filter_map(|line| line.split_once(' ')).find(|(_, of)| *of == commit) else {
            return Ok(None);
        };
        let note = self.git(&["cat-file", "blob", blob.0])?;
        if note.len() > LONGEST {
            let reason = format!("longer than {LONGEST} bytes");
            return Err(ChangesError::Object { what: "the note", id: commit.to_owned(), reason });
        }
        Ok(Some(note))
    }

    /// Adds a line to the note of a commit; what is there stays.
    pub fn append_note(&self, commit: &str, line: &str) -> Result<(), ChangesError> {
        let mut file = tempfile::NamedTempFile::new().map_err(|error| ChangesError::io(std::env::temp_dir(), error))?;
        writeln!(file, "{line}").map_err(|error| ChangesError::io(file.path(), error))?;
        let path = file.path().to_string_lossy().into_owned();
        self.git(&["notes", &format!("--ref={NOTES}"), "append", "--file", &path, commit])?;
        Ok(())
    }

    /// The key that git signs with, as it is configured: a path, or a public key after `key::`. `None` if git does not
    /// sign with SSH.
    pub fn signing_key(&self) -> Result<Option<String>, ChangesError> {
        if self.setting("gpg.format", false)?.as_deref() != Some("ssh") {
            return Ok(None);
        }
        let literal = self.setting("user.signingkey", false)?;
        if literal.as_ref().is_some_and(|key| key.starts_with("key::") || key.starts_with("ssh-")) {
            return Ok(literal);
        }
        self.setting("user.signingkey", true)
    }

    /// The file that says whose SSH signatures git believes.
    pub fn allowed_signers(&self) -> Result<Option<PathBuf>, ChangesError> {
        Ok(self.setting("gpg.ssh.allowedSignersFile", true)?.map(PathBuf::from))
    }

    fn setting(&self, key: &str, path: bool) -> Result<Option<String>, ChangesError> {
        let mut arguments = vec!["config", "--default", ""];
        if path {
            arguments.push("--path");
        }
        arguments.extend(["--get", key]);
        let value = String::from_utf8_lossy(&self.git(&arguments)?).trim_end_matches('\n').to_owned();
        Ok(Some(value).filter(|value| !value.is_empty()))
    }
}
