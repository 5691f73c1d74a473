// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! PyTorch files → a checkpoint: zip archives, TorchScript archives, the legacy layout, and bare pickles.
//!
//! In: the shards of one model. Out: its tensors as views of storages, and the hazards of its pickles. A view that
//! does not fit its storage is an error, and so is a storage that does not fit its member.

use std::collections::{BTreeMap, HashSet};

use super::super::archive::{self, Member};
use super::super::pickle::{self, Failure, Note, Pickle, Value};
use super::super::{Checkpoint, CheckpointError, CheckpointFile, Format, Hazard, Tensor};
use super::legacy;
use super::place::{Region, place, place_array};
use super::tree::{self, Found, View};
use crate::changes::{Content, ReadAt};

const PICKLE: u64 = 256 << 20;
const SMALL: u64 = 64;
/// Objects that may follow each other in one file.
const STACKED: usize = 1024;
/// Bytes of padding that may follow the last one: a page.
const PADDING: u64 = 4096;

/// Opens the shards of one PyTorch model.
///
/// # Errors
/// Malformed if a file contradicts its layout, `UnsafePickle` if a pickle makes calls and holds no tensor or breaks off,
/// Unsupported for big-endian files, the tar layout, and files whose tensors are all sparse, quantized or complex.
pub(in crate::checkpoints) fn open(files: Vec<CheckpointFile>) -> Result<Checkpoint, CheckpointError> {
    let mut contents = Contents::default();
    let mut format = None;
    for (index, file) in files.iter().enumerate() {
        let source = file.content.open()?;
        let read = read_file(&*source, index, &file.path, &mut contents)?;
        format.get_or_insert(read);
    }
    if contents.tensors.is_empty() {
        if !contents.hazards.is_empty() {
            return Err(CheckpointError::UnsafePickle(summary(
                contents.hazards.iter().map(|hazard| hazard.what.as_str()),
            )));
        }
        if contents.skipped > 0 {
            let reason = format!("{} sparse, quantized or complex tensors and no other", contents.skipped);
            return Err(CheckpointError::Unsupported { what: "PyTorch file".to_owned(), reason });
        }
    }
    Ok(Checkpoint {
        path: files.first().map(|file| file.path.clone()).unwrap_or_default(),
        format: format.unwrap_or(Format::TorchZip),
        files,
        tensors: contents.tensors,
        metadata: BTreeMap::new(),
        config: None,
        hazards: contents.hazards,
    })
}

/// What the files hold, as it is gathered.
#[derive(Default)]
pub(super) struct Contents {
    tensors: Vec<Tensor>,
    names: HashSet<String>,
    hazards: Vec<Hazard>,
    skipped: u64,
}

impl Contents {
    /// Takes in the hazards of a pickle.
    pub(super) fn add_hazards(&mut self, path: &str, notes: &[Note]) {
        for note in notes {
            let hazard = Hazard { path: path.to_owned(), what: note.what.clone(), offset: note.offset };
            if !self.hazards.contains(&hazard) {
                self.hazards.push(hazard);
            }
        }
    }

    /// Takes in the tensors of a pickle. `base` says where its own bytes are, `storage` where a storage is.
    pub(super) fn add_tensors(
        &mut self,
        found: Found,
        pickle: &Pickle,
        source: &dyn ReadAt,
        base: &Region,
        mut storage: impl FnMut(&View) -> Result<Region, CheckpointError>,
    ) -> Result<(), CheckpointError> {
        self.skipped += found.skipped;
        for view in found.views {
            let region = storage(&view)?;
            let tensor = place(view, &region)?;
            self.push(tensor);
        }
        for array in found.arrays {
            let tensor = place_array(array, pickle, source, base)?;
            self.push(tensor);
        }
        Ok(())
    }

    /// Names stay unique: a name met again gets a number.
    fn push(&mut self, mut tensor: Tensor) {
        let mut count = 2;
        let stem = tensor.name.clone();
        while !self.names.insert(tensor.name.clone()) {
            tensor.name = format!("{stem}#{count}");
            count += 1;
        }
        self.tensors.push(tensor);
    }
}

fn read_file(source: &dyn ReadAt, file: usize, path: &str, contents: &mut Contents) -> Result<Format, CheckpointError> {
    let mut head = [0; 4];
    if source.size() >= 4 {
        source.read_exact_at(0, &mut head)?;
    }
    if head == *b"PK\x03\x04" {
        return read_archive(source, file, path, contents);
    }
    // Whoever loads such a file may load from it again where the last object ended.
    let mut at = 0;
    for _ in 0..STACKED {
        let pickle = match pickle::parse(source, at, source.size()) {
            Ok(pickle) => pickle,
            Err(failure) if at > 0 && failure.hazards.is_empty() && failure.io.is_none() => {
                return Err(malformed("pickle", at, "the bytes after its last object are no pickle"));
            }
            Err(failure) => return Err(refuse(*failure, "pickle", 0)),
        };
        at = if legacy::is_magic(&pickle) {
            contents.add_hazards(path, &pickle.hazards);
            legacy::read(source, file, path, pickle.end, contents)?
        } else {
            read_bare(source, file, path, &pickle, contents)?;
            pickle.end
        };
        if is_padding(source, at)? {
            return Ok(Format::TorchLegacy);
        }
    }
    Err(malformed("pickle", at, format!("more than {STACKED} objects follow each other")))
}

