// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Checkpoints made up for tests: values drawn from a name, so that every tensor is told from every other.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::checkpoints::{Checkpoint, Dtype, Encoding, Extent, Format, Reader, Tensor};
use crate::fingerprint::network::Network;
use crate::fingerprint::sketch::canonical::layer::Layer;
use crate::fingerprint::sketch::canonical::layers::Layers;
use crate::fingerprint::sketch::canonical::matrix::Matrix;
use crate::fingerprint::{fnv1a64, splitmix64};

/// A made-up checkpoint.
pub(super) struct Made {
    checkpoint: Checkpoint,
}

impl Made {
    /// Tensors by name and shape, with the config given.
    pub(super) fn new(config: Option<Value>, tensors: &[(&str, &[u64])]) -> Self {
        let tensors = tensors.iter().map(|(name, shape)| tensor(name, shape, &drawn(name, shape))).collect();
        let checkpoint = Checkpoint {
            path: "made".to_owned(),
            format: Format::Safetensors,
            files: Vec::new(),
            tensors,
            metadata: BTreeMap::new(),
            config,
            hazards: Vec::new(),
        };
        Self { checkpoint }
    }

    /// Two layers: every tensor whose name holds `#` for each of them.
    pub(super) fn layered(config: Option<Value>, tensors: &[(&str, &[u64])]) -> Self {
        let mut names: Vec<(String, &[u64])> = Vec::new();
        for number in ["0", "1"] {
            let here = tensors.iter().filter(|(name, _)| name.contains('#') || number == "0");
            names.extend(here.map(|(name, shape)| (name.replace('#', number), *shape)));
        }
        let tensors: Vec<(&str, &[u64])> = names.iter().map(|(name, shape)| (name.as_str(), *shape)).collect();
        Self::new(config, &tensors)
    }

    /// The same checkpoint in another container.
    pub(super) fn stored_as(mut self, format: Format) -> Self {
        self.checkpoint.format = format;
        self
    }

    /// The same values under other names.
    pub(super) fn renamed(mut self, name: impl Fn(usize, &str) -> String) -> Self {
        for (at, tensor) in self.checkpoint.tensors.iter_mut().enumerate() {
            tensor.name = name(at, &tensor.name);
        }
        self
    }

    /// Another tensor's values.
    pub(super) fn replaced(mut self, name: &str, matrix: &Matrix) -> Self {
        let shape = self.checkpoint.tensors.iter().find(|tensor| tensor.name == name).unwrap().shape.clone();
        self.checkpoint.tensors.retain(|tensor| tensor.name != name);
        self.checkpoint.tensors.push(tensor(name, &shape, &matrix.values));
        self
    }

    /// Values of a tensor as stored, flattened to [first axis, the rest].
    pub(super) fn stored(&self, name: &str) -> Matrix {
        let tensor = self.checkpoint.tensors.iter().find(|tensor| tensor.name == name).unwrap();
        let values = drawn(name, &tensor.shape);
        let rows = if tensor.shape.len() == 1 { 1 } else { tensor.shape[0] as usize };
        Matrix::new(values.clone(), rows, values.len() / rows)
    }

    /// Values of a vector, or of a tensor flattened.
    pub(super) fn values(&self, name: &str) -> Vec<f32> {
        self.stored(name).values
    }

    /// What `look` sees of the layers.
    pub(super) fn see<T>(&self, look: impl FnOnce(&Layers) -> T) -> T {
        let reader = Reader::open(&self.checkpoint).unwrap();
        let network = Network::of(&self.checkpoint);
        look(&Layers::new(&self.checkpoint, &reader, &network))
    }

    /// The second layer of the only stack.
    pub(super) fn layer(&self) -> Layer {
        self.see(|layers| {
            let stacks = layers.stacks();
            assert_eq!(stacks.len(), 1, "{stacks:?}");
            layers.layer(&stacks[0], 1).unwrap()
        })
    }
}

fn tensor(name: &str, shape: &[u64], values: &[f32]) -> Tensor {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    Tensor {
        name: name.to_owned(),
        shape: shape.to_vec(),
        encoding: Encoding::Plain(Dtype::F32),
        parts: vec![Extent::Inline(Arc::from(bytes))],
        strides: None,
    }
}

/// Values between 0.5 and 1.5.
fn drawn(name: &str, shape: &[u64]) -> Vec<f32> {
    let seed = fnv1a64(name.as_bytes());
    let count: u64 = shape.iter().product();
    (0..count).map(|at| 0.5 + (splitmix64(seed.wrapping_add(at)) >> 40) as f32 / (1u64 << 24) as f32).collect()
}
