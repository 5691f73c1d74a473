// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The fingerprint file: safetensors, with everything that is not an array in one JSON value of its metadata.
//!
//! Arrays of all matrices stand one after another in one tensor a kind, in the order of the matrices; how many
//! entries each matrix has follows from its description. The same fingerprint gives the same bytes. Reading checks
//! every length, and that nothing is left over.

use std::collections::HashMap;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use super::hashes::{Digest, MatrixHashes, SAMPLED};
use super::needles::{CHANNELS, NEEDLES, Needles};
use super::network::Network;
use super::record::{Fingerprint, FingerprintError, MatrixPrint, Source, VectorPrint};
use super::roles::Role;
use super::samples::{POSITIONS, RAW, Samples};

/// Version of the file; a reader refuses any other.
pub(super) const FORMAT: &str = "forebear-fingerprint/1";
const KEY: &str = "forebear";
/// How the safetensors header of a fingerprint file begins.
const HEAD: &[u8] = br#"{"__metadata__":{"forebear":"#;
/// Largest fingerprint file read, in bytes.
const LARGEST: u64 = 1 << 30;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: String,
    name: String,
    sources: Vec<Source>,
    container: String,
    network: Network,
    parameters: u64,
    tensor_count: u64,
    bytes_read: u64,
    matrices: Vec<MatrixHeader>,
    vectors: Vec<VectorHeader>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MatrixHeader {
    name: String,
    role: Role,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    layer: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expert: Option<u32>,
    rows: u64,
    columns: u64,
    encoding: String,
    tolerance: f32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    formula: Option<String>,
    deviation: f64,
    /// Row hashes, column hashes, samples, raw samples, transposed samples, transposed raw, needle channels, needle values.
    counts: [usize; 8],
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct VectorHeader {
    name: String,
    role: Role,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    layer: Option<u32>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    bias: bool,
    len: u64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    constant: bool,
    values: usize,
}

/// The concatenated arrays.
#[derive(Default)]
struct Arrays {
    digests: Vec<u8>,
    hashes: Vec<u8>,
    samples: Vec<u8>,
    raw: Vec<u8>,
    needles: Vec<u8>,
    values: Vec<u8>,
}

impl Fingerprint {
    /// The bytes of the fingerprint file; the same for the same fingerprint.
    pub fn to_bytes(&self) -> Result<Vec<u8>, FingerprintError> {
        let mut arrays = Arrays::default();
        let matrices = self.matrices.iter().map(|matrix| arrays.put_matrix(matrix)).collect();
        let vectors = self.vectors.iter().map(|vector| arrays.put_vector(vector)).collect();
        let header = Header {
            format: FORMAT.into(),
            name: self.name.clone(),
            sources: self.sources.clone(),
            container: self.format.clone(),
            network: self.network.clone(),
            parameters: self.parameters,
            tensor_count: self.tensor_count,
            bytes_read: self.bytes_read,
            matrices,
            vectors,
        };
        let json = serde_json::to_string(&header).map_err(damaged)?;
        let views = arrays.views()?;
        safetensors::serialize(views, Some(HashMap::from([(KEY.to_owned(), json)]))).map_err(damaged)
    }

    /// Reads a fingerprint file; any damage is an error.
    pub fn read(path: &Path) -> Result<Self, FingerprintError> {
        let size = std::fs::metadata(path)?.len();
        if size > LARGEST {
            return Err(FingerprintError::Damaged(format!("{size} bytes are more than a fingerprint has")));
        }
        Self::from_bytes(&std::fs::read(path)?)
    }

    /// Whether a file that begins with these bytes says it is a fingerprint.
    pub fn says_so(head: &[u8]) -> bool {
        head.get(8..).is_some_and(|json| json.starts_with(HEAD))
    }

    /// Parses the bytes of a fingerprint file; any damage is an error.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FingerprintError> {
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
        let json = metadata
            .metadata()
            .as_ref()
            .and_then(|map| map.get(KEY))
            .ok_or_else(|| FingerprintError::Damaged("its metadata has no `forebear` entry".into()))?;
        let header: Header = serde_json::from_str(json).map_err(damaged)?;
        if header.format != FORMAT {
            return Err(FingerprintError::Damaged(format!("version {:?} is not {FORMAT:?}", header.format)));
        }
        let tensors = SafeTensors::deserialize(bytes).map_err(damaged)?;
        let array = |name| tensors.tensor(name).map(|view| view.data().to_vec()).map_err(damaged);
        let mut arrays = Cut {
            digests: Queue::new(array("digests")?),
            hashes: Queue::new(array("hashes")?),
            samples: Queue::new(array("samples")?),
            raw: Queue::new(array("raw")?),
            needles: Queue::new(array("needles")?),
            values: Queue::new(array("values")?),
        };
        let matrices = header.matrices.into_iter().map(|h| arrays.matrix(h)).collect::<Option<Vec<_>>>();
        let vectors = header.vectors.into_iter().map(|h| arrays.vector(h)).collect::<Option<Vec<_>>>();
        let (Some(matrices), Some(vectors)) = (matrices, vectors) else {
            return Err(FingerprintError::Damaged("its arrays are shorter than its header says".into()));
        };
        if !arrays.is_used_up() {
            return Err(FingerprintError::Damaged("its arrays are longer than its header says".into()));
        }
        Ok(Self {
            name: header.name,
            sources: header.sources,
            format: header.container,
            network: header.network,
            parameters: header.parameters,
            tensor_count: header.tensor_count,
            bytes_read: header.bytes_read,
            matrices,
            vectors,
            sketches: Vec::new(),
        })
    }
}