/// Whether nothing but white space or zeros follows.
fn is_padding(source: &dyn ReadAt, at: u64) -> Result<bool, CheckpointError> {
    let left = source.size().saturating_sub(at);
    let mut rest = vec![0; left.min(PADDING) as usize];
    source.read_exact_at(at, &mut rest)?;
    Ok(left <= PADDING && rest.iter().all(|byte| *byte == 0 || byte.is_ascii_whitespace()))
}

/// One object, as `pickle.dump` and `joblib.dump` write it.
fn read_bare(
    source: &dyn ReadAt,
    file: usize,
    path: &str,
    pickle: &Pickle,
    contents: &mut Contents,
) -> Result<(), CheckpointError> {
    contents.add_hazards(path, &pickle.hazards);
    let found = tree::collect(pickle, "").map_err(|reason| malformed("pickle", 0, reason))?;
    let base = Region::Plain { file, offset: 0, len: source.size() };
    contents.add_tensors(found, pickle, source, &base, |view| {
        Err(malformed("pickle", 0, format!("{} refers to storage {} outside the pickle", view.name, view.storage.key)))
    })
}

/// `torch.save` since 1.6 and `torch.jit.save`: `NAME/data.pkl`, storages in `NAME/data/KEY`; TorchScript adds
/// `NAME/constants.pkl` with `NAME/constants/KEY` and `NAME/code/`.
fn read_archive(
    source: &dyn ReadAt,
    file: usize,
    path: &str,
    contents: &mut Contents,
) -> Result<Format, CheckpointError> {
    let members = archive::members(source)?;
    let mut tops =
        members.iter().filter_map(|member| member.name.strip_suffix("/data.pkl")).filter(|top| !top.contains('/'));
    let top = tops.next().ok_or_else(|| malformed("torch archive", 0, "no data.pkl in it"))?;
    if tops.next().is_some() {
        return Err(malformed("torch archive", 0, "more than one data.pkl in it"));
    }
    let by_name: BTreeMap<&str, &Member> = members.iter().map(|member| (member.name.as_str(), member)).collect();
    let member = |name: &str| by_name.get(format!("{top}/{name}").as_str()).copied();
    if let Some(order) = member("byteorder")
        && order.read(source, SMALL)? != b"little"
    {
        return Err(big_endian());
    }
    let mut format = Format::TorchZip;
    for (name, folder, prefix) in [("data.pkl", "data", ""), ("constants.pkl", "constants", "constants")] {
        let Some(stream) = member(name) else { continue };
        if name == "constants.pkl" {
            format = Format::TorchScript;
        }
        let held = Content::memory(stream.read(source, PICKLE)?).open()?;
        let pickle = match pickle::parse(&*held, 0, held.size()) {
            Ok(pickle) => pickle,
            Err(failure) => return Err(refuse(*failure, "pickle", stream.offset)),
        };
        contents.add_hazards(path, &pickle.hazards);
        let found =
            tree::collect(&pickle, prefix).map_err(|reason| malformed("torch archive", stream.offset, reason))?;
        let base = Region::Member { file, member: stream.clone() };
        contents.add_tensors(found, &pickle, &*held, &base, |view| {
            let name = format!("{folder}/{}", view.storage.key);
            let member = member(&name).ok_or_else(|| {
                malformed("torch archive", 0, format!("{} refers to {name:?}, which is not in it", view.name))
            })?;
            let promised = view.storage.elements.checked_mul(view.storage.dtype.size() as u64);
            if promised != Some(member.size) {
                let reason = format!("{name:?} holds {} bytes and is said to hold {promised:?}", member.size);
                return Err(malformed("torch archive", member.offset, reason));
            }
            Ok(Region::Member { file, member: member.clone() })
        })?;
    }
    if members.iter().any(|member| member.name.starts_with(&format!("{top}/code/"))) {
        format = Format::TorchScript;
    }
    Ok(format)
}

/// The error for a pickle that broke off. What it would have called by then is worse than where it broke.
pub(super) fn refuse(failure: Failure, format: &'static str, base: u64) -> CheckpointError {
    let Failure { offset, reason, hazards, io, .. } = failure;
    if let Some(error) = io {
        return CheckpointError::Io(error);
    }
    if hazards.is_empty() {
        return malformed(format, base + offset, reason);
    }
    let calls = summary(hazards.iter().map(|note| note.what.as_str()));
    CheckpointError::UnsafePickle(format!("{calls}, then breaks off at byte {}: {reason}", base + offset))
}

/// Whether a pickle is the four-byte boolean `sys_info["little_endian"] = False`.
pub(super) fn states_big_endian(pickle: &Pickle) -> bool {
    let Value::Dict(items) = pickle.value(pickle.root) else { return false };
    items
        .iter()
        .any(|(key, value)| pickle.text(*key) == Some("little_endian") && *pickle.value(*value) == Value::Bool(false))
}

/// The error for files written on a big-endian machine.
pub(super) fn big_endian() -> CheckpointError {
    let reason = "its numbers are stored big-endian; save it again on a little-endian machine".to_owned();
    CheckpointError::Unsupported { what: "PyTorch file".to_owned(), reason }
}

pub(super) fn malformed(format: &'static str, offset: u64, reason: impl Into<String>) -> CheckpointError {
    CheckpointError::Malformed { format, offset, reason: reason.into() }
}

fn summary<'a>(whats: impl Iterator<Item = &'a str>) -> String {
    let whats: Vec<&str> = whats.collect();
    let shown = whats.iter().take(3).copied().collect::<Vec<_>>().join(", ");
    if whats.len() > 3 { format!("{shown}, and {} more", whats.len() - 3) } else { shown }
}
