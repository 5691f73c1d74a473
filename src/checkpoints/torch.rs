// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! PyTorch files → a checkpoint: zip archives, TorchScript archives, the legacy layout, and bare pickles.
//!
//! In: the shards of one model. Out: its tensors as views of storages, and the hazards of its pickles. A view that
//! does not fit its storage is an error, and so is a storage that does not fit its member.

use std::collections::{BTreeMap, HashSet};

use super::archive::{self, Member};
use super::pickle::{self, Failure, Note, Pickle, Value};
use super::torch_legacy;
use super::torch_tree::{self, Array, ArrayBytes, Found, View};
use super::{Checkpoint, CheckpointError, CheckpointFile, Encoding, Extent, Format, Hazard, Tensor};
use crate::changes::{Content, ReadAt};

const PICKLE: u64 = 256 << 20;
const LATIN1: u64 = 64 << 20;
const SMALL: u64 = 64;

/// Opens the shards of one PyTorch model.
///
/// # Errors
/// Malformed if a file contradicts its layout, `UnsafePickle` if a pickle makes calls and holds no tensor or breaks off,
/// Unsupported for big-endian files, the tar layout, and files whose tensors are all sparse, quantized or complex.
pub(super) fn open(files: Vec<CheckpointFile>) -> Result<Checkpoint, CheckpointError> {
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

/// A storage, or the pickle itself: bytes that views are windows of.
#[derive(Clone, Debug)]
pub(super) enum Region {
    /// A run of file `file`.
    Plain { file: usize, offset: u64, len: u64 },
    /// A member of a zip archive in file `file`.
    Member { file: usize, member: Member },
}

impl Region {
    fn window(&self, skip: u64, len: u64) -> Option<Extent> {
        match self {
            Self::Plain { file, offset, len: held } => {
                let end = skip.checked_add(len)?;
                (end <= *held).then_some(Extent::Plain { file: *file, offset: offset.checked_add(skip)?, len })
            }
            Self::Member { file, member } => member.extent(*file, skip, len),
        }
    }

    fn offset(&self) -> u64 {
        match self {
            Self::Plain { offset, .. } => *offset,
            Self::Member { member, .. } => member.offset,
        }
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
    let first = match pickle::parse(source, 0, source.size()) {
        Ok(first) => first,
        Err(failure) => return Err(refuse(*failure, "pickle", 0)),
    };
    if torch_legacy::is_magic(&first) {
        torch_legacy::read(source, file, path, first.end, contents)?;
        return Ok(Format::TorchLegacy);
    }
    read_bare(source, file, path, &first, contents)?;
    Ok(Format::TorchLegacy)
}

/// One pickle and nothing else, as `pickle.dump` and `joblib.dump` write it.
fn read_bare(
    source: &dyn ReadAt,
    file: usize,
    path: &str,
    pickle: &Pickle,
    contents: &mut Contents,
) -> Result<(), CheckpointError> {
    contents.add_hazards(path, &pickle.hazards);
    let found = torch_tree::collect(pickle, "").map_err(|reason| malformed("pickle", 0, reason))?;
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
            torch_tree::collect(&pickle, prefix).map_err(|reason| malformed("torch archive", stream.offset, reason))?;
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

/// A view of a storage as a tensor. Axes of stride zero are cut to one element when the view would hold more elements
/// than its storage: the values are the same, and a forged shape cannot ask for more memory than the file has bytes.
fn place(view: View, region: &Region) -> Result<Tensor, CheckpointError> {
    let View { name, storage, dtype, offset, mut shape, mut strides } = view;
    let wrong = |reason: &str| malformed("torch", region.offset(), format!("{name}: {reason}"));
    let size = dtype.size() as u64;
    let held =
        storage.elements.checked_mul(storage.dtype.size() as u64).ok_or_else(|| wrong("its storage is too long"))?;
    let start = storage
        .start
        .checked_mul(storage.dtype.size() as u64)
        .and_then(|start| offset.checked_mul(size)?.checked_add(start));
    let start = start.ok_or_else(|| wrong("its offset is too large"))?;
    let is_too_many = |shape: &[u64]| product(shape).is_none_or(|elements| elements > held / size);
    if is_too_many(&shape) && !shape.contains(&0) {
        for (extent, stride) in shape.iter_mut().zip(&strides) {
            if *stride == 0 {
                *extent = 1;
            }
        }
        if is_too_many(&shape) {
            return Err(wrong("it holds more elements than its storage"));
        }
    }
    let elements = product(&shape).unwrap_or(0);
    let mut span = u64::from(elements > 0);
    if elements > 0 {
        for (extent, stride) in shape.iter().zip(&strides) {
            let reach = (extent - 1).checked_mul(*stride).and_then(|reach| reach.checked_add(span));
            span = reach.ok_or_else(|| wrong("its strides are too large"))?;
        }
    }
    let len = span.checked_mul(size).filter(|len| start.checked_add(*len).is_some_and(|end| end <= held));
    let len = len.ok_or_else(|| wrong("it reaches outside its storage"))?;
    let (skip, len) = if elements == 0 { (0, 0) } else { (start, len) };
    let extent = region.window(skip, len).ok_or_else(|| wrong("it reaches outside its storage"))?;
    let is_row_major = strides == row_major(&shape)
        || shape.iter().zip(&strides).zip(row_major(&shape)).all(|((n, s), r)| *n == 1 || *s == r);
    if is_row_major {
        strides.clear();
    }
    let strides = (!is_row_major && elements > 0).then_some(strides);
    Ok(Tensor { name, shape, encoding: Encoding::Plain(dtype), parts: vec![extent], strides })
}

fn place_array(array: Array, pickle: &Pickle, source: &dyn ReadAt, base: &Region) -> Result<Tensor, CheckpointError> {
    let Array { name, dtype, shape, fortran, bytes } = array;
    let wrong = |reason: &str| malformed("pickle", base.offset(), format!("{name}: {reason}"));
    let wanted = product(&shape).and_then(|elements| elements.checked_mul(dtype.size() as u64));
    let wanted = wanted.ok_or_else(|| wrong("its shape is too large"))?;
    let extent = match bytes {
        ArrayBytes::Raw(span) => {
            base.window(span.offset, span.len).ok_or_else(|| wrong("it reaches outside the file"))?
        }
        ArrayBytes::Latin1(span) => {
            if span.len > LATIN1 {
                return Err(wrong("its bytes are written as more than 64 MiB of text"));
            }
            let mut text = vec![0; span.len as usize];
            source.read_exact_at(span.offset, &mut text)?;
            let text = String::from_utf8(text).map_err(|_| wrong("its bytes are written as text that is not UTF-8"))?;
            Extent::Inline(latin1(&text).ok_or_else(|| wrong("its bytes are written as text beyond Latin-1"))?.into())
        }
        ArrayBytes::HeldLatin1(id) => {
            let bytes = pickle.text(id).and_then(latin1);
            Extent::Inline(bytes.ok_or_else(|| wrong("its bytes are written as text beyond Latin-1"))?.into())
        }
    };
    if extent.len() != wanted {
        return Err(wrong("its shape contradicts its length"));
    }
    let strides = (fortran && shape.len() > 1).then(|| column_major(&shape));
    Ok(Tensor { name, shape, encoding: Encoding::Plain(dtype), parts: vec![extent], strides })
}

fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|character| u8::try_from(u32::from(character)).ok()).collect()
}

fn product(shape: &[u64]) -> Option<u64> {
    shape.iter().try_fold(1_u64, |product, extent| product.checked_mul(*extent))
}

fn row_major(shape: &[u64]) -> Vec<u64> {
    let mut strides = column_major(&shape.iter().rev().copied().collect::<Vec<_>>());
    strides.reverse();
    strides
}

fn column_major(shape: &[u64]) -> Vec<u64> {
    let mut stride = 1_u64;
    shape
        .iter()
        .map(|extent| {
            let held = stride;
            stride = stride.saturating_mul(*extent);
            held
        })
        .collect()
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
