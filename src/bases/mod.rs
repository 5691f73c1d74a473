// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Knowledge: the registry of base models.
//!
//! In: one or more registries, each a folder (or a tree in git) of a plain `index.toml` and
//! content-addressed files. Out: [`Base`]s, whose fingerprints, license texts, notices and headers are
//! verified against their digests on every read.

mod archive;
mod base;
mod code;
mod code_store;
mod error;
mod folder;
mod index;
mod registry;
mod seal;
mod store;
mod stored;
#[cfg(test)]
mod tests;
mod tokenizers;
mod verify;

pub use archive::{Exported, Imported};
pub use base::{Base, NewBase};
pub use code::{CodeFileError, built_in_code, decode_code, encode_code};
pub use code_store::CodeEntry;
pub use error::{IndexError, RegistryError};
pub use folder::RegistryFolder;
pub use index::Entry;
pub use registry::Registry;
pub use seal::{SIGNATURE, Seal};
pub use store::{ReadStored, Store};
pub use stored::{Kind, Stored};
pub use tokenizers::{KnownTokenizer, built_in_tokenizers, encode_tokenizers, listed_tokenizers};
pub use verify::{Fault, FaultKind};
