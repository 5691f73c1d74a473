// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! One base model of a registry, and one about to be added.
//!
//! In: an index entry and where its files are. Out: the fingerprint and texts, verified on every read.

use super::error::RegistryError;
use super::index::Entry;
use super::store::Store;
use super::stored::Stored;
use crate::documents::TokenizerPrint;
use crate::fingerprint::Fingerprint;

/// One base model of a registry.
#[derive(Clone)]
pub struct Base {
    /// What the index says.
    pub entry: Entry,
    pub(super) store: Store,
}

/// A base model about to be added.
#[derive(Clone, Debug, Default)]
pub struct NewBase {
    /// Id, usually the name on a hub.
    pub id: String,
    /// SPDX expression or known model license id.
    pub license: String,
    /// Where it was had, a URL.
    pub source: Option<String>,
    /// Commit or tag at the source.
    pub revision: Option<String>,
    /// Bytes of the fingerprint file.
    pub fingerprint: Vec<u8>,
    /// Number of parameters.
    pub parameters: u64,
    /// Architecture as the config names it, or `unknown`.
    pub architecture: String,
    /// Day of adding, `2026-01-10`.
    pub added: String,
    /// The license text as the base ships it.
    pub license_text: Option<String>,
    /// The notice the base ships.
    pub notice: Option<String>,
    /// Copyright and SPDX lines by file name.
    pub headers: Vec<(String, Vec<String>)>,
    /// The print of its tokenizer.
    pub tokenizer: Option<TokenizerPrint>,
    /// Ids of known ancestors and of other names of the same weights.
    pub derived_from: Vec<String>,
}

impl Base {
    /// Name of the registry that holds it.
    pub fn store_name(&self) -> String {
        self.store.name()
    }

    /// Bytes of the fingerprint file, verified.
    pub fn fingerprint_bytes(&self) -> Result<Vec<u8>, RegistryError> {
        self.store.verified(&self.entry.fingerprint)
    }

    /// The fingerprint, read from verified bytes.
    pub fn fingerprint(&self) -> Result<Fingerprint, RegistryError> {
        let bytes = self.fingerprint_bytes()?;
        Fingerprint::from_bytes(&bytes)
            .map_err(|source| RegistryError::Fingerprint { id: self.entry.id.clone(), source })
    }

    /// The license text as the base ships it.
    pub fn license_text(&self) -> Result<Option<String>, RegistryError> {
        self.text(self.entry.license_text.as_ref())
    }

    /// The notice the base ships.
    pub fn notice(&self) -> Result<Option<String>, RegistryError> {
        self.text(self.entry.notice.as_ref())
    }

    /// Copyright and SPDX lines of the base's source files, by file name.
    pub fn headers(&self) -> Result<Vec<(String, Vec<String>)>, RegistryError> {
        let Some(stored) = &self.entry.headers else {
            return Ok(Vec::new());
        };
        let bytes = self.store.verified(stored)?;
        serde_json::from_slice(&bytes).map_err(|error| self.unusable(stored, &error))
    }

    /// The print of the base's tokenizer.
    pub fn tokenizer(&self) -> Result<Option<TokenizerPrint>, RegistryError> {
        let Some(stored) = &self.entry.tokenizer else { return Ok(None) };
        let print = TokenizerPrint::from_bytes(&self.store.verified(stored)?);
        print.map(Some).ok_or_else(|| RegistryError::Unusable {
            store: self.store.name(),
            file: stored.to_string(),
            reason: "it is no print of a tokenizer that this version reads".into(),
        })
    }

    fn text(&self, stored: Option<&Stored>) -> Result<Option<String>, RegistryError> {
        let Some(stored) = stored else {
            return Ok(None);
        };
        let bytes = self.store.verified(stored)?;
        String::from_utf8(bytes).map(Some).map_err(|error| self.unusable(stored, &error.utf8_error()))
    }

    fn unusable(&self, stored: &Stored, reason: &dyn std::error::Error) -> RegistryError {
        RegistryError::Unusable { store: self.store.name(), file: stored.to_string(), reason: reason.to_string() }
    }
}
