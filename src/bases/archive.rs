// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A registry as one file.
//!
//! In: bases, or the bytes of an archive. Out: a zip of stored members laid out like a registry folder, or
//! its verified members. Only members that the archive's own index names are ever read, under names that
//! cannot leave the registry; compressed members are refused, so an archive cannot unfold into more than
//! its own size.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Seek, Write};

use zip::read::ZipFile;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use super::base::Base;
use super::code_store::{self, CodeEntry};
use super::error::RegistryError;
use super::index::{self, Entry};
use super::store::{INDEX, Store};
use super::stored::{Stored, digest_of};

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Ids that were placed.
    pub added: Vec<String>,
    /// Ids that were there already with the same fingerprint.
    pub present: Vec<String>,
    /// Ids whose code was placed.
    pub code: Vec<String>,
}

/// What an export wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Number of bases.
    pub bases: usize,
    /// Number of models whose code it is.
    pub code: usize,
}

/// Writes bases and code as one archive; the same ones give the same bytes.
pub(super) fn write(
    bases: &[&Base],
    code: &[(CodeEntry, &Store)],
    out: &mut impl Write,
) -> Result<Exported, RegistryError> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let mut zip = ZipWriter::new_stream(out);
    let entries = bases.iter().map(|base| (base.entry.id.clone(), base.entry.clone())).collect();
    let index = index::render(&entries).map_err(|error| archive_error(&error))?;
    let mut member = |name: &str, bytes: &[u8]| -> Result<(), RegistryError> {
        zip.start_file(name, options).map_err(|error| archive_error(&error))?;
        zip.write_all(bytes).map_err(|error| RegistryError::io("archive", error))
    };
    member(INDEX, index.as_bytes())?;
    let mut written = BTreeSet::new();
    for base in bases {
        for stored in base.entry.files() {
            if written.insert(stored) {
                member(&stored.to_string(), &base.store.verified(stored)?)?;
            }
        }
    }
    if !code.is_empty() {
        let entries = code.iter().map(|(entry, _)| (entry.id.clone(), entry.clone())).collect();
        member(code_store::LIST, code_store::render(&entries)?.as_bytes())?;
    }
    for (entry, store) in code {
        if let Some(stored) = entry.stored()
            && !written.iter().any(|other| **other == stored)
        {
            member(&stored.to_string(), &store.verified(&stored)?)?;
        }
    }
    zip.finish().map_err(|error| archive_error(&error))?;
    Ok(Exported { bases: bases.len(), code: code.len() })
}

/// An archive whose index has been read.
pub(super) struct Archive<R> {
    zip: ZipArchive<R>,
    entries: BTreeMap<String, Entry>,
    code: BTreeMap<String, CodeEntry>,
}

impl<R: Read + Seek> Archive<R> {
    /// Reads the index of an archive.
    pub(super) fn open(reader: R) -> Result<Self, RegistryError> {
        let mut zip = ZipArchive::new(reader).map_err(|error| archive_error(&error))?;
        let mut text = String::new();
        member(&mut zip, INDEX, 64 << 20)?
            .ok_or_else(|| RegistryError::NotARegistry { store: "the archive".to_owned() })?
            .read_to_string(&mut text)
            .map_err(|error| archive_error(&error))?;
        let entries = index::parse(&format!("archive:{INDEX}"), &text)?;
        let mut code = BTreeMap::new();
        if let Some(mut list) = member(&mut zip, code_store::LIST, code_store::LIMIT)? {
            let mut bytes = Vec::new();
            list.read_to_end(&mut bytes).map_err(|error| archive_error(&error))?;
            code = code_store::parse("the archive", bytes)?;
        }
        Ok(Self { zip, entries, code })
    }

    /// What the archive says of code.
    pub(super) fn code(&self) -> &BTreeMap<String, CodeEntry> {
        &self.code
    }

    /// What the archive's index lists.
    pub(super) fn entries(&self) -> &BTreeMap<String, Entry> {
        &self.entries
    }

    /// Checks that every file the index names is there with its digest, and that there is nothing else.
    pub(super) fn verify(&mut self) -> Result<(), RegistryError> {
        let code = self.code.values().filter_map(CodeEntry::stored);
        let named: BTreeSet<Stored> = self.entries.values().flat_map(Entry::files).cloned().chain(code).collect();
        for name in self.zip.file_names() {
            let name = name.map_err(|error| archive_error(&error))?;
            let is_list = name == INDEX || name == code_store::LIST;
            if !is_list && !Stored::parse(&name).is_some_and(|stored| named.contains(&stored)) {
                let name = name.escape_debug();
                return Err(RegistryError::Archive(format!("it holds `{name}`, which its index does not name")));
            }
        }
        for stored in &named {
            self.copy(stored, &mut io::sink())?;
        }
        Ok(())
    }

    /// Copies one member, verified: what was written is an error unless it has the digest in its name.
    pub(super) fn copy(&mut self, stored: &Stored, out: &mut dyn Write) -> Result<(), RegistryError> {
        let store = || "the archive".to_owned();
        let file = stored.to_string();
        let Some(member) = member(&mut self.zip, &file, stored.kind.limit())? else {
            return Err(RegistryError::Missing { store: store(), file });
        };
        let mut tee = Tee { reader: member, out };
        let found = digest_of(&mut tee).map_err(|error| archive_error(&error))?;
        if found == stored.sha256() { Ok(()) } else { Err(RegistryError::Altered { store: store(), file, found }) }
    }
}

fn member<'a, R: Read + Seek>(
    zip: &'a mut ZipArchive<R>,
    name: &str,
    limit: u64,
) -> Result<Option<ZipFile<'a, R>>, RegistryError> {
    let member = match zip.by_name(name) {
        Ok(member) => member,
        Err(ZipError::FileNotFound) => return Ok(None),
        Err(error) => return Err(archive_error(&error)),
    };
    if member.compression() != CompressionMethod::Stored {
        return Err(RegistryError::Archive(format!(
            "`{name}` is compressed; members of a registry archive are stored"
        )));
    }
    if member.size() > limit {
        return Err(RegistryError::Archive(format!("`{name}` is longer than {limit} bytes")));
    }
    Ok(Some(member))
}

fn archive_error(error: &dyn std::error::Error) -> RegistryError {
    RegistryError::Archive(error.to_string())
}

/// Hands on what it reads.
struct Tee<'a, R> {
    reader: R,
    out: &'a mut dyn Write,
}

impl<R: Read> Read for Tee<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.out.write_all(buffer.get(..read).unwrap_or_default())?;
        Ok(read)
    }
}
