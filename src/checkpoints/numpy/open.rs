// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A `.npy` or `.npz` file → one checkpoint.

use std::collections::{BTreeMap, HashSet};
use std::io::{BufReader, Read, Seek};

use zip::{CompressionMethod, ZipArchive};

use super::header::{Header, malformed, unread};
use crate::changes::ReadAt;
use crate::checkpoints::read::{Window, inflate};
use crate::checkpoints::{Checkpoint, CheckpointError, CheckpointFile, Extent, Format, Tensor};

/// Most members of an archive, far above what is in use.
const MAX_MEMBERS: usize = 1 << 16;

/// Opens a `.npy` or `.npz` file, told apart by its first bytes.
pub(crate) fn open(file: &CheckpointFile) -> Result<Checkpoint, CheckpointError> {
    let opened = file.content.open()?;
    let mut magic = [0; 4];
    if opened.size() < 10 {
        return Err(malformed(0, "the file is shorter than a header"));
    }
    opened.read_exact_at(0, &mut magic)?;
    let tensors = if magic == *b"PK\x03\x04" || magic == *b"PK\x05\x06" {
        archive(opened.as_ref())?
    } else {
        vec![array(opened.as_ref(), file_stem(&file.path))?]
    };
    Ok(Checkpoint {
        path: file.path.clone(),
        format: Format::Numpy,
        files: vec![file.clone()],
        tensors,
        metadata: BTreeMap::new(),
        config: None,
        hazards: Vec::new(),
    })
}

fn file_stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(".npy").unwrap_or(name)
}

/// A bare array.
fn array(file: &dyn ReadAt, name: &str) -> Result<Tensor, CheckpointError> {
    let size = file.size();
    let header = Header::read(&mut Window::new(file, 0, size), 0)?;
    let len = size.saturating_sub(header.len);
    let data = Extent::Plain { file: 0, offset: header.len, len };
    header.tensor(name, data)
}

/// All members of an archive.
fn archive(file: &dyn ReadAt) -> Result<Vec<Tensor>, CheckpointError> {
    let mut zip = ZipArchive::new(BufReader::new(Window::new(file, 0, file.size()))).map_err(|e| unzip(&e))?;
    if zip.len() > MAX_MEMBERS || zip.has_duplicate_names() {
        return Err(malformed(0, "the archive has two members of one name, or too many"));
    }
    let mut tensors = Vec::with_capacity(zip.len());
    let mut names = HashSet::new();
    let mut ranges = Vec::new();
    for index in 0..zip.len() {
        let member = Member::find(&mut zip, index)?;
        if member.directory {
            continue;
        }
        member.check_local_header(file)?;
        ranges.push((member.header, member.start.saturating_add(member.compressed)));
        let name = member.name.strip_suffix(".npy").unwrap_or(&member.name).to_owned();
        if !names.insert(name.clone()) {
            return Err(malformed(member.header, format!("array {name} stands twice")));
        }
        tensors.push(member.tensor(file, &name)?);
    }
    ranges.sort_unstable();
    if ranges.windows(2).any(|pair| pair[0].1 > pair[1].0) {
        return Err(malformed(0, "members of the archive overlap"));
    }
    Ok(tensors)
}

/// A member of a zip archive, as its directory describes it.
struct Member {
    name: String,
    raw_name: Vec<u8>,
    directory: bool,
    method: CompressionMethod,
    /// Offset of the local header.
    header: u64,
    /// Offset of the data.
    start: u64,
    compressed: u64,
    size: u64,
}

impl Member {
    fn find<R: Read + Seek>(zip: &mut ZipArchive<R>, index: usize) -> Result<Self, CheckpointError> {
        let file = zip.by_index_raw(index).map_err(|e| unzip(&e))?;
        let name = file.name().map_err(|e| unzip(&e))?.into_owned();
        if file.encrypted() {
            return Err(CheckpointError::Unsupported {
                what: format!("array {name}"),
                reason: "it is encrypted; publish it unencrypted".to_owned(),
            });
        }
        Ok(Self {
            directory: file.is_dir(),
            method: file.compression(),
            header: file.header_start(),
            start: file.data_start().ok_or_else(|| malformed(file.header_start(), "a member has no data"))?,
            compressed: file.compressed_size(),
            size: file.size(),
            raw_name: file.name_raw().to_vec(),
            name,
        })
    }

    /// The local header must tell the same story as the directory (APPNOTE §4.3.7), or readers would disagree.
    fn check_local_header(&self, file: &dyn ReadAt) -> Result<(), CheckpointError> {
        let mut fixed = [0; 30];
        file.read_exact_at(self.header, &mut fixed)?;
        let method = u16::from_le_bytes([fixed[8], fixed[9]]);
        let mut name = vec![0; u16::from_le_bytes([fixed[26], fixed[27]]) as usize];
        file.read_exact_at(self.header.saturating_add(30), &mut name)?;
        let expected = match self.method {
            CompressionMethod::Stored => 0,
            CompressionMethod::Deflated => 8,
            _ => method,
        };
        if name != self.raw_name || method != expected {
            return Err(malformed(self.header, format!("member {} is described in two ways", self.name)));
        }
        Ok(())
    }

    fn tensor(&self, file: &dyn ReadAt, name: &str) -> Result<Tensor, CheckpointError> {
        if !self.name.ends_with(".npy") {
            return Ok(unread(name, self.extent(0), "it is not an array; publish it as a file of its own"));
        }
        let header = match self.method {
            CompressionMethod::Stored if self.compressed == self.size => {
                Header::read(&mut Window::new(file, self.start, self.size), self.start)?
            }
            CompressionMethod::Deflated => Header::read(&mut inflate(file, self.start, self.compressed), self.start)?,
            _ => return Ok(unread(name, self.extent(0), "its compression is not read; save it with numpy.savez")),
        };
        if header.len > self.size {
            return Err(malformed(self.start, format!("array {name} is shorter than its header")));
        }
        let data = self.extent(header.len);
        header.tensor(name, data)
    }

    /// Where the member's bytes after the first `skip` are.
    fn extent(&self, skip: u64) -> Extent {
        let len = self.size.saturating_sub(skip);
        if self.method == CompressionMethod::Deflated {
            return Extent::Deflated { file: 0, offset: self.start, compressed: self.compressed, skip, len };
        }
        let len = self.compressed.saturating_sub(skip);
        Extent::Plain { file: 0, offset: self.start.saturating_add(skip), len }
    }
}

fn unzip(error: &zip::result::ZipError) -> CheckpointError {
    malformed(0, format!("the archive cannot be read: {error}"))
}