fn damaged(error: impl std::fmt::Display) -> FingerprintError {
    FingerprintError::Damaged(error.to_string())
}

impl Arrays {
    fn put_matrix(&mut self, matrix: &MatrixPrint) -> MatrixHeader {
        let hashes = &matrix.hashes;
        for digest in [&hashes.exact, &hashes.exact_transposed, &hashes.cast, &hashes.cast_transposed] {
            self.digests.extend_from_slice(digest);
        }
        for hash in hashes.rows.iter().chain(&hashes.columns) {
            self.hashes.extend_from_slice(&hash.to_le_bytes());
        }
        for samples in [&matrix.samples, &matrix.transposed] {
            self.samples.extend(samples.centred.iter().map(|value| value.cast_unsigned()));
            for value in &samples.raw {
                self.raw.extend_from_slice(&value.to_le_bytes());
            }
        }
        if let Some(needles) = &matrix.needles {
            self.needles.extend(needles.rows.iter().map(|value| value.cast_unsigned()));
        }
        MatrixHeader {
            name: matrix.name.clone(),
            role: matrix.role,
            layer: matrix.layer,
            expert: matrix.expert,
            rows: matrix.rows,
            columns: matrix.columns,
            encoding: matrix.encoding.clone(),
            tolerance: matrix.tolerance,
            formula: matrix.formula.clone(),
            deviation: matrix.deviation,
            counts: [
                hashes.rows.len(),
                hashes.columns.len(),
                matrix.samples.centred.len(),
                matrix.samples.raw.len(),
                matrix.transposed.centred.len(),
                matrix.transposed.raw.len(),
                matrix.needles.as_ref().map_or(0, |needles| needles.channels),
                matrix.needles.as_ref().map_or(0, |needles| needles.rows.len()),
            ],
        }
    }

    fn put_vector(&mut self, vector: &VectorPrint) -> VectorHeader {
        self.digests.extend_from_slice(&vector.exact);
        for value in &vector.values {
            self.values.extend_from_slice(&value.to_le_bytes());
        }
        VectorHeader {
            name: vector.name.clone(),
            role: vector.role,
            layer: vector.layer,
            bias: vector.bias,
            len: vector.len,
            constant: vector.constant,
            values: vector.values.len(),
        }
    }

    fn views(&self) -> Result<Vec<(&'static str, TensorView<'_>)>, FingerprintError> {
        [
            ("digests", Dtype::U8, 1, &self.digests),
            ("hashes", Dtype::U64, 8, &self.hashes),
            ("samples", Dtype::I8, 1, &self.samples),
            ("raw", Dtype::F32, 4, &self.raw),
            ("needles", Dtype::I8, 1, &self.needles),
            ("values", Dtype::F16, 2, &self.values),
        ]
        .into_iter()
        .map(|(name, dtype, size, bytes)| {
            let view = TensorView::new(dtype, vec![bytes.len() / size], bytes).map_err(damaged)?;
            Ok((name, view))
        })
        .collect()
    }
}

/// An array that is read from front to back.
struct Queue {
    bytes: Vec<u8>,
    at: usize,
}

impl Queue {
    fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, at: 0 }
    }

    fn take(&mut self, count: usize) -> Option<&[u8]> {
        let end = self.at.checked_add(count)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn digest(&mut self) -> Option<Digest> {
        self.take(16)?.try_into().ok()
    }

    fn is_used_up(&self) -> bool {
        self.at == self.bytes.len()
    }
}

/// The arrays while they are cut up again.
struct Cut {
    digests: Queue,
    hashes: Queue,
    samples: Queue,
    raw: Queue,
    needles: Queue,
    values: Queue,
}

