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
        if self.name.strip_suffix(".npy").is_none() {
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::io::{Cursor, Write as _};

    use proptest::prelude::*;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;
    use crate::changes::Content;
    use crate::checkpoints::{Dtype, Encoding, Reader, Scratch};

    fn npy(version: u8, literal: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x93, b'N', b'U', b'M', b'P', b'Y', version, 0];
        match version {
            1 => bytes.extend((literal.len() as u16).to_le_bytes()),
            _ => bytes.extend((literal.len() as u32).to_le_bytes()),
        }
        [&bytes, literal.as_bytes(), data].concat()
    }

    fn floats(fortran: &str) -> Vec<u8> {
        let literal = format!("{{'descr': '<f4', 'fortran_order': {fortran}, 'shape': (2, 3), }}   \n");
        let data: Vec<u8> = (0..6).flat_map(|i| (i as f32).to_le_bytes()).collect();
        npy(1, &literal, &data)
    }

    fn file(bytes: Vec<u8>) -> CheckpointFile {
        let size = bytes.len() as u64;
        CheckpointFile { path: "d/x.npy".to_owned(), content: Content::memory(bytes), size, expected_sha256: None }
    }

    fn npz(members: &[(&str, CompressionMethod, Vec<u8>)]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, method, bytes) in members {
            zip.start_file(*name, SimpleFileOptions::default().compression_method(*method)).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn decoded(checkpoint: &Checkpoint, index: usize) -> Vec<f32> {
        let mut out = Vec::new();
        let reader = Reader::open(checkpoint).unwrap();
        reader.tensor(&checkpoint.tensors[index], &mut Scratch::default(), &mut out).unwrap();
        out
    }

    fn refusal(bytes: Vec<u8>) -> String {
        open(&file(bytes)).unwrap_err().to_string()
    }

    #[test]
    fn arrays_of_either_order_are_read_in_logical_order() {
        let checkpoint = open(&file(floats("False"))).unwrap();
        assert_eq!((checkpoint.tensors[0].name.as_str(), checkpoint.tensors[0].shape.as_slice()), ("x", &[2, 3][..]));
        assert_eq!(decoded(&checkpoint, 0), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(decoded(&open(&file(floats("True"))).unwrap(), 0), [0.0, 2.0, 4.0, 1.0, 3.0, 5.0]);
    }

    #[test]
    fn later_header_versions_and_scalars_are_read() {
        for version in [2, 3] {
            let literal = r#"{"shape": (), "fortran_order": False, "descr": "|u1"}"#;
            let checkpoint = open(&file(npy(version, literal, &[7]))).unwrap();
            assert_eq!(checkpoint.tensors[0].encoding, Encoding::Plain(Dtype::U8));
            assert_eq!(decoded(&checkpoint, 0), [7.0]);
        }
    }

    #[test]
    fn archives_stored_or_deflated_are_read() {
        let bytes = npz(&[
            ("a.npy", CompressionMethod::Stored, floats("False")),
            ("n/b.npy", CompressionMethod::Deflated, floats("True")),
        ]);
        let checkpoint = open(&file(bytes)).unwrap();
        let names: Vec<_> = checkpoint.tensors.iter().map(|tensor| tensor.name.as_str()).collect();
        assert_eq!(names, ["a", "n/b"]);
        assert_eq!(decoded(&checkpoint, 0), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(decoded(&checkpoint, 1), [0.0, 2.0, 4.0, 1.0, 3.0, 5.0]);
    }

    #[test]
    fn arrays_of_objects_are_unsafe_pickles() {
        let error = open(&file(npy(1, "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", b"\x80\x04N.")));
        assert!(matches!(error, Err(CheckpointError::UnsafePickle(_))));
    }

    #[test]
    fn types_that_are_not_numbers_are_listed_and_refused() {
        for descr in ["'>f4'", "'<U5'", "'<c8'", "[('a', '<f4'), ('b', '<i4', (2,))]"] {
            let literal = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (1,), }}");
            let checkpoint = open(&file(npy(1, &literal, &[0; 12]))).unwrap();
            assert!(matches!(checkpoint.tensors[0].encoding, Encoding::Unread(_)), "{descr}");
        }
    }

    #[test]
    fn headers_that_numpy_would_not_write_are_refused() {
        for (literal, reason) in [
            ("{'descr': '<f4', 'fortran_order': False}", "lacks descr"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}", "not one of an array header"),
            ("{'descr': '<f4', 'descr': '<f8', 'fortran_order': False, 'shape': (1,)}", "given twice"),
            ("{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}", "neither True nor False"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", "not a tuple of numbers"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", "contradicts"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} + exit()", "after its brace"),
            ("__import__('os').system('id')", "lacks '{'"),
        ] {
            let error = refusal(npy(1, literal, &[0; 4]));
            assert!(error.contains(reason), "{literal}: {error}");
        }
    }

    #[test]
    fn members_described_in_two_ways_are_refused() {
        let bytes = npz(&[("a.npy", CompressionMethod::Stored, floats("False"))]);
        let mut renamed = bytes;
        renamed[30] = b'b';
        assert!(refusal(renamed).contains("described in two ways"));
    }

    proptest! {
        #[test]
        fn any_flip_or_cut_of_an_archive_is_an_error_or_a_value(at in 0usize..1000, bits in 1u8..=255, cut in any::<bool>()) {
            let mut bytes = npz(&[
                ("a.npy", CompressionMethod::Stored, floats("False")),
                ("b.npy", CompressionMethod::Deflated, floats("True")),
            ]);
            let at = at % bytes.len();
            if cut { bytes.truncate(at) } else { bytes[at] ^= bits }
            if let Ok(checkpoint) = open(&file(bytes))
                && let Ok(reader) = Reader::open(&checkpoint)
            {
                for tensor in &checkpoint.tensors {
                    let mut out = Vec::new();
                    if reader.tensor(tensor, &mut Scratch::default(), &mut out).is_ok() {
                        prop_assert_eq!(out.len() as u64, tensor.elements());
                    }
                }
            }
        }
    }
}
