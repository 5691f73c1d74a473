// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What a signature of a registry is over.
//!
//! In: a registry. Out: a [`Seal`]: one line for each of its lists, and the signature that lies beside them. The lists name
//! every other file by its SHA-256, so who signed them signed fingerprints, texts, and code as well.

use super::code_store;
use super::error::RegistryError;
use super::store::{INDEX, Store};
use super::stored::digest_of;

/// Name of the signature in a registry: OpenSSH's armored form.
pub const SIGNATURE: &str = "registry.sig";
/// First line of what is signed.
const HEAD: &str = "forebear-registry/1\n";
/// Bytes above which a list is refused.
const LIST_LIMIT: u64 = 64 << 20;
/// Bytes above which a signature is refused.
const SIGNATURE_LIMIT: u64 = 64 << 10;

/// What is signed of a registry, and the signature there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// Name of the registry, for messages.
    pub store: String,
    /// The bytes that are signed: the digests of `index.toml` and `code.toml`.
    pub statement: Vec<u8>,
    /// The armored signature; `None` if there is none.
    pub signature: Option<String>,
}

impl Store {
    /// Reads what is signed of the registry, and the signature.
    pub fn seal(&self) -> Result<Seal, RegistryError> {
        let read =
            |file: &str, limit| self.read(file, limit).map_err(|error| RegistryError::io(self.file_name(file), error));
        let mut statement = HEAD.to_owned();
        for list in [INDEX, code_store::LIST] {
            let digest = read(list, LIST_LIMIT)?.map(|bytes| digest_of(&mut bytes.as_slice())).transpose();
            let digest = digest.map_err(|error| RegistryError::io(self.file_name(list), error))?;
            statement.extend([list, " ", digest.as_deref().unwrap_or("none"), "\n"]);
        }
        let signature = read(SIGNATURE, SIGNATURE_LIMIT)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Ok(Seal { store: self.name(), statement: statement.into_bytes(), signature })
    }
}
