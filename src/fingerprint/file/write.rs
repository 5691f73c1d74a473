// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! A fingerprint → bytes.

use std::collections::HashMap;

use safetensors::tensor::{Dtype, TensorView};

use super::header::{Header, MatrixHeader, VectorHeader};
use super::{FORMAT, KEY, damaged};
use crate::fingerprint::record::{Fingerprint, FingerprintError, MatrixPrint, VectorPrint};

impl Fingerprint {
    /// The bytes of the fingerprint file; the same for the same fingerprint.
    pub fn to_bytes(&self) -> Result<Vec<u8>, FingerprintError> {
        let mut arrays = Arrays::default();
        let matrices = self.matrices.iter().map(|matrix| arrays.put_matrix(matrix)).collect();
        let vectors = self.vectors.iter().map(|vector| arrays.put_vector(vector)).collect();
        let sketches = self
            .sketches
            .iter()
            .map(|sketch| arrays.put_sketch(sketch))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| FingerprintError::Damaged("the lengths of a sketch do not fit together".into()))?;
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
            sketches,
        };
        let json = serde_json::to_string(&header).map_err(damaged)?;
        let views = arrays.views()?;
        safetensors::serialize(views, Some(HashMap::from([(KEY.to_owned(), json)]))).map_err(damaged)
    }
}

/// The concatenated arrays.
#[derive(Default)]
pub(super) struct Arrays {
    digests: Vec<u8>,
    hashes: Vec<u8>,
    samples: Vec<u8>,
    raw: Vec<u8>,
    needles: Vec<u8>,
    values: Vec<u8>,
    pub(super) sketches: Vec<u8>,
    pub(super) indices: Vec<u8>,
    pub(super) scales: Vec<u8>,
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
            ("sketches", Dtype::I8, 1, &self.sketches),
            ("indices", Dtype::U32, 4, &self.indices),
            ("scales", Dtype::F32, 4, &self.scales),
        ]
        .into_iter()
        .map(|(name, dtype, size, bytes)| {
            let view = TensorView::new(dtype, vec![bytes.len() / size], bytes).map_err(damaged)?;
            Ok((name, view))
        })
        .collect()
    }
}