impl Cut {
    fn matrix(&mut self, header: MatrixHeader) -> Option<MatrixPrint> {
        let [rows, columns, samples, raw, turned, turned_raw, channels, needles] = header.counts;
        let sizes_fit = rows.max(columns) <= SAMPLED
            && samples.max(turned) <= POSITIONS
            && raw.max(turned_raw) <= RAW
            && channels <= CHANNELS
            && needles <= NEEDLES * channels
            && (channels == 0 || needles % channels == 0);
        if !sizes_fit {
            return None;
        }
        Some(MatrixPrint {
            name: header.name,
            role: header.role,
            layer: header.layer,
            expert: header.expert,
            rows: header.rows,
            columns: header.columns,
            encoding: header.encoding,
            tolerance: header.tolerance,
            formula: header.formula,
            deviation: header.deviation,
            hashes: MatrixHashes {
                exact: self.digests.digest()?,
                exact_transposed: self.digests.digest()?,
                cast: self.digests.digest()?,
                cast_transposed: self.digests.digest()?,
                rows: self.hash_list(rows)?,
                columns: self.hash_list(columns)?,
            },
            samples: self.sample(samples, raw)?,
            transposed: self.sample(turned, turned_raw)?,
            needles: if needles == 0 {
                None
            } else {
                Some(Needles { channels, rows: signed(self.needles.take(needles)?) })
            },
        })
    }

    fn vector(&mut self, header: VectorHeader) -> Option<VectorPrint> {
        let values = self.values.take(header.values.checked_mul(2)?)?;
        Some(VectorPrint {
            name: header.name,
            role: header.role,
            layer: header.layer,
            bias: header.bias,
            exact: self.digests.digest()?,
            values: values.as_chunks().0.iter().map(|bytes| half::f16::from_le_bytes(*bytes)).collect(),
            len: header.len,
            constant: header.constant,
        })
    }

    fn hash_list(&mut self, count: usize) -> Option<Vec<u64>> {
        let bytes = self.hashes.take(count.checked_mul(8)?)?;
        Some(bytes.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect())
    }

    fn sample(&mut self, centred: usize, raw: usize) -> Option<Samples> {
        let bytes = self.raw.take(raw.checked_mul(4)?)?;
        let raw = bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        Some(Samples { centred: signed(self.samples.take(centred)?), raw })
    }

    fn is_used_up(&self) -> bool {
        [&self.digests, &self.hashes, &self.samples, &self.raw, &self.needles, &self.values]
            .iter()
            .all(|queue| queue.is_used_up())
    }
}

fn signed(bytes: &[u8]) -> Vec<i8> {
    bytes.iter().map(|byte| byte.cast_signed()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Fingerprint, MatrixPrint, Needles, Samples, Source, VectorPrint};
    use crate::fingerprint::hashes::MatrixHashes;

    fn example() -> Fingerprint {
        Fingerprint {
            name: "model.safetensors".into(),
            sources: vec![Source { path: "model.safetensors".into(), sha256: "ab".repeat(32), size: 9 }],
            matrices: vec![MatrixPrint {
                name: "w".into(),
                layer: Some(3),
                rows: 70,
                columns: 64,
                hashes: MatrixHashes { rows: vec![1, 2], columns: vec![9], ..MatrixHashes::default() },
                samples: Samples { centred: vec![-3, 4], raw: vec![0.5] },
                needles: Some(Needles { channels: 2, rows: vec![1, 2, 3, 4] }),
                ..MatrixPrint::default()
            }],
            vectors: vec![VectorPrint {
                name: "n".into(),
                values: vec![half::f16::from_f32(1.5)],
                len: 1,
                ..VectorPrint::default()
            }],
            ..Fingerprint::default()
        }
    }

    #[test]
    fn a_fingerprint_survives_its_file_and_gives_the_same_bytes_again() {
        let bytes = example().to_bytes().unwrap_or_default();
        let read = Fingerprint::from_bytes(&bytes);
        assert_eq!(read.as_ref().ok(), Some(&example()));
        assert_eq!(read.and_then(|read| read.to_bytes()).ok(), Some(bytes));
    }

    #[test]
    fn another_version_is_refused_by_name() {
        let bytes = example().to_bytes().unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).replace("fingerprint/1", "fingerprint/9");
        let error = Fingerprint::from_bytes(text.as_bytes()).map(|_| ()).map_err(|error| error.to_string());
        assert!(error.is_err_and(|text| text.contains("fingerprint/9") || text.contains("not a usable")));
    }

    proptest! {
        #[test]
        fn damaged_bytes_are_an_error_or_a_value_and_never_a_panic(at in 0usize..4096, flip in 1u8..=255, cut in 0usize..4096) {
            let mut bytes = example().to_bytes().unwrap_or_default();
            let len = bytes.len();
            bytes[at % len] ^= flip;
            let _ = Fingerprint::from_bytes(&bytes);
            let _ = Fingerprint::from_bytes(&bytes[..cut % len]);
        }
    }
}
