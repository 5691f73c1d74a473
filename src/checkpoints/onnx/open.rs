// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! ONNX models → a checkpoint.
//!
//! In: the model file, then the files of its external data. Out: initializers and constants of rank one and more, in
//! file order, with quantized weights joined to their scales. Shapes stay as stored: a `MatMul` weight is [in, out].

use std::collections::{BTreeSet, HashMap, HashSet};

use super::super::{Checkpoint, CheckpointError, CheckpointFile, Dtype, Encoding, Extent, Format, Tensor};
use super::graph::{self, Data, Graph, Raw, dtype};
use super::quantized::{self, Quantized};
use crate::changes::ReadAt;

/// Opens a model; `files` holds it first.
///
/// # Errors
/// Malformed if it contradicts the format, `MissingPart` if external data is not among the files, Unsupported if most
/// of its numbers are in 4-bit or other types that are not read.
pub(in crate::checkpoints) fn open(files: Vec<CheckpointFile>) -> Result<Checkpoint, CheckpointError> {
    let Some(model) = files.first() else { return Err(malformed("no model file".to_owned())) };
    let graph = graph::read(&*model.content.open()?)?;
    let placer = Placer { files: &files };
    let found = quantized::find(&graph);
    let quantized: HashMap<usize, &Quantized> = found.quantized.iter().map(|one| (one.values, one)).collect();
    let mut tensors = Vec::new();
    let mut names = HashSet::new();
    let (mut read, mut unread) = (0_u64, 0_u64);
    for (index, raw) in graph.tensors.iter().enumerate() {
        let elements = elements(raw)?;
        if found.companions.contains(&index) || raw.dims.is_empty() {
            continue;
        }
        let element = dtype(raw.data_type).filter(|_| !found.packed.contains(&index));
        let Some(element) = element else {
            unread = unread.saturating_add(elements);
            continue;
        };
        let mut tensor = placer.plain(raw, element)?;
        if let Some(one) = quantized.get(&index) {
            placer.scale(&mut tensor, element, one, &graph)?;
        }
        make_unique(&mut tensor.name, &mut names);
        read = read.saturating_add(elements);
        tensors.push(tensor);
    }
    if unread > read || (tensors.is_empty() && graph.sparse > 0) {
        let reason =
            format!("{unread} numbers are in packed 4-bit, string or complex types, {read} in types that are read");
        return Err(CheckpointError::Unsupported { what: "ONNX model".to_owned(), reason });
    }
    Ok(Checkpoint {
        path: model.path.clone(),
        format: Format::Onnx,
        tensors,
        metadata: graph.metadata.into_iter().collect(),
        config: None,
        hazards: Vec::new(),
        files,
    })
}

/// Paths of the external data files of the model at `model_path`, as far as they stay in its folder; and locations that
/// do not.
pub(in crate::checkpoints) fn external_data(
    source: &dyn ReadAt,
    model_path: &str,
) -> Result<External, CheckpointError> {
    let graph = graph::read(source)?;
    let mut external = External::default();
    for raw in graph.tensors {
        if let Data::External { location, .. } = raw.data {
            match external_path(model_path, &location) {
                Some(path) => external.paths.insert(path),
                None => external.outside.insert(location),
            };
        }
    }
    Ok(external)
}

/// Files that a model keeps its numbers in.
#[derive(Debug, Default)]
pub(in crate::checkpoints) struct External {
    /// Paths in the repository or folder.
    pub(in crate::checkpoints) paths: BTreeSet<String>,
    /// Locations that leave the model's folder, which are never followed.
    pub(in crate::checkpoints) outside: BTreeSet<String>,
}

/// The path of an external data file: below the model's folder, or nothing.
fn external_path(model_path: &str, location: &str) -> Option<String> {
    let is_plain = |part: &str| !matches!(part, "" | "..") && !part.contains(['\\', ':', '\0']);
    let parts: Vec<&str> = location.split('/').filter(|part| *part != ".").collect();
    if parts.is_empty() || !parts.iter().all(|part| is_plain(part)) {
        return None;
    }
    let inner = parts.join("/");
    Some(match model_path.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{inner}"),
        None => inner,
    })
}

