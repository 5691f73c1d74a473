// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Bytes → a fingerprint, or an error.

use std::path::Path;

use safetensors::tensor::SafeTensors;

use super::header::{Header, MatrixHeader, VectorHeader, Version};
use super::{FORMAT, HEAD, LARGEST, PART, damaged, description};
use crate::fingerprint::hashes::{Digest, MatrixHashes, SAMPLED};
use crate::fingerprint::needles::{CHANNELS, NEEDLES, Needles};
use crate::fingerprint::record::{Fingerprint, FingerprintError, MatrixPrint, Source, VectorPrint};
use crate::fingerprint::samples::{POSITIONS, RAW, Samples};

impl Fingerprint {
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

    /// The files that a fingerprint was made of, from the bytes of its file; its arrays are not looked at.
    pub fn sources_in(bytes: &[u8]) -> Result<Vec<Source>, FingerprintError> {
        Ok(header(bytes)?.sources)
    }

    /// Parses the bytes of a fingerprint file; any damage is an error.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FingerprintError> {
        let header = header(bytes)?;
        let tensors = SafeTensors::deserialize(bytes).map_err(damaged)?;
        let array = |name| tensors.tensor(name).map(|view| view.data().to_vec()).map_err(damaged);
        let mut arrays = Cut {
            digests: Queue::new(array("digests")?),
            hashes: Queue::new(array("hashes")?),
            samples: Queue::new(array("samples")?),
            raw: Queue::new(array("raw")?),
            needles: Queue::new(array("needles")?),
            values: Queue::new(array("values")?),
            sketches: Queue::new(array("sketches")?),
            indices: Queue::new(array("indices")?),
            scales: Queue::new(array("scales")?),
        };
        let matrices = header.matrices.into_iter().map(|h| arrays.matrix(h)).collect::<Option<Vec<_>>>();
        let vectors = header.vectors.into_iter().map(|h| arrays.vector(h)).collect::<Option<Vec<_>>>();
        let sketches = header.sketches.into_iter().map(|h| arrays.sketch(h)).collect::<Option<Vec<_>>>();
        let (Some(matrices), Some(vectors), Some(sketches)) = (matrices, vectors, sketches) else {
            return Err(FingerprintError::Damaged("its arrays are not what its header says".into()));
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
            sketches,
        })
    }
}

fn header(bytes: &[u8]) -> Result<Header, FingerprintError> {
    let json = &description(bytes)?;
    let Version { format } = serde_json::from_str(json).map_err(damaged)?;
    if format.starts_with(PART) {
        return Err(FingerprintError::OnlyAPart);
    }
    if format != FORMAT {
        return Err(FingerprintError::Damaged(format!("version {format:?} is not {FORMAT:?}")));
    }
    serde_json::from_str(json).map_err(damaged)
}

/// An array that is read from front to back.
pub(super) struct Queue {
    bytes: Vec<u8>,
    at: usize,
}

impl Queue {
    fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next `count` bytes; `None` if there are fewer.
    pub(super) fn take(&mut self, count: usize) -> Option<&[u8]> {
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
pub(super) struct Cut {
    digests: Queue,
    hashes: Queue,
    samples: Queue,
    raw: Queue,
    needles: Queue,
    values: Queue,
    pub(super) sketches: Queue,
    pub(super) indices: Queue,
    pub(super) scales: Queue,
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
        let sketches = [&self.sketches, &self.indices, &self.scales];
        let matrices = [&self.digests, &self.hashes, &self.samples, &self.raw, &self.needles, &self.values];
        matrices.into_iter().chain(sketches).all(Queue::is_used_up)
    }
}

/// The bytes as signed numbers.
pub(super) fn signed(bytes: &[u8]) -> Vec<i8> {
    bytes.iter().map(|byte| byte.cast_signed()).collect()
}