struct Placer<'a> {
    files: &'a [CheckpointFile],
}

impl Placer<'_> {
    fn plain(&self, raw: &Raw, element: Dtype) -> Result<Tensor, CheckpointError> {
        let extent = self.extent(raw, element)?;
        Ok(Tensor {
            name: raw.name.clone(),
            shape: raw.dims.clone(),
            encoding: Encoding::Plain(element),
            parts: vec![extent],
            strides: None,
        })
    }

    /// Joins quantized values to their scale and zero point.
    fn scale(&self, tensor: &mut Tensor, values: Dtype, one: &Quantized, graph: &Graph) -> Result<(), CheckpointError> {
        let typed = |index: usize| graph.tensors.get(index).and_then(|raw| Some((raw, dtype(raw.data_type)?)));
        let Some((scale_raw, scale)) = typed(one.scale) else { return Ok(()) };
        tensor.parts.push(self.extent(scale_raw, scale)?);
        let mut zero = None;
        if let Some((zero_raw, zero_type)) = one.zero.and_then(typed) {
            tensor.parts.push(self.extent(zero_raw, zero_type)?);
            zero = Some(zero_type);
        }
        tensor.encoding = Encoding::Scaled { values, scale, zero, axis: one.axis };
        if let Some(stem) = scale_raw.name.strip_suffix("_scale").filter(|stem| tensor.name.starts_with(stem)) {
            stem.clone_into(&mut tensor.name);
        }
        Ok(())
    }

    fn extent(&self, raw: &Raw, element: Dtype) -> Result<Extent, CheckpointError> {
        let wanted = elements(raw)?.checked_mul(element.size() as u64);
        let wanted = wanted.ok_or_else(|| malformed(format!("{}: its shape is too large", raw.name)))?;
        let extent = match &raw.data {
            Data::Absent => Extent::Inline([].into()),
            Data::Run { offset, len } => Extent::Plain { file: 0, offset: *offset, len: *len },
            Data::Held(bytes) => Extent::Inline(bytes.as_slice().into()),
            Data::External { location, offset, len } => {
                let file = self.external(location)?;
                let len = len.unwrap_or(wanted);
                let size = self.files.get(file).map_or(0, |file| file.size);
                if offset.checked_add(len).is_none_or(|end| end > size) {
                    return Err(malformed(format!("{}: it reaches past the end of {location:?}", raw.name)));
                }
                Extent::Plain { file, offset: *offset, len }
            }
        };
        if extent.len() != wanted {
            let reason = format!("{}: its shape asks for {wanted} bytes and it has {}", raw.name, extent.len());
            return Err(malformed(reason));
        }
        Ok(extent)
    }

    fn external(&self, location: &str) -> Result<usize, CheckpointError> {
        let model_path = self.files.first().map_or("", |model| model.path.as_str());
        let path = external_path(model_path, location)
            .ok_or_else(|| malformed(format!("its external data {location:?} is outside its folder")))?;
        let file = self.files.iter().position(|file| file.path == path);
        file.filter(|file| *file > 0).ok_or(CheckpointError::MissingPart(path))
    }
}

fn elements(raw: &Raw) -> Result<u64, CheckpointError> {
    let elements = raw.dims.iter().try_fold(1_u64, |product, dim| product.checked_mul(*dim));
    elements.ok_or_else(|| malformed(format!("{}: its shape is too large", raw.name)))
}

/// Subgraphs may use a name again; the second gets a number.
fn make_unique(name: &mut String, names: &mut HashSet<String>) {
    let stem = name.clone();
    let mut count = 2;
    while !names.insert(name.clone()) {
        *name = format!("{stem}#{count}");
        count += 1;
    }
}

fn malformed(reason: String) -> CheckpointError {
    CheckpointError::Malformed { format: "onnx", offset: 0, reason }
}
